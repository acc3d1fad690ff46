#include "daemon/zero_phase.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <sstream>

#include "daemon/h5.hpp"
#include "daemon/recording_file.hpp"
#include "daemon/recording_stream.hpp"
#include "dsp/asymmetry.hpp"
#include "dsp/filters.hpp"
#include "dsp/parameter_text.hpp"
#include "dsp/wrench.hpp"
#include "schemas/sample.hpp"

namespace grfd {
namespace {
namespace fs = std::filesystem;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr const char* kFormat = "grfd-zero-phase";
constexpr std::size_t kLongest =
    40'000'000;  // ticks, 11 hours: a file whose times are nonsense must not take all memory

/// A stream of the 1 kHz grid by tick; a tick without a row is unknown.
struct Track {
  std::vector<std::uint8_t> there;
  std::vector<std::uint16_t> flags;
  std::vector<std::vector<double>> columns;
  double at(std::size_t column, std::size_t tick) const {
    return columns.empty() || tick >= there.size() ? kNaN : columns[column][tick];
  }
};

struct Grid {
  std::int64_t first_ms = 0;
  std::size_t ticks = 0;
};

std::int64_t tick_of(double t_s) { return std::llround(t_s * 1e3); }

std::vector<double> times(hid_t file, const std::string& stream) {
  const h5::Id dataset = h5::open(file, "streams/" + stream + "/t");
  std::vector<double> t(h5::shape(dataset).at(0));
  if (!t.empty()) h5::read_rows(dataset, H5T_NATIVE_DOUBLE, 0, t.size(), t.data());
  return t;
}

Track track(hid_t file, const std::string& stream, const Grid& grid) {
  const h5::Id group = h5::open(file, "streams/" + stream), values = h5::open(group, "values");
  const std::vector<double> t = times(file, stream);
  const h5::Shape shape = h5::shape(values);
  if (shape.size() != 2 || shape[0] != t.size())
    throw std::runtime_error(stream + ": times and values differ in length");
  std::vector<double> rows(shape[0] * shape[1]);
  std::vector<std::uint16_t> flags(t.size());
  if (!t.empty()) {
    h5::read_rows(values, H5T_NATIVE_DOUBLE, 0, shape[0], rows.data());
    h5::read_rows(h5::open(group, "flags"), H5T_NATIVE_UINT16, 0, t.size(), flags.data());
  }
  Track out{std::vector<std::uint8_t>(grid.ticks), std::vector<std::uint16_t>(grid.ticks),
            std::vector<std::vector<double>>(shape[1], std::vector<double>(grid.ticks, kNaN))};
  for (std::size_t i = 0; i < t.size(); ++i) {
    const std::int64_t tick = std::isfinite(t[i]) ? tick_of(t[i]) - grid.first_ms : -1;
    if (tick < 0 || static_cast<std::size_t>(tick) >= grid.ticks) continue;
    const auto k = static_cast<std::size_t>(tick);
    out.there[k] = 1;
    out.flags[k] = flags[i];
    for (std::size_t c = 0; c < shape[1]; ++c) out.columns[c][k] = rows[i * shape[1] + c];
  }
  return out;
}

struct Plate {
  std::string name, side;
  Vec3 centre{};  ///< of the surface, lab
  Track wrench;   ///< filtered, about the centre
  Track cop;      ///< of the recording, for what is known
  Wrench6 about_lab_origin(std::size_t k) const {
    Wrench6 w;
    for (std::size_t c = 0; c < 6; ++c) w[c] = wrench.columns[c][k];
    return shift(w, {-centre[0], -centre[1], -centre[2]});
  }
};

/// The settings of a recording are TOML and, as comments, what the command line said; that wins.
FilterSettings recorded_filter(hid_t file) {
  const std::vector<std::string> texts = h5::read_texts(file, "settings");
  FilterSettings filter;
  const auto take = [&](const std::string& text) {
    const toml::table table = toml::parse(text);
    filter.cutoff_hz = table["filter"]["cutoff_hz"].value_or(filter.cutoff_hz);
    filter.order = table["filter"]["order"].value_or(filter.order);
  };
  try {
    if (!texts.empty()) take(texts.front());
    std::istringstream lines(texts.empty() ? "" : texts.front());
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with("# --set filter.")) take(line.substr(8));
  } catch (const toml::parse_error&) {
    throw std::runtime_error("its settings are no TOML; give --cutoff-hz and --order");
  }
  return filter;
}

Grid grid_of(hid_t file, const std::vector<std::string>& plates) {
  double first = std::numeric_limits<double>::infinity(), last = -first;
  for (const std::string& plate : plates)
    for (const double t : times(file, "plate/" + plate)) {
      if (std::isnan(t)) continue;
      first = std::min(first, t);
      last = std::max(last, t);
    }
  if (!(first <= last)) throw std::runtime_error("its plates have no rows");
  if (!(last - first < 1e-3 * kLongest)) throw std::runtime_error("its times span more than 11 hours");
  return {tick_of(first), static_cast<std::size_t>(tick_of(last) - tick_of(first)) + 1};
}

Plate read_plate(hid_t file, const std::string& name, const Grid& grid, const FilterSettings& filter) {
  const std::string calibration = "calibration/" + name;
  if (!h5::exists(file, calibration)) throw std::runtime_error("it has no calibration of plate " + name);
  const h5::Id group = h5::open(file, calibration), corners = h5::open(group, "corners_m");
  Plate plate{name,
              h5::text_attribute(group, "side"),
              {},
              track(file, "plate/" + name, grid),
              track(file, "cop/" + name, grid)};
  std::array<std::array<double, 3>, 4> corner{};
  if (h5::shape(corners) != h5::Shape{4, 3}) throw std::runtime_error(calibration + "/corners_m is not 4 x 3");
  h5::read_rows(corners, H5T_NATIVE_DOUBLE, 0, 4, corner.data());
  for (std::size_t c = 0; c < 3; ++c)
    for (const auto& p : corner) plate.centre[c] += p[c] / 4;
  if (plate.wrench.columns.size() != 6 || plate.cop.columns.size() != 5)
    throw std::runtime_error("plate/" + name + " or cop/" + name + " has other columns than this program knows");
  for (auto& column : plate.wrench.columns) column = zero_phase_low_pass(column, filter.order, filter.cutoff_hz, 1000);
  return plate;
}

/// Rows are written as they are made, one stream after the other.
class Twin {
 public:
  Twin(hid_t file, StreamInfo info, const Grid& grid, std::size_t rows)
      : info_(std::move(info)), grid_(grid), writer_(file, info_, {rows}, 0, 0) {}
  void add(std::size_t tick, std::uint16_t flags, std::initializer_list<double> values) {
    row_.header.t = (grid_.first_ms + static_cast<std::int64_t>(tick)) * 1'000'000;
    row_.header.seq = tick;
    row_.header.flags = flags & ~kInvalid;
    row_.bytes.resize(values.size() * sizeof(float));
    std::byte* to = row_.bytes.data();
    for (const double value : values) {
      const auto narrow = static_cast<float>(value);
      if (std::isnan(narrow)) row_.header.flags |= kInvalid;
      std::memcpy(std::exchange(to, to + sizeof narrow), &narrow, sizeof narrow);
    }
    writer_.add(row_);
  }
  void finish() { writer_.finish(); }

