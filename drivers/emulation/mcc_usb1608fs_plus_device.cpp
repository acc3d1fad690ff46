#include "drivers/emulation/mcc_usb1608fs_plus_device.hpp"

#include <algorithm>

namespace grfd {
using namespace mcc;
namespace {

// Constructed: the real descriptors are not published.
const std::vector<std::uint8_t> kMccDescriptor = {0x12, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x40, 0xdb,
                                                  0x09, 0xea, 0x00, 0x03, 0x01, 0x01, 0x02, 0x03, 0x01};
const std::vector<std::uint8_t> kMccConfiguration = {0x09, 0x02, 0x19, 0x00, 0x01, 0x01, 0x00, 0x80, 0xfa,
                                                     0x09, 0x04, 0x00, 0x00, 0x01, 0xff, 0xff, 0xff, 0x00,
                                                     0x07, 0x05, 0x81, 0x02, 0x40, 0x00, 0x00};

int copy_out(std::span<const std::byte> from, std::span<std::byte> to) {
  const std::size_t n = std::min(from.size(), to.size());
  std::copy_n(from.begin(), n, to.begin());
  return static_cast<int>(n);
}
int copy_out(const std::vector<std::uint8_t>& from, std::span<std::byte> to) {
  return copy_out(std::as_bytes(std::span(from)), to);
}

std::vector<std::uint8_t> string_descriptor(const std::string& text) {
  std::vector<std::uint8_t> d{static_cast<std::uint8_t>(2 + 2 * text.size()), 0x03};
  for (char c : text) d.insert(d.end(), {static_cast<std::uint8_t>(c), 0});
  return d;
}

std::vector<std::uint8_t> number(std::uint32_t v, std::size_t bytes) {
  std::vector<std::uint8_t> d;
  for (std::size_t i = 0; i < bytes; ++i) d.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
  return d;
}

/// Part of a memory; past its end there is nothing.
int read_part(std::span<const std::byte> memory, std::size_t at, std::span<std::byte> data) {
  return at + data.size() > memory.size() ? -1 : copy_out(memory.subspan(at), data);
}

}  // namespace

MccUsb1608fsPlusDevice::MccUsb1608fsPlusDevice(const DeviceSettings& settings, const Senses& senses)
    : scanner_(settings, senses), memory_(kMemoryBytes), user_(256), mbd_(1024) {
  std::string serial = settings.emulation.serial.empty() ? settings.serial : settings.emulation.serial;
  if (serial.empty()) serial = "01A2B3C4";
  info_ = {kVendor, kProduct, "MCC", "USB-1608FS-Plus", serial, kMccConfiguration, LinkSpeed::full};
  const MccOptions options = mcc_options(settings.emulation);
  info_.configuration[14] = static_cast<std::uint8_t>(options.interface_class);
  status_sticky_ = options.status_sticky;
  std::uint64_t state = settings.emulation.seed ^ 0x94d049bb133111ebull;
  const auto deviation = [&state] {  // -1 .. 1
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<double>(state >> 33) * 0x1p-30 - 1;
  };
  for (std::uint8_t range = 0; range < 8; ++range)
    for (std::size_t channel = 0; channel < kChannels; ++channel) {
      const double slope = 1 + 2e-3 * deviation(), offset = 20 * deviation();
      write_calibration(memory_, range, channel, static_cast<float>(slope), static_cast<float>(offset));
    }
  constexpr std::uint8_t kDate[] = {24, 3, 15, 10, 30, 0};
  std::copy_n(reinterpret_cast<const std::byte*>(kDate), 6, memory_.begin() + kDateAddress);
}

std::vector<std::uint8_t> MccUsb1608fsPlusDevice::device_descriptor() const { return kMccDescriptor; }

int MccUsb1608fsPlusDevice::control(TimeNs now, std::uint8_t request_type, std::uint8_t request, std::uint16_t value,
                                    std::uint16_t index, std::span<std::byte> data) {
  scanner_.advance(now);
  if (scanner_.overrun()) was_overrun_ = true;
  if ((request_type & 0x60) == 0) return standard(request_type, request, value, index, data);
  if (request_type == kIn) return answer(now, request, value, index, data);
  if (request_type == kOut) return obey(now, request, value, data);
  return -1;
}

int MccUsb1608fsPlusDevice::standard(std::uint8_t request_type, std::uint8_t request, std::uint16_t value,
                                     std::uint16_t index, std::span<std::byte> data) {
  constexpr std::uint8_t kGetStatus = 0, kClearFeature = 1, kGetDescriptor = 6, kGetConfiguration = 8,
                         kSetConfiguration = 9, kGetInterface = 10, kSetInterface = 11;
  if (!(request_type & 0x80)) {
    if (request == kClearFeature && (request_type & 0x1f) == 2 && index == 0x81) scanner_.clear_halt();
    return request == kClearFeature || request == kSetConfiguration || request == kSetInterface ? 0 : -1;
  }
  switch (request) {
    case kGetStatus:
      return copy_out(number((request_type & 0x1f) == 2 && index == 0x81 && scanner_.halted() ? 1 : 0, 2), data);
    case kGetConfiguration:
      return copy_out(number(1, 1), data);
    case kGetInterface:
      return copy_out(number(0, 1), data);
    case kGetDescriptor:
      break;
    default:
      return -1;
  }
  switch (value) {
    case 0x0100:
      return copy_out(kMccDescriptor, data);
    case 0x0200:
      return copy_out(info_.configuration, data);
    case 0x0300:
      return copy_out(std::vector<std::uint8_t>{4, 3, 0x09, 0x04}, data);
    case 0x0301:
      return copy_out(string_descriptor(info_.manufacturer), data);
    case 0x0302:
      return copy_out(string_descriptor(info_.product), data);
    case 0x0303:
      return copy_out(string_descriptor(info_.serial_string), data);
    default:
      return -1;
  }
}

int MccUsb1608fsPlusDevice::answer(TimeNs now, std::uint8_t request, std::uint16_t value, std::uint16_t index,
                                   std::span<std::byte> data) {
  switch (request) {
    case kDTristate:
      return copy_out(number(tristate_, 1), data);
    case kDPort:
      return copy_out(number((pins_ & tristate_) | (latch_ & ~tristate_), 1), data);
    case kDLatch:
      return copy_out(number(latch_, 1), data);
    case kAIn:
      if (scanner_.running() || value >= kChannels || index > 7 || full_scale_v(static_cast<std::uint8_t>(index)) == 0)
        return -1;
      return copy_out(
          number(scanner_.convert(value, static_cast<std::uint8_t>(index), static_cast<double>(now), memory_), 2),
          data);
    case kAInScanConfig:
      return copy_out(std::as_bytes(std::span(scanner_.ranges())), data);
    case kCounter:
      return copy_out(number(events_, 4), data);
    case kCalMemory:
      return memory_readable_ ? read_part(memory_, value, data) : -1;
    case kUserMemory:
      return read_part(user_, value, data);
    case kMbdMemory:
      return read_part(mbd_, value, data);
    case kStatus: {
      const bool overrun = scanner_.overrun() || (status_sticky_ && was_overrun_);
      return copy_out(number((scanner_.running() ? kScanRunning : 0u) | (overrun ? kScanOverrun : 0u), 2), data);
    }
    case kSerial:
      return copy_out(std::as_bytes(std::span(info_.serial_string)), data);
    default:
      return -1;
  }
}

int MccUsb1608fsPlusDevice::obey(TimeNs now, std::uint8_t request, std::uint16_t value,
                                 std::span<const std::byte> data) {
  const auto low = static_cast<std::uint8_t>(value);
  switch (request) {
    case kDTristate:
      return tristate_ = low, 0;
    case kDLatch:
      return latch_ = low, 0;
    case kAInScanStart: {
      if (scanner_.running() || data.size() != 10) return -1;
      const ScanStart start = decode(data.first<10>());
      if (start.mask == 0) return -1;
      scanner_.start(now, start, memory_);
      return 10;
    }
    case kAInScanStop:
      return scanner_.stop(now), 0;
    case kAInScanConfig: {
      if (scanner_.running() || data.size() != kChannels) return -1;
      std::array<std::uint8_t, kChannels> ranges{};
      for (std::size_t i = 0; i < kChannels; ++i) ranges[i] = std::to_integer<std::uint8_t>(data[i]);
      if (std::any_of(ranges.begin(), ranges.end(), [](std::uint8_t r) { return full_scale_v(r) == 0; })) return -1;
      scanner_.set_ranges(ranges);
      return static_cast<int>(kChannels);
    }
    case kAInClearFifo:
      return scanner_.clear(), 0;
    case kCounter:
      return events_ = 0, 0;
    case kUserMemory:
      if (value + data.size() > user_.size()) return -1;
      std::copy(data.begin(), data.end(), user_.begin() + value);
      return static_cast<int>(data.size());
    case kBlinkLed:
      if (data.size() != 1) return -1;
      blinks_ += std::to_integer<unsigned>(data[0]);
      return 1;
    case kReset:
      ++resets_;
      power_cycle(now);
      return 0;
    case kStatus:
      return scanner_.clear_overrun(), 0;
    default:
      return -1;  // calibration memory is write-protected; the firmware update is not emulated
  }
}

void MccUsb1608fsPlusDevice::power_cycle(TimeNs now) {
  scanner_.reset(now);
  scanner_.set_ranges({});
  tristate_ = 0xff;
  latch_ = 0;
  events_ = 0;
  was_overrun_ = false;
}

}  // namespace grfd
