// The demonstration rig in virtual time, put together as the daemon does it; and what came out of an engine.
#pragma once
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "daemon/assembly.hpp"
#include "daemon/config.hpp"
#include "daemon/emulation.hpp"
#include "daemon/lab_clock.hpp"
#include "schemas/row.hpp"

namespace rig_test {
using namespace grfd;

inline constexpr TimeNs kStart = 1'000'000'000'000, kMs = 1'000'000, kSecond = 1'000'000'000;

inline Settings demo_settings(const std::vector<std::string>& overrides = {}) {
  return load_config(GRFD_SOURCE "/config/demo.toml", overrides);
}

/// Keeps all samples, or their rows by stream name.
struct Collector final : Outlet {
  std::vector<Sample> samples;
  std::size_t largest = 0;
  void take(std::span<const Sample> batch) noexcept override {
    samples.insert(samples.end(), batch.begin(), batch.end());
    largest = std::max(largest, batch.size());
  }
  std::vector<Row> rows(const StreamTable& table, const std::string& stream) const {
    const StreamId id = table.id(stream);
    RowJoiner joiner(table[id]);
    std::vector<Row> all;
    for (const Sample& s : samples)
      if (s.stream == id && joiner.add(s)) all.push_back(joiner.row());
    return all;
  }
  std::vector<std::string> texts(const StreamTable& table, const std::string& stream) const {
    std::vector<std::string> all;
    for (const Row& r : rows(table, stream))
      all.emplace_back(reinterpret_cast<const char*>(r.bytes.data()), r.bytes.size());
    return all;
  }
};

template <class T>
T column(const Row& row, std::size_t index) {
  T v;
  std::memcpy(&v, row.bytes.data() + index * sizeof(T), sizeof(T));
  return v;
}

/// What a pipeline makes of samples.
inline std::vector<Sample> feed(Pipeline& pipeline, std::span<const Sample> samples) {
  std::vector<Sample> made;
  FixedBatch<256> batch(
      [](void* self, std::span<const Sample> s) noexcept {
        auto& to = *static_cast<std::vector<Sample>*>(self);
        to.insert(to.end(), s.begin(), s.end());
      },
      &made);
  for (const Sample& s : samples) pipeline.step(s, batch);
  batch.flush();
  return made;
}
/// Index of the first sample that arrived later than `after` the session's start.
inline std::size_t first_after(const std::vector<Sample>& samples, TimeNs after) {
  return static_cast<std::size_t>(
      std::find_if(samples.begin(), samples.end(), [&](const Sample& s) { return s.t_arrival > kStart + after; }) -
      samples.begin());
}

struct Rig {
  VirtualClock clock{kStart};
  Assembly assembly;
  Emulation emulation;

  explicit Rig(Settings settings)
      : assembly(std::move(settings), kStart, 0, true),
        emulation(assembly.session.settings, assembly.stimulus.get(), clock, kStart, *assembly.truth_ring,
                  assembly.first_truth) {}
  const StreamTable& streams() const { return assembly.session.streams; }
  std::size_t devices() const { return assembly.ports.size(); }
  void start_all() {
    for (std::size_t i = 0; i < devices(); ++i) assembly.ports[i]->start(*emulation.link(i), clock.t);
  }
  /// Lets time pass; `after_each` is called after every instant at which something happened, and each millisecond.
  void run_until(TimeNs end, const std::function<void()>& after_each = {}) {
    while (clock.t < end) {
      clock.t = std::max(clock.t, std::min({emulation.next(), end, (clock.t / kMs + 1) * kMs}));
      emulation.run_until(clock.t);
      if (after_each) after_each();
    }
  }
};

/// Computes what came of `samples` (raw streams, ticks and commands of them) once in one go and once from the state
/// saved at `at`. Both must tell the same afterwards and end in the same state. @return the events after `at`
inline std::vector<std::string> told_from_a_copy(const Settings& settings, const std::vector<Sample>& samples,
                                                 TimeNs session_start, TimeNs at) {
  Assembly first(settings, session_start, 0, true), second(settings, session_start, 0, true);
  const StreamTable& table = first.session.streams;
  std::vector<Sample> in;
  for (const Sample& s : samples)
    if (const std::string& name = table[s.stream].name;
        name.rfind("raw/", 0) == 0 || name == "ticks" || name == "commands")
      in.push_back(s);
  const std::size_t middle = first_after(in, at);
  const std::span<const Sample> all(in);
  feed(*first.pipeline, all.first(middle));
  std::vector<std::byte> state(first.pipeline->state_size()), end_one(state.size()), end_two(state.size());
  first.pipeline->save_state(state);
  BOOST_REQUIRE(second.pipeline->load_state(state));
  Collector one, two;
  one.samples = feed(*first.pipeline, all.subspan(middle));
  two.samples = feed(*second.pipeline, all.subspan(middle));
  const auto told = one.texts(table, "events");
  BOOST_TEST(told == two.texts(second.session.streams, "events"), boost::test_tools::per_element());
  first.pipeline->save_state(end_one);
  second.pipeline->save_state(end_two);
  BOOST_TEST((end_one == end_two));
  return told;
}

}  // namespace rig_test
