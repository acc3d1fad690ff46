// The emulated U6 alone: worked examples byte for byte, its crystal, noise and FIFO.
#include <chrono>

#include "tests/drivers/labjack_u6_rig.hpp"

BOOST_AUTO_TEST_SUITE(labjack_u6_device)

using namespace grfd;
using namespace grfd::u6_test;
using u6::Bytes;

namespace {
struct Bench {
  explicit Bench(
      DeviceSettings s = thirteen_channels(),
      std::function<double(int, double)> volts = [](int, double) { return 0.0; })
      : settings(std::move(s)), source(std::move(volts)), device(settings, source) {
    device.use_nominal_calibration();
  }
  std::string ask(const std::string& command) { return ask(unhex(command)); }
  std::string ask(const Bytes& command) {
    device.advance(now);
    device.out(now, 0x01, as_bytes(command));
    return hex(fetch(0x82, 64));
  }
  Bytes fetch(std::uint8_t endpoint, std::size_t size) {
    Bytes b(size);
    const int n = device.in(now, endpoint, std::as_writable_bytes(std::span(b)));
    b.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return b;
  }
  Bytes next_packet(std::size_t size = 64) {
    now = std::max(now, device.ready(now, 0x83, size));
    device.advance(now);
    return fetch(0x83, size);
  }
  Bytes stream_config(std::vector<std::uint8_t> channels, std::uint8_t spp, std::uint16_t interval,
                      std::uint8_t scan_config = 0) {
    Bytes d{std::uint8_t(channels.size()), 1, spp, 0, 0, scan_config, std::uint8_t(interval),
            std::uint8_t(interval >> 8)};
    for (std::uint8_t c : channels) d.insert(d.end(), {c, 0});
    return u6::extended_frame(u6::kStreamConfig, d);
  }
  DeviceSettings settings;
  FunctionSource source;
  LabjackU6Device device;
  TimeNs now = 0;
};
const std::string kOk = "0B F8 01 11 00 00 00 00";
std::string stream_error(int code) { return hex(u6::extended_frame(0x11, Bytes{std::uint8_t(code), 0})); }
const std::string kThirteen =
    "F5 F8 11 11 D9 01 0D 01 19 00 00 00 A0 0F 00 00 01 00 02 00 03 00 04 00 05 00 06 00 07 00 08 00 09 00 0A 00 0B 00 "
    "C1 00";
}  // namespace

BOOST_AUTO_TEST_CASE(descriptors_name_the_three_pipes) {
  Bench b;
  BOOST_TEST(hex(b.device.device_descriptor()) == "12 01 00 02 00 00 00 40 D5 0C 06 00 45 01 01 02 00 01");
  BOOST_TEST(hex(b.device.info().configuration) ==
             "09 02 27 00 01 01 00 80 FA 09 04 00 00 03 FF FF FF 00 07 05 01 02 40 00 00 07 05 82 02 40 00 00 07 05 83 "
             "02 40 00 00");
  Bytes data(255);
  const auto bytes = std::as_writable_bytes(std::span(data));
  BOOST_TEST(b.device.control(0, 0x80, 6, 0x0100, 0, bytes) == 18);
  BOOST_TEST(hex(std::span(data).first(18)) == hex(b.device.device_descriptor()));
  BOOST_TEST(b.device.control(0, 0x80, 6, 0x0200, 0, bytes.first(9)) == 9);
  BOOST_TEST(b.device.control(0, 0x80, 6, 0x0302, 0x409, bytes) == 6);
  BOOST_TEST(hex(std::span(data).first(6)) == "06 03 55 00 36 00");
  BOOST_TEST(b.device.control(0, 0xc0, 1, 0, 0, bytes) == -1);
}

