// SIGKILL at random moments of recording and of finalising: what was promised to be in the file is in it.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "daemon/h5.hpp"
#include "daemon/recording.hpp"
#include "daemon/sinks/recorder.hpp"
#include "recording_fixture.hpp"

BOOST_AUTO_TEST_SUITE(kill_recording)

using namespace recording_test;

namespace {
constexpr std::size_t kMostCalls = 1 << 18;

/// Shared with the child: when each write() began, and how many milliseconds of samples had then been handed over.
struct Progress {
  std::atomic<std::uint64_t> calls{0};  ///< that returned
  struct Call {
    std::int64_t began_ns;
    std::uint64_t ticks_after;
  } call[kMostCalls];
};

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

[[noreturn]] void record_for_ever(const std::string& folder, Progress& progress, bool paced,
                                  std::uint64_t ticks_per_call) {
  Session session = make_session(folder, false);
  session.settings.record.fsync_s = 0.02;
  Recorder recorder([](const RecordingEvent&) {});
  recorder.open(session);
  recorder.write(start_row("kill"));
  std::vector<Sample> batch;
  std::uint64_t tick = 0;
  for (std::uint64_t call = 0; call < kMostCalls; ++call) {
    batch.clear();
    for (std::uint64_t i = 0; i < ticks_per_call; ++i) push_tick(batch, tick++);
    progress.call[call] = {now_ns(), tick};
    recorder.write(batch);
    progress.calls.store(call + 1);
    if (paced) std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  for (;;) ::pause();
}

template <class F>
pid_t in_child(F&& f) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    try {
      f();
    } catch (const std::exception&) {  // must not come back as a second test program
    }
    ::_exit(0);
  }
  BOOST_TEST_REQUIRE(pid > 0);
  return pid;
}
void kill_after(pid_t pid, double ms) {
  std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(ms));
  ::kill(pid, SIGKILL);
  int status;
  ::waitpid(pid, &status, 0);
}

/// Rows of the scan, each compared with what the child handed over.
std::uint64_t whole_scans(const std::string& path) {
  const h5::Id file = h5::open_file(path), dataset = h5::open(file, "/streams/raw/u6/scan/values");
  const hsize_t rows = h5::shape(dataset).at(0);
  std::vector<std::int32_t> v(rows * 13);
  if (rows) h5::read_rows(dataset, H5T_NATIVE_INT32, 0, rows, v.data());
  std::size_t wrong = 0;
  for (std::uint64_t i = 0; i < rows; ++i)
    for (std::size_t c = 0; c < 13; ++c) wrong += v[13 * i + c] != scan_value(i, c);
  BOOST_TEST(wrong == 0u);
  return rows;
}
}  // namespace

BOOST_AUTO_TEST_CASE(killed_at_any_moment_a_recording_loses_at_most_its_last_block) {
  const char* wanted = std::getenv("GRFD_KILLS");
  const int rounds = wanted ? std::atoi(wanted) : 30;
  std::mt19937 random(20261125);
  const auto uniform = [&](double a, double b) { return std::uniform_real_distribution<>(a, b)(random); };
  void* shared = ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  BOOST_TEST_REQUIRE(shared != MAP_FAILED);
  auto& progress = *static_cast<Progress*>(shared);

  int nothing = 0, torn = 0, finalise_kills = 0, finished_before_kill = 0;
  double longest_loss_ms = 0;
  std::uint64_t recorded = 0, handed = 0;
  for (int round = 0; round < rounds; ++round) {
    const Folder folder;
    progress.calls = 0;
    const bool paced = round % 3 == 0;
    const std::uint64_t per_call = paced ? 1 : 1 + random() % 60;
    const pid_t recording = in_child([&] { record_for_ever(folder.path, progress, paced, per_call); });
    // Every fifth is killed around the creation of the file.
    if (round % 5 != 4)
      while (progress.calls == 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
    kill_after(recording, round % 5 == 4 ? uniform(0, 3) : uniform(1, paced ? 80 : 30));
    const std::uint64_t calls = progress.calls;

    const std::string journal = folder.path + "/kill.journal", h5 = folder.path + "/kill.h5";
    double last_ms = 40;
    for (int attempt = 0; attempt < 3 && std::filesystem::exists(journal); ++attempt) {
      const pid_t finalising = in_child([&] { finalise(journal); });
      kill_after(finalising, uniform(0, last_ms));
      last_ms *= 3;
      ++finalise_kills;
      if (!std::filesystem::exists(journal)) ++finished_before_kill;
      if (std::filesystem::exists(h5)) BOOST_TEST(verify(h5).good());  // never a half file under the final name
    }
    for (const RecoverItem& item : recover(folder.path)) {
      BOOST_TEST((item.outcome == RecoverItem::Outcome::finalised || item.outcome == RecoverItem::Outcome::empty),
                 item.text);
      torn += item.report.dropped_tail_bytes > 0;
    }
    const auto files = folder.files();
    if (!std::filesystem::exists(h5)) {
      ++nothing;
      BOOST_TEST(calls == 0u);  // no sample had been taken
      continue;
    }
    BOOST_TEST((files == std::vector<std::string>{"kill.h5"}));
    const auto report = verify(h5);
    for (const auto& problem : report.problems) BOOST_ERROR(problem);
    const std::uint64_t rows = whole_scans(h5);
    recorded += rows;
    if (calls == 0) continue;
    handed += progress.call[calls - 1].ticks_after;
    // The first call of which something is missing began less than a block before the last call that returned.
    const Progress::Call* const begin = progress.call;
    const Progress::Call* const end = begin + calls;
    const auto* lost = std::find_if(begin, end, [rows](const Progress::Call& c) { return c.ticks_after > rows; });
    if (lost == end) continue;
    const double loss_ms = static_cast<double>(progress.call[calls - 1].began_ns - lost->began_ns) * 1e-6;
    longest_loss_ms = std::max(longest_loss_ms, loss_ms);
    BOOST_TEST(loss_ms <= 10.0);
  }
  ::munmap(shared, sizeof(Progress));
  std::printf(
      "kill -9: %d while recording (%d before the first block, %d torn blocks), %d while finalising (%d came too "
      "late); "
      "%.1f M rows handed over, %.1f M read back; longest loss %.2f ms + the call in flight\n",
      rounds, nothing, torn, finalise_kills, finished_before_kill, static_cast<double>(handed) / 1e6,
      static_cast<double>(recorded) / 1e6, longest_loss_ms);
  BOOST_TEST(recorded > 0u);
}

BOOST_AUTO_TEST_SUITE_END()
