// Bytes of the device against the worked examples of its protocol, and its time.
#include "drivers/emulation/microstrain_mip_device.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/drivers/mip_test_link.hpp"

BOOST_AUTO_TEST_SUITE(microstrain_mip_device)

using namespace grfd;
using grfd::test::hex;
using grfd::test::kMs;
using grfd::test::kSecond;
using grfd::test::spaced;
using grfd::test::to_hex;

namespace {

struct Bench {
  explicit Bench(EmulationSettings s = {}, InertialSource* source = nullptr) : device(s, source) {}
  /// What comes back until nothing more is due, for at most 10 ms.
  std::string ask(std::string_view command) {
    device.out(now, 0x01, hex(command));
    return collect(now + 10 * kMs);
  }
  std::string collect(TimeNs end) {
    std::vector<std::byte> all, buffer(4096);
    for (TimeNs t; (t = device.ready(now, 0x81, buffer.size())) <= end;) {
      now = std::max(now, t);
      if (const int n = device.in(now, 0x81, buffer); n > 0) all.insert(all.end(), buffer.begin(), buffer.begin() + n);
    }
    now = end;
    return to_hex(all);
  }
  MicrostrainMipDevice device;
  TimeNs now = 0;
};

struct Pair {
  const char *command, *reply;
};

struct Constant : InertialSource {
  Vec3 rate{0.5, -0.25, 0}, force{0, 0, 9.80665};
  void read(double, Vec3& gyro, Vec3& f) override { gyro = rate, f = force; }
};

EmulationSettings quiet() {
  EmulationSettings s;
  s.noise = 0;
  return s;
}

constexpr const char* kFormat1kHz = "75 65 0C 11 11 0F 01 80 04 D5 00 01 D2 00 01 04 00 01 05 00 01 50 82";
constexpr const char* kResume = "75 65 01 02 02 06 E5 CB";

}  // namespace

BOOST_AUTO_TEST_CASE(descriptors) {
  Bench b;
  const auto d = b.device.device_descriptor();
  BOOST_TEST(to_hex(std::as_bytes(std::span(d))) == spaced("12 01 00 02 02 00 00 40 9B 19 65 30 00 01 01 02 03 01"));
  const auto& c = b.device.info().configuration;
  BOOST_TEST(to_hex(std::as_bytes(std::span(c))) ==
             spaced("09 02 43 00 02 01 00 80 FA 09 04 00 00 01 02 02 01 00 05 24 00 10 01 05 24 01 00 01 04 24 02 02 "
                    "05 24 06 00 01 "
                    "07 05 82 03 08 00 10 09 04 01 00 02 0A 00 00 00 07 05 01 02 40 00 00 07 05 81 02 40 00 00"));
  BOOST_TEST(b.device.info().serial_string == "0000__6286.123456");
  BOOST_TEST(b.device.info().manufacturer == "Lord Microstrain");
}

