// fast/* goes to the feed alone, so it is taken here from the engine, with the truth of its instants. Virtual time, as
// `grfd simulate` does it.
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "daemon/assembly.hpp"
#include "daemon/config.hpp"
#include "daemon/devices.hpp"
#include "daemon/lab_clock.hpp"
#include "daemon/outlet.hpp"
#include "tests/accuracy/direct.hpp"

namespace grfd::accuracy {
namespace {

constexpr TimeNs kStart = 1'000'000'000'000;

/// Keeps the rows of some streams: time in s, then the values.
class Keeper final : public Outlet {
 public:
  explicit Keeper(const StreamTable& streams) {
    for (std::size_t i = 0; i < streams.size(); ++i) {
      const StreamInfo& info = streams[static_cast<StreamId>(i)];
      const bool wanted = info.name.starts_with("fast/") || info.name.starts_with("truth/plate/") ||
                          info.name.starts_with("truth/ankle/");
      kept_.push_back({wanted, &info, {}});
    }
  }
  void take(std::span<const Sample> samples) noexcept override {
    for (const Sample& s : samples) {
      Kept& kept = kept_[s.stream];
      if (!kept.wanted || kept.info->parts() != 1) continue;
      kept.rows.push_back(static_cast<double>(s.t - kStart) * 1e-9);
      for (std::size_t c = 0; c < kept.info->columns.size(); ++c)
        kept.rows.push_back(static_cast<double>(value<float>(s, c)));
    }
  }
  void write() const {
    nlohmann::json head = nlohmann::json::array();
    Numbers all;
    for (const Kept& kept : kept_) {
      if (!kept.wanted) continue;
      const std::size_t width = kept.info->columns.size() + 1;
      nlohmann::json columns = nlohmann::json::array({"t"});
      for (const Column& c : kept.info->columns) columns.push_back(c.name);
      head.push_back({{"name", kept.info->name}, {"columns", columns}, {"rows", kept.rows.size() / width}});
      all.insert(all.end(), kept.rows.begin(), kept.rows.end());
    }
    std::cout << head.dump() << "\n";
    write_numbers(all);
  }

 private:
  struct Kept {
    bool wanted;
    const StreamInfo* info;
    Numbers rows;
  };
  std::vector<Kept> kept_;
};

}  // namespace

void fast(const Words& arguments) {
  Settings settings = load_config(arguments.at(0), {arguments.begin() + 2, arguments.end()});
  const double tare_at_s = settings.record.tare_at_start_s;
  VirtualClock clock(kStart);
  Assembly assembly(std::move(settings), kStart, 946'684'800'000'000'000, true);
  Emulation emulation(assembly.session.settings, assembly.stimulus.get(), clock, kStart, *assembly.truth_ring,
                      assembly.first_truth);
  Keeper keeper(assembly.session.streams);
  assembly.engine->add_outlet(keeper);
  Devices devices(assembly, emulation, nullptr, clock, [](const Devices::Status&) {});
  devices.poll();
  const TimeNs end = kStart + static_cast<TimeNs>(std::stod(arguments.at(1)) * 1e9);
  TimeNs tare_at = kStart + static_cast<TimeNs>(tare_at_s * 1e9), look_at = kStart + Devices::kPoll;
  while (clock.t < end) {
    clock.t = std::max(clock.t, std::min({emulation.next(), tare_at, look_at, end}));
    if (look_at <= clock.t) {
      devices.poll();
      look_at += Devices::kPoll;
    }
    if (tare_at <= clock.t) {
      assembly.command(clock.t, "tare {\"id\":2,\"plate\":\"all\"}");
      tare_at = EmulatedDevice::kNever;
    }
    if (assembly.engine->next_tick() <= clock.t) assembly.engine->poll(clock.t, 256);
    emulation.run_until(clock.t);
    assembly.engine->poll(clock.t, 256);
  }
  keeper.write();
}

}  // namespace grfd::accuracy
