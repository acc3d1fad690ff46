// Captures written and played by the daemon's parts; and the capture of every driver against samples that a decoder
// written from the maker's documents gives (tests/drivers/decode_capture.py).
#include <unistd.h>
#include <zlib.h>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "daemon/captures.hpp"
#include "daemon/devices.hpp"
#include "daemon/replay.hpp"
#include "tests/daemon/rig.hpp"

BOOST_AUTO_TEST_SUITE(captures)

using namespace rig_test;
namespace fs = std::filesystem;

namespace {

struct Folder {
  std::string path = (fs::temp_directory_path() / "grfd_captures_XXXXXX").string();
  Folder() { BOOST_REQUIRE(mkdtemp(path.data())); }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
};

std::string unzipped(const std::string& path) {
  const gzFile in = gzopen(path.c_str(), "rb");
  if (!in) return "";
  std::string text(1 << 20, '\0');
  const int n = gzread(in, text.data(), static_cast<unsigned>(text.size()));
  gzclose(in);
  text.resize(static_cast<std::size_t>(std::max(n, 0)));
  return text;
}

/// As decode_capture.py writes them.
std::string line_of(const Sample& s, const StreamInfo& info) {
  std::ostringstream text;
  const int flags = s.flags & ~kClockUnsettled;  // the pipeline's, not the driver's
  text << info.name.substr(info.name.rfind('/') + 1) << ' ' << s.seq << ' ' << s.t_device << ' ' << flags << ' '
       << s.epoch << ' ' << s.t_arrival << ' ';
  if (info.type == ValueType::text) {
    for (const char c : grfd::text(s)) {
      char digits[3];
      std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(c));
      text << digits;
    }
    return text.str();
  }
  const std::size_t size = value_size(info.type);
  for (std::size_t c = 0; c < info.columns.size(); ++c) {
    std::uint64_t word = 0;
    std::memcpy(&word, s.data.data() + c * size, size);
    char digits[20];
    std::snprintf(digits, sizeof digits, "%s%0*llx", c ? "," : "", static_cast<int>(2 * size),
                  static_cast<unsigned long long>(word));
    text << digits;
  }
  return text.str();
}

std::vector<Capture> captures_in(const Session& session) {
  std::vector<Capture> captures;
  for (const DeviceSettings& d : session.settings.devices)
    captures.emplace_back(session.settings.record.folder + "/" + session.id + "_" + d.name + ".grfcap");
  return captures;
}

/// Plays them into a new session. The stream table is the same.
Collector played(const std::vector<Capture>& captures, const Session& session) {
  Settings settings = captured_settings(captures.front().session(), {});
  VirtualClock clock(session.start);
  Assembly assembly(std::move(settings), session.start, session.start_utc_ns, true);
  Collector collector;
  assembly.engine->add_outlet(collector);
  play(captures, assembly, clock, ReplayLink::kEnd, 64);
  assembly.engine->poll(clock.t + kSecond);
  return collector;
}

/// Compares what a recording of raw streams holds. @return samples compared
std::size_t compare_raw(const Collector& live, const Collector& again, const StreamTable& table) {
  std::size_t n = 0;
  for (StreamId id = 0; id < table.size(); ++id) {
    if (table[id].kind != StreamKind::raw) continue;
    std::vector<Sample> a, b;
    for (const Sample& s : live.samples)
      if (s.stream == id) a.push_back(s);
    for (const Sample& s : again.samples)
      if (s.stream == id) b.push_back(s);
    BOOST_TEST_CONTEXT(table[id].name) {
      BOOST_REQUIRE(a.size() == b.size());
      for (std::size_t i = 0; i < a.size(); ++i, ++n) {
        b[i].order = a[i].order;
        BOOST_REQUIRE(std::memcmp(&a[i], &b[i], sizeof(Sample)) == 0);  // t as well
      }
    }
  }
  return n;
}

/// What the independent decoder does not derive, and why.
const std::map<std::string, std::string> kLeftOut{
    {"xio_ximu3/settings", "which answers are archived is the driver's choice; xio_ximu3_test compares them"}};

}  // namespace

