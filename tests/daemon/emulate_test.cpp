// grfd emulate: two front ends on one pacer, exported over USB/IP, as a client that knows only the protocol sees them.
#include "daemon/emulate.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <thread>

#include "daemon/config.hpp"
#include "daemon/lab_clock.hpp"
#include "tests/drivers/usbip_client.hpp"

BOOST_AUTO_TEST_SUITE(emulate_over_usbip)

using namespace grfd;
using namespace grfd::usbip_test;

namespace {

constexpr double kPulsePeriodS = 0.1013;

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  BOOST_REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&at), size) == 0);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
  ::close(fd);
  return ntohs(at.sin_port);
}

/// `grfd emulate` on a thread, until its time is over. It takes the signals; they are given back.
class Emulating {
 public:
  Emulating(Settings settings, std::uint16_t port, double for_s) {
    ::sigaction(SIGINT, nullptr, &interrupt_);
    ::sigaction(SIGTERM, nullptr, &terminate_);
    thread_ = std::thread([this, settings = std::move(settings), port, for_s]() mutable {
      code_ = emulate(std::move(settings), {"127.0.0.1:" + std::to_string(port), for_s});
    });
    for (int i = 0; i < 500 && !listens(port); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ~Emulating() { end(); }
  int end() {
    if (thread_.joinable()) thread_.join();
    ::sigaction(SIGINT, &interrupt_, nullptr);
    ::sigaction(SIGTERM, &terminate_, nullptr);
    return code_;
  }

 private:
  static bool listens(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool good = ::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
    ::close(fd);
    return good;
  }
  struct sigaction interrupt_ {
  }, terminate_{};
  int code_ = -1;
  std::thread thread_;
};

/// One imported unit with its driver. All that is known of it came over the socket.
struct Unit {
  Unit(const DeviceSettings& s, std::uint16_t port, const std::string& bus_id) : settings(s), client(port) {
    client.import(bus_id);
    LinkInfo info;
    std::array<std::byte, 18> device{};
    std::vector<std::byte> bytes(255);
    UsbipLink enumeration(client, info);
    BOOST_REQUIRE(enumeration.control(0x80, 6, 0x0100, 0, device, 1000) == 18u);
    info.vendor_id =
        static_cast<std::uint16_t>(std::to_integer<unsigned>(device[8]) | std::to_integer<unsigned>(device[9]) << 8);
    std::size_t n = enumeration.control(0x80, 6, 0x0200, 0, bytes, 1000);
    for (std::size_t i = 0; i < n; ++i) info.configuration.push_back(std::to_integer<std::uint8_t>(bytes[i]));
    enumeration.control(0x00, 9, 1, 0, {}, 1000);
    n = enumeration.control(0x80, 6, static_cast<std::uint16_t>(0x0300 | std::to_integer<unsigned>(device[16])), 0x0409,
                            bytes, 1000);
    for (std::size_t i = 2; i + 1 < n; i += 2) info.serial_string += static_cast<char>(bytes[i]);
    link = std::make_unique<UsbipLink>(client, info);
    driver = find_driver(settings.driver)->make(settings, 0);
  }
  void start() {
    FixedBatch<32> facts;
    driver->start(*link, facts);
    BOOST_TEST(facts.size() == settings.analog_inputs.size());
  }
  /// One transfer. @return its bytes; 0: nothing came
  std::size_t pull(int timeout_ms) {
    std::array<std::byte, 64> bytes{};
    const std::size_t n = link->read(0x81, bytes, timeout_ms);
    FixedBatch<64> batch;
    driver->decode(std::span(bytes).first(n), clock.now(), batch);
    for (const Sample& s : batch.samples())
      if (s.stream == 0) scans.push_back(s);
    return n;
  }
  /// Scans at which the line on the last column rises.
  std::vector<std::uint64_t> rises() const {
    std::vector<std::uint64_t> at;
    const std::size_t column = settings.analog_inputs.size() - 1;
    const auto high = [&](const Sample& s) {
      return value<std::int32_t>(s, column) > 32768 + 2 * 3277;
    };  // 2 V of +-10 V
    for (std::size_t i = 1; i < scans.size(); ++i)
      if (high(scans[i]) && !high(scans[i - 1])) at.push_back(scans[i].t_device);
    return at;
  }
  DeviceSettings settings;
  Client client;
  MonotonicClock clock;
  std::unique_ptr<UsbipLink> link;
  std::unique_ptr<Driver> driver;
  std::vector<Sample> scans;
};

}  // namespace

BOOST_AUTO_TEST_CASE(two_units_on_one_pacer_are_exported_and_stream) {
  const Settings settings =
      load_config(std::string(GRFD_FIXTURES) + "/two_mcc_units.toml",
                  {"stimulus.sync.first_s=0.2", "stimulus.sync.period_s=" + std::to_string(kPulsePeriodS),
                   "stimulus.sync.width_s=0.03", "device.mcc_right.analog_inputs=[0, 1, 2, 3, 4, 5, 7]",
                   "device.mcc_right.sync_input=7"});
  const std::uint16_t port = free_port();
  Emulating emulating(settings, port, 5);
  {
    Client client(port);
    client.send(unhex("01118005 00000000"));
    const Bytes list = client.receive(12 + 2 * 316);  // one interface each
    BOOST_REQUIRE(list.size() == 12u + 2 * 316u);
    BOOST_TEST(word(list, 8) == 2u);
    for (std::size_t i = 0; i < 2; ++i) {
      const View one = View(list).subspan(12 + i * 316, 316);
      BOOST_TEST(std::string(reinterpret_cast<const char*>(&one[256])) == "1-" + std::to_string(i + 1));
      BOOST_TEST(word(one, 300) == 0x09db00eau);
    }
    BOOST_TEST(client.closed());
  }
  Unit left(settings.devices[0], port, "1-1"), right(settings.devices[1], port, "1-2");
  BOOST_TEST(left.driver->identify(*left.link).serial == "01A2B3C4");
  BOOST_TEST(right.driver->identify(*right.link).serial == "01A2B3C5");
  right.start();  // armed; it has no clock of its own
  BOOST_TEST(right.pull(100) == 0u);
  left.start();
  while (left.scans.size() < 1500 || right.scans.size() < 1500) {
    BOOST_REQUIRE(left.pull(1000) > 0u);
    BOOST_REQUIRE(right.pull(1000) > 0u);
  }
  left.driver->stop(*left.link);
  while (right.pull(50) > 0) {}
  const std::size_t then = right.scans.size();
  BOOST_TEST(right.pull(150) == 0u);  // no pulse, no scan
  BOOST_TEST(right.scans.size() == then);
  right.driver->stop(*right.link);

  for (const Unit* unit : {&left, &right})
    for (std::size_t i = 0; i < unit->scans.size(); ++i) BOOST_REQUIRE_EQUAL(unit->scans[i].t_device, i);
  // Both see each pulse of the line in the same scan, as far as the left one was read; and the pulses are where they
  // are.
  auto a = left.rises(), b = right.rises();
  BOOST_TEST_MESSAGE(left.scans.size() << " and " << right.scans.size() << " scans, " << a.size() << " and " << b.size()
                                       << " pulses");
  BOOST_REQUIRE(a.size() >= 13u);
  BOOST_REQUIRE(b.size() >= a.size());
  b.resize(a.size());
  BOOST_TEST(a == b, boost::test_tools::per_element());
  for (std::size_t i = 0; i < a.size(); ++i)
    BOOST_TEST(std::abs(static_cast<double>(a[i] - a[0]) - static_cast<double>(i) * kPulsePeriodS * 1000) < 1.1);
  BOOST_TEST(emulating.end() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
