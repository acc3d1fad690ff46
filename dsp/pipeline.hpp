// The pure function: settings, starting state and raw samples in order -> results. One sample at a time.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "schemas/counter.hpp"
#include "schemas/sample_batch.hpp"
#include "schemas/settings.hpp"
#include "schemas/stream.hpp"

namespace grfd {

class Pipeline {
 public:
  /// Version of the state's layout: changes with any change of a state structure.
  static constexpr const char* kStateVersion = "12";

  /// Adds the derived streams to the table, which must already hold the raw streams, "commands", "ticks", "gaps" and
  /// "events" and must not move afterwards. @throws std::invalid_argument when the settings make no rig
  Pipeline(const Settings& settings, StreamTable& streams, TimeNs session_start);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;

  /// Passes the sample on, with its lab time, and appends what follows from it. No lock, no heap, no I/O.
  void step(const Sample& sample, SampleBatch& out) noexcept;

  /// The state as it was when the last "record_start" command passed. Valid for the thread that got that sample.
  std::span<const std::byte> snapshot() const noexcept;
  std::size_t state_size() const noexcept;
  void save_state(std::span<std::byte> to) noexcept;
  /// @return false when the size is not state_size()
  bool load_state(std::span<const std::byte> from) noexcept;

  /// What the pipeline itself counts, by device; as long as it lives.
  struct DeviceCounter {
    std::string device;
    const Counter* counter;
  };
  std::vector<DeviceCounter> counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace grfd
