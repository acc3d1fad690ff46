// cop/<plate> and cop/total: centre of pressure, free moment and uncertainty, from the filtered wrench; wrench/total:
// the combined one. cop_foot: where it lies along the feet.
#include "dsp/cop.hpp"

#include "dsp/metric.hpp"
#include "dsp/parameter_text.hpp"
#include "dsp/squat_params.hpp"

namespace grfd {
namespace {

/// "; ..." or nothing
std::string polynomial_text(const PlateSettings& plate) {
  const CopPolynomial& p = plate.calibration.cop_polynomial;
  if (!p.on()) return {};
  std::string text = "; point corrected by the maker's polynomial in plate axes, mm:";
  for (const auto& [name, c] : {std::pair(" x", &p.x), std::pair(", y", &p.y)}) {
    text += std::string(name) + " [";
    for (std::size_t i = 0; i < 6; ++i) text += std::string(i ? ", " : "") + short_number((*c)[i]);
    text += "]";
  }
  return text;
}

constexpr std::uint16_t kLowQuality = 1 << 8, kContact = 1 << 9;

class CopMetric final : public Metric {
 public:
  explicit CopMetric(const MetricSetup& setup)
      : covariance_(setup.covariance), body_(SquatBody::from(setup.settings.participant)) {
    if (setup.plates.empty()) return;
    std::vector<double> heights;
    for (const auto& plate : setup.plates) heights.push_back(plate.surface_z_m);
    cop_ = std::make_unique<CopCalculator>(CopParams::from(setup.settings.thresholds, 1000, setup.filter_noise_gain),
                                           heights);
    for (std::size_t i = 0; i < setup.settings.plates.size(); ++i)
      if (const auto c = CopCorrection::of(setup.settings.plates[i])) cop_->set_correction(i, *c);
    for (const Side side : {Side::left, Side::right})
      plate_[static_cast<std::size_t>(side)] = plate_on(setup.settings, side);
    for (const PlateSettings& plate : setup.settings.plates)
      add(setup, plate.name, "of the plate, on its own surface", std::string(device_in(plate.stream)),
          plate.calibration.serial, polynomial_text(plate));
    std::string corrected;
    for (const PlateSettings& plate : setup.settings.plates)
      if (const std::string text = polynomial_text(plate); !text.empty()) corrected += text + " of " + plate.name;
    add(setup, "total", "of all plates together, on z = 0", plate_devices(setup.settings), "", corrected);
    add_combined(setup, corrected);
    if (body_.foot_length_m > 0 && plates_under_both_feet(setup.settings)) add_foot(setup);
  }
  void states(StatePieces& pieces) override {
    add_state(pieces, state_);
    if (cop_) add_state(pieces, cop_->state());
  }

  void update(Frame& frame, SampleBatch& out) noexcept override {
    if (!cop_) return;
    std::array<Wrench6, kMaxPlates> lab;
    std::uint16_t all_flags = 0;
    const std::size_t n = frame.plates.size();
    for (std::size_t i = 0; i < n; ++i) {
      lab[i] = frame.plates[i].filtered;
      cop_->set_covariance(i, *covariance_[i]);
      all_flags |= frame.plates[i].flags;
    }
    cop_->update(std::span(lab).first(n));
    for (std::size_t i = 0; i < n; ++i) write(i, cop_->plate(i), row_time(frame, frame.plates[i].flags), out);
    const CopValue& total = cop_->total();
    write(n, total, row_time(frame, all_flags), out);
    combined_writer_.write(out, row_time(frame, all_flags), cop_->total_wrench(), state_.combined_seq);
    Derived& d = frame.derived;
    for (std::size_t side = 0; side < 2; ++side) {
      if (plate_[side] < 0) continue;
      const auto i = static_cast<std::size_t>(plate_[side]);
      const CopValue& foot = cop_->plate(i);
      d.fx_n[side] = lab[i][0];
      d.fy_n[side] = lab[i][1];
      d.fz_n[side] = lab[i][2];
      d.fz_unfiltered_n[side] = frame.plates[i].wrench[2];
      d.foot_cop_ml_m[side] = foot.cop_ml;
      d.foot_cop_ap_m[side] = foot.cop_ap;
      d.tz_nm[side] = foot.tz;
    }
    d.cop_ap_m = total.cop_ap;
    d.fz_total_n = total.fz;
    d.cop_total_valid = total.valid;
    if (!along_feet_) return;
    const auto along = [&](std::size_t side) {
      return body_.cop_percent(side, d.foot_cop_ml_m[side], d.foot_cop_ap_m[side]);
    };
    foot_writer_.write(out, row_time(frame, all_flags), {along(0), along(1), body_.cop_percent(d.cop_ap_m)},
                       state_.foot_seq);
  }

