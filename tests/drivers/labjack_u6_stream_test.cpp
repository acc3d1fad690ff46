// The decoder of the U6 alone, fed with packets and bytes of our own.
#include "drivers/labjack_u6_stream.hpp"
#include "tests/drivers/labjack_u6_rig.hpp"

BOOST_AUTO_TEST_SUITE(labjack_u6_stream)

using namespace grfd;
using namespace grfd::u6_test;
using u6::Bytes;

namespace {
Bytes stream_packet(std::uint8_t counter, const std::vector<std::uint16_t>& codes, std::uint8_t code = 0,
                    std::uint16_t lost = 0, std::uint8_t backlog = 0) {
  Bytes d{std::uint8_t(lost), std::uint8_t(lost >> 8), 0, 0, counter, code};
  for (std::uint16_t c : codes) d.insert(d.end(), {std::uint8_t(c), std::uint8_t(c >> 8)});
  d.insert(d.end(), {backlog, 0});
  return u6::extended_frame(0xc0, d, 0xf9);
}

/// The decoder alone, fed with packets that number their samples: channel c of scan k has code k * channels + c.
struct Decoder {
  explicit Decoder(std::size_t channels) : n(channels), stream(channels, 1000, 0, 1) { stream.restart(); }
  void feed(const Bytes& bytes) {
    FixedBatch<256> batch;
    stream.decode(as_bytes(bytes), t += kMs, batch);
    for (const Sample& s : batch.samples()) (s.stream == 0 ? scans : losses).push_back(s);
  }
  Bytes numbered(int first_packet, std::uint8_t code = 0) const {
    std::vector<std::uint16_t> codes;
    for (int i = 0; i < 25; ++i) codes.push_back(std::uint16_t(first_packet * 25 + i));
    return stream_packet(std::uint8_t(first_packet), codes, code);
  }
  void check() const {
    for (const Sample& s : scans)
      for (std::size_t c = 0; c < n; ++c)
        BOOST_REQUIRE_EQUAL(value<std::int32_t>(s, c), std::int32_t((s.t_device * n + c) & 0xffff));
  }
  std::uint64_t counter(const std::string& name) const {
    for (const Counter* c : stream.counters())
      if (name == c->name) return c->get();
    BOOST_FAIL("no counter " << name);
    return 0;
  }
  std::size_t n;
  TimeNs t = 0;
  U6Stream stream;
  std::vector<Sample> scans, losses;
};
}  // namespace

BOOST_AUTO_TEST_CASE(the_worked_gap_of_a_lost_packet) {
  // 13 channels: packet 1 holds samples 25..49 = end of scan 1, scan 2, begin of scan 3. Without it 1, 2 and 3 are
  // lost.
  Decoder d(13);
  for (int p : {0, 2, 3}) d.feed(d.numbered(p));
  d.check();
  BOOST_REQUIRE(d.losses.size() == 1u);
  BOOST_TEST(first_of(d.losses[0]) == 1);
  BOOST_TEST(count_of(d.losses[0]) == 3);
  BOOST_REQUIRE(d.scans.size() >= 2u);
  BOOST_TEST(d.scans[0].seq == 0u);
  BOOST_TEST(d.scans[1].seq == 4u);
  BOOST_TEST(d.scans[1].flags == kGapBefore);
  BOOST_TEST(d.scans[2].flags == 0);
}

BOOST_AUTO_TEST_CASE(a_report_without_its_mark_is_placed_to_one_packet) {
  Decoder d(5);
  d.feed(d.numbered(0));
  Bytes p = d.numbered(1);
  std::vector<std::uint16_t> codes;
  for (std::size_t i = 0; i < 25; ++i) codes.push_back(u6::read16(&p[12 + 2 * i]));
  d.feed(stream_packet(1, codes, 60, 40));
  d.feed(d.numbered(2));
  BOOST_REQUIRE(d.losses.size() == 1u);
  BOOST_TEST(cause_of(d.losses[0]) == 4);
  BOOST_TEST(first_of(d.losses[0]) == 10);
  BOOST_TEST(count_of(d.losses[0]) == 40);
  BOOST_TEST(d.counter("auto_recovery_unplaced") == 1u);
  BOOST_TEST(d.scans[10].seq == 50u);
}

// 13 channels: scan 3 is samples 39..51, so it begins in packet 1 and ends in packet 2.
namespace {
/// Packet `p` of a stream whose scan at place `mark` stands for `lost` scans that were left out.
Bytes marked(int p, int mark, int lost, std::uint8_t code = 0) {
  std::vector<std::uint16_t> codes;
  for (int i = 25 * p; i < 25 * p + 25; ++i) {
    const int scan = i / 13;
    codes.push_back(scan == mark ? 0xffff : std::uint16_t((scan < mark ? scan : scan - 1 + lost) * 13 + i % 13));
  }
  return stream_packet(std::uint8_t(p), codes, code, code == 60 ? std::uint16_t(lost) : 0);
}
}  // namespace

