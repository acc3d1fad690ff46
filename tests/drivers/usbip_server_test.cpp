// The server with real sockets: clients that come, go, break the protocol, and do not disturb each other.
#include "drivers/emulation/usbip_server.hpp"

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "drivers/driver.hpp"
#include "drivers/emulation/stimulus.hpp"
#include "tests/drivers/usbip_client.hpp"

BOOST_AUTO_TEST_SUITE(usbip_server)

using namespace grfd;
using namespace grfd::usbip_test;

namespace {

struct SteadyClock final : LabClock {
  TimeNs now() const override {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  }
  void sleep_until(TimeNs) override {}
};

/// A server on its own thread with devices of one kind.
struct Serving {
  explicit Serving(std::vector<EmulatedDevice*> devices) : server("127.0.0.1", 0, clock, clock.now()) {
    for (EmulatedDevice* d : devices) server.add(*d, "device " + std::to_string(++n));
    thread = std::thread([this] {
      while (!stop) {
        server.serve(10 * kMs);
        if (const int i = unplug.exchange(-1); i >= 0) server.unplug(static_cast<std::size_t>(i));
      }
    });
  }
  ~Serving() {
    stop = true;
    thread.join();
  }
  std::uint64_t count(const std::string& name) const {
    for (const Counter* c : server.counters())
      if (name == c->name) return c->get();
    BOOST_FAIL("no counter " << name);
    return 0;
  }
  SteadyClock clock;
  UsbipServer server;
  int n = 0;
  std::atomic<bool> stop{false};
  std::atomic<int> unplug{-1};
  std::thread thread;
};

struct Nothing final : AnalogSource, InertialSource {
  double volts(int, double) override { return 0; }
  void read(double, Vec3& gyro, Vec3& force) override { gyro = {}, force = {0, 0, 9.80665}; }
};

Bytes noise(std::mt19937& random, std::size_t n) {
  Bytes b(n);
  for (std::byte& x : b) x = static_cast<std::byte>(random());
  return b;
}

}  // namespace