BOOST_AUTO_TEST_CASE(every_driver_gives_the_samples_of_an_independent_decoder) {
  for (const DriverEntry& entry : driver_registry()) {
    const std::string base = std::string(GRFD_FIXTURES) + "/captures/" + entry.name;
    BOOST_TEST_CONTEXT(entry.name) {
      BOOST_REQUIRE_MESSAGE(
          fs::exists(base + ".grfcap"),
          "no capture of this driver: see drivers/README.md, tests/drivers/make_capture " << entry.name);
      BOOST_TEST(fs::file_size(base + ".grfcap") < 50'000u);
      const Capture capture(base + ".grfcap");
      BOOST_TEST(capture.closed());
      const Settings settings = captured_settings(capture.session(), {});
      BOOST_REQUIRE(settings.devices.size() == 1u);
      BOOST_TEST(settings.devices[0].driver == entry.name);
      Assembly assembly(settings, capture.session().start_ns, 0, true);
      VirtualClock clock(capture.session().start_ns);
      Collector collector;
      assembly.engine->add_outlet(collector);
      std::vector<Capture> one;
      one.emplace_back(base + ".grfcap");
      play(one, assembly, clock, ReplayLink::kEnd);
      assembly.engine->poll(clock.t + kSecond);

      std::map<std::string, std::vector<std::string>> expected, got;
      std::istringstream lines(unzipped(base + ".samples.gz"));
      std::string line;
      std::getline(lines, line);
      std::istringstream derived(line);
      for (std::string word; derived >> word;) expected[word];  // also those that stay empty
      BOOST_REQUIRE(expected.erase("derived:") == 1u);
      while (std::getline(lines, line)) {
        const auto stream = expected.find(line.substr(0, line.find(' ')));
        BOOST_REQUIRE(stream != expected.end());
        stream->second.push_back(line);
      }
      for (const Sample& s : collector.samples)
        if (const StreamInfo& info = assembly.session.streams[s.stream]; info.kind == StreamKind::raw) {
          const std::string row = line_of(s, info);
          got[row.substr(0, row.find(' '))].push_back(row);
        }
      // These captures are older than the record of the speed.
      BOOST_TEST(!got["link"].empty());
      for (const Sample& s : collector.samples)
        if (assembly.session.streams[s.stream].name.ends_with("/link")) {
          BOOST_TEST(value<double>(s, 0) == 0);
          BOOST_TEST(value<double>(s, 1) == 1e-3);
        }
      std::size_t compared = 0;
      for (const auto& [stream, rows] : expected) {
        BOOST_TEST(got[stream].size() == rows.size());
        for (std::size_t i = 0; i < std::min(rows.size(), got[stream].size()); ++i, ++compared)
          BOOST_REQUIRE_EQUAL(got[stream][i], rows[i]);
      }
      // Every stream of the device is compared, or left out for a reason.
      std::size_t streams = 0;
      for (const StreamInfo& info : assembly.session.streams) {
        if (info.kind != StreamKind::raw) continue;
        const std::string stream = info.name.substr(info.name.rfind('/') + 1);
        if (stream == "link") continue;  // not the driver's
        const bool is_compared = expected.contains(stream);
        streams += is_compared;
        BOOST_TEST(is_compared != kLeftOut.contains(entry.name + ("/" + stream)), stream << " is not compared");
      }
      BOOST_TEST(streams == expected.size());
      BOOST_TEST_MESSAGE(entry.name << ": " << compared << " samples equal those of the independent decoder");
      BOOST_TEST(compared >= 100u);
      BOOST_TEST(!expected[expected.contains("facts") ? "facts" : "calibration"].empty());
      BOOST_TEST(!expected["sync"].empty());
      if (std::string(entry.name) != "mcc_usb1608fs_plus") BOOST_TEST(!expected["loss"].empty());  // it does not count
    }
  }
}

BOOST_AUTO_TEST_CASE(virtual_time_with_an_unplugged_device) {
  const Folder folder;
  Settings settings = demo_settings({"stimulus.kind=none", "record.folder=\"" + folder.path + "\""});
  Rig rig(settings);
  Collector live;
  rig.assembly.engine->add_outlet(live);
  {
    Captures files(rig.assembly.session);
    files.connect(rig.assembly, rig.clock);
    rig.start_all();
    const auto poll = [&] {
      rig.assembly.engine->poll(rig.clock.t);
      files.drain();
    };
    rig.run_until(kStart + kSecond, poll);
    for (const std::size_t i : {std::size_t{0}, std::size_t{2}}) {
      rig.emulation.link(i)->unplug();
      rig.assembly.ports[i]->check(*rig.emulation.link(i), rig.clock.t);
      rig.assembly.ports[i]->stop(*rig.emulation.link(i));
      BOOST_CHECK_THROW(rig.assembly.ports[i]->start(*rig.emulation.link(i), rig.clock.t), LinkError);
      rig.assembly.ports[i]->stop(*rig.emulation.link(i));
    }
    rig.run_until(kStart + 3 * kSecond / 2, poll);
    for (const std::size_t i : {std::size_t{0}, std::size_t{2}}) {
      rig.emulation.link(i)->plug_in();
      rig.assembly.ports[i]->start(*rig.emulation.link(i), rig.clock.t);
    }
    rig.run_until(kStart + 5 * kSecond / 2, poll);
    for (std::size_t i = 0; i < rig.devices(); ++i) rig.assembly.ports[i]->stop(*rig.emulation.link(i));
    rig.assembly.engine->poll(rig.clock.t + kSecond);
  }
  const auto captures = captures_in(rig.assembly.session);
  const std::size_t n = compare_raw(live, played(captures, rig.assembly.session), rig.streams());
  BOOST_TEST_MESSAGE(n << " raw samples equal, also their mapped time");
  BOOST_TEST(n > 11'000u);
  BOOST_TEST(std::count_if(live.samples.begin(), live.samples.end(),
                           [](const Sample& s) { return s.stream == 0 && (s.flags & kNewEpoch); }) == 1);
}

// Nothing in this unit's bytes tells of a loss: without the record the replay would not start it anew with that cause.
BOOST_AUTO_TEST_CASE(a_transfer_that_failed_gives_the_same_restart_again) {
  const Folder folder;
  Settings settings = load_config(std::string(GRFD_FIXTURES) + "/captures/mcc_usb1608fs_plus.toml",
                                  {"record.folder=\"" + folder.path + "\""});
  Rig rig(settings);
  Collector live;
  rig.assembly.engine->add_outlet(live);
  {
    Captures files(rig.assembly.session);
    files.connect(rig.assembly, rig.clock);
    rig.start_all();
    const auto poll = [&] {
      rig.assembly.engine->poll(rig.clock.t);
      files.drain();
    };
    DevicePort& port = *rig.assembly.ports[0];
    EmulatedLink& link = *rig.emulation.link(0);
    for (const bool checked : {true, false}) {  // or the daemon stops it for another reason, before it looks
      rig.run_until(rig.clock.t + kSecond, poll);
      BOOST_TEST(port.check(link, rig.clock.t) == nullptr);
      link.fail("transfer_error");
      rig.run_until(rig.clock.t + 100 * kMs, poll);
      if (checked) {
        const char* cause = port.check(link, rig.clock.t);
        BOOST_REQUIRE(cause);
        BOOST_TEST(std::string(cause) == "transfer_error");
      }
      port.stop(link);
      port.start(link, rig.clock.t);
    }
    rig.run_until(rig.clock.t + kSecond, poll);
    port.stop(link);
    rig.assembly.engine->poll(rig.clock.t + kSecond);
  }
  const auto captures = captures_in(rig.assembly.session);
  const Collector again = played(captures, rig.assembly.session);
  BOOST_TEST(compare_raw(live, again, rig.streams()) > 2500u);
  const auto gaps = live.texts(rig.streams(), "gaps");
  BOOST_TEST(std::count_if(gaps.begin(), gaps.end(), [](const std::string& row) {
               return row.starts_with("lost {\"stream\":\"raw/dut/scan\",\"cause\":\"link_error\"");
             }) == 2);
  BOOST_TEST(again.texts(rig.streams(), "gaps") == gaps, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(real_threads_with_an_unplugged_device) {
  const Folder folder;
  MonotonicClock clock;
  Settings settings = demo_settings({"stimulus.kind=none", "record.folder=\"" + folder.path + "\""});
  const TimeNs start = clock.now();
  Assembly assembly(settings, start, 0, false);
  Emulation emulation(assembly.session.settings, nullptr, clock, start, *assembly.truth_ring, assembly.first_truth);
  Collector live;
  live.samples.reserve(200'000);
  assembly.engine->add_outlet(live);
  std::uint64_t dropped = 0;
  auto files = std::make_unique<Captures>(assembly.session);  // the engine reads their counters to the end
  files->connect(assembly, clock);
  files->start();
  {
    Devices devices(assembly, emulation, nullptr, clock, [](const Devices::Status&) {});
    devices.start();
    {
      Loop dsp("dsp", 0, [&] {
        clock.sleep_until(clock.now() + kMs);
        assembly.engine->poll(clock.now());
      });
      Loop devices_time("emulation", 0, [&] {
        clock.sleep_until(std::min(emulation.next(), clock.now() + 10 * kMs));
        emulation.run_until(clock.now());
      });
      const auto wait_for = [&](const auto& condition) {
        for (int i = 0; i < 1000 && !condition(); ++i) clock.sleep_until(clock.now() + 10 * kMs);
        return condition();
      };
      BOOST_TEST(wait_for([&] { return devices.all_required_streaming(); }));
      clock.sleep_until(clock.now() + 700 * kMs);
      for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) emulation.link(i)->unplug();
      BOOST_TEST(wait_for([&] {
        return devices.status()[0].state == Devices::State::lost && devices.status()[1].state == Devices::State::lost;
      }));
      for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) emulation.link(i)->plug_in();
      BOOST_TEST(wait_for([&] { return devices.all_required_streaming(); }));
      clock.sleep_until(clock.now() + 500 * kMs);
    }
  }
  assembly.engine->poll(clock.now() + kSecond);
  for (std::size_t i = 0; i < files->size(); ++i)
    for (const Counter* c : (*files)[i].counters()) dropped += c->get();
  files.reset();
  BOOST_TEST(dropped == 0u);
  const auto captures = captures_in(assembly.session);
  const std::size_t n = compare_raw(live, played(captures, assembly.session), assembly.session.streams);
  BOOST_TEST_MESSAGE(n << " raw samples equal, also their mapped time");
  BOOST_TEST(n > 5'000u);
}

BOOST_AUTO_TEST_CASE(a_full_ring_is_counted_and_marked) {
  const Folder folder;
  CaptureSession session;
  session.driver = session.device = "x";
  const std::string path = folder.path + "/x.grfcap";
  {
    CaptureFile file(path, session, 4096);
    const CaptureBytes transfer(500);
    for (int i = 0; i < 20; ++i) file.streamed(CaptureKind::bytes, i, transfer);
    BOOST_TEST(file.counters()[0]->get() == 13u);
    file.said(CaptureKind::verb, 20, CaptureBytes{std::byte{1}});  // the other ring has room
    file.drain();
    file.streamed(CaptureKind::bytes, 30, transfer);
    for (int i = 0; i < 9; ++i) file.streamed(CaptureKind::bytes, 31, transfer);
  }
  const Capture capture(path);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> holes;
  std::size_t transfers = 0;
  for (const CaptureRecord& r : capture.records()) {
    if (r.kind == CaptureKind::hole) holes.push_back(*decode_hole(r.payload));
    transfers += r.kind == CaptureKind::bytes;
  }
  BOOST_TEST(transfers == 14u);
  BOOST_REQUIRE(holes.size() == 2u);
  BOOST_TEST(holes[0].first == 13u);
  BOOST_TEST(holes[0].second == 6500u);
  BOOST_TEST(holes[1].first == 3u);
  BOOST_TEST(capture.closed());
  BOOST_CHECK_THROW(CaptureFile(path, session, 4096), std::system_error);  // nothing is replaced
}

BOOST_AUTO_TEST_CASE(captures_that_do_not_fit_the_settings) {
  const std::string u6 = std::string(GRFD_FIXTURES) + "/captures/labjack_u6.grfcap",
                    imu = std::string(GRFD_FIXTURES) + "/captures/microstrain_mip.grfcap";
  const Folder folder;
  const auto error = [&](ReplayOptions options) -> std::string {
    options.output = folder.path + "/out.h5";
    try {
      replay(options);
    } catch (const std::exception& e) { return e.what(); }
    return "";
  };
  BOOST_TEST(error({.captures = {u6, u6}}).find("a second capture of dut") != std::string::npos);
  BOOST_TEST(error({.captures = {u6}, .config = std::string(GRFD_SOURCE) + "/config/demo.toml"})
                 .find("the settings have no device 'dut'") != std::string::npos);
  BOOST_TEST(error({.captures = {u6}, .config = std::string(GRFD_FIXTURES) + "/captures/microstrain_mip.toml"})
                 .find("of driver labjack_u6, the settings say microstrain_mip") != std::string::npos);
  const std::string other = error({.captures = {u6}, .overrides = {"device.dut.rate_hz=500"}});
  BOOST_TEST(other.find(u6 + ": offset ") == 0u);
  BOOST_TEST(other.find("the driver does 'write 01") != std::string::npos);
  BOOST_TEST(error({.captures = {imu}}) == "");
  BOOST_TEST(fs::exists(folder.path + "/out.h5"));
}

BOOST_AUTO_TEST_SUITE_END()
