#include "dsp/pipeline.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "dsp/command_text.hpp"
#include "dsp/device_input.hpp"
#include "dsp/fast_lane.hpp"
#include "dsp/force_plate.hpp"
#include "dsp/inertial_sensor.hpp"
#include "dsp/lab_commands.hpp"
#include "dsp/metric.hpp"

namespace grfd {
namespace {
constexpr TimeNs kMs = 1'000'000;
}

struct Pipeline::Impl {
  Impl(const Settings& s, StreamTable& table, TimeNs session_start);
  void step(const Sample& in, SampleBatch& out) noexcept;
  void save(std::span<std::byte> to) noexcept;

  /// What a stream's samples are for.
  struct Route {
    enum class Kind : std::uint8_t {
      pass,
      inertial,
      scan,
      loss,
      facts,
      link,
      sync,
      side,
      message,
      command,
      tick,
      event
    } kind = Kind::pass;
    std::uint16_t device = 0;
  };
  struct State {
    std::int64_t next_grid = -1;  ///< ms since the session's start
    std::int64_t forced_until = -1;
    std::uint64_t event_seq = 0, gap_seq = 0;
    SquatFeedback squat{};
    CommandText command{};
  };
  /// One entry per device, plate and IMU of the settings, in their order.
  const Settings settings;
  const TimeNs start;
  State state;
  TextWriter events, gaps;
  std::vector<Route> routes;  ///< by stream
  std::vector<std::unique_ptr<DeviceInput>> devices;
  std::vector<std::unique_ptr<ForcePlate>> plates;
  std::vector<std::unique_ptr<InertialSensor>> imus;
  std::vector<DeviceInput*> plate_device, imu_device, source_device;  ///< source: first the plates, then the IMUs
  std::size_t short_source = 0;                                       ///< no state: it changes no result
  std::unique_ptr<FastLane> fast;
  std::unique_ptr<LabCommands> commands;
  std::vector<std::unique_ptr<Metric>> metrics;
  std::vector<PlateFrame> plate_frames;
  std::vector<ImuFrame> imu_frames;
  StatePieces pieces;
  std::vector<std::byte> snapshot;

