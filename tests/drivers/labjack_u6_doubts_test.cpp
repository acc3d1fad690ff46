// What the U6's documents leave open, turned round in the emulated device; transfers that end early; a unit that
// restarts by itself; and a unit that is somebody else's.
#include <map>

#include "drivers/labjack_u6_stream.hpp"
#include "tests/drivers/labjack_u6_rig.hpp"

BOOST_AUTO_TEST_SUITE(labjack_u6_doubts)

using namespace grfd;
using namespace grfd::u6_test;
using u6::Bytes;

namespace {

DeviceSettings with(std::size_t channels, std::map<std::string, double> faults) {
  DeviceSettings s = thirteen_channels();
  s.analog_inputs.resize(channels, 12);
  if (channels == 14) s.analog_inputs[13] = 13;
  s.digital_port = channels > 2;
  s.emulation.faults = std::move(faults);
  return s;
}

/// What the device answers to a command of another host.
std::string ask(LabjackU6Device& device, TimeNs now, const std::string& command) {
  device.out(now, u6::kCommandPipe, as_bytes(unhex(command)));
  Bytes answer(64);
  const int n = device.in(now, u6::kResponsePipe, std::as_writable_bytes(std::span(answer)));
  answer.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return hex(answer);
}

}  // namespace

BOOST_AUTO_TEST_CASE(transfers_that_end_early_lose_nothing) {
  for (const double rate : {0.02, 0.3, 1.0})
    for (const std::size_t channels : {1u, 2u, 12u}) {
      Rig rig(with(channels, {{"short_read", rate}}));
      rig.link.may_be_short = true;
      rig.start();
      rig.link.run_until((rig.first_ms + 3000) * kMs);
      rig.driver->stop(rig.link);
      rig.check_numbered();
      const std::size_t n = channels + rig.settings.digital_port;
      const std::size_t packets = 3101 * n / 25;  // scans 0..3100: the stop waits a tenth of a second for what comes
      BOOST_TEST(rig.wire.size() <= packets * 64);
      BOOST_TEST(rig.wire.size() >= 3001 * n / 25 * 64);
      BOOST_TEST(rig.wire.size() % 64 == 0u);
      BOOST_TEST(rig.scans().size() == rig.wire.size() / 64 * 25 / n);
      BOOST_TEST(rig.losses().empty());
      // A packet in two pieces ends two transfers; the first of them may have begun with a whole packet.
      const double split = rate * static_cast<double>(rig.wire.size() / 64);
      BOOST_TEST(std::abs(rig.link.short_reads - 2 * split) <= 12 * std::sqrt(split * (1 - rate)) + 2);
      BOOST_TEST(rig.link.polls == 0);
      for (const char* name : {"bad_header", "bad_checksum", "resync_bytes", "packet_lost", "stale_packet"})
        BOOST_TEST(rig.counter(name) == 0u, name);
    }
}

BOOST_AUTO_TEST_CASE(transfers_that_end_early_beside_losses_leave_a_consistent_record) {
  Rig rig(with(12, {{"short_read", 0.2}, {"drop_packet", 0.02}, {"corrupt_checksum", 0.02}}));
  rig.link.may_be_short = true;
  rig.start();
  rig.link.run_until(rig.link.now + 5000 * kMs);
  rig.check_numbered();
  BOOST_TEST(rig.link.short_reads > 500);
  BOOST_TEST(rig.losses().size() > 50u);
  BOOST_TEST(rig.scans().size() + rig.counter("scans_lost") == rig.scans().back().seq + 1);
  // And a host that did not read: what was full goes on coming in pieces.
  rig.link.stall(500 * kMs);
  rig.link.run_until(rig.link.now + 1000 * kMs);
  rig.check_numbered();
  BOOST_TEST(rig.counter("auto_recovery_reports") + rig.counter("auto_recovery_report_lost") >= 1u);
}

