#include "dsp/source_devices.hpp"

#include <algorithm>

#include "schemas/stream.hpp"

namespace grfd {

std::string source_devices(const std::vector<std::string>& raw_streams) {
  std::vector<std::string> names;
  for (const std::string& stream : raw_streams) {
    const std::string name(device_in(stream));
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

std::string plate_devices(const Settings& settings) {
  std::vector<std::string> streams;
  for (const PlateSettings& p : settings.plates) streams.push_back(p.stream);
  return source_devices(streams);
}

std::string rig_devices(const Settings& settings) {
  std::vector<std::string> streams;
  for (const PlateSettings& p : settings.plates) streams.push_back(p.stream);
  for (const ImuSettings& i : settings.imus) streams.push_back(i.stream);
  return source_devices(streams);
}

}  // namespace grfd
