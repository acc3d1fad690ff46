// Is a foot there? Two thresholds and a debounce; the unknown changes nothing.
#pragma once
#include <array>
#include <cstdint>
#include <type_traits>

namespace grfd {

struct ContactParams {
  double on_n = 20, off_n = 10;         ///< on at or above, off at or below
  int on_samples = 5, off_samples = 5;  ///< in a row
};

class Contact {
 public:
  explicit Contact(const ContactParams& params = {}) noexcept : params_(params) {}
  /// NaN: the state stays and the row of samples towards a change begins anew.
  bool step(double fz_n) noexcept { return step(params_, state_, fz_n); }
  bool on() const noexcept { return state_.on; }
  void reset() noexcept { state_ = {}; }

  struct State {
    int run = 0;
    bool on = false;
    std::array<std::uint8_t, 3> reserved{};  // no padding: equal states are equal bytes
  };
  State& state() noexcept { return state_; }

  /// The same for a state that lies elsewhere.
  static bool step(const ContactParams& params, State& s, double fz_n) noexcept {
    const bool towards = s.on ? fz_n <= params.off_n : fz_n >= params.on_n;
    s.run = towards ? s.run + 1 : 0;
    if (s.run >= (s.on ? params.off_samples : params.on_samples)) s.run = 0, s.on = !s.on;
    return s.on;
  }

 private:
  ContactParams params_;
  State state_;
};
static_assert(std::is_trivially_copyable_v<Contact::State>);

}  // namespace grfd
