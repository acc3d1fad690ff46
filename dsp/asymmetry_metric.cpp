// asymmetry: how the load is shared between the feet, now.
#include "dsp/asymmetry.hpp"
#include "dsp/metric.hpp"
#include "dsp/parameter_text.hpp"

namespace grfd {
namespace {

class AsymmetryMetric final : public Metric {
 public:
  explicit AsymmetryMetric(const MetricSetup& setup) : dominant_(setup.settings.participant.dominant) {
    active_ = plates_under_both_feet(setup.settings);
    if (!active_) return;
    StreamInfo info;
    info.name = "asymmetry";
    info.type = ValueType::f32;
    const double d = setup.filter_delay_s;
    info.columns = {{"load_bai_rl", "%", d}, {"load_bai_dn", "%", d}, {"share_left", "%", d}, {"share_right", "%", d}};
    info.device = plate_devices(setup.settings);
    info.rate_hz = 1000;
    info.frame = kLabFrame;
    info.sign = "+ = right (rl) or dominant (dn) side carries more";
    info.formula = "BAI-1";
    const ThresholdSettings& t = setup.settings.thresholds;
    info.parameters = "100 (a - b) / (a + b) of fz filtered by " + filter_text(setup.settings.filter) +
                      "; unknown while a plate is below -50 N; known from " + quantity(t.cop_total_on_n, "N") +
                      " in all on, until " + quantity(t.cop_total_off_n, "N") + ", each for " +
                      quantity(t.debounce_s, "s") + "; " + dominance_text(setup.settings.participant, false);
    info.description = "bilateral load asymmetry";
    writer_ = RowWriter(setup.streams.add(info), info);
  }
  void states(StatePieces& pieces) override { add_state(pieces, state_); }

  void update(Frame& frame, SampleBatch& out) noexcept override {
    if (!active_) return;
    double rl = kNaN, left = kNaN, right = kNaN;
    // A plate that is pulled measures no foot: its sense is wrong, or it was zeroed under a load.
    const bool pulled = frame.derived.fz_n[0] < -50 || frame.derived.fz_n[1] < -50;
    if (frame.derived.cop_total_valid && !pulled) {
      const double l = std::max(0.0, frame.derived.fz_n[0]), r = std::max(0.0, frame.derived.fz_n[1]);
      rl = asymmetry::bai1(r, l);
      left = asymmetry::share(l, r);
      right = asymmetry::share(r, l);
    }
    const double dn = dominant_ == Dominant::unknown ? kNaN : dominant_ == Dominant::right ? rl : -rl;
    writer_.write(out, row_time(frame, flags(frame)), {rl, dn, left, right}, state_.seq);
  }

 private:
  static std::uint16_t flags(const Frame& frame) {
    std::uint16_t f = 0;
    for (const PlateFrame& p : frame.plates) f |= p.flags;
    return f;
  }
  struct State {
    std::uint64_t seq = 0;
  } state_;
  Dominant dominant_;
  bool active_ = false;
  RowWriter writer_;
};

}  // namespace

std::unique_ptr<Metric> make_asymmetry_metric(const MetricSetup& setup) {
  return std::make_unique<AsymmetryMetric>(setup);
}

}  // namespace grfd
