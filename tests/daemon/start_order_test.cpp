#include "daemon/start_order.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(order_of_start)

using namespace grfd;

namespace {
DeviceSettings device(const char* name, const char* clock = "own", const char* after = "") {
  DeviceSettings d;
  d.name = name;
  d.clock = clock;
  d.start_after = after;
  return d;
}
}  // namespace

BOOST_AUTO_TEST_CASE(what_paces_others_starts_last) {
  std::vector<std::string> trouble;
  const StartOrder o = start_order(
      {device("left"), device("imu", "own", "left"), device("right", "left"), device("third", "left")}, &trouble);
  BOOST_TEST(trouble.empty());
  BOOST_TEST(o.order == (std::vector<std::size_t>{2, 3, 0, 1}), boost::test_tools::per_element());
  BOOST_TEST(o.before[0] == (std::vector<std::size_t>{2, 3}), boost::test_tools::per_element());
  BOOST_TEST(o.clock[2] == 0u);
  BOOST_TEST(o.clock[0] == StartOrder::kOwn);
}

BOOST_AUTO_TEST_CASE(devices_that_wait_for_each_other_are_told) {
  std::vector<std::string> trouble;
  const StartOrder o = start_order({device("left"), device("right", "left", "left")}, &trouble);
  BOOST_REQUIRE_EQUAL(trouble.size(), 1u);
  BOOST_TEST(trouble[0].starts_with("left: waits for a device that waits for it in turn"));
  BOOST_TEST(o.order.size() == 2u);  // still every device once
  trouble.clear();
  start_order({device("a", "b"), device("c", "own", "c")}, &trouble);
  BOOST_REQUIRE_EQUAL(trouble.size(), 2u);
  BOOST_TEST(trouble[0] == "a: there is no other device \"b\" for its clock");
  BOOST_TEST(trouble[1] == "c: there is no other device \"c\" to start after");
}

BOOST_AUTO_TEST_SUITE_END()
