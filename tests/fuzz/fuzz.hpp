// What the fuzz targets share. A target is one function; libFuzzer calls it for ever, regression_main.cpp for a folder
// of inputs.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "drivers/driver.hpp"
#include "drivers/emulation/emulated_device.hpp"
#include "drivers/emulation/emulated_link.hpp"
#include "drivers/emulation/stimulus.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// An invariant, in every build.
#define FUZZ_REQUIRE(condition)                                                      \
  do {                                                                               \
    if (!(condition)) {                                                              \
      std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                  \
    }                                                                                \
  } while (false)

namespace fuzz {
using namespace grfd;

/// The input as choices and bytes; behind its end all is zero.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}
  bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t b = rest_[0];
    rest_ = rest_.subspan(1);
    return b;
  }
  std::span<const std::byte> bytes(std::size_t n) {
    const auto part = rest_.first(std::min(n, rest_.size()));
    rest_ = rest_.subspan(part.size());
    return std::as_bytes(part);
  }
  std::span<const std::byte> rest() { return bytes(rest_.size()); }

 private:
  std::span<const std::uint8_t> rest_;
};

struct VirtualClock final : LabClock {
  TimeNs t = 1'000'000'000'000;
  TimeNs now() const override { return t; }
  void sleep_until(TimeNs) override {}
};

inline constexpr int kTtlInput = 2;
inline constexpr double kTtlPeriodS = 0.02;

struct Volts final : AnalogSource {
  double volts(int input, double t_s) override {
    if (input == kTtlInput) return std::fmod(t_s, kTtlPeriodS) < kTtlPeriodS / 2 ? 5 : 0;
    return input - 3 + t_s;
  }
};
struct Motion final : InertialSource {
  void read(double t_s, Vec3& gyro, Vec3& force) override {
    gyro = {t_s, -0.5, 0.25};
    force = {0.1, 0.2, 9.8};
  }
};

/// Settings that a driver accepts: found by trying.
inline DeviceSettings settings_for(const DriverEntry& entry) {
  for (const double rate_hz : {1000.0, 400.0, 100.0})
    for (const int inputs : {6, 0}) {
      DeviceSettings s;
      s.name = "dut";
      s.driver = entry.name;
      s.emulated = true;
      s.rate_hz = rate_hz;
      for (int i = 0; i < inputs; ++i) s.analog_inputs.push_back(i);
      // Everything that a device can do beside its main stream; each driver reads the keys of its own.
      s.sync_input = kTtlInput;
      s.sync_pin = 1;
      s.high_g_rate_hz = 400;
      s.sync_box = true;
      if (!entry.check_settings(s).empty()) continue;
      for (const char* option : {"gpio_levels", "sync_input"}) {  // of some emulated devices: they say more of edges
        DeviceSettings more = s;
        more.emulation.faults[option] = 1;
        if (entry.check_settings(more).empty()) s = more;
      }
      return s;
    }
  std::fprintf(stderr, "fuzz: no settings found for %s\n", entry.name);
  std::abort();
}

/// A driver with its emulated device, in virtual time.
struct Bench {
  const DriverEntry& entry;
  DeviceSettings settings;
  std::vector<StreamInfo> streams;
  Volts volts;
  Motion motion;
  VirtualClock clock;
  EmulatedLink link;
  std::unique_ptr<Driver> driver;
  static constexpr StreamId kFirst = 40;

  explicit Bench(const DriverEntry& e)
      : entry(e),
        settings(settings_for(e)),
        streams(e.streams(settings)),
        link(e.emulate(settings, Senses{&volts, &motion, {kTtlPeriodS, kTtlPeriodS, kTtlPeriodS / 2}}),
             settings.emulation, clock, clock.t),
        driver(e.make(settings, kFirst)) {}
};

inline const DriverEntry& pick_driver(std::uint8_t byte) {
  const auto all = driver_registry();
  return all[byte % all.size()];
}

/// What must be true of the samples of any driver, whatever the bytes were.
class Checker {
 public:
  Checker(const std::vector<StreamInfo>& streams, StreamId first)
      : streams_(streams), first_(first), last_(streams.size()) {}

  void take(std::span<const Sample> samples, TimeNs now) {
    for (const Sample& s : samples) {
      ++count_;
      FUZZ_REQUIRE(s.stream >= first_ && s.stream < first_ + streams_.size());
      const std::size_t index = s.stream - first_;
      const StreamInfo& info = streams_[index];
      Last& last = last_[index];
      FUZZ_REQUIRE(s.part < s.parts);
      if (info.type != ValueType::text) FUZZ_REQUIRE(s.parts == info.parts());
      FUZZ_REQUIRE(s.t_arrival <= now);
      FUZZ_REQUIRE(s.order == 0);
      if (last.any && s.part > 0) {
        FUZZ_REQUIRE(s.part == last.sample.part + 1 && s.seq == last.sample.seq);
      } else if (last.any) {
        FUZZ_REQUIRE(last.sample.part + 1 == last.sample.parts);
        FUZZ_REQUIRE(s.t_arrival >= last.sample.t_arrival);
        if (s.epoch == last.sample.epoch) {
          FUZZ_REQUIRE(s.seq > last.sample.seq);
          // Side streams (texts, edges) keep the stamp the device gave; the first one is what its clock is mapped by.
          if (index == 0) FUZZ_REQUIRE(s.t_device >= last.sample.t_device);
          FUZZ_REQUIRE(!(s.flags & kNewEpoch));
          if (index == 0 && s.seq != last.sample.seq + 1) FUZZ_REQUIRE(s.flags & kGapBefore);
        } else {
          // It rises; by more than one when another stream of the device was restarted in between.
          FUZZ_REQUIRE(static_cast<std::uint16_t>(s.epoch - last.sample.epoch) < 0x8000);
          if (index == 0) FUZZ_REQUIRE(s.flags & kNewEpoch);
        }
      } else {
        FUZZ_REQUIRE(s.part == 0);
      }
      last.any = true;
      last.sample = s;
    }
  }
  std::uint64_t count() const { return count_; }

 private:
  struct Last {
    bool any = false;
    Sample sample;
  };
  const std::vector<StreamInfo>& streams_;
  StreamId first_;
  std::vector<Last> last_;
  std::uint64_t count_ = 0;
};

inline std::uint64_t total(const Driver& driver) {
  std::uint64_t sum = 0;
  for (const Counter* c : driver.counters()) sum += c->get();
  return sum;
}

}  // namespace fuzz
