#include "daemon/zero_phase.hpp"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <utility>

#include "daemon/config.hpp"
#include "daemon/h5.hpp"
#include "daemon/recording_file.hpp"
#include "daemon/recording_stream.hpp"
#include "daemon/zero_phase_input.hpp"
#include "daemon/zero_phase_plates.hpp"
#include "dsp/asymmetry.hpp"
#include "dsp/decimation.hpp"
#include "dsp/parameter_text.hpp"
#include "dsp/wrench.hpp"
#include "schemas/sample.hpp"

namespace grfd {
namespace {
namespace fs = std::filesystem;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr const char* kFormat = "grfd-zero-phase";

/// Rows are written as they are made, one stream after the other.
class Twin {
 public:
  Twin(hid_t file, StreamInfo info, const TwinGrid& grid, const TwinRows& rows, std::size_t written)
      : info_(std::move(info)), grid_(grid), rows_(rows), writer_(file, info_, {written}, 0, 0) {}
  void add(std::size_t row, std::uint16_t flags, std::initializer_list<double> values) {
    row_.header.t = (grid_.first_ms + static_cast<std::int64_t>(rows_.tick(row))) * 1'000'000;
    row_.header.seq = row;
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
  TwinGrid grid_;
  TwinRows rows_;
  StreamWriter writer_;
  Row row_;
};

class Twins {
 public:
  Twins(hid_t source, hid_t out, std::vector<TwinPlate> plates, const TwinGrid& grid, const RecordedLimits& limits,
        const ZeroPhaseFilter& filter)
      : source_(source),
        out_(out),
        plates_(std::move(plates)),
        grid_(grid),
        limits_(limits),
        filter_(filter),
        rows_(twin_rows(grid, filter.divisor)),
        there_(rows_.count),
        flags_(rows_.count) {
    const std::vector<double> delays =
        h5::numbers_attribute(h5::open(source, "streams/cop/" + plates_.front().name), "delay_s");
    if (delays.empty()) throw std::runtime_error("its centre of pressure has no delays");
    delay_ticks_ = static_cast<std::size_t>(std::llround(1e3 * std::max(0.0, delays.front())));
    for (const TwinPlate& p : plates_)
      for (std::size_t k = 0; k < rows_.count; ++k) {
        there_[k] |= p.there[k];
        flags_[k] |= p.flags[k];
      }
  }
  std::size_t rows() const { return rows_of(there_); }

  void write() {
    for (const TwinPlate& p : plates_) {
      wrench(p);
      pressure(p);
    }
    total();
    if (h5::exists(source_, "streams/asymmetry")) asymmetry();
  }

 private:
  static std::size_t rows_of(const std::vector<std::uint8_t>& there) {
    return static_cast<std::size_t>(std::count(there.begin(), there.end(), 1));
  }
  StreamInfo like(const std::string& stream, std::vector<Column> columns, const std::string& formula,
                  const std::string& limit = "") const {
    const h5::Id group = h5::open(source_, "streams/" + stream);
    StreamInfo info;
    info.name = "zero_phase/" + stream;
    info.kind = StreamKind::derived;
    info.type = ValueType::f32;
    info.columns = std::move(columns);
    info.rate_hz = filter_.rate_hz();
    info.device = h5::text_attribute(group, "device");
    info.serial = h5::text_attribute(group, "serial");
    info.frame = h5::text_attribute(group, "frame");
    info.point = h5::text_attribute(group, "point");
    info.sign = h5::text_attribute(group, "sign");
    info.formula = formula;
    info.parameters = "wrench filtered by " + filter_words(filter_) + "; known where " + stream +
                      " is, its delay taken off, and the force is above " + limit;
    info.description = h5::text_attribute(group, "description") + "; without delay, for use after the trial";
    return info;
  }
  /// The tick of the recording whose filter had just seen what happened at this row.
  std::size_t answered(std::size_t row) const { return std::min(rows_.tick(row) + delay_ticks_, grid_.ticks - 1); }

