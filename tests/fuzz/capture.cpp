// The reader of captures, and what plays them. Input: 0 and the bytes of a file; or records [kind][time
// step][length][bytes] that are written with good checksums and played into a driver.
#include "drivers/capture.hpp"
#include "drivers/replay.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace fuzz;

namespace {

struct Ear final : Link::Receiver {
  Driver& driver;
  explicit Ear(Driver& d) : driver(d) {}
  void bytes(std::span<const std::byte> data, TimeNs arrival) noexcept override {
    FixedBatch<64> out([](void*, std::span<const Sample>) noexcept {}, nullptr);
    driver.decode(data, arrival, out);
  }
  void lost(const char*) noexcept override {}
  void damaged(const char* why) noexcept override { driver.bytes_lost(why); }
};

void read(CaptureView bytes) {
  try {
    const CaptureContent content = read_capture(bytes, "x");
    FUZZ_REQUIRE(content.good_bytes + content.cut_bytes == bytes.size());
    // What was read says the same when it is written again.
    CaptureBytes again;
    CaptureEncoder encoder;
    CaptureEncoder::begin(again);
    for (const CaptureRecord& r : content.records) encoder.record(again, r.kind, r.t, r.payload);
    const CaptureContent second = read_capture(again, "y");
    FUZZ_REQUIRE(second.cut_bytes == 0 && second.records.size() == content.records.size());
    for (std::size_t i = 0; i < second.records.size(); ++i) {
      const CaptureRecord &a = content.records[i], &b = second.records[i];
      FUZZ_REQUIRE(a.kind == b.kind && a.t == b.t &&
                   std::equal(a.payload.begin(), a.payload.end(), b.payload.begin(), b.payload.end()));
    }
    if (!content.records.empty()) Capture(CaptureBytes(bytes.begin(), bytes.end()), "x");
  } catch (const CaptureError& e) { FUZZ_REQUIRE(std::string(e.what()).find("x: offset ") == 0); }
}

void play(Input& in) {
  Bench bench(pick_driver(in.byte()));
  CaptureSession session;
  session.device = "dut";
  session.driver = bench.entry.name;
  session.start_ns = bench.clock.t;
  CaptureBytes file;
  CaptureEncoder encoder;
  CaptureEncoder::begin(file);
  TimeNs t = session.start_ns;
  encoder.record(file, CaptureKind::session, t, encode(session));
  encoder.record(file, CaptureKind::link, t, encode(bench.link.info()));
  while (!in.empty()) {
    const auto kind = static_cast<CaptureKind>(in.byte() % 14 + 1);
    t += (in.byte() - 8) * 1'000'000;
    const std::size_t length = in.byte();
    encoder.record(file, kind, t, in.bytes(length));
  }
  try {
    const Capture capture(std::move(file), "x");
    ReplayLink link(capture);
    Ear ear(*bench.driver);
    FixedBatch<16> facts;
    TimeNs before = link.next();
    while (link.next() != ReplayLink::kEnd && link.divergence().empty()) {
      FUZZ_REQUIRE(link.next() >= before);
      before = link.next();
      const auto verb = link.step();
      if (!verb) continue;
      try {
        switch (*verb) {
          case CaptureVerb::start:
            facts.clear();
            bench.driver->identify(link);
            link.set_receiver(&ear);
            bench.driver->start(link, facts);
            break;
          case CaptureVerb::stop:
            bench.driver->stop(link);
            break;
          case CaptureVerb::check:
            bench.driver->check(link, link.asked_at());
            break;
          case CaptureVerb::blink:
            bench.driver->blink(link);
            break;
        }
      } catch (const LinkError&) {
      } catch (const DeviceError&) {}
    }
  } catch (const CaptureError&) {}
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  if (in.byte() == 0)
    read(in.rest());
  else
    play(in);
  return 0;
}
