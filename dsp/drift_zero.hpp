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
  double level_n = 5;        ///< unloaded: every |Fz - zero| below this,
  double sd_n = 1;           ///< with a standard deviation below this over quiet_s,
  ContactParams contact{};   ///< and no foot there
  double overdue_s = 600;    ///< without an unloaded second: warn
};

/// A zero behind a steady drift of d N/s lags d tau_s behind it while it follows.
class DriftZero {
 public:
  enum class Reason : std::uint8_t { unloaded, load, contact, noise, gap };
  explicit DriftZero(const DriftZeroParams& params) noexcept;

  /// One sample. `fz_n`: upward, above the zero (not finite: unknown); `codes` moves `zero` while it follows.
  void step(double t_s, double fz_n, bool gap_before, const PlateCodes& codes, PlateCodes& zero) noexcept;

  bool following() const noexcept { return state_.following; }
  /// Has the zero ever been moved?
  bool moved() const noexcept { return state_.moved; }
  Reason reason() const noexcept { return state_.reason; }  ///< of the last change between following and not
  double unloaded_at_s() const noexcept {
    return state_.unloaded_at_s;
  }  ///< last time at which it followed, or the first sample
  double overdue_s() const noexcept { return params_.overdue_s; }

  struct Block {
    double sum = 0, squares = 0;
    std::int64_t n = 0;
  };
  static constexpr std::size_t kBlocks = 10;  ///< of the quiet time
  struct State {
    std::array<Block, kBlocks> blocks{};  ///< the last one is being filled
    double unloaded_at_s = 0;
    Contact::State contact{};
    std::uint32_t full = 0;  ///< blocks before the last
    bool started = false, following = false, moved = false;
    Reason reason = Reason::unloaded;
  };
  State& state() noexcept { return state_; }

 private:
  void stop(Reason why) noexcept;
  bool quiet() const noexcept;
  DriftZeroParams params_;
  double share_;            ///< of a new sample in the zero
  std::int64_t per_block_;  ///< samples
  State state_{};
};
static_assert(std::is_trivially_copyable_v<DriftZero::State>);

constexpr const char* to_string(DriftZero::Reason r) {
  constexpr const char* names[] = {"unloaded", "load", "contact", "noise", "gap"};
  return names[static_cast<std::size_t>(r)];
}

}  // namespace grfd