  void wrench(const TwinPlate& p) {
    StreamInfo info =
        like("plate/" + p.name, {{"fx", "N"}, {"fy", "N"}, {"fz", "N"}, {"mx", "N.m"}, {"my", "N.m"}, {"mz", "N.m"}},
             filter_.sway ? "wrench-sway" : "wrench-zero-phase");
    info.parameters = filter_words(filter_);
    Twin twin(out_, std::move(info), grid_, rows_, rows_of(p.there));
    const auto& w = p.wrench;
    for (std::size_t k = 0; k < rows_.count; ++k)
      if (p.there[k]) twin.add(k, p.flags[k], {w[0][k], w[1][k], w[2][k], w[3][k], w[4][k], w[5][k]});
    twin.finish();
  }
  static std::string cop_formula(bool corrected) {
    return corrected ? "cop-from-wrench, cop-polynomial-piezo" : "cop-from-wrench";
  }
  std::vector<Column> cop_columns() const { return {{"cop_ml", "m"}, {"cop_ap", "m"}, {"fz", "N"}, {"tz", "N.m"}}; }
  void put(Twin& twin, std::size_t k, std::uint16_t flags, const Wrench6& lab, double z, bool known) const {
    const PressurePoint p = known ? center_of_pressure(lab, z) : PressurePoint{kNaN, kNaN, kNaN};
    twin.add(k, flags, {p.x, p.y, lab[2], p.tz});
  }
  bool point_known(const TwinPlate& p, std::size_t k) const {
    return p.cop_known[answered(k)] && p.wrench[2][k] > limits_.cop_off_n;
  }
  void pressure(const TwinPlate& p) {
    Twin twin(
        out_,
        like("cop/" + p.name, cop_columns(), cop_formula(p.correction.has_value()), quantity(limits_.cop_off_n, "N")),
        grid_, rows_, rows_of(p.there));
    for (std::size_t k = 0; k < rows_.count; ++k) {
      if (!p.there[k]) continue;
      const bool there = point_known(p, k);
      put(twin, k, p.flags[k], p.corrected(k, there), p.centre[2], there);
    }
    twin.finish();
  }
  /// Without a foot a plate only drifts and is left out; where the recording does not say, the sum is unknown.
  Wrench6 sum(std::size_t k) const {
    Wrench6 all{};
    for (const TwinPlate& p : plates_) {
      const std::size_t then = answered(k);
      if (!p.judged[then] || !p.there[k]) all.fill(kNaN);
      const Wrench6 w = p.corrected(k, point_known(p, k));
      if (std::isfinite(w[2]) && !p.foot[then]) continue;
      for (std::size_t c = 0; c < 6; ++c) all[c] += w[c];
    }
    return all;
  }
  void total() {
    const auto live = known(twin_column(source_, "cop/total", 0, grid_));
    const bool corrected = std::any_of(plates_.begin(), plates_.end(), [](const TwinPlate& p) { return p.correction; });
    Twin twin(out_, like("cop/total", cop_columns(), cop_formula(corrected), quantity(limits_.cop_total_off_n, "N")),
              grid_, rows_, rows());
    for (std::size_t k = 0; k < rows_.count; ++k) {
      if (!there_[k]) continue;
      const Wrench6 w = sum(k);
      put(twin, k, flags_[k], w, 0, live[answered(k)] && w[2] > limits_.cop_total_off_n);
    }
    twin.finish();
  }
  void asymmetry() {
    const auto side = [this](const char* name) {
      return std::find_if(plates_.begin(), plates_.end(), [&](const TwinPlate& p) { return p.side == name; });
    };
    const auto left = side("left"), right = side("right");
    if (left == plates_.end() || right == plates_.end()) return;
    const auto live = known(twin_column(source_, "asymmetry", 0, grid_));
    const std::string dominant = h5::text_attribute(source_, "dominant_side");
    const double sign = dominant == "right" ? 1 : dominant == "left" ? -1 : kNaN;
    Twin twin(out_,
              like("asymmetry", {{"load_bai_rl", "%"}, {"load_bai_dn", "%"}, {"share_left", "%"}, {"share_right", "%"}},
                   "BAI-1", quantity(limits_.cop_total_off_n, "N")),
              grid_, rows_, rows());
    for (std::size_t k = 0; k < rows_.count; ++k) {
      if (!there_[k]) continue;
      const double l = left->wrench[2][k], r = right->wrench[2][k];
      const bool good = live[answered(k)] && l + r > limits_.cop_total_off_n;  // NaN: no
      const double a = good ? std::max(0.0, l) : kNaN, b = good ? std::max(0.0, r) : kNaN, rl = asymmetry::bai1(b, a);
      twin.add(k, flags_[k], {rl, sign * rl, asymmetry::share(a, b), asymmetry::share(b, a)});
    }
    twin.finish();
  }

