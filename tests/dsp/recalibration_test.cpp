// Re-calibration in place: known distortions come back, noise goes where theory says, sites that cannot tell are named.
#include "dsp/recalibration.hpp"

#include <boost/test/unit_test.hpp>

#include "dsp/plate_model.hpp"
#include "dsp/recalibration_fit.hpp"
#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(recalibration)

using namespace grfd;
using grfd_test::Random;
using grfd_test::worst;

namespace {

/// Vertical weights on the surface of a plate of 0.4 x 0.6 m.
std::vector<Wrench6> weights(double newton, std::initializer_list<std::array<double, 2>> places) {
  std::vector<Wrench6> all;
  for (const auto& [x, y] : places) all.push_back({0, 0, newton, y * newton, -x * newton, 0});
  return all;
}
std::vector<Wrench6> nine(double newton) {
  return weights(
      newton, {{-.15, .25}, {0, .25}, {.15, .25}, {-.15, 0}, {0, 0}, {.15, 0}, {-.15, -.25}, {0, -.25}, {.15, -.25}});
}
std::vector<LoadSite> sites(const std::vector<Wrench6>& truth, const PlateCorrection& wanted) {
  std::vector<LoadSite> all;
  for (const Wrench6& w : truth) all.push_back({w, wanted.undo(w)});
  return all;
}
double worst_of(const Mat6& a, const Mat6& b) {
  double w = 0;
  for (std::size_t i = 0; i < 6; ++i) w = std::max(w, worst(a[i], b[i], 6));
  return w;
}
/// Fz, Mx and My alone.
Recalibration vertical() {
  Recalibration r;
  r.uniform[2] = {0, 0, 1.021, -.08, .13, 0};
  r.uniform[3] = {0, 0, .003, .985, -.012, 0};
  r.uniform[4] = {0, 0, -.002, .007, 1.014, 0};
  return r;
}
constexpr std::array<double, 2> kHalf{.2, .3};
bool names(const std::exception& e, const std::string& part) {
  return std::string(e.what()).find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(masses_give_back_the_three_components_they_load) {
  const Recalibration wanted = vertical();
  const RecalibrationFit f = fit_recalibration(sites(nine(196.133), {wanted, kHalf}), kHalf, false);
  BOOST_TEST(worst_of(f.recalibration.uniform, wanted.uniform) < 1e-9);
  BOOST_TEST(!f.recalibration.varies());
  BOOST_TEST(f.rms_before[2] > 1);
  BOOST_TEST(f.cop_rms_before_m > 1e-3);
  BOOST_TEST(worst(f.rms_after, Wrench6{}, 6) < 1e-9);
  BOOST_TEST(f.cop_rms_after_m < 1e-12);
  // shear and Mz stay as they were
  for (const std::size_t i : {0, 1, 5})
    for (std::size_t j = 0; j < 6; ++j) {
      BOOST_TEST(f.recalibration.uniform[i][j] == (i == j ? 1.0 : 0.0));
      BOOST_TEST(f.recalibration.uniform[j][i] == (i == j ? 1.0 : 0.0));
    }
}

BOOST_AUTO_TEST_CASE(what_changes_over_the_surface_comes_back) {
  Recalibration wanted = vertical();
  wanted.x_per_m[2][3] = .05, wanted.x_per_m[2][4] = -.2, wanted.y_per_m[2][3] = .1;
  wanted.x_per_m[3][4] = .04, wanted.y_per_m[3][3] = -.06, wanted.x_per_m[4][4] = .08, wanted.x_per_m[4][3] = -.03;
  const auto all = sites(nine(400), {wanted, kHalf});
  const RecalibrationFit f = fit_recalibration(all, kHalf, true);
  BOOST_TEST(worst_of(f.recalibration.uniform, wanted.uniform) < 1e-9);
  BOOST_TEST(worst_of(f.recalibration.x_per_m, wanted.x_per_m) < 1e-9);
  BOOST_TEST(worst_of(f.recalibration.y_per_m, wanted.y_per_m) < 1e-9);
  BOOST_TEST(worst(f.rms_after, Wrench6{}, 6) < 1e-9);
  // one matrix for all places leaves some of it
  BOOST_TEST(fit_recalibration(all, kHalf, false).rms_after[2] > .1);
}

// x Fz is -My: whatever stands in the columns of x Fz, y Fz and y My, the corrected wrench is the same.
BOOST_AUTO_TEST_CASE(terms_that_say_the_same_are_not_told_apart_and_need_not_be) {
  Recalibration wanted = vertical();
  wanted.x_per_m[2][2] = .1, wanted.y_per_m[4][2] = .02, wanted.y_per_m[2][4] = .3;
  const PlateCorrection mended(wanted, kHalf);
  const RecalibrationFit f = fit_recalibration(sites(nine(400), mended), kHalf, true);
  const PlateCorrection found(f.recalibration, kHalf);
  for (const Wrench6& w : weights(700, {{.08, -.11}, {-.17, .21}, {.02, .05}}))
    BOOST_TEST(worst(found.apply(mended.undo(w)), w, 6) < 1e-9);
}

BOOST_AUTO_TEST_CASE(noise_of_the_readings_becomes_the_stated_standard_error) {
  const auto truth = nine(300);
  const Wrench6 noise{0, 0, .2, .05, .05, 0};
  constexpr int kRuns = 400;
  Mat6 squares{}, stated{};
  for (int run = 0; run < kRuns; ++run) {
    Random random(static_cast<std::uint64_t>(run));
    std::vector<LoadSite> all;
    for (const Wrench6& w : truth) {
      all.push_back({w, w});
      for (std::size_t i = 0; i < 6; ++i) all.back().measured[i] += noise[i] * random.normal();
    }
    const RecalibrationFit f = fit_recalibration(all, kHalf, false);
    for (std::size_t i = 2; i < 5; ++i)
      for (std::size_t j = 2; j < 5; ++j) {
        squares[i][j] += std::pow(f.recalibration.uniform[i][j] - (i == j ? 1 : 0), 2) / kRuns;
        stated[i][j] += std::pow(f.standard_error[i][j], 2) / kRuns;
      }
  }
  // Nine places, Fz alike everywhere: its gain is known to 0.2 N / 300 N / 3; Mx over places +-0.25 m, six of them.
  BOOST_TEST(std::abs(std::sqrt(squares[2][2]) / (.2 / 300 / 3) - 1) < .15);
  BOOST_TEST(std::abs(std::sqrt(squares[3][3]) / (.05 / (300 * .25 * std::sqrt(6.))) - 1) < .15);
  for (std::size_t i = 2; i < 5; ++i)
    for (std::size_t j = 2; j < 5; ++j)
      BOOST_TEST(std::abs(std::sqrt(stated[i][j] / squares[i][j]) - 1) < .15);  // 4 standard errors of 400 runs
}

BOOST_AUTO_TEST_CASE(sites_that_cannot_tell_are_named) {
  const PlateCorrection none;
  const auto fails = [&](const std::vector<Wrench6>& truth, bool by_place, const char* part) {
    BOOST_CHECK_EXCEPTION(fit_recalibration(sites(truth, none), kHalf, by_place), std::invalid_argument,
                          [&](const auto& e) { return names(e, part); });
  };
  fails(weights(200, {{0, 0}, {.1, .1}, {.1, -.1}, {-.1, 0}}), false,
        "there are 4 sites with known loads, must be 5 at least");
  fails(weights(200, {{0, 0}, {.1, .1}, {.1, -.1}, {-.1, 0}, {0, .1}, {0, -.1}, {.1, 0}}), true,
        "there are 7 sites with known loads, must be 8 at least");
  fails(weights(200, {{-.1, 0}, {-.05, 0}, {0, 0}, {.05, 0}, {.1, 0}}), false, "no site loads Mx: ");
  // on a diagonal Mx and My go together
  fails(weights(200, {{-.1, -.1}, {-.05, -.05}, {0, 0}, {.05, .05}, {.1, .1}}), false,
        "these sites load Mx and My nearly always in the same proportion");
  // all in one spot
  fails(weights(200, {{.1, .1}, {.101, .1}, {.1, .101}, {.099, .1}, {.1, .099}}), false,
        "these sites load Fz and Mx and My");
  // four corners and the centre know no curvature of their own
  fails(weights(200,
                {{.15, .25}, {-.15, .25}, {-.15, -.25}, {.15, -.25}, {0, 0}, {.15, .25}, {-.15, .25}, {0, 0}, {0, 0}}),
        true, "nearly always in the same proportion");
  auto broken = sites(nine(200), none);
  broken[4].measured[3] = std::numeric_limits<double>::quiet_NaN();
  BOOST_CHECK_EXCEPTION(fit_recalibration(broken, kHalf, false), std::invalid_argument,
                        [&](const auto& e) { return names(e, "site 5 has a Mx that is not a number"); });
}

BOOST_AUTO_TEST_CASE(a_wrong_sense_or_gain_is_no_recalibration) {
  std::vector<LoadSite> all;
  for (const Wrench6& w : nine(200)) {
    all.push_back({w, w});
    for (double& v : all.back().measured) v *= -1;
  }
  BOOST_CHECK_EXCEPTION(fit_recalibration(all, kHalf, false), std::invalid_argument,
                        [&](const auto& e) { return names(e, "what fits these loads makes Fz -1 times as large"); });
  Recalibration r;
  BOOST_TEST(recalibration_error(r).empty());
  r.y_per_m[3][3] = 40;  // per millimetre, taken for per metre
  BOOST_TEST(recalibration_error(r) == "changes Mx by 40 of itself per metre, must be at most 1");
  r = {};
  r.uniform[0] = r.uniform[1] = {1, 1, 0, 0, 0, 0};
  BOOST_TEST(recalibration_error(r) == "cannot be inverted: one row is a combination of the others");
}

// N.mm taken for N.m, or mm for m: each element alone is a number like another, what it does to a load is not.
BOOST_AUTO_TEST_CASE(elements_off_the_diagonal_are_judged_by_what_they_do_on_the_plate) {
  BOOST_TEST(recalibration_error(vertical(), kHalf).empty());
  const std::string units = ": are its moments in N.m and its places in m?";
  const auto error = [&](auto&& change) {
    Recalibration r;
    change(r);
    BOOST_TEST(recalibration_error(r).empty());
    const std::string text = recalibration_error(r, kHalf);
    BOOST_CHECK_THROW(PlateCorrection(r, kHalf), std::invalid_argument);
    BOOST_TEST(text.ends_with(units), text);
    return text.substr(0, text.size() - std::min(text.size(), units.size()));
  };
  // 1 N at x = -0.2 m has My = 0.2 N.m
  BOOST_TEST(error([](Recalibration& r) { r.uniform[2][4] = 500; }) ==
             "makes Fz of a load at x -200 mm, y -300 mm 101 times as large, must be 0.5 to 2");
  BOOST_TEST(error([](Recalibration& r) { r.x_per_m[2][4] = 999; }) ==
             "makes Fz of a load at x -200 mm, y -300 mm -38.96 times as large, must be 0.5 to 2");
  BOOST_TEST(error([](Recalibration& r) { r.uniform[2][0] = 500; }) ==
             "makes Fz of a load at x -200 mm, y -300 mm 51 times as large, must be 0.5 to 2");
  BOOST_TEST(error([](Recalibration& r) { r.uniform[4][2] = .06; }) ==
             "moves the point of a load at x -200 mm, y -300 mm by 60 mm, must be at most 50 mm");
  BOOST_TEST(error([](Recalibration& r) { r.y_per_m[3][2] = .2; }) ==
             "moves the point of a load at x -200 mm, y -300 mm by 60 mm, must be at most 50 mm");
  BOOST_TEST(error([](Recalibration& r) { r.uniform[1][4] = 4; }) ==
             "changes Fy of a load at x -200 mm, y -300 mm by 0.8 N per N of its weight, must be at most 0.5");
  BOOST_TEST(error([](Recalibration& r) { r.uniform[5][2] = -.06; }) ==
             "changes Mz of a load at x -200 mm, y -300 mm by -0.06 N.m per N of its weight, must be at most 0.05");
  Recalibration just;
  just.uniform[4][2] = .049;
  BOOST_TEST(recalibration_error(just, kHalf).empty());
}

// Whatever place it is, corner, edge or centre, and however it draws the others to itself.
BOOST_AUTO_TEST_CASE(the_one_wrong_place_is_the_worst) {
  for (const bool by_place : {false, true})
    for (std::size_t wrong = 0; wrong < 12; ++wrong) {
      auto truth = nine(300);
      for (const Wrench6& w : weights(150, {{.08, .12}, {-.08, -.12}, {-.1, .05}})) truth.push_back(w);
      auto all = sites(truth, {});
      all[wrong].truth[4] += .03 * all[wrong].truth[2];  // 30 mm off in x
      const RecalibrationFit f = fit_recalibration(all, kHalf, by_place);
      BOOST_TEST(f.worst == wrong);
      BOOST_TEST(f.worst_cop_m > .005);
      BOOST_TEST(f.worst_cop_m < .031);
      BOOST_TEST(f.cop_rms_after_m > .004);
    }
  const RecalibrationFit right = fit_recalibration(sites(nine(300), {}), kHalf, false);
  BOOST_TEST(right.worst_cop_m < 1e-12);
  auto nothing = sites(nine(300), {});
  nothing[2] = {};
  BOOST_CHECK_EXCEPTION(fit_recalibration(nothing, kHalf, false), std::invalid_argument,
                        [](const auto& e) { return names(e, "site 3 has no weight"); });
}

BOOST_AUTO_TEST_CASE(a_correction_that_varies_can_be_undone_and_does_not_blow_up_an_empty_plate) {
  Recalibration r = vertical();
  r.x_per_m[2] = {0, 0, .1, .2, -.3, 0};
  r.y_per_m[4] = {.01, 0, .02, -.1, .15, .05};
  const PlateCorrection c(r, kHalf);
  for (const Wrench6& w :
       {Wrench6{20, -30, 700, 150, -90, 4}, Wrench6{1, 2, -400, 60, 50, -3}, Wrench6{.1, 0, .3, -.2, .4, 0}})
    BOOST_TEST(worst(c.undo(c.apply(w)), w, 6) < 1e-9);
  BOOST_TEST(worst(c.apply({}), Wrench6{}, 6) == 0);
  // 0.2 N.m above 0.001 N would lie 200 m away
  BOOST_TEST(std::abs(c.apply({0, 0, .001, 0, .2, 0})[2] - .027) < .05);
}

BOOST_AUTO_TEST_CASE(a_plate_applies_it_about_its_own_surface_in_its_own_axes) {
  for (const bool down : {false, true})
    for (const bool varies : {false, true}) {
      PlateSettings p;
      p.name = "left";
      p.calibration.sense = down ? Sense::action : Sense::reaction;
      p.calibration.origin_m = {.002, -.003, down ? -.04 : .04};
      p.pad_m = .012;
      const double side = down ? -1 : 1;
      p.corners_m = {
          {{.5, .1 + side * .3, .1}, {.1, .1 + side * .3, .1}, {.1, .1 - side * .3, .1}, {.5, .1 - side * .3, .1}}};
      for (std::size_t i = 0; i < 6; ++i) p.calibration.sensitivity[i][i] = 1;
      p.calibration.recalibration = vertical();
      if (varies) p.calibration.recalibration.x_per_m[2][4] = -.2;
      const PlateModel m(p);
      PlateSettings bare = p;
      bare.calibration.recalibration = {};
      const PlateModel plain(bare);
      // a foot on the pad, written by hand in plate axes about the centre of the plate's own surface, as it truly is
      const double s = down ? -1 : 1, x = .07, y = -.12, h = s * .012;
      const Vec3 f{s * 15, -25, 640};  // sense and z turned: the plate reports -F, its z and y point the other way
      const Wrench6 truth{f[0], f[1], f[2], y * f[2] - h * f[1], h * f[0] - x * f[2], x * f[1] - y * f[0] + 1.5};
      const PlateCorrection c(p.calibration.recalibration, {.2, .3});
      const Wrench6 measured = shift(c.undo(truth), {-.002, .003, down ? .04 : -.04});  // about the sensor
      const Wrench6 lab = m.lab(measured);
      const PressurePoint cop = center_of_pressure(lab, .1);
      BOOST_TEST(std::abs(lab[2] - 640) < 1e-9);
      BOOST_TEST(std::abs(cop.x - (.3 + x)) < 1e-12);
      BOOST_TEST(std::abs(cop.y - (.1 + side * y)) < 1e-12);
      BOOST_TEST(worst(m.sensor_from_lab(lab), measured, 6) < 1e-9);
      BOOST_TEST(worst(m.as_measured(plain.sensor_from_lab(lab)), measured, 6) < 1e-9);
      BOOST_TEST(worst(m.own(shift(lab, m.pose().center)), truth, 6) < 1e-9);
      BOOST_TEST(std::abs(plain.lab(measured)[2] - 640) > 1);
    }
}

BOOST_AUTO_TEST_CASE(the_text_of_a_stream_and_the_keys_of_a_file) {
  PlateCalibration c;
  BOOST_TEST(wrench_formula(c) == "wrench-strain-6x6");
  BOOST_TEST(wrench_parameters(c).find("recalibrated") == std::string::npos);
  c.recalibration = vertical();
  BOOST_TEST(wrench_formula(c) == "wrench-strain-6x6, wrench-recalibrated");
  BOOST_TEST(wrench_parameters(c).find("[0, 0, 1.021, -0.08, 0.13, 0]") != std::string::npos);
  BOOST_TEST(recalibration_toml(c.recalibration).rfind("recalibration = [[1, 0, 0, 0, 0, 0],\n  [0, 1,", 0) == 0);
  c.recalibration.x_per_m[2][4] = -.25;
  BOOST_TEST(recalibration_toml(c.recalibration).find("recalibration_x_per_m = [[0, ") != std::string::npos);
  BOOST_TEST(wrench_parameters(c).find("+ x [[0, ") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