 private:
  void add_devices(StreamTable& table);
  void add_metrics(StreamTable& table);
  void add_routes(const StreamTable& table);
  DeviceInput& device_of(const std::string& stream, const StreamTable& table);
  void take_raw(DeviceInput& device, const Sample& in, bool inertial, SampleBatch& out) noexcept;
  void take_command(const Sample& s, SampleBatch& out) noexcept;
  void take_tick(const Sample& s, SampleBatch& out) noexcept;
  bool covers(std::size_t source, TimeNs t) const noexcept;
  bool covered(TimeNs t) noexcept;
  void advance_grid(const Sample& cause, SampleBatch& out) noexcept;
  void emit_frame(const Sample& cause, SampleBatch& out) noexcept;
};

Pipeline::Impl::Impl(const Settings& s, StreamTable& table, TimeNs session_start) : settings(s), start(session_start) {
  events = TextWriter(table.id("events"));
  gaps = TextWriter(table.id("gaps"));
  add_devices(table);
  for (const PlateSettings& p : settings.plates) {
    DeviceInput& d = device_of(p.stream, table);
    plates.push_back(std::make_unique<ForcePlate>(p, settings.filter, settings.thresholds, 1 / d.nominal_interval_s()));
    plate_device.push_back(&d);
  }
  for (const ImuSettings& i : settings.imus) {
    DeviceInput& d = device_of(i.stream, table);
    imus.push_back(std::make_unique<InertialSensor>(i, table[d.stream()], d.nominal_interval_s()));
    imu_device.push_back(&d);
  }
  if (plates.size() > kMaxPlates || imus.size() > kMaxImus)
    throw std::invalid_argument("at most 4 plates and 16 IMUs make a rig");
  source_device = plate_device;
  source_device.insert(source_device.end(), imu_device.begin(), imu_device.end());
  plate_frames.resize(plates.size());
  imu_frames.resize(imus.size());
  fast = std::make_unique<FastLane>(settings, table);
  commands = std::make_unique<LabCommands>(settings, plates, plate_device, imus, imu_device, events, state.event_seq);
  add_metrics(table);
  add_routes(table);

  add_state(pieces, state);
  fast->states(pieces);
  commands->states(pieces);
  for (auto& d : devices) d->states(pieces);
  for (auto& p : plates) p->states(pieces);
  for (auto& i : imus) i->states(pieces);
  for (auto& m : metrics) m->states(pieces);
  std::size_t size = 0;
  for (const auto& piece : pieces) size += piece.bytes.size();
  snapshot.resize(size);
}

void Pipeline::Impl::add_devices(StreamTable& table) {
  for (const DeviceSettings& device : settings.devices)
    for (const char* main : {"scan", "inertial"})
      if (const auto id = table.find("raw/" + device.name + "/" + main))
        devices.push_back(std::make_unique<DeviceInput>(device, main, *id, table, start));
  const auto named = [&](const std::string& name) {
    const auto at = std::find_if(devices.begin(), devices.end(), [&](const auto& d) { return d->name() == name; });
    return at == devices.end() ? nullptr : at->get();
  };
  for (const DeviceSettings& device : settings.devices) {
    if (device.clock == "own") continue;
    DeviceInput *const one = named(device.name), *const master = named(device.clock);
    if (!one || !master || one == master)
      throw std::invalid_argument("'" + device.name + "' has no clock '" + device.clock + "'");
    one->follow(*master);
  }
}

DeviceInput& Pipeline::Impl::device_of(const std::string& stream, const StreamTable& table) {
  const auto id = table.find(stream);
  for (auto& d : devices)
    if (id && d->stream() == *id) return *d;
  throw std::invalid_argument("no device delivers the stream '" + stream + "'");
}

void Pipeline::Impl::add_metrics(StreamTable& table) {
  const FilterSettings& f = settings.filter;
  MetricSetup setup{settings,
                    table,
                    events.id(),
                    state.event_seq,
                    butterworth_delay_s(f.order, f.cutoff_hz, 1000),
                    noise_gain(butterworth(f.order, f.cutoff_hz, 1000)),
                    {},
                    {}};
  for (const auto& p : plates) {
    setup.plates.push_back({p->model().pose().center, p->model().surface_z()});
    setup.covariance.push_back(&p->lab_covariance());
  }
  for (const MetricMaker make : metric_registry()) metrics.push_back(make(setup));
}

void Pipeline::Impl::add_routes(const StreamTable& table) {
  routes.resize(table.size());
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const auto index = static_cast<std::uint16_t>(i);
    const bool inertial = std::find(imu_device.begin(), imu_device.end(), devices[i].get()) != imu_device.end();
    routes[devices[i]->stream()] = {inertial ? Route::Kind::inertial : Route::Kind::scan, index};
    if (devices[i]->loss() != kNoStream) routes[devices[i]->loss()] = {Route::Kind::loss, index};
    if (devices[i]->sync() != kNoStream) routes[devices[i]->sync()] = {Route::Kind::sync, index};
    if (devices[i]->side() != kNoStream) routes[devices[i]->side()] = {Route::Kind::side, index};
    if (devices[i]->messages() != kNoStream) routes[devices[i]->messages()] = {Route::Kind::message, index};
    if (devices[i]->link() != kNoStream) routes[devices[i]->link()] = {Route::Kind::link, index};
    if (devices[i]->facts() != kNoStream) routes[devices[i]->facts()] = {Route::Kind::facts, index};
  }
  routes[table.id("commands")] = {Route::Kind::command, 0};
  routes[table.id("ticks")] = {Route::Kind::tick, 0};
  if (const auto truth = table.find("truth/events")) routes[*truth] = {Route::Kind::event, 0};
}