BOOST_AUTO_TEST_CASE(every_worked_command_byte_for_byte) {
  Bench b;
  // In this order: read-backs follow their writes.
  const Pair pairs[] = {
      {"75 65 01 02 02 01 E0 C6", "75 65 01 04 04 F1 01 00 D5 6A"},
      {"75 65 01 02 02 02 E1 C7", "75 65 01 04 04 F1 02 00 D6 6C"},
      {"75 65 01 04 02 01 02 02 E6 96", "75 65 01 08 04 F1 01 00 04 F1 02 00 D0 C9"},
      {"75 65 01 02 02 03 E2 C8",
       "75 65 01 58 04 F1 03 00 54 81 04 53 20 20 20 20 33 44 4D 2D 43 56 37 2D 41 48 52 53 20 20 20 20 20 20 20 36 32 "
       "38 36 2D 39 39 "
       "30 30 20 20 20 20 20 36 32 38 36 2E 31 32 33 34 35 36 20 20 20 20 20 20 20 20 20 20 20 49 30 34 32 59 20 20 20 "
       "20 20 38 67 2C "
       "20 31 30 30 30 64 70 73 AC 03"},
      {"75 65 01 02 02 04 E3 C9",
       "75 65 01 3C 04 F1 04 00 38 82 01 01 01 02 01 03 01 04 01 05 01 06 0C 0E 0C 0F 0C 11 0C 28 0C 2A 0C 2B 0C 2E 0C "
       "2F 0C 30 0C 41 "
       "0C 52 0C 53 0C 54 80 04 80 05 80 D0 80 D2 80 D5 A0 02 A0 D0 A0 D5 7A 1E"},
      {"75 65 01 02 02 05 E4 CA", "75 65 01 0A 04 F1 05 00 06 83 00 00 00 00 68 7D"},
      {"75 65 01 02 02 06 E5 CB", "75 65 01 04 04 F1 06 00 DA 74"},
      {"75 65 01 02 02 02 E1 C7", "75 65 01 04 04 F1 02 00 D6 6C"},
      {"75 65 0C 03 03 0E 80 7A 7E", "75 65 0C 09 04 F1 0E 00 05 8E 80 03 E8 F0 58"},
      {"75 65 0C 05 05 11 01 80 00 82 17", "75 65 0C 04 04 F1 11 00 F0 CC"},
      {"75 65 0C 05 05 11 01 80 01 83 18", "75 65 0C 04 04 F1 11 00 F0 CC"},
      {"75 65 0C 04 04 11 02 80 81 8E", "75 65 0C 08 04 F1 11 00 04 85 80 01 FE 50"},
      {"75 65 0C 04 04 52 02 01 43 D2", "75 65 0C 08 04 F1 52 00 04 D2 01 02 0E C0"},
      {"75 65 0C 0B 0B 54 01 80 04 01 01 43 61 00 00 7B A1", "75 65 0C 04 04 F1 54 00 33 52"},
      {"75 65 0C 05 05 54 02 80 04 CA 2A", "75 65 0C 0E 04 F1 54 00 0A D4 80 04 01 01 43 61 00 00 45 14"},
      {"75 65 0C 0B 0B 54 01 00 00 00 00 00 00 00 00 51 4B", "75 65 0C 04 04 F1 54 00 33 52"},
      {"75 65 0C 03 03 32 02 20 48",
       "75 65 0C 16 04 F1 32 00 12 B2 3F 80 00 00 00 00 00 00 00 00 00 00 00 00 00 00 A6 64"},
      {"75 65 0C 03 03 53 01 40 89", "75 65 0C 12 04 F1 53 00 0E D3 01 02 01 40 80 00 00 02 41 00 00 00 28 0B"},
      {"75 65 0C 05 05 52 01 01 02 46 1F", "75 65 0C 04 04 F1 52 00 31 4E"},
      {kFormat1kHz, "75 65 0C 04 04 F1 0F 00 EE C8"},
      {"75 65 0C 04 04 0F 02 80 7F 88",
       "75 65 0C 14 04 F1 0F 00 10 8F 80 04 D5 00 01 D2 00 01 04 00 01 05 00 01 D5 28"},
      {"75 65 0C 03 03 2A 01 17 37", "75 65 0C 0F 04 F1 2A 00 0B B4 01 0C 03 01 04 02 08 03 08 FD 58"},
      {"75 65 0C 03 03 2A 02 18 38",
       "75 65 0C 0D 04 F1 2A 00 09 B4 02 0C 02 01 04 02 0C F2 3E"},  // 12 slots; GPIO 4, message 12
      {"75 65 0C 07 07 41 01 01 04 01 02 3E 6D", "75 65 0C 04 04 F1 41 00 20 2C"},
      {"75 65 0C 04 04 41 02 01 32 9F", "75 65 0C 0A 04 F1 41 00 06 C1 01 04 01 02 F5 2B"},
      {"75 65 0C 07 07 2E 01 01 01 01 04 2A F4", "75 65 0C 04 04 F1 2E 00 0D 06"},
      {"75 65 0C 0C 0C 2F 01 01 01 02 A0 00 00 02 D0 D5 79 78", "75 65 0C 04 04 F1 2F 00 0E 08"},
      {"75 65 0C 05 05 2B 01 01 01 1E 82", "75 65 0C 04 04 F1 2B 00 0A 00"},
      {"75 65 0C 04 04 2B 02 01 1C 5D", "75 65 0C 08 04 F1 2B 00 04 B5 01 01 C9 7E"},
      {"75 65 0C 05 05 11 01 A0 01 A3 58", "75 65 0C 04 04 F1 11 00 F0 CC"},
      {"75 65 0C 07 07 41 01 01 02 01 02 3C 67", "75 65 0C 04 04 F1 41 00 20 2C"},
      {"75 65 0C 04 04 28 01 03 1A 54", "75 65 0C 04 04 F1 28 00 07 FA"},
      {"75 65 0C 03 03 30 05 21 47", "75 65 0C 04 04 F1 30 00 0F 0A"},
  };
  for (const Pair& p : pairs) BOOST_TEST(b.ask(p.command) == spaced(p.reply), p.command);
}

