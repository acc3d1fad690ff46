#include "dsp/device_input.hpp"

#include <cmath>

#include "dsp/parameter_text.hpp"

namespace grfd {
namespace {

constexpr std::uint32_t kEdgesToldPerSecond = 20;  // in words; the stream has all of them

std::vector<std::string> split_labels(const std::string& labels) {  // "0 ok, 1 packet_lost"
  std::vector<std::string> names;
  for (std::size_t at = 0; at < labels.size();) {
    const std::size_t end = std::min(labels.find(", ", at), labels.size());
    const std::string one = labels.substr(at, end - at);
    const auto number = static_cast<std::size_t>(std::atoi(one.c_str()));
    if (names.size() <= number && number < 1000) names.resize(number + 1, "unknown");
    if (number < names.size()) names[number] = one.substr(std::min(one.find(' ') + 1, one.size()));
    at = end + 2;
  }
  return names;
}

std::string hull_text(const ClockParams& p) {
  return "one minimum of " + quantity(p.block_s, "s") + " each, window " + quantity(p.window_s, "s") + " to " +
         quantity(p.window_max_s, "s") + " (1.2 frames / drift; column frame: of the device's link, " +
         quantity(p.frame_s, "s") + " where its speed is not known), drift at most " +
         quantity(p.max_drift_ppm, "ppm") + ", slew " + quantity(p.slew_s, "s") + ", new epoch after " +
         std::to_string(p.step_blocks) + " minima more than " + quantity(p.step_s, "s") + " late, settling " +
         quantity(p.settle_s, "s") + ", the first " + quantity(p.skip_s, "s") + " not fitted";
}

}  // namespace

ClockParams DeviceInput::clock_params(double interval_s, double max_drift_ppm) {
  ClockParams p;
  p.interval_s = interval_s;
  p.max_drift_ppm = max_drift_ppm;
  return p;
}

DeviceInput::DeviceInput(const DeviceSettings& device, const std::string& main, StreamId stream, StreamTable& table,
                         TimeNs start)
    : name_(device.name),
      stream_name_("raw/" + device.name + "/" + main),
      side_name_("raw/" + device.name + "/highg"),
      stream_(stream),
      stamped_(table[stream].clock_unit == "us"),
      nominal_interval_s_(1 / (table[stream].rate_hz > 0 ? table[stream].rate_hz : device.rate_hz)),
      start_(start),
      facts_(table, table.find("raw/" + name_ + (main == "scan" ? "/calibration" : "/facts")).value_or(kNoStream),
             main == "scan"),
      link_(table, table.find("raw/" + name_ + "/link").value_or(kNoStream), false),
      clock_(clock_params(stamped_ ? 1e-6 : nominal_interval_s_, device.max_drift_ppm)),
      offset_scans_(device.clock_offset_scans),
      deficit_(ScanDeficit::tolerance_scans(table[stream].columns.size(), nominal_interval_s_)) {
  const std::string prefix = "raw/" + name_ + "/";
  if (const auto loss = table.find(prefix + "loss")) {
    loss_ = *loss;
    for (const Column& c : table[*loss].columns) {
      if (c.name == "cause") causes_ = split_labels(c.labels);
      if (c.name == "stream") loss_streams_ = split_labels(c.labels);
    }
  }
  for (std::size_t i = 0; i < table[stream].columns.size() && i < ClipDetector::kChannels; ++i)
    if (table[stream].columns[i].unit == "count") analogue_ |= 1u << i;
  if (stamped_) nominal_units_ = nominal_interval_s_ * 1e6;
  if (const auto sync = table.find(prefix + "sync")) {
    sync_ = *sync;
    const std::string& unit = table[*sync].clock_unit;
    const double per_s = unit == "ns" ? 1e9 : unit == "us" ? 1e6 : 0;
    if (per_s > 0)
      nominal_units_ = nominal_interval_s_ * per_s;
    else
      sync_age_ = 0.5;  // seen once a scan: half an interval ago on average
    sync_skew_s_ = table[*sync].columns[1].skew_s;
  }
  if (const auto side = table.find(side_name_)) side_ = *side;
  if (const auto messages = table.find(prefix + "messages")) messages_ = *messages;
  state_.delay_s = state_.delay_target_s = device.delay_s;
  if (device.clock != "own") return;
  StreamInfo info;
  info.name = "clock/" + name_;
  info.type = ValueType::f64;
  info.columns = {{"offset", "s"},
                  {"drift_ppm", "1e-6"},
                  {"residual", "s"},
                  {"interval", "s"},
                  {"state", "code", 0, 0, "0 settling, 1 sync, 2 full"},
                  {"resets", "1"},
                  {"window", "s"},
                  {"frame", "s"}};
  info.device = name_;
  info.sign = "offset + = the device was started later; drift_ppm + = the device's clock runs fast";
  info.formula = "clock-lower-hull";
  info.parameters =
      "offset: lab time of the line at the sample that opened it, the epoch's first; drift_ppm: nominal over true "
      "interval of the device's counter, minus 1; " +
      hull_text(clock_params(stamped_ ? 1e-6 : nominal_interval_s_, device.max_drift_ppm));
  info.description = "how the device's clock maps to the lab clock, once a second";
  clock_row_ = RowWriter(table.add(info), info);
}

void DeviceInput::follow(DeviceInput& master) {
  if (!master.shared_) master.shared_ = std::make_unique<SharedClock>(master.clock_);
  master_ = &master;
}

double DeviceInput::stamp_shared(SharedClock& clock, const Sample& s, bool begins) noexcept {
  State& d = state_;
  if (begins) {
    d.shift = 0;
    deficit_.reset();
  }
  d.last_n = static_cast<std::int64_t>(s.t_device) + offset_scans_ + d.shift;
  const double arrival_s = seconds(s.t_arrival - start_);
  if (begins) clock.begin(d.generation, d.last_n, arrival_s);
  return clock.accept(d.last_n, arrival_s);
}

void DeviceInput::compare_counts(SharedClock& clock, const Sample& tick, const TextWriter& gaps, std::uint64_t& gap_seq,
                                 SampleBatch& out) noexcept {
  State& d = state_;
  if (!d.streaming || d.generation != clock.generation()) return deficit_.reset();
  const std::int64_t missing = deficit_.look(clock.front() - d.last_n);
  if (missing == 0) return;
  gaps.write(out, row_time(tick), gap_seq,
             "lost {\"stream\":\"%s\",\"cause\":\"unequal_scan_counts\",\"first_seq\":%llu,\"count\":%lld}",
             stream_name_.c_str(), static_cast<unsigned long long>(d.next_seq), static_cast<long long>(missing));
  d.shift += missing;
  d.seq_shift += static_cast<std::uint64_t>(missing);
  d.lost_by_driver += static_cast<std::uint64_t>(missing);
}

DeviceInput::Accepted DeviceInput::accept(Sample& s, const TextWriter& gaps, std::uint64_t& gap_seq,
                                          SampleBatch& out) noexcept {
  State& d = state_;
  Accepted a;
  const bool begins = !d.started || s.epoch != d.epoch;
  a.restarted = d.started && begins;
  s.seq += d.seq_shift;
  const std::uint64_t expected_seq = d.next_seq;
  std::uint64_t unannounced = 0;  // the driver did not see it: it arose between its push and here
  if (d.started && s.seq > expected_seq) {
    a.lost = s.seq - expected_seq;
    s.flags |= kGapBefore;
    if (a.lost > d.lost_by_driver) unannounced = a.lost - d.lost_by_driver;
  }
  SharedClock* const common = shared();
  if (a.restarted && !common) clock_.restart();
  if (begins) {
    d.first_seq = s.seq;
    d.first_device = s.t_device;
    d.epoch = s.epoch;
    d.started = true;
    d.clock_told = 0;
  }
  d.lost_by_driver = 0;
  d.next_seq = s.seq + 1;
  const double step = 0.05 * nominal_interval_s_;
  d.delay_s += std::clamp(d.delay_target_s - d.delay_s, -step, step);
  double t_s;
  if (common) {
    t_s = stamp_shared(*common, s, begins);
  } else {
    const auto n = static_cast<std::int64_t>(stamped_ ? s.t_device - d.first_device : s.seq - d.first_seq);
    clock_.push(n, seconds(s.t_arrival - start_));
    t_s = clock_.stamp(n);
  }
  s.t = start_ + static_cast<TimeNs>(std::llround((t_s - d.delay_s) * 1e9));
  if (unannounced > 0)
    gaps.write(out, row_time(s), gap_seq,
               "lost {\"stream\":\"%s\",\"cause\":\"ring_full\",\"first_seq\":%llu,\"count\":%llu}",
               stream_name_.c_str(), static_cast<unsigned long long>(expected_seq),
               static_cast<unsigned long long>(unannounced));
  if (d.trial_start) tell_late_start(s, gaps, gap_seq, out);
  if (begins) {
    d.steps_followed = clock().steps();
  } else if (clock_stepped()) {
    d.steps_followed = clock().steps();
    ++d.epochs_by_step;
    follow_step(s, stream_name_.c_str(), gaps, gap_seq, out);
    a.restarted = true;
  }
  s.epoch = told_epoch(s);
  if (clock().settling()) s.flags |= kClockUnsettled;
  d.newest_t = s.t;
  d.newest_device = s.t_device;
  d.newest_arrival = s.t_arrival;
  d.streaming = true;
  return a;
}

/// Devices of one clock follow with their own first scan behind the step.
bool DeviceInput::clock_stepped() noexcept {
  if (clock().steps() == state_.steps_followed) return false;
  SharedClock* const common = shared();
  return !common || (state_.generation == common->generation() && state_.last_n >= clock().first());
}

void DeviceInput::follow_step(Sample& s, const char* stream, const TextWriter& gaps, std::uint64_t& gap_seq,
                              SampleBatch& out) const noexcept {
  s.flags |= kGapBefore | kNewEpoch;
  gaps.write(out, row_time(s), gap_seq,
             "lost {\"stream\":\"%s\",\"cause\":\"clock_step\",\"first_seq\":%llu,\"count\":-1,\"jump_s\":%.4f,"
             "\"doubtful_from_s\":%.4f}",
             stream, static_cast<unsigned long long>(s.seq), clock().jump_s(),
             clock().in_time_until_s() - state_.delay_s);
}

double DeviceInput::units_per_interval() const noexcept {
  const State& d = state_;
  const auto n = static_cast<double>(d.next_seq) - 1 - static_cast<double>(d.first_seq);
  return n > 0 ? static_cast<double>(d.newest_device - d.first_device) / n : nominal_units_;
}

double DeviceInput::since_newest_s(std::uint64_t t_device) const noexcept {
  const auto units = static_cast<double>(static_cast<std::int64_t>(t_device - state_.newest_device));
  return units / (stamped_ ? 1 : units_per_interval()) * clock().measured_interval_s();
}

void DeviceInput::take_side(const Sample& in, const TextWriter& gaps, std::uint64_t& gap_seq,
                            SampleBatch& out) noexcept {
  State& d = state_;
  Sample s = in;
  if (d.started && s.epoch == d.epoch) {
    s.t = d.newest_t + static_cast<TimeNs>(std::llround(since_newest_s(s.t_device) * 1e9));
    if (clock().settling()) s.flags |= kClockUnsettled;
  } else {  // no sample to measure from
    s.t = s.t_arrival;
    s.flags |= kClockUnsettled;
  }
  s.t = d.side_newest_t = std::max(s.t, d.side_newest_t + 1);
  if (d.side_epochs_by_step != d.epochs_by_step && d.side_next_seq > 0)
    follow_step(s, side_name_.c_str(), gaps, gap_seq, out);
  d.side_epochs_by_step = d.epochs_by_step;
  s.epoch = told_epoch(s);
  if (d.side_next_seq > 0 && s.seq > d.side_next_seq) {
    const std::uint64_t lost = s.seq - d.side_next_seq;
    s.flags |= kGapBefore;
    if (lost > d.side_lost_by_driver)
      gaps.write(out, row_time(s), gap_seq,
                 "lost {\"stream\":\"%s\",\"cause\":\"ring_full\",\"first_seq\":%llu,\"count\":%llu}",
                 side_name_.c_str(), static_cast<unsigned long long>(d.side_next_seq),
                 static_cast<unsigned long long>(lost - d.side_lost_by_driver));
  }
  d.side_next_seq = s.seq + 1;
  d.side_lost_by_driver = 0;
  out.push(s);
}

void DeviceInput::take_facts(const Sample& in, SampleBatch& out) noexcept {
  Sample s = in;
  s.epoch = told_epoch(in);
  facts_.take(s, out);
}

void DeviceInput::take_link(const Sample& in, SampleBatch& out) noexcept {
  clock_.set_frame(value<double>(in, 1));
  Sample s = in;
  s.epoch = told_epoch(in);
  link_.take(s, out);
}

void DeviceInput::take_message(const Sample& in, StreamId events, std::uint64_t& event_seq, SampleBatch& out) noexcept {
  const State& d = state_;
  Sample s = in;
  const bool mapped = d.started && s.epoch == d.epoch;
  s.t = mapped ? d.newest_t + static_cast<TimeNs>(std::llround((d.delay_s + since_newest_s(s.t_device)) * 1e9))
               : s.t_arrival;
  s.epoch = told_epoch(in);
  out.push(s);
  s.epoch = 0;  // the device's, which the other rows of this stream know nothing of
  s.stream = events;
  s.seq = s.part == 0 ? event_seq++ : event_seq - 1;
  out.push(s);
}

void DeviceInput::take_edge(const Sample& s, const TextWriter& events, std::uint64_t& event_seq,
                            SampleBatch& out) noexcept {
  State& d = state_;
  d.sync_next_seq = s.seq + 1;
  Sample edge = s;
  edge.epoch = told_epoch(s);
  if (!d.started || s.epoch != d.epoch) {  // no sample to measure from
    edge.t = s.t_arrival;
    edge.flags |= kInvalid;
    return out.push(edge);
  }
  const double after_s = d.delay_s + since_newest_s(s.t_device) - sync_age_ * interval_s() + sync_skew_s_;
  edge.t = d.newest_t + static_cast<TimeNs>(std::llround(after_s * 1e9));
  if (clock().settling()) edge.flags |= kClockUnsettled;
  out.push(edge);
  if (d.edges_told >= kEdgesToldPerSecond) {
    ++d.edges_left_out;
    return;
  }
  ++d.edges_told;
  events.write(out, row_time(edge), event_seq,
               "edge {\"t_s\":%.6f,\"device\":\"%s\",\"line\":%d,\"level\":%d,\"gap_before\":%s}",
               seconds(edge.t - start_), name_.c_str(), value<std::int32_t>(s, 0), value<std::int32_t>(s, 1),
               s.flags & kGapBefore ? "true" : "false");
}

void DeviceInput::tick(const Sample& tick, TimeNs wait, const TextWriter& gaps, std::uint64_t& gap_seq,
                       const TextWriter& events, std::uint64_t& event_seq, SampleBatch& out) noexcept {
  State& d = state_;
  if (d.streaming && tick.t - d.newest_arrival > wait) {
    d.streaming = false;
    gaps.write(out, row_time(tick), gap_seq, "late {\"device\":\"%s\",\"newest_t_s\":%.4f}", name_.c_str(),
               seconds(d.newest_t - start_));
  }
  if (SharedClock* const common = shared()) compare_counts(*common, tick, gaps, gap_seq, out);
  if (tick.seq % 100 != 99 || !d.started) return;
  if (d.edges_left_out > 0)
    events.write(out, row_time(tick), event_seq, "edges_left_out {\"device\":\"%s\",\"count\":%u}", name_.c_str(),
                 d.edges_left_out);
  d.edges_told = d.edges_left_out = 0;
  if (master_) return;  // its clock is the other's
  if (const double held_at_ppm = clock_.held_at_ppm(); held_at_ppm != 0 && d.clock_told == 0) {
    d.clock_told = 1;
    events.write(out, row_time(tick), event_seq, "clock_out_of_bounds {\"device\":\"%s\",\"drift_ppm\":%g}",
                 name_.c_str(), held_at_ppm);
  }
  const double code = clock_.settling() ? 0 : clock_.full() ? 2 : 1;
  clock_row_.write(out, row_time(tick),
                   {clock_.predict(clock_.first()), clock_.drift_ppm(), clock_.residual_s(), interval_s(), code,
                    static_cast<double>(clock_.resets()), clock_.window_s(), clock_.frame_s()},
                   d.clock_seq);
}

void DeviceInput::states(StatePieces& pieces) {
  add_state(pieces, state_);
  facts_.states(pieces);
  link_.states(pieces);
  add_state(pieces, clock_.state());
  add_state(pieces, clip_.state());
  add_state(pieces, deficit_.state());
  if (shared_) add_state(pieces, shared_->state());
}

}  // namespace grfd
