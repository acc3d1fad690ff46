#include "dsp/pipeline.hpp"

#include <algorithm>
#include <cstring>

#include "dsp/clock_map.hpp"
#include "dsp/force_source.hpp"
#include "dsp/imu_chain.hpp"
#include "dsp/metric.hpp"

namespace grfd {
namespace {

constexpr TimeNs kMs = 1'000'000;
constexpr double kGravity = 9.80665;

std::vector<std::string> split_labels(const std::string& labels) {  // "0 ok, 1 packet_lost"
  std::vector<std::string> names;
  for (std::size_t at = 0; at < labels.size();) {
    const std::size_t end = std::min(labels.find(", ", at), labels.size());
    const std::string one = labels.substr(at, end - at);
    names.push_back(one.substr(std::min(one.find(' ') + 1, one.size())));
    at = end + 2;
  }
  return names;
}

/// What a verb's JSON says for one key; only what commands of this program contain.
std::int64_t json_integer(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  std::int64_t v = 0;
  if (at == std::string_view::npos) return 0;
  for (std::size_t i = at + key.size(); i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) v = v * 10 + (text[i] - '0');
  return v;
}

}  // namespace

struct Pipeline::Impl {
  /// One device: its clock and what its samples feed.
  struct Device {
    std::string name, stream_name;
    StreamId stream, loss = kNoStream, facts = kNoStream;
    ClockMap clock;
    RowWriter clock_row;
    double delay_s, nominal_interval_s;
    std::vector<std::size_t> plates;  ///< indices of Settings::plates
    int imu = -1;
    std::vector<std::string> causes;
    struct State {
      std::uint64_t next_seq = 0, first_seq = 0, clock_seq = 0, facts_seq = 0, gap_row_seq = 0;
      TimeNs newest_t = 0, newest_arrival = 0;
      std::uint16_t epoch = 0;
      std::uint64_t lost_by_driver = 0;  ///< what the driver said is missing before the next sample; all ones: unknown
      bool started = false, streaming = false, have_facts = false;
      AdcCalibration adc{};
      ClipDetector::State clip{};
      Sample facts{};
    } state;
    Device(std::string n, std::string stream_n, StreamId s, double interval_s, double delay, double max_ppm)
        : name(std::move(n)), stream_name(std::move(stream_n)), stream(s), clock(make_params(interval_s, max_ppm)), delay_s(delay), nominal_interval_s(interval_s) {}
    static ClockParams make_params(double interval_s, double max_ppm) {
      ClockParams p;
      p.interval_s = interval_s;
      p.max_drift_ppm = max_ppm;
      return p;
    }
  };
  struct Imu {
    ImuChain chain;
    Resampler<2> angles, rates;  ///< apart: rates are known while an angle is not
    bool estimate_axis;
    Imu(double interval_s, bool estimate) : chain(interval_s), estimate_axis(estimate) {}
  };
  struct Route {
    enum class Kind : std::uint8_t { pass, inertial, scan, loss, facts, command, tick, event } kind = Kind::pass;
    std::uint16_t device = 0;
  };
  struct State {
    std::int64_t next_grid = -1;  ///< ms since the session's start
    std::int64_t forced_until = -1;
    std::uint64_t event_seq = 0, gap_seq = 0;
    std::int64_t tare_id = 0;
    TimeNs tare_started = 0;
    std::uint32_t taring = 0;  ///< bit per plate
    bool tare_waiting = false, pose_wanted = false, posed = false;
    std::int64_t pose_id = 0;
    SquatFeedback squat{};
  };

  const Settings settings;
  TimeNs start;
  std::vector<Route> routes;
  std::vector<std::unique_ptr<Device>> devices;
  std::vector<std::unique_ptr<ForcePlate>> plates;
  std::vector<std::unique_ptr<Imu>> imus;
  std::vector<std::size_t> imu_device, plate_device;
  std::vector<std::unique_ptr<Metric>> metrics;
  std::vector<PlateFrame> plate_frames;
  std::vector<ImuFrame> imu_frames;
  TextWriter events, gaps;
  StreamId commands = kNoStream;
  State state;
  std::vector<TareResult> tare_results;
  // a command may come in parts
  std::array<char, 64 * 64> command_text{};
  std::size_t command_length = 0;
  StatePieces pieces;
  std::vector<std::byte> snapshot;

