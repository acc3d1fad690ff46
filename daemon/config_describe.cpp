// A session on one screen, for `grfd check-config`.
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "daemon/config.hpp"
#include "daemon/config_reader.hpp"
#include "daemon/geometry.hpp"
#include "daemon/rig_warnings.hpp"
#include "dsp/metric.hpp"
#include "dsp/parameter_text.hpp"
#include "schemas/key_files.hpp"

namespace grfd {

namespace {

/// printf into a string; a line is never longer than the buffer.
template <class... Args>
std::string line(const char* format, Args... args) {
  char buffer[256];
  std::snprintf(buffer, sizeof buffer, format, args...);
  return buffer;
}

/// {0, 1, 2, 6} -> "0-2,6"
std::string ranges(const std::vector<int>& numbers) {
  std::string out;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i;
    while (end + 1 < numbers.size() && numbers[end + 1] == numbers[end] + 1) ++end;
    if (!out.empty()) out += ',';
    out += std::to_string(numbers[i]);
    if (end > i) out.append("-").append(std::to_string(numbers[end]));
    i = end + 1;
  }
  return out;
}

std::string describe_device(const DeviceSettings& d) {
  std::string out = line("  %-16s %-16s %-9s %-13s %g Hz", d.name.c_str(), d.driver.c_str(),
                         d.emulated   ? "emulated"
                         : d.required ? "USB"
                                      : "USB, opt.",
                         d.serial.empty() ? "first found" : d.serial.c_str(), d.rate_hz);
  if (!d.analog_inputs.empty())
    out.append(", AIN ")
        .append(ranges(d.analog_inputs))
        .append(d.digital_port && d.driver == "labjack_u6" ? " + digital" : "");
  if (d.clock != "own") out.append(", paced by ").append(d.clock);
  if (const double ppm = d.emulation.drift_ppm; d.emulated && ppm != 0)
    out += line(", crystal %+g ppm (%s)", ppm, ppm > 0 ? "fast" : "slow");
  return out + "\n";
}

std::string describe_plate(const PlateSettings& p) {
  Vec3 center{};
  for (const Vec3& corner : p.corners_m)
    for (std::size_t i = 0; i < 3; ++i) center[i] += corner[i] / 4;
  const auto edge = [&](std::size_t a, std::size_t b) {
    return std::hypot(p.corners_m[a][0] - p.corners_m[b][0], p.corners_m[a][1] - p.corners_m[b][1],
                      p.corners_m[a][2] - p.corners_m[b][2]);
  };
  std::string out =
      line("  %-16s %s:%s, %.0f x %.0f mm (plate x, y), centre (%.3f, %.3f, %.3f) m, z %s, %s", p.name.c_str(),
           p.stream.c_str() + 4, ranges(p.columns).c_str(), edge(0, 1) * 1000, edge(0, 3) * 1000, center[0], center[1],
           center[2], plate_z(p.corners_m)[2] < 0 ? "down" : "up",
           p.calibration.sense == Sense::action ? "action" : "reaction");
  if (p.pad_m > 0) out += line(", %.1f mm pad", p.pad_m * 1000);
  const PlateCalibration& c = p.calibration;
  const std::string channels = c.kind == PlateKind::piezo    ? ", 8 piezoelectric signals"
                               : c.kind == PlateKind::matrix ? ", matrix 6 x " + std::to_string(c.channels())
                               : c.channels() > 6            ? ", " + std::to_string(c.channels()) + " bridges"
                                                             : "";
  const std::string corrected = std::string(c.recalibration.varies()    ? ", recalibrated by place"
                                            : c.recalibration.changes() ? ", recalibrated"
                                                                        : "") +
                                (c.cop_polynomial.on() ? ", CoP polynomial" : "");
  return out + line("\n  %-16s %s (%s, serial %s)%s, full scale Fz %g N%s\n", "",
                    std::filesystem::path(p.calibration.file).filename().c_str(), p.calibration.model.c_str(),
                    c.serial.c_str(), channels.c_str(), c.full_scale[2], corrected.c_str());
}

std::string describe_imu(const ImuSettings& imu) {
  const std::string where = imu.segment == Segment::pelvis
                                ? to_string(imu.segment)
                                : std::string(to_string(imu.side)) + " " + to_string(imu.segment);
  if (imu.estimate_axis) return line("  %-16s %s, axis found from movement\n", where.c_str(), imu.name.c_str());
  return line("  %-16s %s, axis to the left (%.3f, %.3f, %.3f) in the sensor\n", where.c_str(), imu.name.c_str(),
              imu.ml_axis_left[0], imu.ml_axis_left[1], imu.ml_axis_left[2]);
}

std::string describe_stimulus(const StimulusSettings& s) {
  switch (s.kind) {
    case StimulusSettings::Kind::none:
      return "none\n";
    case StimulusSettings::Kind::recording:
      return s.recording + ", after " + number_text(s.lead_in_s) + " s of empty plates\n";
    case StimulusSettings::Kind::subject:
      break;
  }
  const SubjectSettings& b = s.subject;
  const double cycle = b.descent_s + b.bottom_s + b.ascent_s + b.rest_s;
  const std::string count = b.repetitions < 0 ? "without end" : std::to_string(b.repetitions) + " times";
  return line("subject of %g kg, %g m; on the plates at %g s, squats from %g s, every %g s, %s\n", b.mass_kg,
              b.height_m, b.step_on_s, b.first_descent_s, cycle, count.c_str());
}

}  // namespace

