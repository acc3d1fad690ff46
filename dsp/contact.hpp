// Is a foot there? Two thresholds and a debounce; the unknown changes nothing.
#pragma once
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
  bool step(double fz_n) noexcept {
    const bool towards = state_.on ? fz_n <= params_.off_n : fz_n >= params_.on_n;
    state_.run = towards ? state_.run + 1 : 0;
    if (state_.run >= (state_.on ? params_.off_samples : params_.on_samples)) state_ = {0, !state_.on};
    return state_.on;
  }
  bool on() const noexcept { return state_.on; }
  void reset() noexcept { state_ = {}; }

  struct State {
    int run = 0;
    bool on = false;
  };
  State& state() noexcept { return state_; }

 private:
  ContactParams params_;
  State state_;
};
static_assert(std::is_trivially_copyable_v<Contact::State>);

}  // namespace grfd
