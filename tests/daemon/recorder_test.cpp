#include "daemon/sinks/recorder.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <map>
#include <thread>

#include "daemon/session_json.hpp"
#include "recording_fixture.hpp"

namespace grfd {
std::ostream& operator<<(std::ostream& out, RecordingEvent::Kind k) { return out << static_cast<int>(k); }
std::ostream& operator<<(std::ostream& out, BlockKind k) { return out << static_cast<unsigned>(k); }
}  // namespace grfd

BOOST_AUTO_TEST_SUITE(recorder)

using namespace recording_test;

namespace {
struct Journal {
  JournalSession session;
  std::vector<Sample> samples;
  std::vector<BlockKind> kinds;
  std::string state, end;
  std::map<std::string, std::uint64_t> loss;
  std::vector<std::pair<TimeNs, std::int64_t>> anchors;
  JournalTail tail;
};

Journal read_journal(const std::string& path) {
  JournalReader reader(path);
  Journal j;
  std::optional<SampleBlockDecoder> decoder;
  while (const auto block = reader.next()) {
    j.kinds.push_back(block->kind);
    if (block->kind == BlockKind::session) {
      j.session = session_from_json(block->text());
      decoder.emplace(j.session.streams);
    }
    if (block->kind == BlockKind::state) j.state = block->text();
    if (block->kind == BlockKind::loss) {
      const auto json = nlohmann::json::parse(block->text());
      for (const auto& [name, count] : json.items()) j.loss[name] += count.get<std::uint64_t>();
    }
    if (block->kind == BlockKind::end) j.end = block->text();
    if (block->kind == BlockKind::anchor) {
      std::int64_t pair[2];
      BOOST_TEST_REQUIRE(block->payload.size() == sizeof pair);
      std::memcpy(pair, block->payload.data(), sizeof pair);
      j.anchors.emplace_back(pair[0], pair[1]);
    }
    if (block->kind != BlockKind::samples) continue;
    decoder->start(block->payload);
    for (Sample s; decoder->next(s);) j.samples.push_back(s);
  }
  j.tail = reader.tail();
  return j;
}

struct Bench {
  Folder folder;
  Session session;
  std::vector<RecordingEvent> events;
  Recorder recorder;
  explicit Bench(bool virtual_time = true)
      : session(make_session(folder.path, virtual_time)),
        recorder([this](const RecordingEvent& e) { events.push_back(e); }) {
    recorder.open(session);
  }
  void write(const std::vector<Sample>& samples) { recorder.write(samples); }
  void ticks(std::uint64_t from, std::uint64_t to) {
    std::vector<Sample> batch;
    for (std::uint64_t i = from; i < to; ++i) push_tick(batch, i);
    write(batch);
  }
  RecordingEvent::Kind kind(std::size_t i) const { return events.at(i).kind; }
};
using Kind = RecordingEvent::Kind;

/// Files of this process end at that many bytes: the kernel writes short, then refuses, as a full disk does.
struct DiskLimit {
  rlimit before{};
  explicit DiskLimit(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before);
    rlimit now = before;
    now.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~DiskLimit() { ::setrlimit(RLIMIT_FSIZE, &before); }
};
}  // namespace

BOOST_AUTO_TEST_CASE(a_trial_holds_everything_from_its_first_to_its_last_command) {
  Bench b;
  b.recorder.set_state_provider([](std::string& version) {
    version = "pipeline-3";
    return std::vector<std::byte>{std::byte{1}, std::byte{2}};
  });
  b.ticks(0, 50);  // before the trial
  const auto start = start_row("squat 1", 0, time_of(50));
  BOOST_TEST_REQUIRE(start.size() == 3u);
  b.write({start[0]});  // the command arrives in pieces, with other samples between
  b.write({scan_sample(50), start[1]});
  b.write({start[2]});
  b.ticks(51, 3000);
  const auto stop = stop_row(1, time_of(3000));
  b.write({scan_sample(3000), stop[0], scan_sample(3001)});
  b.ticks(3002, 3010);  // after it

  BOOST_TEST_REQUIRE(b.events.size() == 2u);
  BOOST_TEST(b.kind(0) == Kind::started);
  BOOST_TEST(b.kind(1) == Kind::finished);
  BOOST_TEST(b.events[0].command_id == 7);
  BOOST_TEST(b.events[1].path == b.folder.path + "/squat 1.journal");
  BOOST_TEST(b.events[1].text == "");
  const Journal j = read_journal(b.events[1].path);
  BOOST_TEST(j.kinds.front() == BlockKind::session);
  BOOST_TEST(j.kinds.at(1) == BlockKind::state);
  BOOST_TEST(j.kinds.back() == BlockKind::end);
  BOOST_TEST(j.state == std::string("\x0a\0\0\0pipeline-3\1\2", 16));
  BOOST_TEST(j.anchors.size() == 1u);  // virtual time: only the session's own
  BOOST_TEST(j.anchors[0].first == kStart);
  BOOST_TEST(j.anchors[0].second == b.session.start_utc_ns);
  BOOST_TEST(j.tail.dropped_bytes == 0u);

  std::vector<Sample> expected = {start[0], scan_sample(50), start[1], start[2]};
  for (std::uint64_t i = 51; i < 3000; ++i) push_tick(expected, i);
  expected.push_back(scan_sample(3000));
  expected.push_back(stop[0]);
  BOOST_TEST_REQUIRE(j.samples.size() == expected.size());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < expected.size(); ++i)
    wrong += std::memcmp(&expected[i], &j.samples[i], sizeof(Sample)) != 0;
  BOOST_TEST(wrong == 0u);
  BOOST_TEST(b.recorder.samples.get() == expected.size());
  BOOST_TEST(nlohmann::json::parse(j.end).at("samples").get<std::uint64_t>() == expected.size());

  const auto& s = j.session.json;
  BOOST_TEST(s.at("start_utc") == "2026-11-25T20:30:00.000000000Z");
  BOOST_TEST(s.at("participant_code") == "P07");
  BOOST_TEST(s.at("dominant_side") == "right");
  BOOST_TEST(s.at("settings") == b.session.settings.effective);
  BOOST_TEST(s.at("calibration")[0].at("matrix")[2][3] == 23.0);
  BOOST_TEST(j.session.streams[kScan].columns[4].skew_s == 8e-5);
}

