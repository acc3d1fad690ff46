// The settings of a session as plain values; daemon/config.cpp fills them from TOML and is the only reader of files.
// Units are in the names. Frames: lab X = subject's right (ML), Y = anterior (AP), Z up; see dsp/README.md.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace grfd {

using Vec3 = std::array<double, 3>;
using Mat3 = std::array<Vec3, 3>;  ///< rows

enum class Side : std::uint8_t { left = 0, right = 1 };
enum class Segment : std::uint8_t { shank, foot, pelvis, thigh };
enum class Sense : std::uint8_t { reaction, action };  ///< does the plate report the force on the subject, or on itself

constexpr const char* to_string(Side s) { return s == Side::left ? "left" : "right"; }
constexpr const char* to_string(Segment s) {
  return s == Segment::shank ? "shank" : s == Segment::foot ? "foot" : s == Segment::pelvis ? "pelvis" : "thigh";
}

/// The emulated device behind a driver: its crystal, its link and its faults.
struct EmulationSettings {
  std::string serial;                 ///< empty: the driver's default
  double drift_ppm = 0;               ///< of the device's crystal against the lab clock
  double noise = 1;                   ///< scale of the sensor noise; 0 = none
  std::vector<double> channel_noise;  ///< analogue front ends: of each input from the first, times `noise`; else 1
  double latency_ms = 0.3;            ///< smallest time from a packet being ready to its arrival at the host
  double jitter_ms = 0.1;             ///< mean of the exponential part of that time
  bool bus_frames = false;            ///< transfers complete with the frames of a bus of the device's own speed
  double stall_probability = 0;       ///< per transfer
  double stall_ms = 0;                ///< longest stall (uniform)
  double zero_offset_counts = 0;      ///< analogue front ends: zero offset of each channel: +/- this, alternating
  double leak_mv_s = 0;    ///< analogue front ends: drift of each plate channel, as charge amplifiers have it
  double skew_us = 20;     ///< U6: time between two channels of a scan
  double delay_ms = 0;     ///< constant delay inside the sensor (filters): what it feels is that old
  int group = 0;           ///< IMU: samples in one transfer; 0: as the real sensor
  Vec3 gyro_bias_deg_s{};  ///< IMU
  Vec3 accel_bias_m_s2{};  ///< IMU
  Mat3 mounting{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};  ///< IMU: columns = sensor axes written in the segment frame
  double unplug_at_s = 0;                            ///< the plug is pulled at this time of the session; 0 = never
  double unplug_for_s = 2;                           ///< and put back after this long; 0 = never
  std::map<std::string, double> faults;              ///< name -> rate per packet or value: drivers/README.md
  std::uint64_t seed = 1;
};

struct DeviceSettings {
  std::string name;    ///< "u6", "imu_shank_left": part of stream names
  std::string driver;  ///< as in drivers/registry.cpp: "labjack_u6", "xio_ximu3", ...
  std::string serial;  ///< as the device itself reports it; empty: the first that is found
  bool emulated = false;
  bool required = true;
  double rate_hz = 1000;
  double delay_s = 0;            ///< known constant delay of the device and its link, subtracted from its mapped time
  double max_drift_ppm = 50000;  ///< a clock further off, either way, is a fault; its line is held there
  std::string clock = "own";     ///< or the name of the device that paces this one's scans over a wire
  std::string start_after;       ///< name of a device that must run, or be armed, before this one starts; empty: none
  bool clock_output = false;   ///< another device's `clock` is this one: it puts its pacer out. Follows from the others
  int clock_offset_scans = 0;  ///< scan k of this device is scan k + offset of the clock's own device
  // labjack_u6, mcc_usb1608fs_plus
  std::vector<int> analog_inputs;  ///< AIN numbers, in scan order
  bool digital_port = true;        ///< FIO/EIO as last column of the scan
  int resolution_index = 1;
  int settling_factor = 0;
  double channel_time_us = 20;              ///< labjack_u6: one channel after another, at resolution 1
  std::vector<int> sync_lines{0, 1, 2, 3};  ///< digital lines whose edges become raw/<name>/sync
  // mcc_usb1608fs_plus
  std::vector<int> input_ranges_v;  ///< full scale of each analogue input, or one for all; empty: 10 V
  int sync_input = -1;              ///< analogue input that carries a TTL line; -1: none
  double slow_crystal_ppm = 300;    ///< scans that come more slowly are missing; of a paced unit: its pacer's
  double sync_threshold_v = 1.5;    ///< the line is high above this, low again 0.5 V below
  // microstrain_mip
  double accel_range_g = 0;     ///< 0: as the device is set
  double gyro_range_deg_s = 0;  ///< 0: as the device is set
  int sync_pin = 0;             ///< GPIO pin 1-4 whose edges become raw/<name>/sync; 0: none
  // xio_ximu3
  double high_g_rate_hz = 0;      ///< of raw/<name>/highg; 0: none
  bool sync_box = false;          ///< an SA-Sync box is on the serial connector
  double sync_delay_s = 0.00104;  ///< its edges are stamped that late: 12 characters at 115200 baud
  EmulationSettings emulation;
};