  Impl(const Settings& s, StreamTable& table, TimeNs session_start);
  void step(const Sample& in, SampleBatch& out) noexcept;
  void take_raw(Device& d, Sample s, SampleBatch& out) noexcept;
  void take_scan(Device& d, const Sample& s) noexcept;
  void take_inertial(Device& d, const Sample& s, std::uint64_t lost, bool restarted) noexcept;
  void take_loss(Device& d, const Sample& s, SampleBatch& out) noexcept;
  void take_command(const Sample& s, SampleBatch& out) noexcept;
  void take_tick(const Sample& s, SampleBatch& out) noexcept;
  void advance_grid(const Sample& cause, SampleBatch& out) noexcept;
  void emit_frame(const Sample& cause, SampleBatch& out) noexcept;
  void start_tare(const Sample& s, std::string_view text, SampleBatch& out) noexcept;
  void finish_tare(const Sample& s, bool late, SampleBatch& out) noexcept;
  void capture_pose(const RowTime& now, SampleBatch& out) noexcept;
  void estimate_axes(const RowTime& now, SampleBatch& out) noexcept;
  bool covers(std::size_t i, TimeNs t) {
    const double interval_s = source_device(i).clock.measured_interval_s();
    if (i < plates.size()) return plates[i]->covers(t, interval_s);
    const Imu& imu = *imus[i - plates.size()];
    return imu.angles.covers(t, interval_s) && imu.rates.covers(t, interval_s);
  }
  Device& source_device(std::size_t i) { return *devices[i < plates.size() ? plate_device[i] : imu_device[i - plates.size()]]; }
  static RowTime at(const Sample& s) { return {s.t, s.t_arrival, s.order, 0}; }
};

Pipeline::Impl::Impl(const Settings& s, StreamTable& table, TimeNs session_start) : settings(s), start(session_start) {
  commands = table.id("commands");
  events = TextWriter(table.id("events"));
  gaps = TextWriter(table.id("gaps"));

  for (const DeviceSettings& device : settings.devices) {
    const std::string prefix = "raw/" + device.name + "/";
    for (const char* main : {"scan", "inertial"}) {
      const auto id = table.find(prefix + main);
      if (!id) continue;
      const double rate = table[*id].rate_hz > 0 ? table[*id].rate_hz : device.rate_hz;
      auto d = std::make_unique<Device>(device.name, prefix + main, *id, 1 / rate, device.delay_s, device.max_drift_ppm);
      if (const auto loss = table.find(prefix + "loss")) {
        d->loss = *loss;
        d->causes = split_labels(table[*loss].columns.back().labels);
      }
      if (const auto facts = table.find(prefix + (std::string(main) == "scan" ? "calibration" : "facts"))) d->facts = *facts;
      StreamInfo info;
      info.name = "clock/" + device.name;
      info.type = ValueType::f64;
      info.columns = {{"offset", "s"}, {"drift_ppm", "1e-6"}, {"residual", "s"}, {"interval", "s"}, {"state", "code", 0, 0, "0 settling, 1 sync, 2 full"}, {"resets", "1"}};
      info.device = device.name;
      info.rate_hz = 0;
      info.formula = "clock-lower-hull";
      info.parameters = "offset: lab time of the line at the device's first sample; drift: device interval against nominal, + = longer";
      info.description = "how the device's clock maps to the lab clock";
      d->clock_row = RowWriter(table.add(info), info);
      devices.push_back(std::move(d));
    }
  }
  const auto device_of = [&](const std::string& stream) {
    const auto id = table.find(stream);
    for (std::size_t i = 0; id && i < devices.size(); ++i)
      if (devices[i]->stream == *id) return i;
    throw std::invalid_argument("no device delivers the stream '" + stream + "'");
  };
  for (const PlateSettings& p : settings.plates) {
    const std::size_t d = device_of(p.stream);
    plates.push_back(std::make_unique<ForcePlate>(p, settings.filter, settings.thresholds, 1 / devices[d]->nominal_interval_s));
    plate_device.push_back(d);
    devices[d]->plates.push_back(plates.size() - 1);
  }
  for (const ImuSettings& i : settings.imus) {
    const std::size_t d = device_of(i.stream);
    imus.push_back(std::make_unique<Imu>(devices[d]->nominal_interval_s, i.estimate_axis));
    if (!i.estimate_axis) imus.back()->chain.set_axis(i.ml_axis_left);
    imu_device.push_back(d);
    devices[d]->imu = static_cast<int>(imus.size() - 1);
  }
  if (plates.size() > kMaxPlates || imus.size() > kMaxImus) throw std::invalid_argument("too many plates or IMUs");
  plate_frames.resize(plates.size());
  imu_frames.resize(imus.size());
  tare_results.resize(plates.size());

  MetricSetup setup{settings, table, events.id(), state.event_seq,
                    butterworth_delay_s(settings.filter.order, settings.filter.cutoff_hz, 1000),
                    noise_gain(butterworth(settings.filter.order, settings.filter.cutoff_hz, 1000)), {}, {}};
  for (const auto& p : plates) {
    setup.plates.push_back({p->model().pose().center, p->model().surface_z()});
    setup.covariance.push_back(&p->lab_covariance());
  }
  for (const MetricMaker make : metric_registry()) metrics.push_back(make(setup));

  routes.resize(table.size());
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const auto index = static_cast<std::uint16_t>(i);
    routes[devices[i]->stream] = {devices[i]->imu >= 0 ? Route::Kind::inertial : Route::Kind::scan, index};
    if (devices[i]->loss != kNoStream) routes[devices[i]->loss] = {Route::Kind::loss, index};
    if (devices[i]->facts != kNoStream) routes[devices[i]->facts] = {Route::Kind::facts, index};
  }
  routes[commands] = {Route::Kind::command, 0};
  routes[table.id("ticks")] = {Route::Kind::tick, 0};
  if (const auto truth = table.find("truth/events")) routes[*truth] = {Route::Kind::event, 0};