BOOST_AUTO_TEST_CASE(refusals) {
  Bench b;
  const auto nack = [&](std::uint8_t set, std::uint8_t descriptor, std::vector<std::uint8_t> data, std::uint8_t code) {
    mip::Writer command(set), reply(set);
    command.field(descriptor);
    for (const auto v : data) command.u8(v);
    reply.field(0xF1).u8(descriptor).u8(code);
    BOOST_TEST(b.ask(to_hex(command.finish())) == to_hex(reply.finish()), int{set} << "," << int{descriptor});
  };
  nack(0x0C, 0x7D, {1}, 1);
  BOOST_TEST(b.ask("75 65 0C 02 02 06 F0 F7") == spaced("75 65 0C 04 04 F1 06 01 E6 B7"));
  nack(0x01, 0x07, {}, 1);
  nack(0x0D, 0x01, {}, 1);
  nack(0x0C, 0x0F, {1, 0x80, 1, 0x06, 0, 1}, 3);  // no magnetometer
  nack(0x0C, 0x0F, {1, 0x80, 1, 0x04, 0, 0}, 3);  // decimation 0
  nack(0x0C, 0x0F, {1, 0x80, 2, 0x04, 0, 1}, 3);  // count and length differ
  nack(0x0C, 0x52, {1, 1, 3}, 3);
  nack(0x0C, 0x53, {3}, 3);
  nack(0x0C, 0x41, {1, 5, 1, 0, 0}, 3);  // no such pin
  nack(0x0C, 0x11, {}, 3);
  nack(0x0C, 0x2A, {}, 3);
  nack(0x0C, 0x2A, {3}, 3);                            // neither triggers nor actions
  BOOST_TEST(b.ask("75 65 01 02 02 01 E0 C7") == "");  // bad checksum: silence
}

