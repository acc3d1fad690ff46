#include "schemas/repetition.hpp"

namespace grfd {
namespace {
constexpr const char* kFirstOut = "0 none, 1 both, 2 left, 3 right, 4 unknown";
constexpr const char* kPlateauKinds = "0 none, 1 stopped_early, 2 ran_out_of_room, 3 room_not_measured";
constexpr const char* kSideReasons =
    "0 none, 1 gap, 2 no_ankle_motion, 3 rejected, 4 no_sensor, 5 not_standing, 6 outside";
constexpr const char* kReasons =
    "0 none, 1 too_shallow, 2 no_ankle_motion, 3 descent_too_fast, 4 descent_too_long, 5 flight, 6 foot_unloaded, "
    "7 stepped_off, 8 bodyweight_changed, 9 timeout, 10 gap, 11 knee_to_wall";
}  // namespace

std::vector<Column> repetition_side_columns() {
  std::vector<Column> columns = {{"rep", "1"},
                                 {"valid", "1"},
                                 {"reason", "code", 0, 0, kSideReasons},
                                 {"baseline", "deg"},
                                 {"range", "deg"},
                                 {"peak", "deg"},
                                 {"onset", "s"},
                                 {"rate_fit", "deg/s"},
                                 {"rate_mean", "deg/s"},
                                 {"rate_peak", "deg/s"},
                                 {"time_to_90", "s"},
                                 {"plateau", "s"},
                                 {"plateau_level", "deg"},
                                 {"finish", "s"},
                                 {"creep", "deg/s"},
                                 {"shank_max", "deg"},
                                 {"heel_lift", "deg"},
                                 {"eversion_amplitude", "deg"},
                                 {"used", "%"},
                                 {"plateau_kind", "code", 0, 0, kPlateauKinds},
                                 {"eversion_onset", "s"},
                                 {"available", "deg"}};
  mark_exploratory(columns, {"plateau", "plateau_level", "finish", "creep", "plateau_kind", "used",
                             "eversion_amplitude", "eversion_onset"});
  // No plateau; an eversion too small for an onset; no knee-to-wall test.
  mark_optional(columns, {"plateau", "plateau_level", "creep", "eversion_onset", "used", "available"});
  return columns;
}

std::vector<Column> repetition_pair_columns() {
  std::vector<Column> columns = {{"rep", "1"},
                                 {"reason", "code", 0, 0, kReasons},
                                 {"t_start", "s"},
                                 {"t_bottom", "s"},
                                 {"t_end", "s"},
                                 {"drop", "m"},
                                 {"v_descent_peak", "m/s"},
                                 {"v_ascent_peak", "m/s"},
                                 {"pause", "s"},
                                 {"bodyweight", "N"},
                                 {"first_out", "code", 0, 0, kFirstOut},
                                 {"finish_lag_rl", "s"},
                                 {"onset_lag_rl", "s"},
                                 {"rate_diff_rl", "deg/s"},
                                 {"range_diff_rl", "deg"},
                                 {"finish_lag_dn", "s"},
                                 {"onset_lag_dn", "s"},
                                 {"rate_diff_dn", "deg/s"},
                                 {"range_diff_dn", "deg"},
                                 {"bai_standing_rl", "%"},
                                 {"bai_descent_rl", "%"},
                                 {"bai_bottom_rl", "%"},
                                 {"bai_ascent_rl", "%"},
                                 {"impulse_bai_ascent_rl", "%"},
                                 {"incomplete", "1"},
                                 {"fall_back", "m"},
                                 {"time_to_90_diff_rl", "s"},
                                 {"time_to_90_diff_dn", "s"}};
  mark_exploratory(columns, {"first_out", "finish_lag_rl", "finish_lag_dn", "onset_lag_rl", "onset_lag_dn",
                             "rate_diff_rl", "rate_diff_dn", "time_to_90_diff_rl", "time_to_90_diff_dn", "fall_back"});
  // Neither ankle has a plateau; nobody said which side is the dominant one.
  mark_optional(columns, {"finish_lag_rl", "fall_back", "finish_lag_dn", "onset_lag_dn", "rate_diff_dn",
                          "range_diff_dn", "time_to_90_diff_dn"});
  return columns;
}

}  // namespace grfd