BOOST_AUTO_TEST_CASE(trials_follow_each_other_and_never_share_a_name) {
  Bench b;
  for (int i = 0; i < 3; ++i) {
    b.write(start_row("a/../b"));
    b.ticks(0, 10);
    b.write(stop_row());
  }
  b.write(text_row(kCommands, 9, time_of(61000), "record_start {\"id\":9}"));
  b.write(text_row(kCommands, 10, time_of(61000), "record_start"));  // already running
  b.recorder.close();
  BOOST_TEST(b.folder.files() == (std::vector<std::string>{"20261125T203101Z.journal", "a_.._b.journal",
                                                           "a_.._b_2.journal", "a_.._b_3.journal"}),
             boost::test_tools::per_element());
  BOOST_TEST(b.events.size() == 9u);
  BOOST_TEST(b.kind(7) == Kind::failed);
  BOOST_TEST(b.kind(8) == Kind::finished);
  BOOST_TEST(read_journal(b.events[8].path).end.find("closed") != std::string::npos);
  std::ofstream(b.folder.path + "/c.h5") << "somebody's";
  b.write(start_row("c"));
  b.recorder.close();
  BOOST_TEST(b.events.back().path == b.folder.path + "/c_2.journal");
}

BOOST_AUTO_TEST_CASE(samples_reach_the_file_within_a_block_and_clocks_are_noted) {
  Bench b(false);
  const auto start = start_row("live");
  b.write(start);
  b.ticks(0, 5);
  std::this_thread::sleep_for(std::chrono::milliseconds(15));
  b.write({});  // the sink is called also with nothing
  const Journal j = read_journal(b.events[0].path);
  BOOST_TEST(j.samples.size() == start.size() + 5 * 2 + 3);
  BOOST_TEST(j.end.empty());
  BOOST_TEST_REQUIRE(j.anchors.size() >= 2u);  // the session's and the trial's own
  const std::int64_t wall =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  BOOST_TEST(std::llabs(j.anchors[1].second - wall) < 5'000'000'000);
  b.recorder.close();
  struct stat st;
  BOOST_TEST(::stat(b.events[0].path.c_str(), &st) == 0);
  BOOST_TEST(st.st_blocks * 512 < st.st_size + 65536);  // the reserved space was given back
}

BOOST_AUTO_TEST_CASE(a_full_disk_costs_counted_samples_and_nothing_else) {
  Bench b;
  const auto start = start_row("full");
  b.write(start);
  std::uint64_t tick = 0;
  const auto fill = [&](int n) {
    for (int i = 0; i < n; ++i, tick += 2000) b.ticks(tick, tick + 2000);
  };
  {
    const DiskLimit limit(1'000'000);
    fill(20);
  }
  const std::uint64_t when_freed = tick;
  fill(2);
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  fill(1);
  b.recorder.close();
  BOOST_TEST_REQUIRE(b.events.size() == 4u);
  BOOST_TEST(b.kind(1) == Kind::refused);  // once, although many blocks were refused
  BOOST_TEST(b.events[1].text.find("File too large") != std::string::npos);
  BOOST_TEST(b.kind(2) == Kind::recovered);
  BOOST_TEST(b.kind(3) == Kind::finished);
  BOOST_TEST(b.events[3].lost_samples > 0u);

  const Journal j = read_journal(b.events[0].path);
  BOOST_TEST(j.tail.dropped_bytes == 0u);
  BOOST_TEST(j.tail.missing_blocks == 0u);
  std::uint64_t missing = 0, holes = 0, last = 0, flagged = 0, noted = 0;
  bool first = true;
  for (const Sample& s : j.samples) {
    if (s.stream != kScan) continue;
    if (!first && s.seq != last + 1) {
      ++holes;
      missing += s.seq - last - 1;
      BOOST_TEST((s.flags & kGapBefore) != 0);
    }
    flagged += (s.flags & kGapBefore) != 0;
    last = s.seq;
    first = false;
  }
  for (const auto& [name, count] : j.loss) noted += count;
  BOOST_TEST(holes > 0u);
  BOOST_TEST(flagged == holes);
  BOOST_TEST(j.loss.at("raw/u6/scan") == missing);
  BOOST_TEST(noted == b.events[3].lost_samples);
  BOOST_TEST(b.recorder.lost_samples.get() == noted);
  BOOST_TEST(j.samples.size() + noted == start.size() + 2 * tick + 3 * tick / 100);
  BOOST_TEST(last == tick - 1);  // all that came after the disk was freed is there
  BOOST_TEST(when_freed < tick);
}

BOOST_AUTO_TEST_CASE(a_journal_that_was_deleted_is_told_and_everything_counts_as_lost) {
  Bench b;
  b.session.settings.record.fsync_s = 0.01;
  b.write(start_row("pulled"));
  std::filesystem::remove(b.folder.path + "/pulled.journal");
  for (std::uint64_t i = 0; i < 30; ++i) {
    b.ticks(100 * i, 100 * (i + 1));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  BOOST_TEST_REQUIRE(b.events.size() == 2u);
  BOOST_TEST(b.kind(1) == Kind::refused);
  BOOST_TEST(b.events[1].text.find("was deleted or moved away") != std::string::npos);
  b.write(stop_row());
  BOOST_TEST_REQUIRE(b.events.size() == 3u);
  BOOST_TEST(b.kind(2) == Kind::finished);
  BOOST_TEST(b.events[2].gone);
  BOOST_TEST(b.events[2].samples == 0u);
  BOOST_TEST(b.events[2].lost_samples > 3000u * 2);
  b.write(start_row("next"));
  b.write(stop_row());
  BOOST_TEST(b.events.back().text == "");
  BOOST_TEST(!b.events.back().gone);
}

BOOST_AUTO_TEST_CASE(a_trial_that_cannot_be_started_is_one_clear_failure) {
  Bench b;
  b.session.settings.record.folder = "/proc/none/recordings";
  b.write(start_row("x"));
  b.ticks(0, 100);
  b.write(stop_row());
  BOOST_TEST_REQUIRE(b.events.size() == 1u);
  BOOST_TEST(b.kind(0) == Kind::failed);
  BOOST_TEST(b.events[0].text.find("/proc/none") != std::string::npos);

  b.session.settings.record.folder = b.folder.path + "/new/deep";  // is created
  b.write(start_row("x"));
  b.ticks(0, 100);
  b.write(stop_row());
  BOOST_TEST_REQUIRE(b.events.size() == 3u);
  BOOST_TEST(b.events[2].path == b.folder.path + "/new/deep/x.journal");
  {
    const DiskLimit limit(100);  // not even the first block fits: no file is left
    b.write(start_row("y"));
  }
  BOOST_TEST(b.events.size() == 4u);
  BOOST_TEST(b.kind(3) == Kind::failed);
  BOOST_TEST(!std::filesystem::exists(b.folder.path + "/new/deep/y.journal"));
  b.recorder.set_state_provider([](std::string&) -> std::vector<std::byte> { throw std::runtime_error("no state"); });
  b.write(start_row("z"));
  BOOST_TEST(b.kind(4) == Kind::failed);
  BOOST_TEST(b.recorder.failures.get() == 3u);
}

BOOST_AUTO_TEST_CASE(speed_of_the_journal_is_printed) {
  Bench b;
  std::vector<Sample> batch;
  for (std::uint64_t i = 0; i < 1000; ++i) push_tick(batch, i);
  b.write(start_row("speed"));
  const auto began = std::chrono::steady_clock::now();
  const std::clock_t before = std::clock();
  for (int i = 0; i < 300; ++i) b.write(batch);
  b.recorder.close();
  const double s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const double cpu_s = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC,
               n = 300.0 * static_cast<double>(batch.size());
  std::printf(
      "journal: %.0f MB/s of journal, %.0f MB/s of samples, %.2f M samples/s; %.0f ns of processor per sample\n",
      static_cast<double>(b.events.back().bytes) / 1e6 / s, n * sizeof(Sample) / 1e6 / s, n / 1e6 / s, cpu_s / n * 1e9);
  BOOST_TEST(b.recorder.lost_samples.get() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
