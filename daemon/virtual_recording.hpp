// The recording of a session in virtual time: one trial, finalised under the name that was asked for.
#pragma once
#include <memory>
#include <string>

#include "daemon/assembly.hpp"
#include "daemon/sink_thread.hpp"

namespace grfd {

class VirtualRecording {
 public:
  /// Makes way for `output` and gives `settings` a folder for the journal and a name that does not depend on it.
  /// @throws std::runtime_error when the file exists and is not of virtual time
  VirtualRecording(const std::string& output, Settings& settings);
  ~VirtualRecording();  ///< removes the folder
  VirtualRecording(const VirtualRecording&) = delete;
  /// Before the first sample.
  void connect(Assembly& assembly);
  /// After record_stop has passed. @throws std::exception when the recording failed
  void finish();

 private:
  std::string output_, folder_, journal_, trouble_;
  std::unique_ptr<InlineSink> sink_;
};

/// Removes an older file of virtual time, which can be made again. @throws std::runtime_error for any other file
void make_way(const std::string& output);

}  // namespace grfd
