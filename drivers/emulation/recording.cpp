#include "drivers/emulation/recording.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "drivers/emulation/mounting.hpp"
#include "drivers/emulation/plate_geometry.hpp"
#include "drivers/emulation/truth.hpp"
#include "schemas/gravity.hpp"

namespace grfd {
namespace {
constexpr double kOnSampleS = 1e-9;

/// Lagrange through `n` neighbours (4, fewer in a very short recording) at place u, in samples from the first of them.
Wrench between(const Wrench* w, std::size_t n, double u) {
  Wrench out{};
  for (std::size_t i = 0; i < n; ++i) {
    double weight = 1;
    for (std::size_t j = 0; j < n; ++j)
      if (j != i) weight *= (u - static_cast<double>(j)) / (static_cast<double>(i) - static_cast<double>(j));
    for (std::size_t k = 0; k < 6; ++k) out[k] += weight * w[i][k];
  }
  return out;
}
}  // namespace

RecordingStimulus::RecordingStimulus(PlateRecording recording, std::vector<Mat3> mountings)
    : recording_(std::move(recording)), mountings_(std::move(mountings)) {
  if (!recording_.plates.empty()) samples_ = recording_.plates[0].sensor.size();
}

double RecordingStimulus::end_s() const {
  return recording_.lead_in_s + static_cast<double>(samples_ == 0 ? 0 : samples_ - 1) / recording_.rate_hz;
}

Wrench RecordingStimulus::plate(std::size_t plate, double t_s) {
  const std::vector<Wrench>& w = recording_.plates.at(plate).sensor;
  const double place = (t_s - recording_.lead_in_s) * recording_.rate_hz, nearest = std::round(place);
  const double last = static_cast<double>(samples_ - 1);
  if (nearest >= 0 && nearest <= last && std::abs(place - nearest) <= kOnSampleS * recording_.rate_hz)
    return w[static_cast<std::size_t>(nearest)];
  if (!(place > 0 && place < last)) return {};
  const std::size_t n = std::min<std::size_t>(4, samples_), before = static_cast<std::size_t>(place);
  const std::size_t first =
      std::min(before < 1 ? 0 : before - 1, samples_ - n);  // at the borders: the four nearest inside
  return between(&w[first], n, place - static_cast<double>(first));
}

void RecordingStimulus::imu(std::size_t imu, double, Vec3& gyro, Vec3& force) {
  gyro = {};
  force = in_sensor(mountings_.at(imu), {0, 0, kStandardGravity_m_s2});
}

std::vector<StreamInfo> RecordingStimulus::truth_streams() const {
  std::vector<StreamInfo> out;
  for (const auto& p : recording_.plates) out.push_back(truth_plate_info(p.name));
  for (const auto& p : recording_.plates) out.push_back(truth_cop_info(p.name));
  out.push_back(truth_cop_info("total"));
  out.push_back(truth_events_info());
  return out;
}

void RecordingStimulus::truth(TimeNs session_start, TimeNs t, StreamId first, SampleBatch& out) {
  TruthRow row(session_start, t, out);
  const std::size_t n = recording_.plates.size();
  StreamId plate_id = first, cop_id = static_cast<StreamId>(first + n);
  Wrench total{};
  for (std::size_t i = 0; i < n; ++i) {
    const PlateGeometry& g = recording_.plates[i].geometry;
    const Wrench surface = to_surface(g, plate(i, row.t_s())), lab = moved(surface, g.center_m);
    row.plate(plate_id++, surface);
    row.cop(cop_id++, lab, g.center_m[2]);
    for (std::size_t k = 0; k < 6; ++k) total[k] += lab[k];
  }
  row.cop(cop_id++, total, 0);
  if (row.reaches(recording_.lead_in_s)) {
    const nlohmann::ordered_json detail = {{"file", std::filesystem::path(recording_.file).filename().string()},
                                           {"t_s", recording_.lead_in_s},
                                           {"rate_hz", recording_.rate_hz},
                                           {"samples", samples_}};
    row.text(cop_id, 0,
             "recording_start " + detail.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  }
  if (row.reaches(end_s())) {
    const nlohmann::ordered_json detail = {{"t_s", end_s()}};
    row.text(cop_id, 1, "recording_end " + detail.dump());
  }
}

}  // namespace grfd