 private:
  StreamInfo info_;
  Grid grid_;
  StreamWriter writer_;
  Row row_;
};

class Twins {
 public:
  Twins(hid_t source, hid_t out, std::vector<Plate> plates, const Grid& grid, const FilterSettings& filter)
      : source_(source),
        out_(out),
        plates_(std::move(plates)),
        grid_(grid),
        filter_(filter_text(filter) + ", forward and backward") {
    const std::vector<double> delays =
        h5::numbers_attribute(h5::open(source, "streams/cop/" + plates_.front().name), "delay_s");
    if (delays.empty()) throw std::runtime_error("its centre of pressure has no delays");
    delay_ticks_ = static_cast<std::size_t>(std::llround(1e3 * std::max(0.0, delays.front())));
    there_.resize(grid.ticks);
    flags_.resize(grid.ticks);
    for (const Plate& p : plates_)
      for (std::size_t k = 0; k < grid.ticks; ++k) {
        there_[k] |= p.wrench.there[k];
        flags_[k] |= p.wrench.flags[k];
      }
    rows_ = static_cast<std::size_t>(std::count(there_.begin(), there_.end(), 1));
  }
  std::size_t rows() const { return rows_; }

  void write() {
    for (const Plate& p : plates_) {
      wrench(p);
      pressure(p);
    }
    total();
    if (h5::exists(source_, "streams/asymmetry")) asymmetry();
  }

