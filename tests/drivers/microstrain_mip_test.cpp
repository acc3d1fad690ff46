// The driver against its emulated device, and against bytes that no device would send.
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cmath>
#include <random>

#include "tests/drivers/mip_test_link.hpp"
#include "tests/drivers/untouched_link.hpp"

BOOST_AUTO_TEST_SUITE(microstrain_mip_driver)

using namespace grfd;
using grfd::test::check_bookkeeping;
using grfd::test::equal;
using grfd::test::hex;
using grfd::test::kMs;
using grfd::test::kSecond;
using grfd::test::mip_settings;
using grfd::test::MipRig;
using grfd::test::sample_packet;
using grfd::test::spaced;
using grfd::test::to_hex;

namespace {

/// Known at every time, different on every axis.
struct Waves : InertialSource {
  void read(double t, Vec3& gyro, Vec3& force) override {
    for (std::size_t i = 0; i < 3; ++i) {
      gyro[i] = (1.0 + static_cast<double>(i)) * std::sin(2 * M_PI * t);
      force[i] = 9.80665 * std::cos(2 * M_PI * t + static_cast<double>(i));
    }
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(who_is_there) {
  MipRig rig(mip_settings(0, {{"streaming", 1}}));
  rig.link->now = 5 * kSecond;  // it has been streaming all that time, and nobody took the bytes
  const DeviceIdentity id = rig.driver->identify(*rig.link);
  BOOST_TEST(id.model == "3DM-CV7-AHRS");
  BOOST_TEST(id.serial == "6286.123456");
  BOOST_TEST(id.firmware == "1.1.07");
  const std::vector<int> both{0, 1};
  BOOST_TEST(rig.link->claimed == both, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_stranger_of_the_same_kind_is_left_as_it_was) {
  auto s = mip_settings(0, {{"streaming", 1}});
  s.serial = "6286.999999";
  MipRig rig(s);
  const auto packets_in_a_second = [&rig] {
    rig.device->advance(rig.link->now);
    const std::uint64_t before = rig.device->truth().packets;
    rig.link->now += kSecond;
    rig.device->advance(rig.link->now);
    return rig.device->truth().packets - before;
  };
  BOOST_TEST(packets_in_a_second() == 500U);  // its saved format: every other ms
  BOOST_TEST(rig.driver->identify(*rig.link).serial == "6286.123456");
  BOOST_TEST(!rig.device->dtr());
  BOOST_TEST(packets_in_a_second() == 500U);
  FixedBatch<8> facts;
  try {
    rig.driver->start(*rig.link, facts);
    BOOST_FAIL("this is another unit");
  } catch (const DeviceError& e) {
    BOOST_TEST(std::string(e.what()) ==
               "serial number: the device is '6286.123456', the settings ask for '6286.999999'");
  }
  rig.driver->stop(*rig.link);
  BOOST_TEST(!rig.device->dtr());
  BOOST_TEST(packets_in_a_second() == 500U);
  for (const auto& w : rig.link->written)  // nothing but ping and device info
    BOOST_TEST((to_hex(w) == "75 65 01 02 02 01 E0 C6" || to_hex(w) == "75 65 01 02 02 03 E2 C8"), to_hex(w));
}

BOOST_AUTO_TEST_CASE(a_pin_that_cannot_time_stamp_is_refused_by_name) {
  const auto answer = [](int able, int pin) -> std::string {
    auto s = mip_settings(0, {{"timestamp_pins", able}});
    s.sync_pin = pin;
    MipRig rig(s);
    try {
      rig.start();
    } catch (const DeviceError& e) {
      for (const auto& p : rig.device->server().settings().pins) BOOST_TEST(int{p.feature} == 0);  // as they were
      return e.what();
    }
    return "";
  };
  BOOST_TEST(answer(0b0101, 1) == "");
  BOOST_TEST(answer(0b0101, 2) == "sync_pin: pin 2 of this device cannot time-stamp edges (code 3); pins 1 and 3 can");
  BOOST_TEST(answer(0b0101, 3) == "");
  BOOST_TEST(answer(0b0111, 4).ends_with("pins 1, 2 and 3 can"));
  BOOST_TEST(answer(0b1000, 1).ends_with("pin 4 can"));
  BOOST_TEST(answer(0, 1) ==
             "sync_pin: pin 1 of this device cannot time-stamp edges (code 3); no pin of it can, set it to 0");
}

BOOST_AUTO_TEST_CASE(what_is_said_for_a_sync_pin) {
  auto s = mip_settings();
  s.sync_pin = 1;
  MipRig rig(s);
  rig.start();
  const char* expected[] = {"75 65 0C 05 05 11 01 80 01 83 18",
                            "75 65 0C 05 05 54 02 80 04 CA 2A",  // bandwidths
                            "75 65 0C 05 05 54 02 80 05 CB 2B",
                            "75 65 0C 03 03 2A 01 17 37",  // which triggers
                            "75 65 0C 03 03 2A 02 18 38",  // which actions
                            "75 65 0C 07 07 41 01 01 04 01 02 3E 6D",
                            "75 65 0C 07 07 2E 01 01 01 01 04 2A F4",
                            "75 65 0C 0C 0C 2F 01 01 01 02 A0 00 00 02 D0 D5 79 78",
                            "75 65 0C 05 05 2B 01 01 01 1E 82",
                            "75 65 0C 05 05 11 01 A0 01 A3 58",
                            "75 65 01 02 02 06 E5 CB"};
  constexpr std::size_t kBefore = 11;
  BOOST_REQUIRE(rig.link->written.size() == kBefore + std::size(expected));
  for (std::size_t i = 0; i < std::size(expected); ++i)
    BOOST_TEST(to_hex(rig.link->written[kBefore + i]) == expected[i]);
}

BOOST_AUTO_TEST_CASE(events_that_a_device_does_not_have_are_named) {
  const auto answer = [](std::map<std::string, double> options) -> std::string {
    auto s = mip_settings(0, std::move(options));
    s.sync_pin = 1;
    MipRig rig(s);
    try {
      rig.start();
    } catch (const DeviceError& e) {
      for (const auto& w : rig.link->written) BOOST_TEST((to_hex(w).find("0C 07 07 41") == std::string::npos));
      return e.what();
    }
    return "";
  };
  BOOST_TEST(
      answer({{"gpio_triggers", 0}}) ==
      "sync_pin: this device has no event trigger on a pin (0C,2A: it has 8 of type 2, 8 of type 3); set it to 0");
  BOOST_TEST(answer({{"message_actions", 0}}) ==
             "sync_pin: this device has no event action that sends a packet (0C,2A: it has 4 of type 1); set it to 0");
  auto s = mip_settings(0, {{"event_query", 0}});  // not listed, not asked: the commands themselves show it
  s.sync_pin = 1;
  MipRig rig(s);
  BOOST_CHECK_NO_THROW(rig.start());
  for (const auto& w : rig.link->written) BOOST_TEST(!to_hex(w).starts_with("75 65 0C 03 03 2A"));
  BOOST_TEST(int{rig.device->server().settings().pins[0].feature} == 4);
}

BOOST_AUTO_TEST_CASE(who_asks_in_vain_lowers_dtr) {
  MipRig rig(mip_settings(0, {{"reply_ms", 60'000}}));  // no answer in time
  BOOST_CHECK_THROW(rig.driver->identify(*rig.link), LinkError);
  BOOST_TEST(!rig.device->dtr());
}

BOOST_AUTO_TEST_CASE(what_is_said_at_the_start) {
  MipRig rig(mip_settings());
  rig.start();
  const char* expected[] = {"75 65 01 02 02 01 E0 C6",
                            "75 65 01 02 02 03 E2 C8",
                            "75 65 01 02 02 02 E1 C7",
                            "75 65 01 02 02 04 E3 C9",
                            "75 65 0C 03 03 0E 80 7A 7E",
                            "75 65 0C 03 03 53 01 40 89",
                            "75 65 0C 04 04 52 02 01 43 D2",
                            "75 65 0C 03 03 53 02 41 8A",
                            "75 65 0C 04 04 52 02 02 44 D3",
                            "75 65 0C 03 03 32 02 20 48",
                            "75 65 0C 11 11 0F 01 80 04 D5 00 01 D2 00 01 04 00 01 05 00 01 50 82",
                            "75 65 0C 05 05 11 01 80 01 83 18",
                            "75 65 0C 05 05 54 02 80 04 CA 2A",
                            "75 65 0C 05 05 54 02 80 05 CB 2B",
                            "75 65 01 02 02 06 E5 CB"};
  BOOST_REQUIRE(rig.link->written.size() == std::size(expected));
  for (std::size_t i = 0; i < std::size(expected); ++i) BOOST_TEST(to_hex(rig.link->written[i]) == expected[i]);
  BOOST_REQUIRE(rig.facts.size() == 1);
  const double facts[] = {8, 1000, 1000, 1, 1000, 1107, 500, 500};  // automatic: half the rate
  for (std::size_t i = 0; i < std::size(facts); ++i) BOOST_TEST(value<double>(rig.facts[0], i) == facts[i]);
  BOOST_TEST(rig.facts[0].stream == 1);
  rig.driver->stop(*rig.link);
  BOOST_TEST(to_hex(rig.link->written.back()) == "75 65 01 02 02 02 E1 C7");
}

BOOST_AUTO_TEST_CASE(ten_seconds_at_1_khz_are_complete_and_exact) {
  Waves waves;
  MipRig rig(mip_settings(), &waves);
  rig.start();
  const TimeNs begin = rig.link->now;
  rig.link->run_until(begin + 10 * kSecond);
  rig.driver->stop(*rig.link);
  // 10 s, and what came before the idle command took effect while the driver drained.
  BOOST_TEST(rig.inertial.size() >= 10'000U - 4);
  BOOST_TEST(rig.inertial.size() <= 10'000U + 4);
  BOOST_TEST(rig.loss.empty());
  for (std::size_t i = 0; i < rig.inertial.size(); ++i) {
    const Sample& s = rig.inertial[i];
    BOOST_REQUIRE(s.seq == i);
    BOOST_REQUIRE(s.flags == 0);
    BOOST_REQUIRE(s.t == 0);
    BOOST_REQUIRE(s.t_device == rig.inertial[0].t_device + i * 1'000'000);
    BOOST_REQUIRE(s.t_arrival >= static_cast<TimeNs>(s.t_device));
    BOOST_REQUIRE(s.t_arrival <= static_cast<TimeNs>(s.t_device) + 4 * kMs);
    Vec3 gyro, force;
    waves.read(static_cast<double>(s.t_device) * 1e-9, gyro, force);
    for (std::size_t k = 0; k < 3; ++k) {
      BOOST_REQUIRE(value<float>(s, k) == static_cast<float>(force[k] / 9.80665));
      BOOST_REQUIRE(value<float>(s, 3 + k) == static_cast<float>(gyro[k]));
    }
  }
  BOOST_TEST(rig.link->transfers < 2520);
  BOOST_TEST(rig.counter("reply_in_stream") == 2U);
  for (const char* name : {"bad_checksum", "resync_bytes", "bad_field", "unknown_field", "incomplete_packet",
                           "delta_mismatch", "duplicate_time", "samples_lost"})
    BOOST_TEST(rig.counter(name) == 0U, name);
}

BOOST_AUTO_TEST_CASE(a_slow_rate_is_the_nearest_decimation) {
  auto s = mip_settings();
  s.rate_hz = 300;
  MipRig rig(s);
  rig.start();
  rig.link->run_until(rig.link->now + kSecond);
  const auto info = rig.entry->streams(rig.settings);
  BOOST_TEST(info[0].rate_hz == 1000.0 / 3);
  BOOST_TEST(value<double>(rig.facts[0], 3) == 3);
  BOOST_TEST(value<double>(rig.facts[0], 4) == 1000.0 / 3);
  BOOST_TEST(value<double>(rig.facts[0], 6) == static_cast<double>(500.0F / 3));
  BOOST_TEST(value<double>(rig.facts[0], 7) == static_cast<double>(500.0F / 3));
  BOOST_TEST(rig.inertial.size() > 328U);
  BOOST_TEST(rig.loss.empty());
  BOOST_TEST(rig.inertial.back().seq == rig.inertial.size() - 1);
  BOOST_TEST(rig.counter("delta_mismatch") == 0U);
}

BOOST_AUTO_TEST_CASE(a_generation_5_unit) {
  Waves waves;
  MipRig rig(mip_settings(0, {{"gen5", 1}, {"streaming", 1}}), &waves);
  rig.link->now = 20 * kSecond;
  rig.start();
  rig.link->run_until(rig.link->now + 10 * kSecond);
  BOOST_TEST(rig.inertial.size() > 9990U);
  BOOST_TEST(rig.loss.empty());
  for (std::size_t i = 0; i < rig.inertial.size(); ++i) {
    BOOST_REQUIRE(rig.inertial[i].seq == i);
    BOOST_REQUIRE(rig.inertial[i].t_device == rig.inertial[0].t_device + i * 1'000'000);
  }
  BOOST_TEST(std::isnan(value<double>(rig.facts[0], 0)));
  BOOST_TEST(rig.facts[0].flags == kInvalid);
  BOOST_TEST(value<double>(rig.facts[0], 2) == 1000);
  BOOST_TEST(std::isnan(value<double>(rig.facts[0], 6)));  // it has no 0C,54
  BOOST_TEST(std::isnan(value<double>(rig.facts[0], 7)));
}

BOOST_AUTO_TEST_CASE(settings_of_the_device) {
  auto s = mip_settings();
  s.accel_range_g = 4;
  s.gyro_range_deg_s = 500;
  s.serial = "6286.123456";
  MipRig rig(s);
  mip::Writer turn(0x0C);  // somebody has set a mounting rotation
  turn.field(0x32).u8(1).f32(0.7071F).f32(0.7071F).f32(0).f32(0);
  rig.device->out(0, 0x01, turn.finish());
  rig.device->advance(5 * kMs);
  BOOST_TEST(rig.device->server().settings().rotation[1] == 0.7071F);
  rig.link->now = 10 * kMs;
  rig.start();
  BOOST_TEST(value<double>(rig.facts[0], 0) == 4);
  BOOST_TEST(value<double>(rig.facts[0], 1) == 500);
  BOOST_TEST(rig.device->server().settings().rotation[0] == 1.0F);
  BOOST_TEST(rig.device->server().settings().rotation[1] == 0.0F);

  s.serial = "6286.999999";
  BOOST_CHECK_EXCEPTION(MipRig(s).start(), DeviceError, [](const DeviceError& e) {
    return std::string(e.what()).find("6286.123456") != std::string::npos;
  });
  s.serial.clear();
  s.accel_range_g = 40;
  BOOST_CHECK_THROW(MipRig(s).start(), DeviceError);
  s.accel_range_g = 0;
  s.emulation.faults["reply_ms"] = 5000;  // later than both attempts wait
  BOOST_CHECK_THROW(MipRig(s).start(), LinkError);
  s.emulation.faults["reply_ms"] = 300;
  BOOST_CHECK_NO_THROW(MipRig(s).start());

  s = mip_settings(0, {{"nonsense", 1}});
  s.rate_hz = 2000;
  BOOST_TEST(rig.entry->check_settings(s).size() == 2U);
  BOOST_TEST(rig.entry->check_settings(mip_settings(0, {{"drop_packet", 0.1}, {"gen5", 1}})).empty());
}

BOOST_AUTO_TEST_CASE(bytes_cut_anywhere_give_the_same_samples) {
  Waves waves;
  MipRig rig(mip_settings(1, {{"nmea", 0.02}, {"corrupt_checksum", 0.02}, {"drop_bytes", 0.02}}), &waves);
  rig.start();
  rig.link->run_until(rig.link->now + 2 * kSecond);
  std::vector<std::byte> stream;
  for (const auto& [bytes, arrival] : rig.recorded) stream.insert(stream.end(), bytes.begin(), bytes.end());
  const auto decoded = [&](const std::vector<std::size_t>& cuts, std::size_t n) {
    auto made = std::make_unique<MipRig>(mip_settings());
    MipRig& fresh = *made;
    std::size_t begin = 0;
    for (const std::size_t cut : cuts) {
      fresh.decode(*fresh.driver, std::span(stream).subspan(begin, cut - begin), 1);
      begin = cut;
    }
    fresh.decode(*fresh.driver, std::span(stream).subspan(begin, n - begin), 1);
    return made;
  };
  const auto whole = decoded({}, stream.size());
  // The last packets may still wait behind a false header in the live run.
  BOOST_TEST(whole->inertial.size() == rig.inertial.size());
  for (std::size_t i = 0; i < whole->inertial.size(); ++i) BOOST_REQUIRE(equal(whole->inertial[i], rig.inertial[i]));
  const auto head = decoded({}, 1500);
  BOOST_TEST(head->inertial.size() > 20U);
  for (std::size_t cut = 0; cut <= 1500; ++cut) {
    const auto two = decoded({cut}, 1500);
    BOOST_REQUIRE(two->inertial.size() == head->inertial.size());
    BOOST_REQUIRE(two->loss.size() == head->loss.size());
    for (std::size_t i = 0; i < head->inertial.size(); ++i) BOOST_REQUIRE(equal(two->inertial[i], head->inertial[i]));
  }
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::size_t> cuts;
    for (std::size_t at = 0;;) {
      at += 1 + random() % (round < 10 ? 5 : 700);
      if (at >= stream.size()) break;
      cuts.push_back(at);
    }
    const auto cut = decoded(cuts, stream.size());
    BOOST_REQUIRE(cut->inertial.size() == whole->inertial.size());
    BOOST_REQUIRE(cut->loss.size() == whole->loss.size());
    for (std::size_t i = 0; i < whole->inertial.size(); ++i) BOOST_REQUIRE(equal(cut->inertial[i], whole->inertial[i]));
    for (std::size_t i = 0; i < whole->loss.size(); ++i) BOOST_REQUIRE(equal(cut->loss[i], whole->loss[i]));
  }
}

BOOST_AUTO_TEST_CASE(each_fault_is_counted_exactly) {
  for (const char* fault : {"drop_packet", "corrupt_checksum", "drop_bytes"}) {
    MipRig rig(mip_settings(1, {{fault, 0.03}}));
    rig.start();
    rig.link->run_until(rig.link->now + 10 * kSecond);
    const auto& truth = rig.device->truth();
    // The count is known once a good packet follows: what the stream still owes at its end is not lost yet.
    const std::uint64_t index_of_last = rig.inertial.back().seq;
    std::uint64_t expected = index_of_last + 1 - rig.inertial.size();
    BOOST_TEST(static_cast<std::uint64_t>(rig.lost_samples()) == expected, fault);
    BOOST_TEST(rig.counter("samples_lost") == expected, fault);
    // The very first packets may be damaged, too, and the last few may be held or damaged.
    BOOST_TEST(expected <= truth.lost, fault);
    BOOST_TEST(truth.lost - expected <= 2U, fault);
    BOOST_TEST(expected > 200U, fault);
    check_bookkeeping(rig);
    const bool damaged = std::string(fault) != "drop_packet";
    for (const Sample& s : rig.loss) BOOST_REQUIRE(value<std::int64_t>(s, 2) == (damaged ? 2 : 0));
    BOOST_TEST((rig.counter("resync_bytes") > 0) == damaged, fault);
    BOOST_TEST((rig.counter("bad_checksum") > 0) == damaged, fault);
    BOOST_TEST(rig.counter("delta_mismatch") == 0U, fault);
  }
}

BOOST_AUTO_TEST_CASE(one_fault_at_a_known_place) {
  using enum MipFault;
  for (const auto& [fault, lost, cause] :
       {std::tuple{drop_packet, 3, 0}, {corrupt_checksum, 3, 2}, {drop_bytes, 3, 2}, {nmea, 0, 0}, {nan, 0, 0}}) {
    MipRig rig(mip_settings());
    rig.start();
    rig.link->run_until(rig.link->now + kSecond);
    const std::size_t before = rig.inertial.size();
    rig.device->inject(fault, 3);
    rig.link->run_until(rig.link->now + kSecond);
    BOOST_TEST(rig.lost_samples() == lost);
    BOOST_TEST(rig.inertial.back().seq + 1 == rig.inertial.size() + static_cast<std::size_t>(lost));
    BOOST_TEST(rig.loss.size() == (lost ? 1U : 0U));
    if (lost) BOOST_TEST(value<std::int64_t>(rig.loss[0], 2) == cause);
    BOOST_TEST(rig.counter("nan_value") == (fault == nan ? 3U : 0U));
    std::size_t invalid = 0;
    for (std::size_t i = before; i < rig.inertial.size(); ++i)
      if (rig.inertial[i].flags & kInvalid) {
        ++invalid;
        BOOST_TEST(std::isnan(value<float>(rig.inertial[i], 0)));
      }
    BOOST_TEST(invalid == rig.counter("nan_value"));
    if (fault == nmea) BOOST_TEST(rig.counter("resync_bytes") == 3 * std::string_view("$PGRFD,value,7*41\r\n").size());
    check_bookkeeping(rig);
  }
}

BOOST_AUTO_TEST_CASE(a_burst_delays_and_loses_nothing) {
  MipRig rig(mip_settings(0, {{"burst", 0.002}, {"burst_ms", 60}}));
  rig.start();
  rig.link->run_until(rig.link->now + 10 * kSecond);
  TimeNs longest = 0;
  for (const Sample& s : rig.inertial) longest = std::max(longest, s.t_arrival - static_cast<TimeNs>(s.t_device));
  BOOST_TEST(longest >= 60 * kMs);
  BOOST_TEST(rig.loss.empty());
  BOOST_TEST(rig.inertial.size() == rig.inertial.back().seq + 1);
  BOOST_TEST(rig.inertial.size() > 9900U);
}

BOOST_AUTO_TEST_CASE(over_range_is_flagged_by_the_device_and_by_value) {
  MipRig rig(mip_settings(0, {{"over_range", 0}}));
  rig.start();
  BOOST_TEST(to_hex(rig.link->written[10]).find("05 00 01 18 00 01") !=
             std::string::npos);  // the field was listed and asked for
  rig.device->inject(MipFault::over_range, 2);
  rig.link->run_until(rig.link->now + kSecond);
  BOOST_TEST(rig.counter("over_range") == 2U);
  BOOST_TEST((rig.inertial[1].flags & kClipped) != 0);

  struct Impact : InertialSource {
    void read(double t, Vec3&, Vec3& force) override { force = {t > 0.5 && t < 0.51 ? -200.0 : 0, 0, -9.8}; }
  } impact;
  MipRig hit(mip_settings(), &impact);
  hit.start();
  hit.link->run_until(kSecond);
  BOOST_TEST(hit.counter("over_range") == 9U);  // 0.501 to 0.509 s
  BOOST_TEST(hit.loss.empty());
}

BOOST_AUTO_TEST_CASE(a_reboot_begins_a_new_epoch) {
  auto s = mip_settings(0, {{"streaming", 1}});
  MipRig rig(s);
  rig.start();
  mip::Writer save(0x0C);
  save.field(0x0F).u8(3).u8(0x80);
  rig.link->write(0x01, save.finish(), 0);
  rig.link->run_until(rig.link->now + kSecond);
  const std::uint64_t last = rig.inertial.back().seq;
  rig.device->power_cycle(rig.link->now);
  rig.link->run_until(rig.link->now + kSecond);
  const auto& first = rig.inertial[last + 1];
  BOOST_TEST(first.seq == last + 1);
  BOOST_TEST(first.flags == (kGapBefore | kNewEpoch));
  BOOST_TEST(first.epoch == 1);
  BOOST_TEST(first.t_device == 0U);
  BOOST_REQUIRE(rig.loss.size() == 1);
  BOOST_TEST(value<std::int64_t>(rig.loss[0], 0) == static_cast<std::int64_t>(last + 1));
  BOOST_TEST(value<std::int64_t>(rig.loss[0], 1) == -1);
  BOOST_TEST(value<std::int64_t>(rig.loss[0], 2) == 3);
  BOOST_TEST(rig.inertial.back().flags == 0);
  BOOST_TEST(rig.inertial.back().epoch == 1);
}

BOOST_AUTO_TEST_CASE(starvation_is_noticed_after_half_a_second) {
  MipRig rig(mip_settings());
  rig.start();
  TimeNs t = rig.link->now;
  BOOST_TEST(rig.driver->check(*rig.link, t) == nullptr);
  rig.link->run_until(t + kSecond);
  BOOST_TEST(rig.driver->check(*rig.link, rig.link->now) == nullptr);
  rig.device->unplug(rig.link->now);
  rig.link->run_until(rig.link->now + 500 * kMs);
  BOOST_TEST(rig.driver->check(*rig.link, rig.link->now) == nullptr);
  rig.link->run_until(rig.link->now + 20 * kMs);  // three messages of four samples
  BOOST_REQUIRE(rig.driver->check(*rig.link, rig.link->now) != nullptr);
  BOOST_TEST(std::string(rig.driver->check(*rig.link, rig.link->now)) == "no sample for 0.5 s");
}

BOOST_AUTO_TEST_CASE(a_slow_rate_is_no_starvation) {
  for (const double rate_hz : {1.0, 4.0, 10.0}) {
    auto settings = mip_settings();
    settings.rate_hz = rate_hz;
    MipRig rig(settings);
    rig.start();
    const TimeNs end = rig.link->now + 20 * kSecond;
    while (rig.link->now < end) {
      rig.link->run_until(rig.link->now + 100 * kMs);
      BOOST_TEST_REQUIRE(rig.driver->check(*rig.link, rig.link->now) == nullptr, rate_hz);
    }
    BOOST_TEST(static_cast<double>(rig.inertial.size()) >= 20 * rate_hz - 4, rate_hz);
    rig.device->unplug(rig.link->now);
    const auto limit = static_cast<TimeNs>((0.5 + 3 * 4 / rate_hz) * 1e9);  // messages of four samples
    rig.link->run_until(rig.link->now + limit + kMs);
    BOOST_TEST(rig.driver->check(*rig.link, rig.link->now) != nullptr, rate_hz);
  }
}

BOOST_AUTO_TEST_CASE(bandwidths_are_those_that_the_device_tells) {
  // The worked example of a manual filter: 225 Hz for the accelerometer; the gyroscope's is off.
  MipRig rig(mip_settings());
  rig.device->out(0, 0x01, hex("75 65 0C 0B 0B 54 01 80 04 01 01 43 61 00 00 7B A1"));
  mip::Writer off(0x0C);
  off.field(0x54).u8(1).u8(0x80).u8(5).u8(0).u8(0).f32(100);
  rig.device->out(0, 0x01, off.finish());
  rig.device->advance(5 * kMs);
  rig.link->now = 10 * kMs;
  rig.start();
  BOOST_TEST(value<double>(rig.facts[0], 6) == 225);
  BOOST_TEST(std::isnan(value<double>(rig.facts[0], 7)));
  BOOST_TEST(rig.facts[0].flags == kInvalid);
}

BOOST_AUTO_TEST_CASE(steps_of_the_reference_time) {
  MipRig rig(mip_settings());
  const auto feed = [&](std::vector<std::byte> b) { rig.decode(*rig.driver, b, 1); };
  feed(sample_packet(1'000'000'000));
  feed(sample_packet(1'001'000'300));              // jitter of the stamp
  feed(sample_packet(1'001'000'300));              // the same again
  feed(sample_packet(1'006'000'000));              // four missing, sent by the device
  feed(sample_packet(1'010'000'000, 4));           // three missing that it never sent
  feed(sample_packet(1'011'000'000, 2));           // D2 contradicts D5
  feed(sample_packet(9'000'000'000'000'000'000));  // no loss can be that long
  feed(sample_packet(9'000'000'000'001'000'000));
  feed(sample_packet(5));
  const std::uint64_t seqs[] = {0, 1, 6, 10, 11, 12, 13, 14};
  BOOST_REQUIRE(rig.inertial.size() == std::size(seqs));
  for (std::size_t i = 0; i < std::size(seqs); ++i) BOOST_TEST(rig.inertial[i].seq == seqs[i]);
  const std::int64_t losses[][3] = {{2, 4, 0}, {7, 3, 1}, {12, -1, 5}, {14, -1, 3}};
  BOOST_REQUIRE(rig.loss.size() == std::size(losses));
  for (std::size_t i = 0; i < std::size(losses); ++i)
    for (std::size_t k = 0; k < 3; ++k) BOOST_TEST(value<std::int64_t>(rig.loss[i], k) == losses[i][k]);
  BOOST_TEST(rig.counter("duplicate_time") == 1U);
  BOOST_TEST(rig.counter("samples_lost") == 7U);
  BOOST_TEST(rig.counter("losses_unknown") == 2U);
  BOOST_TEST(rig.inertial.back().epoch == 2);
}

BOOST_AUTO_TEST_CASE(fields_that_do_not_fit_are_named) {
  MipRig rig(mip_settings());
  const auto feed = [&](mip::Writer& w) {
    const auto b = w.finish();
    rig.decode(*rig.driver, b, 1);
  };
  mip::Writer unknown(0x80);
  unknown.field(0x77).u8(1).field(0xD5).u64(1).field(0x04).f32(0).f32(0).f32(0).field(0x05).f32(0).f32(0).f32(0);
  feed(unknown);
  BOOST_TEST(rig.counter("unknown_field") == 1U);
  BOOST_TEST(rig.inertial.size() == 1U);
  mip::Writer wrong_length(0x80);
  wrong_length.field(0xD5).u64(1'000'001).field(0x04).f32(0).f32(0).field(0x05).f32(0).f32(0).f32(0);
  feed(wrong_length);
  BOOST_TEST(rig.counter("bad_field") == 1U);
  BOOST_TEST(rig.counter("incomplete_packet") == 1U);
  mip::Writer event(0x80);
  event.field(0xD0).u8(2).field(0xD5).u64(2'000'001);
  feed(event);
  BOOST_TEST(rig.counter("event_packet") == 1U);
  mip::Writer system(0xA0);
  system.field(0xD5).u64(1);
  feed(system);
  BOOST_TEST(rig.counter("other_set") == 1U);
  mip::Writer no_time(0x80);
  no_time.field(0x04).f32(0).f32(0).f32(0).field(0x05).f32(0).f32(0).f32(0).field(0x12).f64(std::nan("")).u16(0).u16(0);
  feed(no_time);
  BOOST_TEST(rig.counter("bad_field") == 2U);
  BOOST_TEST(rig.inertial.size() == 1U);
  mip::Writer refused(0x01);
  refused.field(0xF1).u8(0x06).u8(4);
  feed(refused);
  BOOST_TEST(std::string(rig.driver->check(*rig.link, 1)) == "the device refuses to resume");
}

BOOST_AUTO_TEST_CASE(hostile_bytes_break_nothing) {
  MipRig rig(mip_settings());
  rig.decode(*rig.driver, {}, 0);
  std::mt19937 random(3);
  const auto good = sample_packet(1'000'000);
  for (int i = 0; i < 4000; ++i) {
    std::vector<std::byte> bytes;
    switch (random() % 4) {
      case 0:  // noise
        for (std::size_t n = random() % 400; n > 0; --n) bytes.push_back(static_cast<std::byte>(random()));
        break;
      case 1: {  // valid frames with random contents
        mip::Writer w(static_cast<std::uint8_t>(random() % 3 ? 0x80 : random()));
        w.field(static_cast<std::uint8_t>(random()));
        for (std::size_t n = random() % 240; n > 0; --n)
          w.u8(static_cast<std::uint8_t>(random() % 2 ? random() % 16 : random()));
        auto frame = w.finish();
        bytes.assign(frame.begin(), frame.end());
        if (bytes.size() > 8) {  // field lengths that lie, checksum right
          bytes[4] = static_cast<std::byte>(random() % 20);
          const auto sums = mip::fletcher(std::span(bytes).first(bytes.size() - 2));
          bytes[bytes.size() - 2] = static_cast<std::byte>(sums >> 8);
          bytes[bytes.size() - 1] = static_cast<std::byte>(sums);
        }
        break;
      }
      case 2:
        bytes = sample_packet(random() * 0x100000001ULL * random(), random(), std::nanf(""));
        break;
      default:
        bytes.assign(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(random() % good.size()));
    }
    rig.decode(*rig.driver, bytes, i * 30 * kMs);
  }
  for (std::size_t i = 1; i < rig.inertial.size(); ++i) BOOST_REQUIRE(rig.inertial[i].seq > rig.inertial[i - 1].seq);
  // And it recovers.
  const std::size_t before = rig.inertial.size();
  rig.decode(*rig.driver, std::vector<std::byte>(300), 200'000 * kMs);
  for (std::uint64_t k = 0; k < 10; ++k)
    rig.decode(*rig.driver, sample_packet(7'000'000'000 + k * 1'000'000), 200'001 * kMs);
  BOOST_TEST(rig.inertial.size() == before + 10);
}

BOOST_AUTO_TEST_CASE(another_makers_device_is_not_touched) {
  test::UntouchedLink link;
  MipRig rig(mip_settings());
  link.facts = rig.device->info();
  link.facts.vendor_id = 0x0483;
  link.facts.manufacturer = "STMicroelectronics";
  BOOST_CHECK_THROW(rig.driver->identify(link), DeviceError);
  FixedBatch<4> facts;
  BOOST_CHECK_THROW(rig.driver->start(link, facts), DeviceError);

  // the second port of a two-port unit
  link.facts = rig.device->info();
  link.facts.serial_string = "2-00" + link.facts.serial_string.substr(4);
  BOOST_CHECK_EXCEPTION(rig.driver->identify(link), DeviceError, [](const DeviceError& e) {
    return std::string(e.what()).find("auxiliary port") != std::string::npos;
  });
}

// A plug is pulled in the middle of a packet: its half does not meet the next stream.
BOOST_AUTO_TEST_CASE(half_a_packet_before_an_unplugging_is_forgotten) {
  MipRig rig(mip_settings(1));
  rig.start();
  rig.link->run_until(rig.link->now + 300 * kMs);
  BOOST_REQUIRE(!rig.recorded.empty());
  const std::vector<std::byte> whole = rig.recorded.back().first;
  BOOST_REQUIRE(whole.size() >= 50u);
  rig.decode(*rig.driver, std::span(whole).first(20), rig.link->now);
  rig.device->power_cycle(rig.link->now);
  rig.driver->stop(*rig.link);
  rig.inertial.clear();
  rig.start();
  rig.link->run_until(rig.link->now + 500 * kMs);
  BOOST_TEST(rig.counter("resync_bytes") <= 20u + 10u);  // the half, and the answer to the command of `stop`
  BOOST_TEST(rig.counter("bad_checksum") == 0u);
  BOOST_TEST(rig.inertial.size() > 450u);
}

BOOST_AUTO_TEST_CASE(four_devices_are_much_faster_than_real_time) {
  Waves waves;
  std::vector<std::unique_ptr<MipRig>> rigs;
  for (int i = 0; i < 4; ++i) {
    rigs.push_back(std::make_unique<MipRig>(mip_settings(1), &waves));
    rigs.back()->start();
  }
  const auto begin = std::chrono::steady_clock::now();
  for (auto& rig : rigs) rig->link->run_until(rig->link->now + 10 * kSecond);
  const double s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  BOOST_TEST_MESSAGE("four devices and drivers: " << 10 / s << " times real time");
  for (const auto& rig : rigs) BOOST_TEST(rig->inertial.size() > 9990U);
}

BOOST_AUTO_TEST_SUITE_END()
