#include "bench/stages.hpp"

#include <cmath>
#include <cstdlib>

#include "bench/bench.hpp"
#include "dsp/clock_map.hpp"
#include "dsp/force_source.hpp"
#include "dsp/imu_chain.hpp"
#include "dsp/metric.hpp"

namespace grfd::bench {
namespace {

constexpr double kGravity = 9.80665;
constexpr TimeNs kMs = 1'000'000;

struct Imu {
  ImuChain chain{1e-3};
  Resampler<2> angles, rates;
};

/// Everything between the stages is kept, so that each is timed alone.
struct Replay {
  const Rig& rig;
  std::vector<StreamId> main;               // of each device; 0 = the plates' converter
  std::vector<std::vector<Sample>> samples;  // of each device
  std::vector<std::unique_ptr<ForcePlate>> plates;
  std::vector<std::unique_ptr<Imu>> imus;
  std::vector<StageTime> times;
  std::vector<std::vector<PlateFrame>> plate_frames;
  std::vector<std::vector<ImuFrame>> imu_frames;

  template <class Work>
  void stage(const char* name, Work work) {
    const std::int64_t before = cpu_ns();
    work();
    times.push_back({name, static_cast<double>(cpu_ns() - before)});
  }
  explicit Replay(const Rig& r);
  void clocks();
  void sources_and_grid();
  void metrics();
};

Replay::Replay(const Rig& r) : rig(r) {
  const StreamTable& table = rig.assembly->session.streams;
  for (const DeviceSettings& device : rig.settings.devices) {
    const bool scan = table.find("raw/" + device.name + "/scan").has_value();
    main.push_back(table.id("raw/" + device.name + (scan ? "/scan" : "/inertial")));
    samples.emplace_back();
    for (const Sample& s : rig.raw)
      if (s.stream == main.back()) samples.back().push_back(s);
  }
  for (const PlateSettings& p : rig.settings.plates)
    plates.push_back(std::make_unique<ForcePlate>(p, rig.settings.filter, rig.settings.thresholds, 1000));
  for (const ImuSettings& i : rig.settings.imus) {
    imus.push_back(std::make_unique<Imu>());
    imus.back()->chain.set_axis(i.ml_axis_left);
  }
}

void Replay::clocks() {
  std::vector<std::unique_ptr<ClockMap>> maps;
  for (std::size_t d = 0; d < samples.size(); ++d) maps.push_back(std::make_unique<ClockMap>());
  stage("clock and stamp, 5 devices", [&] {
    for (std::size_t d = 0; d < samples.size(); ++d)
      for (Sample& s : samples[d]) {
        const auto n = static_cast<std::int64_t>(s.seq - samples[d].front().seq);
        maps[d]->push(n, seconds(s.t_arrival - kStart));
        s.t = kStart + static_cast<TimeNs>(std::llround(maps[d]->stamp(n) * 1e9));
      }
  });
}

/// A second of each device at a time, then the grid of that second: the rings of the resamplers hold a quarter.
void Replay::sources_and_grid() {
  const TimeNs end = kStart + static_cast<TimeNs>(rig.seconds * 1e9);
  std::vector<std::size_t> next(samples.size());
  std::vector<std::vector<Aligned>> aligned;
  std::vector<std::vector<SegmentMotion>> motion(imus.size());
  std::int64_t plate_ns = 0, imu_ns = 0, push_ns = 0, grid_ns = 0;
  const AdcCalibration adc;
  bool taring = false;
  TimeNs grid = kStart + kMs;
  constexpr TimeNs kSlice = 100 * kMs;
  for (TimeNs t = kStart + kSlice; t <= end; t += kSlice) {
    if (!taring && t > kStart + 500 * kMs) {
      for (auto& p : plates) p->start_tare(adc);
      taring = true;
    }
    std::int64_t at = cpu_ns();
    const auto lap = [&at](std::int64_t& sum) {
      const std::int64_t now = cpu_ns();
      sum += now - at;
      at = now;
    };
    std::vector<std::size_t> last = next;
    for (std::size_t d = 0; d < samples.size(); ++d)
      while (last[d] < samples[d].size() && samples[d][last[d]].t < t) ++last[d];
    at = cpu_ns();
    ClipDetector clip;
    for (std::size_t i = next[0]; i < last[0]; ++i) {
      const Sample& s = samples[0][i];
      std::array<std::int32_t, 16> codes;
      for (std::size_t k = 0; k < 16; ++k) codes[k] = value<std::int32_t>(s, k);
      const std::uint32_t clipped = clip.push(codes);
      for (auto& p : plates) p->take(s.t, seconds(s.t - kStart), codes, clipped, s.flags, adc);
    }
    lap(plate_ns);
    for (auto& p : plates)
      if (p->tare_complete()) p->finish_tare(adc);
    at = cpu_ns();
    for (std::size_t d = 1; d < samples.size(); ++d) {
      motion[d - 1].clear();
      for (std::size_t i = next[d]; i < last[d]; ++i) {
        const Sample& s = samples[d][i];
        InertialInput in;
        for (std::size_t k = 0; k < 3; ++k) {
          in.force_m_s2[k] = static_cast<double>(value<float>(s, k)) * kGravity;
          in.gyro_rad_s[k] = static_cast<double>(value<float>(s, 3 + k));
        }
        in.interval_s = 1e-3;
        motion[d - 1].push_back(imus[d - 1]->chain.step(in));
      }
    }
    lap(imu_ns);
    for (std::size_t d = 1; d < samples.size(); ++d)
      for (std::size_t i = next[d]; i < last[d]; ++i) {
        const SegmentMotion& m = motion[d - 1][i - next[d]];
        imus[d - 1]->angles.push(samples[d][i].t, {m.theta_rad, m.frontal_rad}, 0);
        imus[d - 1]->rates.push(samples[d][i].t, {m.theta_rate_rad_s, m.gyro_z_rad_s}, 0);
      }
    lap(push_ns);
    next = last;
    for (; grid < t - 10 * kMs; grid += kMs) {
      bool covered = true;
      for (auto& p : plates) covered &= p->covers(grid, 1e-3);
      for (auto& i : imus) covered &= i->angles.covers(grid, 1e-3) && i->rates.covers(grid, 1e-3);
      auto& pf = plate_frames.emplace_back(plates.size());
      auto& mf = imu_frames.emplace_back(imus.size());
      for (std::size_t p = 0; p < plates.size(); ++p) plates[p]->at(grid, 1e-3, pf[p]);
      for (std::size_t i = 0; i < imus.size(); ++i) {
        std::array<double, 2> a, r;
        const Aligned x = imus[i]->angles.at(grid, 1e-3, a), y = imus[i]->rates.at(grid, 1e-3, r);
        mf[i] = {a[0], a[1], r[0], r[1], static_cast<std::uint16_t>(grid_flags(x) | grid_flags(y) | (covered ? 0 : 1))};
      }
    }
    lap(grid_ns);
    if (static_cast<double>(plate_frames.size()) * 1e-3 > 7 && imus[0]->chain.filter().rest && !imus[0]->chain.segment().has_pose)
      for (auto& i : imus) i->chain.capture_pose();
  }
  times.push_back({"plates: calibration, tare, filter, 2", static_cast<double>(plate_ns)});
  times.push_back({"IMU chain, 4", static_cast<double>(imu_ns)});
  times.push_back({"alignment of all to the grid", static_cast<double>(push_ns + grid_ns)});
}

void Replay::metrics() {
  StreamTable table;
  const StreamId events = table.add([] {
    StreamInfo info;
    info.name = "events";
    info.type = ValueType::text;
    info.columns = {{"name", ""}, {"detail", "json"}};
    return info;
  }());
  const FilterSettings& filter = rig.settings.filter;
  std::uint64_t event_seq = 0;
  MetricSetup setup{rig.settings, table, events, event_seq, butterworth_delay_s(filter.order, filter.cutoff_hz, 1000),
                    noise_gain(butterworth(filter.order, filter.cutoff_hz, 1000)), {}, {}};
  for (const auto& p : plates) {
    setup.plates.push_back({p->model().pose().center, p->model().surface_z()});
    setup.covariance.push_back(&p->lab_covariance());
  }
  std::vector<Sample> storage(1024);
  SampleBatch out(storage, [](void*, std::span<const Sample>) noexcept {}, nullptr);
  const char* const names[] = {"metric plate", "metric cop", "metric asymmetry", "metric ankle", "metric squat"};
  // Once all together, to have what each leaves for the next; then each alone over all frames.
  std::vector<Frame> frames(plate_frames.size());
  std::vector<SquatFeedback> feedback(frames.size() + 1);
  const auto frame_at = [&](std::size_t i) {
    Frame f;
    f.t = f.t_arrival = kStart + static_cast<TimeNs>(i + 1) * kMs;
    f.t_s = static_cast<double>(i + 1) * 1e-3;
    f.index = i + 1;
    f.plates = plate_frames[i];
    f.imus = imu_frames[i];
    return f;
  };
  std::vector<std::unique_ptr<Metric>> all;
  for (const MetricMaker make : metric_registry()) all.push_back(make(setup));
  SquatFeedback live;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    frames[i] = frame_at(i);
    feedback[i] = live;
    frames[i].squat = &live;
    for (auto& m : all) m->update(frames[i], out);
    frames[i].squat = &feedback[i];
  }
  // again from the start, with streams of their own
  StreamTable again = StreamTable();
  again.add(table[events]);
  MetricSetup fresh{rig.settings, again, events, event_seq, setup.filter_delay_s, setup.filter_noise_gain, setup.plates, setup.covariance};
  all.clear();
  for (const MetricMaker make : metric_registry()) all.push_back(make(fresh));
  std::vector<std::int64_t> ns(all.size());
  constexpr std::size_t kSlice = 200;  // few enough frames to stay in the cache, as they do in the pipeline
  for (std::size_t from = 0; from < frames.size(); from += kSlice) {
    const std::size_t to = std::min(frames.size(), from + kSlice);
    std::uint16_t warm = 0;
    for (std::size_t i = from; i < to; ++i) warm |= static_cast<std::uint16_t>(frames[i].plates[0].flags | frames[i].imus[0].flags);
    for (std::size_t k = 0; k < all.size(); ++k) {
      const std::int64_t before = cpu_ns();
      for (std::size_t i = from; i < to; ++i) all[k]->update(frames[i], out);
      out.flush();
      ns[k] += cpu_ns() - before;
    }
    if (warm == 0xffff) std::abort();  // keeps the reads
  }
  for (std::size_t k = 0; k < all.size(); ++k) times.push_back({k < std::size(names) ? names[k] : "another metric", static_cast<double>(ns[k])});
}

}  // namespace

std::vector<StageTime> time_stages(const Rig& rig) {
  Replay replay(rig);
  replay.clocks();
  replay.sources_and_grid();
  replay.metrics();
  return std::move(replay.times);
}

}  // namespace grfd::bench
