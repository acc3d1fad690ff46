#include "daemon/recording_file.hpp"

#include <filesystem>
#include <stdexcept>

#include "daemon/session_json.hpp"

namespace grfd {

h5::Id open_recording(const std::string& path) {
  const std::filesystem::path file(path);
  if (file.extension() == ".journal" && std::filesystem::exists(file)) {
    const std::string folder = file.has_parent_path() ? file.parent_path().string() : ".";
    throw std::runtime_error(
        "this is the journal of a recording, not the HDF5 file; make the file first: grfd recover " + folder);
  }
  h5::Id open = h5::open_file(path);
  if (h5::text_attribute(open, "format") != kRecordingFormat)
    throw std::runtime_error("this is not a recording: the attribute 'format' is missing or another");
  return open;
}

}  // namespace grfd
