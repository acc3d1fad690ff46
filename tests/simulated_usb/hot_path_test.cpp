// From libusb's callback to the sample in its place: how much it allocates and locks and how many other system calls it
// makes (none), and how fast it can be.
#include "tests/daemon/hot_path_watch.hpp"

#include <dlfcn.h>
#include <libusb.h>

#include "tests/simulated_usb/mcc_rig.hpp"

namespace {

std::atomic<bool> counting{false}, traps{false};
std::atomic<std::uint64_t> callbacks{0}, heap_calls{0}, locks{0}, system_calls{0};
std::atomic<const char*> first_lock{nullptr};
std::atomic<long> first_system_call{-1};
std::atomic<libusb_transfer_cb_fn> stream_callback{nullptr};

/// A stream's callback on libusb's event thread: our part of it is watched.
void LIBUSB_CALL watch(libusb_transfer* transfer) {
  if (!counting) return stream_callback.load()(transfer);
  static thread_local const bool trapping = hot_path::trap_system_calls();
  traps = trapping;
  auto& counts = hot_path::counts;
  counts = {};
  {
    const hot_path::Watch watching;
    stream_callback.load()(transfer);
  }
  ++callbacks;
  heap_calls += counts.heap;
  system_calls += counts.system_calls + counts.doorbells;
  if (locks.fetch_add(counts.locks) == 0) first_lock = counts.first_lock;
  if (counts.system_calls > 0) first_system_call = counts.first_system_call;
}

template <class F>
F* next_symbol(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// The program's own symbol comes before that of the library. What libusb does is not ours and not watched.
extern "C" int LIBUSB_CALL libusb_submit_transfer(libusb_transfer* transfer) {
#if GRFD_HOT_PATH_WATCH
  const hot_path::Pass pass;
#endif
  const bool before = std::exchange(hot_path::watching, false);
  static const auto real = next_symbol<int(libusb_transfer*)>("libusb_submit_transfer");
  if (transfer->timeout == 0 && transfer->callback != &watch) {  // only streams have no timeout
    stream_callback = transfer->callback;
    transfer->callback = &watch;
  }
  const int error = real(transfer);
  hot_path::watching = before;
  return error;
}

namespace grfd::simulated_usb {
namespace {

/// A vendor-class device with one bulk IN endpoint of 64-byte packets that are always ready and count up.
struct Firehose final : EmulatedDevice {
  Firehose() {
    facts.configuration = {9, 2, 25, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 1, 0xff, 0, 0, 0, 7, 5, 0x81, 2, 64, 0, 0};
  }
  const LinkInfo& info() const override { return facts; }
  std::vector<std::uint8_t> device_descriptor() const override {
    return {18, 1, 0, 2, 0, 0, 0, 64, 0x09, 0x12, 0x01, 0, 0, 1, 0, 0, 0, 1};
  }
  int control(TimeNs, std::uint8_t, std::uint8_t, std::uint16_t, std::uint16_t, std::span<std::byte>) override {
    return -1;
  }
  void out(TimeNs, std::uint8_t, std::span<const std::byte>) override {}
  void advance(TimeNs) override {}
  TimeNs ready(TimeNs now, std::uint8_t, std::size_t) override { return now; }
  int in(TimeNs, std::uint8_t, std::span<std::byte> d) override {
    std::memset(d.data(), 0, d.size());
    std::memcpy(d.data(), &next, sizeof next);
    ++next;
    return static_cast<int>(d.size());
  }
  int partial(TimeNs, std::uint8_t, std::span<std::byte>) override { return 0; }
  void power_cycle(TimeNs) override {}
  LinkInfo facts;
  std::uint64_t next = 0;
};

struct Drinker final : Link::Receiver {
  void bytes(std::span<const std::byte> data, TimeNs) noexcept override {
    std::uint64_t number;
    std::memcpy(&number, data.data(), sizeof number);
    wrong += number != count || data.size() != 64;
    ++count;
  }
  void lost(const char*) noexcept override { ++wrong; }
  std::atomic<std::uint64_t> count{0}, wrong{0};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(simulated_usb_hot_path)

BOOST_AUTO_TEST_CASE(no_driver_allocates_locks_or_calls_the_kernel) {
  std::optional<UsbContext> usb;
  U6 u6(1);
  Mip mip(2);
  Ximu3 ximu3(3);
  Mcc mcc(4);
  u6.plug();
  mip.plug();
  ximu3.plug();
  mcc.plug();
  usb.emplace();
  const std::array<Host*, 4> hosts{&u6.host, &mip.host, &ximu3.host, &mcc.host};
  BOOST_TEST(hosts.size() == driver_registry().size());  // a new driver belongs here, too
  for (Host* host : hosts) {
    host->open(*usb);
    host->start();
  }
  callbacks = heap_calls = locks = system_calls = 0;
  std::array<std::uint64_t, 4> before{};
  for (std::size_t i = 0; i < hosts.size(); ++i) before[i] = hosts[i]->sink.transfers;
  counting = true;
  for (Host* host : hosts)
    BOOST_REQUIRE(wait_for([&, then = host->sink.count.load()] { return host->sink.count > then + 1000; }));
  std::uint64_t transfers = 0;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const std::uint64_t n = hosts[i]->sink.transfers - before[i];
    BOOST_TEST_MESSAGE(hosts[i]->entry.name << ": " << n << " transfers");
    BOOST_TEST(n > 20u);
    transfers += n;
  }
  counting = false;
  for (Host* host : hosts) host->stop();
  BOOST_TEST(callbacks + 100 > transfers);  // all were watched; some ended while this began
#if GRFD_HOT_PATH_WATCH
  BOOST_TEST(heap_calls == 0u);
  BOOST_TEST(locks == 0u, "the first one: " << (first_lock ? first_lock.load() : "-"));
  BOOST_TEST(system_calls == 0u, "the first one: " << first_system_call);
  BOOST_WARN_MESSAGE(traps, "this kernel does not trap system calls: they were not counted");
  hot_path::counts = {};  // the watch really sees
  const bool trapping = hot_path::trap_system_calls();
  {
    const hot_path::Watch watching;
    delete new int(1);
    std::mutex mutex;
    mutex.lock();
    mutex.unlock();
    std::this_thread::yield();
  }
  hot_path::release_system_calls();
  BOOST_TEST(hot_path::counts.heap == 2u);
  BOOST_TEST(hot_path::counts.locks == 1u);
  BOOST_TEST(hot_path::counts.system_calls == (trapping ? 1u : 0u));
  BOOST_TEST_MESSAGE(callbacks << " callbacks, no heap, no lock, no system call"
                               << (traps ? "" : " (calls not counted)"));
#else
  BOOST_TEST_MESSAGE("not counted: the sanitizer owns malloc");
#endif
}

BOOST_AUTO_TEST_CASE(as_fast_as_it_can) {
  std::optional<UsbContext> usb;
  Firehose device;
  Port port(bus(), 1, device);
  port.plug();
  usb.emplace();
  const UsbMatch match{{{0x1209, 0x0001}}, false};
  BOOST_REQUIRE(wait_for([&] { return usb->find(match).size() == 1; }));
  const auto link = usb->open(usb->find(match).front());
  const std::array<int, 1> interfaces{0};
  link->claim(interfaces);
  Drinker drinker;
  link->set_receiver(&drinker);
  const TimeNs begin = monotonic();
  link->start_stream(0x81, 64, 16);
  std::this_thread::sleep_for(std::chrono::seconds(1));
  link->stop_stream(0x81, 0);
  const double took = seconds(monotonic() - begin);
  BOOST_TEST_MESSAGE(std::lround(static_cast<double>(drinker.count) / took) << " transfers/s");
  BOOST_TEST(drinker.wrong == 0u);
  BOOST_TEST(drinker.count > 1000u);
  BOOST_TEST(port.figures().urbs >= drinker.count);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace grfd::simulated_usb