// The scan that stands for those left out comes some scans after the place where the datasheet's text puts it. The
// numbers behind it must be right all the same, the hole must have its length, and it must not be taken for data.
BOOST_AUTO_TEST_CASE(a_late_dummy_scan_costs_no_more_than_its_place) {
  std::uint64_t unplaced = 0, late_marks = 0, found = 0;
  for (const int late : {0, 1, 2, 3})
    for (const std::size_t channels : {1u, 2u, 5u, 12u, 14u})
      for (int phase = 0; phase < 26; phase += 1 + (channels < 12)) {
        Rig rig(with(channels, {{"dummy_late", late}}));
        const std::size_t n = channels + rig.settings.digital_port;
        rig.start();
        rig.link.run_until((rig.first_ms + 300 + phase) * kMs + kMs / 2);
        rig.link.device.ready(rig.link.now, 0x83, 128);  // the waiting transfer takes what is full
        const std::size_t due = 301u + std::size_t(phase), fill = due * n % 25, fit = (984 - fill) / n;
        const std::size_t stalled = 200 + fit;
        rig.link.stall(TimeNs(stalled) * kMs);
        rig.link.run_until(rig.link.now + 800 * kMs);
        BOOST_REQUIRE_EQUAL(rig.losses().size(), 1u);
        const Sample loss = rig.losses()[0];
        BOOST_REQUIRE_EQUAL(count_of(loss), std::int64_t(stalled - fit + 1));
        std::int64_t misplaced = 0, before_hole = 0;
        for (const Sample& s : rig.scans())
          for (std::size_t i = 0; i < channels; ++i) {
            const std::int32_t code = value<std::int32_t>(s, i);
            const auto right = [&](std::int64_t k) { return code_of(int(i), rig.first_ms + k); };
            BOOST_REQUIRE(code != 0xffff);
            if (code == right(std::int64_t(s.t_device))) continue;
            // New data in front of the dummy: in the report's packet it stands before the hole, behind it one too late.
            const bool before = std::int64_t(s.seq) < first_of(loss);
            BOOST_REQUIRE(before || cause_of(loss) == 4);
            BOOST_REQUIRE_EQUAL(code, right(std::int64_t(s.t_device) + (before ? count_of(loss) - 1 : -1)));
            before_hole += before && i == 0;
            misplaced += i == 0;
          }
        BOOST_REQUIRE(misplaced <= late);
        BOOST_REQUIRE(first_of(loss) - before_hole == std::int64_t(due + fit));
        unplaced += rig.counter("auto_recovery_unplaced");
        late_marks += rig.counter("auto_recovery_late_mark");
        found += cause_of(loss) == 3;
        BOOST_REQUIRE_EQUAL(rig.counter("auto_recovery_unplaced"), rig.counter("auto_recovery_late_mark"));
        BOOST_REQUIRE_EQUAL(cause_of(loss) == 4, rig.counter("auto_recovery_late_mark") == 1u);
      }
  BOOST_TEST_MESSAGE("late dummy scans: " << found << " found in their packet, " << unplaced << " behind it");
  BOOST_TEST(unplaced == late_marks);
  BOOST_TEST(unplaced > 50u);
  BOOST_TEST(found > 50u);
}

BOOST_AUTO_TEST_CASE(a_smaller_fifo_changes_the_hole_and_nothing_else) {
  Rig rig(with(12, {{"fifo_samples", 512}}));
  rig.stall_after_a_second(200 * kMs);
  // 1001 scans = 13013 samples = 520 packets and 13 samples; 38 scans more fit into 512.
  BOOST_REQUIRE(rig.losses().size() == 1u);
  BOOST_TEST(first_of(rig.losses()[0]) == 1039);
  BOOST_TEST(count_of(rig.losses()[0]) == 163);
}

BOOST_AUTO_TEST_CASE(class_strings_and_a_forgetful_stop_do_not_matter) {
  for (const std::map<std::string, double>& faults :
       std::vector<std::map<std::string, double>>{{{"interface_class", 0}},
                                                  {{"interface_class", 3}, {"no_strings", 1}},
                                                  {{"interface_class", 8}, {"serial_string", 1}},
                                                  {{"stop_forgets", 1}, {"config_error", 77}}}) {
    Rig rig(with(12, faults));
    const auto option = [&](const char* name) { return faults.count(name) ? faults.at(name) : -1; };
    BOOST_TEST(rig.device.info().configuration[14] ==
               (option("interface_class") < 0 ? 0xff : int(option("interface_class"))));
    BOOST_TEST(rig.device.info().manufacturer == (option("no_strings") > 0 ? "" : "LabJack"));
    BOOST_TEST(rig.device.info().serial_string == (option("serial_string") > 0 ? "360012345" : ""));
    BOOST_TEST(rig.device.device_descriptor()[14] == (option("no_strings") > 0 ? 0 : 1));
    BOOST_TEST(rig.device.device_descriptor()[16] == (option("serial_string") > 0 ? 3 : 0));
    BOOST_TEST(rig.driver->identify(rig.link).serial == "360012345");
    for (int round = 0; round < 2; ++round) {
      rig.samples.clear();
      rig.facts.clear();
      rig.start();
      rig.link.run_until(rig.link.now + 300 * kMs);
      rig.driver->stop(rig.link);
      BOOST_TEST(rig.scans().size() > 280u);
    }
    // 50 StreamStart without configuration, which follows when a stop forgets it
    const bool forgets = option("stop_forgets") > 0;
    BOOST_TEST(ask(rig.device, rig.link.now, "A8 A8") ==
               (forgets ? hex(u6::normal_frame(Bytes{0xa9, 50, 0})) : "A9 A9 00 00"));
    if (forgets)
      BOOST_TEST(ask(rig.device, rig.link.now, hex(u6::extended_frame(0x11, Bytes(8)))) ==
                 hex(u6::extended_frame(0x11, Bytes{77, 0})));
  }
}

