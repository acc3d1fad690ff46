// A small device whose every packet is known, and the client's side of USB/IP, written from the protocol's
// documentation.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "drivers/emulation/usbip_protocol.hpp"

namespace grfd::usbip_test {

using usbip::Bytes;
using usbip::View;
constexpr TimeNs kMs = 1'000'000;

inline Bytes unhex(const std::string& text) {
  Bytes b;
  std::string digits;
  for (char c : text)
    if (c != ' ') digits += c;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    b.push_back(static_cast<std::byte>(std::stoul(digits.substr(i, 2), nullptr, 16)));
  return b;
}
inline std::string hex(View bytes) {
  std::string s;
  char two[3];
  for (std::byte b : bytes) std::snprintf(two, sizeof two, "%02x", std::to_integer<unsigned>(b)), s += two;
  return s;
}
inline std::uint32_t word(View b, std::size_t at) {
  std::uint32_t v = 0;
  for (std::size_t i = 0; i < 4; ++i) v = v << 8 | std::to_integer<std::uint32_t>(b[at + i]);
  return v;
}
inline void put_word(Bytes& b, std::uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8) b.push_back(static_cast<std::byte>(v >> shift));
}

using Setup = std::array<std::uint8_t, 8>;
inline Bytes submit(std::uint32_t seq, bool in, std::uint32_t endpoint, std::uint32_t length, const Setup& setup = {},
                    View data = {}) {
  Bytes b;
  for (std::uint32_t v : {1u, seq, 0x10002u, in ? 1u : 0u, endpoint, 0u, length, 0u, 0u, 0u}) put_word(b, v);
  for (std::uint8_t s : setup) b.push_back(static_cast<std::byte>(s));
  b.insert(b.end(), data.begin(), data.end());
  return b;
}
inline Bytes unlink(std::uint32_t seq, std::uint32_t victim) {
  Bytes b;
  for (std::uint32_t v : {2u, seq, 0x10002u, 0u, 0u, victim, 0u, 0u, 0u, 0u, 0u, 0u}) put_word(b, v);
  return b;
}
inline Bytes import_request(const std::string& bus_id) {
  Bytes b = unhex("01118003 00000000");
  for (std::size_t i = 0; i < 32; ++i)
    b.push_back(i < bus_id.size() ? static_cast<std::byte>(bus_id[i]) : std::byte{0});
  return b;
}

struct Answer {
  std::uint32_t command = 0, seq = 0;
  std::int32_t status = 0;
  std::size_t length = 0;
  Bytes data;
};

/// Answers in a row; `in` says which transfers were reads, as a client remembers.
template <class IsIn>
std::vector<Answer> answers(View bytes, IsIn is_in) {
  std::vector<Answer> all;
  while (!bytes.empty()) {
    BOOST_REQUIRE(bytes.size() >= 48u);
    Answer a{word(bytes, 0), word(bytes, 4), static_cast<std::int32_t>(word(bytes, 20)), word(bytes, 24), {}};
    bytes = bytes.subspan(48);
    if (a.command == 3 && is_in(a.seq)) {
      BOOST_REQUIRE(bytes.size() >= a.length);
      a.data.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(a.length));
      bytes = bytes.subspan(a.length);
    }
    all.push_back(std::move(a));
  }
  return all;
}

/// Endpoint 0x81 sends a packet every millisecond from the plugging-in on: its number, 4 bytes. Its FIFO has no end.
struct Ticker final : EmulatedDevice {
  Ticker() {
    information.vendor_id = 0x1209, information.product_id = 0x0001;
    information.manufacturer = "grfd", information.product = "Ticker", information.serial_string = "T-17";
    for (int b : {9,  2, 46, 0, 2, 1, 0,  0x80, 50, 9, 4, 0, 0,    1, 2,  2, 1, 0, 7, 5,    0x82, 3,  8, 0,
                  16, 9, 4,  1, 0, 2, 10, 0,    0,  0, 7, 5, 0x01, 2, 64, 0, 0, 7, 5, 0x81, 2,    64, 0, 0})
      information.configuration.push_back(static_cast<std::uint8_t>(b));
    information.configuration[2] = static_cast<std::uint8_t>(information.configuration.size());
  }
  const LinkInfo& info() const override { return information; }
  std::vector<std::uint8_t> device_descriptor() const override {
    return {18, 1, 0, 2, 2, 0, 0, 64, 0x09, 0x12, 0x01, 0x00, 0x34, 0x02, 1, 2, 3, 1};
  }
  int control(TimeNs, std::uint8_t type, std::uint8_t request, std::uint16_t value, std::uint16_t,
              std::span<std::byte> data) override {
    if (type == 0x21 && request == 0x22) return line_state = value, 0;
    if (type == 0x21 && request == 0x20) return coding.assign(data.begin(), data.end()), static_cast<int>(data.size());
    if (type == 0xA1 && request == 0x21)
      return std::copy(coding.begin(),
                       coding.begin() + static_cast<std::ptrdiff_t>(std::min(coding.size(), data.size())),
                       data.begin()),
             static_cast<int>(std::min(coding.size(), data.size()));
    return -1;
  }
  void out(TimeNs, std::uint8_t endpoint, std::span<const std::byte> data) override {
    written_to = endpoint;
    written.assign(data.begin(), data.end());
  }
  void advance(TimeNs now) override { at = std::max(at, now); }
  TimeNs ready(TimeNs, std::uint8_t endpoint, std::size_t) override {
    return endpoint == 0x81 && ticking ? powered + static_cast<TimeNs>(sent + 1) * kMs : kNever;
  }
  int in(TimeNs now, std::uint8_t endpoint, std::span<std::byte> data) override {
    if (ready(now, endpoint, data.size()) > now) return -1;
    times.push_back(now);
    const Bytes number = [this] {
      Bytes b;
      put_word(b, sent++);
      return b;
    }();
    std::copy(number.begin(), number.end(), data.begin());
    return 4;
  }
  int partial(TimeNs, std::uint8_t, std::span<std::byte> data) override {
    if (!half) return 0;
    half = false;
    data[0] = std::byte{0x55};
    return 1;
  }
  void power_cycle(TimeNs now) override { powered = now, sent = 0, ++cycles; }

  LinkInfo information;
  TimeNs powered = 0, at = 0;
  std::uint32_t sent = 0;
  int cycles = 0, line_state = -1;
  bool ticking = true, half = false;
  std::uint8_t written_to = 0;
  Bytes written, coding;
  std::vector<TimeNs> times;
};

}  // namespace grfd::usbip_test
