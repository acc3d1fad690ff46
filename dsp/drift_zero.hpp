// Charge amplifiers drift: the zero of such a plate follows while nobody is on it, and only then.
#pragma once
#include <type_traits>

#include "dsp/calibration.hpp"
#include "dsp/contact.hpp"

namespace grfd {

struct DriftZeroParams {
  double interval_s = 1e-3;  ///< of the samples
  double quiet_s = 1;        ///< unloaded for that long, then the zero follows
  double tau_s = 2;          ///< first order low-pass of the raw codes
  double level_n = 5;        ///< unloaded: every |Fz - zero| below this (and what a foot hid, below),
  double sd_n = 1;           ///< with a standard deviation below this over quiet_s,
  double slope_n_s = 0.5;    ///< a slope below this,
  ContactParams contact{};   ///< and no foot there
  double drift_n_s = 0.2;    ///< no zero drifts faster
  double near_n = 50;        ///< a quiet load below this may be a zero that is wrong
  double off_s = 3;          ///< quiet and near for that long, and still not unloaded: off zero
  double overdue_s = 600;    ///< without an unloaded second: warn
};

/// A zero behind a steady drift of d N/s lags d tau_s behind it while it follows.
/// What leaks while a foot hides the zero is allowed for: from the contact (or a hole) on, level_n grows by drift_n_s,
/// up to nine tenths of contact.off_n, until the zero follows again. A load that grows slowly is no drift: in all the
/// zero moves by level_n at most beyond what drift_n_s can explain.
class DriftZero {
 public:
  enum class Reason : std::uint8_t { unloaded, load, contact, noise, gap, slope, total };
  explicit DriftZero(const DriftZeroParams& params) noexcept;

  /// One sample. `fz_n`: upward, above the zero (not finite: unknown); `codes` moves `zero` while it follows.
  void step(double t_s, double fz_n, bool gap_before, const PlateCodes& codes, PlateCodes& zero) noexcept;
  /// A tare has set the zero before the next sample: what was seen above the old one tells nothing.
  void tared() noexcept;

  bool following() const noexcept { return state_.following; }
  /// Has the zero ever been moved?
  bool moved() const noexcept { return state_.moved; }
  Reason reason() const noexcept { return state_.reason; }  ///< of the last change between following and not
  double unloaded_at_s() const noexcept {
    return state_.unloaded_at_s;
  }  ///< last time at which it followed or was tared, or the first sample
  double overdue_s() const noexcept { return params_.overdue_s; }
  /// As still as an empty plate and not far from zero, but it does not follow: only a tare helps.
  bool off_zero() const noexcept { return state_.off_blocks >= off_blocks_; }

  struct Block {
    double sum = 0, squares = 0;  ///< of the force above a zero that never followed
    std::uint32_t n = 0, loaded = 0;
  };
  static constexpr std::size_t kBlocks = 10;  ///< of the quiet time
  struct State {
    std::array<Block, kBlocks> blocks{};  ///< the last one is being filled
    double t_s = 0, unloaded_at_s = 0;
    double moved_n = 0;                        ///< by following, since the last tare
    double widened_n = 0;                      ///< beyond level_n
    double expected_n = 0, expected_at_s = 0;  ///< force of the empty plate as far as drift_n_s explains it
    Contact::State contact{};
    std::uint32_t full = 0;  ///< blocks before the last
    std::uint32_t off_blocks = 0;
    bool started = false, following = false, moved = false, foot = false, expecting = false;
    Reason reason = Reason::unloaded;
    std::array<std::uint8_t, 2> reserved{};  // no padding at the end: equal states are equal bytes
  };
  State& state() noexcept { return state_; }

 private:
  void hold(Reason why) noexcept;
  void forget() noexcept;
  void widen(double by_s) noexcept;
  void judge(double t_s) noexcept;
  DriftZeroParams params_;
  double share_;  ///< of a new sample in the zero
  double most_n_;
  std::uint32_t per_block_;  ///< samples
  std::uint32_t off_blocks_;
  State state_{};
};
static_assert(std::is_trivially_copyable_v<DriftZero::State>);

constexpr const char* to_string(DriftZero::Reason r) {
  constexpr const char* names[] = {"unloaded", "load", "contact", "noise", "gap", "slope", "total"};
  return names[static_cast<std::size_t>(r)];
}

}  // namespace grfd
