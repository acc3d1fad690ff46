// The stream force_rate/<plate>: what begins its window anew, and the flags of all that is in the window.
#include <boost/test/unit_test.hpp>
#include <vector>

#include "dsp/force_plate.hpp"
#include "dsp/metric.hpp"
#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(force_rate)

using namespace grfd;

namespace {

constexpr double kVoltsPerCode = 3e-4;
const ScanAdc kAdc(AdcCalibration{kVoltsPerCode, -kVoltsPerCode, 32768});

/// Six channels of 100 N or 100 N.m per volt.
Settings one_plate() {
  Settings s;
  PlateSettings p;
  p.name = "left";
  p.columns = {0, 1, 2, 3, 4, 5};
  p.calibration.kind = PlateKind::matrix;
  p.calibration.load_per_v.assign(6, {});
  for (std::size_t i = 0; i < 6; ++i) p.calibration.load_per_v[i][i] = 100;
  p.corners_m = {{{.2, .3, 0}, {-.2, .3, 0}, {-.2, -.3, 0}, {.2, -.3, 0}}};
  s.plates = {p};
  return s;
}

struct Rates {
  Settings settings = one_plate();
  StreamTable table;
  std::uint64_t event_seq = 0;
  MetricSetup setup{settings, table, kNoStream, event_seq, 0, 1, {}, {}};
  std::unique_ptr<Metric> metric = make_force_rate_metric(setup);
  std::vector<Sample> storage = std::vector<Sample>(8);

  struct Row {
    double rate;
    std::uint16_t flags;
  };
  Row step(const PlateFrame& plate) {
    Frame frame;
    frame.plates = std::span(&plate, 1);
    SampleBatch out(storage);
    metric->update(frame, out);
    BOOST_REQUIRE(out.samples().size() == 1u);
    return {value<float>(out.samples()[0], 0), out.samples()[0].flags};
  }
  static PlateFrame frame(double fz, std::uint16_t flags = 0) {
    PlateFrame p;
    p.wrench[2] = fz;
    p.flags = flags;
    p.known = true;
    return p;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(flags_of_the_whole_window_are_told) {
  Rates rates;
  for (int k = 0; k < 100; ++k) rates.step(Rates::frame(400));
  // one bridged tick is in the windows of 61 ticks, one of a clock that settles, 20 later, in 61 others
  for (int k = 0; k < 120; ++k) {
    const auto row = rates.step(Rates::frame(400, k == 0 ? kBridged : k == 20 ? kClockUnsettled : 0));
    BOOST_TEST(row.flags == ((k < 61 ? kBridged : 0) | (k >= 20 && k < 81 ? kClockUnsettled : 0)));
    BOOST_TEST(std::abs(row.rate) < 1e-3);
  }
  // what lies before a hole is in no window behind it
  rates.step(Rates::frame(400, kBridged));
  PlateFrame unknown = Rates::frame(kNaN);
  BOOST_TEST(rates.step(unknown).flags == kInvalid);
  for (int k = 0; k < 60; ++k)
    BOOST_TEST(rates.step(Rates::frame(400, k == 0 ? kBridged : 0)).flags == (kInvalid | kBridged));
  BOOST_TEST(rates.step(Rates::frame(400)).flags == kBridged);
  BOOST_TEST(rates.step(Rates::frame(400)).flags == 0);
}

// A tare takes 11 N off an empty plate; the force does not change.
BOOST_AUTO_TEST_CASE(a_tare_is_no_rate_of_force) {
  for (const double device_hz : {1000., 4000., 500.}) {
    Rates rates;
    const auto interval = static_cast<TimeNs>(1e9 / device_hz);
    ForcePlate plate(rates.settings.plates[0], FilterSettings{}, ThresholdSettings{}, device_hz);
    grfd_test::Random random(2);
    TimeNs grid = 100'000'000;
    std::int64_t tared = 0, last_unknown = -1;
    double worst = 0;
    int unknown = 0;
    for (std::int64_t k = 0; k < static_cast<std::int64_t>(4 * device_hz); ++k) {
      std::array<std::int32_t, 16> codes;
      codes.fill(32768);
      // 11 N and noise enough for the tare; SD 0.03 N
      codes[2] += static_cast<std::int32_t>(std::lround((.11 + .0003 * random.normal()) / kVoltsPerCode));
      const TimeNs t = 1 + k * interval + interval / 3;  // never on the grid
      plate.take(t, seconds(t), codes, 0, 0, kAdc);
      // at 4 kHz the new zero then begins between two ticks of the grid
      if (k == static_cast<std::int64_t>(device_hz) + 1) plate.start_tare(kAdc);
      if (plate.tare_complete()) {
        const TareResult r = plate.finish_tare(kAdc);
        BOOST_TEST(r.accepted());
        BOOST_TEST(std::abs(r.offset[2] - 11) < .1);
        tared = grid;
      }
      for (; plate.covers(grid, 1 / device_hz); grid += 1'000'000) {
        PlateFrame frame;
        plate.at(grid, 1 / device_hz, frame);
        BOOST_TEST(frame.known);
        const double rate = rates.step(frame).rate;
        if (grid < 200'000'000) continue;
        if (std::isnan(rate))
          ++unknown, last_unknown = grid;
        else
          worst = std::max(worst, std::abs(rate));
      }
    }
    BOOST_TEST(tared > 0);
    // Noise of 0.04 N with the rounding is 0.8 N/s SD; a jump of 11 N would be hundreds.
    BOOST_TEST(worst < 5 * .8);
    // the window and three intervals of the device, no more
    BOOST_TEST(unknown >= 61);
    BOOST_TEST(unknown <= 62 + std::ceil(3000 / device_hz));
    BOOST_TEST(last_unknown < tared + 75'000'000);
  }
}

BOOST_AUTO_TEST_SUITE_END()
