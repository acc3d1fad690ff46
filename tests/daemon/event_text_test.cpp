#include "daemon/event_text.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(event_texts)

using namespace grfd;

// details as schemas/control.md lists them
BOOST_AUTO_TEST_CASE(what_happened_earlier_says_when_and_the_rest_does_not) {
  BOOST_TEST(event_text("device_note", R"({"device":"imu","t_us":1,"text":"USB host"})") == "imu says: USB host");
  BOOST_TEST(event_text("device_error", R"({"device":"imu","t_us":1,"text":"no clock"})") ==
             "imu reports an error: no clock");
  BOOST_TEST(event_text("weighed", R"({"t_s":4.4756,"value":783.52})") == "at 4.48 s: weighed, 783.5 N");
  BOOST_TEST(event_text("rep_started", R"({"t_s":8.2,"value":0})") == "at 8.20 s: repetition begins");
  BOOST_TEST(event_text("plateau", R"({"t_s":9.28,"side":"left","dorsiflexion_deg":26.04})") ==
             "at 9.28 s: left ankle stops at 26.0 deg");
  BOOST_TEST(event_text("bottom", R"({"t_s":9.496,"value":-0.281})") == "at 9.50 s: bottom reached, -0.28 m");
  BOOST_TEST(event_text("pose_result", R"({"id":0,"accepted":true,"sensors":4})") == "standing pose taken");
  BOOST_TEST(event_text("bottom", R"({"t_s":9.496,"value":null})") == "at 9.50 s: bottom reached");  // without plates
  BOOST_TEST(event_text("pose_result", R"({"id":0,"accepted":true,"sensors":4,"unweighed":true})") ==
             "standing pose taken, the sensors were still; if the subject did not stand then: grfctl pose");
  BOOST_TEST(
      event_text(
          "lost",
          R"({"stream":"raw/u6/scan","cause":"clock_step","first_seq":9000,"count":-1,"jump_s":0.2004,"doubtful_from_s":41.236})") ==
      "raw/u6/scan: its time jumped by +0.200 s, a new epoch begins: samples were lost uncounted, and then its times "
      "from "
      "41.24 s on are that much too early, or its link became that much slower");
  BOOST_TEST(event_text("clock_out_of_bounds", R"({"device":"u6","drift_ppm":-300})") ==
             "u6: its clock is further off than max_drift_ppm allows (-300 ppm); its times go wrong");
  BOOST_TEST(
      event_text("pose_result",
                 R"({"id":0,"accepted":true,"sensors":3,"left_out":[{"imu":"foot","reason":"without data"}]})") ==
      "standing pose taken; left out: foot is without data");
  BOOST_TEST(
      event_text(
          "pose_waiting",
          R"({"reason":"no sensor has been still for 1.5 s","left_out":[{"imu":"foot","reason":"not still"}]})") ==
      "no standing pose yet: no sensor has been still for 1.5 s; left out: foot is not still");
  BOOST_TEST(event_text("ankle_not_measured", R"({"t_s":9,"rep":2,"side":"left","reason":"no ankle motion"})") ==
             "at 9.00 s: left ankle not measured in repetition 2: no ankle motion");
  BOOST_TEST(event_text("negative_force", R"({"plate":"left","fz_n":-392.1})") ==
             "plate left is pulled with -392 N: its sense is wrong, or it was zeroed under a load");
  BOOST_TEST(
      event_text(
          "lunge_result",
          R"({"id":1,"side":"left","accepted":true,"trials":2,"angle_deg":38.21,"best_deg":38.44,"sd_deg":0.16})") ==
      "knee-to-wall, left, trial 2: 38.2 deg with the heel down; in use: 38.4 deg, the best, SD 0.2 deg; one more "
      "makes "
      "three");
  BOOST_TEST(event_text("lunge_result", R"({"id":1,"side":"right","accepted":false,"reason":"no data came"})") ==
             "knee-to-wall, right: no trial: no data came");
  BOOST_TEST(event_text("lunge_cleared", R"({"side":"left","trials":3,"room_deg":38.44,"reason":"another zero"})") ==
             "knee-to-wall, left: 38.4 deg are forgotten (another zero); the settings' room is in use again");
  BOOST_TEST(event_text("lunges_result", R"({"id":1,"accepted":true,"left_deg":38.4,"right_deg":40,"reason":""})") ==
             "in use: the room of kept knee-to-wall tests: left 38.4 deg, right 40.0 deg");
  BOOST_TEST(
      event_text(
          "mass_result",
          R"({"id":1,"plate":"left","accepted":true,"measured_n":196.214,"expected_n":196.133,"error_percent":0.0413,"within":true,"cop_error_mm":0.42,"hint":""})") ==
      "mass on plate left: 196.21 N of 196.13 N, +0.04 %, right; centre of pressure 0.4 mm off");
  BOOST_TEST(
      event_text(
          "mass_result",
          R"({"id":1,"plate":"left","accepted":true,"measured_n":-196.2,"expected_n":196.133,"error_percent":-200.03,"within":false,"cop_error_mm":null,"hint":"the sign is turned over"})") ==
      "mass on plate left: -196.20 N of 196.13 N, -200.03 %, wrong: the sign is turned over");
  BOOST_TEST(event_text("mass_result", R"({"id":1,"plate":"left","accepted":false,"reason":"too small","kg":1})") ==
             "mass on plate left: not judged: too small");
  BOOST_TEST(
      event_text(
          "tap_result",
          R"({"id":4,"accepted":true,"plate":"left","taps":5,"moved":true,"moved_above_s":0.001,"imus":[)"
          R"({"imu":"a","accepted":true,"delay_s":0.0073,"change_s":0.00231,"repeated":true,"moved":true},)"
          R"({"imu":"b","accepted":true,"delay_s":0.0021,"change_s":-0.0004,"repeated":true,"moved":false},)"
          R"({"imu":"c","accepted":true,"delay_s":0.001,"change_s":-0.0011,"moved":true,"earlier_settling":true}]})") ==
      "tap test: a has a delay of 7.30 ms and moved by +2.31 ms (more than 1 ms) since the tap before in this session: "
      "its times in between are only so good; a clock's drift was fitted badly, or the device changed its port, hub or "
      "place; b has a delay of 2.10 ms; c has a delay of 1.00 ms and moved by -1.10 ms (more than 1 ms) since the tap "
      "before in this session: its times in between are only so good; the clocks were still settling at the tap "
      "before");
  BOOST_TEST(event_text("mark", R"({"id":3,"text":"heels up"})") == "mark: heels up");
}