  hid_t source_, out_;
  std::vector<TwinPlate> plates_;
  TwinGrid grid_;
  RecordedLimits limits_;
  ZeroPhaseFilter filter_;
  TwinRows rows_;
  std::size_t delay_ticks_ = 0;
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
  const std::vector<std::string> settings = h5::read_texts(source, "settings");
  const RecordedLimits limits = recorded_limits(settings.empty() ? "" : settings.front());
  const ZeroPhaseFilter filter = zero_phase_filter(options, limits.filter);
  const TwinGrid grid = twin_grid(source, names);
  std::vector<TwinPlate> plates;
  for (const std::string& name : names) plates.push_back(twin_plate(source, name, grid, filter));
  h5::Id out = h5::create_file(written);
  h5::attribute(out, "format", std::string(kFormat));
  h5::attribute(out, "format_version", std::int64_t(1));
  h5::attribute(out, "recording", fs::path(options.recording).filename().string());
  for (const char* key : {"session_id", "start_utc", "software_version", "software_build", "participant_code",
                          "dominant_side", "dominance_method"})
    h5::attribute(out, key, h5::text_attribute(source, key));
  Twins twins(source, out, std::move(plates), grid, limits, filter);
  twins.write();
  out.close("finish '" + written + "'");
  return {filter, filter_words(filter), names.size(), twins.rows()};
}

}  // namespace

ZeroPhaseFilter zero_phase_filter(const ZeroPhaseOptions& options, const FilterSettings& recorded) {
  constexpr FilterSettings kSway{2, 10};  // as published data are; another filter would make other figures of sway
  constexpr double kSwayRate_hz = 100;
  const double rate_hz = options.rate_hz.value_or(options.sway ? kSwayRate_hz : kTwinGridHz);
  const double divisor = std::round(kTwinGridHz / rate_hz);
  if (!(divisor >= 1 && divisor <= Decimation::kMostDivisor && std::abs(divisor * rate_hz - kTwinGridHz) < 1e-6))
    throw std::invalid_argument(
        "a rate of " + quantity(rate_hz, "Hz") +
        " is not possible: it must divide 1000 Hz and be 1 Hz at least, like 500, 250, 200, 125, 100, 50, 25 or 10");
  if (options.cutoff_hz && !(*options.cutoff_hz > 0 && *options.cutoff_hz < kTwinGridHz / 2))
    throw std::invalid_argument("a cut-off of " + quantity(*options.cutoff_hz, "Hz") +
                                " is not possible: it must lie above 0 and below 500 Hz");
  if (options.order && (*options.order < 1 || *options.order > 8))
    throw std::invalid_argument("an order of " + std::to_string(*options.order) +
                                " is not possible: it must be 1 to 8");
  ZeroPhaseFilter filter{recorded, static_cast<std::size_t>(divisor), options.sway};
  if (options.cutoff_hz) filter.low_pass.cutoff_hz = *options.cutoff_hz;
  if (options.order) filter.low_pass.order = *options.order;
  if (!options.sway) return filter;
  if (options.cutoff_hz || options.order)
    throw std::invalid_argument("the filter of sway is of second order at 10 Hz: give no cut-off and no order with it");
  if (!(rate_hz >= 5 * kSway.cutoff_hz))
    throw std::invalid_argument("the filter of sway needs a rate of 50 Hz at least, not " + quantity(rate_hz, "Hz"));
  filter.low_pass = kSway;
  return filter;
}

ZeroPhaseReport zero_phase_twins(const ZeroPhaseOptions& options) {
  refuse_to_replace(options.output);
  std::string written = options.output + ".XXXXXX";  // a name that nobody else has
  const int made = ::mkstemp(written.data());
  if (made < 0) throw std::runtime_error("cannot write beside " + options.output);
  ::fchmod(made, 0644);
  ::close(made);
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