BOOST_AUTO_TEST_CASE(only_this_computer_may_import) {
  SteadyClock clock;
  for (const char* address : {"0.0.0.0", "192.168.0.1", "localhost", "", "::1"})
    BOOST_CHECK_THROW(UsbipServer(address, 0, clock, 0), std::invalid_argument);
  UsbipServer first("127.0.0.1", 0, clock, 0);
  BOOST_CHECK_THROW(UsbipServer("127.0.0.1", first.port(), clock, 0), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(the_list_names_all_devices_and_the_connection_ends) {
  Ticker a, b;
  Serving s({&a, &b});
  Client client(s.server.port());
  client.send(unhex("01118005"));  // in two pieces
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  client.send(unhex("00000000"));
  const Bytes list = client.receive(12 + 2 * 320);
  BOOST_REQUIRE(list.size() == 12u + 2 * 320u);
  BOOST_TEST(word(list, 8) == 2u);
  BOOST_TEST(std::string(reinterpret_cast<const char*>(&list[0x0c + 320 + 256])) == "1-2");
  BOOST_TEST(client.closed());
}

BOOST_AUTO_TEST_CASE(a_stream_in_real_time_with_many_transfers_in_flight) {
  Ticker ticker;
  Serving s({&ticker});
  Client client(s.server.port());
  client.import("1-1");
  Bytes all;
  for (std::uint32_t i = 1; i <= 16; ++i) {
    const Bytes one = submit(i, true, 1, 64);
    all.insert(all.end(), one.begin(), one.end());
  }
  const TimeNs began = s.clock.now();
  client.send(all);
  for (std::uint32_t i = 0; i < 400; ++i) {
    const Answer a = client.answer(true);
    BOOST_REQUIRE_EQUAL(a.seq, i + 1);
    BOOST_REQUIRE_EQUAL(word(a.data, 0), i);
    client.send(submit(i + 17, true, 1, 64));
  }
  BOOST_TEST(s.clock.now() - began >= 390 * kMs);  // the device's time is real time: it cannot run ahead
}

BOOST_AUTO_TEST_CASE(closing_is_unplugging_and_importing_again_plugs_in) {
  Ticker ticker;
  Serving s({&ticker});
  for (int turn = 1; turn <= 3; ++turn) {
    Client client(s.server.port());
    client.import("1-1");
    client.send(submit(1, true, 1, 64));
    BOOST_TEST(word(client.answer(true).data, 0) == 0u);  // its count starts anew
    if (turn == 3) break;
    Client second(s.server.port());
    second.send(import_request("1-1"));
    BOOST_TEST(hex(second.receive(8)) == "0111000300000001");  // taken
    BOOST_TEST(second.closed());
    if (turn == 2) {
      client.send(submit(2, true, 2, 8));  // waits for ever
      s.unplug = 0;
      BOOST_TEST(client.closed());
    } else {
      ::shutdown(client.fd(), SHUT_RDWR);
      for (int i = 0; i < 2000 && s.server.imported(0); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  BOOST_TEST(ticker.cycles == 3);
  BOOST_TEST(s.count("imports") == 3u);
  BOOST_TEST(s.count("refused_imports") == 2u);
  Client wrong(s.server.port());
  wrong.send(import_request("7-7"));
  BOOST_TEST(hex(wrong.receive(9)) == "0111000300000001");
}

BOOST_AUTO_TEST_CASE(who_breaks_the_protocol_loses_the_connection_and_nobody_else_does) {
  Ticker good, victim;
  Serving s({&good, &victim});
  Client steady(s.server.port());
  steady.import("1-1");
  std::uint32_t next = 0;
  const auto still_streams = [&] {
    steady.send(submit(next + 1, true, 1, 64));
    const Answer a = steady.answer(true);
    BOOST_REQUIRE_EQUAL(a.seq, next + 1);
    BOOST_REQUIRE_EQUAL(word(a.data, 0), next);
    ++next;
  };
  const std::vector<Bytes> before_import{unhex("47455420 2f20485454502f31"), unhex("0111 0005 00000000"),
                                         unhex("0100 8005 00000000"), Bytes(4096, std::byte{0xff})};
  std::uint64_t bad = 0;
  for (const Bytes& b : before_import) {
    Client client(s.server.port());
    client.send(b);
    BOOST_TEST(client.closed());
    BOOST_TEST(s.count("protocol_errors") == ++bad);
    still_streams();
  }
  Bytes huge = submit(1, false, 1, 0xfffffff0u), kind = submit(1, true, 1, 64), endpoint = submit(1, true, 77, 64);
  kind[3] = std::byte{9};
  for (const Bytes& b : {huge, kind, endpoint, Bytes(48, std::byte{0xff}), Bytes(48)}) {
    Client client(s.server.port());
    client.import("1-2");
    client.send(b);
    BOOST_TEST(client.closed());
    BOOST_TEST(s.count("protocol_errors") == ++bad);
    still_streams();
  }
  for (const Bytes& b : {unhex("0111"), import_request("1-2"), submit(1, true, 1, 64),
                         submit(1, false, 1, 4000, {}, Bytes(100))}) {  // gone in the middle
    Client client(s.server.port());
    if (b.size() > 40) client.import("1-2");
    client.send(Bytes(b.begin(), b.begin() + static_cast<std::ptrdiff_t>(
                                                 std::min<std::size_t>(b.size(), b.size() == 148 ? 148 : 20))));
    ::shutdown(client.fd(), SHUT_WR);
    BOOST_TEST(client.closed());
    still_streams();
  }
  std::mt19937 random(7);
  for (int i = 0; i < 60; ++i) {
    Client client(s.server.port());
    Bytes b = noise(random, 1 + random() % 300);
    if (i % 2) client.import("1-2");
    if (i % 4 == 1) b[0] = b[1] = b[2] = std::byte{0}, b.size() > 3 ? void(b[3] = std::byte{1}) : void();
    client.send(b);
    ::shutdown(client.fd(), SHUT_WR);
    while (!client.closed()) {}
    still_streams();
  }
  BOOST_TEST(s.count("imports") == 1u + 5u + 2u + 30u);
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_read_is_let_go) {
  Ticker ticker;
  Serving s({&ticker});
  Client deaf(s.server.port());
  deaf.import("1-1");
  Bytes many;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const Bytes one = submit(i, true, 0, 255, {0x80, 6, 0, 2, 0, 0, 255, 0});
    many.insert(many.end(), one.begin(), one.end());
  }
  int sent = 0;
  while (sent < 4000 && deaf.send(many)) ++sent;
  BOOST_TEST(sent < 4000);
  BOOST_TEST(s.count("clients_that_do_not_read") == 1u);
  Client next(s.server.port());
  next.import("1-1");
}

// Whatever the registry holds: a client finds it by its ids, and its driver recognises it through the protocol.
BOOST_AUTO_TEST_CASE(every_driver_recognises_its_device_behind_the_protocol) {
  for (const DriverEntry& entry : driver_registry()) {
    DeviceSettings settings;
    settings.name = "device";
    settings.driver = entry.name;
    settings.analog_inputs = {0, 1, 2, 3, 4, 5};
    Nothing nothing;
    const auto device = entry.emulate(settings, {&nothing, &nothing});
    Serving s({device.get()});
    Client client(s.server.port());
    client.import("1-1");
    UsbipLink link(client, device->info());
    std::array<std::byte, 18> descriptor{};
    BOOST_TEST(link.control(0x80, 6, 0x0100, 0, descriptor, 1000) == 18u);
    const auto ids = entry.match().ids;
    const unsigned vendor = std::to_integer<unsigned>(descriptor[8]) | std::to_integer<unsigned>(descriptor[9]) << 8;
    BOOST_TEST(std::any_of(ids.begin(), ids.end(), [&](const auto& id) { return id.vendor == vendor; }));
    link.control(0x00, 9, 1, 0, {}, 1000);
    const auto driver = entry.make(settings, 0);
    const DeviceIdentity identity = driver->identify(link);
    BOOST_TEST(!identity.serial.empty());
    BOOST_TEST_MESSAGE(entry.name << ": " << identity.model << ' ' << identity.serial << " after "
                                  << s.server.exported(0).urbs() << " transfers");
  }
}

BOOST_AUTO_TEST_SUITE_END()
