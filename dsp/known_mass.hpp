// A known mass at rest on a plate: does the plate read m g?
#pragma once
#include <cstdint>
#include <type_traits>

#include "dsp/wrench.hpp"

namespace grfd {

struct KnownMassParams {
  std::uint32_t samples = 2000;  ///< of 1 ms
  std::uint32_t block = 100;     ///< samples of a mean whose scatter tells how sure the whole mean is
  double within = 0.005;         ///< of m g [science reference 1.2]
  double noise_factor = 3;       ///< times the factory noise: more is no load at rest; as for a tare
  double slope_n_s = 0.5;        ///< of the vertical force: likewise
  double least_uncertain = 0.2;  ///< of the factory noise: a mean is not taken to be surer than that [assumption]
  double least_arrived = 0.02;   ///< of m g: less is no load on this plate
};

/// Lab axes, about the centre of the plate's surface.
struct KnownMassResult {
  std::uint32_t samples = 0;
  Wrench6 mean{}, sd{};  ///< N, N.m
  double slope_n_s = 0;  ///< of the vertical force
  double scatter_n = 0;  ///< standard error of its mean, by its blocks
  PressurePoint cop{};   ///< of the mean, from the centre
};

class KnownMass {
 public:
  explicit KnownMass(const KnownMassParams& params = {}) : params_(params) {}
  void reset() noexcept { state_ = {}; }
  /// One step of 1 ms, all six known. @return true when it is complete
  bool push(const Wrench6& w) noexcept;
  std::uint32_t samples() const noexcept { return state_.n; }
  KnownMassResult result() const noexcept;

  struct State {
    Wrench6 first{}, sum{}, squares{};                              // of w - first
    double sum_t = 0, block = 0, block_sum = 0, block_squares = 0;  // of the vertical force - first
    std::uint32_t n = 0, blocks = 0;
  };
  State& state() noexcept { return state_; }

 private:
  KnownMassParams params_;
  State state_;
};
static_assert(std::is_trivially_copyable_v<KnownMass::State>);

/// What the plate made of it.
struct MassVerdict {
  double expected_n = 0, error_percent = 0;
  /// Two standard errors of the reading and of a zero like it, at least `least_uncertain` of the factory noise. What
  /// the zero has drifted since its tare is not in it.
  double uncertain_n = 0;
  bool within = false;
  const char* refusal = "";  ///< static text; empty: it can be judged
  const char* hint = "";     ///< static text; empty: it reads right
};
/// @param kg above 0  @param factory noise of the plate's forces, N, and of its moments, N.m
MassVerdict judge_mass(const KnownMassResult& r, double kg, double noise_force_n, double noise_moment_nm,
                       const KnownMassParams& params = {}) noexcept;

}  // namespace grfd
