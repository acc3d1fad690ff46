#include "dsp/drift_zero.hpp"

#include <algorithm>

namespace grfd {

DriftZero::DriftZero(const DriftZeroParams& params) noexcept
    : params_(params),
      share_(-std::expm1(-params.interval_s / params.tau_s)),
      most_n_(std::max(params.level_n, .9 * params.contact.off_n)),
      per_block_(static_cast<std::uint32_t>(
          std::max<std::int64_t>(1, std::lround(params.quiet_s / params.interval_s / kBlocks)))),
      off_blocks_(static_cast<std::uint32_t>(
          std::max<std::int64_t>(1, std::lround((params.off_s / params.quiet_s - 1) * kBlocks) + 1))) {}

void DriftZero::hold(Reason why) noexcept {
  if (state_.following) state_.reason = why;
  state_.following = false;
}

void DriftZero::forget() noexcept {
  state_.blocks = {};
  state_.full = state_.off_blocks = 0;
}

void DriftZero::widen(double by_s) noexcept {
  state_.widened_n = std::min(state_.widened_n + params_.drift_n_s * by_s, most_n_ - params_.level_n);
}

void DriftZero::tared() noexcept {
  forget();
  State& s = state_;
  s.unloaded_at_s = s.t_s;
  s.moved_n = s.widened_n = 0;
  s.contact = {};
  s.foot = s.expecting = false;
}

/// At the end of a block, over the last quiet_s.
void DriftZero::judge(double t_s) noexcept {
  State& s = state_;
  double sum = 0, squares = 0, n = 0, turn = 0;
  bool loaded = false;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    const Block& b = s.blocks[i];
    sum += b.sum, squares += b.squares, n += b.n;
    turn += (double(i) - (kBlocks - 1) / 2.) * b.sum / b.n;
    loaded |= b.loaded != 0;
  }
  constexpr double kSpread = kBlocks * (kBlocks * kBlocks - 1) / 12.;  // sum of (i - mean)^2
  const double slope = turn / (kSpread * per_block_ * params_.interval_s);
  const bool quiet = (squares - sum * sum / n) / (n - 1) < params_.sd_n * params_.sd_n;
  const bool slow = std::abs(slope) < params_.slope_n_s;
  const double newest = s.blocks.back().sum / per_block_;
  bool near = true;
  if (quiet && !loaded) {
    const double by = params_.drift_n_s * (t_s - s.expected_at_s);
    s.expected_n = s.expecting ? s.expected_n + std::clamp(newest - s.expected_n, -by, by) : sum / n;
    s.expected_at_s = t_s;
    s.expecting = true;
    near = std::abs(newest - s.expected_n) < params_.level_n;
  }
  const bool follow = quiet && slow && near && !loaded;
  if (follow != s.following)
    s.reason = follow ? Reason::unloaded : !quiet ? Reason::noise : !slow ? Reason::slope : Reason::total;
  s.following = follow;
  s.off_blocks = quiet && slow && !follow ? std::min(s.off_blocks + 1, off_blocks_) : 0;
}

void DriftZero::step(double t_s, double fz_n, bool gap_before, const PlateCodes& codes, PlateCodes& zero) noexcept {
  State& s = state_;
  if (!s.started) s.started = true, s.unloaded_at_s = s.t_s = t_s;
  const double since_s = t_s - s.t_s;
  s.t_s = t_s;
  Contact::step(params_.contact, s.contact, fz_n);
  const bool unknown = !std::isfinite(fz_n);
  if (gap_before || unknown) hold(Reason::gap), forget();
  s.foot |= s.contact.on;
  if (s.foot || gap_before || unknown) widen(since_s);  // the zero was out of sight
  if (unknown) return;
  const bool loaded = s.contact.on || !(std::abs(fz_n) < params_.level_n + s.widened_n);
  if (loaded) hold(s.contact.on ? Reason::contact : Reason::load);
  if (!(std::abs(fz_n) < params_.near_n)) return forget();

  Block& block = s.blocks.back();
  const double force = fz_n + s.moved_n;
  block.sum += force;
  block.squares += force * force;
  block.loaded |= loaded;
  if (++block.n == per_block_) {
    if (s.full < kBlocks) ++s.full;
    if (s.full == kBlocks) judge(t_s);
    std::move(s.blocks.begin() + 1, s.blocks.end(), s.blocks.begin());
    s.blocks.back() = {};
  }
  if (!s.following) return;
  s.unloaded_at_s = t_s;
  s.moved = true;
  s.foot = false;
  s.widened_n *= 1 - share_;  // as what is left of the force
  s.moved_n += share_ * fz_n;
  for (std::size_t i = 0; i < zero.size(); ++i) zero[i] += share_ * (codes[i] - zero[i]);
}

}  // namespace grfd