  add_state(pieces, state);
  for (auto& d : devices) {
    add_state(pieces, d->state);
    add_state(pieces, d->clock.state());
  }
  for (auto& p : plates) p->states(pieces);
  for (auto& i : imus) {
    add_state(pieces, i->chain.state());
    add_state(pieces, i->angles.state());
    add_state(pieces, i->rates.state());
  }
  for (auto& m : metrics) m->states(pieces);
  std::size_t size = 0;
  for (const auto& piece : pieces) size += piece.size();
  snapshot.resize(size);
}

void Pipeline::Impl::step(const Sample& in, SampleBatch& out) noexcept {
  const Route route = in.stream < routes.size() ? routes[in.stream] : Route{};
  switch (route.kind) {
    case Route::Kind::pass:
      out.push(in);
      return;
    case Route::Kind::event: {  // what a stimulus announces is an event of the session, too
      out.push(in);
      Sample copy = in;
      copy.stream = events.id();
      copy.seq = in.part == 0 ? state.event_seq++ : state.event_seq - 1;
      out.push(copy);
      return;
    }
    case Route::Kind::scan:
    case Route::Kind::inertial:
      take_raw(*devices[route.device], in, out);
      break;
    case Route::Kind::loss:
      take_loss(*devices[route.device], in, out);
      return;
    case Route::Kind::facts: {
      Device& d = *devices[route.device];
      d.state.facts = in;
      d.state.have_facts = true;
      if (!d.plates.empty()) {
        const AdcCalibration adc{value<double>(in, 0), value<double>(in, 1), value<double>(in, 2)};
        if (adc.plausible()) d.state.adc = adc;
      }
      d.state.facts.seq = d.state.facts_seq++;
      out.push(d.state.facts);
      return;
    }
    case Route::Kind::command:
      take_command(in, out);
      return;
    case Route::Kind::tick:
      take_tick(in, out);
      break;
  }
  advance_grid(in, out);
}

