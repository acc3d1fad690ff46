// The two kinds of blocks the pipeline is made of. No I/O, no clock, no thread, no heap after construction.
#pragma once
#include <cstddef>
#include <span>

#include "schemas/sample_batch.hpp"

namespace grfd {

/// Both kinds keep parameters, coefficients and state apart; the state is trivially copyable and given out as bytes, so
/// that a recording can start with it and a recomputation start from it.
struct Stateful {
  virtual ~Stateful() = default;
  virtual std::span<std::byte> state() noexcept = 0;
  virtual void reset() noexcept = 0;
};

/// Runs per raw sample of one device (clock, calibration, orientation).
struct Stage : Stateful {
  virtual void take(const Sample& sample, SampleBatch& out) noexcept = 0;
};

struct Frame;
/// Runs on the 1 kHz grid.
struct Metric : Stateful {
  virtual void update(const Frame& frame, SampleBatch& out) noexcept = 0;
};

}  // namespace grfd
