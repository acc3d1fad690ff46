#include "daemon/journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <fstream>
#include <random>

#include "daemon/crc32c.hpp"
#include "daemon/sample_block.hpp"
#include "recording_fixture.hpp"

BOOST_AUTO_TEST_SUITE(journal)

using namespace recording_test;

namespace {
std::span<const std::byte> bytes_of(std::string_view s) { return std::as_bytes(std::span(s.data(), s.size())); }

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void spill(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}
std::string payload_of(int i) {
  return "block " + std::to_string(i) + std::string(static_cast<std::size_t>(10 * i), 'x');
}

std::string ten_blocks(const std::string& path) {
  JournalWriter writer(path);
  for (int i = 0; i < 10; ++i) BOOST_TEST_REQUIRE(writer.append(BlockKind::loss, payload_of(i)) == 0);
  writer.close();
  return slurp(path);
}
std::vector<int> readable(const std::string& path, JournalTail* tail = nullptr) {
  JournalReader reader(path);
  std::vector<int> numbers;
  while (const auto block = reader.next()) {
    const int i = static_cast<int>(block->counter);
    BOOST_TEST(block->text() == payload_of(i));
    numbers.push_back(i);
  }
  if (tail) *tail = reader.tail();
  return numbers;
}
bool same(const Sample& a, const Sample& b) { return std::memcmp(&a, &b, sizeof a) == 0; }
}  // namespace

BOOST_AUTO_TEST_CASE(crc32c_gives_the_published_check_values) {
  BOOST_TEST(crc32c(bytes_of("123456789")) == 0xe3069283u);  // the check value of the catalogue of CRCs
  // RFC 3720, B.4: 32 bytes of zeros, of ones, rising
  std::array<std::byte, 32> b{};
  BOOST_TEST(crc32c(b) == 0x8a9136aau);
  b.fill(std::byte{0xff});
  BOOST_TEST(crc32c(b) == 0x62a8ab43u);
  for (std::size_t i = 0; i < 32; ++i) b[i] = static_cast<std::byte>(i);
  BOOST_TEST(crc32c(b) == 0x46dd794eu);
  for (std::size_t cut = 0; cut <= 32; ++cut)
    BOOST_TEST(crc32c(std::span(b).subspan(cut), crc32c(std::span(b).first(cut))) == 0x46dd794eu);
}

BOOST_AUTO_TEST_CASE(every_length_of_a_torn_journal_gives_its_whole_blocks_and_counts_the_rest) {
  const Folder folder;
  const std::string path = folder.path + "/a.journal", whole = ten_blocks(path);
  std::vector<std::size_t> ends;
  for (std::size_t at = 0, i = 0; i < 10; ++i)
    ends.push_back(at += sizeof(BlockHeader) + payload_of(static_cast<int>(i)).size());
  BOOST_TEST(ends.back() == whole.size());
  for (std::size_t n = 0; n <= whole.size(); ++n) {
    spill(path, whole.substr(0, n));
    const auto complete =
        static_cast<std::size_t>(std::count_if(ends.begin(), ends.end(), [n](std::size_t e) { return e <= n; }));
    JournalTail tail;
    BOOST_TEST_REQUIRE(readable(path, &tail).size() == complete);
    BOOST_TEST_REQUIRE(tail.dropped_bytes == n - (complete ? ends[complete - 1] : 0));
    BOOST_TEST_REQUIRE(tail.missing_blocks == 0u);
  }
  spill(path, whole + std::string(5000, '\0'));  // what a power cut leaves in preallocated space
  JournalTail tail;
  BOOST_TEST(readable(path, &tail).size() == 10u);
  BOOST_TEST(tail.dropped_bytes == 5000u);
}

BOOST_AUTO_TEST_CASE(any_flipped_byte_costs_one_block_and_the_rest_is_found_again) {
  const Folder folder;
  const std::string path = folder.path + "/a.journal", whole = ten_blocks(path);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    spill(path, damaged);
    JournalTail tail;
    const auto found = readable(path, &tail);
    BOOST_TEST_REQUIRE(found.size() == 9u);
    const bool last = found.back() != 9;
    BOOST_TEST_REQUIRE(tail.missing_blocks == (last ? 0u : 1u));
    BOOST_TEST_REQUIRE((last ? tail.dropped_bytes : tail.skipped_bytes) > 0u);
  }
}