void Pipeline::Impl::take_raw(Device& d, Sample s, SampleBatch& out) noexcept {
  Device::State& ds = d.state;
  const bool restarted = ds.started && s.epoch != ds.epoch;
  std::uint64_t lost = 0;
  if (ds.started && s.seq > ds.next_seq) {
    lost = s.seq - ds.next_seq;
    s.flags |= kGapBefore;
    if (lost > ds.lost_by_driver)  // the driver did not see it: it arose between its push and here
      gaps.write(out, at(s), state.gap_seq, "lost {\"stream\":\"%s\",\"cause\":\"ring_full\",\"first_seq\":%llu,\"count\":%llu}",
                 d.stream_name.c_str(), static_cast<unsigned long long>(ds.next_seq),
                 static_cast<unsigned long long>(lost - ds.lost_by_driver));
  }
  if (!ds.started || restarted) {
    if (restarted) d.clock.restart();
    ds.first_seq = s.seq;
    ds.epoch = s.epoch;
    ds.started = true;
  }
  ds.lost_by_driver = 0;
  ds.next_seq = s.seq + 1;
  const auto n = static_cast<std::int64_t>(s.seq - ds.first_seq);
  d.clock.push(n, seconds(s.t_arrival - start));
  const double t_s = d.clock.stamp(n) - d.delay_s;
  s.t = start + static_cast<TimeNs>(std::llround(t_s * 1e9));
  if (d.clock.settling()) s.flags |= kClockUnsettled;
  ds.newest_t = s.t;
  ds.newest_arrival = s.t_arrival;
  if (!ds.streaming && state.next_grid < 0) state.next_grid = (s.t - start) / kMs + 1;
  ds.streaming = true;
  out.push(s);
  if (d.imu >= 0) take_inertial(d, s, restarted ? 0 : lost, restarted);
  else take_scan(d, s);
  if (state.tare_waiting && std::all_of(plates.begin(), plates.end(), [&](const auto& p) { return !p->taring() || p->tare_complete(); }))
    finish_tare(s, false, out);
}

void Pipeline::Impl::take_scan(Device& d, const Sample& s) noexcept {
  std::array<std::int32_t, 16> codes;
  for (std::size_t i = 0; i < 16; ++i) codes[i] = value<std::int32_t>(s, i);
  ClipDetector clip;
  clip.state() = d.state.clip;
  const std::uint32_t clipped = clip.push(codes);
  d.state.clip = clip.state();
  const double t_s = seconds(s.t - start);
  for (const std::size_t p : d.plates) {
    std::uint32_t mine = 0;
    const auto columns = plates[p]->columns();
    for (std::size_t i = 0; i < columns.size(); ++i) mine |= (clipped >> columns[i] & 1u) << i;
    plates[p]->take(s.t, t_s, codes, mine, s.flags, d.state.adc);
  }
}

void Pipeline::Impl::take_inertial(Device& d, const Sample& s, std::uint64_t lost, bool restarted) noexcept {
  Imu& imu = *imus[static_cast<std::size_t>(d.imu)];
  InertialInput in;
  for (std::size_t i = 0; i < 3; ++i) {
    in.force_m_s2[i] = static_cast<double>(value<float>(s, i)) * kGravity;
    in.gyro_rad_s[i] = static_cast<double>(value<float>(s, 3 + i));
  }
  in.interval_s = d.clock.measured_interval_s();
  in.lost = static_cast<std::uint32_t>(std::min<std::uint64_t>(lost, 1'000'000));
  in.restarted = restarted;
  const SegmentMotion m = imu.chain.step(in);
  imu.angles.push(s.t, {m.theta_rad, m.frontal_rad}, s.flags);
  imu.rates.push(s.t, {m.theta_rate_rad_s, m.gyro_z_rad_s}, s.flags);
}

