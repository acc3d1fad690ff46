#include "bench/stages.hpp"

#include <cstdlib>

#include "bench/bench.hpp"
#include "dsp/device_input.hpp"
#include "dsp/force_plate.hpp"
#include "dsp/inertial_sensor.hpp"
#include "dsp/metric.hpp"

namespace grfd::bench {
namespace {

constexpr TimeNs kMs = 1'000'000;
constexpr TimeNs kSlice = 100 * kMs;  ///< short enough for the rings of the resamplers and for the cache

/// Adds up the processor time of laps.
class Lap {
 public:
  void operator()(double& sum) {
    const std::int64_t now = cpu_ns();
    sum += static_cast<double>(now - at_);
    at_ = now;
  }
  void skip() { at_ = cpu_ns(); }

 private:
  std::int64_t at_ = cpu_ns();
};

/// A device, what it feeds, and its samples.
struct Source {
  std::unique_ptr<DeviceInput> input;
  std::vector<std::size_t> plates, imus;
  std::vector<Sample> samples;
  std::size_t next = 0, last = 0;  ///< of the slice
};

struct Replay {
  const Rig& rig;
  StreamTable table;  // of the raw streams and of what the stages add
  TextWriter gaps;
  std::uint64_t event_seq = 0, gap_seq = 0;
  std::vector<Sample> storage = std::vector<Sample>(1024);
  SampleBatch out{storage, [](void*, std::span<const Sample>) noexcept {}, nullptr};
  std::vector<Source> sources;
  std::vector<std::unique_ptr<ForcePlate>> plates;
  std::vector<std::unique_ptr<InertialSensor>> imus;
  std::vector<DeviceInput*> plate_device, imu_device;
  std::vector<std::vector<PlateFrame>> plate_frames;
  std::vector<std::vector<ImuFrame>> imu_frames;
  std::vector<StageTime> times;

