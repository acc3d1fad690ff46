#include "tests/simulated_usb/simulated_usb.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <umockdev.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include "tests/simulated_usb/usbfs_node.hpp"

namespace grfd::simulated_usb {
namespace {

std::string formatted(const char* format, int a, int b = 0) {
  char text[128];
  std::snprintf(text, sizeof text, format, a, b);
  return text;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t b : bytes) text += formatted("%02x", b);
  return text;
}

int next_address = 1;  // of the bus; plugging is done by one thread

}  // namespace

TimeNs monotonic() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

Bus::Bus() : testbed_(umockdev_testbed_new()) {
  if (!umockdev_in_mock_environment()) throw std::runtime_error("this test must be run by umockdev-wrapper");
  gchar* root = umockdev_testbed_get_root_dir(testbed_);
  root_ = root;
  g_free(root);
  g_mkdir_with_parents((root_ + "/dev/bus/usb/001").c_str(), 0755);
}

Bus::~Bus() { g_object_unref(testbed_); }

Port::Port(Bus& bus, int number, EmulatedDevice& device)
    : bus_(bus), number_(number), device_(device), start_(monotonic()), thread_([this] { pump(); }) {}

Port::~Port() {
  if (node_) unplug();
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Port::plug() {
  const int address = ++next_address;
  const std::string node = formatted("/dev/bus/usb/001/%03d", address), sys = formatted("/devices/usb1/1-%d", number_);
  std::vector<std::uint8_t> bytes = descriptors;
  if (bytes.empty()) {
    bytes = device_.device_descriptor();
    bytes.insert(bytes.end(), device_.info().configuration.begin(), device_.info().configuration.end());
  }
  {
    const std::lock_guard lock(mutex_);
    endpoints_.clear();
    frozen_.clear();
    claimed_.clear();
    holding_ = false;
    clock_ = powered_at_ = std::max(clock_, device_now());
    device_.power_cycle(clock_);
    node_ = Node::make(*this, bus_.root() + node);
  }
  if (serve) serve(node_, node);
  const std::string text = "P: " + sys + "\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\nE: BUSNUM=001\n" +
                           formatted("E: DEVNUM=%03d\n", address) + "E: DEVNAME=" + node + "\nA: busnum=1\\n\n" +
                           formatted("A: devnum=%d\\n\n", address) + "A: bConfigurationValue=1\\n\n" +
                           formatted("A: speed=%d\\n\n", device_.info().speed == LinkSpeed::high ? 480 : 12) +
                           "H: descriptors=" + hex(bytes) + "\n";
  if (!umockdev_testbed_add_from_string(bus_.testbed(), text.c_str(), nullptr))
    throw std::runtime_error("umockdev does not take the device");
}

void Port::unplug() {
  std::shared_ptr<Node> node;
  {
    const std::lock_guard lock(mutex_);
    node = std::move(node_);
    if (!node) return;
    for (auto& [address, endpoint] : endpoints_)
      for (usbdevfs_urb* urb : endpoint.pending) node->finish(*urb, -ESHUTDOWN, 0);
    for (usbdevfs_urb* urb : frozen_) node->finish(*urb, -ESHUTDOWN, 0);
    endpoints_.clear();
    frozen_.clear();
    node->gone = true;
    node->wake();
  }
  const std::string sys = formatted("/sys/devices/usb1/1-%d", number_);
  umockdev_testbed_uevent(bus_.testbed(), sys.c_str(), "remove");
  umockdev_testbed_remove_device(bus_.testbed(), sys.c_str());
  node->unlink();
}

Figures Port::figures() {
  const std::lock_guard lock(mutex_);
  return figures_;
}

void Port::stall(std::uint8_t endpoint) {
  const std::lock_guard lock(mutex_);
  endpoints_[endpoint].stall_next = true;
  wake_.notify_all();
}

void Port::fail(std::uint8_t endpoint, int error, bool always) {
  const std::lock_guard lock(mutex_);
  endpoints_[endpoint].fail_next = error;
  endpoints_[endpoint].fail_always = always;
  wake_.notify_all();
}

void Port::freeze(bool on) {
  const std::lock_guard lock(mutex_);
  freeze_ = on;
  wake_.notify_all();
}

TimeNs Port::device_now() const { return holding_ ? clock_ : monotonic() - start_ - held_; }

void Port::pump() {
  prctl(PR_SET_TIMERSLACK, 1);
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const TimeNs next = step();
    if (next == EmulatedDevice::kNever) {
      wake_.wait(lock);
    } else {
      wake_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(next + start_ + held_)));
    }
  }
}