void Pipeline::Impl::step(const Sample& in, SampleBatch& out) noexcept {
  const Route route = in.stream < routes.size() ? routes[in.stream] : Route{};
  switch (route.kind) {
    case Route::Kind::pass:
      return out.push(in);
    case Route::Kind::event: {  // what a stimulus announces is an event of the session, too
      out.push(in);
      Sample copy = in;
      copy.stream = events.id();
      copy.seq = in.part == 0 ? state.event_seq++ : state.event_seq - 1;
      return out.push(copy);
    }
    case Route::Kind::loss:
      return devices[route.device]->take_loss(in, gaps, state.gap_seq, out);
    case Route::Kind::facts:
      return devices[route.device]->take_facts(in, out);
    case Route::Kind::link:
      return devices[route.device]->take_link(in, out);
    case Route::Kind::sync:
      return devices[route.device]->take_edge(in, events, state.event_seq, out);
    case Route::Kind::side:
      return devices[route.device]->take_side(in, gaps, state.gap_seq, out);
    case Route::Kind::message:
      return devices[route.device]->take_message(in, events.id(), state.event_seq, out);
    case Route::Kind::command:
      return take_command(in, out);
    case Route::Kind::scan:
    case Route::Kind::inertial:
      take_raw(*devices[route.device], in, route.kind == Route::Kind::inertial, out);
      break;
    case Route::Kind::tick:
      take_tick(in, out);
      break;
  }
  advance_grid(in, out);
}

void Pipeline::Impl::take_raw(DeviceInput& device, const Sample& in, bool inertial, SampleBatch& out) noexcept {
  Sample s = in;
  const auto [lost, restarted] = device.accept(s, gaps, state.gap_seq, out);
  if (state.next_grid < 0) state.next_grid = (s.t - start) / kMs + 1;
  std::array<std::int32_t, 16> codes;
  std::uint32_t clipped = 0;
  if (!inertial) {
    for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = value<std::int32_t>(in, i);
    clipped = device.clipped(codes);
  }
  Sample& passed = out.next(in);  // not `s`: to read at once what has just been written in pieces takes longer
  passed.seq = s.seq;
  passed.t = s.t;
  passed.flags = static_cast<std::uint16_t>(s.flags | (clipped ? kClipped : 0));
  passed.epoch = s.epoch;
  if (inertial) {
    for (std::size_t i = 0; i < imus.size(); ++i)
      if (imu_device[i] == &device) {
        imus[i]->take(s, device.interval_s(), restarted ? 0 : lost, restarted);
        fast->imu(i, s, imus[i]->newest_rate_rad_s(), out);
      }
    return;
  }
  bool over_range = clipped != 0;
  for (std::size_t i = 0; i < plates.size(); ++i)
    if (plate_device[i] == &device) {
      plates[i]->take(s.t, seconds(s.t - start), codes, clipped, s.flags, device.adc());
      plates[i]->tell_drift(seconds(s.t - start), device.adc(), s, events, state.event_seq, out);
      fast->plate(i, s, plates[i]->newest(), plates[i]->clipped(), out);
      over_range |= plates[i]->clipped();
    }
  if (over_range) ++device.over_range();
  commands->scan(s, out);
}

void Pipeline::Impl::take_command(const Sample& s, SampleBatch& out) noexcept {
  const bool whole = state.command.add(s);
  const std::string_view verb = state.command.verb();
  if (whole && verb == "record_start") save(snapshot);  // a recording starts with what was known before it
  if (whole && verb == "record_stop")
    for (auto& d : devices) d->end_trial(s, gaps, state.gap_seq, out);
  out.push(s);
  if (!whole) return;
  if (verb == "record_start") {
    for (auto& d : devices) d->begin_trial(s.t), d->repeat_facts(s, out);
  } else if (verb == "mark" || verb == "device" || verb == "calibrate_result") {
    if (verb == "device")
      for (auto& d : devices)
        if (state.command.says("device", d->name()))
          d->take_state(state.command.string("state"), state.command.string("trouble"));
    const std::string_view all = state.command.all();
    events.write(out, row_time(s), state.event_seq, "%.*s", static_cast<int>(all.size()), all.data());
  } else {
    commands->take(state.command, s, out);
  }
}

