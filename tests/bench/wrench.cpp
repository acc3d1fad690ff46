// The wrench filter and the centre of pressure, driven by wrench.py: takes a file of wrenches, writes results, and
// repeats its timings when asked.
// Usage: bench_wrench <file of float64 [frames, 12]> <file of results>; then one word per line on standard input:
//   filter N | cop N : one pass over all frames, N frames per call; answers with nanoseconds of processor time
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

#include "bench/bench.hpp"
#include "dsp/cop.hpp"
#include "dsp/filters.hpp"

using namespace grfd;
using namespace grfd::bench;

namespace {

struct Frame {
  std::array<Wrench6, 2> plate;
};
/// cop_ml, cop_ap, tz, sigma of both plates and of the total
using Result = std::array<double, 12>;

Mat6 covariance() {  // as wrench.py has it
  Mat6 c{};
  const Wrench6 sd{0.3, 0.3, 0.9, 0.2, 0.2, 0.1};
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t j = 0; j < 6; ++j) c[i][j] = sd[i] * sd[j] * (i == j ? 1 : 0.1);
  return c;
}

struct Filter {
  std::array<ChannelFilter<6>, 2> filters{ChannelFilter<6>(butterworth(4, 20, 1000)),
                                          ChannelFilter<6>(butterworth(4, 20, 1000))};
  __attribute__((noinline)) void block(std::span<const Frame> in, std::span<Frame> out) noexcept {
    for (std::size_t i = 0; i < in.size(); ++i) {
      out[i] = in[i];
      filters[0].step(out[i].plate[0]);
      filters[1].step(out[i].plate[1]);
    }
  }
};
struct Cop {
  CopCalculator calculator{CopParams{}, std::array<double, 2>{0.01, 0.01}};
  Cop() {
    for (std::size_t p = 0; p < 2; ++p) calculator.set_covariance(p, covariance());
  }
  __attribute__((noinline)) void block(std::span<const Frame> in, std::span<Result> out) noexcept {
    for (std::size_t i = 0; i < in.size(); ++i) {
      calculator.update(in[i].plate);
      const CopValue* v[] = {&calculator.plate(0), &calculator.plate(1), &calculator.total()};
      for (std::size_t k = 0; k < 3; ++k) {
        out[i][4 * k] = v[k]->cop_ml;
        out[i][4 * k + 1] = v[k]->cop_ap;
        out[i][4 * k + 2] = v[k]->tz;
        out[i][4 * k + 3] = v[k]->sigma;
      }
    }
  }
};

template <class Stage, class Out>
std::int64_t pass(std::span<const Frame> in, std::span<Out> out, std::size_t per_call) {
  Stage stage;
  const std::int64_t before = cpu_ns();
  for (std::size_t i = 0; i < in.size(); i += per_call) {
    const std::size_t n = std::min(per_call, in.size() - i);
    stage.block(in.subspan(i, n), out.subspan(i, n));
  }
  return cpu_ns() - before;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return EXIT_FAILURE;
  std::ifstream file(argv[1], std::ios::binary);
  std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::vector<Frame> in(bytes.size() / sizeof(Frame)), filtered(in.size());
  std::memcpy(in.data(), bytes.data(), in.size() * sizeof(Frame));
  std::vector<Result> results(in.size());
  pass<Filter>(std::span<const Frame>(in), std::span<Frame>(filtered), in.size());
  pass<Cop>(std::span<const Frame>(filtered), std::span<Result>(results), in.size());
  std::ofstream out(argv[2], std::ios::binary);
  out.write(reinterpret_cast<const char*>(filtered.data()),
            static_cast<std::streamsize>(filtered.size() * sizeof(Frame)));
  out.write(reinterpret_cast<const char*>(results.data()),
            static_cast<std::streamsize>(results.size() * sizeof(Result)));
  out.close();
  std::cout << "ready" << std::endl;

  std::string word;
  for (std::size_t per_call; std::cin >> word >> per_call;) {
    if (per_call == 0) per_call = in.size();
    const std::int64_t ns = word == "filter"
                                ? pass<Filter>(std::span<const Frame>(in), std::span<Frame>(filtered), per_call)
                                : pass<Cop>(std::span<const Frame>(filtered), std::span<Result>(results), per_call);
    std::cout << ns << std::endl;
  }
}
