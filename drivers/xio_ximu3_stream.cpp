#include "drivers/xio_ximu3_stream.hpp"

#include <cmath>

#include "drivers/clock_ran_on.hpp"
#include "drivers/xio_ximu3_setup.hpp"

namespace grfd::ximu3 {

namespace {

constexpr TimeNs kIgnore = 100'000'000;  // after the acknowledgement of `apply`
constexpr std::uint64_t kLongestHoleUs = 3'600'000'000;
constexpr std::string_view kApplied = R"({"apply":null})", kRefused = R"("error":)";

}  // namespace

Stream::Stream(std::string name, StreamId first, double rate_hz, double highg_rate_hz)
    : name_(name.substr(0, kLongestName)),
      first_(first),
      inertial_{static_cast<StreamId>(first + kInertial), 0, 1e6 / rate_hz, true, {}},
      highg_{static_cast<StreamId>(first + kHighG), 1, highg_rate_hz > 0 ? 1e6 / highg_rate_hz : 1e6, false, {}},
      has_highg_(highg_rate_hz > 0) {
  for (Track* t : {&inertial_, &highg_}) t->steps.reset(t->nominal_us, t->nominal_is_true);
}

void Stream::expect_start() noexcept {
  parser_.reset();
  awaits_apply_ = true;
  stranded_ = false;
  newest_inertial_ = newest_highg_ = 0;
}

void Stream::take(Bytes bytes, TimeNs arrival, SampleBatch& out) noexcept {
  for (Message m; parser_.next(bytes, m);) {
    if (m.letter == '{')
      take_command(m.text, arrival);
    else
      take_data(m, arrival, out);
  }
}

/// The acknowledgement of `apply` is the sign, also in replayed bytes, that the driver has set the device up (again)
/// here.
void Stream::take_command(std::string_view json, TimeNs arrival) noexcept {
  ++reply_;
  if (json.find(kRefused) != std::string_view::npos) ++refused_;
  if (json != kApplied) return;
  ignoring_ = true;
  ignore_until_ = arrival + kIgnore;
  resuming_ = inertial_.uses(epoch_) || highg_.uses(epoch_);
  inertial_.suspect = highg_.suspect = false;
  stranded_ = false;
  awaits_apply_ = false;
}

void Stream::take_data(const Message& m, TimeNs arrival, SampleBatch& out) noexcept {
  if (m.letter == 'N' || m.letter == 'F') return take_text(m, arrival, out);
  if (ignoring_) ignoring_ = arrival < ignore_until_;
  if (ignoring_ || awaits_apply_.load(std::memory_order_relaxed)) return ++ignored_;
  if (resuming_) resume(m.t_us, arrival);
  switch (m.letter) {
    case 'I':
      return take_sample(inertial_, m, arrival, out);
    case 'H':
      return has_highg_ ? take_sample(highg_, m, arrival, out) : ++unwanted_highg_;
    case 'S':
      return take_line(m, arrival, out);
    case 'Y':
      return take_edge(m, kOwnLine, m.values[0] > 0, -1, arrival, out);
    default:
      ++other_;
  }
}

void Stream::new_epoch(Cause cause) noexcept {
  ++epoch_;
  last_cause_ = cause;
  next_edge_count_ = -1;
  inertial_.resumed = highg_.resumed = edges_resumed_ = went_back_ = false;
}

/// Started anew by the driver. When the device's clock ran on and the steps are known well enough, the hole is counted
/// like any other; otherwise a new epoch begins.
void Stream::resume(std::uint64_t t_us, TimeNs arrival) noexcept {
  resuming_ = false;
  bool counts = !went_back_;
  for (Track* t : {&inertial_, &highg_}) {
    t->resumed = t->uses(epoch_);
    if (t->resumed)
      counts = counts && clock_ran_on(t_us - t->last_us, 1000, arrival - t->last_arrival) &&
               t->steps.can_count(t_us - t->last_us);
  }
  edges_resumed_ = true;
  if (!counts) new_epoch(Cause::driver);
}

/// The first sample of the track in the present epoch.
void Stream::join_epoch(Track& track, const Message& m, TimeNs arrival, SampleBatch& out) noexcept {
  lose(track.code, track.seq + 1, -1, last_cause_, m.t_us, arrival, out);
  track.epoch = epoch_;
  track.suspect = false;
  track.steps.reset(track.nominal_us, track.nominal_is_true);
  ++track.seq;
}

/// After a restart that nobody asked for, settings that were never saved are gone. The second message tells.
bool Stream::still_our_settings(Track& track, std::uint64_t t_us) noexcept {
  const double step = static_cast<double>(t_us - track.last_us);
  track.suspect = false;
  const double period = track.steps.period_us();
  if (t_us > track.last_us && std::abs(step - period) < 0.1 * period) return true;
  stranded_ = true;
  return false;
}

void Stream::take_sample(Track& track, const Message& m, TimeNs arrival, SampleBatch& out) noexcept {
  if (stranded_.load(std::memory_order_relaxed)) return ++after_restart_;
  std::uint16_t flags = 0;
  if (!track.any) {
    track.epoch = epoch_;
  } else {
    if (track.uses(epoch_)) {
      if (track.suspect) {
        if (!still_our_settings(track, m.t_us)) return ++after_restart_;
        new_epoch(Cause::restart);
      } else if (m.t_us < track.last_us) {
        track.suspect = went_back_ = true;
        track.last_us = m.t_us;
        return;  // the next one tells what has happened; the hole of unknown length begins here
      } else if (m.t_us == track.last_us) {
        return ++same_time_;
      } else if (!track.resumed && m.t_us - track.last_us > kLongestHoleUs) {
        new_epoch(Cause::clock_jump);
      }
    }
    if (!track.uses(epoch_)) {
      join_epoch(track, m, arrival, out);
      flags = kGapBefore | kNewEpoch;
    } else {
      const std::uint64_t n = track.steps.periods(m.t_us - track.last_us);
      if (n > 1) {
        const Cause cause = track.resumed                      ? Cause::driver
                            : full_ != track.full              ? Cause::buffer_full
                            : parser_.damage() != track.damage ? Cause::corrupt
                                                               : Cause::missing;
        lose(track.code, track.seq + 1, static_cast<std::int64_t>(n - 1), cause, m.t_us, arrival, out);
        flags = kGapBefore;
      }
      track.seq += n;
    }
  }
  track.any = true;
  track.resumed = false;
  track.last_us = m.t_us;
  track.last_arrival = arrival;
  track.damage = parser_.damage();
  track.full = full_;
  Sample& s = out.next();
  s.flags = flags;
  s.t_arrival = arrival;
  fill(s, track, m);
  (&track == &inertial_ ? newest_inertial_ : newest_highg_).store(arrival, std::memory_order_relaxed);
}

void Stream::fill(Sample& s, const Track& track, const Message& m) noexcept {
  s.stream = track.stream;
  s.seq = track.seq;
  s.t_device = m.t_us;
  s.epoch = track.epoch;
  bool nan = false, clipped = false;
  for (std::size_t i = 0; i < m.count; ++i) {
    const float range = &track == &highg_ ? kHighGRangeG : i < 3 ? kGyroRangeDegS : kAccelRangeG;
    nan |= std::isnan(m.values[i]);
    clipped |= std::fabs(m.values[i]) >= range * kAtFullScale;
    set_value(s, i, m.values[i]);
  }
  if (nan) s.flags |= kInvalid, ++nan_;
  if (clipped) s.flags |= kClipped, ++over_range_;
}

/// Writes the loss row in front of the sample that follows the hole.
void Stream::lose(std::int64_t stream, std::uint64_t first, std::int64_t count, Cause cause, std::uint64_t t_us,
                  TimeNs arrival, SampleBatch& out) noexcept {
  if (count < 0)
    ++losses_unknown_;
  else
    (stream == 2 ? edges_lost_ : samples_lost_) += static_cast<std::uint64_t>(count);
  Sample& s = out.next();
  s.stream = static_cast<StreamId>(first_ + kLoss);
  s.seq = loss_seq_++;
  s.t_arrival = arrival;
  s.t_device = t_us;
  s.epoch = epoch_;
  set_value<std::int64_t>(s, 0, static_cast<std::int64_t>(first));
  set_value<std::int64_t>(s, 1, count);
  set_value<std::int64_t>(s, 2, static_cast<std::int64_t>(cause));
  set_value<std::int64_t>(s, 3, stream);
}

}  // namespace grfd::ximu3