void Pipeline::Impl::take_loss(Device& d, const Sample& s, SampleBatch& out) noexcept {
  Sample copy = s;
  copy.t = d.state.newest_t ? d.state.newest_t : s.t_arrival;
  copy.seq = d.state.gap_row_seq++;
  out.push(copy);
  const auto first = value<std::int64_t>(s, 0), count = value<std::int64_t>(s, 1), cause = value<std::int64_t>(s, 2);
  const bool named = cause >= 0 && static_cast<std::size_t>(cause) < d.causes.size();
  gaps.write(out, at(copy), state.gap_seq, "lost {\"stream\":\"%s\",\"cause\":\"%s\",\"first_seq\":%lld,\"count\":%lld}", d.stream_name.c_str(),
             named ? d.causes[static_cast<std::size_t>(cause)].c_str() : "unknown",
             static_cast<long long>(first), static_cast<long long>(count));
  if (count < 0) d.state.lost_by_driver = ~std::uint64_t{0};
  else if (d.state.lost_by_driver != ~std::uint64_t{0}) d.state.lost_by_driver += static_cast<std::uint64_t>(count);
}

void Pipeline::Impl::take_command(const Sample& s, SampleBatch& out) noexcept {
  if (s.part == 0) command_length = 0;
  const std::string_view piece = text(s);
  const std::size_t n = std::min(piece.size(), command_text.size() - command_length);
  std::memcpy(command_text.data() + command_length, piece.data(), n);
  command_length += n;
  const bool whole = s.part + 1 == s.parts;
  const std::string_view all(command_text.data(), command_length);
  const std::string_view verb = all.substr(0, all.find(' '));
  if (whole && verb == "record_start") {
    std::size_t used = 0;
    for (const auto& piece_of_state : pieces) {
      std::memcpy(snapshot.data() + used, piece_of_state.data(), piece_of_state.size());
      used += piece_of_state.size();
    }
  }
  out.push(s);
  if (!whole) return;
  if (verb == "record_start") {  // the file needs what the devices said when they started
    for (auto& d : devices)
      if (d->state.have_facts) {
        Sample facts = d->state.facts;
        facts.seq = d->state.facts_seq++;
        facts.t = facts.t_arrival = s.t;
        facts.order = s.order;
        out.push(facts);
      }
  } else if (verb == "tare") {
    start_tare(s, all, out);
  } else if (verb == "pose") {
    state.pose_wanted = true;
    state.pose_id = json_integer(all, "\"id\":");
  } else if (verb == "mark") {
    events.write(out, at(s), state.event_seq, "%.*s", static_cast<int>(all.size()), all.data());
  }
}

void Pipeline::Impl::start_tare(const Sample& s, std::string_view text, SampleBatch& out) noexcept {
  const std::int64_t id = json_integer(text, "\"id\":");
  if (state.tare_waiting) {
    events.write(out, at(s), state.event_seq, "tare_result {\"id\":%lld,\"accepted\":false,\"plates\":[],\"reason\":\"another tare is running\"}", static_cast<long long>(id));
    return;
  }
  state.tare_id = id;
  state.tare_started = s.t;
  state.taring = 0;
  const bool all = text.find("\"plate\":\"all\"") != std::string_view::npos;
  for (std::size_t i = 0; i < plates.size(); ++i) {
    char wanted[80];
    std::snprintf(wanted, sizeof wanted, "\"plate\":\"%s\"", plates[i]->name().c_str());
    if (!all && text.find(wanted) == std::string_view::npos) continue;
    plates[i]->start_tare(devices[plate_device[i]]->state.adc);
    state.taring |= 1u << i;
  }
  state.tare_waiting = state.taring != 0;
}