 private:
  StreamInfo like(const std::string& stream, std::vector<Column> columns, const std::string& formula) const {
    const h5::Id group = h5::open(source_, "streams/" + stream);
    StreamInfo info;
    info.name = "zero_phase/" + stream;
    info.kind = StreamKind::derived;
    info.type = ValueType::f32;
    info.columns = std::move(columns);
    info.rate_hz = 1000;
    info.device = h5::text_attribute(group, "device");
    info.serial = h5::text_attribute(group, "serial");
    info.frame = h5::text_attribute(group, "frame");
    info.point = h5::text_attribute(group, "point");
    info.sign = h5::text_attribute(group, "sign");
    info.formula = formula;
    info.parameters = "wrench filtered by " + filter_ + "; known where " + stream + " is, its delay taken off";
    info.description = h5::text_attribute(group, "description") + "; without delay, for use after the trial";
    return info;
  }
  /// The row of the recording whose filter had just seen what happened at this tick.
  std::size_t answered(std::size_t tick) const { return std::min(tick + delay_ticks_, grid_.ticks - 1); }

  void wrench(const Plate& p) {
    StreamInfo info =
        like("plate/" + p.name, {{"fx", "N"}, {"fy", "N"}, {"fz", "N"}, {"mx", "N.m"}, {"my", "N.m"}, {"mz", "N.m"}},
             "wrench-zero-phase");
    info.parameters = filter_;
    Twin twin(out_, std::move(info), grid_,
              static_cast<std::size_t>(std::count(p.wrench.there.begin(), p.wrench.there.end(), 1)));
    const auto& w = p.wrench.columns;
    for (std::size_t k = 0; k < grid_.ticks; ++k)
      if (p.wrench.there[k]) twin.add(k, p.wrench.flags[k], {w[0][k], w[1][k], w[2][k], w[3][k], w[4][k], w[5][k]});
    twin.finish();
  }
  std::vector<Column> cop_columns() const { return {{"cop_ml", "m"}, {"cop_ap", "m"}, {"fz", "N"}, {"tz", "N.m"}}; }
  void put(Twin& twin, std::size_t k, std::uint16_t flags, const Wrench6& lab, double z, bool known) const {
    const PressurePoint p = known ? center_of_pressure(lab, z) : PressurePoint{kNaN, kNaN, kNaN};
    twin.add(k, flags, {p.x, p.y, lab[2], p.tz});
  }
  void pressure(const Plate& p) {
    Twin twin(out_, like("cop/" + p.name, cop_columns(), "cop-from-wrench"), grid_,
              static_cast<std::size_t>(std::count(p.wrench.there.begin(), p.wrench.there.end(), 1)));
    for (std::size_t k = 0; k < grid_.ticks; ++k)
      if (p.wrench.there[k])
        put(twin, k, p.wrench.flags[k], p.about_lab_origin(k), p.centre[2], !std::isnan(p.cop.at(0, answered(k))));
    twin.finish();
  }
  void total() {
    constexpr std::uint16_t kContact = 1 << 9;  // cop/<plate>: a foot is there
    const Track recorded = track(source_, "cop/total", grid_);
    Twin twin(out_, like("cop/total", cop_columns(), "cop-from-wrench"), grid_, rows_);
    for (std::size_t k = 0; k < grid_.ticks; ++k) {
      if (!there_[k]) continue;
      Wrench6 sum{};
      for (const Plate& p : plates_) {
        const Wrench6 w = p.about_lab_origin(k);
        if (std::isfinite(w[2]) && !(p.cop.flags[answered(k)] & kContact)) continue;  // without a foot it only drifts
        for (std::size_t c = 0; c < 6; ++c) sum[c] += w[c];
      }
      put(twin, k, flags_[k], sum, 0, !std::isnan(recorded.at(0, answered(k))));
    }
    twin.finish();
  }
  void asymmetry() {
    const Track recorded = track(source_, "asymmetry", grid_);
    const auto side = [this](const char* name) {
      return std::find_if(plates_.begin(), plates_.end(), [&](const Plate& p) { return p.side == name; });
    };
    const auto left = side("left"), right = side("right");
    if (left == plates_.end() || right == plates_.end() || recorded.columns.size() != 4) return;
    const std::string dominant = h5::text_attribute(source_, "dominant_side");
    const double sign = dominant == "right" ? 1 : dominant == "left" ? -1 : kNaN;
    Twin twin(out_,
              like("asymmetry", {{"load_bai_rl", "%"}, {"load_bai_dn", "%"}, {"share_left", "%"}, {"share_right", "%"}},
                   "BAI-1"),
              grid_, rows_);
    for (std::size_t k = 0; k < grid_.ticks; ++k) {
      if (!there_[k]) continue;
      const auto carried = [&, known = !std::isnan(recorded.at(0, answered(k)))](const Plate& p) {
        const double fz = p.wrench.columns[2][k];
        return known && !std::isnan(fz) ? std::max(0.0, fz) : kNaN;
      };
      const double l = carried(*left), r = carried(*right);
      const double rl = asymmetry::bai1(r, l);
      twin.add(k, flags_[k], {rl, sign * rl, asymmetry::share(l, r), asymmetry::share(r, l)});
    }
    twin.finish();
  }