 private:
  void add_combined(const MetricSetup& setup, const std::string& corrected) {
    const double d = setup.filter_delay_s;
    StreamInfo info;
    info.name = "wrench/total";
    info.type = ValueType::f32;
    info.columns = {{"fx", "N", d},   {"fy", "N", d},   {"fz", "N", d},
                    {"mx", "N.m", d}, {"my", "N.m", d}, {"mz", "N.m", d}};
    info.device = plate_devices(setup.settings);
    info.rate_hz = 1000;
    info.frame = kLabFrame;
    info.point = "moments about the lab origin; the free moment at the centre of pressure is tz of cop/total";
    info.sign = "force of the plates on the subject, fz > 0 in standing";
    info.formula = "combined-wrench";
    info.parameters = "sum of the wrenches of all plates in contact (as in cop/total), each filtered by " +
                      filter_text(setup.settings.filter) + corrected;
    info.description = "combined ground reaction of all plates";
    combined_writer_ = RowWriter(setup.streams.add(info), info);
  }
  void add_foot(const MetricSetup& setup) {
    const double d = setup.filter_delay_s;
    StreamInfo info;
    info.name = "cop_foot";
    info.type = ValueType::f32;
    info.columns = {{"left", "%", d}, {"right", "%", d}, {"both", "%", d}};
    info.device = plate_devices(setup.settings);
    info.rate_hz = 1000;
    info.frame = kLabFrame;
    info.point = "centre of pressure of cop/<plate> and cop/total";
    info.sign = "0 the heel, 100 the toe";
    info.formula = "cop-along-foot";
    info.parameters =
        "left, right: 100 (p - heel) along the foot / its length; both: forward from the middle of the heels; " +
        feet_text(setup.settings.participant) + "; " + band_text(setup.settings.thresholds) + " (exploratory)";
    info.description = "centre of pressure in percent of the foot";
    foot_writer_ = RowWriter(setup.streams.add(info), info);
    along_feet_ = true;
  }
  void add(const MetricSetup& setup, const std::string& name, const char* where, const std::string& device,
           const std::string& serial, const std::string& polynomial) {
    const double d = setup.filter_delay_s;
    StreamInfo info;
    info.name = "cop/" + name;
    info.type = ValueType::f32;
    info.columns = {{"cop_ml", "m", d}, {"cop_ap", "m", d}, {"fz", "N", d}, {"tz", "N.m", d}, {"sigma", "m", d}};
    info.device = device;
    info.serial = serial;
    info.rate_hz = 1000;
    info.frame = kLabFrame;
    info.point = std::string("centre of pressure ") + where + "; tz: free moment there";
    info.sign = "cop_ml + to the right, cop_ap + forward, fz > 0 in standing, tz + to the left (about z up)";
    info.formula = "cop-from-wrench";
    if (!polynomial.empty()) info.formula += ", cop-polynomial-piezo";
    const ThresholdSettings& t = setup.settings.thresholds;
    const bool total = name == "total";
    info.parameters =
        "wrench filtered by " + filter_text(setup.settings.filter) + "; valid from " +
        quantity(total ? t.cop_total_on_n : t.cop_on_n, "N") + " on, until " +
        quantity(total ? t.cop_total_off_n : t.cop_off_n, "N") + "; contact" + (total ? " of any plate" : "") +
        " from " + quantity(t.contact_on_n, "N") + " on, until " + quantity(t.contact_off_n, "N") + "; each for " +
        quantity(t.debounce_s, "s") + "; sigma: larger axis, one SD, from the noise of the tare; low_quality above " +
        quantity(t.cop_sigma_bad_mm, "mm") + ", until below " + quantity(t.cop_sigma_ok_mm, "mm") + polynomial;
    info.flag_names = {"low_quality", "contact"};
    info.description = "centre of pressure";
    writers_.emplace_back(setup.streams.add(info), info);
  }
  void write(std::size_t i, const CopValue& v, RowTime time, SampleBatch& out) noexcept {
    if (v.valid && !v.quality_ok) time.flags |= kLowQuality;
    if (v.contact) time.flags |= kContact;
    writers_[i].write(out, time, {v.cop_ml, v.cop_ap, v.fz, v.tz, v.sigma}, state_.seq[i]);
  }

  struct State {
    std::array<std::uint64_t, kMaxPlates + 1> seq{};
    std::uint64_t combined_seq = 0, foot_seq = 0;
  } state_;
  std::vector<const std::array<std::array<double, 6>, 6>*> covariance_;
  std::unique_ptr<CopCalculator> cop_;
  std::array<int, 2> plate_{-1, -1};  ///< of the left and the right foot
  std::vector<RowWriter> writers_;
  SquatBody body_;
  bool along_feet_ = false;
  RowWriter combined_writer_, foot_writer_;
};

}  // namespace

std::unique_ptr<Metric> make_cop_metric(const MetricSetup& setup) { return std::make_unique<CopMetric>(setup); }

}  // namespace grfd
