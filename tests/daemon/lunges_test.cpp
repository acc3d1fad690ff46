// Knee-to-wall tests are kept by participant and side; a broken file is named.
#include "daemon/lunges.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>

BOOST_AUTO_TEST_SUITE(lunges)

using namespace grfd;
namespace fs = std::filesystem;
using Json = LungeStore::Json;

namespace {
struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "grfd_lunges_XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
};
Json entry(const char* participant, const char* side, double deg) {
  return {{"participant", participant},
          {"side", side},
          {"available_deg", deg},
          {"sd_deg", nullptr},
          {"trials", 1},
          {"zero_utc", ""},
          {"measured_utc", "2026-01-02T03:04:05Z"},
          {"session", "s1"}};
}
}  // namespace

BOOST_AUTO_TEST_CASE(a_test_is_found_by_participant_and_side) {
  const Folder folder;
  {
    LungeStore store(folder.path / "new");
    BOOST_TEST(store.to_json().empty());
    store.keep(entry("P07", "left", 36));
    store.keep(entry("P08", "left", 41));
    store.keep(entry("P07", "left", 38.5));
  }
  const LungeStore again(folder.path / "new");
  BOOST_TEST(again.to_json().size() == 2u);
  const Json* found = again.find("P07", "left");
  BOOST_REQUIRE(found);
  BOOST_TEST((*found)["available_deg"] == 38.5);
  BOOST_TEST(!again.find("P07", "right"));
  BOOST_TEST(!again.find("P09", "left"));
}

BOOST_AUTO_TEST_CASE(a_first_trial_does_not_take_the_place_of_a_better_test) {
  const Folder folder;
  LungeStore store(folder.path);
  Json whole = entry("P07", "left", 38), next = entry("P07", "left", 32);
  whole["trials"] = 3;
  next["session"] = "s2";
  const auto kept = [&] { return store.find("P07", "left")->at("available_deg").get<double>(); };
  store.keep(whole);
  store.keep(next);
  BOOST_TEST(kept() == 38);
  next["available_deg"] = 39;  // more than ever
  store.keep(next);
  BOOST_TEST(kept() == 39);
  whole["session"] = "s3";  // less, but three trials
  whole["available_deg"] = 31;
  store.keep(whole);
  BOOST_TEST(kept() == 31);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_none_is_named_and_left_alone) {
  const Folder folder;
  for (
      const char* text :
      {"{\"lunges\": 3", "{\"lunges\":[{\"participant\":\"P07\"}]}",
       R"({"lunges":[{"participant":"P07","side":"left","available_deg":138,"sd_deg":null,"trials":1,"zero_utc":"","measured_utc":"","session":""}]})"}) {
    std::ofstream(folder.path / "lunges.json") << text;
    BOOST_CHECK_EXCEPTION(LungeStore{folder.path}, std::runtime_error, [](const std::exception& e) {
      return std::string(e.what()).find("lunges.json") != std::string::npos;
    });
    BOOST_TEST(fs::file_size(folder.path / "lunges.json") == std::string(text).size());
  }
}

BOOST_AUTO_TEST_SUITE_END()
