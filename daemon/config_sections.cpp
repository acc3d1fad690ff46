// The keys of all tables but the rig's (config_rig.cpp) and the stimulus' (config_stimulus.cpp).
#include <algorithm>

#include "daemon/config_parts.hpp"

namespace grfd {

namespace {

void read_participant(Reader& r, ParticipantSettings& s) {
  r.text("code", s.code, {"", "code of the participant, never a name; letters, digits, - and _"});
  r.word<Dominant>("dominant", s.dominant,
                   {{"unknown", Dominant::unknown}, {"left", Dominant::left}, {"right", Dominant::right}},
                   {"", "dominant leg; unknown: results are left/right only"});
  r.word<std::string>("dominance_method", s.dominance_method,
                      {{"", ""},
                       {"kicking leg", "kicking leg"},
                       {"preferred single-leg stance", "preferred single-leg stance"},
                       {"stronger side", "stronger side"},
                       {"computed", "computed"}},
                      {"",
                       "how dominance was decided; computed: the side with the larger mean impulse in the ascents so "
                       "far, with dominant = \"unknown\""});
  double standing_shank_deg = 0;
  r.number("standing_shank_deg", standing_shank_deg,
           {"deg",
            "inclination of the tibia to the vertical while standing, positive forward, from an inclinometer; not "
            "entered: 0 is taken, and what hangs on it is absolute within 5 deg",
            -20, 20, false, true});
  if (r.given("standing_shank_deg")) s.standing_shank_deg = standing_shank_deg;
  r.number("standing_thigh_deg", s.standing_thigh_deg,
           {"deg", "inclination of the femur to the vertical while standing, positive when the hip is behind the knee",
            -20, 40});
  r.number("height_m", s.height_m, {"m", "body height; 0: not measured", 0, 2.5});
  r.number("foot_length_m", s.foot_length_m,
           {"m", "length of the foot or shoe; 0: the placement of the feet was not measured", 0, 0.45});
  r.numbers("heel_left_m", s.heel_m[0].data(), 2,
            {"m", "rearmost point of the left heel on the floor of the lab: to the right, forward", -2, 2});
  r.numbers("heel_right_m", s.heel_m[1].data(), 2, {"m", "the same of the right heel", -2, 2});
  r.number("toe_out_left_deg", s.toe_out_deg[0],
           {"deg", "direction of the long axis of the left foot, positive outward", -45, 60});
  r.number("toe_out_right_deg", s.toe_out_deg[1], {"deg", "the same of the right foot", -45, 60});
  r.number("heel_to_ankle_m", s.heel_to_ankle_m,
           {"m", "from the rearmost point of the heel forward to the axis of the ankle", 0, 0.15});
  r.number("available_left_deg", s.available_deg[0],
           {"deg", "dorsiflexion of the left ankle in the knee-to-wall test, from standing; 0: not measured", 0, 90});
  r.number("available_right_deg", s.available_deg[1], {"deg", "the same of the right ankle", 0, 90});
}

void read_filter(Reader& r, FilterSettings& s) {
  r.integer("order", s.order, {"", "order of the Butterworth low-pass, the same for wrenches and rates", 1, 8});
  r.number("cutoff_hz", s.cutoff_hz, {"Hz", "its cut-off frequency", 0.1, 10000});
}

void read_thresholds(Reader& r, ThresholdSettings& s) {
  r.number("contact_on_n", s.contact_on_n, {"N", "a foot is on the plate from this vertical force", 1, 1000});
  r.number("contact_off_n", s.contact_off_n, {"N", "and has left it at this one", 0, 1000});
  r.number("cop_on_n", s.cop_on_n,
           {"N", "the centre of pressure of one plate is valid from this vertical force", 1, 2000});
  r.number("cop_off_n", s.cop_off_n, {"N", "and invalid again at this one", 0, 2000});
  r.number("cop_total_on_n", s.cop_total_on_n,
           {"N", "the combined centre of pressure is valid from this total force", 1, 4000});
  r.number("cop_total_off_n", s.cop_total_off_n, {"N", "and invalid again at this one", 0, 4000});
  r.number("debounce_s", s.debounce_s, {"s", "a crossing of one of these counts after this time", 0, 1});
  r.number("cop_sigma_ok_mm", s.cop_sigma_ok_mm,
           {"mm", "the centre of pressure is good again when its standard error falls below this", 0.01, 100});
  r.number("cop_sigma_bad_mm", s.cop_sigma_bad_mm, {"mm", "and of low quality above this", 0.01, 100});
  r.number(
      "cop_band_low_percent", s.cop_band_low_percent,
      {"%", "rear edge of the target band of the weight, of the foot's length from the heel (exploratory)", 0, 100});
  r.number("cop_band_high_percent", s.cop_band_high_percent, {"%", "its front edge", 0, 100});
  r.number("tare_s", s.tare_s, {"s", "length of the mean that a tare takes", 0.1, 30});
  r.number("tare_person_n", s.tare_person_n,
           {"N", "a tare is refused above this vertical force: somebody stands there", 1, 10000});
  r.number("tare_slope_n_s", s.tare_slope_n_s,
           {"N/s", "a tare is refused when the force drifts faster than this", 0.001, 1000});
}

void read_ankle(Reader& r, AnkleSettings& s) {
  r.flag("joint_angles", s.joint_angles,
         {"", "publish the angles of the joint coordinate system, too, with one heading for shank and foot"});
}

void read_squat(Reader& r, SquatSettings& s) {
  r.number("drop_min_m", s.drop_min_m,
           {"m", "a descent of the centre of mass smaller than this is no repetition", 0.01, 1});
  r.number("dorsiflexion_min_deg", s.dorsiflexion_min_deg,
           {"deg", "nor is one with less dorsiflexion than this; 0 for box squats: force alone then finds the start", 0,
            60});
  using Index = AsymmetryIndex;
  r.word<Index>("asymmetry_index", s.asymmetry_index,
                {{"bai1", Index::bai1},
                 {"bai2", Index::bai2},
                 {"share", Index::share},
                 {"lsi", Index::lsi},
                 {"percent_of_max", Index::percent_of_max},
                 {"bsa", Index::bsa},
                 {"bsi", Index::bsi},
                 {"symmetry_angle", Index::symmetry_angle},
                 {"difference", Index::difference}},
                {"", "index of the stream reps_asymmetry; the other streams keep theirs"});
}

void read_engine(Reader& r, EngineSettings& s) {
  r.number("max_wait_ms", s.max_wait_ms,
           {"ms", "the common time grid waits that long for a late device, then its values are unknown", 5, 200});
  r.integer("device_ring", s.device_ring,
            {"samples", "samples that wait between a device's thread and the pipeline, per device", 256, 4194304});
}

void read_record(Reader& r, RecordSettings& s) {
  r.text("folder", s.folder, {"", "where recordings go; relative to the folder the daemon was started in"});
  r.text("name", s.name, {"", "name of the trial; empty: date and time"});
  r.flag("at_start", s.at_start,
         {"", "record from the start of the daemon; a device that is not there yet joins when it comes"});
  r.flag(
      "capture", s.capture,
      {"", "write beside the recordings the raw bytes of every device from the start of the daemon, for grfd replay"});
  r.flag("tare_at_start", s.tare_at_start,
         {"", "tare all plates by itself shortly after the start; nobody may stand there"});
  r.number("tare_at_start_s", s.tare_at_start_s, {"s", "when, after the start of the session", 0, 3600});
  r.number("file_ring_s", s.file_ring_s, {"s", "how much data may wait for a slow disk before any is lost", 1, 60});
  r.number("fsync_s", s.fsync_s, {"s", "a power cut loses no more than about this", 0.05, 60});
  r.number("block_ms", s.block_ms, {"ms", "length of one block of the journal", 1, 1000});
}

void read_feed(Reader& r, FeedSettings& s) {
  r.flag("enabled", s.enabled, {"", "publish the live feed"});
  r.text("endpoint", s.endpoint,
         {"",
          "ZeroMQ endpoint of the feed: tcp://127.0.0.1:PORT, tcp://[::1]:PORT or ipc://PATH; tcp://ADDRESS:PORT with "
          "keys"});
  r.number("batch_ms", s.batch_ms, {"ms", "samples of this much time travel in one message", 1, 1000});
  r.number("preview_hz", s.preview_hz, {"Hz", "how often preview/ topics show the newest row; 0: never", 0, 1000});
  r.integer("high_water_mark", s.high_water_mark,
            {"messages", "messages that may wait for a slow subscriber before it loses some", 1, 1000000});
}

void read_control(Reader& r, ControlSettings& s) {
  r.text("endpoint", s.endpoint,
         {"", "ZeroMQ endpoint that commands come in on: ipc://PATH; tcp://ADDRESS:PORT with keys"});
}

void read_keys(Reader& r, KeySettings& s, const std::filesystem::path& folder) {
  r.text("folder", s.folder,
         {"", "the daemon's key and those of the clients that are let in from other computers; `grfctl key` keeps it"});
  if (!s.folder.empty()) s.folder = (folder / s.folder).lexically_normal().string();
}

void read_monitor(Reader& r, MonitorSettings& s) {
  r.text("listen", s.listen,
         {"", "where grfmon serves the web monitor: ADDRESS:PORT; beyond loopback over TLS, to paired browsers alone"});
  r.text("endpoint", s.endpoint, {"", "ZeroMQ endpoint where grfmon takes `grfctl monitor pair`: ipc://PATH"});
}

}  // namespace

const char* identity_of(std::string_view array) {
  return array == "plate" ? "side" : array == "imu" ? "device" : "name";
}

void read_settings(Reader& r, Settings& s, const std::filesystem::path& folder) {
  r.flag("realtime_priority", s.realtime_priority,
         {"", "ask for real-time priority and locked memory; without the right to it the daemon says so and runs on"});
  r.each("device", identity_of("device"), "a device: what is plugged in",
         [&](Reader& e) { read_device(e, s.devices.emplace_back()); });
  for (DeviceSettings& d : s.devices)
    for (DeviceSettings& o : s.devices) {
      if (&o == &d || o.clock != d.name) continue;
      d.clock_output = true;
      if (o.slow_crystal_ppm == DeviceSettings{}.slow_crystal_ppm) o.slow_crystal_ppm = d.slow_crystal_ppm;
    }
  r.each("plate", identity_of("plate"), "a force plate: which channels it is, and where it lies",
         [&](Reader& e) { read_plate(e, s.plates.emplace_back(), folder); });
  r.each("imu", identity_of("imu"), "an inertial sensor on a body segment",
         [&](Reader& e) { read_imu(e, s.imus.emplace_back()); });
  r.table("participant", "who is measured", [&](Reader& t) { read_participant(t, s.participant); });
  r.table("filter", "the live low-pass filter", [&](Reader& t) { read_filter(t, s.filter); });
  r.table(
      "thresholds",
      "when a foot is on a plate, when a centre of pressure is valid, where its target lies, when a tare is refused",
      [&](Reader& t) { read_thresholds(t, s.thresholds); });
  r.table("ankle", "what is published of the ankles", [&](Reader& t) { read_ankle(t, s.ankle); });
  r.table("squat", "what counts as a repetition", [&](Reader& t) { read_squat(t, s.squat); });
  r.table("stimulus", "what the emulated devices feel", [&](Reader& t) { read_stimulus(t, s.stimulus, folder); });
  r.table("engine", "how long the pipeline waits and how much it can hold",
          [&](Reader& t) { read_engine(t, s.engine); });
  r.table("record", "recordings", [&](Reader& t) { read_record(t, s.record); });
  r.table("feed", "the live feed", [&](Reader& t) { read_feed(t, s.feed); });
  r.table("control", "commands", [&](Reader& t) { read_control(t, s.control); });
  r.table("keys", "who may connect from other computers", [&](Reader& t) { read_keys(t, s.keys, folder); });
  r.table("monitor", "the web monitor, for the program grfmon", [&](Reader& t) { read_monitor(t, s.monitor); });
}

namespace {
template <class Read>
std::vector<ConfigKey> catalogue(Read read) {
  std::vector<ConfigKey> keys;
  Findings findings;
  findings.catalogue = &keys;
  const toml::table empty;
  Reader reader(empty, "", findings);
  read(reader);
  return keys;
}
}  // namespace

std::vector<ConfigKey> settings_keys() {
  return catalogue([](Reader& r) {
    Settings s;
    read_settings(r, s, {});
  });
}

std::vector<ConfigKey> calibration_keys() {
  return catalogue([](Reader& r) {
    PlateCalibration c;
    read_calibration(r, c);
  });
}

}  // namespace grfd
