// The udev rules must open every device that a driver looks for.
#include <fnmatch.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cctype>
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

/// What the rules want of the manufacturer in lines with this id, one pattern a line; udev matches as fnmatch does.
std::vector<std::string> maker_patterns(const std::string& product) {
  std::vector<std::string> all;
  std::istringstream lines(rules());
  for (std::string line; std::getline(lines, line);) {
    const std::string key = "{manufacturer}==\"";
    const std::size_t at = line.find(key);
    if (line.find("{idProduct}==\"" + product) == std::string::npos || at == std::string::npos) continue;
    const std::size_t from = at + key.size();
    all.push_back(line.substr(from, line.find('"', from) - from));
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_maker_is_known_in_any_case_and_anywhere_in_its_string_as_the_driver_does) {
  std::size_t tried = 0;
  for (const DriverEntry& driver : driver_registry())
    for (const UsbMatch::Id& id : driver.match().ids) {
      if (id.maker.empty()) continue;
      char product[8];
      std::snprintf(product, sizeof product, "%04x", id.product);
      const auto patterns = maker_patterns(product);
      BOOST_TEST(patterns.size() == 2u, driver.name);  // of the USB device, and of the kernel's serial port
      std::string upper = id.maker, mixed = id.maker;
      for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      for (std::size_t i = 0; i < mixed.size(); i += 2) mixed[i] = upper[i];
      for (const std::string& pattern : patterns) {
        for (const std::string& maker : {id.maker, upper, mixed, "LORD " + upper, upper + " Technologies"})
          BOOST_TEST(fnmatch(pattern.c_str(), maker.c_str(), 0) == 0, pattern << " and " << maker);
        BOOST_TEST(fnmatch(pattern.c_str(), "STMicroelectronics", 0) == FNM_NOMATCH, pattern);
      }
      ++tried;
    }
  BOOST_TEST(tried == 2u);
}

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
