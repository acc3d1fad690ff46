// From libusb's callback to the sample in its place: how much it allocates and locks (nothing), and how fast it can be.
#include <dlfcn.h>
#include <libusb.h>

#include "tests/simulated_usb/usb_rig.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GRFD_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GRFD_SANITIZED 1
#endif

namespace {

thread_local bool watched = false;  // in our part of a stream's callback
std::atomic<std::uint64_t> allocations{0}, locks{0}, callbacks{0};
std::atomic<libusb_transfer_cb_fn> stream_callback{nullptr};

void LIBUSB_CALL watch(libusb_transfer* transfer) {
  ++callbacks;
  watched = true;
  stream_callback.load()(transfer);
  watched = false;
}

template <class F>
F* next_symbol(const char* name) { return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name)); }

}  // namespace

// The program's own symbols come before those of the libraries.
extern "C" int LIBUSB_CALL libusb_submit_transfer(libusb_transfer* transfer) {
  static const auto real = next_symbol<int(libusb_transfer*)>("libusb_submit_transfer");
  if (transfer->timeout == 0 && transfer->callback != &watch) {  // only streams have no timeout
    stream_callback = transfer->callback;
    transfer->callback = &watch;
  }
  const bool before = watched;
  watched = false;  // what libusb does is not ours
  const int error = real(transfer);
  watched = before;
  return error;
}

#ifndef GRFD_SANITIZED
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void __libc_free(void*);
void* malloc(std::size_t n) noexcept {
  if (watched) ++allocations;
  return __libc_malloc(n);
}
void* calloc(std::size_t n, std::size_t size) noexcept {
  if (watched) ++allocations;
  return __libc_calloc(n, size);
}
void* realloc(void* p, std::size_t n) noexcept {
  if (watched) ++allocations;
  return __libc_realloc(p, n);
}
void free(void* p) noexcept {
  if (watched) ++allocations;
  __libc_free(p);
}
int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  static const auto real = next_symbol<int(pthread_mutex_t*)>("pthread_mutex_lock");
  if (watched) ++locks;
  return real(mutex);
}
}
#endif

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
  int control(TimeNs, std::uint8_t, std::uint8_t, std::uint16_t, std::uint16_t, std::span<std::byte>) override { return -1; }
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

BOOST_AUTO_TEST_CASE(nothing_is_allocated_or_locked) {
  std::optional<UsbContext> usb;
  U6 u6(1);
  Mip mip(2);
  u6.plug();
  mip.plug();
  usb.emplace();
  u6.host.open(*usb);
  mip.host.open(*usb);
  u6.host.start();
  mip.host.start();
  allocations = locks = callbacks = 0;
  BOOST_REQUIRE(wait_for([&] { return u6.host.sink.count > 1000 && mip.host.sink.count > 1000; }));
  u6.host.stop();
  mip.host.stop();
  BOOST_TEST(callbacks > 400u);
#ifdef GRFD_SANITIZED
  BOOST_TEST_MESSAGE("not counted: the sanitizer owns malloc");
#else
  BOOST_TEST(allocations == 0u);
  BOOST_TEST(locks == 0u);
  watched = true;  // the hooks are really in place
  delete new int(1);
  std::mutex mutex;
  mutex.lock();
  mutex.unlock();
  watched = false;
  BOOST_TEST(allocations == 2u);
  BOOST_TEST(locks == 1u);
  BOOST_TEST_MESSAGE(callbacks << " callbacks, no allocation, no lock");
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
