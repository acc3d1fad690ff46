// Inputs for the squat tests: courses at 1 kHz, and a detector fed with them.
#pragma once
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "dsp/squat.hpp"

namespace grfd::test {

using Course = std::vector<double>;
struct SquatCourses {
  std::array<Course, 2> fz, df, rate, shank, pitch, eversion;
  Course cop, z;  ///< z: true height, where the generator knows it
  struct Foot {
    std::array<Course, 2> raw, force_rate, fx, fy, cop_ml, cop_ap, tz;
  } foot;  ///< empty: unknown
  std::size_t size() const { return cop.size(); }
  SquatInput at(std::size_t k, double t0 = 0) const {
    SquatInput in;
    in.t_s = t0 + static_cast<double>(k) * 1e-3;
    for (std::size_t i = 0; i < 2; ++i) {
      in.fz_n[i] = fz[i][k];
      in.dorsiflexion_deg[i] = df[i][k];
      in.rate_deg_s[i] = rate[i][k];
      in.shank_deg[i] = shank[i][k];
      in.foot_pitch_deg[i] = pitch[i][k];
      in.eversion_deg[i] = eversion[i][k];
    }
    in.cop_ap_m = cop[k];
    if (foot.raw[0].empty()) return in;
    for (std::size_t i = 0; i < 2; ++i) {
      in.fz_unfiltered_n[i] = foot.raw[i][k];
      in.force_rate_n_s[i] = foot.force_rate[i][k];
      in.fx_n[i] = foot.fx[i][k];
      in.fy_n[i] = foot.fy[i][k];
      in.foot_cop_ml_m[i] = foot.cop_ml[i][k];
      in.foot_cop_ap_m[i] = foot.cop_ap[i][k];
      in.tz_nm[i] = foot.tz[i][k];
    }
    return in;
  }
};

struct SquatRun {
  std::vector<Repetition> repetitions;
  std::vector<SquatEvent> events;
  void take(SquatDetector& d) {
    SquatEvent e;
    while (d.pop(e)) events.push_back(e);
    Repetition r;
    while (d.pop(r)) repetitions.push_back(r);
  }
  std::size_t count(SquatEventKind kind) const {
    std::size_t n = 0;
    for (const auto& e : events) n += e.kind == kind;
    return n;
  }
};

inline SquatRun feed(SquatDetector& d, const SquatCourses& c, double t0 = 0) {
  SquatRun run;
  for (std::size_t k = 0; k < c.size(); ++k) {
    d.step(c.at(k, t0));
    run.take(d);
  }
  d.flush();
  run.take(d);
  return run;
}

/// A body whose height and ankles follow minimum-jerk courses: every answer is known in closed form.
struct MinimumJerk {
  double mass_kg = 80, descent_s = 2, bottom_s = 0.3, ascent_s = 1.6, rest_s = 2.5, depth_m = 0.35, df_deg = 28,
         first_s = 4, tail_s = 2;
  int repetitions = 3;
  double ankle_share = 1;  ///< part of the descent after which the ankles have arrived
  double sway_n = 2, bai_percent = 0;

  double cycle_s() const { return descent_s + bottom_s + ascent_s + rest_s; }
  double start_s(int rep) const { return first_s + rep * cycle_s(); }
  double middle_s(int rep) const { return start_s(rep) + descent_s + bottom_s / 2; }

  SquatCourses make() const {
    const auto clip = [](double u) { return u < 0 ? 0 : u > 1 ? 1 : u; };
    const auto place = [&](double x) {
      const double u = clip(x);
      return u * u * u * (10 - 15 * u + 6 * u * u);
    };
    const auto speed = [&](double x) {
      const double u = clip(x);
      return 30 * u * u * (1 - u) * (1 - u);
    };
    const auto accel = [&](double x) {
      const double u = clip(x);
      return 60 * u * (1 - u) * (1 - 2 * u);
    };
    constexpr double g = 9.80665, pi = std::numbers::pi;
    SquatCourses c;
    const auto n = static_cast<std::size_t>((start_s(repetitions) + tail_s) * 1000);
    for (std::size_t k = 0; k < n; ++k) {
      const double t = static_cast<double>(k) * 1e-3;
      double z = 0, a = 0, d = 0, r = 0;
      for (int i = 0; i < repetitions; ++i) {
        const double s = t - start_s(i), up = s - descent_s - bottom_s, da = descent_s * ankle_share,
                     ua = 0.85 * ascent_s;
        z += depth_m * (place(up / ascent_s) - place(s / descent_s));
        a += depth_m * (accel(up / ascent_s) / (ascent_s * ascent_s) - accel(s / descent_s) / (descent_s * descent_s));
        d += df_deg * (place(s / da) - place((up - 0.1 * ascent_s) / ua));
        r += df_deg * (speed(s / da) / da - speed((up - 0.1 * ascent_s) / ua) / ua);
      }
      const double f = mass_kg * (g + a) + sway_n * (std::sin(2 * pi * 1.1 * t + 1) + 0.5 * std::sin(2 * pi * 2.2 * t));
      for (std::size_t i = 0; i < 2; ++i) {
        c.fz[i].push_back(f * (1 + (i == 0 ? -1 : 1) * bai_percent / 100) / 2);
        c.df[i].push_back(d);
        c.rate[i].push_back(r);
        c.shank[i].push_back(d + 3);
        c.pitch[i].push_back(0);
        c.eversion[i].push_back(0.2 * d);
      }
      c.cop.push_back(0.05);
      c.z.push_back(z);
    }
    return c;
  }
};

}  // namespace grfd::test
