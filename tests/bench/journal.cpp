// The journal against bare write(2): the same bytes in the same blocks to the same file system, without waiting for the
// disk on either side.
// Usage: bench_journal <folder>
#include "daemon/journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "bench/bench.hpp"
#include "bench/rig.hpp"
#include "daemon/sample_block.hpp"
#include "daemon/sinks/recorder.hpp"

using namespace grfd;
using namespace grfd::bench;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kRepetitions = 7;
constexpr double kSeconds = 30;
using Blocks = std::vector<std::vector<std::byte>>;

/// Blocks of so many samples, as the recorder would write them.
Blocks encode(const StreamTable& streams, std::span<const Sample> samples, std::size_t per_block) {
  SampleBlockEncoder encoder(streams);
  Blocks blocks;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    encoder.add(samples[i]);
    if (encoder.count() < per_block && i + 1 < samples.size()) continue;
    const auto payload = encoder.payload();
    blocks.emplace_back(payload.begin(), payload.end());
    encoder.clear();
  }
  return blocks;
}

std::size_t total(const Blocks& blocks) {
  std::size_t n = 0;
  for (const auto& b : blocks) n += b.size() + sizeof(BlockHeader);
  return n;
}

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(EXIT_FAILURE);
}

double bare_s(const fs::path& path, const Blocks& blocks) {
  std::vector<std::vector<std::byte>> whole;  // header and payload, so that the number of bytes is the journal's
  for (const auto& b : blocks) {
    whole.emplace_back(sizeof(BlockHeader));
    whole.back().insert(whole.back().end(), b.begin(), b.end());
  }
  fs::remove(path);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) fail("open");
  const std::int64_t before = wall_ns();
  for (const auto& b : whole)
    if (::write(fd, b.data(), b.size()) != static_cast<ssize_t>(b.size())) fail("write");
  const std::int64_t ns = wall_ns() - before;
  ::close(fd);
  return static_cast<double>(ns) * 1e-9;
}

double journal_s(const fs::path& path, const Blocks& blocks) {
  fs::remove(path);
  JournalWriter journal(path.string());
  const std::int64_t before = wall_ns();
  for (const auto& b : blocks)
    if (journal.append(BlockKind::samples, b) != 0) fail("journal");
  return static_cast<double>(wall_ns() - before) * 1e-9;
}

double encoded_s(const fs::path& path, const StreamTable& streams, std::span<const Sample> samples,
                 std::size_t per_block) {
  fs::remove(path);
  JournalWriter journal(path.string());
  SampleBlockEncoder encoder(streams);
  const std::int64_t before = wall_ns();
  for (std::size_t i = 0; i < samples.size(); ++i) {
    encoder.add(samples[i]);
    if (encoder.count() < per_block && i + 1 < samples.size()) continue;
    if (journal.append(BlockKind::samples, encoder.payload()) != 0) fail("journal");
    encoder.clear();
  }
  return static_cast<double>(wall_ns() - before) * 1e-9;
}

/// Streams that are only sent, such as fast/, never come into a recording.
std::size_t recorded(const StreamTable& streams, std::span<const Sample> samples) {
  return static_cast<std::size_t>(
      std::count_if(samples.begin(), samples.end(), [&](const Sample& s) { return !streams[s.stream].live_only; }));
}

/// The whole sink, as the daemon feeds it, as fast as it takes samples: its blocks fill up before their time is over.
double recorder_s(const Session& session, std::span<const Sample> samples, std::span<const Sample> start) {
  Recorder recorder(nullptr);
  recorder.open(session);
  recorder.write(start);
  const std::int64_t before = wall_ns();
  for (std::size_t i = 0; i < samples.size(); i += 256)
    recorder.write(samples.subspan(i, std::min<std::size_t>(256, samples.size() - i)));
  const std::int64_t ns = wall_ns() - before;
  recorder.close();
  const std::size_t expected = recorded(session.streams, start) + recorded(session.streams, samples);
  if (recorder.samples.get() != expected || recorder.lost_samples.get() != 0) {
    std::fprintf(stderr, "the recorder wrote %llu samples of %zu and lost %llu\n",
                 static_cast<unsigned long long>(recorder.samples.get()), expected,
                 static_cast<unsigned long long>(recorder.lost_samples.get()));
    std::exit(EXIT_FAILURE);
  }
  return static_cast<double>(ns) * 1e-9;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return EXIT_FAILURE;
  const fs::path folder(argv[1]), ours = folder / "bench.journal", bare = folder / "bench.bytes";
  Rig rig = demo_rig(kSeconds, true);
  const std::vector<Sample> samples = all_streams(rig);
  const StreamTable& streams = rig.assembly->session.streams;
  const double per_ms = static_cast<double>(samples.size()) / (kSeconds * 1e3);
  for (const double ms : {10.0, 100.0, 1000.0}) {
    const auto per_block = static_cast<std::size_t>(per_ms * ms);
    const Blocks blocks = encode(streams, samples, per_block);
    const double bytes = static_cast<double>(total(blocks));
    std::vector<double> journal, with_encoding, plain;
    for (std::size_t i = 0; i <= kRepetitions; ++i) {
      const double b = bare_s(bare, blocks), j = journal_s(ours, blocks),
                   e = encoded_s(ours, streams, samples, per_block);
      if (i == 0) continue;  // the first round finds the file system's memory cold
      plain.push_back(bytes / b);
      journal.push_back(bytes / j);
      with_encoding.push_back(bytes / e);
    }
    const std::string what =
        text("blocks of %.0f ms (%.1f kB): speed", ms, bytes * 1e-3 / static_cast<double>(blocks.size()));
    row("journal, " + what, "bare write(2)", ratios(journal, plain),
        text("%.0f : %.0f MB/s", median(journal) * 1e-6, median(plain) * 1e-6));
    row("samples to journal, " + what, "bare write(2)", ratios(with_encoding, plain),
        text("%.0f : %.0f MB/s; real time needs %.2f MB/s", median(with_encoding) * 1e-6, median(plain) * 1e-6,
             bytes * 1e-6 / kSeconds));
  }

  Session& session = rig.assembly->session;
  session.settings.record.folder = folder.string();
  session.settings.record.name = "bench_recorder";
  session.virtual_time = true;
  Sample start;
  start.stream = rig.assembly->commands;
  start.t = start.t_arrival = kStart;
  const std::string_view command = "record_start {\"id\":1}";
  std::memcpy(start.data.data(), command.data(), command.size());
  std::vector<double> factor;
  for (std::size_t i = 0; i < kRepetitions; ++i) factor.push_back(kSeconds / recorder_s(session, samples, {&start, 1}));
  row("recorder sink, all streams of the demo rig, 256 kB blocks, no sync: speed", "real time", factor,
      text("%.1f ms per second of data", 1e3 / median(factor)));
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with("bench")) fs::remove(entry.path(), ignored);
}
