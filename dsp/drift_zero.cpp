#include "dsp/drift_zero.hpp"

#include <algorithm>

namespace grfd {

DriftZero::DriftZero(const DriftZeroParams& params) noexcept
    : params_(params),
      share_(-std::expm1(-params.interval_s / params.tau_s)),
      per_block_(std::max<std::int64_t>(1, std::lround(params.quiet_s / params.interval_s / kBlocks))) {}

void DriftZero::stop(Reason why) noexcept {
  if (state_.following) state_.reason = why;
  state_.following = false;
  state_.blocks = {};
  state_.full = 0;
}

bool DriftZero::quiet() const noexcept {
  double sum = 0, squares = 0, n = 0;
  for (const Block& b : state_.blocks) sum += b.sum, squares += b.squares, n += double(b.n);
  return (squares - sum * sum / n) / (n - 1) < params_.sd_n * params_.sd_n;
}

void DriftZero::step(double t_s, double fz_n, bool gap_before, const PlateCodes& codes, PlateCodes& zero) noexcept {
  State& s = state_;
  if (!s.started) s.started = true, s.unloaded_at_s = t_s;
  Contact contact(params_.contact);
  contact.state() = s.contact;
  contact.step(fz_n);
  s.contact = contact.state();
  if (!std::isfinite(fz_n)) return stop(Reason::gap);
  if (gap_before) stop(Reason::gap);
  if (s.contact.on) return stop(Reason::contact);
  if (!(std::abs(fz_n) < params_.level_n)) return stop(Reason::load);

  Block& block = s.blocks.back();
  block.sum += fz_n;
  block.squares += fz_n * fz_n;
  if (++block.n == per_block_) {
    if (s.full < kBlocks) ++s.full;
    if (s.full == kBlocks) {
      const bool still = quiet();
      if (still != s.following) s.reason = still ? Reason::unloaded : Reason::noise;
      s.following = still;
    }
    std::move(s.blocks.begin() + 1, s.blocks.end(), s.blocks.begin());
    s.blocks.back() = {};
  }
  if (!s.following) return;
  s.unloaded_at_s = t_s;
  s.moved = true;
  for (std::size_t i = 0; i < zero.size(); ++i) zero[i] += share_ * (codes[i] - zero[i]);
}

}  // namespace grfd
