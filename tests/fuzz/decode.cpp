// Any bytes into the decoder of any driver. Input: driver, then pieces [length][time step][bytes].
#include <cstring>

#include "tests/fuzz/fuzz.hpp"

using namespace fuzz;

namespace {

struct Half {
  Bench bench;
  std::vector<Sample> all;
  FixedBatch<64> out{&Half::keep, this};

  Half(const DriverEntry& entry, bool start) : bench(entry) {
    if (!start) return;
    FixedBatch<16> facts;
    bench.driver->identify(bench.link);
    bench.driver->start(bench.link, facts);
  }
  static void keep(void* self, std::span<const Sample> samples) noexcept {
    auto& all = static_cast<Half*>(self)->all;
    all.insert(all.end(), samples.begin(), samples.end());
  }
  void decode(std::span<const std::byte> bytes) {
    bench.driver->decode(bytes, bench.clock.t, out);
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
  const std::uint64_t counted_before = total(*cut.bench.driver);
  Checker checker(cut.bench.streams, Bench::kFirst);
  std::size_t fed = 0, checked = 0;
  while (!in.empty()) {
    const std::size_t length = in.byte();
    const TimeNs step = static_cast<TimeNs>(in.byte()) * in.byte() * 20'000;  // up to 1.3 s
    const auto piece = in.bytes(length);
    whole.bench.clock.t += step;
    cut.bench.clock.t += step;
    // The same bytes at the same time, in other pieces: where transfers end must not matter.
    whole.decode(piece);
    const std::size_t first = length % 7 == 0 ? piece.size() / 2 : std::min<std::size_t>(1, piece.size());
    cut.decode(piece.first(first));
    cut.decode(piece.subspan(first));
    fed += piece.size();
    checker.take(std::span(cut.all).subspan(checked), cut.bench.clock.t);
    checked = cut.all.size();
    const char* cause = cut.bench.driver->check(cut.bench.link, cut.bench.clock.t);
    const char* other = whole.bench.driver->check(whole.bench.link, whole.bench.clock.t);
    FUZZ_REQUIRE((cause == nullptr) == (other == nullptr));
    if (cause && restart && start) {
      for (Half* half : {&whole, &cut}) {
        FixedBatch<16> facts;
        half->bench.driver->stop(half->bench.link);
        half->bench.driver->start(half->bench.link, facts);
      }
    }
  }
  FUZZ_REQUIRE(whole.all.size() == cut.all.size());
  for (std::size_t i = 0; i < cut.all.size(); ++i) FUZZ_REQUIRE(std::memcmp(&whole.all[i], &cut.all[i], sizeof(Sample)) == 0);
  const auto a = whole.bench.driver->counters(), b = cut.bench.driver->counters();
  for (std::size_t i = 0; i < a.size(); ++i) FUZZ_REQUIRE(a[i]->get() == b[i]->get());
  // Nothing is dropped in silence.
  if (fed > kMayWait) FUZZ_REQUIRE(checker.count() > 0 || total(*cut.bench.driver) > counted_before);
  return 0;
}
