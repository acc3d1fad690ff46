// One trial on its way into a journal.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "daemon/journal.hpp"
#include "daemon/sample_block.hpp"
#include "schemas/session.hpp"

namespace grfd {

/// Takes samples, gathers them to blocks and appends these. Never throws after its construction: what the disk refuses
/// is counted per stream and noted in the journal as soon as it can be written again. Used by one thread.
class Trial {
 public:
  /// Creates `<folder>/<name>.journal`, or `<name>_2`, ... when a journal or a recording of that name exists.
  /// @throws std::exception in plain words; nothing is then left behind.
  Trial(const Session& session, const std::string& folder, const std::string& name, const std::string& state_version,
        const std::vector<std::byte>& state);

  void add(const Sample& s);
  /// Writes, syncs and notes the clocks when it is time to. @param now_ns CLOCK_MONOTONIC
  void tend(std::int64_t now_ns);
  /// Writes the end block. @return false when the end could not be written.
  bool finish(const char* reason);

  /// The error of the last write or sync, 0 when it succeeded.
  int error() const { return error_; }
  /// The journal was deleted or moved away: all that was written is out of reach.
  bool gone() const { return gone_; }
  /// In words, with the path; empty while all is well.
  std::string trouble() const;
  const std::string& path() const { return journal_.path(); }
  std::uint64_t bytes() const { return journal_.bytes(); }
  std::uint64_t samples() const { return samples_; }  ///< in the journal
  std::uint64_t lost_samples() const { return lost_samples_; }
  std::uint64_t blocks() const { return journal_.blocks(); }

 private:
  void flush();
  bool note_loss();
  void note_anchor(TimeNs lab, std::int64_t utc_ns);
  void watch_wall_clock(std::int64_t now_ns);

  const Session* session_;
  JournalWriter journal_;
  SampleBlockEncoder block_;
  std::vector<std::uint64_t> written_, lost_, unnoted_;  ///< per stream
  std::vector<bool> flag_next_;                          ///< streams that lost samples on the disk
  std::uint64_t samples_ = 0, lost_samples_ = 0;
  std::int64_t last_flush_ = 0, last_sync_ = 0, last_anchor_ = 0, anchor_offset_ = 0;
  bool dirty_ = false, gone_ = false;
  int error_ = 0;
};

}  // namespace grfd