void Pipeline::Impl::finish_tare(const Sample& s, bool late, SampleBatch& out) noexcept {
  char list[1600];
  std::size_t used = 0;
  bool accepted = true;
  list[0] = 0;
  for (std::size_t i = 0; i < plates.size(); ++i) {
    if (!(state.taring >> i & 1u)) continue;
    const TareResult r = plates[i]->finish_tare(devices[plate_device[i]]->state.adc);
    accepted &= r.accepted();
    const char* reason = r.accepted() ? "" : late && r.samples == 0 ? "no data from the plate" : to_string(r.refusal);
    const int n = std::snprintf(list + used, sizeof list - used,
                                "%s{\"plate\":\"%s\",\"accepted\":%s,\"reason\":\"%s\",\"seconds\":%.3f,\"samples\":%u,\"offset_fz_n\":%s,"
                                "\"sd_fx_n\":%s,\"sd_fy_n\":%s,\"sd_fz_n\":%s,\"sd_mx_nm\":%s,\"sd_my_nm\":%s,\"sd_mz_nm\":%s,\"slope_fz_n_s\":%s}",
                                used ? "," : "", plates[i]->name().c_str(), r.accepted() ? "true" : "false", reason, r.duration_s, r.samples,
                                JsonNumber(r.offset[2]).text, JsonNumber(r.sd[0]).text, JsonNumber(r.sd[1]).text, JsonNumber(r.sd[2]).text,
                                JsonNumber(r.sd[3]).text, JsonNumber(r.sd[4]).text, JsonNumber(r.sd[5]).text, JsonNumber(r.slope[2]).text);
    used = std::min(used + static_cast<std::size_t>(n), sizeof list - 1);
  }
  state.tare_waiting = false;
  events.write(out, at(s), state.event_seq, "tare_result {\"id\":%lld,\"accepted\":%s,\"plates\":[%s]}", static_cast<long long>(state.tare_id),
               accepted ? "true" : "false", list);
}

void Pipeline::Impl::take_tick(const Sample& s, SampleBatch& out) noexcept {
  out.push(s);
  const auto wait = static_cast<TimeNs>(settings.engine.max_wait_ms * 1e6);
  state.forced_until = (s.t - wait - start) / kMs;
  for (auto& d : devices) {
    Device::State& ds = d->state;
    if (ds.streaming && s.t - ds.newest_arrival > wait) {
      ds.streaming = false;
      gaps.write(out, at(s), state.gap_seq, "late {\"device\":\"%s\",\"newest_t_s\":%.4f}", d->name.c_str(), seconds(ds.newest_t - start));
    }
    if (s.seq % 100 == 99 && ds.started) {
      const double state_code = d->clock.settling() ? 0 : d->clock.full() ? 2 : 1;
      d->clock_row.write(out, at(s), {d->clock.predict(0), d->clock.drift_ppm(), d->clock.residual_s(), d->clock.measured_interval_s(), state_code, static_cast<double>(d->clock.resets())},
                         ds.clock_seq);
    }
  }
  if (s.seq % 100 == 99) estimate_axes(at(s), out);
  if (state.tare_waiting && seconds(s.t - state.tare_started) > settings.thresholds.tare_s + 1) finish_tare(s, true, out);
}

void Pipeline::Impl::advance_grid(const Sample& cause, SampleBatch& out) noexcept {
  if (state.next_grid < 0) return;
  const std::size_t sources = plates.size() + imus.size();
  for (;;) {
    const TimeNs t = start + state.next_grid * kMs;
    bool any = false, all = true;
    for (std::size_t i = 0; i < sources; ++i) {
      if (!source_device(i).state.streaming) continue;
      any = true;
      if (!covers(i, t)) {
        all = false;
        break;
      }
    }
    if (!(any && all) && state.next_grid > state.forced_until) return;
    emit_frame(cause, out);
    ++state.next_grid;
  }
}

