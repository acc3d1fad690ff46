// Where the C3D files of the real recordings are.
#pragma once
#include <boost/test/unit_test.hpp>

#include "tests/drivers/stimulus_helpers.hpp"

namespace grfd::test {

struct C3dRecording {
  std::string file;
  std::filesystem::path path, reference;
};
inline std::vector<C3dRecording> c3d_recordings() {
  std::vector<C3dRecording> out;
  const std::filesystem::path root = data_folder();
  if (root.empty()) return out;
  for (const auto& set : std::filesystem::directory_iterator(root)) {
    const std::string name = set.path().filename().string();
    if (name.compare(0, 2, "04") && name.compare(0, 2, "05") && name.compare(0, 2, "06")) continue;
    for (const auto& f : std::filesystem::directory_iterator(set.path())) {
      std::string ext = f.path().extension().string();
      if (ext == ".c3d" || ext == ".C3D")
        out.push_back({f.path().filename().string(), f.path(),
                       set.path() / "reference" / (f.path().filename().string() + ".csv.gz")});
    }
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return out;
}
inline std::filesystem::path c3d_recording(const std::string& file) {
  for (const C3dRecording& w : c3d_recordings())
    if (w.file == file) return w.path;
  return {};
}
inline bool no_recordings() {
  if (!data_folder().empty()) return false;
  BOOST_TEST_MESSAGE("skipped: no recordings; set GRFD_TEST_DATA to their folder");
  return true;
}

}  // namespace grfd::test
