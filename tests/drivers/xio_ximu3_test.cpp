// The x-IMU3 driver against its emulated device, and against bytes that it would rarely send.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "drivers/xio_ximu3_setup.hpp"
#include "tests/drivers/xio_ximu3_rig.hpp"

BOOST_AUTO_TEST_SUITE(xio_ximu3_driver)

using namespace grfd;
using grfd::test::check_bookkeeping;
using grfd::test::check_counted;
using grfd::test::Fed;
using grfd::test::hex;
using grfd::test::inertial_line;
using grfd::test::kHighGUs;
using grfd::test::kInertialUs;
using grfd::test::kMs;
using grfd::test::kSecond;
using grfd::test::line;
using grfd::test::ximu3_settings;
using grfd::test::Ximu3Rig;

namespace {

struct Waves : InertialSource {
  void read(double t, Vec3& gyro, Vec3& force) override {
    for (std::size_t i = 0; i < 3; ++i) {
      gyro[i] = (1.0 + static_cast<double>(i)) * std::sin(2 * M_PI * t);
      force[i] = 9.80665 * std::cos(2 * M_PI * t + static_cast<double>(i));
    }
  }
};

const char* const kNoTrouble[] = {"bad_escape",        "wrong_length",    "unknown_message", "bad_text",
                                  "too_long",          "wrapped_message", "command_refused", "duplicate_time",
                                  "samples_lost",      "losses_unknown",  "edges_lost",      "device_error",
                                  "device_buffer_full"};

}  // namespace

BOOST_AUTO_TEST_CASE(who_is_there) {
  Ximu3Rig rig(ximu3_settings());
  rig.link->now = 5 * kSecond;
  const DeviceIdentity id = rig.driver->identify(*rig.link);
  BOOST_TEST(id.model == "x-IMU3");
  BOOST_TEST(id.serial == "01234567");
  BOOST_TEST(id.firmware == "v2.5.4");
  const std::vector<int> both{0, 1};  // the mass storage is left alone
  BOOST_TEST(rig.link->claimed == both, boost::test_tools::per_element());
  BOOST_TEST(rig.written()[0] == "{\"ping\":null}\n");
  BOOST_TEST(!rig.device->dtr());
}