BOOST_AUTO_TEST_CASE(settings_of_a_device_are_one_short_line) {
  const std::string long_text = R"({"firmware":"2.5.4","gyroscope_misalignment":[)" + std::string(800, '1') + "]}";
  BOOST_TEST(event_text("device_settings", long_text).size() < 80u);
  BOOST_TEST(event_text("device_settings", "{\"cut off").size() < 80u);
}

BOOST_AUTO_TEST_CASE(what_is_not_known_is_shown_as_it_came) {
  BOOST_TEST(event_text("news", R"({"id":3})") == R"(news {"id":3})");
  BOOST_TEST(event_text("news", "no JSON") == "news no JSON");
  BOOST_TEST(event_text("weighed", R"({"t_s":null,"value":null})") == "at unknown s: weighed, unknown N");
}

BOOST_AUTO_TEST_CASE(what_the_operator_has_to_look_after_is_a_warning) {
  const auto warns = [](const char* name, const char* detail, const char* stream = "events") {
    return event_level(stream, name, detail) == Level::warning;
  };
  BOOST_TEST(warns("mass_result", R"({"id":1,"plate":"left","accepted":true,"within":false})"));
  BOOST_TEST(!warns("mass_result", R"({"id":1,"plate":"left","accepted":true,"within":true})"));
  BOOST_TEST(!warns("mass_result", R"({"id":1,"plate":"left","accepted":false,"reason":"it rocks"})"));
  BOOST_TEST(warns("tap_result", R"({"id":1,"moved":true})"));
  BOOST_TEST(!warns("tap_result", R"({"id":1,"moved":false})"));
  BOOST_TEST(warns("negative_force", R"({"plate":"left"})"));
  BOOST_TEST(!warns("rep_started", "no JSON"));
  BOOST_TEST(warns("lost", R"({"cause":"unplugged"})", "gaps"));
  BOOST_TEST(!warns("device_settings", "{}", "raw/imu/messages"));
}

BOOST_AUTO_TEST_SUITE_END()
