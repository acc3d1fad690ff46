#include "daemon/session_json.hpp"

#include <ctime>
#include <filesystem>
#include <stdexcept>

#include "dsp/c3d_plate.hpp"
#include "schemas/stream_json.hpp"

namespace grfd {
namespace {
using Json = nlohmann::ordered_json;

std::tm utc(std::int64_t utc_ns, std::int64_t& fraction) {
  constexpr std::int64_t kSecond = 1000000000;
  std::int64_t s = utc_ns / kSecond;
  fraction = utc_ns % kSecond;
  if (fraction < 0) {
    fraction += kSecond;
    --s;
  }
  const std::time_t time = s;
  std::tm tm{};
  ::gmtime_r(&time, &tm);
  return tm;
}

/// Without the folder: equal inputs give equal recordings, and nobody's home folder travels with them.
std::string base_name(const std::string& path) { return std::filesystem::path(path).filename().string(); }

/// Of plates that have no sensitivities: what a volt of each channel adds to the load.
std::vector<Components> load_per_v(const PlateCalibration& c) {
  if (c.kind == PlateKind::matrix) return c.load_per_v;
  const Mat6x8 k = kistler_matrix(c.sensor_a_m, c.sensor_b_m);
  std::vector<Components> out(8);
  for (std::size_t i = 0; i < 8; ++i)
    for (std::size_t j = 0; j < 6; ++j) out[i][j] = k[j][c.signals[i]] * c.newton_per_v[i];
  return out;
}

Json plate_to_json(const PlateSettings& plate) {
  const PlateCalibration& c = plate.calibration;
  Json json{
      {"name", plate.name},
      {"side", to_string(plate.side)},
      {"stream", plate.stream},
      {"columns", plate.columns},
      {"file", base_name(c.file)},
      {"serial", c.serial},
      {"model", c.model},
      {"sense", c.sense == Sense::reaction ? "reaction" : "action"},
      {"kind", to_string(c.kind)},
      {"matrix", c.kind == PlateKind::strain ? Json(c.sensitivity) : Json(load_per_v(c))},
      {"matrix_units", c.kind == PlateKind::strain ? "uV/V per N (columns 0-2) and per N.m (columns 3-5); row = bridge"
                                                   : "N (columns 0-2) and N.m (columns 3-5) per V; row = channel"},
      {"full_scale", c.full_scale},
      {"origin_m", c.origin_m},
      {"corners_m", plate.corners_m},
      {"pad_m", plate.pad_m},
      {"noise_force_n", c.noise_force_n},
      {"noise_moment_nm", c.noise_moment_nm},
      {"drift_rezero", c.drift_rezero}};
  if (c.kind == PlateKind::strain) {  // elsewhere the matrix has all of it
    json["gain"] = c.gain;
    json["excitation_v"] = c.excitation_v;
  }
  if (c.full_scale_v > 0) json["full_scale_v"] = c.full_scale_v;
  if (c.recalibration.changes()) json["recalibration"] = c.recalibration.uniform;
  if (c.recalibration.varies()) {
    json["recalibration_x_per_m"] = c.recalibration.x_per_m;
    json["recalibration_y_per_m"] = c.recalibration.y_per_m;
  }
  if (c.cop_polynomial.on()) {
    json["cop_polynomial_x"] = c.cop_polynomial.x;
    json["cop_polynomial_y"] = c.cop_polynomial.y;
  }
  return json;
}
}  // namespace

std::string utc_iso(std::int64_t utc_ns) {
  std::int64_t fraction = 0;
  const std::tm tm = utc(utc_ns, fraction);
  char date[32], text[64];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
  std::snprintf(text, sizeof text, "%s.%09lldZ", date, static_cast<long long>(fraction));
  return text;
}

std::string utc_compact(std::int64_t utc_ns) {
  std::int64_t fraction = 0;
  const std::tm tm = utc(utc_ns, fraction);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &tm);
  return text;
}

Json session_to_json(const Session& session) {
  const Settings& settings = session.settings;
  Json calibration = Json::array(), streams = Json::array();
  for (const PlateSettings& plate : settings.plates) calibration.push_back(plate_to_json(plate));
  for (const StreamInfo& info : session.streams) streams.push_back(to_json(info));
  return {{"format", kJournalFormat},
          {"format_version", kFormatVersion},
          {"session_id", session.id},
          {"start_utc", utc_iso(session.start_utc_ns)},
          {"start_utc_ns", session.start_utc_ns},
          {"start_lab_ns", session.start},
          {"virtual_time", session.virtual_time},
          {"software_version", session.software_version},
          {"software_build", session.software_build},
          {"participant_code", settings.participant.code},
          {"dominant_side", to_string(settings.participant.dominant)},
          {"dominance_method", settings.participant.dominance_method},
          {"settings_file", base_name(settings.file)},
          {"settings", settings.effective},
          {"calibration", std::move(calibration)},
          {"streams", std::move(streams)}};
}

JournalSession session_from_json(std::string_view text) {
  JournalSession session;
  try {
    session.json = Json::parse(text);
    if (session.json.at("format") != kJournalFormat) throw std::runtime_error("its first block is of another program");
    if (session.json.at("format_version") != kFormatVersion)
      throw std::runtime_error("it has journal format " + session.json.at("format_version").dump() +
                               ", this program reads " + std::to_string(kFormatVersion));
    session.start = session.json.at("start_lab_ns").get<TimeNs>();
    session.start_utc_ns = session.json.at("start_utc_ns").get<std::int64_t>();
    for (const auto& info : session.json.at("streams")) session.streams.add(stream_from_json(info));
  } catch (const nlohmann::json::exception& e) {
    throw std::runtime_error(std::string("its session block is damaged: ") + e.what());
  } catch (const std::invalid_argument& e) {
    throw std::runtime_error(std::string("its stream table is wrong: ") + e.what());
  }
  return session;
}

}  // namespace grfd
