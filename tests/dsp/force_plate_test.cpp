// One plate from raw codes to the grid: clipping, eight columns of a scan, a zero that follows.
#include "dsp/force_plate.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>

#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(force_plate)

using namespace grfd;

namespace {

constexpr double kVoltsPerCode = 3.05e-4;
const ScanAdc kAdc(AdcCalibration{kVoltsPerCode, -kVoltsPerCode, 32768});

/// 100 mV/N on every signal, in the columns 2 to 9 of the scan.
PlateSettings piezo() {
  PlateSettings p;
  p.name = "left";
  p.columns = {2, 3, 4, 5, 6, 7, 8, 9};
  p.calibration.kind = PlateKind::piezo;
  p.calibration.sensor_a_m = .12;
  p.calibration.sensor_b_m = .2;
  p.calibration.newton_per_v.fill(10);
  p.calibration.origin_m = {0, 0, .05};
  p.calibration.drift_rezero = true;
  p.corners_m = {{{.2, .3, 0}, {-.2, .3, 0}, {-.2, -.3, 0}, {.2, -.3, 0}}};
  return p;
}

struct Rig {
  explicit Rig(const PlateSettings& p) : plate(p, FilterSettings{}, ThresholdSettings{}, 1000) { codes.fill(32768); }
  void scan(std::uint16_t flags = 0) {
    const std::uint32_t clipped = clip.push(codes);
    plate.take(k * 1'000'000, 1e-3 * double(k), codes, clipped, flags, kAdc);
    ++k;
  }
  ForcePlate plate;
  ClipDetector clip;
  std::array<std::int32_t, 16> codes{};
  std::int64_t k = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_low_pass_starts_anew_after_a_hole_that_is_not_bridged) {
  for (const int lost : {5, 6, 300}) {  // ms
    Rig rig(piezo());
    for (int i = 0; i < 50; ++i) rig.scan();
    rig.k += lost;
    rig.codes[9] = 40000;
    rig.scan(kGapBefore);
    PlateFrame frame;
    rig.plate.at((rig.k - 1) * 1'000'000, 1e-3, frame);
    const double fz = 10 * kVoltsPerCode * (40000 - 32768);
    if (lost > 5)
      BOOST_TEST(std::abs(frame.filtered[2] - fz) < 1e-6, lost);
    else
      BOOST_TEST(std::abs(frame.filtered[2]) < 0.1 * fz, lost);
  }
}

BOOST_AUTO_TEST_CASE(the_low_pass_starts_in_the_first_sample_of_an_epoch) {
  for (const std::uint16_t flags : {std::uint16_t{kNewEpoch}, std::uint16_t{0}}) {
    Rig rig(piezo());
    for (int i = 0; i < 50; ++i) rig.scan();
    rig.codes[9] = 40000;
    rig.scan(flags);
    PlateFrame frame;
    rig.plate.at((rig.k - 1) * 1'000'000, 1e-3, frame);
    const double fz = 10 * kVoltsPerCode * (40000 - 32768);
    BOOST_TEST(std::abs(frame.wrench[2] - fz) < 1e-6);
    if (flags)
      BOOST_TEST(std::abs(frame.filtered[2] - fz) < 1e-6);
    else
      BOOST_TEST(frame.filtered[2] < 0.01 * fz);  // 20 Hz: 0.36 % after one millisecond
  }
}

BOOST_AUTO_TEST_CASE(a_clipped_channel_makes_the_whole_wrench_unknown_from_the_third_sample) {
  Rig rig(piezo());
  rig.codes[0] = 65535;  // of nobody's plate
  for (int i = 0; i < 20; ++i) rig.scan();
  BOOST_TEST(!rig.plate.clipped());
  BOOST_TEST(std::abs(rig.plate.newest()[2]) < 1e-9);
  rig.codes[9] = 65534;  // fz4, within two codes of full scale
  rig.scan();
  rig.scan();
  BOOST_TEST(!rig.plate.clipped());
  BOOST_TEST(std::abs(rig.plate.newest()[2] - 10 * kVoltsPerCode * (65534 - 32768)) < 1e-6);
  rig.scan();
  BOOST_TEST(rig.plate.clipped());
  for (const double v : rig.plate.newest()) BOOST_TEST(std::isnan(v));
  rig.codes[9] = 65532;
  rig.scan();
  BOOST_TEST(!rig.plate.clipped());
  for (const double v : rig.plate.newest()) BOOST_TEST(std::isfinite(v));
}

// The converter reaches 10.0 V at code 65555 and so never sees its own limit.
BOOST_AUTO_TEST_CASE(an_amplifier_at_the_end_of_its_range_makes_the_wrench_unknown) {
  for (const double full_scale_v : {5., 9.5})
    for (const int sign : {1, -1}) {
      PlateSettings p = piezo();
      p.calibration.full_scale_v = full_scale_v;
      Rig rig(p);
      const auto volts = [&](double v) {
        rig.codes[9] = 32768 + static_cast<std::int32_t>(std::lround(sign * v / kVoltsPerCode));
      };
      volts(full_scale_v);
      rig.scan();
      rig.scan();
      BOOST_TEST(!rig.plate.clipped());
      rig.scan();
      BOOST_TEST(rig.plate.clipped());
      for (const double v : rig.plate.newest()) BOOST_TEST(std::isnan(v));
      volts(full_scale_v + .1);
      rig.scan();
      BOOST_TEST(rig.plate.clipped());
      volts(full_scale_v - .01);
      for (int i = 0; i < 5; ++i) rig.scan();
      BOOST_TEST(!rig.plate.clipped());
      BOOST_TEST(std::abs(rig.plate.newest()[2] - sign * 10 * (full_scale_v - .01)) < 10 * kVoltsPerCode);
      rig.codes[0] = 65500;  // of nobody's plate
      for (int i = 0; i < 5; ++i) rig.scan();
      BOOST_TEST(!rig.plate.clipped());
    }
}

BOOST_AUTO_TEST_CASE(every_column_of_eight_goes_to_its_own_signal) {
  Rig rig(piezo());
  // 8 N at sensor 2 alone, straight down, and 4 N along y felt by the sensors 1 and 4
  rig.codes[7] += static_cast<std::int32_t>(std::lround(8 / (10 * kVoltsPerCode)));
  rig.codes[4] += static_cast<std::int32_t>(std::lround(4 / (10 * kVoltsPerCode)));
  rig.scan();
  const Wrench6& w = rig.plate.newest();
  const double step = 10 * kVoltsPerCode;  // N of one code
  BOOST_TEST(std::abs(w[2] - 8) < step);
  BOOST_TEST(std::abs(w[1] - 4) < step);
  BOOST_TEST(std::abs(w[0]) < 1e-12);
  // at the surface, 50 mm above the sensors: Mx = y Fz + h Fy, My = -x Fz, Mz = x Fy
  BOOST_TEST(std::abs(w[3] - (.2 * 8 + .05 * 4)) < .3 * step);
  BOOST_TEST(std::abs(w[4] - .12 * 8) < .3 * step);
  BOOST_TEST(std::abs(w[5] - .12 * 4) < .3 * step);
}

BOOST_AUTO_TEST_CASE(a_piezo_plate_forgets_its_drift_and_a_strain_plate_keeps_it) {
  for (const bool follows : {true, false}) {
    PlateSettings p = piezo();
    p.calibration.drift_rezero = follows;
    Rig rig(p);
    // a drift of 0.1 N/s of Fz, a fourth of it on each vertical signal, for a minute
    double fz = 0;
    while (rig.k < 60000) {
      const double volts = .1 * 1e-3 * double(rig.k) / 4 / 10;
      for (std::size_t c = 6; c < 10; ++c)
        rig.codes[c] = 32768 + static_cast<std::int32_t>(std::lround(volts / kVoltsPerCode));
      rig.scan();
      fz = rig.plate.newest()[2];
    }
    // the four converters step together, by 4 x 3 mN
    const double step = 4 * 10 * kVoltsPerCode;
    BOOST_TEST(std::abs(fz - (follows ? .1 * 2 : .1 * 60)) < step);
  }
}

BOOST_AUTO_TEST_CASE(a_tare_does_not_stop_a_zero_that_follows) {
  Rig rig(piezo());
  rig.codes[6] += static_cast<std::int32_t>(std::lround(4 / (10 * kVoltsPerCode)));  // 4 N off at first
  std::vector<Sample> storage(64);
  std::string events;
  std::uint64_t seq = 0;
  bool tared = false;
  while (rig.k < 8000) {
    rig.scan();
    SampleBatch out(storage);
    rig.plate.tell_drift(1e-3 * double(rig.k), kAdc, Sample{}, TextWriter(7), seq, out);
    for (const Sample& s : out.samples()) events += text(s);
    if (rig.k == 1100) rig.plate.start_tare(kAdc);
    if (!rig.plate.tare_complete()) continue;
    tared = true;
    BOOST_TEST(rig.plate.newest()[2] > 4 * .3);  // followed for 2.1 s of tau 2 s: 4 e^-1.05 are left to be taken off
    BOOST_TEST(rig.plate.finish_tare(kAdc).accepted());
  }
  BOOST_TEST(tared);
  BOOST_TEST(std::abs(rig.plate.newest()[2]) < 1e-6);
  BOOST_TEST(events.find("\"state\":\"following\"") != std::string::npos);
  BOOST_TEST(events.find("held") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(columns_must_be_as_many_as_channels) {
  PlateSettings p = piezo();
  p.columns.pop_back();
  BOOST_CHECK_THROW(std::make_unique<Rig>(p), std::invalid_argument);
}

// A tare of an earlier session gave codes and volts; only the converter that gave them can take them back.
BOOST_AUTO_TEST_CASE(a_kept_zero_is_taken_from_the_same_converter_alone) {
  PlateSettings p = piezo();
  p.calibration.drift_rezero = false;
  Rig rig(p);
  std::array<double, 8> codes, volts;
  codes.fill(32900.5);
  volts.fill(kVoltsPerCode * (32900.5 - 32768));
  const ForcePlate::KeptZero kept{codes, volts};
  BOOST_TEST(rig.plate.use_zero(kept, kAdc).refusal == std::string("no data from the plate"));
  rig.codes.fill(32900);
  for (int i = 0; i < 3; ++i) rig.scan();
  const double before_n = rig.plate.newest()[2];
  BOOST_TEST(std::abs(before_n - 4 * 10 * kVoltsPerCode * 132) < 1e-9);

  const ScanAdc other_range(AdcCalibration{kVoltsPerCode / 2, -kVoltsPerCode / 2, 32768});
  BOOST_TEST(std::string(rig.plate.use_zero(kept, other_range).refusal).starts_with("the converter has another range"));
  const ScanAdc other_offset(AdcCalibration{kVoltsPerCode, -kVoltsPerCode, 32768.1});
  BOOST_TEST(
      std::string(rig.plate.use_zero(kept, other_offset).refusal).starts_with("the converter has another range"));
  BOOST_TEST(std::string(rig.plate.use_zero({std::span(codes).first(6), std::span(volts).first(6)}, kAdc).refusal)
                 .starts_with("it has another number of channels"));
  rig.plate.start_tare(kAdc);
  BOOST_TEST(rig.plate.use_zero(kept, kAdc).refusal == std::string("it is just being zeroed"));
  rig.plate.finish_tare(kAdc);  // too short: refused
  rig.scan();
  BOOST_TEST(rig.plate.newest()[2] == before_n);  // a refusal changes nothing

  const ForcePlate::KeptZeroTaken taken = rig.plate.use_zero(kept, kAdc);
  BOOST_TEST(taken.refusal == std::string());
  BOOST_TEST(std::abs(taken.offset_fz_n - 4 * 10 * kVoltsPerCode * 132.5) < 1e-9);
  rig.scan();
  BOOST_TEST(std::abs(rig.plate.newest()[2] - 4 * 10 * kVoltsPerCode * -.5) < 1e-9);
  BOOST_TEST(rig.plate.zero_volts(kAdc)[7] == volts[7]);

  Rig drifting(piezo());
  for (int i = 0; i < 3; ++i) drifting.scan();
  BOOST_TEST(std::string(drifting.plate.use_zero(kept, kAdc).refusal).starts_with("its zero drifts"));
}

BOOST_AUTO_TEST_SUITE_END()
