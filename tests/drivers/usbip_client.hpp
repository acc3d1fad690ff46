// The client's side of USB/IP on a real socket, and a link over it for drivers.
#pragma once
#include <cerrno>

#include "drivers/link.hpp"
#include "tests/drivers/usbip_rig.hpp"

namespace grfd::usbip_test {

class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    BOOST_REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    const timeval limit{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  /// @return false when the server has closed
  bool send(const Bytes& b) {
    for (std::size_t at = 0; at < b.size();) {
      const ssize_t n = ::send(fd_, b.data() + at, b.size() - at, MSG_NOSIGNAL);
      if (n <= 0) return false;
      at += static_cast<std::size_t>(n);
    }
    return true;
  }
  /// Fewer bytes only when the server has closed the connection.
  Bytes receive(std::size_t n) {
    Bytes b(n);
    std::size_t at = 0;
    while (at < n) {
      const ssize_t got = ::recv(fd_, b.data() + at, n - at, 0);
      if (got < 0) BOOST_REQUIRE_MESSAGE(errno == ECONNRESET, "no answer: " << std::strerror(errno));
      if (got <= 0) break;
      at += static_cast<std::size_t>(got);
    }
    b.resize(at);
    return b;
  }
  bool closed() { return receive(1).empty(); }
  void import(const std::string& id) {
    send(import_request(id));
    const Bytes reply = receive(320);
    BOOST_REQUIRE(reply.size() == 320u);
    BOOST_REQUIRE_EQUAL(hex(View(reply).first(8)), "0111000300000000");
  }
  Answer answer(bool in) {
    const Bytes h = receive(48);
    BOOST_REQUIRE(h.size() == 48u);
    Answer a{word(h, 0), word(h, 4), static_cast<std::int32_t>(word(h, 20)), word(h, 24), {}};
    if (in && a.command == 3) a.data = receive(a.length);
    return a;
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

/// A driver's link over the protocol, one transfer at a time.
class UsbipLink final : public Link {
 public:
  UsbipLink(Client& client, const LinkInfo& info) : client_(client), info_(info) {}
  const LinkInfo& info() const override { return info_; }
  void claim(std::span<const int>) override {}
  std::size_t control(std::uint8_t type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
                      std::span<std::byte> data, int) override {
    const bool in = type & 0x80;
    const auto low = [](std::size_t v) { return static_cast<std::uint8_t>(v); };
    const Setup setup{type,       request,          low(value),       low(value >> 8u),
                      low(index), low(index >> 8u), low(data.size()), low(data.size() >> 8)};
    client_.send(submit(++seq_, in, 0, static_cast<std::uint32_t>(data.size()), setup, in ? View() : View(data)));
    const Answer a = client_.answer(in);
    if (a.status != 0) throw LinkError(LinkError::Kind::stall, "stalled");
    std::copy(a.data.begin(), a.data.end(), data.begin());
    return a.length;
  }
  void write(std::uint8_t endpoint, std::span<const std::byte> data, int) override {
    client_.send(submit(++seq_, false, endpoint, static_cast<std::uint32_t>(data.size()), {}, data));
    if (client_.answer(false).length != data.size()) throw LinkError(LinkError::Kind::io, "not all written");
  }
  std::size_t read(std::uint8_t endpoint, std::span<std::byte> data, int timeout_ms) override {
    client_.send(submit(++seq_, true, endpoint & 0x7fu, static_cast<std::uint32_t>(data.size())));
    pollfd wait{client_.fd(), POLLIN, 0};
    const bool late = ::poll(&wait, 1, timeout_ms) == 0;
    if (late) client_.send(unlink(seq_ + 1, seq_));
    const Answer a = client_.answer(true);
    if (late && a.command == 3) client_.answer(false);  // it ended after all; the unlinking is answered, too
    seq_ += late;
    if (a.status != 0 && a.command == 3) throw LinkError(LinkError::Kind::stall, "stalled");
    std::copy(a.data.begin(), a.data.end(), data.begin());
    return a.data.size();
  }
  void start_stream(std::uint8_t, std::size_t, int) override {}
  void stop_stream(std::uint8_t, int) noexcept override {}
  void set_receiver(Receiver*) override {}

 private:
  Client& client_;
  LinkInfo info_;
  std::uint32_t seq_ = 0;
};

}  // namespace grfd::usbip_test
