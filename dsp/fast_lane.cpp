#include "dsp/fast_lane.hpp"
#include "dsp/quaternion.hpp"

#include <limits>

#include "dsp/metric.hpp"
#include "dsp/plate_model.hpp"

namespace grfd {
namespace {
constexpr TimeNs kStale = 20'000'000;  // a shank rate older than that belongs to another movement
}  // namespace

FastLane::FastLane(const Settings& settings, StreamTable& streams) {
  for (const PlateSettings& plate : settings.plates) {
    StreamInfo info;
    info.name = "fast/plate/" + plate.name;
    info.kind = StreamKind::calibrated;
    info.type = ValueType::f32;
    info.columns = {{"fx", "N"}, {"fy", "N"}, {"fz", "N"}, {"mx", "N.m"}, {"my", "N.m"}, {"mz", "N.m"}};
    info.device = info.clock = device_in(plate.stream);
    info.serial = plate.calibration.serial;
    if (const auto raw = streams.find(plate.stream)) info.rate_hz = streams[*raw].rate_hz;
    info.frame = kLabFrame;
    info.point = "moments about the centre of the plate's top surface";
    info.sign = "force of the plate on the subject, fz > 0 in standing";
    info.formula = wrench_formula(plate.calibration);
    info.parameters =
        "unfiltered; " + wrench_parameters(plate.calibration) + "; at the device's own samples, not on the grid";
    info.live_only = true;
    info.description = "plate/" + plate.name + " without delay, for biofeedback; sent at once";
    plates_.push_back({RowWriter(streams.add(info), info)});
  }
  for (const Side side : {Side::left, Side::right}) {
    const int shank = imu_on(settings, Segment::shank, side), foot = imu_on(settings, Segment::foot, side);
    if (shank < 0 || foot < 0) continue;
    const std::string& stream = settings.imus[static_cast<std::size_t>(foot)].stream;
    StreamInfo info;
    info.name = std::string("fast/ankle/") + to_string(side);
    info.type = ValueType::f32;
    info.columns = {
        {"dorsiflexion_rate", "deg/s"}, {"shank_rate", "deg/s"}, {"foot_rate", "deg/s"}, {"shank_age", "s"}};
    info.device = source_devices({settings.imus[static_cast<std::size_t>(shank)].stream, stream});
    info.clock = device_in(stream);
    if (const auto raw = streams.find(stream)) info.rate_hz = streams[*raw].rate_hz;
    info.frame = kSegmentFrame;
    info.sign = "+ = dorsiflexion, shank leaning forward, heel up";
    info.formula = "rate-exact-gyro";
    info.parameters =
        "unfiltered; at the samples of the foot's sensor, with the newest sample of the shank's (shank_age before it)";
    info.live_only = true;
    info.description = "rate of dorsiflexion without delay, for biofeedback; sent at once";
    ankles_.push_back({shank, foot, RowWriter(streams.add(info), info)});
  }
}

void FastLane::plate(std::size_t i, const Sample& scan, const Wrench6& surface, bool clipped,
                     SampleBatch& out) noexcept {
  RowTime time = row_time(scan);
  time.flags =
      static_cast<std::uint16_t>((scan.flags & (kGapBefore | kClockUnsettled | kNewEpoch)) | (clipped ? kClipped : 0));
  plates_[i].writer.write(out, time, surface, state_.plate_seq[i]);
}

void FastLane::imu(std::size_t i, const Sample& sample, double rate_rad_s, SampleBatch& out) noexcept {
  const int sensor = static_cast<int>(i);
  for (std::size_t a = 0; a < ankles_.size(); ++a) {
    if (sensor == ankles_[a].shank) {
      state_.shank_rate_rad_s[a] = rate_rad_s;
      state_.shank_t[a] = sample.t;
    }
    if (sensor != ankles_[a].foot) continue;
    const TimeNs age = sample.t - state_.shank_t[a];
    const bool known = state_.shank_t[a] != 0 && age < kStale && age > -kStale;
    const double shank = known ? state_.shank_rate_rad_s[a] / kRadPerDeg : std::numeric_limits<double>::quiet_NaN();
    const double foot = rate_rad_s / kRadPerDeg;
    RowTime time = row_time(sample);
    time.flags = sample.flags & (kGapBefore | kClockUnsettled | kNewEpoch);
    ankles_[a].writer.write(
        out, time, {shank - foot, shank, foot, known ? seconds(age) : std::numeric_limits<double>::quiet_NaN()},
        state_.ankle_seq[a]);
  }
}

}  // namespace grfd
