#include "drivers/emulation/usbip_export.hpp"

#include <algorithm>

namespace grfd {

using usbip::Command;

namespace {
constexpr TimeNs kAskAgain = 1'000'000;
}

UsbipExport::UsbipExport(EmulatedDevice& device, std::uint32_t number)
    : device_(device), described_(usbip::describe(device, number)), requests_(device) {}

void UsbipExport::plug(TimeNs now) {
  now_ = std::max(now_, now);
  pending_.clear();
  requests_.power_up();
  device_.power_cycle(now_);
}

void UsbipExport::take(TimeNs now, const Command& command, usbip::View data, usbip::Bytes& out) {
  run(now, out);
  if (command.kind == Command::Kind::unlink) return unlink(command, out);
  ++urbs_;
  submit(command, data, out);
}

void UsbipExport::submit(const Command& command, usbip::View data, usbip::Bytes& out) {
  if (command.endpoint == 0) {
    buffer_.resize(command.length);
    if (!command.in) std::copy(data.begin(), data.end(), buffer_.begin());
    return finish(command, requests_.control(now_, command.setup, buffer_), out);
  }
  if (!requests_.has_endpoint(command.address()) || requests_.halted(command.address()))
    return finish(command, -1, out);
  if (command.in) return pending_[command.address()].push_back(command);
  device_.out(now_, command.address(), data);
  finish(command, static_cast<int>(data.size()), out);
}

/// `bytes` are at the start of buffer_ when it is an IN transfer; below 0: STALL.
void UsbipExport::finish(const Command& command, int bytes, usbip::Bytes& out) {
  const auto n = static_cast<std::size_t>(std::max(bytes, 0));
  usbip::write_submitted(out, command, bytes < 0 ? usbip::kStalled : usbip::kOk,
                         command.in ? usbip::View(buffer_).first(n) : usbip::View(), n);
}

void UsbipExport::unlink(const Command& command, usbip::Bytes& out) {
  for (auto& [address, queue] : pending_) {
    const auto it = std::find_if(queue.begin(), queue.end(), [&](const Command& c) { return c.seq == command.victim; });
    if (it == queue.end()) continue;
    const Command victim = *it;
    const bool first = it == queue.begin();
    queue.erase(it);
    buffer_.resize(victim.length);
    // What had come in before the cancellation belongs to the host: such a transfer has ended, and there is none to
    // unlink.
    if (const int n = first ? device_.partial(now_, address, buffer_) : 0; n > 0) {
      finish(victim, n, out);
      break;
    }
    return usbip::write_unlinked(out, command.seq, usbip::kUnlinked);
  }
  usbip::write_unlinked(out, command.seq, usbip::kOk);
}

TimeNs UsbipExport::run(TimeNs now, usbip::Bytes& out) {
  for (;;) {
    TimeNs first = EmulatedDevice::kNever;
    std::uint8_t address = 0;
    for (auto& [a, queue] : pending_) {
      while (!queue.empty() && requests_.halted(a)) {
        finish(queue.front(), -1, out);
        queue.pop_front();
      }
      if (queue.empty()) continue;
      const TimeNs t = std::max(now_, device_.ready(now_, a, queue.front().length));
      if (t < first) first = t, address = a;
    }
    if (first > now) {
      now_ = std::max(now_, now);
      device_.advance(now_);
      return first;
    }
    now_ = first;
    std::deque<Command>& queue = pending_[address];
    buffer_.resize(queue.front().length);
    const int n = device_.in(now_, address, buffer_);
    if (n < 0) {  // not quite
      if (now_ + kAskAgain > now) return now_ + kAskAgain;
      now_ += kAskAgain;
      continue;
    }
    finish(queue.front(), n, out);
    queue.pop_front();
  }
}

std::size_t UsbipExport::pending() const {
  std::size_t n = 0;
  for (const auto& [address, queue] : pending_) n += queue.size();
  return n;
}

}  // namespace grfd