BOOST_AUTO_TEST_CASE(another_device_with_these_ids_is_left_alone) {
  const UsbMatch match = find_driver("xio_ximu3")->match();
  BOOST_REQUIRE(match.ids.size() == 1U);
  BOOST_TEST(match.ids[0].vendor == 0x04D8);
  BOOST_TEST(match.ids[0].product == 0x0057);
  BOOST_TEST(match.ids[0].maker == "x-io");
  BOOST_TEST(match.cdc_acm);
  {
    Ximu3Rig rig(ximu3_settings({{"foreign", 1}}));  // other strings: not even claimed
    BOOST_CHECK_THROW(rig.driver->identify(*rig.link), DeviceError);
    BOOST_TEST(rig.link->claimed.empty());
    BOOST_TEST(rig.link->written.empty());
  }
  {
    Ximu3Rig rig(ximu3_settings({{"foreign", 2}}));  // no answer: given up after five pings of 0.2 s
    BOOST_CHECK_THROW(rig.driver->identify(*rig.link), LinkError);
    BOOST_TEST(rig.link->written.size() == 5U);
    BOOST_TEST(rig.link->now <= 1'100 * kMs);
    BOOST_TEST(!rig.device->dtr());
  }
  Ximu3Rig rig(ximu3_settings({{"foreign", 3}}));  // an answer, but not this one
  BOOST_CHECK_THROW(rig.driver->identify(*rig.link), DeviceError);
  BOOST_TEST(rig.link->now <= 20 * kMs);
  BOOST_TEST(!rig.device->dtr());
}

BOOST_AUTO_TEST_CASE(another_serial_number_is_refused_by_name) {
  DeviceSettings s = ximu3_settings();
  s.serial = "99999999";
  Ximu3Rig rig(s);
  try {
    rig.start();
    BOOST_FAIL("this is another unit");
  } catch (const DeviceError& e) {
    BOOST_TEST(std::string(e.what()) == "serial number: the device is '01234567', the settings ask for '99999999'");
  }
  rig.driver->stop(*rig.link);
  for (const std::string& w : rig.written()) BOOST_TEST(w == "{\"ping\":null}\n");  // nothing was changed
}

BOOST_AUTO_TEST_CASE(half_a_command_of_a_crashed_host_costs_one_ping) {
  Ximu3Rig rig(ximu3_settings());
  rig.device->out(0, 0x02, line("{\"inertial_mess"));
  BOOST_TEST(rig.driver->identify(*rig.link).serial == "01234567");
  BOOST_TEST(rig.written()[0] == rig.written()[1]);
}

BOOST_AUTO_TEST_CASE(a_flood_of_nonsense_before_the_answer_costs_no_try) {
  std::mt19937 random(9);
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{4095}, std::size_t{4096}, std::size_t{300'000}}) {
    for (const bool ends : {false, true}) {  // with half a message, or with a whole one
      Ximu3Rig rig(ximu3_settings());
      for (std::size_t i = 0; i < bytes; ++i) rig.link->backlog.push_back(static_cast<std::byte>(random()));
      rig.link->backlog.back() = ends ? std::byte{'\n'} : std::byte{'{'};
      BOOST_TEST(rig.driver->identify(*rig.link).serial == "01234567");
      const std::vector<std::string> once{"{\"ping\":null}\n", "{\"firmware_version\":null}\n"};
      BOOST_TEST(rig.written() == once, boost::test_tools::per_element());
      BOOST_TEST(rig.link->now < 50 * kMs);
    }
  }
}

BOOST_AUTO_TEST_CASE(old_samples_and_a_stream_that_runs_cost_no_try_either) {
  Ximu3Rig rig(ximu3_settings({{"needs_dtr", 0}}, 3200));
  rig.link->now = 60 * kSecond;  // nobody took its samples: its buffer is full of them
  const std::vector<std::string> once{"{\"ping\":null}\n", "{\"firmware_version\":null}\n"};
  BOOST_TEST(rig.driver->identify(*rig.link).serial == "01234567");
  BOOST_TEST(rig.written() == once, boost::test_tools::per_element());
  BOOST_TEST(rig.link->now < 60'050 * kMs);

  rig.start();  // 3600 messages a second, which a host that died leaves running
  rig.run(1);
  rig.link->stream = 0;
  rig.link->written.clear();
  const TimeNs begin = rig.link->now;
  BOOST_TEST(rig.driver->identify(*rig.link).serial == "01234567");
  BOOST_TEST(rig.written() == once, boost::test_tools::per_element());
  BOOST_TEST(rig.link->now - begin < 50 * kMs);
}

BOOST_AUTO_TEST_CASE(what_is_said_at_the_start_and_at_the_end) {
  Ximu3Rig rig(ximu3_settings());
  rig.start();
  const auto said = rig.written();
  const std::vector<std::string> begin{"{\"ping\":null}\n",
                                       "{\"usb_data_messages_enabled\":null}\n",
                                       "{\"usb_data_messages_enabled\":false}\n",
                                       "{\"apply\":null}\n",
                                       "{\"serial_number\":null}\n",
                                       "{\"firmware_version\":null}\n"};
  BOOST_REQUIRE(said.size() > begin.size());
  BOOST_TEST(std::vector(said.begin(), said.begin() + static_cast<std::ptrdiff_t>(begin.size())) == begin,
             boost::test_tools::per_element());
  std::vector<std::string> writes;
  for (std::size_t i = begin.size(); i < said.size(); ++i)
    if (said[i].find(":null") == std::string::npos || said[i] == "{\"apply\":null}\n") writes.push_back(said[i]);
  const std::vector<std::string> expected{
      "{\"inertial_message_rate_divisor\":1}\n",     "{\"high_g_accelerometer_message_rate_divisor\":2}\n",
      "{\"magnetometer_message_rate_divisor\":0}\n", "{\"ahrs_message_rate_divisor\":0}\n",
      "{\"rssi_message_rate_divisor\":0}\n",         "{\"synchronisation_enabled\":false}\n",
      "{\"usb_data_messages_enabled\":true}\n",      "{\"apply\":null}\n"};
  BOOST_TEST(writes == expected, boost::test_tools::per_element());
  for (const std::string& s : said)
    for (const char* never : {"factory", "erase", "bootloader\"", "format", "save"})
      BOOST_TEST(s.find(never) == std::string::npos);

  BOOST_REQUIRE(rig.facts().size() == 1U);
  const double facts[] = {400, 1600, 20504, 20260131, 1, 0, 1};
  for (std::size_t i = 0; i < std::size(facts); ++i) BOOST_TEST(value<double>(rig.facts()[0], i) == facts[i]);
  const auto about = Ximu3Rig::texts(rig.about());
  BOOST_REQUIRE(about.size() == 1U);
  const auto archive = nlohmann::json::parse(about[0].substr(about[0].find('{')));
  BOOST_TEST(archive["gyroscope_misalignment"][2][2] == 1.0);
  BOOST_TEST(archive["hardware_version"] == "v2.0.0");

  rig.run(0.5);
  const auto& server = rig.device->server();
  BOOST_TEST(server.active().inertial == 1);
  rig.driver->stop(*rig.link);
  BOOST_TEST(server.active().inertial == 8);  // as it was before
  BOOST_TEST(server.active().highg == 64);
  BOOST_TEST(server.active().ahrs == 8);
  BOOST_TEST(server.active().magnetometer == 1);
  BOOST_TEST(server.active().rssi == 1);
  BOOST_TEST(server.written("synchronisation_enabled") == true);
  BOOST_TEST(server.active().stream);
  BOOST_TEST(!rig.device->dtr());
}

BOOST_AUTO_TEST_CASE(the_box_is_switched_on_where_it_is_wanted) {
  DeviceSettings s = ximu3_settings();
  s.sync_box = true;
  Ximu3Rig rig(s);
  rig.start();
  rig.run(0.1);
  BOOST_TEST(rig.device->server().active().serial_mode == 2);
  BOOST_TEST(value<double>(rig.facts()[0], 6) == 2.0);
  rig.driver->stop(*rig.link);
  BOOST_TEST(rig.device->server().active().serial_mode == 1);
}

BOOST_AUTO_TEST_CASE(ten_seconds_of_both_sensors_are_complete_and_exact) {
  Waves waves;
  DeviceSettings s = ximu3_settings({}, 3200);
  s.emulation.drift_ppm = 40;
  Ximu3Rig rig(s, &waves);
  rig.start();
  rig.run(10);
  rig.driver->stop(*rig.link);
  BOOST_TEST(rig.inertial().size() > 3940U);  // 400 Hz, 0.12 % slow, without the first 100 ms
  BOOST_TEST(rig.inertial().size() < 4000U);
  BOOST_TEST(rig.highg().size() > 32'250U);  // 3200 Hz, 2.1 % fast
  BOOST_TEST(rig.highg().size() < 32'700U);
  BOOST_TEST(rig.loss().empty());
  const auto lab_s = [](std::uint64_t k, double period_us) {
    return static_cast<double>(std::llround(static_cast<double>(k) * period_us * 1e3 / (1 + 40e-6))) * 1e-9;
  };
  for (const auto* stream : {&rig.inertial(), &rig.highg()}) {
    const bool high = stream == &rig.highg();
    const double period_us = high ? 312.5 / (1 + 21'000e-6) : 2500 / (1 - 1200e-6);
    const auto k0 =
        static_cast<std::uint64_t>(std::llround((static_cast<double>((*stream)[0].t_device) + 0.5) / period_us));
    for (std::size_t i = 0; i < stream->size(); ++i) {
      const Sample& sample = (*stream)[i];
      BOOST_REQUIRE_EQUAL(sample.seq, i);
      BOOST_REQUIRE_EQUAL(sample.flags, 0);
      BOOST_REQUIRE_EQUAL(sample.t, 0);
      BOOST_REQUIRE_EQUAL(sample.epoch, 0);
      BOOST_REQUIRE_SMALL(static_cast<double>(sample.t_device) - std::floor(static_cast<double>(k0 + i) * period_us),
                          1.001);
      Vec3 gyro, force;
      waves.read(lab_s(k0 + i, period_us), gyro, force);
      for (std::size_t n = 0; n < 3; ++n) {
        if (high) {
          BOOST_REQUIRE_EQUAL(value<float>(sample, n), static_cast<float>(force[n] / 9.80665));
        } else {
          BOOST_REQUIRE_EQUAL(value<float>(sample, n), static_cast<float>(gyro[n] * 180 / M_PI));
          BOOST_REQUIRE_EQUAL(value<float>(sample, 3 + n), static_cast<float>(force[n] / 9.80665));
        }
      }
    }
  }
  for (const char* name : kNoTrouble) BOOST_TEST(rig.counter(name) == 0U, name);
  BOOST_TEST(rig.counter("ignored_after_start") > 0U);
}

BOOST_AUTO_TEST_CASE(the_bytes_mean_the_same_however_they_are_cut) {
  Waves waves;
  SyncLine sync;
  sync.period_s = 0.05;
  DeviceSettings s = ximu3_settings(
      {{"drop_message", 0.01}, {"truncate", 0.01}, {"bad_escape", 0.01}, {"buffer_full", 0.01}, {"error", 0.01}});
  s.sync_box = true;
  Ximu3Rig rig(s, &waves, sync);
  rig.start();
  rig.run(3);
  std::mt19937 random(5);
  for (const unsigned longest : {1U, 97U}) {
    Ximu3Rig other(s);
    for (const auto& [bytes, arrival] : rig.recorded)
      for (std::size_t at = 0, n; at < bytes.size(); at += n) {
        n = std::min<std::size_t>(1 + random() % longest, bytes.size() - at);
        other.decode(*other.driver, std::span(bytes).subspan(at, n), arrival);
      }
    for (std::size_t i : {0U, 2U, 3U, 4U, 6U}) {
      BOOST_REQUIRE_EQUAL(other.streams[i].size(), rig.streams[i].size());
      for (std::size_t k = 0; k < rig.streams[i].size(); ++k) {
        const Sample &a = other.streams[i][k], &b = rig.streams[i][k];
        BOOST_REQUIRE(a.seq == b.seq && a.t_device == b.t_device && a.flags == b.flags && a.data == b.data);
      }
    }
  }
  BOOST_TEST(rig.inertial().size() > 1000U);
  BOOST_TEST(rig.loss().size() > 50U);
  BOOST_TEST(rig.sync().size() > 80U);
  BOOST_TEST(rig.messages().size() > 50U);
}

BOOST_AUTO_TEST_CASE(every_lost_message_is_counted) {
  struct Case {
    Ximu3Fault fault;
    const char* counter;
    std::int64_t cause;
  };
  for (const Case& c :
       {Case{Ximu3Fault::drop_message, nullptr, 0}, Case{Ximu3Fault::truncate, "wrong_length", 2},
        Case{Ximu3Fault::wrong_length, "wrong_length", 2}, Case{Ximu3Fault::bad_escape, "bad_escape", 2},
        Case{Ximu3Fault::buffer_full, "device_buffer_full", 1}}) {
    Ximu3Rig rig(ximu3_settings());
    rig.start();
    rig.run(1);
    std::mt19937 random(11);
    for (int i = 0; i < 60; ++i) {
      rig.device->inject(c.fault, 1 + static_cast<int>(random() % 12));
      rig.run(0.05);
    }
    rig.run(0.5);
    const auto truth = rig.device->truth();
    BOOST_TEST_CONTEXT("fault " << int(c.fault)) {
      BOOST_TEST(truth.inertial_lost > 30U);
      BOOST_TEST(truth.highg_lost > 100U);
      BOOST_TEST(rig.lost_of(0) == static_cast<std::int64_t>(truth.inertial_lost));
      BOOST_TEST(rig.lost_of(1) == static_cast<std::int64_t>(truth.highg_lost));
      BOOST_TEST(rig.counter("samples_lost") == truth.inertial_lost + truth.highg_lost);
      BOOST_TEST(rig.counter("losses_unknown") == 0U);
      if (c.counter) BOOST_TEST(rig.counter(c.counter) >= 60U);
      for (const Sample& s : rig.loss()) BOOST_REQUIRE_EQUAL(value<std::int64_t>(s, 2), c.cause);
      check_bookkeeping(rig, rig.inertial(), 0);
      check_bookkeeping(rig, rig.highg(), 1);
    }
    rig.driver->stop(*rig.link);
  }
}

BOOST_AUTO_TEST_CASE(faults_at_random_rates_are_counted_to_the_last_one) {
  Ximu3Rig rig(ximu3_settings({{"drop_message", 0.02},
                               {"wrong_length", 0.01},
                               {"bad_escape", 0.01},
                               {"truncate", 0.01},
                               {"buffer_full", 0.005},
                               {"error", 0.01}}));
  rig.start();
  rig.run(0.2);
  const auto before = rig.device->truth();
  const auto lost_before = rig.lost_of(0), highg_before = rig.lost_of(1);
  rig.run(20);
  const auto after = rig.device->truth();
  const auto found = rig.lost_of(0) - lost_before, highg = rig.lost_of(1) - highg_before;
  BOOST_TEST_MESSAGE("inertial: " << found << " lost of " << after.inertial - before.inertial << "; high-g: " << highg
                                  << " of " << after.highg - before.highg);
  // A loss is seen with the next good message: at both ends a few may be under way.
  BOOST_TEST(std::abs(found - static_cast<std::int64_t>(after.inertial_lost - before.inertial_lost)) <= 2);
  BOOST_TEST(std::abs(highg - static_cast<std::int64_t>(after.highg_lost - before.highg_lost)) <= 4);
  BOOST_TEST(found > 300);
  check_bookkeeping(rig, rig.inertial(), 0);
  check_bookkeeping(rig, rig.highg(), 1);
}

BOOST_AUTO_TEST_CASE(a_full_buffer_of_the_device_is_a_counted_loss_with_its_cause) {
  Ximu3Rig rig(ximu3_settings({{"fifo_bytes", 2000}}, 3200));
  rig.start();
  rig.run(1);
  const auto before = rig.device->truth();
  BOOST_TEST(before.highg_lost == 0U);
  rig.link->now += 200 * kMs;  // the host does not ask for 200 ms
  rig.run(1);
  const auto truth = rig.device->truth();
  BOOST_TEST(truth.highg_lost > 400U);
  BOOST_TEST(rig.lost_of(0) == static_cast<std::int64_t>(truth.inertial_lost));
  BOOST_TEST(rig.lost_of(1) == static_cast<std::int64_t>(truth.highg_lost));
  BOOST_TEST(rig.counter("device_buffer_full") == 1U);
  const auto said = Ximu3Rig::texts(rig.messages());
  BOOST_REQUIRE(said.size() == 1U);
  BOOST_TEST(said[0].find("device_error {\"device\":\"imu\",\"t_us\":") == 0U);
  BOOST_TEST(said[0].find(",\"text\":\"Transmit buffer full\"}") != std::string::npos);
  bool full = false;
  for (const Sample& s : rig.loss()) full |= value<std::int64_t>(s, 2) == 1;
  BOOST_TEST(full);
}

BOOST_AUTO_TEST_CASE(notifications_and_errors_are_rows_and_valid_json) {
  Fed f;
  f.feed(hex("CE 01 00 00 00 00 00 00 00 55 53 42 20 68 6F 73 74 0A"));  // "USB host"
  f.feed(hex("C6 02 00 00 00 00 00 00 00 22 5C 09 FF DB DC 7E 0A"));     // quote, backslash, tab, 0xFF, LF, tilde
  f.feed("F,3,USB receive error. Buffer overrun.\n");
  const auto rows = Ximu3Rig::texts(f.rig.messages());
  BOOST_REQUIRE(rows.size() == 3U);
  BOOST_TEST(rows[0] == "device_note {\"device\":\"imu\",\"t_us\":1,\"text\":\"USB host\"}");
  const auto json = nlohmann::json::parse(rows[1].substr(rows[1].find('{')));
  BOOST_TEST(json["text"] == "\"\\\t\xC3\xBF\n~");
  BOOST_TEST(f.rig.counter("notification") == 1U);
  BOOST_TEST(f.rig.counter("device_error") == 1U);
  BOOST_TEST(f.rig.counter("device_buffer_full") == 1U);
  std::vector<std::byte> longest = hex("CE 01 00 00 00 00 00 00 00");
  longest.resize(longest.size() + 255, std::byte{0x01});
  longest.push_back(std::byte{'\n'});
  f.feed(longest);
  const auto all = Ximu3Rig::texts(f.rig.messages());
  BOOST_TEST(nlohmann::json::parse(all[3].substr(all[3].find('{')))["text"] == std::string(255, '\x01'));
}

BOOST_AUTO_TEST_CASE(time_that_goes_back_with_the_same_rate_is_a_new_epoch_of_both_sensors) {
  Fed f;
  for (std::uint64_t k = 0; k < 100; ++k)
    f.feed(inertial_line(5'000'000 + 2500 * k) + "H," + std::to_string(5'000'100 + 2500 * k) + ",0,0,1\n");
  for (std::uint64_t k = 0; k < 100; ++k)
    f.feed(inertial_line(1000 + 2500 * k) + "H," + std::to_string(1100 + 2500 * k) + ",0,0,1\n");
  for (const auto* stream : {&f.rig.inertial(), &f.rig.highg()}) {
    BOOST_REQUIRE(stream->size() >= 199U);  // of the first message the step is not known yet
    BOOST_TEST((*stream)[99].epoch == 0);
    BOOST_TEST((*stream)[100].epoch == 1);
    BOOST_TEST((*stream)[100].flags == (kGapBefore | kNewEpoch));
    BOOST_TEST(stream->back().epoch == 1);
    BOOST_TEST(stream->back().flags == 0);
  }
  BOOST_REQUIRE(f.rig.loss().size() == 2U);
  for (const Sample& s : f.rig.loss()) {
    BOOST_TEST(value<std::int64_t>(s, 1) == -1);
    BOOST_TEST(value<std::int64_t>(s, 2) == 3);
  }
  BOOST_TEST(f.rig.driver->check(*f.rig.link, f.now) == nullptr);
}

BOOST_AUTO_TEST_CASE(a_device_that_restarted_with_other_settings_is_set_up_again) {
  Ximu3Rig rig(ximu3_settings());
  rig.start();
  rig.run(2);
  BOOST_TEST(rig.driver->check(*rig.link, rig.link->now) == nullptr);
  const auto before = rig.inertial().size();
  rig.device->inject(Ximu3Fault::reboot);
  rig.run(0.2);
  const char* cause = rig.driver->check(*rig.link, rig.link->now);
  BOOST_REQUIRE(cause != nullptr);
  BOOST_TEST(std::string(cause) == "the device restarted and lost its settings");
  BOOST_TEST(rig.inertial().size() == before);  // 50 Hz of unknown settings are not samples of this stream
  BOOST_TEST(rig.counter("other_settings_after_restart") > 5U);
  rig.driver->stop(*rig.link);
  rig.start();
  rig.run(1);
  BOOST_TEST(rig.driver->check(*rig.link, rig.link->now) == nullptr);
  BOOST_TEST(rig.inertial().size() > before + 350);
  BOOST_TEST(rig.inertial()[before].epoch == 1);
  BOOST_TEST(rig.inertial()[before].flags == (kGapBefore | kNewEpoch));
  BOOST_TEST(rig.counter("losses_unknown") == 2U);
  check_bookkeeping(rig, rig.inertial(), 0);
  check_bookkeeping(rig, rig.highg(), 1);
}

BOOST_AUTO_TEST_CASE(dtr_that_falls_is_starvation_and_cured_by_a_restart) {
  Ximu3Rig rig(ximu3_settings());
  rig.start();
  rig.run(1);
  BOOST_TEST(rig.driver->check(*rig.link, rig.link->now) == nullptr);
  rig.device->inject(Ximu3Fault::dtr_drop);
  rig.run(0.4);
  BOOST_TEST(rig.driver->check(*rig.link, rig.link->now) == nullptr);
  rig.run(0.3);
  const char* cause = rig.driver->check(*rig.link, rig.link->now);
  BOOST_REQUIRE(cause != nullptr);
  BOOST_TEST(std::string(cause) == "no sample for 0.5 s");
  const auto before = rig.inertial().size();
  rig.driver->stop(*rig.link);
  rig.start();
  rig.run(0.5);
  BOOST_TEST(rig.inertial().size() > before + 150);
  BOOST_TEST(rig.inertial()[before].flags == kGapBefore);
  check_counted(rig, rig.inertial(), 0, kInertialUs);
  check_counted(rig, rig.highg(), 1, 2 * kHighGUs);
}

BOOST_AUTO_TEST_CASE(pulled_out_in_the_middle_of_a_message_and_plugged_in_again) {
  Ximu3Rig rig(ximu3_settings());
  rig.start();
  rig.run(1);
  const auto last = rig.inertial().back();
  rig.decode(*rig.driver, hex("C9 40 42 0F 00 00 00"), rig.link->now);  // the plug
  rig.device->unplug(rig.link->now);
  rig.link->stream = 0;
  rig.link->now += 3 * kSecond;
  rig.device->power_cycle(rig.link->now);
  rig.start();
  rig.run(1);
  BOOST_TEST(rig.inertial().back().seq > last.seq + 300);
  for (const char* name : {"bad_escape", "wrong_length", "unknown_message", "bad_text", "too_long"})
    BOOST_TEST(rig.counter(name) == 0U, name);
  check_bookkeeping(rig, rig.inertial(), 0);
  const auto first =
      std::find_if(rig.inertial().begin(), rig.inertial().end(), [](const Sample& s) { return s.epoch == 1; });
  BOOST_REQUIRE(first != rig.inertial().end());
  BOOST_TEST(first->flags == (kGapBefore | kNewEpoch));
  BOOST_TEST(value<std::int64_t>(rig.loss()[0], 2) == 4);
  rig.driver->stop(*rig.link);
  BOOST_TEST(rig.device->server().active().inertial == 8);
}

BOOST_AUTO_TEST_CASE(edges_of_the_box_and_what_is_no_edge) {
  Fed f;
  f.feed("S,1000,1,000000000\n");  // no sample yet: it could not be given a time
  BOOST_TEST(f.rig.counter("edge_without_sample") == 1U);
  f.feed(inertial_line(2'000'000));
  f.feed(hex("D3 80 84 1E 00 00 00 00 00 31 2C 30 30 30 30 30 30 30 30 31 0A"));
  f.feed(hex("D3 81 84 1E 00 00 00 00 00 30 2C 30 30 30 30 30 30 30 30 32 DB DC 0A"));
  f.feed("S,2000010,1,000000006\n");  // 3 to 5 are missing
  f.feed("S,2000020,0,00000007\n");   // eight digits
  f.feed("S,2000020,2,000000007\n");
  f.feed("S,2000020,hello\n");
  f.feed("Y,2000030,1.0000\n");
  f.feed("Y,2000040,0.0000\n");
  struct Row {
    std::uint64_t t, seq;
    int line, level, count;
  };
  const std::vector<Row> expected{{2'000'000, 0, 0, 1, 1},
                                  {2'000'001, 1, 0, 0, 2},
                                  {2'000'010, 5, 0, 1, 6},
                                  {2'000'030, 6, 1, 1, -1},
                                  {2'000'040, 7, 1, 0, -1}};
  BOOST_REQUIRE(f.rig.sync().size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Sample& s = f.rig.sync()[i];
    BOOST_TEST(s.t_device == expected[i].t);
    BOOST_TEST(s.seq == expected[i].seq);
    BOOST_TEST(value<std::int32_t>(s, 0) == expected[i].line);
    BOOST_TEST(value<std::int32_t>(s, 1) == expected[i].level);
    BOOST_TEST(value<std::int32_t>(s, 2) == expected[i].count);
    BOOST_TEST(s.flags == (i == 2 ? kGapBefore : 0));
  }
  BOOST_TEST(f.rig.counter("edges_lost") == 3U);
  BOOST_TEST(f.rig.lost_of(2) == 3);
  BOOST_TEST(f.rig.counter("serial_text") == 3U);
  f.feed("S,2000050,0,999999999\n");  // a counter that goes back is a box that came up again, and so is its greeting
  BOOST_TEST(f.rig.counter("sync_box_restarted") == 1U);
  f.feed("S,2000060,1,000000000\n");  // the counter's wrap is no hole
  f.feed("S,2000070,x-IMU3-SA-Sync v1.0.4\n");
  BOOST_TEST(f.rig.counter("sync_box_restarted") == 2U);
  f.feed("S,2001500,1,000000000\n");  // at once after the greeting: the level at power-up, no edge
  BOOST_TEST(f.rig.counter("sync_box_level_at_power_up") == 1U);
  f.feed("S,2050000,0,000000001\n");
  BOOST_TEST(f.rig.counter("edges_lost") == 3U);
  BOOST_TEST(f.rig.sync().size() == 8U);
}

BOOST_AUTO_TEST_CASE(a_box_on_a_line_with_pulses_gives_every_edge_and_counts_lost_lines) {
  SyncLine sync;
  sync.first_s = 2;
  sync.period_s = 0.1;
  sync.width_s = 0.02;
  for (const double drop : {0.0, 0.1}) {
    DeviceSettings s = ximu3_settings({{"drop_edge", drop}});
    s.sync_box = true;
    Ximu3Rig rig(s, nullptr, sync);
    rig.start();
    rig.link->run_until(12 * kSecond + 50 * kMs);
    const auto& truth = rig.device->truth();
    BOOST_TEST(truth.edges == 202U);
    BOOST_TEST(std::abs(rig.lost_of(2) - static_cast<std::int64_t>(truth.edges_lost)) <=
               (drop > 0 ? 1 : 0));  // the last ones are not known yet
    BOOST_TEST((drop > 0) == (truth.edges_lost > 5U));
    BOOST_TEST(rig.sync().size() == truth.edges - truth.edges_lost);
    if (drop > 0) continue;
    for (std::size_t i = 0; i < rig.sync().size(); ++i) {
      const double late_us = static_cast<double>(rig.sync()[i].t_device) - truth.edge_s[i] * 1e6;
      BOOST_REQUIRE_SMALL(late_us - 1041.7, 1.0);
      BOOST_REQUIRE_EQUAL(value<std::int32_t>(rig.sync()[i], 1), i % 2 == 0);
      BOOST_REQUIRE_EQUAL(value<std::int32_t>(rig.sync()[i], 2), static_cast<int>(i));
    }
  }
}

BOOST_AUTO_TEST_CASE(values_at_the_end_of_the_range_and_nan_are_marked) {
  Fed f;
  f.feed(
      "I,1000,0,1989.9,0,0,0,23.87\nI,3500,0,-1990,0,0,0,1\nI,6000,0,0,0,0,-23.89,0\nH,6100,198.9,0,0\nH,6700,0,0,-199."
      "1\n");
  f.feed(hex("C9 34 21 00 00 00 00 00 00 00 00 C0 7F 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 80 3F 0A"));
  BOOST_REQUIRE(f.rig.inertial().size() == 4U);
  BOOST_TEST(f.rig.inertial()[0].flags == 0);
  BOOST_TEST(f.rig.inertial()[1].flags == kClipped);
  BOOST_TEST(f.rig.inertial()[2].flags == kClipped);
  BOOST_TEST(f.rig.inertial()[3].flags == kInvalid);
  BOOST_REQUIRE(f.rig.highg().size() == 2U);
  BOOST_TEST(f.rig.highg()[0].flags == 0);
  BOOST_TEST(f.rig.highg()[1].flags == kClipped);
  BOOST_TEST(f.rig.counter("over_range") == 3U);
  BOOST_TEST(f.rig.counter("nan_value") == 1U);
}

BOOST_AUTO_TEST_CASE(a_saved_ascii_mode_and_a_stream_from_power_up_are_no_hindrance) {
  Ximu3Rig rig(ximu3_settings({{"ascii", 1}}));
  rig.link->now = 2 * kSecond;
  rig.driver->identify(*rig.link);
  rig.start();
  rig.run(1);
  BOOST_TEST(rig.inertial().size() > 350U);
  BOOST_TEST(rig.loss().empty());
  rig.driver->stop(*rig.link);
  BOOST_TEST(!rig.device->server().active().binary);
}

BOOST_AUTO_TEST_CASE(it_blinks_while_it_streams) {
  Ximu3Rig rig(ximu3_settings());
  rig.start();
  rig.run(0.5);
  BOOST_TEST(rig.driver->blink(*rig.link));
  rig.run(0.5);
  BOOST_TEST(rig.device->server().blinks() == 1);
  BOOST_TEST(rig.written().back() == "{\"blink\":null}\n");
  BOOST_TEST(rig.counter("reply_in_stream") == 2U);  // of apply and of blink
  BOOST_TEST(rig.loss().empty());
}

BOOST_AUTO_TEST_CASE(settings_that_it_cannot_have_are_named) {
  const DriverEntry& entry = *find_driver("xio_ximu3");
  DeviceSettings s = ximu3_settings();
  BOOST_TEST(entry.check_settings(s).empty());
  s.rate_hz = 1000;
  s.high_g_rate_hz = 1000;
  s.emulation.faults["nonsense"] = 1;
  const auto errors = entry.check_settings(s);
  BOOST_REQUIRE(errors.size() == 3U);
  BOOST_TEST(
      errors[0] ==
      "rate_hz: the device does not have it, must be one of 400, 200, 100, 80, 50, 40, 25, 20, 16, 10, 8, 5, 4, 2, 1");
  BOOST_TEST(
      errors[1].find("high_g_rate_hz: the device does not have it, must be 0 (none) or one of 3200, 1600, 800, 640,") ==
      0U);
  BOOST_TEST(errors[2].find("emulation.faults.nonsense:") == 0U);
  BOOST_TEST(ximu3::divisor_of(400, 400) == 1);
  BOOST_TEST(ximu3::divisor_of(1600, 3200) == 2);
  BOOST_TEST(ximu3::divisor_of(12.5, 400) == 0);  // 32 is in the list of the high-g sensor only
  BOOST_TEST(ximu3::divisor_of(3.125, 400) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