  hid_t source_, out_;
  std::vector<Plate> plates_;
  Grid grid_;
  std::string filter_;
  std::size_t delay_ticks_ = 0, rows_ = 0;
  std::vector<std::uint8_t> there_;
  std::vector<std::uint16_t> flags_;
};

void refuse_to_replace(const std::string& output) {
  if (!fs::exists(output)) return;
  try {
    if (h5::text_attribute(h5::open_file(output), "format") == kFormat) return;
  } catch (const std::exception&) {}  // it is no HDF5: not ours
  throw std::runtime_error(output + " exists and holds no zero-phase streams; choose another name");
}

ZeroPhaseReport make(const ZeroPhaseOptions& options, const std::string& written) {
  const h5::Id source = open_recording(options.recording);
  if (!h5::exists(source, "streams/plate")) throw std::runtime_error("it has no plates");
  const std::vector<std::string> names = h5::children(h5::open(source, "streams/plate"));
  ZeroPhaseReport report{recorded_filter(source), names.size(), 0};
  if (options.cutoff_hz) report.filter.cutoff_hz = *options.cutoff_hz;
  if (options.order) report.filter.order = *options.order;
  const Grid grid = grid_of(source, names);
  std::vector<Plate> plates;
  for (const std::string& name : names) plates.push_back(read_plate(source, name, grid, report.filter));
  h5::Id out = h5::create_file(written);
  h5::attribute(out, "format", std::string(kFormat));
  h5::attribute(out, "format_version", std::int64_t(1));
  h5::attribute(out, "recording", fs::path(options.recording).filename().string());
  for (const char* key : {"session_id", "start_utc", "software_version", "software_build", "participant_code",
                          "dominant_side", "dominance_method"})
    h5::attribute(out, key, h5::text_attribute(source, key));
  Twins twins(source, out, std::move(plates), grid, report.filter);
  twins.write();
  report.rows = twins.rows();
  out.close("finish '" + written + "'");
  return report;
}

}  // namespace

ZeroPhaseReport zero_phase_twins(const ZeroPhaseOptions& options) {
  refuse_to_replace(options.output);
  const std::string written = options.output + ".tmp";
  try {
    const ZeroPhaseReport report = make(options, written);
    fs::rename(written, options.output);
    return report;
  } catch (const std::exception& e) {
    std::error_code ignored;
    fs::remove(written, ignored);
    throw std::runtime_error(options.recording + ": " + e.what());
  }
}

}  // namespace grfd
