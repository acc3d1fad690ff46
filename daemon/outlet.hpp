// Where the engine puts numbered samples: one outlet per sink.
#pragma once
#include <span>

#include "schemas/sample.hpp"

namespace grfd {

/// Called on the dsp thread; must neither block nor allocate in real time.
struct Outlet {
  virtual ~Outlet() = default;
  virtual void take(std::span<const Sample> samples) noexcept = 0;
};

}  // namespace grfd
