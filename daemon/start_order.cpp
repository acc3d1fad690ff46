#include "daemon/start_order.hpp"

#include <algorithm>

namespace grfd {

StartOrder start_order(const std::vector<DeviceSettings>& devices, std::vector<std::string>* trouble) {
  StartOrder result;
  const std::size_t n = devices.size();
  result.before.resize(n);
  result.clock.assign(n, StartOrder::kOwn);
  const auto complain = [&](std::size_t i, const std::string& text) {
    if (trouble) trouble->push_back(devices[i].name + ": " + text);
  };
  const auto find = [&](const std::string& name) {
    const auto at =
        std::find_if(devices.begin(), devices.end(), [&](const DeviceSettings& d) { return d.name == name; });
    return static_cast<std::size_t>(at - devices.begin());
  };
  for (std::size_t i = 0; i < n; ++i) {
    if (devices[i].clock != "own") {
      const std::size_t master = find(devices[i].clock);
      if (master == n || master == i) {
        complain(i, "there is no other device \"" + devices[i].clock + "\" for its clock");
      } else {
        result.clock[i] = master;
        result.before[master].push_back(i);
      }
    }
    if (devices[i].start_after.empty()) continue;
    const std::size_t first = find(devices[i].start_after);
    if (first == n || first == i)
      complain(i, "there is no other device \"" + devices[i].start_after + "\" to start after");
    else if (std::find(result.before[i].begin(), result.before[i].end(), first) == result.before[i].end())
      result.before[i].push_back(first);
  }
  std::vector<bool> placed(n, false);
  while (result.order.size() < n) {
    const std::size_t had = result.order.size();
    for (std::size_t i = 0; i < n; ++i) {
      const auto& wait = result.before[i];
      if (placed[i] || !std::all_of(wait.begin(), wait.end(), [&](std::size_t b) { return placed[b]; })) continue;
      placed[i] = true;
      result.order.push_back(i);
    }
    if (result.order.size() > had) continue;
    const auto stuck = static_cast<std::size_t>(std::find(placed.begin(), placed.end(), false) - placed.begin());
    complain(stuck,
             "waits for a device that waits for it in turn; a device that takes its clock from another one starts "
             "before that one");
    result.before[stuck].clear();
  }
  return result;
}

}  // namespace grfd
