// The streams of the centre of pressure: cop_foot, along the feet.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>

#include "dsp/metric.hpp"
#include "dsp/wrench.hpp"
#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(cop_metric)

using namespace grfd;

namespace {

struct Feet {
  Settings settings;
  StreamTable table;
  std::uint64_t event_seq = 0;
  std::array<std::array<double, 6>, 6> covariance{};
  std::unique_ptr<Metric> metric;
  std::vector<Sample> storage = std::vector<Sample>(16);
  std::vector<PlateFrame> plates = std::vector<PlateFrame>(2);
  Wrench6 combined{};  ///< of wrench/total, as it was last

  explicit Feet(double foot_length_m, const ThresholdSettings& thresholds = {}) {
    settings.thresholds = thresholds;
    for (const Side side : {Side::left, Side::right}) {
      PlateSettings p;
      p.name = to_string(side);
      p.side = side;
      settings.plates.push_back(p);
    }
    settings.participant.foot_length_m = foot_length_m;
    settings.participant.heel_m = {{{-0.14, -0.06}, {0.15, -0.05}}};
    settings.participant.toe_out_deg = {10, 0};
    const MetricSetup setup{settings, table, kNoStream, event_seq, 0.01, 1, {{}, {}}, {&covariance, &covariance}};
    metric = make_cop_metric(setup);
  }
  /// @return cop_foot, or nothing
  std::vector<double> stand(double left_n, double right_n, double left_x, double left_y, double right_x,
                            double right_y) {
    const auto load = [](double fz, double x, double y) { return Wrench6{0, 0, fz, y * fz, -x * fz, 0}; };
    plates[0].filtered = load(left_n, left_x, left_y);
    plates[1].filtered = load(right_n, right_x, right_y);
    std::vector<double> row;
    for (int k = 0; k < 10; ++k) {  // contact takes 5 ms
      Frame frame;
      frame.plates = plates;
      SampleBatch out(storage);
      metric->update(frame, out);
      row.clear();
      for (const Sample& s : out.samples())
        if (table[s.stream].name == "cop_foot")
          for (std::size_t i = 0; i < 3; ++i) row.push_back(value<float>(s, i));
        else if (table[s.stream].name == "wrench/total")
          for (std::size_t i = 0; i < 6; ++i) combined[i] = value<float>(s, i);
    }
    return row;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_centre_of_pressure_lies_in_percent_of_the_foot) {
  Feet feet(0.25);
  const StreamInfo& info = feet.table[feet.table.id("cop_foot")];
  BOOST_TEST(info.columns.size() == 3u);
  BOOST_TEST(info.columns[0].delay_s == 0.01);
  BOOST_TEST(info.columns[0].unit == "%");
  // 60 % of the left foot, which turns out by 10 deg; 40 % of the right one, 12 mm beside its line
  const double a = 10 * 3.14159265358979 / 180, along = 0.6 * 0.25;
  const auto row = feet.stand(300, 500, -0.14 - along * std::sin(a), -0.06 + along * std::cos(a), 0.162, -0.05 + 0.1);
  BOOST_REQUIRE(row.size() == 3u);
  BOOST_TEST(std::abs(row[0] - 60) < 1e-4);
  BOOST_TEST(std::abs(row[1] - 40) < 1e-4);
  const double y = (300 * (-0.06 + along * std::cos(a)) + 500 * 0.05) / 800;
  BOOST_TEST(std::abs(row[2] - 100 * (y + 0.055) / 0.25) < 1e-4);
  // a foot in the air has no place, the other one and both together have
  const auto one = feet.stand(5, 795, 0, 0, 0.15, 0.0125);
  BOOST_TEST(std::isnan(one[0]));
  BOOST_TEST(std::abs(one[1] - 25) < 1e-4);
  BOOST_TEST(std::isfinite(one[2]));
}

BOOST_AUTO_TEST_CASE(the_combined_wrench_is_about_the_origin_and_of_plates_that_are_stood_on) {
  Feet feet(0.25);
  const StreamInfo& info = feet.table[feet.table.id("wrench/total")];
  BOOST_TEST(info.columns.size() == 6u);
  BOOST_TEST(info.columns[5].delay_s == 0.01);
  feet.stand(300, 500, -0.2, -0.04, 0.15, 0.06);
  const auto is = [&](const Wrench6& wanted) {
    for (std::size_t i = 0; i < 6; ++i) BOOST_TEST(std::abs(feet.combined[i] - wanted[i]) < 1e-4, i);
  };
  is({0, 0, 800, -0.04 * 300 + 0.06 * 500, 0.2 * 300 - 0.15 * 500, 0});
  feet.stand(5, 795, -0.2, -0.04, 0.15, 0.06);  // what the left plate shows is no load
  is({0, 0, 795, 0.06 * 795, -0.15 * 795, 0});
  feet.stand(kNaN, 795, -0.2, -0.04, 0.15, 0.06);
  for (const double x : feet.combined) BOOST_TEST((x == 0 || std::isnan(x)));
  BOOST_TEST(std::isnan(feet.combined[2]));
}

BOOST_AUTO_TEST_CASE(feet_that_were_not_measured_have_no_such_stream) {
  Feet feet(0);
  BOOST_TEST(!feet.table.find("cop_foot"));
  BOOST_TEST(feet.stand(400, 400, 0, 0, 0, 0).empty());
}

BOOST_AUTO_TEST_CASE(what_was_set_stands_in_the_streams) {
  ThresholdSettings t;
  t.contact_on_n = 33;
  t.contact_off_n = 12.5;
  t.debounce_s = 0.008;
  t.cop_sigma_ok_mm = 1.5;
  t.cop_sigma_bad_mm = 4;
  t.cop_total_on_n = 120;
  t.cop_band_low_percent = 47.5;
  t.cop_band_high_percent = 62;
  Feet usual(0.25), other(0.26, t);
  const auto text = [](Feet& feet, const char* stream) { return feet.table[feet.table.id(stream)].parameters; };
  const auto has = [](const std::string& all, const char* part) {
    BOOST_TEST((all.find(part) != std::string::npos), "'" << part << "' is not in: " << all);
  };
  for (const char* part : {"valid from 50 N on, until 40 N", "contact from 20 N on, until 10 N; each for 0.005 s",
                           "low_quality above 3 mm, until below 2 mm", "Butterworth 2 / 20 Hz"})
    has(text(usual, "cop/left"), part);
  for (const char* part :
       {"contact from 33 N on, until 12.5 N; each for 0.008 s", "low_quality above 4 mm, until below 1.5 mm"})
    has(text(other, "cop/right"), part);
  has(text(other, "cop/total"), "valid from 120 N on, until 80 N; contact of any plate from 33 N");
  has(text(usual, "cop_foot"), "foot 0.25 m, heels (-0.14 m, -0.06 m) toe-out 10 deg (0.15 m, -0.05 m) toe-out 0 deg");
  has(text(other, "cop_foot"), "foot 0.26 m");
  has(text(usual, "cop_foot"), "target band 55 % to 70 %");
  has(text(other, "cop_foot"), "target band 47.5 % to 62 %");
  other.settings.participant.dominant = Dominant::left;
  other.settings.participant.dominance_method = "kicking leg";
  for (Feet* feet : {&usual, &other}) {
    const MetricSetup setup{feet->settings, feet->table, kNoStream, feet->event_seq, 0.01, 1, {}, {}};
    make_asymmetry_metric(setup);
  }
  has(text(usual, "asymmetry"), "from 100 N in all on, until 80 N, each for 0.005 s; dominant: unknown");
  has(text(other, "asymmetry"), "from 120 N in all on, until 80 N, each for 0.008 s; dominant: left by kicking leg");
}

BOOST_AUTO_TEST_SUITE_END()