BOOST_AUTO_TEST_CASE(internal_inputs_and_conversion_times_are_as_the_options_say) {
  const auto configure = [](LabjackU6Device& device, std::uint8_t channel, std::uint8_t resolution) {
    return ask(device, 0,
               hex(u6::extended_frame(0x11, Bytes{2, resolution, 25, 0, 0, 0, 0xa0, 0x0f, 0, 0, channel, 0})));
  };
  FunctionSource zero([](int, double) { return 0.0; });
  const std::string ok = hex(u6::extended_frame(0x11, Bytes{0, 0})),
                    refused = hex(u6::extended_frame(0x11, Bytes{49, 0}));
  for (const bool internal : {true, false}) {
    LabjackU6Device device(with(12, {{"no_internal_inputs", internal ? 0.0 : 1.0}}), zero);
    for (const std::uint8_t channel : {14, 15}) BOOST_TEST(configure(device, channel, 1) == (internal ? ok : refused));
    BOOST_TEST(configure(device, 13, 1) == ok);
  }
  // Resolution 8, two channels: 20 us * 2^7 = 2.56 ms do not fit into 1 ms, 20 us * 1.5^7 = 0.34 ms do.
  for (const double factor : {2.0, 1.5}) {
    LabjackU6Device device(with(12, {{"resolution_factor", factor}}), zero);
    BOOST_TEST(configure(device, 1, 8) == ok);
    BOOST_TEST(ask(device, 0, "A8 A8") == "A9 A9 00 00");
    const TimeNs ready = device.ready(0, u6::kStreamPipe, 64);
    Bytes packet(64);
    BOOST_TEST(device.in(ready, u6::kStreamPipe, std::as_writable_bytes(std::span(packet))) == 64);
    BOOST_TEST(packet[11] == (factor == 2 ? 55 : 0));
  }
}

BOOST_AUTO_TEST_CASE(options_that_make_no_sense_are_refused_by_name) {
  const auto error = [](const char* name, double value) -> std::string {
    const auto errors = find_driver("labjack_u6")->check_settings(with(12, {{name, value}}));
    return errors.empty() ? "" : errors.front();
  };
  BOOST_TEST(error("short_read", 1) == "");
  BOOST_TEST(error("interface_class", 255) == "");
  BOOST_TEST(error("short_read", 1.5) == "emulation.faults.short_read: is 1.5, must be from 0 to 1");
  BOOST_TEST(error("interface_class", 256) == "emulation.faults.interface_class: is 256, must be from 0 to 255");
  BOOST_TEST(error("resolution_factor", 0.5) == "emulation.faults.resolution_factor: is 0.5, must be from 1 to 4");
  BOOST_TEST(
      error("short_reads", 1).starts_with("emulation.faults.short_reads: no such fault; known are drop_packet "));
}