BOOST_AUTO_TEST_CASE(commands_are_answered_byte_for_byte) {
  Bench b;
  BOOST_TEST(b.ask("0B F8 0A 08 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00") ==
             "7F F8 10 08 6D 01 00 00 00 2D 01 0F 06 00 02 39 5A 75 15 06 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 "
             "00 00 04");
  BOOST_TEST(b.ask("27 F8 01 2D 00 00 00 00") ==
             "D3 F8 11 2D 8E 0E 00 00 57 B2 14 00 00 00 00 00 A6 37 BD 69 F5 FF FF FF D6 11 02 00 00 00 00 00 5D 52 F9 "
             "F0 FE FF FF FF");
  BOOST_TEST(b.ask("29 F8 01 2D 02 00 00 02") ==
             "1D F8 11 2D D5 10 00 00 A8 4D EB FF FF FF FF FF 00 00 00 00 F3 82 00 00 2A EE FD FF FF FF FF FF 00 00 00 "
             "00 F3 82 00 00");
  BOOST_TEST(b.ask("0A F8 05 0B 01 00 01 00 00 00 00 00 00 00 00 00") ==
             "09 F8 05 0B 00 00 00 00 00 00 00 00 00 00 00 00");
  BOOST_TEST(b.ask("12 F8 05 0B 09 00 01 01 00 07 00 00 00 00 00 00") ==
             "11 F8 05 0B 08 00 00 00 01 00 07 00 00 00 00 00");
  BOOST_TEST(b.ask("1A F8 04 00 1A 03 00 1D FF FF FF 00 00 00") == "FA F8 02 00 00 00 00 00 00 00");
  b.device.set_digital(0x0005, 0);
  BOOST_TEST(b.ask("14 F8 01 00 1A 00 00 1A") == "01 F8 03 00 05 00 00 00 00 05 00 00");
  BOOST_TEST(b.ask("31 F8 03 00 35 00 00 2B 0A 00 00 00") == "FA F8 02 00 00 00 00 00 00 00");
  BOOST_TEST(b.ask(kThirteen) == kOk);
  BOOST_TEST(b.ask("71 F8 06 11 60 01 02 01 19 00 00 08 80 BB 00 00 01 00") == kOk);
  BOOST_TEST(b.ask("87 F8 07 11 74 02 03 01 19 00 00 00 A0 0F 00 00 C8 00 E0 00") == kOk);
  BOOST_TEST(b.ask("A8 A8") == "A9 A9 00 00");
  BOOST_TEST(b.ask("A8 A8") == "D9 A9 30 00");
  BOOST_TEST(b.ask("B0 B0") == "B1 B1 00 00");
  BOOST_TEST(b.ask("B0 B0") == "E5 B1 34 00");
}

BOOST_AUTO_TEST_CASE(wrong_commands_get_the_documented_errors) {
  Bench b;
  BOOST_TEST(b.ask("A8 A8") == hex(u6::normal_frame(Bytes{0xa9, 50, 0})));
  BOOST_TEST(b.ask("0C F8 0A 08 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00") == "B8 B8");
  BOOST_TEST(b.ask("27 F8 01 2D 01 00 00 00") == "B8 B8");
  BOOST_TEST(b.ask("A7 A8") == "B8 B8");
  BOOST_TEST(b.ask("01") == "B8 B8");
  BOOST_TEST(b.ask(u6::extended_frame(0x7e, Bytes{0, 0})) == hex(u6::extended_frame(0x7e, Bytes{5, 0})));
  BOOST_TEST(stream_error(50) == "3D F8 01 11 32 00 32 00");
  BOOST_TEST(b.ask(b.stream_config({}, 25, 4000)) == stream_error(50));
  BOOST_TEST(b.ask(b.stream_config(std::vector<std::uint8_t>(26), 25, 4000)) == stream_error(50));
  BOOST_TEST(b.ask(b.stream_config({0}, 0, 4000)) == stream_error(50));
  BOOST_TEST(b.ask(b.stream_config({0}, 26, 4000)) == stream_error(50));
  BOOST_TEST(b.ask(b.stream_config({0}, 25, 0)) == stream_error(58));
  BOOST_TEST(b.ask(b.stream_config({193}, 25, 4000)) == stream_error(49));
  BOOST_TEST(b.ask(b.stream_config({0, 100}, 25, 4000)) == stream_error(49));
  BOOST_TEST(b.ask(b.stream_config({0, 193}, 25, 4000)) == kOk);
  BOOST_TEST(b.ask("A8 A8") == "A9 A9 00 00");
  BOOST_TEST(b.ask(b.stream_config({0}, 25, 4000)) == stream_error(48));
  BOOST_TEST(unhex(b.ask("27 F8 01 2D 00 00 00 00"))[6] == 48);
  Bytes write_id(20);
  write_id[0] = 8;
  BOOST_TEST(unhex(b.ask(u6::extended_frame(0x08, write_id)))[6] == 48);
  BOOST_TEST(unhex(b.ask("12 F8 05 0B 09 00 01 01 00 07 00 00 00 00 00 00"))[6] == 68);
  const Bytes io = unhex(b.ask(u6::extended_frame(0x00, Bytes{9, 26, 7, 0})));
  BOOST_TEST(io[6] == 101);
  BOOST_TEST(io[7] == 2);
  BOOST_TEST(io[8] == 9);
  BOOST_TEST(b.ask("9C 99 03 00") == "99 99 00 00");
  BOOST_TEST(b.ask("B0 B0") == "E5 B1 34 00");
}