BOOST_AUTO_TEST_CASE(the_mark_runs_over_into_the_next_packet) {
  Decoder d(13);
  d.feed(marked(0, 3, 7));
  d.feed(marked(1, 3, 7, 60));
  for (int p = 2; p < 5; ++p) d.feed(marked(p, 3, 7));
  d.check();
  BOOST_REQUIRE(d.losses.size() == 1u);
  BOOST_TEST(first_of(d.losses[0]) == 3);
  BOOST_TEST(count_of(d.losses[0]) == 7);
  BOOST_TEST(cause_of(d.losses[0]) == 3);
}

// The report is in packet 1, its mark in a later one: scan 4 begins with sample 52 in packet 2, scan 9 with sample 117
// in packet 4, scan 12 with sample 156 in packet 6, which is too late.
BOOST_AUTO_TEST_CASE(a_mark_behind_its_report_is_no_data) {
  for (const int mark : {4, 9, 12}) {
    Decoder d(13);
    for (int p = 0; p < 12; ++p) d.feed(marked(p, mark, 7, p == 1 ? 60 : 0));
    BOOST_REQUIRE(d.losses.size() == 1u);
    BOOST_TEST(first_of(d.losses[0]) == 3);
    BOOST_TEST(count_of(d.losses[0]) == 7);
    BOOST_TEST(cause_of(d.losses[0]) == 4);
    const bool seen = mark != 12;
    BOOST_TEST(d.counter("auto_recovery_late_mark") == (seen ? 1u : 0u));
    std::size_t rails = 0;
    for (const Sample& s : d.scans) {
      if (value<std::int32_t>(s, 0) == 0xffff) {
        ++rails;
        continue;
      }
      const std::int64_t written = value<std::int32_t>(s, 0) / 13;  // by the numbers in the codes
      if (written >= mark + 7 - 1 && seen) BOOST_REQUIRE_EQUAL(s.seq, std::uint64_t(written));
      if (s.seq < 3) BOOST_REQUIRE_EQUAL(s.seq, std::uint64_t(written));
    }
    BOOST_TEST(rails == (seen ? 0u : 1u));
    BOOST_TEST(d.scans.back().seq + 1 == d.scans.size() + 7);
  }
}

BOOST_AUTO_TEST_CASE(the_end_of_the_mark_is_lost) {
  Decoder d(13);
  d.feed(marked(0, 3, 7));
  d.feed(marked(1, 3, 7, 60));
  for (int p = 3; p < 6; ++p) d.feed(marked(p, 3, 7));
  d.check();  // the first whole scan of packet 3 has place 6 and index 6 - 1 + 7
  BOOST_REQUIRE(d.losses.size() == 1u);
  BOOST_TEST(first_of(d.losses[0]) == 3);
  BOOST_TEST(count_of(d.losses[0]) == 9);
  BOOST_TEST(cause_of(d.losses[0]) == 3);
}

BOOST_AUTO_TEST_CASE(a_scan_that_only_begins_like_the_mark_is_data) {
  Decoder d(13);
  d.feed(d.numbered(0));
  std::vector<std::uint16_t> codes(25, 5);
  std::fill(codes.begin() + 14, codes.end(), 0xffff);  // samples 39..49
  d.feed(stream_packet(1, codes, 60, 7));
  codes.assign(25, 6);
  codes[0] = 0xffff;  // 50; 51 is not
  d.feed(stream_packet(2, codes));
  BOOST_REQUIRE(d.losses.size() == 1u);
  BOOST_TEST(first_of(d.losses[0]) == 4);
  BOOST_TEST(count_of(d.losses[0]) == 7);
  BOOST_TEST(cause_of(d.losses[0]) == 4);
  BOOST_REQUIRE(d.scans.size() == 5u);
  BOOST_TEST(value<std::int32_t>(d.scans[3], 11) == 0xffff);
  BOOST_TEST(value<std::int32_t>(d.scans[3], 12) == 6);
}

BOOST_AUTO_TEST_CASE(two_reports_in_a_row_are_both_counted) {
  Decoder d(13);
  d.feed(marked(0, 3, 7));
  d.feed(marked(1, 3, 7, 60));
  d.feed(marked(2, 3, 9, 60));
  BOOST_REQUIRE(d.losses.size() == 1u);
  BOOST_TEST(first_of(d.losses[0]) == 3);
  BOOST_TEST(count_of(d.losses[0]) == 16);
}

