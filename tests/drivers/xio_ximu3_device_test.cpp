// The device side of the x-IMU3 on its own: descriptors, commands, messages. Expected bytes: the maker's documents.
#include <boost/test/unit_test.hpp>

#include <cmath>

#include "drivers/cdc_acm.hpp"
#include "drivers/xio_ximu3_message.hpp"
#include "tests/drivers/xio_ximu3_rig.hpp"

BOOST_AUTO_TEST_SUITE(xio_ximu3_device)

using namespace grfd;
using grfd::test::hex;
using grfd::test::kMs;
using grfd::test::kSecond;
using grfd::test::to_hex;

namespace {

/// Talks to the device by hand.
struct Bench {
  explicit Bench(std::map<std::string, double> faults = {}, const SyncLine& sync = {}, InertialSource* source = nullptr)
      : device(settings(std::move(faults)), source, sync) {}
  static EmulationSettings settings(std::map<std::string, double> faults) {
    EmulationSettings s;
    s.noise = 0;
    s.faults = std::move(faults);
    return s;
  }
  void dtr(bool on) { device.control(now, 0x21, 0x22, on ? 3 : 0, 0, {}); }
  void say(std::string_view text) { device.out(now, 0x02, std::as_bytes(std::span(text))); }
  /// All bytes that come out within this time.
  std::vector<std::byte> listen(TimeNs time) {
    std::vector<std::byte> all;
    std::array<std::byte, 512> buffer;
    for (const TimeNs end = now + time;;) {
      const TimeNs t = device.ready(now, 0x82, buffer.size());
      if (t > end) {
        now = end;
        device.advance(now);
        return all;
      }
      now = std::max(now, t);
      if (const int n = device.in(now, 0x82, buffer); n > 0) all.insert(all.end(), buffer.begin(), buffer.begin() + n);
    }
  }
  struct Heard {
    std::string commands;  ///< command messages, one a line
    std::vector<std::pair<ximu3::Message, std::string>> data;
    std::size_t of(char letter) const {
      return static_cast<std::size_t>(
          std::count_if(data.begin(), data.end(), [&](const auto& d) { return d.first.letter == letter; }));
    }
  };
  Heard hear(TimeNs time) {
    Heard heard;
    const auto all = listen(time);
    ximu3::Bytes bytes(all);
    for (ximu3::Message m; parser.next(bytes, m);) {
      if (m.letter == '{')
        heard.commands += std::string(m.text) + "\n";
      else
        heard.data.emplace_back(m, std::string(m.text));
    }
    return heard;
  }
  std::string answer(std::string_view line) {
    say(line);
    return hear(10 * kMs).commands;
  }
  XioXimu3Device device;
  ximu3::Parser parser;
  TimeNs now = 0;
};

/// Quiet and ready for commands.
struct Quiet : Bench {
  explicit Quiet(std::map<std::string, double> faults = {}, const SyncLine& sync = {}, InertialSource* source = nullptr)
      : Bench(std::move(faults), sync, source) {
    dtr(true);
    say("{\"usb_data_messages_enabled\":false}\n{\"apply\":null}\n");
    listen(100 * kMs);
  }
  void set(const std::string& key, const std::string& value) {
    BOOST_REQUIRE_EQUAL(answer("{\"" + key + "\":" + value + "}\n"), "{\"" + key + "\":" + value + "}\n");
  }
  void stream() {
    set("usb_data_messages_enabled", "true");
    say("{\"apply\":null}\n");
    BOOST_REQUIRE_EQUAL(hear(2 * kMs).commands, "{\"apply\":null}\n");
  }
};

/// Linear in time, so that a mean of samples is the value at the mean of their times.
struct Ramp : InertialSource {
  void read(double t, Vec3& gyro, Vec3& force) override {
    for (std::size_t i = 0; i < 3; ++i) {
      gyro[i] = (1 + static_cast<double>(i)) * t * M_PI / 180;
      force[i] = (0.1 + static_cast<double>(i)) * t * 9.80665;
    }
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(descriptors_are_those_of_firmware_2_5_4) {
  const Bench b;
  const auto bytes = [](const std::vector<std::uint8_t>& v) { return to_hex(std::as_bytes(std::span(v))); };
  BOOST_TEST(bytes(b.device.device_descriptor()) == "12 01 00 02 EF 02 01 40 D8 04 57 00 00 01 01 02 00 01");
  BOOST_TEST(bytes(b.device.info().configuration) ==
             "09 02 62 00 03 01 00 C0 32 "
             "09 04 02 00 02 08 06 50 00 07 05 83 02 00 02 00 07 05 03 02 00 02 00 "
             "08 0B 00 02 02 02 01 00 09 04 00 00 01 02 02 01 00 "
             "05 24 00 20 01 04 24 02 02 05 24 06 00 01 05 24 01 00 01 07 05 81 03 10 00 02 "
             "09 04 01 00 02 0A 00 00 00 07 05 02 02 00 02 00 07 05 82 02 00 02 00");
  BOOST_TEST(b.device.info().configuration.size() == 0x62U);
  BOOST_TEST(b.device.info().manufacturer == "x-io Technologies");
  BOOST_TEST(b.device.info().product == "x-IMU3");
  BOOST_TEST(b.device.info().serial_string.empty());
  const CdcAcm port = find_cdc_acm(b.device.info().configuration);  // behind the mass storage interface
  BOOST_TEST(port.control_interface == 0);
  BOOST_TEST(port.data_interface == 1);
  BOOST_TEST(int(port.in) == 0x82);
  BOOST_TEST(int(port.out) == 0x02);
  BOOST_TEST(port.max_packet == 512);
  Bench c;
  std::array<std::byte, 1> lun{};
  BOOST_TEST(c.device.control(0, 0xA1, 0xFE, 0, 2, lun) == -1);  // the mass storage is inert
}

BOOST_AUTO_TEST_CASE(commands_are_answered_as_documented) {
  Quiet q;
  BOOST_TEST(q.answer("{\"ping\":null}\n") ==
             "{\"ping\":{\"interface\":\"USB\",\"name\":\"x-IMU3\",\"sn\":\"01234567\"}}\n");
  BOOST_TEST(q.answer("{\"serial_number\":null}\n") == "{\"serial_number\":\"01234567\"}\n");
  BOOST_TEST(q.answer("{\"Serial Number\":null}\n") == "{\"Serial Number\":\"01234567\"}\n");  // as the host spelled it
  BOOST_TEST(q.answer("{\"serial_number\":\"1\"}\n") ==
             "{\"serial_number\":{\"error\":\"Unable to write read-only setting\"}}\n");
  BOOST_TEST(q.answer("{\"no_such_thing\":null}\n") == "{\"no_such_thing\":{\"error\":\"Unknown command\"}}\n");
  BOOST_TEST(q.answer("{\"binary_mode_enabled\":3}\n") ==
             "{\"binary_mode_enabled\":{\"error\":\"Unexpected type\"}}\n");
  BOOST_TEST(q.answer("{\"gyroscope_offset\":null}\n") == "{\"gyroscope_offset\":[0.000000,0.000000,0.000000]}\n");
  BOOST_TEST(q.answer("{\"inertial_message_rate_divisor\":null}\n") == "{\"inertial_message_rate_divisor\":8}\n");
  BOOST_TEST(q.answer("{\"save\":null}\n") == "{\"save\":null}\n");
  BOOST_TEST(q.answer("{\"time\":\"2026-01-01 00:00:00\"}\n") == "{\"time\":\"2026-01-01 00:00:00\"}\n");
  BOOST_TEST(q.answer("{\"ping\":null}\n{\"apply\":null}\n") ==
             "{\"ping\":{\"interface\":\"USB\",\"name\":\"x-IMU3\",\"sn\":\"01234567\"}}\n{\"apply\":null}\n");
  q.say("{\"note\":\"heel strike\"}\n");
  const auto note = q.hear(10 * kMs);
  BOOST_TEST(note.commands == "{\"note\":\"heel strike\"}\n");
  BOOST_REQUIRE(note.of('N') == 1U);
  BOOST_TEST(note.data[0].second == "heel strike");
}

BOOST_AUTO_TEST_CASE(what_is_no_command_is_an_error_message) {
  Quiet q;
  for (const std::string& line :
       {std::string("nonsense\n"), std::string("{\"a\":1,\"b\":2}\n"), std::string(1100, 'x') + "\n"}) {
    q.say(line);
    const auto heard = q.hear(10 * kMs);
    BOOST_TEST(heard.commands.empty());
    BOOST_REQUIRE(heard.of('F') == 1U);
    BOOST_TEST(heard.data[0].second.substr(0, 18) == "USB receive error.");
  }
  q.say("{\"pi");  // half a command of a host that crashed
  BOOST_TEST(q.hear(10 * kMs).data.empty());
  q.say("{\"ping\":null}\n");
  BOOST_TEST(q.hear(10 * kMs).of('F') == 1U);
  BOOST_TEST(!q.answer("{\"ping\":null}\n").empty());
}

BOOST_AUTO_TEST_CASE(settings_take_effect_2_s_after_the_last_write_or_at_apply) {
  Quiet q;
  q.set("usb_data_messages_enabled", "true");
  BOOST_TEST(q.hear(1900 * kMs).of('I') == 0U);
  q.set("inertial_message_rate_divisor", "4");  // starts the two seconds again
  BOOST_TEST(q.hear(1900 * kMs).of('I') == 0U);
  q.hear(200 * kMs);
  const auto late = q.hear(kSecond).of('I');
  BOOST_TEST(late >= 99U);
  BOOST_TEST(late <= 101U);
  q.set("inertial_message_rate_divisor", "1");
  BOOST_TEST(q.answer("{\"apply\":null}\n") == "{\"apply\":null}\n");
  const auto now = q.hear(kSecond).of('I');
  BOOST_TEST(now >= 398U);
  BOOST_TEST(now <= 401U);
}

BOOST_AUTO_TEST_CASE(streams_from_power_up_at_its_default_rates_while_dtr_is_1) {
  Bench b;
  BOOST_TEST(b.listen(kSecond).empty());
  b.dtr(true);
  const auto heard = b.hear(2 * kSecond);
  const auto about = [&](char letter, std::size_t n) {
    BOOST_TEST(heard.of(letter) >= n - 2, letter);
    BOOST_TEST(heard.of(letter) <= n + 5, letter);  // the high-g clock is 2 % fast
  };
  about('I', 100);
  about('H', 100);
  about('Q', 100);
  about('M', 40);
  about('T', 2);
  about('B', 2);
  about('W', 2);
  b.dtr(false);
  b.listen(2 * kMs);
  BOOST_TEST(b.listen(kSecond).empty());
}

BOOST_AUTO_TEST_CASE(the_first_message_byte_for_byte) {
  Quiet q({{"inertial_ppm", 0}, {"flush_ms", 0}});  // at rest and level; 1 s after power-up
  for (const char* key :
       {"high_g_accelerometer_message_rate_divisor", "magnetometer_message_rate_divisor", "ahrs_message_rate_divisor",
        "temperature_message_rate_divisor", "battery_message_rate_divisor", "rssi_message_rate_divisor"})
    q.set(key, "0");
  q.set("inertial_message_rate_divisor", "1");
  q.stream();
  q.listen(1'000 * kMs - q.now - 1 * kMs);
  BOOST_TEST(to_hex(q.listen(2 * kMs)) ==
             "C9 40 42 0F 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 80 3F 0A");
  q.set("binary_mode_enabled", "false");
  q.say("{\"apply\":null}\n");
  q.listen(1'500 * kMs - q.now - 1 * kMs);
  const auto line = q.listen(2 * kMs);
  BOOST_TEST(std::string(reinterpret_cast<const char*>(line.data()), line.size()) ==
             "I,1500000,0.0000,0.0000,0.0000,0.0000,0.0000,1.0000\n");
}

BOOST_AUTO_TEST_CASE(stamps_with_the_bytes_0a_and_db_are_stuffed) {
  Quiet q({{"inertial_ppm", 0}});
  q.stream();
  const auto bytes = q.listen(20 * kSecond);  // stamps of 0x0A.... and 0xDB.. among them
  ximu3::Parser parser;
  ximu3::Bytes rest(bytes);
  std::size_t n = 0, stuffed = 0;
  for (ximu3::Message m; parser.next(rest, m); ++n)
    for (int i = 0; i < 8; ++i) stuffed += (m.t_us >> 8 * i & 0xff) == 0x0A || (m.t_us >> 8 * i & 0xff) == 0xDB;
  BOOST_TEST(n > 3000U);
  BOOST_TEST(stuffed > 20U);
  BOOST_TEST(parser.damage() == 0U);
}

BOOST_AUTO_TEST_CASE(a_divisor_averages_and_the_stamp_is_that_of_the_last_sample) {
  Ramp ramp;
  Quiet q({{"inertial_ppm", -1000}, {"highg_ppm", 30000}}, {}, &ramp);
  q.set("inertial_message_rate_divisor", "4");
  q.set("high_g_accelerometer_message_rate_divisor", "10");
  q.stream();
  const auto heard = q.hear(5 * kSecond);
  BOOST_TEST(heard.of('I') > 490U);
  std::uint64_t last[2] = {0, 0};
  double steps[2] = {0, 0};
  int n[2] = {0, 0};
  for (const auto& [m, text] : heard.data) {
    if (m.letter != 'I' && m.letter != 'H') continue;
    const int high = m.letter == 'H';
    const double period_us = high ? 312.5 / 1.03 : 2500 / 0.999, samples = high ? 10 : 4;
    const double t_s = (static_cast<double>(m.t_us) - (samples - 1) / 2 * period_us) * 1e-6;  // centre of the mean
    if (last[high]) {  // the first one may be a mean of fewer
      for (std::size_t i = 0; i < 3; ++i) {
        const double g = (0.1 + static_cast<double>(i)) * t_s;
        if (high) BOOST_REQUIRE_SMALL(static_cast<double>(m.values[i]) - g, 1e-5);
        if (!high) BOOST_REQUIRE_SMALL(static_cast<double>(m.values[i]) - (1 + static_cast<double>(i)) * t_s, 1e-4);
        if (!high) BOOST_REQUIRE_SMALL(static_cast<double>(m.values[3 + i]) - g, 1e-5);
      }
      steps[high] += static_cast<double>(m.t_us - last[high]);
      ++n[high];
    }
    last[high] = m.t_us;
  }
  BOOST_TEST(std::abs(steps[0] / n[0] - 10'010.01) < 0.01);
  BOOST_TEST(std::abs(steps[1] / n[1] - 3033.98) < 0.01);
}

BOOST_AUTO_TEST_CASE(the_sync_box_sends_each_edge_1_04_ms_later) {
  SyncLine line;
  line.first_s = 1.2;
  line.period_s = 0.5;
  line.width_s = 0.1;
  for (const double lf : {0.0, 1.0}) {
    Quiet q({{"sync_lf", lf}, {"sync_input", 1}}, line);
    q.set("serial_mode", "2");
    q.stream();
    const auto heard = q.hear(3 * kSecond);
    std::size_t n = 0;
    std::uint64_t edge_us = 0;
    for (const auto& [m, text] : heard.data) {
      if (m.letter == 'Y') edge_us = m.t_us;
      if (m.letter == 'Y') BOOST_TEST(m.values[0] == (n % 2 == 0 ? 1 : 0));
      if (m.letter != 'S') continue;
      char expected[16];
      std::snprintf(expected, sizeof expected, "%d,%09zu%s", n % 2 == 0, n, lf > 0 ? "\n" : "");
      BOOST_TEST(text == expected);
      const std::uint64_t true_us = 1'200'000 + 500'000 * (n / 2) + 100'000 * (n % 2);
      BOOST_TEST(std::abs(static_cast<double>(edge_us) - static_cast<double>(true_us)) <= 1.0);
      BOOST_TEST(std::abs(static_cast<double>(m.t_us - true_us) - 1041.7) <= 1.0);  // 12 characters of 10 bits
      ++n;
    }
    BOOST_TEST(n >= 7U);
    BOOST_TEST(q.device.truth().edges == n);
  }
}

BOOST_AUTO_TEST_CASE(a_pulse_shorter_than_a_line_is_missed_without_a_hole_in_the_counter) {
  SyncLine line;
  line.first_s = 1.2;
  line.period_s = 0.5;
  line.width_s = 0.0006;
  Quiet q({}, line);
  q.set("serial_mode", "2");
  q.stream();
  std::size_t n = 0;
  const auto heard = q.hear(3 * kSecond);
  for (const auto& [m, text] : heard.data) {
    if (m.letter != 'S') continue;
    char expected[16];
    std::snprintf(expected, sizeof expected, "%d,%09zu", n % 2 == 0, n);
    BOOST_TEST(text == expected);  // the falling edge is reported late, as soon as the box looks again
    ++n;
  }
  BOOST_TEST(n >= 6U);
}

BOOST_AUTO_TEST_CASE(a_restarted_device_has_its_saved_settings_and_greets) {
  SyncLine line;
  line.first_s = 0.5;
  line.period_s = 1000;
  line.width_s = 900;  // high when it comes up again
  Quiet q({}, line);
  q.set("serial_mode", "2");
  BOOST_TEST(!q.answer("{\"save\":null}\n").empty());
  q.set("inertial_message_rate_divisor", "1");  // not saved
  q.listen(2 * kSecond);
  q.device.power_cycle(q.now);
  q.dtr(true);
  const auto heard = q.hear(kSecond);
  BOOST_TEST(heard.of('I') == 0U);  // silence was saved, too
  q.set("usb_data_messages_enabled", "true");
  BOOST_TEST(!q.answer("{\"save\":null}\n").empty());
  q.device.power_cycle(q.now);
  q.dtr(true);
  const auto again = q.hear(kSecond);
  BOOST_TEST(again.of('I') >= 48U);
  BOOST_TEST(again.of('I') <= 50U);
  std::vector<std::string> lines;
  for (const auto& [m, text] : again.data)
    if (m.letter == 'S') lines.push_back(text);
  const std::vector<std::string> expected{"x-IMU3-SA-Sync v1.0.4", "1,000000000"};
  BOOST_TEST(lines == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
