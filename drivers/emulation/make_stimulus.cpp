#include "drivers/emulation/make_stimulus.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <stdexcept>

#include "drivers/emulation/c3d_plates.hpp"
#include "drivers/emulation/csv.hpp"
#include "drivers/emulation/mounting.hpp"
#include "drivers/emulation/plate_geometry.hpp"
#include "drivers/emulation/recording.hpp"
#include "drivers/emulation/subject_stimulus.hpp"

namespace grfd {
namespace {
constexpr double kLoadedN = 100;  ///< somebody stands there

bool is_c3d(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name.ends_with(".c3d");
}

/// 0-based plate of the file for every plate of the settings.
std::vector<std::size_t> chosen(const Settings& s, std::size_t in_file) {
  const auto& map = s.stimulus.plates;
  for (const auto& [name, number] : map)
    if (std::none_of(s.plates.begin(), s.plates.end(), [&, n = name](const PlateSettings& p) { return p.name == n; }))
      throw std::invalid_argument("stimulus.plates." + name + ": no plate has this name");
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < s.plates.size(); ++i) {
    const std::string& name = s.plates[i].name;
    const auto found = map.find(name);
    const long number = found == map.end() ? static_cast<long>(i) + 1 : found->second;
    if (number < 1 || number > static_cast<long>(in_file))
      throw std::invalid_argument("stimulus.plates." + name + ": plate " + std::to_string(number) + " is not in " +
                                  s.stimulus.recording + ", which has " + std::to_string(in_file) +
                                  "; name one of them or remove the plate");
    out.push_back(static_cast<std::size_t>(number) - 1);
  }
  for (std::size_t i = 0; i < out.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (out[i] == out[k]) {
        const std::string &name = s.plates[i].name, &other = s.plates[k].name,
                          &left_out = map.contains(name) ? other : name;
        if (!map.contains(left_out))
          throw std::invalid_argument("stimulus.plates." + left_out + ": is not given and would be plate " +
                                      std::to_string(out[i] + 1) + " of the recording, which is already the plate '" +
                                      (left_out == name ? other : name) + "'; give every plate, as in left=1,right=2");
        throw std::invalid_argument("stimulus.plates." + s.plates[i].name + ": plate " + std::to_string(out[i] + 1) +
                                    " is already the plate '" + s.plates[k].name + "'");
      }
  return out;
}

/// Mean vertical ground reaction while the plate carries a load; 0 when it never does.
double mean_load_n(const PlateRecording::Plate& p) {
  double sum = 0;
  long n = 0;
  for (const Wrench& w : p.sensor) {
    const double fz = to_surface(p.geometry, w)[2];
    if (std::abs(fz) < kLoadedN) continue;
    sum += fz;
    ++n;
  }
  return n ? sum / static_cast<double>(n) : 0;
}

void take_c3d(Settings& s, PlateRecording& out, std::vector<std::string>& warnings) {
  C3dPlates file = read_c3d_plates(C3dFile::read(s.stimulus.recording));
  out.rate_hz = file.rate_hz;
  for (const std::string& w : file.warnings) warnings.push_back(s.stimulus.recording + ": " + w);
  const auto numbers = chosen(s, file.plates.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    C3dPlate& from = file.plates[numbers[i]];
    PlateSettings& to = s.plates[i];
    to.corners_m = from.corners_m;
    to.calibration.origin_m = from.origin_m;
    to.calibration.sense = Sense::reaction;
    to.pad_m = 0;
    PlateRecording::Plate plate{to.name, plate_geometry(to), std::move(from.sensor)};
    if (mean_load_n(plate) < 0) {
      to.calibration.sense = plate.geometry.sense = Sense::action;
      warnings.push_back(
          "plate '" + to.name +
          "': under load the file's force points down, so it is the force on the plate; sense is set to action");
    }
    if (std::abs(plate.geometry.rotation[2][2]) < 0.9)
      warnings.push_back("plate '" + to.name +
                         "': its surface is not horizontal in the lab of the file (Z up is expected); "
                         "its CoP in the lab will be meaningless");
    out.plates.push_back(std::move(plate));
  }
  warnings.push_back("corners, origin, sense and pad of the plates are those of " + s.stimulus.recording);
}

void take_csv(Settings& s, PlateRecording& out) {
  CsvRecording file = read_csv(s.stimulus.recording);
  out.rate_hz = file.rate_hz;
  const auto numbers = chosen(s, file.plates.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    PlateRecording::Plate plate{s.plates[i].name, plate_geometry(s.plates[i]), std::move(file.plates[numbers[i]])};
    for (Wrench& w : plate.sensor) w = to_sensor(plate.geometry, w);
    out.plates.push_back(std::move(plate));
  }
}
}  // namespace

std::unique_ptr<Stimulus> make_stimulus(Settings& s, std::vector<std::string>& warnings) {
  if (s.stimulus.kind == StimulusSettings::Kind::none) return nullptr;
  if (s.stimulus.kind == StimulusSettings::Kind::subject) return std::make_unique<SubjectStimulus>(s);
  PlateRecording recording;
  recording.file = s.stimulus.recording;
  recording.lead_in_s = s.stimulus.lead_in_s;
  if (s.plates.empty())
    throw std::invalid_argument("stimulus.recording: the settings have no plate that could carry it");
  if (!(recording.lead_in_s >= 0)) throw std::invalid_argument("stimulus.lead_in_s: must not be negative");
  if (is_c3d(recording.file))
    take_c3d(s, recording, warnings);
  else
    take_csv(s, recording);
  std::vector<Mat3> mountings;
  for (const ImuSettings& i : s.imus) mountings.push_back(mounting_of(s, i));
  return std::make_unique<RecordingStimulus>(std::move(recording), std::move(mountings));
}

}  // namespace grfd
