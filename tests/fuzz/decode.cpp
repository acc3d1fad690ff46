// Any bytes into the decoder of any driver. Input: driver, then pieces [length][time step][bytes].
// The driver is started on the replay of a start, which is much quicker than an emulated device.
#include <cstring>
#include <map>

#include "drivers/capture_link.hpp"
#include "drivers/replay.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace fuzz;

namespace {

constexpr int kRestarts = 4;

/// Calls and answers of a start and some restarts, without streamed bytes.
struct Script final : CaptureOutlet {
  DeviceSettings settings;
  std::vector<StreamInfo> streams;
  CaptureBytes bytes;
  CaptureEncoder encoder;
  std::unique_ptr<Capture> capture;

  explicit Script(const DriverEntry& entry) {
    Bench bench(entry);
    settings = bench.settings;
    streams = bench.streams;
    CaptureEncoder::begin(bytes);
    encoder.record(bytes, CaptureKind::session, 0, encode(CaptureSession{}));
    CapturingLink link(bench.link, *this, bench.clock);
    FixedBatch<16> facts;
    bench.driver->identify(link);
    for (int i = 0; i <= kRestarts; ++i) {
      facts.clear();
      bench.driver->start(link, facts);
      bench.driver->stop(link);
    }
    capture = std::make_unique<Capture>(std::move(bytes), entry.name);
  }
  void streamed(CaptureKind, TimeNs, CaptureView) noexcept override {}
  void said(CaptureKind kind, TimeNs t, CaptureView payload) noexcept override {
    encoder.record(bytes, kind, t, payload);
  }
};

const Script& script(const DriverEntry& entry) {
  static std::map<std::string, std::unique_ptr<Script>> all;
  auto& one = all[entry.name];
  if (!one) one = std::make_unique<Script>(entry);
  return *one;
}

struct Half {
  ReplayLink link;
  std::unique_ptr<Driver> driver;
  TimeNs now = 1'000'000'000'000;
  std::vector<Sample> all;
  FixedBatch<64> out{&Half::keep, this};

  Half(const DriverEntry& entry, bool started)
      : link(*script(entry).capture), driver(entry.make(script(entry).settings, Bench::kFirst)) {
    link.step();  // the session
    link.step();  // what was opened
    if (!started) return;
    driver->identify(link);
    start();
  }
  /// @return false when the script is at its end, or the driver has asked for something else in between
  bool start() {
    FixedBatch<16> facts;
    try {
      driver->start(link, facts);
      return true;
    } catch (const LinkError&) { return false; }
  }
  static void keep(void* self, std::span<const Sample> samples) noexcept {
    auto& all = static_cast<Half*>(self)->all;
    all.insert(all.end(), samples.begin(), samples.end());
  }
  void decode(std::span<const std::byte> bytes) {
    driver->decode(bytes, now, out);
    out.flush();
  }
};

constexpr std::size_t kMayWait = 8192;  // bytes of an unfinished packet or line that need not be counted yet

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const std::uint8_t choice = in.byte();
  const DriverEntry& entry = pick_driver(choice & 0x3f);
  const bool start = (choice & 0x40) == 0, restart = (choice & 0x80) != 0;
  Half whole(entry, start), cut(entry, start);
  const std::uint64_t counted_before = total(*cut.driver);
  Checker checker(script(entry).streams, Bench::kFirst);
  std::size_t fed = 0, checked = 0;
  while (!in.empty()) {
    const std::size_t length = in.byte();
    const TimeNs step = static_cast<TimeNs>(in.byte()) * in.byte() * 20'000;  // up to 1.3 s
    const auto piece = in.bytes(length);
    whole.now += step;
    cut.now += step;
    // The same bytes at the same time, in other pieces: where transfers end must not matter.
    whole.decode(piece);
    const std::size_t first = length % 7 == 0 ? piece.size() / 2 : std::min<std::size_t>(1, piece.size());
    cut.decode(piece.first(first));
    cut.decode(piece.subspan(first));
    fed += piece.size();
    checker.take(std::span(cut.all).subspan(checked), cut.now);
    checked = cut.all.size();
    const char* cause = cut.driver->check(cut.link, cut.now);
    const char* other = whole.driver->check(whole.link, whole.now);
    FUZZ_REQUIRE((cause == nullptr) == (other == nullptr));
    if (cause && restart && start) {
      whole.driver->stop(whole.link);
      cut.driver->stop(cut.link);
      const bool again = cut.start();
      FUZZ_REQUIRE(whole.start() == again);
      if (!again) break;
    }
  }
  FUZZ_REQUIRE(whole.all.size() == cut.all.size());
  for (std::size_t i = 0; i < cut.all.size(); ++i)
    FUZZ_REQUIRE(std::memcmp(&whole.all[i], &cut.all[i], sizeof(Sample)) == 0);
  const auto a = whole.driver->counters(), b = cut.driver->counters();
  for (std::size_t i = 0; i < a.size(); ++i) FUZZ_REQUIRE(a[i]->get() == b[i]->get());
  // Nothing is dropped in silence.
  if (fed > kMayWait) FUZZ_REQUIRE(checker.count() > 0 || total(*cut.driver) > counted_before);
  return 0;
}
