// SpscRing between two threads against boost::lockfree::spsc_queue and a deque behind a mutex.
#include "daemon/ring.hpp"

#include <pthread.h>
#include <sched.h>

#include <boost/lockfree/spsc_queue.hpp>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>

#include "bench/bench.hpp"
#include "schemas/sample.hpp"

using namespace grfd;
using namespace grfd::bench;

namespace {

constexpr std::size_t kCapacity = 4096, kBatch = 32, kRepetitions = 11;

struct OurRing {
  SpscRing<Sample> ring{kCapacity};
  std::size_t push(std::span<const Sample> s) { return ring.push(s); }
  std::size_t pop(std::span<Sample> s) { return ring.pop(s); }
};
struct BoostQueue {
  boost::lockfree::spsc_queue<Sample> queue{kCapacity};
  std::size_t push(std::span<const Sample> s) {
    return s.size() == 1 ? queue.push(s[0]) : queue.push(s.data(), s.size());
  }
  std::size_t pop(std::span<Sample> s) { return s.size() == 1 ? queue.pop(s[0]) : queue.pop(s.data(), s.size()); }
};
struct LockedDeque {
  std::mutex mutex;
  std::deque<Sample> queue;
  std::size_t push(std::span<const Sample> s) {
    const std::lock_guard lock(mutex);
    if (queue.size() + s.size() > kCapacity) return 0;
    queue.insert(queue.end(), s.begin(), s.end());
    return s.size();
  }
  std::size_t pop(std::span<Sample> s) {
    const std::lock_guard lock(mutex);
    const std::size_t n = std::min(s.size(), queue.size());
    std::copy_n(queue.begin(), n, s.begin());
    queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(n));
    return n;
  }
};

/// The thread gets the n-th of the processors it may use, when there are two.
void pin(int n) {
  cpu_set_t allowed, one;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2) return;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || n-- > 0) continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    pthread_setaffinity_np(pthread_self(), sizeof one, &one);
    return;
  }
}

/// Gives way only after a while, so that a preempted partner can run on a busy machine.
struct Patience {
  unsigned tries = 0;
  void wait() {
    if (++tries % 256 == 0) sched_yield();
  }
};

/// @return elements per second
template <class Queue>
double run(std::size_t elements, std::size_t batch) {
  Queue queue;
  std::int64_t started = 0, ended = 0;
  std::uint64_t sum = 0, out_of_order = 0;
  std::atomic<int> ready{0};
  const auto meet = [&] {
    ++ready;
    while (ready.load() < 2) sched_yield();
  };
  std::thread consumer([&] {
    pin(1);
    std::vector<Sample> some(batch);
    meet();
    Patience patience;
    for (std::size_t got = 0; got < elements;) {
      const std::size_t n = queue.pop(some);
      if (n == 0) patience.wait();
      for (std::size_t i = 0; i < n; ++i, ++got) {
        sum += some[i].seq + static_cast<std::uint64_t>(value<std::int64_t>(some[i], 7));
        out_of_order += some[i].seq != got;
      }
    }
    ended = wall_ns();
  });
  std::thread producer([&] {
    pin(0);
    std::vector<Sample> some(batch);
    meet();
    started = wall_ns();
    Patience patience;
    for (std::size_t put = 0; put < elements;) {
      const std::size_t n = std::min(batch, elements - put);
      for (std::size_t i = 0; i < n; ++i) {
        some[i].seq = put + i;
        set_value<std::int64_t>(some[i], 7, 1);
      }
      for (std::size_t done = 0; done < n;) {
        const std::size_t pushed = queue.push(std::span<const Sample>(some).subspan(done, n - done));
        if (pushed == 0) patience.wait();
        done += pushed;
      }
      put += n;
    }
  });
  producer.join();
  consumer.join();
  if (out_of_order != 0 || sum != elements * (elements - 1) / 2 + elements) {
    std::fprintf(stderr, "a queue lost or reordered elements\n");
    std::exit(1);
  }
  return 1e9 * static_cast<double>(elements) / static_cast<double>(ended - started);
}

}  // namespace

int main() {
  std::vector<double> ours, boosts, locked, ours_batch, boosts_batch;
  for (std::size_t i = 0; i < kRepetitions; ++i) {
    ours.push_back(run<OurRing>(1'000'000, 1));
    boosts.push_back(run<BoostQueue>(1'000'000, 1));
    locked.push_back(run<LockedDeque>(300'000, 1));
    ours_batch.push_back(run<OurRing>(4'000'000, kBatch));
    boosts_batch.push_back(run<BoostQueue>(4'000'000, kBatch));
  }
  const auto mops = [](const std::vector<double>& v) { return 1e-6 * median(v); };
  row("ring, one sample at a time: speed", "boost spsc_queue", ratios(ours, boosts),
      text("%.1f : %.1f M samples/s", mops(ours), mops(boosts)));
  row("ring, one sample at a time: speed", "mutex + deque", ratios(ours, locked),
      text("%.1f : %.1f M samples/s", mops(ours), mops(locked)));
  row("ring, 32 samples at a time: speed", "boost spsc_queue", ratios(ours_batch, boosts_batch),
      text("%.1f : %.1f M samples/s", mops(ours_batch), mops(boosts_batch)));
  row("ring, 32 at a time: speed", "ring, one at a time", ratios(ours_batch, ours),
      text("%.1f : %.1f M samples/s", mops(ours_batch), mops(ours)));
}