BOOST_AUTO_TEST_CASE(the_worked_packet_comes_out_byte_for_byte) {
  Bench b(thirteen_channels(), [](int input, double) { return 10 * input * 3.1580578e-4; });
  b.ask(kThirteen);
  b.device.set_digital(0x0001);
  b.ask("A8 A8");
  b.device.advance(2 * kMs);  // the first scan is taken here
  b.device.set_digital(0);
  BOOST_TEST(hex(b.next_packet()) ==
             "21 F9 1D C0 35 14 00 00 00 00 00 00 F3 82 FD 82 07 83 11 83 1B 83 25 83 2F 83 39 83 43 83 4D 83 57 83 61 "
             "83 01 00 "
             "F3 82 FD 82 07 83 11 83 1B 83 25 83 2F 83 39 83 43 83 4D 83 57 83 61 83 00 00");
  BOOST_TEST(b.now == 3 * kMs + 12 * 20'000);  // the 25th sample ends its conversion
}

// Two channels, 4 samples per packet: FIFO of 571 samples, so 570 when full. 0 V and +-1.000157 V in turn.
BOOST_AUTO_TEST_CASE(short_packets_and_auto_recovery_byte_for_byte) {
  Bench b(thirteen_channels(), [](int input, double t) {
    const double v = 3167 * 3.1580578e-4;
    return input == 0 ? 0.0 : std::llround(t * 1000 - 0.02) % 2 == 0 ? v : -v;
  });
  BOOST_TEST(b.ask(b.stream_config({0, 1}, 4, 4000)) == kOk);
  b.ask("A8 A8");
  for (int i = 0; i < 7; ++i) BOOST_TEST(b.next_packet().size() == 22u);
  b.now += 6 * kMs;  // 12 samples: 4 leave, 8 stay: backlog 8 * 256 / 571 = 3
  BOOST_TEST(hex(b.next_packet()) == "A6 F9 08 C0 DF 04 00 00 00 00 07 00 F3 82 52 8F F3 82 94 76 03 00");
  for (int i = 8; i < 124; ++i) b.next_packet();
  b.now += 1000 * kMs;
  Bytes p;
  for (int i = 0; i <= 140; ++i) p = b.next_packet();  // 570 - 141 * 4 = 6 stay
  BOOST_TEST(hex(p) == "E1 F9 08 C0 1A 05 00 00 00 00 08 3B F3 82 52 8F F3 82 94 76 02 00");
  p = b.next_packet();
  BOOST_TEST(p[11] == 59);  // leaves 2 samples, less than a packet
  p = b.next_packet();      // the scan that was left, then the one that stands for those left out
  BOOST_TEST(p[11] == 60);
  BOOST_TEST(hex(std::span(p).subspan(12, 8)) == "F3 82 52 8F FF FF FF FF");
  p = b.next_packet();
  BOOST_TEST(p[11] == 0);
  // The sheet's report packets, put together from their fields.
  BOOST_TEST(hex(u6::extended_frame(0xc0, unhex("2C 01 00 00 09 3C FF FF FF FF F3 82 F4 82 00 00"), 0xf9)) ==
             "23 F9 08 C0 59 07 2C 01 00 00 09 3C FF FF FF FF F3 82 F4 82 00 00");
  BOOST_TEST(
      hex(u6::extended_frame(0xc0, unhex("2C 01 00 00 09 3C F3 82 52 8F FF FF FF FF F3 82 F4 82 00 00"), 0xf9)) ==
      "7D F9 0A C0 AF 09 2C 01 00 00 09 3C F3 82 52 8F FF FF FF FF F3 82 F4 82 00 00");
}

BOOST_AUTO_TEST_CASE(a_system_timer_in_the_scan_counts_4_mhz_of_the_device) {
  DeviceSettings s = thirteen_channels();
  s.emulation.drift_ppm = 50;
  Bench b(s);
  b.ask("12 F8 05 0B 09 00 01 01 00 07 00 00 00 00 00 00");
  b.ask("31 F8 03 00 35 00 00 2B 0A 00 00 00");
  BOOST_TEST(b.ask("87 F8 07 11 74 02 03 01 19 00 00 00 A0 0F 00 00 C8 00 E0 00") == kOk);
  b.ask("A8 A8");
  std::vector<std::uint32_t> words;
  while (words.size() < 3000) {
    const Bytes p = b.next_packet();
    for (int i = 0; i < 25; ++i) words.push_back(u6::read16(&p[12 + 2 * std::size_t(i)]));
  }
  const auto tick = [&](std::size_t scan) { return words[3 * scan + 1] | words[3 * scan + 2] << 16; };
  for (std::size_t k = 1; k < 1000; ++k) BOOST_REQUIRE(std::abs(int(tick(k) - tick(k - 1)) - 4000) <= 1);
  BOOST_TEST(std::abs(int(tick(999) - tick(0) - 999u * 4000u)) <= 1);
}

BOOST_AUTO_TEST_CASE(a_positive_drift_is_a_fast_crystal) {
  std::vector<double> times;
  DeviceSettings s = thirteen_channels();
  s.emulation.drift_ppm = 100;
  s.emulation.skew_us = 30;
  Bench b(s, [&](int input, double t) { return input <= 1 ? times.push_back(t), 0.0 : 0.0; });
  b.ask(kThirteen);
  b.now = 7 * kMs + 1;
  b.ask("A8 A8");
  while (b.now < 10'000 * kMs) b.next_packet();
  BOOST_TEST(times[0] == 0.009, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(times[1] - times[0] == 30e-6 / 1.0001, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(times[2 * 9000] - times[0] == 9.0 / 1.0001, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(noise_is_white_with_the_sd_asked_for_and_zero_offsets_alternate) {
  DeviceSettings s = thirteen_channels();
  s.emulation.noise = 1;
  s.emulation.channel_noise = {1, 10};  // times 0.7 counts
  s.emulation.zero_offset_counts = 40;
  Bench b(s);
  b.ask(kThirteen);
  b.ask("A8 A8");
  std::vector<double> code[2];
  for (std::size_t n = 0; n < 13 * 20000;) {
    const Bytes p = b.next_packet();
    for (std::size_t i = 0; i < 25; ++i, ++n)
      if (n % 13 < 2) code[n % 13].push_back(u6::read16(&p[12 + 2 * i]));
  }
  for (int c = 0; c < 2; ++c) {
    double mean = 0, square = 0, lag = 0;
    for (double v : code[c]) mean += v / double(code[c].size());
    for (std::size_t i = 1; i < code[c].size(); ++i) {
      square += (code[c][i] - mean) * (code[c][i] - mean);
      lag += (code[c][i] - mean) * (code[c][i - 1] - mean);
    }
    // 0.7 or 7 counts and rounding; four standard errors of 20 000 values
    const double sd = std::sqrt((c == 0 ? 0.49 : 49) + 1.0 / 12);
    BOOST_TEST(mean == 33523 + (c == 0 ? 40 : -40), boost::test_tools::tolerance(4 * sd / std::sqrt(20000.0) / 33523));
    BOOST_TEST(std::sqrt(square / double(code[c].size())) == sd, boost::test_tools::tolerance(4 / std::sqrt(40000.0)));
    BOOST_TEST(std::abs(lag / square) < 4 / std::sqrt(20000.0));
  }
}

BOOST_AUTO_TEST_CASE(two_units_differ_and_one_unit_repeats_itself) {
  DeviceSettings s = thirteen_channels();
  s.emulation.noise = 1;
  FunctionSource zero([](int, double) { return 0.0; });
  LabjackU6Device a(s, zero), same(s, zero);
  s.emulation.seed = 2;
  LabjackU6Device other(s, zero);
  BOOST_TEST(a.calibration()[0][0] == same.calibration()[0][0]);
  BOOST_TEST(a.calibration()[0][0] != other.calibration()[0][0]);
  const auto nominal = u6::nominal_calibration();
  BOOST_TEST(std::abs(a.calibration()[0][0] / nominal[0][0] - 1) <= 2e-3);
  BOOST_TEST(std::abs(a.calibration()[2][1] - nominal[2][1]) <= 20);
}

BOOST_AUTO_TEST_CASE(ready_is_exact_for_every_size_of_transfer) {
  for (const bool faulty : {false, true}) {
    DeviceSettings s = thirteen_channels();
    if (faulty) s.emulation.faults["drop_packet"] = 0.2;
    Bench b(s);
    b.ask(kThirteen);
    BOOST_TEST(b.device.ready(0, 0x83, 128) == EmulatedDevice::kNever);
    BOOST_TEST(b.device.ready(0, 0x82, 64) == EmulatedDevice::kNever);
    b.ask("A8 A8");
    for (int i = 0; i < 400; ++i) {
      const std::size_t bytes = 64u * (1u + std::size_t(i) % (faulty ? 20u : 38u));  // what the FIFO can hold
      const TimeNs ready = b.device.ready(b.now, 0x83, bytes);
      if (ready > b.now) {
        b.device.advance(ready - 1);
        BOOST_REQUIRE(b.device.ready(ready - 1, 0x83, bytes) == ready);
        Bytes none(bytes);
        BOOST_REQUIRE(b.device.in(ready - 1, 0x83, std::as_writable_bytes(std::span(none))) == -1);
      }
      b.now = std::max(b.now, ready);
      b.device.advance(b.now);
      BOOST_REQUIRE(b.fetch(0x83, bytes).size() == bytes);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_transfer_larger_than_the_fifo_completes_without_loss) {
  Bench b;
  b.ask(kThirteen);
  b.ask("A8 A8");
  std::uint8_t counter = 0;
  for (int i = 0; i < 20; ++i) {
    Bytes p;
    for (int polls = 0; p.empty() && polls < 10; ++polls) p = b.next_packet(48 * 64);
    BOOST_REQUIRE(p.size() == 48u * 64u);
    for (std::size_t k = 0; k < 48; ++k) {
      BOOST_REQUIRE(p[64 * k + 10] == counter++);
      BOOST_REQUIRE(p[64 * k + 11] == 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(old_firmware_leaves_packets_in_the_pipe_and_unplugging_forgets_everything) {
  for (const bool old : {true, false}) {
    Bench b;
    if (old) b.device.set_firmware(0, 93);
    b.ask(kThirteen);
    b.ask("A8 A8");
    b.next_packet();
    b.now += 40 * kMs;
    b.ask("B0 B0");
    b.ask("A8 A8");
    BOOST_TEST(b.next_packet()[10] == (old ? 1 : 0));
    b.device.power_cycle(b.now);
    BOOST_TEST(b.ask("A8 A8") == hex(u6::normal_frame(Bytes{0xa9, 50, 0})));
    BOOST_TEST(b.device.ready(b.now, 0x83, 64) == EmulatedDevice::kNever);
  }
}

BOOST_AUTO_TEST_CASE(hostile_commands_never_break_it) {
  Bench b;
  std::uint64_t x = 1;
  const auto random = [&x] {
    return static_cast<std::uint8_t>((x = x * 6364136223846793005ull + 1442695040888963407ull) >> 56);
  };
  for (int i = 0; i < 20000; ++i) {
    Bytes data(random() % 40 / 2 * 2);
    for (auto& byte : data) byte = random() % 4 ? static_cast<std::uint8_t>(random() % 60) : random();
    const std::uint8_t numbers[] = {0x08, 0x2d, 0x2a, 0x0b, 0x00, 0x11, 0x00, 0x11};
    Bytes frame = u6::extended_frame(numbers[random() % 8], data);
    if (random() % 8 == 0) frame.resize(frame.size() * random() / 256);
    if (random() % 16 == 0) frame = unhex(random() % 2 ? "A8 A8" : "B0 B0");
    b.device.out(b.now, 0x01, as_bytes(frame));
    const Bytes answer = b.fetch(0x82, 64);
    BOOST_REQUIRE(answer.empty() == frame.empty());
    b.device.advance(b.now += kMs);
    b.fetch(0x83, 64u * (random() % 4u));
  }
}

BOOST_AUTO_TEST_CASE(simulation_speed) {
  DeviceSettings s = thirteen_channels();
  s.emulation.noise = 1;
  Bench b(s);
  b.ask(kThirteen);
  b.ask("A8 A8");
  const auto begin = std::chrono::steady_clock::now();
  std::size_t packets = 0;
  while (b.now < 60'000 * kMs) packets += b.next_packet(128).size() / 64;
  const double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  BOOST_TEST(packets == 60'000u * 13 / 25, boost::test_tools::tolerance(0.001));
  BOOST_TEST_MESSAGE("emulated U6, 13 channels at 1 kHz: " << 60 / spent << " times real time");
}

BOOST_AUTO_TEST_SUITE_END()