std::string describe(const Settings& s) {
  std::string out = s.file + "\ndevices\n";
  if (s.devices.empty()) out += "  none: nothing will be measured\n";
  for (const DeviceSettings& d : s.devices) out += describe_device(d);
  out += "plates\n";
  if (s.plates.empty()) out += "  none: no forces, no centre of pressure\n";
  for (const PlateSettings& p : s.plates) out += describe_plate(p);
  out += "inertial sensors\n";
  if (s.imus.empty()) out += "  none: no ankle angles\n";
  for (const ImuSettings& imu : s.imus) out += describe_imu(imu);
  for (const std::string& warning : rig_warnings(s)) out += "warning            " + warning + "\n";
  const char* dominant = s.participant.dominant == Dominant::left    ? "left dominant"
                         : s.participant.dominant == Dominant::right ? "right dominant"
                                                                     : "dominance unknown";
  out += line("participant        %s, %s", s.participant.code.empty() ? "(no code)" : s.participant.code.c_str(),
              dominant);
  if (!s.participant.dominance_method.empty()) out.append(" (").append(s.participant.dominance_method).append(")");
  if (!s.participant.standing_shank_deg && (ankle_on(s, Side::left) || ankle_on(s, Side::right)))
    out += std::string("\nstanding shank     ") + kNoInclinometer +
           " (shank_inclination, shank_max, used, knee_moment_*; see participant.standing_shank_deg)";
  out += line("\nfilter             Butterworth, order %d, %g Hz\n", s.filter.order, s.filter.cutoff_hz);
  out += "stimulus           " + describe_stimulus(s.stimulus);
  out += "recording          " + s.record.folder + (s.record.at_start ? ", from the start" : ", on command");
  if (s.record.tare_at_start) out += line(", tare at %g s for %g s", s.record.tare_at_start_s, s.thresholds.tare_s);
  const auto place = [&](Right right, const std::string& endpoint) {
    return endpoint + (demands_keys(right, endpoint) ? ", for the keys in " + s.keys.folder : "");
  };
  out += "\nfeed               " + (s.feed.enabled ? place(Right::feed, s.feed.endpoint) : std::string("off"));
  return out + "\ncontrol            " + place(Right::control, s.control.endpoint) + "\n";
}

}  // namespace grfd
