#include <boost/test/unit_test.hpp>

#include <array>
#include <cstring>

#include "drivers/capture_link.hpp"
#include "drivers/replay.hpp"

BOOST_AUTO_TEST_SUITE(capture)

using namespace grfd;

namespace {

CaptureBytes bytes_of(std::string_view text) {
  const auto* p = reinterpret_cast<const std::byte*>(text.data());
  return {p, p + text.size()};
}

CaptureSession session() {
  CaptureSession s;
  s.device = "dut";
  s.driver = "none";
  s.session_id = "20261125T203000Z-001";
  s.start_ns = 1'000'000'000'000;
  s.start_utc_ns = 1'764'102'600'000'000'000;
  s.settings_file = "lab.toml";
  s.settings = "[[device]]\n\"\xff\"";  // no UTF-8
  s.calibration = {{"left", {"left.toml", "gain = 1\n"}}};
  return s;
}

struct Buffer final : CaptureOutlet {
  CaptureBytes bytes;
  CaptureEncoder encoder;
  Buffer() {
    CaptureEncoder::begin(bytes);
    encoder.record(bytes, CaptureKind::session, session().start_ns, encode(session()));
  }
  void streamed(CaptureKind kind, TimeNs t, CaptureView payload) noexcept override {
    encoder.record(bytes, kind, t, payload);
  }
  void said(CaptureKind kind, TimeNs t, CaptureView payload) noexcept override {
    encoder.record(bytes, kind, t, payload);
  }
  void end() { encoder.record(bytes, CaptureKind::end, session().start_ns + 9, {}); }
};

/// A device that echoes what is written, inverted, and fails where it is told to.
struct Echo final : Link {
  LinkInfo description{0x1234, 0xabcd, "maker", "thing", "no 7", {9, 2, 9, 0, 1, 1, 0, 0x80, 50}, LinkSpeed::high};
  CaptureBytes answer;
  Receiver* receiver = nullptr;
  const LinkInfo& info() const override { return description; }
  void claim(std::span<const int>) override {}
  std::size_t control(std::uint8_t type, std::uint8_t request, std::uint16_t, std::uint16_t, std::span<std::byte> data,
                      int) override {
    if (request == 0xff) throw LinkError(LinkError::Kind::stall, "control request 255 stalled");
    if (type & 0x80) std::fill(data.begin(), data.begin() + 2, std::byte{request});
    return type & 0x80 ? 2 : data.size();
  }
  void write(std::uint8_t, std::span<const std::byte> data, int) override {
    answer.assign(data.begin(), data.end());
    for (std::byte& b : answer) b = ~b;
  }
  std::size_t read(std::uint8_t, std::span<std::byte> data, int) override {
    const std::size_t n = std::min(data.size(), answer.size());
    std::copy_n(answer.begin(), n, data.begin());
    answer.clear();
    return n;
  }
  void start_stream(std::uint8_t, std::size_t, int) override {
    if (receiver) receiver->bytes(bytes_of("early"), session().start_ns + 4);
  }
  void stop_stream(std::uint8_t, int) noexcept override {
    if (receiver) receiver->bytes(bytes_of("late"), session().start_ns + 7);
  }
  void set_receiver(Receiver* r) override { receiver = r; }
};

struct Heard final : Link::Receiver {
  std::vector<std::pair<std::string, TimeNs>> all;
  std::string why;
  std::vector<const char*> damages;  // kept, as a driver keeps them
  void bytes(std::span<const std::byte> data, TimeNs arrival) noexcept override {
    all.emplace_back(std::string(reinterpret_cast<const char*>(data.data()), data.size()), arrival);
  }
  void lost(const char* reason) noexcept override { why = reason; }
  void damaged(const char* reason) noexcept override {
    damages.push_back(reason);
    all.emplace_back("(damaged)", 0);
  }
};

struct Clock final : LabClock {
  TimeNs t = session().start_ns;
  TimeNs now() const override { return t; }
  void sleep_until(TimeNs at) override { t = at; }
};

/// Everything a driver can do with a link; what came back, as text.
std::string converse(Link& link, bool other_bytes = false) {
  std::string log;
  std::array<std::byte, 8> answer{};
  const std::array interfaces{0, 1};
  link.claim(interfaces);
  log += "info " + std::to_string(link.info().vendor_id) + link.info().serial_string + " " +
         to_string(link.info().speed) + std::to_string(link.info().configuration.size());
  const std::size_t came = link.control(0xc0, 0x48, 1, 2, answer, 100);
  log += " control " + std::to_string(came) + std::to_string(std::to_integer<int>(answer[1]));
  CaptureBytes out = bytes_of("abc");
  log += " out " + std::to_string(link.control(0x40, 0x11, 0, 0, out, 100));
  try {
    link.control(0x40, 0xff, 0, 0, {}, 100);
  } catch (const LinkError& e) { log += std::string(" ") + e.what() + std::to_string(static_cast<int>(e.kind)); }
  link.write(1, other_bytes ? bytes_of("hellO") : bytes_of("hello"), 100);
  const std::size_t n = link.read(0x82, answer, 100);
  for (std::size_t i = 0; i < n; ++i) log += " " + std::to_string(std::to_integer<int>(answer[i]));
  log += " nothing " + std::to_string(link.read(0x82, answer, 100));
  link.start_stream(0x83, 64, 4);
  return log;
}

CaptureBytes captured(std::string* said = nullptr, Heard* heard = nullptr) {
  Buffer buffer;
  Clock clock;
  Echo device;
  Heard own;
  CapturingLink link(device, buffer, clock);
  link.mark(CaptureVerb::start, clock.t + 1);
  clock.t += 2;
  link.set_receiver(heard ? heard : &own);
  const std::string log = converse(link);
  if (said) *said = log;
  device.receiver->bytes(bytes_of("middle"), session().start_ns + 5);
  link.mark(CaptureVerb::check, session().start_ns + 6);
  link.mark(CaptureVerb::stop, session().start_ns + 6);
  link.stop_stream(0x83, 10);
  device.receiver->lost("unplugged");
  buffer.end();
  return buffer.bytes;
}

std::string error_of(const CaptureBytes& bytes) {
  try {
    read_capture(bytes, "x.grfcap");
  } catch (const CaptureError& e) { return e.what(); }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_replay_answers_as_the_device_did) {
  std::string said;
  Heard live, again;
  const Capture capture(captured(&said, &live), "x.grfcap");
  BOOST_TEST(said ==
             "info 4660no 7 high9 control 272 out 3 control request 255 stalled2 151 154 147 147 144 nothing 0");
  BOOST_TEST(capture.closed());
  BOOST_TEST(capture.session().calibration.at("left").text == "gain = 1\n");
  BOOST_TEST(capture.session().calibration.at("left").path == "left.toml");
  BOOST_TEST(capture.session().start_utc_ns == session().start_utc_ns);

  ReplayLink link(capture);
  link.set_receiver(&again);
  std::vector<CaptureVerb> verbs;
  while (link.next() != ReplayLink::kEnd) {
    const auto verb = link.step();
    if (!verb) continue;
    verbs.push_back(*verb);
    if (*verb == CaptureVerb::start) {
      BOOST_TEST(link.asked_at() == session().start_ns + 1);
      BOOST_TEST(converse(link) == said);
    }
    if (*verb == CaptureVerb::stop) link.stop_stream(0x83, 10);
  }
  BOOST_TEST(link.divergence() == "");
  BOOST_TEST((verbs == std::vector{CaptureVerb::start, CaptureVerb::check, CaptureVerb::stop}));
  BOOST_TEST((again.all == live.all));
  BOOST_REQUIRE(live.all.size() == 3u);
  BOOST_TEST(live.all[2].first == "late");
  BOOST_TEST(again.why == "unplugged");
}

BOOST_AUTO_TEST_CASE(a_driver_that_does_something_else_is_told_where) {
  const Capture capture(captured(), "x.grfcap");
  {
    ReplayLink link(capture);
    while (!link.step()) {}
    BOOST_CHECK_THROW(converse(link, true), LinkError);
    BOOST_TEST(link.divergence().find("x.grfcap: offset ") == 0u);
    BOOST_TEST(link.divergence().find("'write 01 68656c6c4f' where the capture has 'write 01 68656c6c6f'") !=
               std::string::npos);
  }
  {
    ReplayLink link(capture);
    while (!link.step()) {}
    BOOST_CHECK_THROW(link.start_stream(0x83, 64, 4), LinkError);
    BOOST_TEST(link.divergence().find("asks for a 'start_stream' where the capture has a 'claim'") !=
               std::string::npos);
  }
  {
    ReplayLink link(capture);  // a driver that asks for nothing
    BOOST_CHECK_THROW(while (link.next() != ReplayLink::kEnd) link.step(), CaptureError);
  }
}

BOOST_AUTO_TEST_CASE(a_transfer_that_failed_is_told_again_at_its_place) {
  Buffer buffer;
  Clock clock;
  Echo device;
  Heard live, again;
  CapturingLink link(device, buffer, clock);
  link.mark(CaptureVerb::start, clock.t);
  link.set_receiver(&live);
  link.start_stream(0x83, 64, 4);
  for (const char* why : {"transfer_error", "transfer_overflow"}) {
    device.receiver->damaged(why);
    device.receiver->bytes(bytes_of("more"), session().start_ns + 5);
  }
  buffer.end();
  const Capture capture(buffer.bytes, "x.grfcap");
  ReplayLink replay(capture);
  replay.set_receiver(&again);
  while (replay.next() != ReplayLink::kEnd)
    if (replay.step() == CaptureVerb::start) replay.start_stream(0x83, 64, 4);
  BOOST_TEST(replay.divergence() == "");
  BOOST_REQUIRE_EQUAL(again.all.size(), 5u);
  BOOST_TEST((again.all == live.all));
  BOOST_TEST(again.all[1].first == "(damaged)");
  BOOST_REQUIRE_EQUAL(again.damages.size(), 2u);
  BOOST_TEST(std::string(again.damages[0]) == "transfer_error");
  BOOST_TEST(std::string(again.damages[1]) == "transfer_overflow");
}

BOOST_AUTO_TEST_CASE(the_speed_of_the_link_is_kept_and_older_captures_have_none) {
  const CaptureBytes whole = captured();
  CaptureBytes older;
  CaptureEncoder encoder;
  CaptureEncoder::begin(older);
  for (const CaptureRecord& r : read_capture(whole, "x").records)
    if (r.kind != CaptureKind::speed) encoder.record(older, r.kind, r.t, r.payload);
  for (const auto& [bytes, speed] : {std::pair{whole, LinkSpeed::high}, {older, LinkSpeed::unknown}}) {
    const Capture capture(bytes, "x.grfcap");
    ReplayLink link(capture);
    while (!link.step()) {}
    BOOST_TEST((link.info().speed == speed));
    BOOST_TEST(link.info().vendor_id == 0x1234);
    BOOST_TEST(frame_s(link.info().speed) == (speed == LinkSpeed::high ? 125e-6 : 1e-3));
  }
  CaptureBytes wrong = bytes_of("GRFCAP1\n");
  encoder.record(wrong, CaptureKind::session, 0, encode(session()));
  const std::array speed{std::byte{5}};
  encoder.record(wrong, CaptureKind::speed, 0, speed);
  BOOST_TEST(error_of(wrong).ends_with("damaged: this is no 'speed'"));
}

BOOST_AUTO_TEST_CASE(a_file_cut_anywhere_keeps_every_whole_record) {
  const CaptureBytes whole = captured();
  const auto all = read_capture(whole, "x").records;
  BOOST_REQUIRE(all.size() > 15u);
  for (std::size_t n = CaptureEncoder::kMagic.size(); n < whole.size(); ++n) {
    const CaptureContent cut = read_capture(CaptureView(whole).first(n), "x");
    std::size_t expected = 0;
    while (expected < all.size() && (expected + 1 < all.size() ? all[expected + 1].offset : whole.size()) <= n)
      ++expected;
    BOOST_REQUIRE(cut.records.size() == expected);
    BOOST_REQUIRE(cut.good_bytes + cut.cut_bytes == n);
    BOOST_REQUIRE(cut.good_bytes == (expected < all.size() ? all[expected].offset : whole.size()));
    if (expected > 0) {
      const Capture capture(CaptureBytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)), "x");
      BOOST_REQUIRE(!capture.closed());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_changed_byte_is_found) {
  const CaptureBytes whole = captured();
  const auto all = read_capture(whole, "x").records;
  std::size_t damaged = 0, cut = 0;
  for (std::size_t i = 0; i < whole.size(); ++i)
    for (const int bit : {0, 3, 7}) {
      CaptureBytes bytes = whole;
      bytes[i] ^= static_cast<std::byte>(1 << bit);
      const std::string error = error_of(bytes);
      if (!error.empty()) {
        BOOST_REQUIRE(error.find("x.grfcap: offset ") == 0u);
        ++damaged;
        continue;
      }
      // A length that now reaches behind the end of the file looks like a cut; nothing wrong is given out.
      const CaptureContent content = read_capture(bytes, "x");
      BOOST_REQUIRE(content.cut_bytes > 0u);
      for (std::size_t r = 0; r < content.records.size(); ++r)
        BOOST_REQUIRE(std::equal(all[r].payload.begin(), all[r].payload.end(), content.records[r].payload.begin(),
                                 content.records[r].payload.end()));
      ++cut;
    }
  BOOST_TEST_MESSAGE(damaged << " changes are errors, " << cut << " look like a cut");
  BOOST_TEST(damaged > 10 * cut);
}

BOOST_AUTO_TEST_CASE(files_that_are_none) {
  BOOST_TEST(error_of({}) == "x.grfcap: offset 0: the file is too short to be a capture (GRFCAP1)");
  BOOST_TEST(error_of(bytes_of("\x89HDF\r\n\x1a\n....")) ==
             "x.grfcap: offset 0: not a capture: it must begin with GRFCAP1");
  BOOST_TEST(error_of(bytes_of("GRFCAP2\n")) ==
             "x.grfcap: offset 6: a capture of another version; this program reads version 1");
  BOOST_TEST(error_of(bytes_of("GRFCAP1\n\x10\x01")) == "x.grfcap: offset 8: damaged: no record of kind 16 exists");
  CaptureBytes no_session = bytes_of("GRFCAP1\n");
  CaptureEncoder().record(no_session, CaptureKind::bytes, 1, bytes_of("abc"));
  BOOST_TEST(error_of(no_session) == "x.grfcap: offset 8: damaged: the first record must be the session's");
  BOOST_CHECK_THROW(Capture(bytes_of("GRFCAP1\n"), "x"), CaptureError);
  BOOST_CHECK_THROW(Capture("/nowhere/x.grfcap"), CaptureError);
  BOOST_CHECK_THROW(Capture("/"), CaptureError);
}

BOOST_AUTO_TEST_CASE(zeros_behind_are_what_a_power_cut_left) {
  CaptureBytes bytes = captured();
  const std::size_t whole = bytes.size();
  bytes.resize(whole + 4096);
  const CaptureContent content = read_capture(bytes, "x");
  BOOST_TEST(content.good_bytes == whole);
  BOOST_TEST(content.cut_bytes == 4096u);
  bytes.back() = std::byte{1};
  BOOST_TEST(error_of(bytes).find("no record of kind 0") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_second_session_can_be_appended) {
  CaptureBytes bytes = captured();
  CaptureEncoder encoder;
  CaptureSession second = session();
  second.session_id = "later";
  encoder.record(bytes, CaptureKind::session, 5, encode(second));
  encoder.record(bytes, CaptureKind::bytes, 3, bytes_of("x"));
  const auto records = read_capture(bytes, "x").records;
  BOOST_TEST(records[records.size() - 2].t == 5);
  BOOST_TEST(records.back().t == 3);
  const Capture capture(bytes, "x");
  BOOST_TEST(capture.later_sessions() == 1u);
  BOOST_TEST(capture.session().session_id == session().session_id);
  BOOST_TEST((capture.records().back().kind == CaptureKind::end));
}

BOOST_AUTO_TEST_CASE(extreme_numbers_survive) {
  for (const TimeNs t :
       {std::numeric_limits<TimeNs>::min(), TimeNs{-1}, TimeNs{0}, std::numeric_limits<TimeNs>::max()}) {
    CaptureBytes bytes = bytes_of("GRFCAP1\n");
    CaptureEncoder encoder;
    encoder.record(bytes, CaptureKind::session, 0, encode(session()));
    encoder.record(bytes, CaptureKind::bytes, t, {});
    encoder.record(bytes, CaptureKind::bytes, std::numeric_limits<TimeNs>::max(), {});
    const auto records = read_capture(bytes, "x").records;
    BOOST_TEST(records[1].t == t);
    BOOST_TEST(records[2].t == std::numeric_limits<TimeNs>::max());
  }
  CaptureCall call{.kind = CaptureKind::read, .endpoint = 0x81, .asked = 0xffffffff};
  call.took_ns = std::numeric_limits<TimeNs>::max();
  call.error = LinkError::Kind::io;
  call.error_text = std::string(300, 'x');
  const auto back = decode_call(CaptureKind::read, encode(call));
  BOOST_REQUIRE(back);
  BOOST_TEST(back->took_ns == call.took_ns);
  BOOST_TEST(back->asked == call.asked);
  BOOST_TEST(back->error_text == call.error_text);
}

BOOST_AUTO_TEST_SUITE_END()
