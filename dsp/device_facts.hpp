// What a device says about itself once: constants of its converter, ranges. Kept, because every recording begins with
// it.
#pragma once
#include <array>

#include "dsp/calibration.hpp"
#include "dsp/stage.hpp"
#include "schemas/stream.hpp"

namespace grfd {

class DeviceFacts {
 public:
  /// @param stream raw/<device>/calibration or /facts, or kNoStream  @param converter its rows are of a converter's
  /// lines
  DeviceFacts(const StreamTable& table, StreamId stream, bool converter);

  void take(const Sample& s, SampleBatch& out) noexcept;
  /// Once more, for a recording that starts now.
  void repeat(const Sample& cause, SampleBatch& out) noexcept;
  const ScanAdc& adc() const noexcept { return state_.adc; }
  StreamId stream() const noexcept { return stream_; }
  void states(StatePieces& pieces) { add_state(pieces, state_); }

 private:
  struct State {
    std::uint64_t seq = 0, count = 0;
    ScanAdc adc{};
    std::array<Sample, 16> rows{};
  } state_;
  StreamId stream_;
  bool converter_;
  int line_columns_[4] = {-1, -1, -1, -1};  // column, slope, offset_count, full_scale_v
};

}  // namespace grfd
