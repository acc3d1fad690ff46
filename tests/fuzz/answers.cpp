// A device that answers wrongly: an emulated one whose answers the input changes. Input: driver, then a choice for each
// call of the driver; behind its end the device answers well. Nothing waits: time is virtual.
#include <cstring>

#include "tests/fuzz/fuzz.hpp"

using namespace fuzz;

namespace {

class LyingLink final : public Link, private Link::Receiver {
 public:
  LyingLink(Link& inner, Input& in) : inner_(inner), in_(in), info_(inner.info()) {
    const std::uint8_t choice = in_.byte();
    if (choice & 1) {  // other descriptors
      for (int i = 0; i < (choice >> 4) + 1 && !info_.configuration.empty(); ++i) {
        const std::size_t at = in_.byte() % info_.configuration.size();
        info_.configuration[at] = in_.byte();
      }
    }
    if (choice & 2) info_.configuration.resize(in_.byte() % (info_.configuration.size() + 1));
    if (choice & 4) info_.manufacturer = info_.product = "\xff";
    if (choice & 8) info_.serial_string.clear();
  }
  const LinkInfo& info() const override { return info_; }
  void claim(std::span<const int> interfaces) override {
    upset();
    inner_.claim(interfaces);
  }
  std::size_t control(std::uint8_t type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
                      std::span<std::byte> data, int ms) override {
    upset();
    const std::size_t n = inner_.control(type, request, value, index, data, ms);
    return type & 0x80 ? changed(data, n) : n;
  }
  void write(std::uint8_t endpoint, std::span<const std::byte> data, int ms) override {
    upset();
    inner_.write(endpoint, data, ms);
  }
  std::size_t read(std::uint8_t endpoint, std::span<std::byte> data, int ms) override {
    upset();
    return changed(data, inner_.read(endpoint, data, ms));
  }
  void start_stream(std::uint8_t endpoint, std::size_t bytes, int transfers) override {
    upset();
    inner_.start_stream(endpoint, bytes, transfers);
  }
  void stop_stream(std::uint8_t endpoint, int drain_ms) noexcept override { inner_.stop_stream(endpoint, drain_ms); }
  void set_receiver(Link::Receiver* receiver) override {
    target_ = receiver;
    inner_.set_receiver(receiver ? this : nullptr);
  }

 private:
  void bytes(std::span<const std::byte> data, TimeNs arrival) noexcept override { target_->bytes(data, arrival); }
  void lost(const char* why) noexcept override { target_->lost(why); }
  void upset() {
    constexpr LinkError::Kind kKinds[] = {LinkError::Kind::gone, LinkError::Kind::timeout, LinkError::Kind::stall,
                                          LinkError::Kind::io};
    if (const std::uint8_t choice = in_.byte(); choice >= 0xfc) throw LinkError(kKinds[choice & 3], "made up");
  }
  std::size_t changed(std::span<std::byte> data, std::size_t n) {
    const std::uint8_t choice = in_.byte();
    switch (choice % 8) {
      case 1:  // one byte
        if (n > 0) data[in_.byte() % n] = static_cast<std::byte>(in_.byte());
        return n;
      case 2:
        return n > 0 ? in_.byte() % (n + 1) : 0;  // shorter
      case 3: {                                   // something else
        const auto other = in_.bytes(std::min<std::size_t>(data.size(), in_.byte()));
        std::copy(other.begin(), other.end(), data.begin());
        return other.size();
      }
      case 4: {  // longer
        const std::size_t more = std::min<std::size_t>(data.size(), n + choice / 8);
        for (std::size_t i = n; i < more; ++i) data[i] = static_cast<std::byte>(in_.byte());
        return more;
      }
      default:
        return n;
    }
  }
  Link& inner_;
  Input& in_;
  LinkInfo info_;
  Link::Receiver* target_ = nullptr;
};

struct Ear final : Link::Receiver {
  Driver& driver;
  Checker& checker;
  const VirtualClock& clock;
  FixedBatch<64> out{&Ear::keep, this};
  Ear(Driver& d, Checker& c, const VirtualClock& k) : driver(d), checker(c), clock(k) {}
  static void keep(void* self, std::span<const Sample> samples) noexcept {
    auto& ear = *static_cast<Ear*>(self);
    ear.checker.take(samples, ear.clock.t);
  }
  void bytes(std::span<const std::byte> data, TimeNs arrival) noexcept override {
    driver.decode(data, arrival, out);
    out.flush();
  }
  void lost(const char*) noexcept override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  Bench bench(pick_driver(in.byte()));
  LyingLink link(bench.link, in);
  Checker streamed(bench.streams, Bench::kFirst), told(bench.streams, Bench::kFirst);
  Ear ear(*bench.driver, streamed, bench.clock);
  for (int round = 0; round < 2; ++round) {
    try {
      const DeviceIdentity identity = bench.driver->identify(link);
      FUZZ_REQUIRE(!identity.model.empty());
      link.set_receiver(&ear);
      FixedBatch<16> facts;
      bench.driver->start(link, facts);
      FUZZ_REQUIRE(facts.overflow() == 0);
      for (Sample& s : facts.samples()) s.t_arrival = bench.clock.t;
      told.take(facts.samples(), bench.clock.t);
      for (int i = 0; i < 20; ++i) {
        bench.clock.t = std::clamp(bench.link.next(), bench.clock.t, bench.clock.t + 20'000'000);
        bench.link.complete(bench.clock.t);
      }
      bench.driver->check(link, bench.clock.t);
      bench.driver->blink(link);
      bench.driver->check(link, bench.clock.t + 1'000'000'000);
    } catch (const LinkError&) {
    } catch (const DeviceError&) {  // anything else is a mistake of the driver
    }
    bench.driver->stop(link);
    link.set_receiver(nullptr);
  }
  return 0;
}
