// Faults and options of emulated devices against the tables that explain them.
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "drivers/emulation/labjack_u6_options.hpp"
#include "drivers/emulation/mcc_usb1608fs_plus_options.hpp"
#include "drivers/emulation/microstrain_mip_device.hpp"
#include "drivers/emulation/xio_ximu3_device.hpp"

BOOST_AUTO_TEST_SUITE(emulation_options)

using namespace grfd;

BOOST_AUTO_TEST_CASE(every_fault_and_option_of_an_emulated_device_is_in_the_readme_and_no_other) {
  for (const auto& [driver, known] : {std::pair{std::string("microstrain_mip"), mip_fault_names()},
                                      {"xio_ximu3", ximu3_fault_names()},
                                      {"labjack_u6", u6_fault_names()},
                                      {"mcc_usb1608fs_plus", mcc_fault_names()}}) {
    std::set<std::string> names, explained;
    std::istringstream words(known);
    for (std::string name; words >> name;) names.insert(name);
    BOOST_TEST(names.size() > 10u);
    std::ifstream readme(GRFD_SOURCE "/drivers/README.md");
    BOOST_REQUIRE(readme);
    bool options = false;
    const std::regex word("`([a-z0-9_]+)`");
    for (std::string line; std::getline(readme, line);) {
      if (!line.starts_with("|")) options = false;
      const bool faults = line.starts_with("| `" + driver + "` | per ");
      std::string cells = faults ? line.substr(driver.size() + 6) : options ? line.substr(0, line.find('|', 1)) : "";
      for (std::smatch m; std::regex_search(cells, m, word); cells = m.suffix()) explained.insert(m[1]);
      if (line.starts_with("| option of `" + driver + "`")) options = true;
    }
    if (driver == "microstrain_mip") BOOST_TEST(explained.contains("burst_ms"));
    BOOST_TEST(names == explained, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_SUITE_END()