BOOST_AUTO_TEST_CASE(the_rest_of_a_torn_scan_is_not_the_mark) {
  Decoder d(13);
  d.feed(marked(0, 5, 7));
  Bytes p = marked(2, 5, 7);  // 50 and 51 end scan 3, 52..64 are scan 4, the mark begins at 65
  std::vector<std::uint16_t> codes;
  for (std::size_t i = 0; i < 25; ++i) codes.push_back(i < 2 ? 0xffff : u6::read16(&p[12 + 2 * i]));
  d.feed(stream_packet(2, codes, 60, 7));
  for (int k = 3; k < 5; ++k) d.feed(marked(k, 5, 7));
  d.check();
  BOOST_REQUIRE(d.losses.size() == 2u);
  BOOST_TEST(first_of(d.losses[0]) == 1);
  BOOST_TEST(count_of(d.losses[0]) == 3);
  BOOST_TEST(cause_of(d.losses[0]) == 1);
  BOOST_TEST(first_of(d.losses[1]) == 5);
  BOOST_TEST(count_of(d.losses[1]) == 7);
  BOOST_TEST(cause_of(d.losses[1]) == 3);
}

BOOST_AUTO_TEST_CASE(single_rails_are_no_mark) {
  // 2 channels; scan 1 has one channel at the rail, scan 3 is the mark of 7 scans.
  Decoder d(2);
  std::vector<std::uint16_t> codes(25, 100);
  codes[3] = 0xffff;
  codes[6] = codes[7] = 0xffff;
  d.feed(stream_packet(0, codes, 60, 7, 129));
  BOOST_REQUIRE(d.losses.size() == 1u);
  BOOST_TEST(first_of(d.losses[0]) == 3);
  BOOST_TEST(count_of(d.losses[0]) == 7);
  BOOST_TEST(value<std::int32_t>(d.scans[1], 1) == 0xffff);
  BOOST_TEST(d.scans[3].seq == 10u);
  BOOST_TEST(d.counter("backlog_high") == 1u);
}

BOOST_AUTO_TEST_CASE(fatal_codes_ask_for_a_restart_and_their_data_are_not_taken) {
  for (auto [code, cause] : {std::pair{55, "stream_scan_overlap"},
                             {54, "stream_adc0_buffer_overflow"},
                             {63, "auto_recovery_overflow"},
                             {200, "error"}}) {
    Decoder d(5);
    d.feed(d.numbered(0));
    BOOST_TEST(!d.stream.fault());
    d.feed(d.numbered(1, std::uint8_t(code)));
    d.feed(d.numbered(2));
    BOOST_TEST(d.stream.fault() == std::string(cause));
    BOOST_TEST(d.scans.size() == 5u);
    BOOST_TEST(d.counter("packet_after_fault") == 1u);
    d.stream.restart();
    BOOST_TEST(!d.stream.fault());
    d.feed(d.numbered(0));
    BOOST_REQUIRE(d.losses.size() == 1u);
    BOOST_TEST(first_of(d.losses[0]) == 5);
    BOOST_TEST(count_of(d.losses[0]) == -1);
    BOOST_TEST(cause_of(d.losses[0]) == (code == 63 ? 7 : 6));
    BOOST_TEST(d.scans[5].flags == (kGapBefore | kNewEpoch));
    BOOST_TEST(d.scans[5].seq == 5u);
    BOOST_TEST(d.scans[5].t_device == 0u);
    BOOST_TEST(d.scans[5].epoch == 1);
    BOOST_TEST(d.scans[6].flags == 0);
    d.check();
  }
}

BOOST_AUTO_TEST_CASE(left_over_packets_of_old_firmware_are_discarded) {
  Decoder d(13);
  d.feed(d.numbered(77));
  d.feed(d.numbered(78));
  for (int p = 0; p < 4; ++p) d.feed(d.numbered(p));
  d.check();
  BOOST_TEST(d.counter("stale_packet") == 2u);
  BOOST_TEST(d.losses.empty());
  BOOST_TEST(d.scans.size() == 7u);
  // A corrupt first packet is not mistaken for one.
  Decoder c(13);
  Bytes bad = c.numbered(0);
  bad[20] ^= 1;
  c.feed(bad);
  for (int p = 1; p < 4; ++p) c.feed(c.numbered(p));
  c.check();
  BOOST_TEST(c.counter("stale_packet") == 0u);
  BOOST_REQUIRE(c.losses.size() == 1u);
  BOOST_TEST(count_of(c.losses[0]) == 2);
}

BOOST_AUTO_TEST_CASE(a_hole_as_long_as_the_packet_counter_is_ambiguous) {
  Decoder d(13);
  d.feed(d.numbered(0));
  d.t += 600 * kMs;
  d.feed(d.numbered(20));
  BOOST_TEST(d.stream.fault() == std::string("packet_counter_ambiguous"));
  Decoder burst(13);  // a host that was late gets everything at once: no hole
  burst.feed(burst.numbered(0));
  burst.t += 600 * kMs;
  burst.feed(burst.numbered(1));
  BOOST_TEST(!burst.stream.fault());
}