  explicit Replay(const Rig& r);
  void grid();
  void metrics();
};

Replay::Replay(const Rig& r) : rig(r) {
  const StreamTable& all = rig.assembly->session.streams;
  for (StreamId id = 0; id <= rig.assembly->events; ++id)
    table.add(all[id]);  // what is there before the pipeline's own
  gaps = TextWriter(rig.assembly->gaps);
  for (const DeviceSettings& device : rig.settings.devices)
    for (const char* main : {"scan", "inertial"}) {
      const std::string name = "raw/" + device.name + "/" + main;
      const auto id = table.find(name);
      if (!id) continue;
      Source& source = sources.emplace_back();
      source.input = std::make_unique<DeviceInput>(device, main, *id, table, kStart);
      for (const Sample& s : rig.raw)
        if (s.stream == *id) source.samples.push_back(s);
      for (std::size_t i = 0; i < rig.settings.plates.size(); ++i)
        if (rig.settings.plates[i].stream == name) source.plates.push_back(i);
      for (std::size_t i = 0; i < rig.settings.imus.size(); ++i)
        if (rig.settings.imus[i].stream == name) source.imus.push_back(i);
    }
  const auto device_of = [&](const std::string& stream) {
    for (Source& s : sources)
      if (table[s.input->stream()].name == stream) return s.input.get();
    std::abort();
  };
  for (const PlateSettings& p : rig.settings.plates) {
    plate_device.push_back(device_of(p.stream));
    plates.push_back(std::make_unique<ForcePlate>(p, rig.settings.filter, rig.settings.thresholds,
                                                  1 / plate_device.back()->nominal_interval_s()));
  }
  for (const ImuSettings& i : rig.settings.imus) {
    imu_device.push_back(device_of(i.stream));
    imus.push_back(std::make_unique<InertialSensor>(i, table[imu_device.back()->stream()],
                                                    imu_device.back()->nominal_interval_s()));
  }
}

void Replay::grid() {
  double clock_ns = 0, plate_ns = 0, imu_ns = 0, grid_ns = 0;
  const TimeNs end = kStart + static_cast<TimeNs>(rig.seconds * 1e9);
  TimeNs next_grid = kStart + kMs;
  bool tared = false, posed = false;
  for (TimeNs t = kStart + kSlice; t <= end; t += kSlice) {
    if (!tared && t > kStart + static_cast<TimeNs>(rig.settings.record.tare_at_start_s * 1e9)) {
      for (std::size_t i = 0; i < plates.size(); ++i) plates[i]->start_tare(plate_device[i]->adc());
      tared = true;
    }
    Lap lap;
    for (Source& s : sources)
      for (s.last = s.next; s.last < s.samples.size() && s.samples[s.last].t_arrival < t; ++s.last)
        s.input->accept(s.samples[s.last], gaps, gap_seq, out);
    lap(clock_ns);
    for (Source& s : sources)
      if (!s.plates.empty())
        for (std::size_t i = s.next; i < s.last; ++i) {
          std::array<std::int32_t, 16> codes;
          for (std::size_t k = 0; k < codes.size(); ++k) codes[k] = value<std::int32_t>(s.samples[i], k);
          const std::uint32_t clipped = s.input->clipped(codes);
          for (const std::size_t p : s.plates)
            plates[p]->take(s.samples[i].t, seconds(s.samples[i].t - kStart), codes, clipped, s.samples[i].flags,
                            s.input->adc());
        }
    lap(plate_ns);
    for (Source& s : sources)
      for (const std::size_t k : s.imus)
        for (std::size_t i = s.next; i < s.last; ++i) imus[k]->take(s.samples[i], s.input->interval_s(), 0, false);
    lap(imu_ns);
    for (Source& s : sources) s.next = s.last;
    for (std::size_t i = 0; i < plates.size(); ++i)
      if (plates[i]->tare_complete()) plates[i]->finish_tare(plate_device[i]->adc());
    if (!posed && t > kStart + 7000 * kMs && imus[0]->at_rest()) {  // the subject stands still from 4 to 8 s
      for (auto& i : imus) i->capture_pose();
      posed = true;
    }
    lap.skip();
    bool covered = true;
    for (;; next_grid += kMs) {
      for (std::size_t i = 0; covered && i < plates.size(); ++i)
        covered = plates[i]->covers(next_grid, plate_device[i]->interval_s());
      for (std::size_t i = 0; covered && i < imus.size(); ++i)
        covered = imus[i]->covers(next_grid, imu_device[i]->interval_s());
      if (!covered) break;
      auto& p = plate_frames.emplace_back(plates.size());
      auto& m = imu_frames.emplace_back(imus.size());
      for (std::size_t i = 0; i < plates.size(); ++i) plates[i]->at(next_grid, plate_device[i]->interval_s(), p[i]);
      for (std::size_t i = 0; i < imus.size(); ++i) imus[i]->at(next_grid, imu_device[i]->interval_s(), m[i]);
    }
    lap(grid_ns);
  }
  times.push_back({"clock and numbering, 5 devices", clock_ns});
  times.push_back({"plates: calibration, tare, filter, 2", plate_ns});
  times.push_back({"IMU chain, 4", imu_ns});
  times.push_back({"all at the grid's time", grid_ns});
}

void Replay::metrics() {
  const FilterSettings& f = rig.settings.filter;
  const auto all_metrics = [&](StreamTable& streams) {
    MetricSetup setup{rig.settings,
                      streams,
                      rig.assembly->events,
                      event_seq,
                      butterworth_delay_s(f.order, f.cutoff_hz, 1000),
                      noise_gain(butterworth(f.order, f.cutoff_hz, 1000)),
                      {},
                      {}};
    for (const auto& p : plates) {
      setup.plates.push_back({p->model().pose().center, p->model().surface_z()});
      setup.covariance.push_back(&p->lab_covariance());
    }
    std::vector<std::unique_ptr<Metric>> all;
    for (const MetricMaker make : metric_registry()) all.push_back(make(setup));
    return all;
  };
  // Once all together, to have what each leaves for the next; then each alone over the frames of a slice.
  std::vector<Frame> frames(plate_frames.size());
  std::vector<SquatFeedback> feedback(frames.size());
  StreamTable first_table = table, second_table = table;
  const auto first = all_metrics(first_table), second = all_metrics(second_table);
  SquatFeedback live;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    Frame& frame = frames[i];
    frame.t = frame.t_arrival = kStart + static_cast<TimeNs>(i + 1) * kMs;
    frame.t_s = static_cast<double>(i + 1) * 1e-3;
    frame.index = i + 1;
    frame.plates = plate_frames[i];
    frame.imus = imu_frames[i];
    feedback[i] = live;
    frame.squat = &live;
    for (auto& m : first) m->update(frame, out);
    frame.squat = &feedback[i];
  }
  const char* const names[] = {"metric plate",     "metric force rate", "metric cop",
                               "metric asymmetry", "metric ankle",      "metric joint angle",
                               "metric pelvis",    "metric thigh",      "metric squat"};
  std::vector<double> ns(second.size());
  double loading = 0;
  constexpr std::size_t kFrames = static_cast<std::size_t>(kSlice / kMs);
  for (std::size_t from = 0; from < frames.size(); from += kFrames) {
    const std::size_t to = std::min(frames.size(), from + kFrames);
    for (std::size_t i = from; i < to; ++i)  // into the cache, where the pipeline has them
      loading += frames[i].t_s + frames[i].plates[1].wrench[5] * 0 + frames[i].imus[3].axial_rate_rad_s * 0 +
                 frames[i].derived.fy_n[0] * 0;
    Lap lap;
    for (std::size_t k = 0; k < second.size(); ++k) {
      for (std::size_t i = from; i < to; ++i) second[k]->update(frames[i], out);
      out.flush();
      lap(ns[k]);
    }
  }
  if (loading == 0) std::abort();
  for (std::size_t k = 0; k < ns.size(); ++k)
    times.push_back({k < std::size(names) ? names[k] : "another metric", ns[k]});
}

}  // namespace

std::vector<StageTime> time_stages(const Rig& rig) {
  Replay replay(rig);
  replay.grid();
  replay.metrics();
  return std::move(replay.times);
}

}  // namespace grfd::bench
