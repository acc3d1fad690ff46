#include "daemon/ring.hpp"

#include <boost/test/unit_test.hpp>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(ring)

using grfd::SpscRing;

BOOST_AUTO_TEST_CASE(keeps_order_and_says_when_it_is_full) {
  SpscRing<int> r(5);
  BOOST_TEST(r.capacity() == 8);
  std::vector<int> in{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  BOOST_TEST(r.push(std::span<const int>(in)) == 8);
  BOOST_TEST(!r.push(99));
  BOOST_TEST(*r.front() == 0);
  r.drop_front();
  std::vector<int> out(20);
  BOOST_TEST(r.pop(out) == 7);
  for (int i = 0; i < 7; ++i) BOOST_TEST(out[size_t(i)] == i + 1);
  BOOST_TEST(r.front() == nullptr);
  BOOST_TEST(r.size() == 0);
}

BOOST_AUTO_TEST_CASE(two_threads_pass_a_million_numbers_without_loss_or_disorder) {
  SpscRing<std::uint64_t> r(1024);
  constexpr std::uint64_t kCount = 1'000'000;
  std::thread producer([&] {
    std::uint64_t next = 0, batch[7];
    while (next < kCount) {
      std::size_t n = 0;
      for (; n < 1 + next % 7 && next + n < kCount; ++n) batch[n] = next + n;
      const std::size_t pushed = r.push(std::span<const std::uint64_t>(batch, n));
      next += pushed;
      if (pushed == 0) std::this_thread::yield();
    }
  });
  std::uint64_t expected = 0, out[33];
  bool in_order = true;
  while (expected < kCount) {
    const std::size_t n = r.pop(std::span(out, 1 + expected % 33));
    for (std::size_t i = 0; i < n; ++i) in_order &= out[i] == expected + i;
    expected += n;
    if (n == 0) std::this_thread::yield();
  }
  producer.join();
  BOOST_TEST(in_order);
  BOOST_TEST(r.size() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