/// Six components: Fx Fy Fz (N) Mx My Mz (N.m), or something of each of them.
using Components = std::array<double, 6>;
inline constexpr std::size_t kMaxPlateChannels = 12;
/// What the channels of a plate are: bridges with their sensitivities, channels with a maker's matrix, or the eight
/// force signals of four piezoelectric sensors.
enum class PlateKind : std::uint8_t { strain, matrix, piezo };
constexpr const char* to_string(PlateKind k) {
  return k == PlateKind::strain ? "strain" : k == PlateKind::matrix ? "matrix" : "piezo";
}

/// What known loads have shown to be wrong with a plate where it stands: W = (uniform + x_per_m x + y_per_m y) W as its
/// channels give it. Plate axes, the plate's own sense, about the centre of its own top surface (without pad); rows and
/// columns Fx Fy Fz (N) Mx My Mz (N.m); x, y (m) is the centre of pressure from there, as its channels give it.
struct Recalibration {
  std::array<Components, 6> uniform{{{1, 0, 0, 0, 0, 0},
                                     {0, 1, 0, 0, 0, 0},
                                     {0, 0, 1, 0, 0, 0},
                                     {0, 0, 0, 1, 0, 0},
                                     {0, 0, 0, 0, 1, 0},
                                     {0, 0, 0, 0, 0, 1}}};
  std::array<Components, 6> x_per_m{}, y_per_m{};
  bool operator==(const Recalibration&) const = default;
  bool varies() const { return x_per_m != decltype(x_per_m){} || y_per_m != decltype(y_per_m){}; }
  bool changes() const { return *this != Recalibration{}; }
};

/// The maker's correction of the centre of pressure of a piezoelectric plate, for x and y in mm from the centre of the
/// surface, plate axes; dsp/cop_polynomial.hpp. All 0: off.
struct CopPolynomial {
  std::array<double, 6> x{}, y{};
  bool operator==(const CopPolynomial&) const = default;
  bool on() const { return *this != CopPolynomial{}; }
};

/// From the calibration file of a plate.
struct PlateCalibration {
  std::string file, serial, model;
  PlateKind kind = PlateKind::strain;
  /// strain, per channel: uV per V of excitation per N (or N.m)
  std::vector<Components> sensitivity = std::vector<Components>(6);
  std::vector<double> gain = std::vector<double>(6, 1.0);  ///< strain: amplifier, per channel
  double excitation_v = 10;                                ///< strain
  std::vector<Components> load_per_v;  ///< matrix, per channel: its column of the 6 x n matrix, N (or N.m) per V
  /// piezo: channel i carries signal signals[i] of fx12 fx34 fy14 fy23 fz1 fz2 fz3 fz4 ...
  std::array<std::uint8_t, 8> signals{0, 1, 2, 3, 4, 5, 6, 7};
  std::array<double, 8> newton_per_v{1, 1, 1, 1, 1, 1, 1, 1};  ///< ... with this scale
  double full_scale_v = 0;                ///< piezo: output of the charge amplifier at the end of its range; 0: unknown
  double sensor_a_m = 0, sensor_b_m = 0;  ///< piezo: sensors 1(+a,+b) 2(-a,+b) 3(-a,-b) 4(+a,-b), plate axes
  bool drift_rezero = false;              ///< follow the drift of the zero while nobody is on the plate
  std::array<double, 6> full_scale{};     ///< N, N, N, N.m, N.m, N.m
  Vec3 origin_m{};                        ///< sensor origin -> centre of the top surface, plate axes (without pad)
  Sense sense = Sense::reaction;
  double noise_force_n = 1, noise_moment_nm = 0.5;  ///< factory noise SD, for tare and cop_sigma
  Recalibration recalibration;
  CopPolynomial cop_polynomial;  ///< piezo

  std::size_t channels() const {
    return kind == PlateKind::strain   ? sensitivity.size()
           : kind == PlateKind::matrix ? load_per_v.size()
                                       : signals.size();
  }
};

struct PlateSettings {
  std::string name;  ///< "left", "right"
  Side side = Side::left;
  std::string stream;        ///< "raw/u6/scan"
  std::vector<int> columns;  ///< of that stream, in the order of the calibration's rows
  PlateCalibration calibration;
  std::array<Vec3, 4> corners_m{};  ///< lab; order (+x,+y) (-x,+y) (-x,-y) (+x,-y) in plate axes
  double pad_m = 0;                 ///< cover on top of the plate
};