BOOST_AUTO_TEST_CASE(it_finds_the_next_packet_wherever_bytes_are_missing_or_too_many) {
  for (std::size_t cut = 1; cut < 128; cut += 3)
    for (std::size_t step : {1u, 64u, 1000u}) {
      Decoder d(13);
      Bytes all;
      for (int p = 0; p < 12; ++p) {
        const Bytes b = d.numbered(p);
        all.insert(all.end(), b.begin(), b.end());
      }
      Bytes missing = all, more = all;
      missing.erase(missing.begin() + 200, missing.begin() + 200 + std::ptrdiff_t(cut));
      more.insert(more.begin() + 192, cut, 0xf9);
      for (std::size_t i = 0; i < missing.size(); i += step)
        d.feed(Bytes(missing.begin() + std::ptrdiff_t(i),
                     missing.begin() + std::ptrdiff_t(std::min(i + step, missing.size()))));
      d.check();
      const std::uint64_t torn = cut > 184 - 128 ? cut > 56 + 64 ? 3 : 2 : 1;
      BOOST_REQUIRE_EQUAL(d.counter("packets"), 12 - torn);
      BOOST_REQUIRE_EQUAL(d.losses.size(), 1u);
      Decoder e(13);
      for (std::size_t i = 0; i < more.size(); i += step)
        e.feed(Bytes(more.begin() + std::ptrdiff_t(i), more.begin() + std::ptrdiff_t(std::min(i + step, more.size()))));
      BOOST_REQUIRE_EQUAL(e.counter("packets"), 12u);
      BOOST_REQUIRE_EQUAL(e.counter("resync_bytes"), cut);
      BOOST_REQUIRE(e.losses.empty());
    }
}

BOOST_AUTO_TEST_CASE(hostile_bytes_are_counted_and_never_taken) {
  std::uint64_t x = 7;
  const auto random = [&x] {
    return static_cast<std::uint8_t>((x = x * 6364136223846793005ull + 1442695040888963407ull) >> 56);
  };
  for (std::size_t channels : {1u, 13u, 16u}) {
    Decoder d(channels);
    d.feed({});
    for (std::size_t size = 1; size < 200; ++size) d.feed(Bytes(size, 0xff));
    for (std::size_t size = 1; size < 200; ++size) d.feed(Bytes(size, 0x00));
    for (int i = 0; i < 2000; ++i) {
      Bytes b(random());
      for (auto& byte : b) byte = random() % 3 ? random() : std::uint8_t(0xf9);
      d.feed(b);
    }
    BOOST_TEST(d.scans.empty());
    BOOST_TEST(d.counter("bad_header") > 0u);
    BOOST_TEST(d.counter("packets") == 0u);
  }
  // Well-formed packets with any counter, code, count and data.
  for (std::size_t channels : {1u, 13u, 16u}) {
    Decoder d(channels);
    std::uint64_t next = 0;
    for (int i = 0; i < 50000; ++i) {
      std::vector<std::uint16_t> codes(25);
      for (auto& c : codes) c = random() % 2 ? 0xffff : random();
      const std::uint8_t kinds[] = {0, 59, 60, 60, 0, 0, 63, 55};
      const std::uint8_t kind = random() % 64 ? kinds[random() % 6] : kinds[random() % 8];
      d.feed(stream_packet(random() % 8 ? std::uint8_t(i) : random(), codes, kind,
                           std::uint16_t(random() * 256 + random()), random()));
      if (d.stream.fault() && random() % 4 == 0) d.stream.restart();
    }
    std::size_t l = 0;
    for (const Sample& s : d.scans) {  // seq rises; every hole has exactly one row that fits
      if (s.flags & kGapBefore) {
        BOOST_REQUIRE(l < d.losses.size());
        BOOST_REQUIRE_EQUAL(first_of(d.losses[l]), std::int64_t(next));
        BOOST_REQUIRE(count_of(d.losses[l]) == -1 ? (s.flags & kNewEpoch) != 0
                                                  : count_of(d.losses[l]) == std::int64_t(s.seq - next));
        BOOST_REQUIRE(cause_of(d.losses[l]) >= 1);
        ++l;
      } else {
        BOOST_REQUIRE_EQUAL(s.seq, next);
      }
      next = s.seq + 1;
    }
    BOOST_REQUIRE_EQUAL(l, d.losses.size());
    BOOST_TEST(d.scans.size() > 1000u);
  }
}

BOOST_AUTO_TEST_SUITE_END()
