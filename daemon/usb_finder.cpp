#include "daemon/usb_finder.hpp"

#include <algorithm>

#include "daemon/lab_clock.hpp"
#include "daemon/log.hpp"
#include "daemon/realtime.hpp"

namespace grfd {
namespace {

constexpr TimeNs kFirstPause = 1'000'000'000, kLongestPause = 60'000'000'000;
constexpr int kEventThreadPriority = 60;

void raise_priority() { ask_for_realtime(kEventThreadPriority); }

}  // namespace

UsbFinder::UsbFinder(bool realtime) : usb_(realtime ? &raise_priority : nullptr) {}

std::unique_ptr<Link> UsbFinder::open(const DeviceSettings& settings, Driver& driver) {
  const DriverEntry* entry = find_driver(settings.driver);
  if (!entry) return nullptr;
  const auto is_wanted = [&settings](const Known& k) { return settings.serial.empty() || k.serial == settings.serial; };
  const std::vector<UsbDevice> candidates = usb_.find(entry->match());
  std::erase_if(known_, [&](const auto& k) {  // unplugged
    return k.first.first == settings.driver &&
           std::none_of(candidates.begin(), candidates.end(),
                        [&k](const UsbDevice& d) { return d.plug == k.first.second; });
  });
  std::string trouble;
  for (const UsbDevice& device : candidates) {
    if (device.busy) continue;
    Known& known = known_[{settings.driver, device.plug}];
    if (!known.serial.empty() && !is_wanted(known)) continue;
    if (MonotonicClock().now() >= known.retry_at)
      if (std::unique_ptr<Link> link = ask(device, driver, known); link && is_wanted(known)) {
        warn_of_twins(device, settings.driver, candidates);
        return link;
      }
    if (!known.trouble.empty()) trouble = known.trouble;
  }
  if (!trouble.empty()) throw LinkError(LinkError::Kind::io, trouble);
  return nullptr;
}

/// Twins can be told by what was asked before, or by the strings of their descriptors.
void UsbFinder::warn_of_twins(const UsbDevice& device, const std::string& driver,
                              const std::vector<UsbDevice>& candidates) {
  const std::string serial = known_[{driver, device.plug}].serial;
  for (const UsbDevice& other : candidates) {
    if (other.plug == device.plug || serial.empty()) continue;
    const auto known = known_.find({driver, other.plug});
    const bool asked = known != known_.end() && !known->second.serial.empty();
    const bool twin = asked ? known->second.serial == serial
                            : !device.serial_string.empty() && other.serial_string == device.serial_string;
    if (twin && twins_.insert(driver + " " + serial).second)
      log(Level::warning, "two " + driver + " say that their serial is " + serial + " (bus " +
                              std::to_string(device.bus) + " addresses " + std::to_string(device.address) + " and " +
                              std::to_string(other.address) + "): the first is used; unplug the other");
  }
}

/// @return null when it cannot be opened or does not say who it is
std::unique_ptr<Link> UsbFinder::ask(const UsbDevice& device, Driver& driver, Known& known) {
  try {
    std::unique_ptr<Link> link = usb_.open(device);
    known.pause = std::clamp(2 * known.pause, kFirstPause, kLongestPause);  // for the case that it does not answer
    ++identified_;
    known.serial = driver.identify(*link).serial;
    known.trouble.clear();
    known.pause = 0;
    return link;
  } catch (const std::exception& e) {
    known.trouble = e.what();
    if (const auto* error = dynamic_cast<const LinkError*>(&e); error && error->kind == LinkError::Kind::gone)
      known = {};  // unplugged, and the news has not come yet: absent, not in trouble
    else if (known.pause > 0)
      known.retry_at = MonotonicClock().now() + known.pause;
    return nullptr;
  }
}

std::unique_ptr<LinkFinder> make_usb_finder(Engine& engine, bool realtime) {
  auto finder = std::make_unique<UsbFinder>(realtime);
  for (const Counter* counter : finder->counters()) engine.add_counter("usb", *counter);
  return finder;
}

}  // namespace grfd
