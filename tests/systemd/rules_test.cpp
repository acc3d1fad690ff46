// The udev rules must open every device that a driver looks for.
#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "drivers/driver.hpp"

BOOST_AUTO_TEST_SUITE(udev_rules)

using namespace grfd;

namespace {

std::string rules() {
  std::ifstream file(GRFD_SOURCE "/systemd/60-grfd.rules");
  std::ostringstream all;
  all << file.rdbuf();
  return all.str();
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_id_of_every_driver_has_a_line_that_names_the_driver) {
  std::istringstream lines(rules());
  BOOST_TEST(!lines.str().empty());
  for (const DriverEntry& driver : driver_registry()) {
    const UsbMatch match = driver.match();
    BOOST_TEST(!match.ids.empty(), driver.name);
    for (const UsbMatch::Id& id : match.ids) {
      char vendor[40], product[40], name[80];
      std::snprintf(vendor, sizeof vendor, "ATTR{idVendor}==\"%04x\"", id.vendor);
      std::snprintf(product, sizeof product, "ATTR{idProduct}==\"%04x\"", id.product);
      std::snprintf(name, sizeof name, "ENV{GRFD_DEVICE}=\"%s\"", driver.name);
      bool found = false;
      lines.clear();
      lines.seekg(0);
      for (std::string line; std::getline(lines, line);)
        found |=
            line.find(vendor) != std::string::npos && line.find(name) != std::string::npos &&
            (id.product == 0 ? line.find("idProduct") == std::string::npos : line.find(product) != std::string::npos);
      BOOST_TEST(found, driver.name << ": " << vendor << " " << (id.product ? product : "any product"));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
