// From a completed transfer to the sinks' rings nothing allocates, nothing locks, and the only system call is the write
// to an eventfd: proved on 40 s of the demonstration rig with a tare, repetitions, lost packets, a restart, a
// recording's start, and rings that overflow.
#include "tests/daemon/hot_path_watch.hpp"

#include <sched.h>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "daemon/captures.hpp"
#include "daemon/sink_thread.hpp"
#include "daemon/text_row.hpp"
#include "tests/daemon/rig.hpp"

BOOST_AUTO_TEST_SUITE(hot_path)

using namespace rig_test;

namespace {

/// In front of a DevicePort: the link's call is watched from here to its return.
struct WatchedPort final : Link::Receiver {
  DevicePort* port = nullptr;
  std::uint64_t transfers = 0;
  void bytes(std::span<const std::byte> data, TimeNs arrival) noexcept override {
    ++transfers;
    const hot_path::Watch watch;
    port->bytes(data, arrival);
  }
  void lost(const char* why) noexcept override {
    const hot_path::Watch watch;
    port->lost(why);
  }
};

/// Counts rows by stream on its own thread.
class CountingSink final : public Sink {
 public:
  CountingSink(const char* name, std::vector<std::uint64_t>& rows, std::vector<std::string>& texts,
               std::atomic<bool>& held)
      : name_(name), rows_(rows), texts_(texts), held_(held) {}
  const char* name() const override { return name_; }
  void open(const Session& session) override {
    session_ = &session;
    rows_.assign(session.streams.size(), 0);
    for (const StreamInfo& info : session.streams) joiners_.emplace_back(info);
  }
  void write(std::span<const Sample> samples) override {
    while (held_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    for (const Sample& s : samples) {
      if (!joiners_[s.stream].add(s)) continue;
      ++rows_[s.stream];
      if (session_->streams[s.stream].type != ValueType::text) continue;
      const auto& bytes = joiners_[s.stream].row().bytes;
      texts_.push_back(session_->streams[s.stream].name + ": " +
                       std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    }
  }
  void close() override {}

 private:
  const char* name_;
  std::vector<std::uint64_t>& rows_;
  std::vector<std::string>& texts_;
  std::atomic<bool>& held_;
  const Session* session_ = nullptr;
  std::vector<RowJoiner> joiners_;
};

struct SinkOfTest {
  std::vector<std::uint64_t> rows;
  std::vector<std::string> texts;
  std::atomic<bool> held{false};
};

std::size_t count_with(const std::vector<std::string>& texts, const std::string& part) {
  return static_cast<std::size_t>(std::count_if(
      texts.begin(), texts.end(), [&](const std::string& t) { return t.find(part) != std::string::npos; }));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_watch_sees_what_it_is_for) {
  if (!GRFD_HOT_PATH_WATCH) {
    std::puts(
        "hot_path: not watched in this build (a sanitizer has the C library's names); the release build proves it");
    return;
  }
  using hot_path::counts;
  const bool trapping = hot_path::trap_system_calls();
  if (!trapping) std::puts("hot_path: this kernel cannot trap a thread's system calls; only write() is counted");
  counts = {};
  volatile std::size_t n = 100;
  {
    const hot_path::Watch watch;
    ::operator delete(::operator new(n));
  }
  BOOST_TEST(counts.heap == 2u);
  {
    const hot_path::Watch watch;
    const std::string text(n, 'x');
    std::string other = text;
    other[0] = 'y';
  }
  BOOST_TEST(counts.heap == 6u);
  BOOST_TEST(counts.system_calls == 0u);
  std::mutex mutex;
  {
    const hot_path::Watch watch;
    const std::lock_guard lock(mutex);
  }
  BOOST_TEST(counts.locks == 1u);
  std::condition_variable condition;
  {
    const hot_path::Watch watch;
    condition.notify_one();
  }
  // Without waiters libstdc++ still calls the library.
  BOOST_TEST(counts.locks == 2u);
  const std::string text = "\n";
  {
    const hot_path::Watch watch;
    (void)!write(STDERR_FILENO, text.data(), 0);
  }
  BOOST_TEST(counts.doorbells == 1u);
  BOOST_TEST(counts.system_calls == 0u);
  if (trapping) {
    {
      const hot_path::Watch watch;
      sched_yield();
    }
    BOOST_TEST(counts.system_calls == 1u);
    BOOST_TEST(counts.first_system_call == 24);  // sched_yield of x86-64
    timespec t{0, 1};
    {
      const hot_path::Watch watch;
      nanosleep(&t, nullptr);
    }
    BOOST_TEST(counts.system_calls == 2u);
    {
      const hot_path::Watch watch;
      clock_gettime(CLOCK_MONOTONIC, &t);  // no system call: read from the vDSO
    }
    BOOST_TEST(counts.system_calls == 2u);
  }
  BOOST_TEST(counts.heap == 6u);
  hot_path::release_system_calls();
}

BOOST_AUTO_TEST_CASE(forty_seconds_of_the_demonstration_rig) {
  std::vector<std::string> overrides{"device.u6.emulation.seed=7",
                                     "device.u6.emulation.faults.drop_packet=0.0002",
                                     "device.u6.emulation.faults.corrupt_checksum=0.0002",
                                     "device.imu_shank_right.emulation.faults.corrupt_checksum=0.0002",
                                     "device.imu_foot_right.emulation.faults.drop_packet=0.0002",
                                     "engine.device_ring=2048"};
  Rig rig(demo_settings(overrides));
  Engine& engine = *rig.assembly.engine;
  SinkOfTest quick, slow, small;
  std::uint64_t slow_dropped = 0;
  hot_path::Counts transfers, polls_counts;
  std::uint64_t polls = 0, worst_doorbells = 0, completed = 0;
  std::size_t sinks_number = 0;
  {
    std::vector<std::unique_ptr<SinkThread>> sinks;
    const auto add = [&](const char* name, SinkOfTest& to, std::size_t ring) {
      sinks.push_back(std::make_unique<SinkThread>(std::make_unique<CountingSink>(name, to.rows, to.texts, to.held),
                                                   rig.assembly.session, ring, rig.assembly.gaps,
                                                   [](const std::string& why) { BOOST_ERROR(why); }));
      engine.add_outlet(*sinks.back());
      engine.add_counter(name, sinks.back()->dropped());
    };
    add("quick", quick, 1 << 18);
    add("slow", slow, 1 << 15);
    add("small", small, 64);
    sinks_number = sinks.size();
    for (auto& sink : sinks) sink->start();

    std::vector<std::unique_ptr<WatchedPort>> ports;
    const auto start = [&](std::size_t i) {
      if (ports.size() <= i) ports.push_back(std::make_unique<WatchedPort>());
      ports[i]->port = rig.assembly.ports[i].get();
      rig.assembly.ports[i]->start(*rig.emulation.link(i), rig.clock.t);
      rig.emulation.link(i)->set_receiver(ports[i].get());
    };
    for (std::size_t i = 0; i < rig.devices(); ++i) start(i);

    const bool trapping = hot_path::trap_system_calls();
    hot_path::counts = {};
    bool asleep = false;
    TimeNs polled = rig.clock.t;
    const auto poll = [&] {
      transfers.heap += hot_path::counts.heap, transfers.locks += hot_path::counts.locks;
      transfers.doorbells += hot_path::counts.doorbells, transfers.system_calls += hot_path::counts.system_calls;
      if (hot_path::counts.first_lock) transfers.first_lock = hot_path::counts.first_lock;
      hot_path::counts = {};
      if (asleep || rig.clock.t - polled < kMs) return;  // each millisecond, as the daemon's dsp thread
      // After a sleep of the dsp thread all comes at once, and the truth that waited for room a little later.
      const bool late = rig.clock.t - polled > 100 * kMs || rig.assembly.truth_ring->size() > 1000;
      polled = rig.clock.t;
      engine.doorbell().wait(0, [] { return true; });  // as if it slept: the next transfer rings
      {
        const hot_path::Watch watch;
        engine.poll(rig.clock.t);
      }
      ++polls;
      polls_counts.heap += hot_path::counts.heap, polls_counts.locks += hot_path::counts.locks;
      polls_counts.doorbells += hot_path::counts.doorbells, polls_counts.system_calls += hot_path::counts.system_calls;
      if (hot_path::counts.first_lock) polls_counts.first_lock = hot_path::counts.first_lock;
      if (hot_path::counts.system_calls) polls_counts.first_system_call = hot_path::counts.first_system_call;
      if (!late) worst_doorbells = std::max(worst_doorbells, hot_path::counts.doorbells);
      hot_path::counts = {};
      for (auto& sink : sinks)  // virtual time is quicker than a thread wakes up
        if (&sink == &sinks[0])
          while (sink->backlog() > (1 << 17)) std::this_thread::yield();
    };
    const auto command = [&](const std::string& text) { BOOST_REQUIRE(rig.assembly.command(rig.clock.t, text)); };
    const auto until = [&](double s) { rig.run_until(kStart + static_cast<TimeNs>(s * 1e9), poll); };

    until(0.4);
    command("tare {\"id\":1,\"plate\":\"all\"}");
    until(3.0);
    command("record_start {\"id\":2,\"name\":\"x\"}");
    until(4.0);
    command("tare {\"id\":6,\"plate\":\"all\"}");  // somebody stands there
    until(7.0);
    BOOST_TEST(std::any_of(rig.assembly.pipeline->snapshot().begin(), rig.assembly.pipeline->snapshot().end(),
                           [](std::byte b) { return b != std::byte{}; }));
    until(7.5);
    command("pose {\"id\":3}");
    command("tap {\"id\":8,\"plate\":\"left\",\"seconds\":3}");
    command("lunge {\"id\":11,\"side\":\"left\",\"seconds\":3}");
    command("mass {\"id\":12,\"plate\":\"left\",\"kg\":40,\"x_m\":0,\"y_m\":0}");
    command("calibrate {\"id\":9,\"step\":\"still\",\"seconds\":3}");
    command("calibration {\"id\":10,\"imus\":{\"imu_shank_left\":[0.0792,-0.9838,-0.1606]}}");
    until(14.0);
    command("mark {\"id\":4,\"text\":\"" + std::string(1500, 'm') + "\"}");
    slow.held = true;  // its ring of a second overflows
    until(16.5);
    slow.held = false;
    until(20.0);
    asleep = true;  // the devices' rings overflow
    until(23.0);
    asleep = false;
    until(26.0);
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {  // a restart of a U6 and of an IMU
      rig.emulation.link(i)->unplug();
      BOOST_TEST(rig.assembly.ports[i]->lost_reason() != nullptr);
      rig.assembly.ports[i]->stop(*rig.emulation.link(i));
    }
    until(26.4);
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      rig.emulation.link(i)->plug_in();
      start(i);
    }
    until(40.0);
    command("record_stop {\"id\":5}");
    until(40.1);
    if (trapping) hot_path::release_system_calls();
    if (GRFD_HOT_PATH_WATCH && !trapping) std::puts("hot_path: system calls other than write() were not watched");
    for (const auto& port : ports) completed += port->transfers;
    slow_dropped = sinks[1]->dropped().get();
    BOOST_TEST(sinks[0]->dropped().get() == 0);
  }
  if (GRFD_HOT_PATH_WATCH)
    BOOST_TEST_MESSAGE("watched " << completed << " transfers and " << polls << " polls: heap " << transfers.heap
                                  << " + " << polls_counts.heap << ", locks " << transfers.locks << " + "
                                  << polls_counts.locks << ", other system calls " << transfers.system_calls << " + "
                                  << polls_counts.system_calls << ", doorbells " << transfers.doorbells << " + "
                                  << polls_counts.doorbells << " (at most " << worst_doorbells << " in a poll, "
                                  << sinks_number << " sinks)");

  // That it was all there.
  for (const std::string& text : quick.texts)
    if (text.find("tare_result") != std::string::npos) BOOST_TEST_MESSAGE(text.substr(0, 200));
  const StreamTable& table = rig.streams();
  BOOST_TEST(completed > 45'000u);
  BOOST_TEST(polls > 30'000u);
  BOOST_TEST(quick.rows[table.id("reps/pair")] >= 3u);
  BOOST_TEST(count_with(quick.texts, "events: tare_result {\"id\":1,\"accepted\":true") == 1u);
  BOOST_TEST(count_with(quick.texts, "events: tare_result {\"id\":6,\"accepted\":false") == 1u);
  BOOST_TEST(count_with(quick.texts, "events: mark {\"id\":4") == 1u);
  BOOST_TEST(count_with(quick.texts, "events: calibration_result {\"id\":10,\"accepted\":true") == 1u);
  BOOST_TEST(count_with(quick.texts, "events: pose_result {\"id\":3") == 1u);
  BOOST_TEST(count_with(quick.texts, "events: lunge_result {\"id\":11,\"side\":\"left\"") == 1u);
  BOOST_TEST(count_with(quick.texts, "events: mass_result {\"id\":12,\"plate\":\"left\"") == 1u);
  BOOST_TEST(count_with(quick.texts, "\"cause\":\"ring_full\"") >= 5u);
  BOOST_TEST(count_with(quick.texts, "\"cause\":\"bad_packet\"") >= 1u);
  BOOST_TEST(count_with(quick.texts, "gaps: late") >= 2u);
  BOOST_TEST(count_with(quick.texts, "\"count\":-1") == 2u);  // the restarts
  BOOST_TEST(count_with(quick.texts, "counters: slow.dropped_samples") >= 1u);
  BOOST_TEST(count_with(slow.texts, "sink_ring_full") >= 10u);
  BOOST_TEST(slow_dropped > 1000u);

  if (!GRFD_HOT_PATH_WATCH) {
    std::puts("hot_path: run, but not watched in this build");
    return;
  }
  BOOST_TEST(transfers.heap == 0u);
  BOOST_TEST(transfers.locks == 0u, "locks in a transfer, last " << (transfers.first_lock ? transfers.first_lock : ""));
  BOOST_TEST(transfers.system_calls == 0u);
  BOOST_TEST(transfers.doorbells > 1000u);  // the wake-up of the dsp thread, at most one for a transfer
  BOOST_TEST(transfers.doorbells <= completed);
  BOOST_TEST(polls_counts.heap == 0u);
  BOOST_TEST(polls_counts.locks == 0u,
             "locks in a poll, last " << (polls_counts.first_lock ? polls_counts.first_lock : ""));
  BOOST_TEST(polls_counts.system_calls == 0u,
             "system calls in a poll, last first one " << polls_counts.first_system_call);
  BOOST_TEST(polls_counts.doorbells > 100u);  // fewer on a busy machine, where the sinks do not fall asleep
  BOOST_TEST(worst_doorbells <= sinks_number);
}

BOOST_AUTO_TEST_CASE(a_rig_with_sensors_on_pelvis_and_thighs) {
  struct Rows final : Outlet {  // counts where it is
    std::vector<std::uint64_t> samples;
    void take(std::span<const Sample> batch) noexcept override {
      for (const Sample& s : batch) ++samples[s.stream];
    }
  } rows;
  Rig rig(load_config(GRFD_FIXTURES "/pelvis_rig.toml", {"ankle.joint_angles=true", "stimulus.subject.rest_s=0"}));
  rows.samples.resize(rig.streams().size());
  Engine& engine = *rig.assembly.engine;
  engine.add_outlet(rows);
  rig.start_all();
  std::uint64_t heap = 0, locks = 0;
  rig.run_until(kStart + 30 * kSecond, [&] {
    hot_path::counts = {};
    {
      const hot_path::Watch watch;
      engine.poll(rig.clock.t);
    }
    heap += hot_path::counts.heap, locks += hot_path::counts.locks;
  });
  const auto seen = [&](const char* stream) { return rows.samples[rig.streams().id(stream)]; };
  BOOST_TEST(seen("pelvis") > 29'000u);
  BOOST_TEST(seen("thigh/right") > 29'000u);
  BOOST_TEST(seen("ankle_jcs/left") > 29'000u);
  BOOST_TEST(seen("reps_pelvis") >= 3 * 3u);  // rows of three parts
  BOOST_TEST(seen("reps_thigh/left") >= 3u);
  if (!GRFD_HOT_PATH_WATCH) return;
  BOOST_TEST(heap == 0u);
  BOOST_TEST(locks == 0u);
}

BOOST_AUTO_TEST_CASE(a_capture_does_not_touch_the_hot_path) {
  struct NoDevice final : Link {  // only the event thread's side
    LinkInfo description;
    Receiver* receiver = nullptr;
    const LinkInfo& info() const override { return description; }
    void claim(std::span<const int>) override {}
    std::size_t control(std::uint8_t, std::uint8_t, std::uint16_t, std::uint16_t, std::span<std::byte>, int) override {
      return 0;
    }
    void write(std::uint8_t, std::span<const std::byte>, int) override {}
    std::size_t read(std::uint8_t, std::span<std::byte>, int) override { return 0; }
    void start_stream(std::uint8_t, std::size_t, int) override {}
    void stop_stream(std::uint8_t, int) noexcept override {}
    void set_receiver(Receiver* r) override { receiver = r; }
  } device;
  struct Ear final : Link::Receiver {
    std::uint64_t heard = 0;
    void bytes(std::span<const std::byte> data, TimeNs) noexcept override { heard += data.size(); }
    void lost(const char*) noexcept override {}
  } ear;
  std::string folder = (std::filesystem::temp_directory_path() / "grfd_hot_capture_XXXXXX").string();
  BOOST_REQUIRE(mkdtemp(folder.data()));
  constexpr int kFollowed = 25'000, kParked = 25'000, kFree = 25'000, kTransfers = kFollowed + kParked + kFree;
  constexpr std::size_t kRing = 1 << 20, kHead = 40, kPayload = 128;
  constexpr std::uint64_t kFit = kRing / (kHead + kPayload);
  hot_path::Counts seen;
  std::uint64_t full = 0, full_followed = 0, full_parked = 0;
  {
    CaptureFile file(folder + "/x.grfcap", {}, kRing);
    VirtualClock clock(0);
    CapturingLink link(device, file, clock);
    link.set_receiver(&ear);
    std::atomic<bool> stop{false}, free{false};
    std::atomic<int> asked{0}, done{0};
    std::thread writer([&] {  // drains when it is asked to, later all the time
      while (!stop) {
        const int now = asked;
        if (now == done && !free)
          std::this_thread::yield();
        else
          file.drain(), done = now;
      }
    });
    const std::array<std::byte, kPayload> transfer{};
    const auto send = [&](int i) {
      const hot_path::Watch watch;
      device.receiver->bytes(transfer, i);
    };
    const bool trapping = hot_path::trap_system_calls();
    hot_path::counts = {};
    int i = 0;
    while (i < kFollowed) {  // the writer follows: everything fits
      send(i++);
      if (i % 1000 > 0) continue;
      ++asked;
      while (done != asked) std::this_thread::yield();
    }
    full_followed = file.counters()[0]->get();
    while (i < kFollowed + kParked) send(i++);  // nobody drains: the ring fills to its last whole record
    full_parked = file.counters()[0]->get() - full_followed;
    free = true;
    while (i < kTransfers) send(i++);  // both at once, whoever is faster
    device.receiver->lost("x");
    seen = hot_path::counts;
    if (trapping) hot_path::release_system_calls();
    stop = true;
    writer.join();
    full = file.counters()[0]->get();
  }
  std::filesystem::remove_all(folder);
  BOOST_TEST_MESSAGE("watched " << kTransfers << " captured transfers, " << full << " found the ring full: heap "
                                << seen.heap << ", locks " << seen.locks << ", system calls "
                                << seen.system_calls + seen.doorbells);
  BOOST_TEST(ear.heard == kPayload * kTransfers);
  BOOST_TEST(full_followed == 0u);
  BOOST_TEST(full_parked == kParked - kFit);
  if (!GRFD_HOT_PATH_WATCH) return;
  BOOST_TEST(seen.heap == 0u);
  BOOST_TEST(seen.locks == 0u);
  BOOST_TEST(seen.system_calls == 0u);
  BOOST_TEST(seen.doorbells == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