struct ImuSettings {
  std::string name;    ///< name of the device
  std::string stream;  ///< "raw/imu_shank_left/inertial"
  Segment segment = Segment::shank;
  Side side = Side::left;
  bool estimate_axis = false;  ///< find ml_axis_left from movement (principal axis)
  Vec3 ml_axis_left{0, 0, 0};  ///< functional medio-lateral axis, pointing to the subject's left, sensor axes
};

enum class Dominant : std::uint8_t { unknown, left, right };
constexpr const char* to_string(Dominant d) {
  return d == Dominant::left ? "left" : d == Dominant::right ? "right" : "unknown";
}

struct ParticipantSettings {
  std::string code;  ///< never a name
  Dominant dominant = Dominant::unknown;
  /// "kicking leg", "preferred single-leg stance", "stronger side", "computed" (larger mean impulse of the ascents), ""
  std::string dominance_method;
  std::optional<double> standing_shank_deg;  ///< tibia to vertical while standing, + forward; none: 0 is taken
  double standing_thigh_deg = 0;  ///< inclination of the femur to vertical while standing, + = hip behind the knee
  double height_m = 0;            ///< 0: not measured
  // Placement of the feet, index 0 = left; known when foot_length_m is.
  double foot_length_m = 0;                       ///< heel to longest toe; 0: not measured
  std::array<std::array<double, 2>, 2> heel_m{};  ///< rearmost point of the heel, lab, ML and AP
  std::array<double, 2> toe_out_deg{};            ///< of the long axis of the foot, + outward
  double heel_to_ankle_m = 0.065;                 ///< along the foot [assumption]
  std::array<double, 2> available_deg{};          ///< dorsiflexion in the knee-to-wall test; 0: not measured
};

/// How two sides become one number (dsp/asymmetry.hpp).
enum class AsymmetryIndex : std::uint8_t {
  bai1,
  bai2,
  share,
  lsi,
  percent_of_max,
  bsa,
  bsi,
  symmetry_angle,
  difference
};
constexpr const char* to_string(AsymmetryIndex i) {
  constexpr const char* kNames[] = {"bai1", "bai2", "share",          "lsi",       "percent_of_max",
                                    "bsa",  "bsi",  "symmetry_angle", "difference"};
  return kNames[static_cast<std::size_t>(i)];
}

struct FilterSettings {
  int order = 2;
  double cutoff_hz = 20;
};

/// Defaults and sources: science.md sections 1.7, 1.8.
struct ThresholdSettings {
  double contact_on_n = 20, contact_off_n = 10;
  double cop_on_n = 50, cop_off_n = 40;
  double cop_total_on_n = 100, cop_total_off_n = 80;
  double debounce_s = 0.005;
  double cop_sigma_ok_mm = 2, cop_sigma_bad_mm = 3;
  double cop_band_low_percent = 55, cop_band_high_percent = 70;  ///< target of the weight along the foot, from the heel
  double tare_s = 2.0;
  double tare_person_n = 50;  ///< |Fz| above this during tare: somebody stands there
  double tare_slope_n_s = 0.5;
};

struct AnkleSettings {
  bool joint_angles = false;  ///< publish ankle_jcs/<side>
};

struct SquatSettings {
  double drop_min_m = 0.10;
  double dorsiflexion_min_deg = 8;                        ///< 0 for box squats: the start is then found by force alone
  AsymmetryIndex asymmetry_index = AsymmetryIndex::bai1;  ///< of the stream reps_asymmetry
};

