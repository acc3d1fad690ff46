#include "daemon/zero_phase.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "daemon/config.hpp"
#include "daemon/h5.hpp"
#include "daemon/recording.hpp"
#include "daemon/simulate.hpp"
#include "tests/daemon/recording_fixture.hpp"

BOOST_AUTO_TEST_SUITE(zero_phase_streams)

using namespace grfd;

namespace {

struct Stream {
  std::vector<double> t, values, delay_s;
  std::size_t width = 0;
  double rate_hz = 0;
  std::string formula, parameters;
  Stream(hid_t file, const std::string& name) {
    const h5::Id group = h5::open(file, "streams/" + name), matrix = h5::open(group, "values");
    const h5::Shape shape = h5::shape(matrix);
    width = shape.at(1);
    t.resize(shape[0]);
    values.resize(shape[0] * width);
    h5::read_rows(h5::open(group, "t"), H5T_NATIVE_DOUBLE, 0, shape[0], t.data());
    h5::read_rows(matrix, H5T_NATIVE_DOUBLE, 0, shape[0], values.data());
    delay_s = h5::numbers_attribute(group, "delay_s");
    rate_hz = h5::numbers_attribute(group, "rate_hz").at(0);
    formula = h5::text_attribute(group, "formula");
    parameters = h5::text_attribute(group, "parameters");
  }
  double operator()(std::size_t row, std::size_t column) const { return values[row * width + column]; }
};

/// RMS of `measured` minus `truth` at equal times from `from_s` on; NaN when one of them is unknown there.
double rms(const Stream& measured, const Stream& truth, std::size_t column, double from_s, double to_s) {
  double sum = 0;
  std::size_t n = 0, i = 0;
  for (std::size_t k = 0; k < truth.t.size(); ++k) {
    if (truth.t[k] < from_s || truth.t[k] > to_s) continue;
    while (i + 1 < measured.t.size() && measured.t[i + 1] <= truth.t[k] + 1e-9) ++i;
    if (i + 1 >= measured.t.size()) break;
    const double part = (truth.t[k] - measured.t[i]) / (measured.t[i + 1] - measured.t[i]);
    const double e = (1 - part) * measured(i, column) + part * measured(i + 1, column) - truth(k, column);
    sum += e * e;
    ++n;
  }
  BOOST_REQUIRE(n > 1000u);
  return std::sqrt(sum / static_cast<double>(n));
}

struct Trial {
  recording_test::Folder folder;
  std::string recording = folder.path + "/trial.h5", twins = folder.path + "/twins.h5";
  Trial() {
    simulate(load_config(std::string(GRFD_SOURCE) + "/config/demo.toml", {"filter.cutoff_hz=15"}), {recording, 14});
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(nothing_lags_behind_the_truth) {
  const Trial trial;
  const ZeroPhaseReport report = zero_phase_twins({trial.recording, trial.twins});
  BOOST_TEST(report.plates == 2u);
  BOOST_TEST(report.filter.low_pass.cutoff_hz == 15.0);  // the command line of the recording counts
  const h5::Id before = h5::open_file(trial.recording), after = h5::open_file(trial.twins);
  for (const std::string name : {"left", "right", "total"}) {
    const Stream live(before, "cop/" + name), twin(after, "zero_phase/cop/" + name), truth(before, "truth/cop/" + name);
    BOOST_TEST(twin.delay_s == std::vector<double>(4, 0.0), boost::test_tools::per_element());
    for (std::size_t c = 0; c < 4; ++c) {  // cop_ml, cop_ap, fz, tz
      const double error = rms(twin, truth, c, 5, 13.9), lag = rms(live, truth, c, 5, 13.9);
      // What is left is noise and the zero error of the tare: 0.03 mm, 0.2 N, 0.02 N.m.
      BOOST_TEST(error < (c < 2 ? 3e-5 : c == 2 ? 0.2 : 0.02), name << ", column " << c << ": " << error);
      BOOST_TEST(error < 0.35 * lag, name << ", column " << c << ": " << error << ", live " << lag);
    }
  }
  const Stream twin(after, "zero_phase/asymmetry"), truth(before, "truth/asymmetry");
  for (std::size_t c = 0; c < 4; ++c) BOOST_TEST(rms(twin, truth, c, 5, 13.9) < 0.01);  // %
}

BOOST_AUTO_TEST_CASE(without_a_foot_there_is_no_centre_of_pressure) {
  const Trial trial;
  zero_phase_twins({trial.recording, trial.twins});
  const h5::Id after = h5::open_file(trial.twins);
  const Stream twin(after, "zero_phase/cop/left"), load(after, "zero_phase/asymmetry");
  std::size_t seen = 0;
  for (std::size_t i = 0; i < twin.t.size(); ++i) {
    if (twin.t[i] > 2.9) continue;  // the subject steps on at 3 s
    ++seen;
    BOOST_REQUIRE(std::isnan(twin(i, 0)));
    BOOST_REQUIRE(!std::isnan(twin(i, 2)));
    BOOST_REQUIRE(std::isnan(load(i, 0)));
  }
  BOOST_TEST(seen > 2500u);
}

BOOST_AUTO_TEST_CASE(at_a_lower_rate_the_decimated_wrench_is_as_true) {
  const Trial trial;
  const std::string slow = trial.folder.path + "/slow.h5";
  zero_phase_twins({trial.recording, trial.twins});
  ZeroPhaseOptions options{trial.recording, slow};
  options.rate_hz = 125;  // 8 ms
  const ZeroPhaseReport report = zero_phase_twins(options);
  BOOST_TEST(report.filter.divisor == 8u);
  const h5::Id before = h5::open_file(trial.recording), full = h5::open_file(trial.twins), after = h5::open_file(slow);
  const Stream wrench(after, "zero_phase/plate/left"), fast(full, "zero_phase/plate/left");
  BOOST_TEST(wrench.rate_hz == 125.0);
  BOOST_TEST(fast.rate_hz == 1000.0);
  BOOST_TEST(fast.parameters == "Butterworth 2 / 15 Hz, forward and backward");
  BOOST_TEST(wrench.parameters ==
             fast.parameters + ", then decimated by 8 (Kaiser low-pass, beta 8, 24 taps per phase, cut-off 50 Hz)");
  BOOST_TEST(wrench.formula == "wrench-zero-phase");
  BOOST_TEST(wrench.delay_s == std::vector<double>(6, 0.0), boost::test_tools::per_element());
  BOOST_TEST(std::abs(double(wrench.t.size()) - double(fast.t.size()) / 8) <= 1.0);
  BOOST_TEST(report.rows == wrench.t.size());
  std::size_t k = 0, known = 0;
  for (std::size_t i = 0; i < wrench.t.size(); ++i) {
    BOOST_REQUIRE(std::abs(wrench.t[i] * 125 - std::round(wrench.t[i] * 125)) < 1e-6);
    while (fast.t[k] < wrench.t[i] - 1e-6) ++k;
    BOOST_REQUIRE(std::abs(fast.t[k] - wrench.t[i]) < 1e-9);
    // 12 rows of the window, 96 ms, must lie to both sides
    const bool inside = wrench.t[i] > fast.t.front() + 0.0955 && wrench.t[i] < fast.t.back() - 0.0955;
    BOOST_REQUIRE(std::isnan(wrench(i, 2)) == !inside);
    if (!inside) continue;
    ++known;
    BOOST_REQUIRE(std::abs(wrench(i, 2) - fast(k, 2)) < 1.0);  // the fastest of the step on the plate
  }
  BOOST_TEST(known > 1500u);
  for (const std::string name : {"left", "right", "total"}) {
    const Stream twin(after, "zero_phase/cop/" + name), truth(before, "truth/cop/" + name);
    BOOST_TEST(twin.rate_hz == 125.0);
    for (std::size_t c = 0; c < 4; ++c) {
      const double error = rms(twin, truth, c, 5, 13.7);
      BOOST_TEST(error < (c < 2 ? 3e-5 : c == 2 ? 0.2 : 0.02), name << ", column " << c << ": " << error);
    }
  }
  const Stream twin(after, "zero_phase/asymmetry"), truth(before, "truth/asymmetry");
  for (std::size_t c = 0; c < 4; ++c) BOOST_TEST(rms(twin, truth, c, 5, 13.7) < 0.01);  // %
}

BOOST_AUTO_TEST_CASE(the_filter_of_quiet_stance_can_be_had) {
  const Trial trial;
  ZeroPhaseOptions options{trial.recording, trial.twins};
  options.sway = true;
  const ZeroPhaseReport report = zero_phase_twins(options);
  BOOST_TEST(report.filter.rate_hz() == 100.0);
  BOOST_TEST(report.filter.low_pass.cutoff_hz == 10.0);  // whatever the recording has
  const h5::Id after = h5::open_file(trial.twins);
  const Stream wrench(after, "zero_phase/plate/right");
  BOOST_TEST(wrench.formula == "wrench-sway");
  BOOST_TEST(wrench.parameters ==
             "decimated by 10 (Kaiser low-pass, beta 8, 24 taps per phase, cut-off 40 Hz), then Butterworth 2 / 10 Hz, "
             "forward and backward, its cut-off not corrected for two passes");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_done_is_said) {
  const Trial trial;
  const auto refused = [](const ZeroPhaseOptions& options, const std::string& why) {
    try {
      zero_phase_twins(options);
      BOOST_ERROR("not refused: " + why);
    } catch (const std::exception& e) { BOOST_TEST(std::string(e.what()).find(why) != std::string::npos, e.what()); }
  };
  refused({trial.recording, trial.recording}, "holds no zero-phase streams; choose another name");
  refused({trial.recording, trial.twins, 700.0},
          "a cut-off of 700 Hz is not possible: it must lie above 0 and below 500 Hz");
  refused({trial.recording, trial.twins, {}, 99}, "an order of 99 is not possible: it must be 1 to 8");
  refused({trial.folder.path + "/none.h5", trial.twins}, "none.h5");
  for (const double rate : {300.0, 2000.0, 0.5, 0.0, -100.0, 99.9, std::nan("")})
    refused({trial.recording, trial.twins, {}, {}, rate}, "it must divide 1000 Hz");
  refused({trial.recording, trial.twins, {}, {}, 1.0}, "has no 24 s of known samples in one piece, as a rate of 1 Hz");
  refused({trial.recording, trial.twins, 8.0, {}, {}, true}, "give no cut-off and no order");
  refused({trial.recording, trial.twins, {}, 4, {}, true}, "give no cut-off and no order");
  refused({trial.recording, trial.twins, {}, {}, 40.0, true}, "a rate of 50 Hz at least, not 40 Hz");
  BOOST_TEST(trial.folder.files() == std::vector<std::string>{"trial.h5"}, boost::test_tools::per_element());
  zero_phase_twins({trial.recording, trial.twins});
  zero_phase_twins({trial.recording, trial.twins, 10.0});  // made again
  refused({trial.twins, trial.folder.path + "/again.h5"}, "not a recording");
  BOOST_TEST(verify(trial.twins).problems.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