/// Event after event at its own device time, however late this thread is: as a host controller does without a
/// processor.
TimeNs Port::step() {
  for (;;) {
    if (!node_ || freeze_ || holding_) return EmulatedDevice::kNever;
    const TimeNs now = device_now();
    TimeNs first = EmulatedDevice::kNever;
    Endpoint* due = nullptr;
    std::uint8_t address = 0;
    for (auto& [a, e] : endpoints_) {
      while (!e.pending.empty() && !e.halted && (e.stall_next || e.fail_next)) {
        usbdevfs_urb* urb = e.pending.front();
        e.pending.pop_front();
        e.halted = e.stall_next;
        figures_.stalled += e.stall_next;
        end(*urb, e.stall_next ? -EPIPE : e.fail_next, 0);
        e.stall_next = false;
        if (!e.fail_always) e.fail_next = 0;
      }
      if (e.fail_always) continue;
      if (e.halted || (e.pending.empty() && !e.streaming)) continue;
      const int length = e.pending.empty() ? e.length : e.pending.front()->buffer_length;
      const TimeNs t = std::max(clock_, device_.ready(clock_, a, static_cast<std::size_t>(length)));
      if (t < first) first = t, due = &e, address = a;
    }
    if (first > now) {
      clock_ = std::max(clock_, now);
      device_.advance(clock_);
      return first;
    }
    clock_ = first;
    if (due->pending.empty()) {
      holding_ = true;
      ++figures_.holds;
      return EmulatedDevice::kNever;
    }
    usbdevfs_urb& urb = *due->pending.front();
    const int n =
        device_.in(clock_, address, {static_cast<std::byte*>(urb.buffer), static_cast<std::size_t>(urb.buffer_length)});
    if (n < 0) return clock_ + 1'000'000;  // not quite: ask again soon
    due->pending.pop_front();
    ++figures_.in;
    figures_.in_bytes += static_cast<std::uint64_t>(n);
    if (due->streaming) figures_.shallowest = std::min(figures_.shallowest, due->pending.size());
    end(urb, 0, n);
  }
}

void Port::end(usbdevfs_urb& urb, int status, int length) {
  node_->finish(urb, status, length);
  node_->wake();
}

void Port::submit(usbdevfs_urb& urb) {
  ++figures_.urbs;
  if (urb.type == USBDEVFS_URB_TYPE_CONTROL) {
    if (freeze_) return frozen_.push_back(&urb);
    ++figures_.control;
    const int n = control(urb);
    return end(urb, n < 0 ? -EPIPE : 0, std::max(n, 0));
  }
  figures_.unclaimed += claimed_.empty();
  if (!(urb.endpoint & 0x80)) {
    if (freeze_) return frozen_.push_back(&urb);
    ++figures_.out;
    step();
    clock_ = std::max(clock_, device_now());
    device_.out(clock_, urb.endpoint,
                {static_cast<const std::byte*>(urb.buffer), static_cast<std::size_t>(urb.buffer_length)});
    end(urb, 0, urb.buffer_length);
    return wake_.notify_all();
  }
  Endpoint& e = endpoints_[urb.endpoint];
  e.pending.push_back(&urb);
  e.length = urb.buffer_length;
  e.streaming |= e.pending.size() > 1;
  figures_.deepest = std::max(figures_.deepest, e.pending.size());
  if (holding_) {
    holding_ = false;
    const TimeNs held = monotonic() - start_ - clock_;
    figures_.held += held - held_;
    held_ = held;
  }
  wake_.notify_all();
}

int Port::cancel(usbdevfs_urb* urb) {
  if (const auto it = std::find(frozen_.begin(), frozen_.end(), urb); it != frozen_.end()) {
    frozen_.erase(it);
    ++figures_.cancelled;
    end(*urb, -ENOENT, 0);
    return 0;
  }
  for (auto& [address, e] : endpoints_) {
    const auto it = std::find(e.pending.begin(), e.pending.end(), urb);
    if (it == e.pending.end()) continue;
    step();
    if (e.pending.empty() || std::find(e.pending.begin(), e.pending.end(), urb) == e.pending.end())
      return EINVAL;  // ended
    const bool first = e.pending.front() == urb;
    e.pending.erase(std::find(e.pending.begin(), e.pending.end(), urb));
    e.streaming = false;
    ++figures_.cancelled;
    int n = 0;
    if (first && !e.halted && !freeze_) {
      clock_ = std::max(clock_, device_now());
      n = device_.partial(clock_, address,
                          {static_cast<std::byte*>(urb->buffer), static_cast<std::size_t>(urb->buffer_length)});
    }
    end(*urb, -ENOENT, std::max(n, 0));
    return 0;
  }
  return EINVAL;
}

