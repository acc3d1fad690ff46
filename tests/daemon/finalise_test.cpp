#include "daemon/finalise.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "daemon/h5.hpp"
#include "daemon/recording.hpp"
#include "daemon/sinks/recorder.hpp"
#include "daemon/summary.hpp"
#include "recording_fixture.hpp"

BOOST_AUTO_TEST_SUITE(finalising)

// Asked by the leak sanitizer: a forked child lacks the threads that hold what other tests left to libraries.
static int no_leak_check = 0;
extern "C" int __lsan_is_turned_off() { return no_leak_check; }

using namespace recording_test;

namespace {
std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void spill(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

/// A whole trial of `ticks` milliseconds; one scan in `lose` is missing where that is not 0.
std::string record(const std::string& folder, const std::string& name, std::uint64_t ticks,
                   std::uint64_t batch_size = 1000, std::uint64_t lose = 0, bool declare = true) {
  const Session session = make_session(folder);
  std::string path;
  Recorder recorder([&](const RecordingEvent& e) { path = e.path; });
  recorder.set_state_provider([](std::string& version) {
    version = "v1";
    return std::vector<std::byte>(1000, std::byte{7});
  });
  recorder.open(session);
  std::vector<Sample> all = start_row(name, 0, time_of(0));
  std::uint64_t gap = 0;
  for (std::uint64_t i = 0; i < ticks; ++i) {
    if (lose && i % lose == lose - 1) {
      if (declare)
        for (const Sample& s :
             text_row(kGaps, gap++, time_of(i), "lost {\"stream\":\"raw/u6/scan\",\"count\":1,\"reason\":\"ring\"}"))
          all.push_back(s);
      all.push_back(cop_sample(i));
      continue;
    }
    push_tick(all, i);
  }
  for (const Sample& s : stop_row(1, time_of(ticks))) all.push_back(s);
  for (std::size_t at = 0; at < all.size(); at += batch_size)
    recorder.write(std::span(all).subspan(at, std::min<std::size_t>(batch_size, all.size() - at)));
  return path;
}

template <class T>
std::vector<T> read_all(hid_t file, const std::string& path, hid_t type) {
  const h5::Id d = h5::open(file, path);
  const h5::Shape shape = h5::shape(d);
  std::vector<T> out(shape.at(0) * (shape.size() > 1 ? shape[1] : 1));
  if (!out.empty()) h5::read_rows(d, type, 0, shape[0], out.data());
  return out;
}

/// What a command says, to both outputs.
std::string output_of(int (*command)(const std::vector<std::string>&, bool), const std::vector<std::string>& args,
                      bool json, int status) {
  std::ostringstream text;
  std::streambuf *out = std::cout.rdbuf(text.rdbuf()), *err = std::cerr.rdbuf(text.rdbuf());
  const int got = command(args, json);
  std::cout.rdbuf(out);
  std::cerr.rdbuf(err);
  BOOST_TEST(got == status);
  return text.str();
}
}  // namespace

BOOST_AUTO_TEST_CASE(a_recording_holds_every_value_of_the_journal) {
  const Folder folder;
  const std::uint64_t n = 20000;  // more than two chunks
  const auto report = finalise(record(folder.path, "trial", n));
  BOOST_TEST(report.h5_path == folder.path + "/trial.h5");
  BOOST_TEST(report.clean_end);
  BOOST_TEST(folder.files() == std::vector<std::string>{"trial.h5"}, boost::test_tools::per_element());

  const h5::Id file = h5::open_file(report.h5_path);
  const auto scan = read_all<std::int32_t>(file, "/streams/raw/u6/scan/values", H5T_NATIVE_INT32);
  const auto cop = read_all<float>(file, "/streams/cop/left/values", H5T_NATIVE_FLOAT);
  const auto t = read_all<double>(file, "/streams/cop/left/t", H5T_NATIVE_DOUBLE);
  const auto arrival = read_all<double>(file, "/streams/raw/u6/scan/t_arrival", H5T_NATIVE_DOUBLE);
  const auto device = read_all<std::uint64_t>(file, "/streams/raw/u6/scan/t_device", H5T_NATIVE_UINT64);
  const auto order = read_all<std::uint64_t>(file, "/streams/raw/u6/scan/order", H5T_NATIVE_UINT64);
  const auto seq = read_all<std::uint64_t>(file, "/streams/cop/left/seq", H5T_NATIVE_UINT64);
  const auto wide = read_all<double>(file, "/streams/reps/pair/values", H5T_NATIVE_DOUBLE);
  BOOST_TEST_REQUIRE(scan.size() == 13 * n);
  BOOST_TEST_REQUIRE(cop.size() == 3 * n);
  BOOST_TEST_REQUIRE(wide.size() == 11 * n / 100);
  std::size_t wrong = 0;
  for (std::uint64_t i = 0; i < n; ++i) {
    for (std::size_t c = 0; c < 13; ++c) wrong += scan[13 * i + c] != scan_value(i, c);
    for (std::size_t c = 0; c < 3; ++c) {
      const float expected = cop_value(i, c);
      wrong += std::memcmp(&expected, &cop[3 * i + c], 4) != 0;
    }
    wrong += seq[i] != i || device[i] != 4000 + i || order[i] != 10 * i;
    wrong += std::abs(t[i] - 0.001 * static_cast<double>(i)) > 1e-12;
    wrong += std::abs(arrival[i] - static_cast<double>(scan_sample(i).t_arrival - kStart) * 1e-9) > 1e-12;
  }
  for (std::uint64_t i = 0; i < n / 100; ++i)
    for (std::size_t c = 0; c < 11; ++c) wrong += wide[11 * i + c] != wide_value(i, c);
  BOOST_TEST(wrong == 0u);
  BOOST_TEST(!h5::exists(file, "/streams/cop/left/order"));  // does not enter the pipeline
  BOOST_TEST(h5::text_attribute(file, "dominance_method") == "kicking leg");
  BOOST_TEST(h5::text_attribute(file, "start_utc") == "2026-11-25T20:30:00.000000000Z");
  BOOST_TEST(h5::int_attribute(file, "clean_end") == 1);
  BOOST_TEST(read_all<double>(file, "/calibration/left/matrix", H5T_NATIVE_DOUBLE).at(6 * 2 + 3) == 23.0);
  BOOST_TEST(read_all<std::uint8_t>(file, "/state", H5T_NATIVE_UINT8).size() == 1000u);
  BOOST_TEST(read_all<float>(file, "/streams/ankle/left/values", H5T_NATIVE_FLOAT).empty());

  const auto verdict = verify(report.h5_path);
  for (const auto& p : verdict.problems) BOOST_ERROR(p);
  BOOST_TEST(verdict.streams.size() == 7u);
}

BOOST_AUTO_TEST_CASE(equal_samples_give_equal_bytes_whatever_the_batches_and_the_hour) {
  const Folder a, b;
  const auto first = finalise(record(a.path, "x", 10000, 1000));
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // a time stamp of seconds would show
  const auto second = finalise(record(b.path, "x", 10000, 7));
  const bool equal = slurp(first.h5_path) == slurp(second.h5_path);
  BOOST_TEST(equal);
}

BOOST_AUTO_TEST_CASE(finalising_again_leaves_an_equal_recording_and_never_replaces_another) {
  const Folder folder;
  const std::string journal = record(folder.path, "x", 500), copy = slurp(journal);
  const auto first = finalise(journal);
  const std::string bytes = slurp(first.h5_path);
  spill(journal, copy);  // as if killed between the rename and the removal of the journal
  spill(folder.path + "/x.h5.tmp", "half");
  const auto second = finalise(journal);
  BOOST_TEST(second.already_there);
  BOOST_TEST(second.h5_path == first.h5_path);
  BOOST_TEST(folder.files() == std::vector<std::string>{"x.h5"}, boost::test_tools::per_element());
  spill(first.h5_path, "another file");
  spill(journal, copy);
  const auto third = finalise(journal, {true});
  BOOST_TEST(third.h5_path == folder.path + "/x_2.h5");
  BOOST_TEST(slurp(first.h5_path) == "another file");
  BOOST_TEST((slurp(third.h5_path) == bytes));
  BOOST_TEST(folder.files() == (std::vector<std::string>{"x.h5", "x.journal", "x_2.h5"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_torn_and_a_damaged_journal_give_what_is_whole) {
  const Folder folder;
  const std::string journal = record(folder.path, "x", 40000), copy = slurp(journal);
  spill(journal, copy.substr(0, copy.size() * 2 / 3));
  auto report = finalise(journal);
  BOOST_TEST(!report.clean_end);
  BOOST_TEST(report.dropped_tail_bytes > 0u);
  BOOST_TEST(report.rows[kScan].second > 10000u);
  {
    const h5::Id file = h5::open_file(report.h5_path);
    BOOST_TEST(h5::int_attribute(file, "lost_tail_bytes") == static_cast<std::int64_t>(report.dropped_tail_bytes));
    BOOST_TEST(h5::int_attribute(file, "clean_end") == 0);
  }
  BOOST_TEST(verify(report.h5_path).good());

  std::string damaged = copy;
  damaged[copy.size() / 2] = static_cast<char>(damaged[copy.size() / 2] ^ 1);
  spill(journal, damaged);
  report = finalise(journal);
  BOOST_TEST(report.clean_end);
  BOOST_TEST(report.missing_blocks == 1u);
  BOOST_TEST(report.skipped_bytes > 0u);
  BOOST_TEST(report.rows[kScan].second < 40000u);
  // The gaps stream knows nothing of what was lost after it was written: that is a problem, and said.
  BOOST_TEST(!verify(report.h5_path).good());
}

BOOST_AUTO_TEST_CASE(accounted_gaps_are_notes_and_unaccounted_ones_problems) {
  const Folder folder;
  const auto declared = verify(finalise(record(folder.path, "declared", 5000, 1000, 50)).h5_path);
  BOOST_TEST(declared.good());
  BOOST_TEST(declared.notes.size() == 1u);
  const auto silent = verify(finalise(record(folder.path, "silent", 5000, 1000, 50, false)).h5_path);
  BOOST_TEST_REQUIRE(silent.problems.size() == 1u);
  BOOST_TEST(silent.problems[0].find("99 rows are missing") != std::string::npos);  // the last one leaves no hole
}

BOOST_AUTO_TEST_CASE(verify_finds_what_is_wrong) {
  const Folder folder;
  const Session session = make_session(folder.path);
  std::string path;
  Recorder recorder([&](const RecordingEvent& e) { path = e.path; });
  recorder.open(session);
  std::vector<Sample> samples = start_row("bad");
  for (std::uint64_t i = 0; i < 100; ++i) push_tick(samples, i);
  Sample nan = cop_sample(100), back = cop_sample(101), repeated = scan_sample(50), restarted = scan_sample(3);
  set_value(nan, 1, std::numeric_limits<float>::quiet_NaN());
  back.t = time_of(7);
  repeated.order = 5000;
  restarted.epoch = 1;
  restarted.order = 5001;
  samples.insert(samples.end(), {nan, back, repeated, restarted});
  Sample none[] = {wide_part(1, 0), wide_part(1, 1)};  // of a column in which NaN may be the answer
  set_value(none[1], 2, std::numeric_limits<double>::quiet_NaN());
  samples.insert(samples.end(), std::begin(none), std::end(none));
  recorder.write(samples);
  recorder.close();
  const auto report = verify(finalise(path).h5_path);
  BOOST_TEST_REQUIRE(report.problems.size() == 3u);
  const std::string all = report.problems[0] + report.problems[1] + report.problems[2];
  BOOST_TEST(all.find("raw/u6/scan: 1 rows do not rise in seq") != std::string::npos);
  BOOST_TEST(all.find("cop/left: 1 rows go back in time") != std::string::npos);
  BOOST_TEST(all.find("cop/left: 1 rows hold NaN") != std::string::npos);
  BOOST_TEST(all.find("reps/pair") == std::string::npos);
  spill(folder.path + "/no.h5", "this is no HDF5 file");
  BOOST_TEST(!verify(folder.path + "/no.h5").good());
  BOOST_TEST(!verify(folder.path + "/missing.h5").good());
  { const h5::Id other = h5::create_file(folder.path + "/other.h5"); }
  BOOST_TEST(verify(folder.path + "/other.h5").problems.at(0).find("not a recording") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(verify_and_summary_say_how_a_journal_becomes_a_file) {
  const Folder folder;
  const std::string journal = record(folder.path, "cut_off", 300),
                    way = "make the file first: grfd recover " + folder.path;
  BOOST_TEST_REQUIRE(verify(journal).problems.size() == 1u);
  BOOST_TEST(verify(journal).problems[0].find(way) != std::string::npos);
  BOOST_TEST(run_summary({journal}, true) == 1);
  BOOST_TEST(std::filesystem::exists(journal));
}

BOOST_AUTO_TEST_CASE(recover_handles_everything_that_a_crash_can_leave) {
  const Folder folder;
  record(folder.path, "a", 300);
  const std::string torn = record(folder.path, "b", 300);
  spill(torn, slurp(torn).substr(0, 5000));
  spill(folder.path + "/empty.journal", "");
  spill(folder.path + "/header.journal", slurp(torn).substr(0, 400));
  spill(folder.path + "/stale.h5.tmp", "half");
  spill(folder.path + "/b.h5.tmp", "half");
  spill(folder.path + "/notes.txt", "not ours");
  const Session session = make_session(folder.path);
  Recorder live([](const RecordingEvent&) {});
  live.open(session);
  live.write(start_row("live"));

  const std::string text = output_of(run_recover, {folder.path}, true, 0);
  const auto json = nlohmann::json::parse(text);
  BOOST_TEST(json.size() == 6u);
  BOOST_TEST(folder.files() == (std::vector<std::string>{"a.h5", "b.h5", "empty.journal.empty", "header.journal.empty",
                                                         "live.journal", "notes.txt"}),
             boost::test_tools::per_element());
  live.close();
  output_of(run_recover, {folder.path}, false, 0);
  BOOST_TEST(std::filesystem::exists(folder.path + "/live.h5"));
  const auto verified = nlohmann::json::parse(
      output_of(run_verify, {folder.path + "/a.h5", folder.path + "/b.h5", folder.path + "/live.h5"}, true, 0));
  BOOST_TEST(verified.size() == 3u);
  BOOST_TEST(verified[1].at("notes").size() == 1u);
  BOOST_TEST(output_of(run_verify, {folder.path + "/notes.txt"}, false, 1).find("PROBLEM") != std::string::npos);
  BOOST_TEST(output_of(run_finalise, {folder.path + "/notes.txt"}, false, 1).find("not a journal") !=
             std::string::npos);
  output_of(run_finalise, {}, false, 2);

  BOOST_TEST(output_of(run_recover, {folder.path}, false, 0) ==
             "no journal in " + folder.path + ": nothing to recover\n");
  BOOST_TEST(output_of(run_recover, {folder.path, "--quiet"}, false, 0).empty());
  BOOST_TEST(output_of(run_recover, {folder.path}, true, 0) == "[]\n");
}

BOOST_AUTO_TEST_CASE(a_disk_that_fills_up_while_finalising_leaves_the_journal_and_no_half_file) {
  const Folder folder;
  const std::string journal = record(folder.path, "x", 20000), before = slurp(journal);
  for (const rlim_t limit : {100, 5000, 100000, 400000}) {
    // As the daemon does it: in a child, which leaves in the ordinary way after the failure.
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      no_leak_check = 1;
      ::signal(SIGXFSZ, SIG_IGN);
      rlimit now;
      ::getrlimit(RLIMIT_FSIZE, &now);
      now.rlim_cur = limit;
      ::setrlimit(RLIMIT_FSIZE, &now);
      int status = 0;
      try {
        finalise(journal);
      } catch (const std::runtime_error& e) { status = std::string(e.what()).find("cannot finalise") == 0 ? 3 : 4; }
      std::exit(status);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    BOOST_TEST(WIFEXITED(status));
    BOOST_TEST(WEXITSTATUS(status) == 3);
    BOOST_TEST((folder.files() == std::vector<std::string>{"x.journal"}));
  }
  BOOST_TEST((slurp(journal) == before));
  const auto report = finalise(journal);
  BOOST_TEST(report.rows[kScan].second == 20000u);
  BOOST_TEST(verify(report.h5_path).good());
}

BOOST_AUTO_TEST_CASE(other_readers_open_the_recording) {
  const Folder folder;
  const auto report = finalise(record(folder.path, "x", 10000));
  if (std::system("/usr/bin/python3 -c 'import h5py' 2>/dev/null") != 0) {
    std::printf("no h5py: the recording was not read with it\n");
    return;
  }
  const std::string command =
      "/usr/bin/python3 " GRFD_SOURCE "/tests/daemon/read_with_h5py.py '" + report.h5_path + "' 10000";
  BOOST_TEST(std::system(command.c_str()) == 0);
}

BOOST_AUTO_TEST_CASE(speed_of_finalising_is_printed) {
  const Folder folder;
  const Session session = make_session(folder.path);
  std::string path;
  Recorder recorder([&](const RecordingEvent& e) { path = e.path; });
  recorder.open(session);
  recorder.write(start_row("speed"));
  const char* minutes = std::getenv("GRFD_MINUTES");
  const std::uint64_t ticks = 60'000 * static_cast<std::uint64_t>(minutes ? std::atoi(minutes) : 5);
  for (std::uint64_t i = 0; i < ticks; i += 1000) {
    std::vector<Sample> batch;
    for (std::uint64_t k = i; k < i + 1000; ++k) push_tick(batch, k);
    recorder.write(batch);
  }
  recorder.close();
  const std::clock_t before = std::clock();
  const auto report = finalise(path);
  const double cpu_s = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  std::printf(
      "finalise: %.1f MB of journal in %.2f s, %.2f s of processor (%.0f MB/s, %.0f times real time), %.1f MB of "
      "HDF5\n",
      static_cast<double>(report.journal_bytes) / 1e6, report.seconds, cpu_s,
      static_cast<double>(report.journal_bytes) / 1e6 / cpu_s, static_cast<double>(ticks) * 1e-3 / cpu_s,
      static_cast<double>(report.h5_bytes) / 1e6);
  BOOST_TEST(report.rows[kScan].second == ticks);
}

BOOST_AUTO_TEST_SUITE_END()
