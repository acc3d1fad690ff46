#include "drivers/usb.hpp"

#include <libusb.h>
#include <pthread.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>

#include "drivers/usb_descriptors.hpp"
#include "drivers/usb_link.hpp"
#include "drivers/usb_transfer.hpp"

namespace grfd {
namespace {

constexpr timeval kTurn{1, 0};
constexpr int kFruitlessTurns = 8;
constexpr auto kBreath = std::chrono::microseconds(200);

std::string lower(std::string s) {
  std::transform(s.begin(), s.end(), s.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return s;
}

/// An id of the match that fits by numbers alone.
const UsbMatch::Id* fitting(const UsbMatch& match, std::uint16_t vendor, std::uint16_t product) {
  for (const UsbMatch::Id& id : match.ids)
    if (id.vendor == vendor && (id.product == 0 || id.product == product)) return &id;
  return nullptr;
}

std::string place(const UsbDevice& d) {
  char text[64];
  std::snprintf(text, sizeof text, "%04x:%04x at /dev/bus/usb/%03u/%03u", d.vendor_id, d.product_id, d.bus, d.address);
  return text;
}

LinkSpeed speed_of(int libusb_speed) {
  if (libusb_speed < LIBUSB_SPEED_LOW) return LinkSpeed::unknown;
  return libusb_speed < LIBUSB_SPEED_SUPER ? static_cast<LinkSpeed>(libusb_speed) : LinkSpeed::super;
}
static_assert(LIBUSB_SPEED_LOW == 1 && LIBUSB_SPEED_FULL == 2 && LIBUSB_SPEED_HIGH == 3 && LIBUSB_SPEED_SUPER == 4);

std::string cannot_open(int error, const UsbDevice& d) {
  const char* why = error == LIBUSB_ERROR_ACCESS
                        ? "no permission (is the udev rule installed, and the user in its group?)"
                        : libusb_strerror(static_cast<libusb_error>(error));
  return "cannot open " + place(d) + ": " + why;
}

}  // namespace

struct UsbCallbacks {
  static int LIBUSB_CALL hotplug(libusb_context*, libusb_device* device, libusb_hotplug_event event, void* self) {
    auto& context = *static_cast<UsbContext*>(self);
    event == LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED ? context.arrived(device) : context.left(device);
    return 0;
  }
};

UsbContext::UsbContext(void (*on_event_thread)())
    : on_event_thread_(on_event_thread), counters_(std::make_unique<UsbCounters>()) {
  all_counters_ = {&counters_->transfers, &counters_->short_transfers, &counters_->stalls,
                   &counters_->overflow,  &counters_->errors,          &counters_->resubmit_failed};
  if (const int error = libusb_init(&usb_); error != 0)
    throw std::runtime_error(std::string("USB cannot be used: libusb does not start (") +
                             libusb_strerror(static_cast<libusb_error>(error)) + "); is /dev/bus/usb there?");
  hotplug_ = libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG) != 0;
  if (hotplug_) {
    const int events = LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT;
    const int error = libusb_hotplug_register_callback(usb_, events, LIBUSB_HOTPLUG_ENUMERATE, LIBUSB_HOTPLUG_MATCH_ANY,
                                                       LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY,
                                                       &UsbCallbacks::hotplug, this, nullptr);
    if (error != 0) hotplug_ = false;
  }
  recovery_ = std::make_unique<UsbRecovery>();
  thread_ = std::thread([this] { run(); });
}

UsbContext::~UsbContext() {
  stop_ = true;
  libusb_interrupt_event_handler(usb_);
  thread_.join();
  recovery_.reset();
  for (Present& p : present_) libusb_unref_device(p.device);
  libusb_exit(usb_);
}

void UsbContext::run() {
  pthread_setname_np(pthread_self(), "usb");
  if (on_event_thread_) on_event_thread_();
  int fruitless = 0;
  while (!stop_) {
    // Between the pulling of a plug and the kernel's own clearing up, the device's file is hung up: waiting for it
    // returns at once and there is nothing to take. With real-time priority this thread would then keep that very
    // clearing up, a work queue bound to one processor, from running until the kernel throttles it, 0.95 s later.
    if (fruitless > kFruitlessTurns) std::this_thread::sleep_for(kBreath);
    const std::uint64_t before = counters_->transfers.get();
    timeval turn = kTurn;
    const int error = libusb_handle_events_timeout_completed(usb_, &turn, nullptr);
    fruitless = counters_->transfers.get() == before ? std::min(fruitless + 1, kFruitlessTurns + 1) : 0;
    if (error != 0 && error != LIBUSB_ERROR_INTERRUPTED) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

/// May be called twice for one device: when it arrives during the first enumeration.
void UsbContext::arrived(libusb_device* device) {
  libusb_device_descriptor d{};
  if (libusb_get_device_descriptor(device, &d) != 0) return;
  const std::lock_guard lock(mutex_);
  for (const Present& p : present_)
    if (p.device == device) return;
  Present p;
  p.device = libusb_ref_device(device);
  p.facts.plug = next_plug_++;
  p.facts.bus = libusb_get_bus_number(device);
  p.facts.address = libusb_get_device_address(device);
  p.facts.vendor_id = d.idVendor;
  p.facts.product_id = d.idProduct;
  present_.push_back(std::move(p));
  ++changes_;
}

void UsbContext::left(libusb_device* device) {
  {
    const std::lock_guard lock(mutex_);
    const auto it =
        std::find_if(present_.begin(), present_.end(), [device](const Present& p) { return p.device == device; });
    if (it == present_.end()) return;
    present_.erase(it);
    ++changes_;
  }
  libusb_unref_device(device);
}

/// Without hotplug support: what is new, what is gone.
void UsbContext::refresh() {
  libusb_device** list = nullptr;
  const auto count = libusb_get_device_list(usb_, &list);
  if (count < 0) return;
  const std::span<libusb_device*> now(list, static_cast<std::size_t>(count));
  std::vector<libusb_device*> gone;
  {
    const std::lock_guard lock(mutex_);
    for (const Present& p : present_)
      if (std::find(now.begin(), now.end(), p.device) == now.end()) gone.push_back(p.device);
  }
  for (libusb_device* device : gone) left(device);
  for (libusb_device* device : now) arrived(device);
  libusb_free_device_list(list, 1);
}

/// Fills in the strings, or `trouble`.
void UsbContext::describe(Present& p) {
  p.facts.trouble.clear();
  libusb_device_handle* handle = nullptr;
  if (const int error = libusb_open(p.device, &handle); error != 0) {
    p.facts.trouble = cannot_open(error, p.facts);
    return;
  }
  try {
    UsbStrings strings = read_strings(handle);
    p.facts.manufacturer = std::move(strings.manufacturer);
    p.facts.product = std::move(strings.product);
    p.facts.serial_string = std::move(strings.serial);
    p.described = true;
  } catch (const LinkError& e) { p.facts.trouble = place(p.facts) + ": " + e.what(); }
  libusb_close(handle);
}

std::vector<UsbDevice> UsbContext::find(const UsbMatch& match) {
  if (!hotplug_) refresh();
  std::vector<Present> candidates;
  {
    const std::lock_guard lock(mutex_);
    for (const Present& p : present_) {
      if (!fitting(match, p.facts.vendor_id, p.facts.product_id)) continue;
      candidates.push_back(p);
      candidates.back().facts.busy = std::find(open_.begin(), open_.end(), p.facts.plug) != open_.end();
      libusb_ref_device(p.device);
    }
  }
  std::vector<UsbDevice> found;
  for (Present& p : candidates) {
    if (!match.cdc_acm || has_acm(p.device)) {
      if (!p.described && !p.facts.busy) {
        describe(p);
        const std::lock_guard lock(mutex_);
        for (Present& known : present_) {
          if (known.device != p.device) continue;
          known.facts = p.facts;
          known.facts.busy = false;
          known.described = p.described;
        }
      }
      const UsbMatch::Id& id = *fitting(match, p.facts.vendor_id, p.facts.product_id);
      if (id.maker.empty() || lower(p.facts.manufacturer).find(lower(id.maker)) != std::string::npos)
        found.push_back(p.facts);
    }
    libusb_unref_device(p.device);
  }
  std::sort(found.begin(), found.end(), [](const UsbDevice& a, const UsbDevice& b) {
    return std::pair(a.bus, a.address) < std::pair(b.bus, b.address);
  });
  return found;
}

std::unique_ptr<Link> UsbContext::open(const UsbDevice& device) {
  libusb_device* usb = nullptr;
  {
    const std::lock_guard lock(mutex_);
    for (const Present& p : present_)
      if (p.facts.plug == device.plug) usb = libusb_ref_device(p.device);
    if (!usb) throw LinkError(LinkError::Kind::gone, place(device) + " has been unplugged");
    if (std::find(open_.begin(), open_.end(), device.plug) != open_.end()) {
      libusb_unref_device(usb);
      throw LinkError(LinkError::Kind::io, place(device) + " is open already");
    }
  }
  libusb_device_handle* handle = nullptr;
  const int error = libusb_open(usb, &handle);
  libusb_unref_device(usb);
  if (error != 0)
    throw LinkError(error == LIBUSB_ERROR_NO_DEVICE ? LinkError::Kind::gone : LinkError::Kind::io,
                    cannot_open(error, device));
  LinkInfo info{device.vendor_id, device.product_id, device.manufacturer, device.product, device.serial_string, {}, {}};
  info.speed = speed_of(libusb_get_device_speed(libusb_get_device(handle)));
  try {
    info.configuration = read_active_configuration(handle);
  } catch (...) {
    libusb_close(handle);
    throw;
  }
  {
    const std::lock_guard lock(mutex_);
    open_.push_back(device.plug);
  }
  return std::make_unique<UsbLink>(handle, std::move(info), *counters_, *recovery_,
                                   [this, plug = device.plug] { closed(plug); });
}

void UsbContext::closed(std::uint64_t plug) noexcept {
  const std::lock_guard lock(mutex_);
  open_.erase(std::remove(open_.begin(), open_.end(), plug), open_.end());
}

}  // namespace grfd
