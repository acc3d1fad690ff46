// How much faster than real time one processor runs the live pipeline of the demonstration rig, and where the time
// goes.
#include <cstdlib>
#include <map>

#include "bench/bench.hpp"
#include "bench/stages.hpp"
#include "daemon/crc32c.hpp"

using namespace grfd;
using namespace grfd::bench;

namespace {

constexpr std::size_t kRepetitions = 9;
constexpr double kSeconds = 40;

struct Sum {
  std::uint64_t samples = 0;
  std::uint32_t crc = 0;
  bool check = false;
};

/// As the engine does: storage for 1024 samples, handed on every 256 samples.
Sum pass(const Rig& rig, bool check) {
  Sum sum;
  sum.check = check;
  std::vector<Sample> storage(1024);
  SampleBatch out(
      storage,
      [](void* to, std::span<const Sample> s) noexcept {
        Sum& total = *static_cast<Sum*>(to);
        total.samples += s.size();
        if (total.check) total.crc = crc32c(std::as_bytes(s), total.crc);
      },
      &sum);
  Pipeline& pipeline = *rig.assembly->pipeline;
  std::size_t in_batch = 0;
  for (const Sample& s : rig.raw) {
    pipeline.step(s, out);
    if (++in_batch == 256) {
      out.flush();
      in_batch = 0;
    }
  }
  out.flush();
  return sum;
}

}  // namespace

int main() {
  const Rig rig = demo_rig(kSeconds, false);
  Pipeline& pipeline = *rig.assembly->pipeline;
  std::vector<std::byte> start(pipeline.state_size());
  pipeline.save_state(start);
  const Sum first = pass(rig, true);

  std::vector<double> whole_ns, wall;
  std::map<std::string, std::vector<double>> shares;
  std::vector<std::string> order;
  for (std::size_t i = 0; i < kRepetitions; ++i) {
    pipeline.load_state(start);
    const std::int64_t wall_before = wall_ns(), before = cpu_ns();
    const Sum sum = pass(rig, false);
    whole_ns.push_back(static_cast<double>(cpu_ns() - before));
    wall.push_back(static_cast<double>(wall_ns() - wall_before));
    if (sum.samples != first.samples) {
      std::fprintf(stderr, "two passes over the same samples gave different results\n");
      return EXIT_FAILURE;
    }
    double rest = whole_ns.back();
    for (const StageTime& stage : time_stages(rig)) {
      if (shares[stage.name].empty()) order.push_back(stage.name);
      shares[stage.name].push_back(stage.ns / whole_ns.back());
      rest -= stage.ns;
    }
    shares["passing on, routing, the rest"].push_back(rest / whole_ns.back());
  }
  order.push_back("passing on, routing, the rest");

  const double ms = kSeconds * 1e3;
  std::vector<double> factor, factor_wall;
  for (double ns : whole_ns) factor.push_back(kSeconds * 1e9 / ns);
  for (double ns : wall) factor_wall.push_back(kSeconds * 1e9 / ns);
  row("live pipeline, demo rig: speed on one processor", "real time", factor,
      text("%.0f ns per ms of data; %zu samples in, %llu out; results CRC-32C %08x", median(whole_ns) / ms,
           rig.raw.size(), static_cast<unsigned long long>(first.samples), first.crc));
  row("the same by the wall clock", "real time", factor_wall, "being preempted by other work included");
  for (const std::string& name : order)
    row("- share of: " + name, "live pipeline", shares[name],
        text("%.0f ns per ms of data", median(shares[name]) * median(whole_ns) / ms));
}
