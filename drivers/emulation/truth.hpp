// Truth as rows: the same columns as the streams that answer them.
#pragma once
#include <string>

#include "drivers/emulation/stimulus.hpp"

namespace grfd {

inline constexpr double kTruthMinimumN = 20;  ///< a smaller Fz has no CoP
inline constexpr TimeNs kTruthStepNs = 1'000'000;

StreamInfo truth_plate_info(const std::string& name);
StreamInfo truth_cop_info(const std::string& name);
StreamInfo truth_asymmetry_info(Side dominant);
StreamInfo truth_ankle_info(Side side);
StreamInfo truth_joint_info(Side side);
StreamInfo truth_pelvis_info();
StreamInfo truth_thigh_info(Side side);
StreamInfo truth_events_info();

/// Writes rows of one grid instant; seq counts the grid unless the caller sets it.
class TruthRow {
 public:
  TruthRow(TimeNs session_start, TimeNs t, SampleBatch& out) : start_(session_start), t_(t), out_(&out) {}
  double t_s() const { return static_cast<double>(t_ - start_) * 1e-9; }
  /// True for exactly one instant of the grid: the first at or after t_s.
  bool reaches(double t_s) const;

  /// GRF about the surface centre, lab axes.
  void plate(StreamId id, const Wrench& w) { put<float>(id, {w[0], w[1], w[2], w[3], w[4], w[5]}); }
  /// x, y in m in the lab; NaN and flagged invalid below kTruthMinimumN.
  void cop(StreamId id, double x, double y, double fz, double tz);
  /// From the wrench about the lab origin, on the plane z = surface_z.
  void cop(StreamId id, const Wrench& lab, double surface_z_m);
  template <class T>
  Sample& put(StreamId id, std::initializer_list<double> values, std::uint16_t flags = 0) {
    Sample& s = header(id);
    s.flags = flags;
    std::size_t i = 0;
    for (double v : values) set_value(s, i++, static_cast<T>(v));
    return s;
  }
  /// Row k of truth/reps/*: f64, one value per column.
  void repetition(StreamId id, long k, const StreamInfo& info, const std::vector<double>& values);
  void text(StreamId id, std::uint64_t seq, const std::string& what);

 private:
  Sample& header(StreamId id);
  TimeNs start_, t_;
  SampleBatch* out_;
};

}  // namespace grfd