BOOST_AUTO_TEST_CASE(noise_and_false_magics_end_the_reading_soon) {
  const Folder folder;
  const std::string path = folder.path + "/a.journal";
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    std::string noise(20000, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    spill(path, noise);
    BOOST_TEST(readable(path).empty());
  }
  std::string magics;  // each looks like a block of 100 kB
  for (int i = 0; i < 40000; ++i) {
    BlockHeader header;
    header.kind = 3;
    header.length = 100000;
    magics.append(reinterpret_cast<const char*>(&header), sizeof header);
  }
  spill(path, magics);
  JournalTail tail;
  BOOST_TEST(readable(path, &tail).empty());
  BOOST_TEST(tail.dropped_bytes == magics.size());
}

BOOST_AUTO_TEST_CASE(an_existing_journal_is_never_overwritten) {
  const Folder folder;
  const std::string path = folder.path + "/a.journal", whole = ten_blocks(path);
  BOOST_CHECK_THROW(JournalWriter{path}, std::system_error);
  BOOST_TEST(slurp(path) == whole);
  BOOST_CHECK_THROW(JournalWriter{folder.path + "/missing/a.journal"}, std::system_error);
}

BOOST_AUTO_TEST_CASE(samples_come_back_bit_by_bit) {
  const Session session = make_session("");
  std::mt19937_64 random(7);
  std::vector<Sample> in;
  for (std::uint64_t i = 0; i < 300; ++i) push_tick(in, i);
  for (const auto& row :
       {start_row("x"), stop_row(), text_row(kGaps, 9, 0, ""), text_row(kGaps, 3, -5, std::string(200, 'g'))})
    in.insert(in.end(), row.begin(), row.end());
  for (int i = 0; i < 2000; ++i) {  // anything that fits the type, also what no driver should ever say
    Sample s = scan_sample(0);
    s.seq = random();
    s.t = static_cast<TimeNs>(random());
    s.t_arrival = static_cast<TimeNs>(i % 3 ? random() : 0);
    s.t_device = random() >> (i % 64);
    s.order = random();
    s.flags = static_cast<std::uint16_t>(random());
    s.epoch = static_cast<std::uint16_t>(random());
    s.parts = static_cast<std::uint8_t>(1 + random() % 3);
    if (i % 5 == 0) s.t = 0;
    in.push_back(s);
  }
  SampleBlockEncoder encoder(session.streams);
  SampleBlockDecoder decoder(session.streams);
  for (int round = 0; round < 2; ++round) {  // a used encoder gives the same block again
    encoder.clear();
    for (const Sample& s : in) encoder.add(s);
    BOOST_TEST(encoder.count() == in.size());
    decoder.start(encoder.payload());
    std::size_t i = 0, wrong = 0;
    for (Sample s; decoder.next(s); ++i) wrong += i >= in.size() || !same(s, in[i]);
    BOOST_TEST(i == in.size());
    BOOST_TEST(wrong == 0u);
  }
}

BOOST_AUTO_TEST_CASE(a_block_costs_little_more_than_its_columns) {
  const Session session = make_session("");
  SampleBlockEncoder encoder(session.streams);
  std::size_t columns = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    encoder.add(scan_sample(i));
    encoder.add(cop_sample(i));
    columns += 13 * 4 + 3 * 4;
  }
  const double overhead = static_cast<double>(encoder.size() - columns) / encoder.count();
  std::printf("journal: %.1f bytes of header per sample, %.1f of columns\n", overhead,
              static_cast<double>(columns) / encoder.count());
  BOOST_TEST(overhead < 16.0);
}

BOOST_AUTO_TEST_CASE(hostile_blocks_are_refused_without_reading_beyond) {
  const Session session = make_session("");
  SampleBlockEncoder encoder(session.streams);
  for (std::uint64_t i = 0; i < 20; ++i) encoder.add(scan_sample(i));
  for (const Sample& s : start_row("x")) encoder.add(s);
  const auto payload = encoder.payload();
  const std::vector<std::byte> good(payload.begin(), payload.end());
  SampleBlockDecoder decoder(session.streams);
  const auto decode = [&](const std::vector<std::byte>& bytes) {
    std::size_t n = 0;
    decoder.start(bytes);
    for (Sample s; decoder.next(s);) ++n;
    return n;
  };
  BOOST_TEST(decode(good) == 22u);
  for (std::size_t n = 0; n < good.size(); ++n)
    BOOST_CHECK_THROW(decode(std::vector<std::byte>(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n))),
                      MalformedBlock);
  std::mt19937 random(3);
  std::size_t refused = 0;
  for (int round = 0; round < 20000; ++round) {
    auto bytes = good;
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    try {
      decode(bytes);
    } catch (const MalformedBlock&) { ++refused; }
  }
  BOOST_TEST(refused > 0u);  // the rest decoded to something; the sanitizers watch the bounds
}

BOOST_AUTO_TEST_SUITE_END()