BOOST_AUTO_TEST_CASE(the_example_sample_at_five_seconds) {
  Constant source;
  auto s = quiet();
  s.faults["group"] = 1;
  Bench b(s, &source);
  b.now = 4'990 * kMs;
  b.ask(kFormat1kHz);
  BOOST_TEST(b.now == 5'000 * kMs);
  // The configuration takes effect 2 ms after the command: samples from 4.993 s; the last is the one of 5.000 s.
  Bench c(s, &source);
  c.now = 4'990 * kMs;
  c.device.out(c.now, 1, hex(kFormat1kHz));
  c.collect(4'999 * kMs);
  BOOST_TEST(
      c.collect(5'000 * kMs) ==
      spaced("75 65 80 2C 0A D5 00 00 00 01 2A 05 F2 00 06 D2 00 00 00 01 0E 04 00 00 00 00 00 00 00 00 3F 80 00 00"
             "0E 05 3F 00 00 00 BE 80 00 00 00 00 00 00 C1 20"));
}

BOOST_AUTO_TEST_CASE(an_edge_becomes_an_event_packet_with_its_own_time) {
  Bench b(quiet());
  for (const char* c : {"75 65 0C 07 07 41 01 01 04 01 02 3E 6D", "75 65 0C 07 07 2E 01 01 01 01 04 2A F4",
                        "75 65 0C 0C 0C 2F 01 01 01 02 A0 00 00 02 D0 D5 79 78", "75 65 0C 05 05 2B 01 01 01 1E 82"})
    b.ask(c);
  b.now = 5'000'123'456;
  b.device.edge(b.now, 1, false);
  BOOST_TEST(b.collect(b.now) == "");
  b.device.edge(b.now, 1, true);
  BOOST_TEST(b.collect(b.now) == spaced("75 65 A0 0D 03 D0 01 0A D5 00 00 00 01 2A 07 D4 40 80 A8"));
  const std::string test = b.ask("75 65 0C 05 05 2B 01 01 03 20 84");
  BOOST_TEST(test.starts_with(spaced("75 65 0C 04 04 F1 2B 00 0A 00 75 65 A0 0D 03 D0 01 0A D5")));
}

BOOST_AUTO_TEST_CASE(a_unit_without_events_for_pins_says_so) {
  auto s = quiet();
  s.faults = {{"gpio_triggers", 0}, {"message_actions", 0}};
  Bench b(s);
  BOOST_TEST(b.ask("75 65 0C 03 03 2A 01 17 37") == spaced("75 65 0C 0D 04 F1 2A 00 09 B4 01 0C 02 02 08 03 08 F3 45"));
  BOOST_TEST(b.ask("75 65 0C 03 03 2A 02 18 38") == spaced("75 65 0C 0B 04 F1 2A 00 07 B4 02 0C 01 01 04 DF 3D"));
  BOOST_TEST(b.ask("75 65 0C 07 07 2E 01 01 01 01 04 2A F4") == spaced("75 65 0C 04 04 F1 2E 03 10 09"));
  BOOST_TEST(b.ask("75 65 0C 0C 0C 2F 01 01 01 02 A0 00 00 02 D0 D5 79 78") == spaced("75 65 0C 04 04 F1 2F 03 11 0B"));
  s.faults = {{"event_query", 0}};
  Bench old(s);
  BOOST_TEST(old.ask("75 65 0C 03 03 2A 01 17 37") == spaced("75 65 0C 04 04 F1 2A 01 0A FF"));
  BOOST_TEST(old.ask("75 65 01 02 02 04 E3 C9").find("0C 2A") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(generation_5_examples) {
  Constant source;
  source.rate = {};
  auto s = quiet();
  s.faults = {{"gen5", 1}, {"group", 1}};
  Bench b(s, &source);
  b.ask("75 65 01 02 02 02 E1 C7");
  BOOST_TEST(b.ask("75 65 0C 03 03 0E 80 7A 7E") == spaced("75 65 0C 04 04 F1 0E 01 EE C7"));
  BOOST_TEST(b.ask("75 65 0C 02 02 06 F0 F7") == spaced("75 65 0C 08 04 F1 06 00 04 83 03 E8 5B F5"));
  const std::string format = b.ask("75 65 0C 0D 0D 08 01 03 04 00 01 05 00 01 12 00 01 2A 35");
  BOOST_TEST(format == spaced("75 65 0C 04 04 F1 08 00 E7 BA"));
  mip::Writer read(0x0C), back(0x0C);
  read.field(0x08).u8(2);
  back.field(0xF1).u8(0x08).u8(0).field(0x80).u8(3).u8(4).u16(1).u8(5).u16(1).u8(0x12).u16(1);
  BOOST_TEST(b.ask(to_hex(read.finish())) == to_hex(back.finish()));
  BOOST_TEST(b.ask("75 65 0C 05 05 11 01 01 01 04 1A") == spaced("75 65 0C 04 04 F1 11 00 F0 CC"));
  b.ask(kResume);
  b.collect(12'344 * kMs);
  BOOST_TEST(b.collect(12'345 * kMs) ==
             spaced("75 65 80 2A 0E 04 00 00 00 00 00 00 00 00 3F 80 00 00 0E 05 00 00 00 00 00 00 00 00 00 00 00 00 "
                    "0E 12 40 28 B0 A3 D7 0A 3D 71 00 00 00 00 D2 D6"));
}

BOOST_AUTO_TEST_CASE(class_requests) {
  Bench b;
  auto coding = hex("00 C2 01 00 00 00 08");
  BOOST_TEST(b.device.control(0, 0x21, 0x20, 0, 0, coding) == 7);
  std::vector<std::byte> back(7);
  BOOST_TEST(b.device.control(0, 0xA1, 0x21, 0, 0, back) == 7);
  BOOST_TEST(to_hex(back) == to_hex(coding));
  BOOST_TEST(b.device.control(0, 0x21, 0x22, 3, 0, {}) == 0);
  BOOST_TEST(b.device.control(0, 0x21, 0x23, 3, 0, {}) == -1);
  BOOST_TEST(b.device.control(0, 0x21, 0x22, 3, 1, {}) == -1);
}

BOOST_AUTO_TEST_CASE(ready_is_exact_and_messages_hold_four_samples) {
  for (const double ppm : {0.0, 300.0, -40.0}) {
    auto s = quiet();
    s.drift_ppm = ppm;
    Bench b(s);
    b.ask(kFormat1kHz);
    b.collect(100 * kMs);
    std::vector<std::byte> buffer(4096);
    for (int i = 0; i < 200; ++i) {
      const TimeNs t = b.device.ready(b.now, 0x81, 4096);
      BOOST_REQUIRE(t > b.now);
      BOOST_TEST(b.device.in(t - 1, 0x81, buffer) == -1);
      BOOST_TEST(b.device.in(t, 0x81, buffer) == 200);
      const auto device_ns = mip::read_be<std::uint64_t>(buffer, 150 + 6);
      // The device is fast when ppm > 0: at lab time t it shows t (1 + ppm 1e-6).
      BOOST_TEST(std::fabs(static_cast<double>(t) * (1 + ppm * 1e-6) - static_cast<double>(device_ns)) <= 1);
      BOOST_TEST(device_ns % 1'000'000 == 0);
      b.now = t;
    }
  }
}

BOOST_AUTO_TEST_CASE(idle_resume_save_and_power) {
  Bench b(quiet());
  b.ask(kFormat1kHz);
  BOOST_TEST(b.device.ready(b.now, 0x81, 4096) <= b.now + 4 * kMs);
  const std::string to_idle = b.ask("75 65 01 02 02 02 E1 C7");
  BOOST_TEST(
      to_idle.ends_with(spaced("75 65 01 04 04 F1 02 00 D6 6C")));  // data may precede the answer, none follow it
  BOOST_TEST(b.device.ready(b.now, 0x81, 4096) == EmulatedDevice::kNever);
  b.ask(kResume);
  BOOST_TEST(b.device.ready(b.now, 0x81, 4096) <= b.now + 4 * kMs);
  b.now += kSecond;
  b.device.power_cycle(b.now);  // the format was not saved
  BOOST_TEST(b.device.ready(b.now, 0x81, 4096) == EmulatedDevice::kNever);
  b.ask(kFormat1kHz);
  mip::Writer save(0x0C);
  save.field(0x0F).u8(3).u8(0x80);
  b.ask(to_hex(save.finish()));
  b.ask("75 65 01 02 02 02 E1 C7");
  b.now += kSecond;
  b.device.power_cycle(b.now);
  std::vector<std::byte> buffer(4096);
  const TimeNs t = b.device.ready(b.now, 0x81, 4096);
  BOOST_TEST(t <= b.now + 4 * kMs);
  BOOST_TEST(b.device.in(t, 0x81, buffer) == 200);
  BOOST_TEST(mip::read_be<std::uint64_t>(buffer, 6) == 0U);  // the clock began again
  b.now = t;
  BOOST_TEST(b.ask("75 65 01 02 02 7E 5D 43").find(spaced("04 F1 7E 00")) != std::string::npos);
  b.now += 5 * kMs;
  b.device.advance(b.now);
  BOOST_TEST(b.device.in(b.device.ready(b.now, 0x81, 4096), 0x81, buffer) == 200);
  BOOST_TEST(mip::read_be<std::uint64_t>(buffer, 6) <= 4 * 1'000'000U);  // soft reset, too
  b.device.unplug(b.now + 10 * kMs);
  BOOST_TEST(b.device.ready(b.now + 11 * kMs, 0x81, 4096) == EmulatedDevice::kNever);
  BOOST_TEST(b.device.control(b.now + 11 * kMs, 0x21, 0x22, 3, 0, {}) == -1);
}

BOOST_AUTO_TEST_CASE(nothing_before_dtr_when_it_needs_it) {
  auto s = quiet();
  s.faults["needs_dtr"] = 1;
  Bench b(s);
  BOOST_TEST(b.ask("75 65 01 02 02 01 E0 C6") == "");
  b.device.control(b.now, 0x21, 0x22, 3, 0, {});
  BOOST_TEST(b.ask("75 65 01 02 02 01 E0 C6") == spaced("75 65 01 04 04 F1 01 00 D5 6A"));
}

BOOST_AUTO_TEST_CASE(noise_has_the_stated_size_and_values_are_clipped) {
  Constant source;
  source.rate = {0, 0, 30};  // beyond 1000 deg/s = 17.45 rad/s
  source.force = {0, 100 * 9.80665, 9.80665};
  EmulationSettings s;
  s.gyro_bias_deg_s = {1, 0, 0};
  s.accel_bias_m_s2 = {0.5, 0, 0};
  Bench b(s, &source);
  b.ask(kFormat1kHz);
  std::vector<std::byte> buffer(50 * 4);
  double n = 0, sum[2]{}, square[2]{};
  for (int i = 0; i < 5000; ++i) {
    b.now = std::max(b.now, b.device.ready(b.now, 0x81, buffer.size()));
    if (b.device.in(b.now, 0x81, buffer) != 200) continue;
    for (std::size_t p = 0; p < 200; p += 50, ++n) {
      const double x[2] = {mip::read_be<float>(buffer, p + 22), mip::read_be<float>(buffer, p + 36)};
      for (int k = 0; k < 2; ++k) sum[k] += x[k], square[k] += x[k] * x[k];
      BOOST_REQUIRE(mip::read_be<float>(buffer, p + 26) == 8.0F);
      BOOST_REQUIRE(mip::read_be<float>(buffer, p + 44) == static_cast<float>(1000 * M_PI / 180));
    }
  }
  BOOST_TEST(n > 19000);
  const double sd_g = 150e-6 * std::sqrt(500), sd_rad = 0.01 * std::sqrt(500) * M_PI / 180;
  const double mean[2] = {sum[0] / n, sum[1] / n};
  // Four standard errors of mean and of standard deviation.
  BOOST_TEST(std::fabs(mean[0] - 0.5 / 9.80665) < 4 * sd_g / std::sqrt(n));
  BOOST_TEST(std::fabs(mean[1] - M_PI / 180) < 4 * sd_rad / std::sqrt(n));
  BOOST_TEST(std::fabs(std::sqrt(square[0] / n - mean[0] * mean[0]) / sd_g - 1) < 4 / std::sqrt(2 * n));
  BOOST_TEST(std::fabs(std::sqrt(square[1] / n - mean[1] * mean[1]) / sd_rad - 1) < 4 / std::sqrt(2 * n));
}

BOOST_AUTO_TEST_CASE(the_buffer_is_finite) {
  auto s = quiet();
  s.faults["fifo_bytes"] = 1000;
  Bench b(s);
  b.ask(kFormat1kHz);
  const auto before = b.device.truth().packets;
  b.device.advance(b.now + 100 * kMs);
  BOOST_TEST(b.device.truth().packets == before + 100);
  BOOST_TEST(b.device.truth().overflow >= 78U);
  std::vector<std::byte> buffer(4096);
  BOOST_TEST(b.device.in(b.now + 100 * kMs, 0x81, buffer) <= 1000);
}

BOOST_AUTO_TEST_SUITE_END()
