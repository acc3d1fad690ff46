// DEVICE.grfcap files of a session: from the links' threads through rings to the disk.
#pragma once
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/assembly.hpp"
#include "daemon/file.hpp"
#include "daemon/loop.hpp"
#include "daemon/ring.hpp"
#include "drivers/capture_link.hpp"
#include "schemas/counter.hpp"

namespace grfd {

/// The file of one device. `streamed` and `said` copy into a ring each; `drain` writes. A full ring and a disk that
/// refuses are counted and written as a hole.
class CaptureFile final : public CaptureOutlet {
 public:
  /// Creates `path`, which must not exist. @throws std::system_error
  CaptureFile(std::string path, const CaptureSession& session, std::size_t ring_bytes);
  ~CaptureFile();  ///< drains, writes the end

  void streamed(CaptureKind kind, TimeNs t, CaptureView payload) noexcept override;
  void said(CaptureKind kind, TimeNs t, CaptureView payload) noexcept override;

  /// One thread. Never throws for what the disk does. @return errno of a write that failed for the first time, else 0
  int drain();

  const std::string& path() const { return path_; }
  /// Records that found the ring full: streamed, said; records that the disk refused.
  std::array<const Counter*, 3> counters() const { return {&lanes_[0].dropped, &lanes_[1].dropped, &refused_}; }

 private:
  struct Head {
    std::uint64_t ticket;  ///< both rings' records are numbered together: that is their order in the file
    TimeNs t;
    std::uint32_t length;
    std::uint32_t kind;
    std::uint64_t lost, lost_bytes;  ///< records of this lane that were dropped just before
  };
  struct Lane {
    SpscRing<std::byte> ring;
    Counter dropped;
    std::uint64_t lost = 0, lost_bytes = 0;  // the producer's, until they can be told
    bool have_head = false;                  // the consumer's
    Head head{};
  };
  void put(Lane& lane, CaptureKind kind, TimeNs t, CaptureView payload) noexcept;
  bool peek(Lane& lane);
  int write_out();

  std::string path_;
  File file_;
  std::array<Lane, 2> lanes_;
  std::atomic<std::uint64_t> ticket_{0};
  std::uint64_t next_ = 0, good_ = 0;
  Counter refused_{"capture_refused_by_disk"};
  CaptureEncoder encoder_;
  CaptureBytes out_, payload_;
  std::uint64_t in_out_ = 0, unwritten_ = 0, unwritten_bytes_ = 0;
  TimeNs last_t_ = 0;
  bool failing_ = false;
};

/// All captures of a session.
class Captures {
 public:
  /// Creates FOLDER/SESSION_DEVICE.grfcap for every device of the session, and the folder. @throws std::exception
  explicit Captures(const Session& session);
  /// The ports write into the files, which outlive them or their last start; the engine publishes the counters.
  void connect(Assembly& assembly, const LabClock& clock);
  CaptureFile& operator[](std::size_t device) { return *files_[device]; }
  std::size_t size() const { return files_.size(); }
  void drain();  ///< without a thread (virtual time)
  void start();  ///< a thread that drains

 private:
  std::vector<std::unique_ptr<CaptureFile>> files_;
  std::unique_ptr<Loop> loop_;  // last: it uses the files
};

}  // namespace grfd