void Pipeline::Impl::take_tick(const Sample& s, SampleBatch& out) noexcept {
  out.push(s);
  const auto wait = static_cast<TimeNs>(settings.engine.max_wait_ms * 1e6);
  state.forced_until = (s.t - wait - start) / kMs;
  for (auto& d : devices) d->tick(s, wait, gaps, state.gap_seq, events, state.event_seq, out);
  if (s.seq % 100 == 99)
    for (auto& i : imus) i->estimate_axis(row_time(s), events, state.event_seq, out);
  commands->tick(s, out);
}

bool Pipeline::Impl::covers(std::size_t source, TimeNs t) const noexcept {
  const auto answer = [&](const auto& one) {
    return one.passed(t) || (!one.short_of(t) && one.covers(t, source_device[source]->interval_s()));
  };
  return source < plates.size() ? answer(*plates[source]) : answer(*imus[source - plates.size()]);
}

bool Pipeline::Impl::covered(TimeNs t) noexcept {
  const std::size_t sources = source_device.size();
  // Whoever was short last time most likely still is.
  if (short_source < sources && source_device[short_source]->streaming() && !covers(short_source, t)) return false;
  bool any = false;
  for (std::size_t i = 0; i < sources; ++i) {
    if (!source_device[i]->streaming()) continue;
    any = true;
    if (covers(i, t)) continue;
    short_source = i;
    return false;
  }
  return any;
}

void Pipeline::Impl::advance_grid(const Sample& cause, SampleBatch& out) noexcept {
  if (state.next_grid < 0) return;
  while (covered(start + state.next_grid * kMs) || state.next_grid <= state.forced_until) {
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
  for (std::size_t i = 0; i < plates.size(); ++i)
    plates[i]->at(frame.t, plate_device[i]->interval_s(), plate_frames[i]);
  for (std::size_t i = 0; i < imus.size(); ++i) imus[i]->at(frame.t, imu_device[i]->interval_s(), imu_frames[i]);
  frame.plates = plate_frames;
  frame.imus = imu_frames;
  frame.squat = &state.squat;
  commands->before_metrics(frame, out);
  for (auto& m : metrics) m->update(frame, out);
  commands->after_metrics(frame, out);
}

void Pipeline::Impl::save(std::span<std::byte> to) noexcept {
  std::size_t used = 0;
  for (const auto& piece : pieces) {
    if (used + piece.bytes.size() > to.size()) return;
    piece.clear_padding(piece.bytes.data());
    std::memcpy(to.data() + used, piece.bytes.data(), piece.bytes.size());
    used += piece.bytes.size();
  }
}

Pipeline::Pipeline(const Settings& settings, StreamTable& streams, TimeNs session_start)
    : impl_(std::make_unique<Impl>(settings, streams, session_start)) {}
Pipeline::~Pipeline() = default;

std::vector<Pipeline::DeviceCounter> Pipeline::counters() const {
  std::vector<DeviceCounter> all;
  for (const auto& d : impl_->devices)
    if (d->scans()) all.push_back({d->name(), &d->over_range()});
  return all;
}

void Pipeline::step(const Sample& sample, SampleBatch& out) noexcept { impl_->step(sample, out); }
std::span<const std::byte> Pipeline::snapshot() const noexcept { return impl_->snapshot; }
std::size_t Pipeline::state_size() const noexcept { return impl_->snapshot.size(); }
void Pipeline::save_state(std::span<std::byte> to) noexcept { impl_->save(to); }

bool Pipeline::load_state(std::span<const std::byte> from) noexcept {
  if (from.size() != state_size()) return false;
  std::size_t used = 0;
  for (auto& piece : impl_->pieces) {
    std::memcpy(piece.bytes.data(), from.data() + used, piece.bytes.size());
    used += piece.bytes.size();
  }
  return true;
}

}  // namespace grfd