void Pipeline::Impl::emit_frame(const Sample& cause, SampleBatch& out) noexcept {
  Frame frame;
  frame.t = start + state.next_grid * kMs;
  frame.t_s = static_cast<double>(state.next_grid) * 1e-3;
  frame.t_arrival = cause.t_arrival;
  frame.order = cause.order;
  frame.index = static_cast<std::uint64_t>(state.next_grid);
  for (std::size_t i = 0; i < plates.size(); ++i) plates[i]->at(frame.t, devices[plate_device[i]]->clock.measured_interval_s(), plate_frames[i]);
  for (std::size_t i = 0; i < imus.size(); ++i) {
    const double interval_s = devices[imu_device[i]]->clock.measured_interval_s();
    std::array<double, 2> angles, rates;
    const Aligned a = imus[i]->angles.at(frame.t, interval_s, angles), r = imus[i]->rates.at(frame.t, interval_s, rates);
    imu_frames[i] = {angles[0], angles[1], rates[0], rates[1], static_cast<std::uint16_t>(grid_flags(a) | grid_flags(r))};
  }
  frame.plates = plate_frames;
  frame.imus = imu_frames;
  frame.squat = &state.squat;
  for (auto& m : metrics) m->update(frame, out);
  if ((state.squat.weighed && !state.posed) || state.pose_wanted) capture_pose(row_time(frame), out);
  state.squat.weighed = false;
}

void Pipeline::Impl::capture_pose(const RowTime& now, SampleBatch& out) noexcept {
  for (auto& i : imus)
    if (!i->chain.filter().rest) {
      if (state.pose_wanted) {
        events.write(out, now, state.event_seq, "pose_result {\"id\":%lld,\"accepted\":false,\"reason\":\"a sensor is not still; stand still for two seconds\"}",
                     static_cast<long long>(state.pose_id));
        state.pose_wanted = false;
      }
      return;
    }
  for (auto& i : imus) {
    i->chain.capture_pose();
    if (i->estimate_axis) i->chain.start_axis_estimation();
  }
  state.posed = true;
  if (!imus.empty() || state.pose_wanted)
    events.write(out, now, state.event_seq, "pose_result {\"id\":%lld,\"accepted\":true,\"sensors\":%zu}", static_cast<long long>(state.pose_wanted ? state.pose_id : 0), imus.size());
  state.pose_wanted = false;
}

void Pipeline::Impl::estimate_axes(const RowTime& now, SampleBatch& out) noexcept {
  for (std::size_t i = 0; i < imus.size(); ++i) {
    Imu& imu = *imus[i];
    if (!imu.estimate_axis || imu.chain.segment().source != AxisSource::none) continue;
    if (imu.chain.axis_estimate().verdict != AxisVerdict::accepted) continue;
    const MainAxis found = imu.chain.finish_axis_estimation();
    events.write(out, now, state.event_seq,
                 "axis_result {\"imu\":\"%s\",\"accepted\":true,\"ml_axis_left\":[%.6f,%.6f,%.6f],\"share\":%.4f,\"halves_deg\":%.2f,\"tilt_deg\":%.2f}",
                 settings.imus[i].name.c_str(), found.axis[0], found.axis[1], found.axis[2], found.share, found.halves_deg, found.tilt_deg);
  }
}

Pipeline::Pipeline(const Settings& settings, StreamTable& streams, TimeNs session_start)
    : impl_(std::make_unique<Impl>(settings, streams, session_start)) {}
Pipeline::~Pipeline() = default;

void Pipeline::step(const Sample& sample, SampleBatch& out) noexcept { impl_->step(sample, out); }
std::span<const std::byte> Pipeline::snapshot() const noexcept { return impl_->snapshot; }
std::size_t Pipeline::state_size() const noexcept { return impl_->snapshot.size(); }

void Pipeline::save_state(std::span<std::byte> to) noexcept {
  std::size_t used = 0;
  for (const auto& piece : impl_->pieces) {
    if (used + piece.size() > to.size()) return;
    std::memcpy(to.data() + used, piece.data(), piece.size());
    used += piece.size();
  }
}

bool Pipeline::load_state(std::span<const std::byte> from) noexcept {
  if (from.size() != state_size()) return false;
  std::size_t used = 0;
  for (auto& piece : impl_->pieces) {
    std::memcpy(piece.data(), from.data() + used, piece.size());
    used += piece.size();
  }
  return true;
}

}  // namespace grfd