/// The synthetic subject of science.md section 8. D = dominant, N = non-dominant.
struct SubjectSettings {
  struct Pair {
    double dominant = 0, nondominant = 0;
  };
  double mass_kg = 80, height_m = 1.78;
  double stance_m = 0.15;  ///< half the distance between the feet
  double toe_out_deg = 8, foot_length_m = 0.27, heel_y_m = -0.065, mtp_y_m = 0.13;
  Side dominant = Side::right;
  double step_on_s = 3, step_on_duration_s = 0.6;  ///< nobody on the plates before step_on_s; 0 = there from the start
  double first_descent_s = 8;
  int repetitions = -1;  ///< -1: without end
  double descent_s = 2.0, bottom_s = 0.3, ascent_s = 1.6, rest_s = 2.5, depth_m = 0.32;
  Pair rate_deg_s{20, 30}, range_deg{30, 26}, lag_s{0.06, 0.0};
  Pair eversion_deg{3, 5}, eversion_lead_s{0.10, 0.18};
  double eversion_duration_s = 0.6, tibial_rotation_gain = 0.6;
  Pair heel_lift_deg{0, 0};
  double heel_lift_delay_s = 0.15;
  Pair knee_in_deg{0, 0}, tibial_turn_deg{0, 0};
  double pelvis_tilt_deg = 25, pelvis_tuck_deg = 10, pelvis_obliquity_deg = 0, pelvis_axial_deg = 0;
  double standing_shank_deg = 3, blend_s = 0.30;
  double bai_stand_percent = 2, bai_bottom_percent = 8;
  double com_y_m = 0.055, com_forward_m = 0.012, fall_back_m = 0.030, fall_back_delay_s = 0.20,
         fall_back_duration_s = 0.60;
  std::string cop_mode = "set";  ///< "set", "lipm", "links"
  // Taps on a plate on which the sensors lie: 20 ms, before anybody stands there. In truth/plate only.
  int tap_count = 0;
  double tap_first_s = 5, tap_period_s = 1.7131, tap_n = 300;
  Side tap_side = Side::left;
  // Heel raises of both feet from standing, for a functional calibration.
  int heel_raise_count = 0;
  double heel_raise_first_s = 10, heel_raise_period_s = 2.5, heel_raise_deg = 30;
  // Bows of the pelvis from standing, for its axis.
  int bow_count = 0;
  double bow_first_s = 10, bow_period_s = 3, bow_deg = 40;
  // Trials of the knee-to-wall test from standing, first all of the left leg, then all of the right one.
  int lunge_count = 0;  ///< of each leg
  double lunge_first_s = 10, lunge_period_s = 4, lunge_heel_deg = 10;
  Pair lunge_deg{40, 36};       ///< the room of the ankles: where the heel rises in the last trial
  double lunge_spread_deg = 0;  ///< in each trial before, that much earlier
  // A bar taken onto the shoulders while standing; a jump with a counter-movement, back into standing after
  // 2.16 s and the flight of 2 v / g.
  double bar_kg = 0, bar_s = 5;     ///< 0: none
  double jump_m_s = 0, jump_s = 5;  ///< speed at take-off; 0: none
  double cop_dy_m = 0.010, spread = 0.03, eversion_shift_m_deg = 0.0008, sway_m = 0.002;
};

/// A TTL line wired to every emulated device: pulses from first_s on. period_s 0: no pulses.
struct SyncSettings {
  double first_s = 1, period_s = 0, width_s = 0.01;
};

struct StimulusSettings {
  enum class Kind : std::uint8_t { none, subject, recording } kind = Kind::none;
  SubjectSettings subject;
  SyncSettings sync;
  std::string recording;              ///< C3D, or CSV (optionally gzipped)
  std::map<std::string, int> plates;  ///< plate name -> 1-based plate number in the recording
  double lead_in_s = 25;              ///< unloaded plates before the recording starts
};

struct EngineSettings {
  double max_wait_ms = 100;  ///< the grid waits that long for a device, by ticks
  int device_ring = 16384;   ///< samples per device
};

struct RecordSettings {
  std::string folder = "recordings";
  std::string name;       ///< trial name; empty: date and time
  bool at_start = false;  ///< record from the start of the daemon
  bool capture = false;   ///< also the raw bytes of every device, DEVICE.grfcap
  bool tare_at_start = false;
  double tare_at_start_s = 0.4;  ///< when, after the start of the session
  double file_ring_s = 10;
  double fsync_s = 1;
  double block_ms = 10;
};

struct FeedSettings {
  bool enabled = true;
  std::string endpoint = "tcp://127.0.0.1:7390";
  double batch_ms = 10;
  double preview_hz = 30;      ///< newest rows for displays; 0: none
  int high_water_mark = 1000;  ///< messages per subscriber
};

/// Of clients on other computers (schemas/keys.md).
struct KeySettings {
  std::string folder = "/etc/grfd/keys";
};

struct ControlSettings {
  std::string endpoint = "ipc:///run/grfd/control";
};

/// For grfmon, the gateway of the web monitor; grfd itself only checks it.
struct MonitorSettings {
  std::string listen = "127.0.0.1:7391";
  std::string endpoint = "ipc:///run/grfd/monitor";
};

struct Settings {
  std::string file;       ///< where it was read from
  std::string effective;  ///< the text as read, with the overrides appended as comments: stored in every recording
  std::vector<std::string> warnings;  ///< what can be right but hardly is, each with its place
  std::vector<DeviceSettings> devices;
  std::vector<PlateSettings> plates;
  std::vector<ImuSettings> imus;
  ParticipantSettings participant;
  FilterSettings filter;
  ThresholdSettings thresholds;
  AnkleSettings ankle;
  SquatSettings squat;
  StimulusSettings stimulus;
  EngineSettings engine;
  RecordSettings record;
  FeedSettings feed;
  ControlSettings control;
  KeySettings keys;
  MonitorSettings monitor;
  bool realtime_priority = true;
};

}  // namespace grfd
