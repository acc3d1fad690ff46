// The U6 driver against the emulated U6.
#include <set>

#include "tests/drivers/labjack_u6_rig.hpp"
#include "tests/drivers/untouched_link.hpp"

BOOST_AUTO_TEST_SUITE(labjack_u6)

using namespace grfd;
using namespace grfd::u6_test;
using u6::Bytes;

BOOST_AUTO_TEST_CASE(start_sends_the_documented_commands_in_order) {
  Rig rig(thirteen_channels());
  rig.start();
  std::vector<std::string> expected{"0B F8 0A 08 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
                                    "B0 B0"};
  for (int block = 0; block < 10; ++block)
    expected.push_back(hex(u6::extended_frame(0x2d, Bytes{0, std::uint8_t(block)})));
  expected.insert(expected.end(),
                  {"0A F8 05 0B 01 00 01 00 00 00 00 00 00 00 00 00", "1A F8 04 00 1A 03 00 1D FF FF FF 00 00 00",
                   "F5 F8 11 11 D9 01 0D 01 19 00 00 00 A0 0F 00 00 01 00 02 00 03 00 04 00 05 00 06 00 07 00 08 00 09 "
                   "00 0A 00 0B 00 C1 00",
                   "start_stream 131 128 12", "A8 A8"});
  BOOST_TEST(rig.link.events == expected, boost::test_tools::per_element());
  BOOST_TEST(rig.link.written[4] == "29 F8 01 2D 02 00 00 02");
  const Sample& f = rig.facts.samples()[0];
  BOOST_TEST(rig.facts.size() == 1u);
  BOOST_TEST(f.stream == 11);
  BOOST_TEST(value<double>(f, 0) == rig.device.calibration()[0][0]);
  BOOST_TEST(value<double>(f, 1) == rig.device.calibration()[2][0]);
  BOOST_TEST(value<double>(f, 2) == rig.device.calibration()[2][1]);
  BOOST_TEST(value<double>(f, 3) == 1000);
  BOOST_TEST(value<double>(f, 4) == 0);
  BOOST_TEST(value<double>(f, 5) == 1.45);
  rig.link.events.clear();
  rig.driver->stop(rig.link);
  BOOST_TEST(rig.link.events == (std::vector<std::string>{"B0 B0", "stop_stream 131 100"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_device_without_the_three_pipes_is_no_u6_and_is_not_touched) {
  test::UntouchedLink other;
  Rig rig(thirteen_channels());
  const std::vector<std::uint8_t> good = rig.device.info().configuration;
  int pipes = 0;
  for (std::size_t i = 0; i + 2 < good.size(); i += good[i]) {
    if (good[i + 1] != 0x05) continue;
    ++pipes;
    other.facts.configuration = good;
    other.facts.configuration[i + 2] ^= 0x08;  // the pipe has another address
    try {
      rig.driver->identify(other);
      BOOST_ERROR("this is no U6");
    } catch (const DeviceError& e) {
      BOOST_TEST(std::string(e.what()) == "the device has no endpoint " + std::to_string(good[i + 2]) + ": not a U6");
    }
  }
  BOOST_TEST(pipes == 3);
}

BOOST_AUTO_TEST_CASE(identity_serial_and_forgotten_streams) {
  Rig rig(thirteen_channels());
  const DeviceIdentity id = rig.driver->identify(rig.link);
  BOOST_TEST(id.model == "LabJack U6");
  BOOST_TEST(id.serial == "360012345");
  BOOST_TEST(id.firmware == "1.45");
  BOOST_TEST(rig.link.written.size() == 1u);

  DeviceSettings s = thirteen_channels();
  s.serial = "360000001";
  s.emulation.serial = "360000002";
  Rig other(s);
  BOOST_TEST(other.driver->identify(other.link).serial == "360000002");
  BOOST_CHECK_THROW(other.start(), DeviceError);

  // Another host left a running stream and an answer behind.
  Rig left(thirteen_channels());
  left.start();
  left.link.run_until(300 * kMs);
  left.link.streaming = false;
  left.link.write(1, as_bytes(unhex("A8 A8")), 1000);
  left.link.stall(500 * kMs);
  left.samples.clear();
  left.driver = left.entry.make(left.settings, 10);
  left.facts.clear();
  left.start();
  left.link.run_until(left.link.now + 500 * kMs);
  BOOST_TEST(left.scans().size() > 450u);
  left.check_numbered();
}

// A plug is pulled in the middle of a packet: its half does not meet the next stream.
BOOST_AUTO_TEST_CASE(half_a_packet_before_an_unplugging_is_forgotten) {
  Rig rig(thirteen_channels());
  rig.start();
  rig.link.run_until(300 * kMs);
  const std::vector<std::byte> half(rig.wire.begin(), rig.wire.begin() + 30);
  rig.bytes(half, rig.link.now);
  rig.device.power_cycle(rig.link.now);
  rig.driver->stop(rig.link);
  rig.samples.clear();
  rig.facts.clear();
  rig.start();
  rig.link.run_until(rig.link.now + 500 * kMs);
  BOOST_TEST(rig.counter("resync_bytes") == 0u);
  BOOST_TEST(rig.counter("bad_header") == 0u);
  BOOST_TEST(rig.scans().size() > 450u);
  for (const Sample& s : rig.scans()) BOOST_REQUIRE_EQUAL(s.epoch, rig.scans().front().epoch);
}

BOOST_AUTO_TEST_CASE(it_blinks_while_it_streams) {
  Rig rig(thirteen_channels());
  rig.start();
  rig.link.written.clear();
  for (int i = 1; i <= 10; ++i) {
    rig.link.run_until(rig.link.now + 100 * kMs);
    BOOST_TEST(rig.driver->blink(rig.link));
    BOOST_TEST(rig.device.light() == (i % 2 == 0));
    BOOST_TEST(rig.device.light_changes() == i);
  }
  // IOType 9 and the frame's two checksums, worked out by hand.
  BOOST_TEST(rig.link.written[0] == "04 F8 02 00 09 00 00 09 00 00");
  BOOST_TEST(rig.link.written[1] == "05 F8 02 00 0A 00 00 09 01 00");
  rig.link.run_until(rig.link.now + 100 * kMs);
  BOOST_TEST(rig.scans().size() > 1000u);
  BOOST_TEST(rig.losses().empty());
  rig.check_numbered();
}

BOOST_AUTO_TEST_CASE(an_unreadable_or_erased_calibration_is_nominal_and_flagged) {
  const auto nominal = u6::nominal_calibration();
  for (int block : {0, 2}) {
    Rig rig(thirteen_channels());
    rig.device.set_unreadable_block(block);
    rig.start();
    const Sample& f = rig.facts.samples()[0];
    BOOST_TEST(value<double>(f, 4) == 1);
    BOOST_TEST(value<double>(f, 0) == nominal[0][0]);
    BOOST_TEST(value<double>(f, 1) == nominal[2][0]);
    BOOST_TEST(value<double>(f, 2) == nominal[2][1]);
  }
  Rig pro(thirteen_channels());
  pro.device.set_unreadable_block(7);  // the high-resolution converter is not used
  pro.start();
  BOOST_TEST(value<double>(pro.facts.samples()[0], 4) == 0);
  Rig erased(thirteen_channels());
  erased.link.tamper = [](std::span<std::byte> d) {
    auto* p = reinterpret_cast<std::uint8_t*>(d.data());
    if (d.size() == 40 && p[3] == 0x2d) {
      Bytes data(34, 0xff);
      data[0] = data[1] = 0;
      const Bytes frame = u6::extended_frame(0x2d, data);
      std::copy(frame.begin(), frame.end(), p);
    }
    return static_cast<int>(d.size());
  };
  erased.start();
  BOOST_TEST(value<double>(erased.facts.samples()[0], 4) == 1);
}

BOOST_AUTO_TEST_CASE(every_wrong_answer_has_its_own_error) {
  const auto error_of = [](std::function<int(std::span<std::byte>)> tamper) -> std::string {
    Rig rig(thirteen_channels());
    rig.link.tamper = std::move(tamper);
    try {
      rig.driver->identify(rig.link);
    } catch (const DeviceError& e) { return e.what(); }
    return "";
  };
  const auto flip = [&](std::size_t at) {
    return error_of([at](std::span<std::byte> d) { return d[at] ^= std::byte{0x40}, static_cast<int>(d.size()); });
  };
  const std::set<std::string> all{flip(0),
                                  flip(1),
                                  flip(2),
                                  flip(3),
                                  flip(10),
                                  error_of([](std::span<std::byte>) { return 1; }),
                                  error_of([](std::span<std::byte>) { return 6; }),
                                  error_of([](std::span<std::byte> d) { return d[0] = d[1] = std::byte{0xb8}, 2; }),
                                  error_of([](std::span<std::byte> d) {
                                    Bytes data(32);
                                    data[0] = 4;
                                    const Bytes f = u6::extended_frame(0x08, data);
                                    std::memcpy(d.data(), f.data(), f.size());
                                    return static_cast<int>(d.size());
                                  }),
                                  error_of([](std::span<std::byte> d) {
                                    const Bytes f = u6::extended_frame(0x08, Bytes(30));
                                    std::memcpy(d.data(), f.data(), f.size());
                                    return static_cast<int>(f.size());
                                  })};
  BOOST_TEST(all.size() == 10u);
  for (const std::string& e : all) BOOST_TEST(e.substr(0, 9) == "ConfigU6:");
  Rig silent(thirteen_channels());
  silent.link.tamper = [](std::span<std::byte>) { return 0; };
  BOOST_CHECK_THROW(silent.driver->identify(silent.link), LinkError);
}

BOOST_AUTO_TEST_CASE(ten_seconds_are_complete_and_within_one_count) {
  DeviceSettings s = thirteen_channels();
  s.emulation.drift_ppm = 35;
  const auto volts = [](int input, double t) {
    return 5 * std::sin(2 * 3.14159265358979 * (0.7 + 0.1 * input) * t + input);
  };
  Rig rig(s, volts);
  rig.start();
  rig.link.run_until(rig.first_ms * kMs + 10'000 * kMs);
  const auto scans = rig.scans();
  BOOST_TEST(scans.size() >= 9996u);  // two packets at most are still on their way
  const double period = 1e-3 / (1 + 35e-6);
  const auto& c = rig.device.calibration();
  double worst = 0;
  TimeNs before = 0;
  for (std::size_t k = 0; k < scans.size(); ++k) {
    BOOST_REQUIRE_EQUAL(scans[k].seq, k);
    BOOST_REQUIRE_EQUAL(scans[k].t_device, k);
    BOOST_REQUIRE_EQUAL(scans[k].flags, 0);
    BOOST_REQUIRE(scans[k].t_arrival >= before);
    before = scans[k].t_arrival;
    const double t = 1e-3 * double(rig.first_ms) + double(k) * period;
    const double delay = seconds(scans[k].t_arrival) - t;
    BOOST_REQUIRE(delay > 13 * 20e-6 * 0.99 && delay < 5e-3);  // after its conversion, within two packets
    for (int i = 0; i < 12; ++i) {
      const double expected = volts(i, t + i * 20e-6 / (1 + 35e-6));
      const double found = labjack_u6_volts(value<std::int32_t>(scans[k], std::size_t(i)), c[0][0], c[2][0], c[2][1]);
      worst = std::max(worst, std::abs(found - expected) / c[0][0]);
    }
    BOOST_REQUIRE_EQUAL(value<std::int32_t>(scans[k], 12), 0xffff);
  }
  BOOST_TEST(worst < 1.0);
  BOOST_TEST(worst <= 0.51);  // rounding
  BOOST_TEST(rig.losses().empty());
  BOOST_TEST(rig.link.polls == 0);
  BOOST_TEST_MESSAGE("largest difference " << worst << " counts in " << scans.size() << " scans");
  for (const char* name :
       {"bad_header", "bad_checksum", "resync_bytes", "packet_lost", "scans_lost", "stale_packet", "fatal_code"})
    BOOST_TEST(rig.counter(name) == 0u);
  // Cut anywhere, byte by byte too, the same bytes give the same samples.
  const std::size_t part = 64 * 6;
  FixedBatch<64> whole;
  auto reference = rig.entry.make(s, 10);
  DeviceSettings copy = s;
  const auto decode = [&](std::initializer_list<std::size_t> cuts, std::size_t step, SampleBatch& out) {
    Rig fresh(copy, volts);
    fresh.start();
    std::span<const std::byte> bytes = std::span(rig.wire).first(part);
    std::size_t from = 0;
    for (std::size_t cut : cuts) fresh.driver->decode(bytes.subspan(from, cut - from), 1, out), from = cut;
    for (; from < part; from += step) fresh.driver->decode(bytes.subspan(from, std::min(step, part - from)), 1, out);
  };
  decode({}, part, whole);
  BOOST_TEST(whole.size() == part / 64 * 25 / 13);
  const auto same = [&](const SampleBatch& other) {
    return other.size() == whole.size() &&
           std::memcmp(other.samples().data(), whole.samples().data(), whole.size() * sizeof(Sample)) == 0;
  };
  for (std::size_t cut = 0; cut <= part; ++cut) {
    FixedBatch<64> split;
    decode({cut}, part, split);
    BOOST_REQUIRE(same(split));
  }
  for (std::size_t step : {1u, 2u, 3u, 7u, 63u, 65u, 127u}) {
    FixedBatch<64> split;
    decode({}, step, split);
    BOOST_REQUIRE(same(split));
  }
}

BOOST_AUTO_TEST_CASE(dropped_and_corrupt_packets_are_counted_exactly) {
  for (std::size_t channels : {1u, 2u, 5u, 12u, 14u})
    for (std::uint64_t n : {1u, 2u, 7u, 200u})
      for (bool corrupt : {false, true}) {
        DeviceSettings s = thirteen_channels();
        s.analog_inputs.resize(channels, 12);
        if (channels == 14) s.analog_inputs[13] = 13;
        s.digital_port = channels > 2;
        Rig rig(s);
        rig.start();
        rig.link.run_until(rig.link.now + 203 * kMs);
        corrupt ? rig.device.corrupt_packets(n) : rig.device.drop_packets(n);
        const TimeNs packet_ms = TimeNs(25 / (channels + s.digital_port) + 1);
        rig.link.run_until(rig.link.now + TimeNs(n + 20) * packet_ms * kMs);
        rig.check_numbered();
        BOOST_REQUIRE(rig.losses().size() == 1u);
        const Sample loss = rig.losses()[0];
        BOOST_TEST(cause_of(loss) == (corrupt ? 2 : 1));
        BOOST_TEST(rig.counter("packet_lost") == n);
        BOOST_TEST(rig.counter("scans_lost") == std::uint64_t(count_of(loss)));
        BOOST_TEST(rig.counter("bad_checksum") == (corrupt ? n : 0u));
        BOOST_TEST(rig.counter("resync_bytes") == (corrupt ? 64 * n : 0u));
        const std::size_t all = channels + s.digital_port, low = 25 * n / all;
        BOOST_TEST((std::size_t(count_of(loss)) >= low && std::size_t(count_of(loss)) <= low + 2));
      }
}

BOOST_AUTO_TEST_CASE(faults_by_rate_leave_a_consistent_record) {
  DeviceSettings s = thirteen_channels();
  s.emulation.faults = {{"drop_packet", 0.02}, {"corrupt_checksum", 0.02}};
  s.emulation.seed = 9;
  Rig rig(s);
  rig.start();
  rig.link.run_until(rig.link.now + 5000 * kMs);
  rig.check_numbered();
  BOOST_TEST(rig.losses().size() > 50u);
  BOOST_TEST(rig.scans().size() + rig.counter("scans_lost") == rig.scans().back().seq + 1);
}

BOOST_AUTO_TEST_CASE(a_host_that_stops_reading_loses_exactly_what_the_device_reports) {
  std::size_t continued = 0;
  for (std::size_t channels : {1u, 2u, 5u, 12u, 14u})
    for (int phase = 0; phase < 26; ++phase) {
      DeviceSettings s = thirteen_channels();
      s.analog_inputs.resize(channels, 12);
      if (channels == 14) s.analog_inputs[13] = 13;
      s.digital_port = channels > 2;
      const std::size_t n = channels + s.digital_port;
      Rig rig(s);
      rig.start();
      rig.link.run_until((rig.first_ms + 300 + phase) * kMs + kMs / 2);
      rig.link.device.ready(rig.link.now, 0x83, 128);  // the waiting transfer takes what is full
      const std::size_t due = 301u + std::size_t(phase);
      const std::size_t sent = due * n / 25;  // every full packet has left the FIFO
      const std::size_t fill = due * n - sent * 25, fit = (984 - fill) / n;
      const std::size_t stalled = 200 + fit;  // 0.2 s more than the FIFO holds, for any number of channels
      rig.link.stall(TimeNs(stalled) * kMs);
      rig.link.run_until(rig.link.now + 800 * kMs);
      rig.check_numbered();
      BOOST_REQUIRE(rig.losses().size() == 1u);
      // The scan due after the drain is the dummy: without data as well.
      BOOST_REQUIRE_EQUAL(count_of(rig.losses()[0]), std::int64_t(stalled - fit + 1));
      BOOST_REQUIRE_EQUAL(first_of(rig.losses()[0]), std::int64_t(due + fit));
      BOOST_REQUIRE_EQUAL(cause_of(rig.losses()[0]), 3);
      BOOST_TEST(rig.counter("auto_recovery_reports") == 1u);
      BOOST_TEST(rig.counter("auto_recovery_unplaced") == 0u);
      BOOST_TEST(rig.counter("auto_recovery_packets") >= 38u);
      BOOST_TEST(rig.counter("packet_lost") == 0u);
      continued += (due + fit) * n % 25 + n > 25;  // the dummy ran over into the next packet
    }
  BOOST_TEST(continued >= 10u);
}

BOOST_AUTO_TEST_CASE(a_stall_of_two_tenths_of_a_second_at_13_khz) {
  Rig rig(thirteen_channels());
  rig.stall_after_a_second(200 * kMs);
  // 1001 scans = 13013 samples = 520 packets and 13 samples; 74 scans more fit into 984.
  BOOST_REQUIRE(rig.losses().size() == 1u);
  BOOST_TEST(first_of(rig.losses()[0]) == 1075);
  BOOST_TEST(count_of(rig.losses()[0]) == 127);
  BOOST_TEST(rig.counter("backlog_high") > 10u);
  BOOST_TEST(!rig.driver->check(rig.link, rig.link.now));
}

BOOST_AUTO_TEST_CASE(losses_beside_a_recovery_report) {
  const auto stalled = [](Rig& rig) {
    rig.start();
    rig.link.run_until((rig.first_ms + 309) * kMs + kMs / 2);  // 310 * 13 = 4030: 161 packets and 5 samples
    rig.link.device.ready(rig.link.now, 0x83, 128);
    rig.link.stall(200 * kMs);  // 75 scans fit: 980 in the FIFO = 39 packets of code 59 and 5 samples
  };
  {  // the packet after the report is lost: the dummy ends inside the hole or before it
    DeviceSettings s = thirteen_channels();
    s.analog_inputs = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};  // 15 channels
    for (int phase = 0; phase < 10; ++phase) {
      Rig rig(s);
      rig.start();
      rig.link.run_until((rig.first_ms + 300 + phase) * kMs + kMs / 2);
      rig.link.stall(200 * kMs);
      rig.driver->check(rig.link, rig.link.now);
      while (rig.counter("auto_recovery_reports") == 0) rig.link.run_until(rig.link.now + kMs / 5);
      rig.device.drop_packets(1);
      rig.link.run_until(rig.link.now + 300 * kMs);
      rig.check_numbered();
      BOOST_TEST(rig.losses().size() >= 1u);
      BOOST_TEST(rig.counter("packet_lost") == 1u);
    }
  }
  {  // the report itself is lost: nobody knows how much time passed, so the stream must start again
    Rig rig(thirteen_channels());
    stalled(rig);
    while (rig.counter("auto_recovery_packets") < 38) rig.link.run_until(rig.link.now + kMs / 5);
    rig.device.drop_packets(4);
    rig.link.run_until(rig.link.now + 300 * kMs);
    BOOST_TEST(rig.counter("auto_recovery_report_lost") == 1u);
    BOOST_TEST(rig.driver->check(rig.link, rig.link.now) == std::string("auto_recovery_report_lost"));
    rig.check_numbered();
  }
}

BOOST_AUTO_TEST_CASE(the_device_overlaps_or_counts_too_far_and_the_driver_restarts) {
  Rig rig(thirteen_channels());
  rig.start();
  rig.link.run_until(rig.link.now + 100 * kMs);
  rig.device.overlap();
  rig.link.run_until(rig.link.now + 100 * kMs);
  BOOST_TEST(rig.driver->check(rig.link, rig.link.now) == std::string("stream_scan_overlap"));
  const std::uint64_t before = rig.scans().size();
  rig.driver->stop(rig.link);
  rig.start();
  BOOST_TEST(!rig.driver->check(rig.link, rig.link.now));
  rig.link.run_until(rig.link.now + 100 * kMs);
  const auto scans = rig.scans();
  BOOST_TEST(scans[before].seq == before);
  BOOST_TEST(scans[before].epoch == 1);
  BOOST_TEST(scans[before].t_device == 0u);
  BOOST_TEST(scans[before].flags == (kGapBefore | kNewEpoch));
  BOOST_TEST(value<std::int32_t>(scans[before], 0) == code_of(0, rig.first_ms));
  BOOST_TEST(cause_of(rig.losses().at(0)) == 6);
  BOOST_TEST(rig.facts.size() == 2u);
  BOOST_TEST(rig.facts.samples()[1].epoch == 1);

  rig.link.stall(70'000 * kMs);  // more than 65535 scans are left out
  rig.link.run_until(rig.link.now + 100 * kMs);
  BOOST_TEST(rig.driver->check(rig.link, rig.link.now) == std::string("auto_recovery_overflow"));

  DeviceSettings slow = thirteen_channels();
  slow.resolution_index = 4;  // 13 * 160 us do not fit into 1 ms
  Rig overlap(slow);
  overlap.start();
  overlap.link.run_until(overlap.link.now + 100 * kMs);
  BOOST_TEST(overlap.driver->check(overlap.link, overlap.link.now) == std::string("stream_scan_overlap"));
  BOOST_TEST(overlap.scans().empty());
}

BOOST_AUTO_TEST_CASE(a_silent_device_is_noticed_after_half_a_second) {
  Rig rig(thirteen_channels());
  rig.start();
  BOOST_TEST(!rig.driver->check(rig.link, rig.link.now));
  rig.link.run_until(rig.link.now + 2000 * kMs);
  BOOST_TEST(!rig.driver->check(rig.link, rig.link.now));
  BOOST_TEST(!rig.driver->check(rig.link, rig.link.now + 490 * kMs));
  BOOST_TEST(rig.driver->check(rig.link, rig.link.now + 510 * kMs) == std::string("starved"));
  BOOST_TEST(rig.counter("starved") == 1u);
  Rig never(thirteen_channels());
  never.start();
  BOOST_TEST(!never.driver->check(never.link, never.link.now));
  BOOST_TEST(!never.driver->check(never.link, never.link.now + 490 * kMs));
  BOOST_TEST(never.driver->check(never.link, never.link.now + 510 * kMs) == std::string("starved"));
}

BOOST_AUTO_TEST_CASE(streams_describe_themselves) {
  const DeviceSettings s = thirteen_channels();
  const auto streams = find_driver("labjack_u6")->streams(s);
  BOOST_REQUIRE(streams.size() == 4u);
  BOOST_TEST(streams[3].name == "raw/u6/sync");
  BOOST_TEST(streams[3].columns[1].skew_s == 12 * 20e-6);
  DeviceSettings unwatched = s;
  unwatched.sync_lines.clear();
  BOOST_TEST(find_driver("labjack_u6")->streams(unwatched).size() == 3u);
  BOOST_TEST(streams[0].name == "raw/u6/scan");
  BOOST_TEST(streams[1].name == "raw/u6/calibration");
  BOOST_TEST(streams[2].name == "raw/u6/loss");
  BOOST_TEST(streams[0].columns.size() == 13u);
  BOOST_TEST(streams[0].columns[0].name == "ain0");
  BOOST_TEST(streams[0].columns[11].skew_s == 11 * 20e-6);
  BOOST_TEST(streams[0].columns[12].name == "digital");
  BOOST_TEST(streams[0].columns[12].unit == "code");
  BOOST_TEST(streams[0].clock == "u6");
  BOOST_TEST(streams[0].clock_unit == "scan");
  BOOST_TEST(streams[0].rate_hz == 1000);
  DeviceSettings odd = s;
  odd.rate_hz = 999.3;
  BOOST_TEST(find_driver("labjack_u6")->streams(odd)[0].rate_hz == 48e6 / 48034);
  for (const StreamInfo& info : streams) BOOST_TEST(info.parts() == 1u);
}

BOOST_AUTO_TEST_CASE(settings_the_device_cannot_do_are_refused_with_their_key) {
  const auto check = find_driver("labjack_u6")->check_settings;
  const auto key = [&](auto change) {
    DeviceSettings s = thirteen_channels();
    change(s);
    const auto errors = check(s);
    return errors.size() == 1 ? errors[0].substr(0, errors[0].find(':')) : std::to_string(errors.size()) + " errors";
  };
  BOOST_TEST(check(thirteen_channels()).empty());
  BOOST_TEST(key([](auto& s) { s.analog_inputs.clear(); }) == "analog_inputs");
  BOOST_TEST(key([](auto& s) { s.analog_inputs[3] = 14; }) == "analog_inputs");
  BOOST_TEST(key([](auto& s) { s.analog_inputs[3] = -1; }) == "analog_inputs");
  BOOST_TEST(key([](auto& s) { s.analog_inputs[3] = 0; }) == "analog_inputs");
  BOOST_TEST(key([](auto& s) { s.rate_hz = 4000; }) == "rate_hz");
  BOOST_TEST(key([](auto& s) { s.rate_hz = 3846; }) == "0 errors");
  BOOST_TEST(key([](auto& s) { s.rate_hz = 0; }) == "rate_hz");
  BOOST_TEST(key([](auto& s) { s.resolution_index = 9; }) == "resolution_index");
  BOOST_TEST(key([](auto& s) { s.settling_factor = 256; }) == "settling_factor");
  BOOST_TEST(key([](auto& s) { s.serial = "U6-1"; }) == "serial");
  BOOST_TEST(key([](auto& s) { s.emulation.serial = "4294967296"; }) == "emulation.serial");
  BOOST_TEST(key([](auto& s) { s.emulation.faults["explode"] = 1; }) == "emulation.faults.explode");
  DeviceSettings s = thirteen_channels();
  s.analog_inputs.assign(17, 0);
  BOOST_TEST(check(s).size() == 17u);  // 16 duplicates and too many columns
}

BOOST_AUTO_TEST_CASE(stop_takes_every_packet_that_was_full) {
  Rig rig(thirteen_channels());
  rig.start();
  rig.link.run_until((rig.first_ms + 100) * kMs);
  rig.link.stall(50 * kMs + kMs / 2);
  rig.driver->stop(rig.link);
  BOOST_TEST(rig.wire.size() == 151u * 13 / 25 * 64);  // scans 0..150
  BOOST_TEST(rig.scans().size() == 151u * 13 / 25 * 25 / 13);
  rig.check_numbered();
  BOOST_TEST(rig.counter("stop_failed") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