// The reset command of another program, or the device's own doing: it is silent, then it is there again, and nothing
// tells but the silence.
BOOST_AUTO_TEST_CASE(a_unit_that_restarts_in_mid_stream_is_started_anew) {
  Rig rig(thirteen_channels());
  rig.start();
  BOOST_TEST(!rig.driver->check(rig.link, rig.link.now));
  rig.link.run_until(rig.link.now + 500 * kMs);
  rig.check_numbered();
  BOOST_TEST(!rig.driver->check(rig.link, rig.link.now));
  const std::size_t before = rig.scans().size();
  BOOST_TEST(ask(rig.device, rig.link.now, "9C 99 03 00") == "99 99 00 00");
  BOOST_TEST(ask(rig.device, rig.link.now, "B0 B0") == "E5 B1 34 00");  // it does not stream any more
  rig.link.run_until(rig.link.now + 400 * kMs);
  BOOST_TEST(!rig.driver->check(rig.link, rig.link.now));
  rig.link.run_until(rig.link.now + 200 * kMs);
  BOOST_TEST(rig.driver->check(rig.link, rig.link.now) == std::string("starved"));
  BOOST_TEST(rig.scans().size() == before);
  rig.driver->stop(rig.link);
  BOOST_TEST(rig.counter("stop_failed") == 0u);
  rig.start();
  rig.link.run_until(rig.link.now + 500 * kMs);
  BOOST_TEST(!rig.driver->check(rig.link, rig.link.now));
  const auto scans = rig.scans();
  BOOST_REQUIRE(scans.size() > before + 450);
  BOOST_REQUIRE_EQUAL(rig.losses().size(), 1u);
  BOOST_TEST(first_of(rig.losses()[0]) == std::int64_t(before));
  BOOST_TEST(count_of(rig.losses()[0]) == -1);
  BOOST_TEST(cause_of(rig.losses()[0]) == std::int64_t(U6Loss::starved));
  for (std::size_t k = 0; k < scans.size(); ++k) {
    BOOST_REQUIRE_EQUAL(scans[k].seq, k);
    BOOST_REQUIRE_EQUAL(scans[k].epoch, k < before ? 0 : 1);
    BOOST_REQUIRE_EQUAL(scans[k].t_device, k < before ? k : k - before);
    BOOST_REQUIRE_EQUAL(scans[k].flags, k == before ? kGapBefore | kNewEpoch : 0);
    if (k >= before) BOOST_REQUIRE_EQUAL(value<std::int32_t>(scans[k], 0), code_of(0, rig.first_ms + int(k - before)));
  }
  BOOST_TEST(rig.facts.size() == 2u);
  // The next restart is a common one.
  rig.driver->stop(rig.link);
  rig.start();
  rig.link.run_until(rig.link.now + 100 * kMs);
  BOOST_REQUIRE_EQUAL(rig.losses().size(), 2u);
  BOOST_TEST(cause_of(rig.losses()[1]) == std::int64_t(U6Loss::restart));
}

// Another unit of the same kind streams for somebody else, whoever that is: it is asked for its serial number, which it
// answers while it streams, and for nothing else.
BOOST_AUTO_TEST_CASE(a_streaming_unit_of_others_streams_on_after_being_looked_at) {
  DeviceSettings s = thirteen_channels();
  s.serial = "360000001";
  s.emulation.serial = "360000002";
  Rig rig(s);
  const std::string configuration =
      "F5 F8 11 11 D9 01 0D 01 19 00 00 00 A0 0F 00 00 01 00 02 00 03 00 04 00 05 00 06 00 07 00 08 00 09 00 0A 00 0B "
      "00 C1 00";
  BOOST_TEST(ask(rig.device, rig.link.now, configuration) == "0B F8 01 11 00 00 00 00");
  BOOST_TEST(ask(rig.device, rig.link.now, "A8 A8") == "A9 A9 00 00");
  rig.link.stall(20 * kMs);
  BOOST_TEST(rig.driver->identify(rig.link).serial == "360000002");
  BOOST_CHECK_THROW(rig.start(), DeviceError);
  rig.driver->stop(rig.link);  // as the daemon does after a start that failed
  const std::string config_u6 = "0B F8 0A 08 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00";
  BOOST_TEST(rig.link.written == (std::vector<std::string>{config_u6, config_u6}), boost::test_tools::per_element());
  BOOST_TEST(rig.counter("stop_failed") == 0u);
  BOOST_TEST(ask(rig.device, rig.link.now, "A8 A8") == "D9 A9 30 00");  // streams already
  // Its own host finds the stream from its first packet on.
  for (int counter = 0; counter < 20; ++counter) {
    const TimeNs now = rig.device.ready(rig.link.now, u6::kStreamPipe, 64);
    Bytes packet(64);
    BOOST_REQUIRE_EQUAL(rig.device.in(now, u6::kStreamPipe, std::as_writable_bytes(std::span(packet))), 64);
    BOOST_REQUIRE_EQUAL(packet[10], counter);
    BOOST_REQUIRE_EQUAL(packet[11], 0);
    rig.link.now = now;
  }
}

BOOST_AUTO_TEST_SUITE_END()