int Port::control(usbdevfs_urb& urb) {
  const auto* setup = static_cast<const std::uint8_t*>(urb.buffer);
  const auto word = [setup](int i) { return static_cast<std::uint16_t>(setup[i] | setup[i + 1] << 8); };
  const std::span data(static_cast<std::byte*>(urb.buffer) + 8, static_cast<std::size_t>(urb.buffer_length - 8));
  step();
  clock_ = std::max(clock_, device_now());
  int n = device_.control(clock_, setup[0], setup[1], word(2), word(4),
                          data.first(std::min<std::size_t>(data.size(), word(6))));
  if (n < 0 && setup[0] == 0x80 && setup[1] == 6) n = standard_descriptor(word(2), data);
  wake_.notify_all();
  return n;
}

/// For devices whose emulation leaves enumeration to its host.
int Port::standard_descriptor(std::uint16_t value, std::span<std::byte> data) const {
  const LinkInfo& info = device_.info();
  const std::vector<std::uint8_t> device = device_.device_descriptor();
  const int index = value & 0xff;
  std::vector<std::uint8_t> d;
  if (value >> 8 == 1) d = device;
  if (value >> 8 == 2 && index == 0) d = info.configuration;
  if (value >> 8 == 2 && index == 0 && descriptors.size() > 18) d.assign(descriptors.begin() + 18, descriptors.end());
  if (value >> 8 == 3 && index == 0) d = {4, 3, 0x09, 0x04};
  if (value >> 8 == 3 && index != 0) {
    const std::string* text = index == device[14]   ? &info.manufacturer
                              : index == device[15] ? &info.product
                              : index == device[16] ? &info.serial_string
                                                    : nullptr;
    if (!text) return -1;
    d = {static_cast<std::uint8_t>(2 + 2 * text->size()), 3};
    for (const char c : *text) d.insert(d.end(), {static_cast<std::uint8_t>(c), 0});
  }
  if (d.empty()) return -1;
  const std::size_t n = std::min(d.size(), data.size());
  std::memcpy(data.data(), d.data(), n);
  return static_cast<int>(n);
}

int Port::claim(int interface, bool detach) {
  if (foreign_.count(interface)) return EBUSY;
  if (bound_.count(interface)) {
    if (!detach) return EBUSY;
    bound_.erase(interface);
  }
  claimed_.insert(interface);
  return 0;
}

int Port::io(Node& node, unsigned long request, void* argument) {
  const std::lock_guard lock(mutex_);
  const auto answer = [](int error) {
    errno = error;
    return error == 0 ? 0 : -1;
  };
  if (request == USBDEVFS_REAPURB || request == USBDEVFS_REAPURBNDELAY) {
    usbdevfs_urb* urb = node.reap();
    if (!urb) return answer(node.gone ? ENODEV : EAGAIN);
    *static_cast<void**>(argument) = urb;
    return 0;
  }
  if (node.gone) return answer(ENODEV);
  switch (request) {
    case USBDEVFS_GET_CAPABILITIES:
      *static_cast<std::uint32_t*>(argument) = USBDEVFS_CAP_ZERO_PACKET | USBDEVFS_CAP_BULK_CONTINUATION |
                                               USBDEVFS_CAP_NO_PACKET_SIZE_LIM | USBDEVFS_CAP_BULK_SCATTER_GATHER |
                                               USBDEVFS_CAP_REAP_AFTER_DISCONNECT;
      return 0;
    case USBDEVFS_GETDRIVER:
      return answer(ENODATA);
    case USBDEVFS_DISCONNECT_CLAIM:
      return answer(claim(static_cast<int>(static_cast<usbdevfs_disconnect_claim*>(argument)->interface), true));
    case USBDEVFS_CLAIMINTERFACE:
      return answer(claim(static_cast<int>(*static_cast<unsigned*>(argument)), false));
    case USBDEVFS_RELEASEINTERFACE:
      claimed_.erase(static_cast<int>(*static_cast<unsigned*>(argument)));
      return 0;
    case USBDEVFS_IOCTL: {
      const auto& inner = *static_cast<usbdevfs_ioctl*>(argument);
      if (inner.ioctl_code == static_cast<int>(USBDEVFS_CONNECT)) bound_.insert(inner.ifno);
      return 0;
    }
    case USBDEVFS_CLEAR_HALT:
      ++figures_.halts_cleared;
      endpoints_[static_cast<std::uint8_t>(*static_cast<unsigned*>(argument))].halted = false;
      wake_.notify_all();
      return 0;
    case USBDEVFS_SUBMITURB:
      submit(*static_cast<usbdevfs_urb*>(argument));
      return 0;
    case USBDEVFS_DISCARDURB:
      return answer(cancel(static_cast<usbdevfs_urb*>(argument)));
    default:
      return 0;
  }
}

}  // namespace grfd::simulated_usb
