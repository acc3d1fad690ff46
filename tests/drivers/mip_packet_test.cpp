#include "drivers/mip_packet.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

#include "tests/drivers/mip_test_link.hpp"

BOOST_AUTO_TEST_SUITE(mip_packet)

using namespace grfd;
using namespace grfd::mip;
using grfd::test::hex;
using grfd::test::spaced;
using grfd::test::to_hex;

namespace {

struct Found {
  std::vector<std::pair<int, std::string>> packets;
  void feed(Parser& parser, Bytes bytes, TimeNs arrival) {
    while (!bytes.empty()) {
      bytes = parser.take(bytes, arrival);
      for (Packet p; parser.next(p);) packets.emplace_back(p.set, to_hex(p.payload));
    }
  }
};

std::vector<std::byte> operator+(std::vector<std::byte> a, const std::vector<std::byte>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const auto kPing = hex("75 65 01 02 02 01 E0 C6"), kIdle = hex("75 65 01 02 02 02 E1 C7");
const auto kSample =
    hex("75 65 80 2C 0A D5 00 00 00 01 2A 05 F2 00 06 D2 00 00 00 01 0E 04 00 00 00 00 00 00 00 00 3F 80 00 00"
        "0E 05 3F 00 00 00 BE 80 00 00 00 00 00 00 C1 20");

}  // namespace

BOOST_AUTO_TEST_CASE(check_vectors_of_the_vendor) {
  for (const char* text :
       {"75 65 80 0E 0E 04 3E 7A 63 A0 BB 8E 3B 29 7F E5 BF 7F 84 EE", "75 65 0C 05 05 64 18 6D 01 DA 83",
        "75 65 A0 0D 03 D0 01 0A D5 00 00 00 01 2A 07 D4 40 80 A8",
        "75 65 80 2A 0E 04 00 00 00 00 00 00 00 00 3F 80 00 00 0E 05 00 00 00 00 00 00 00 00 00 00 00 00 "
        "0E 12 40 28 B0 A3 D7 0A 3D 71 00 00 00 00 D2 D6"}) {
    const auto bytes = hex(text);
    Parser parser;
    Found found;
    found.feed(parser, bytes, 0);
    BOOST_TEST(found.packets.size() == 1, text);
    BOOST_TEST(parser.bad_checksum.get() == 0);
  }
}

BOOST_AUTO_TEST_CASE(the_writer_makes_the_worked_examples) {
  Writer ping(0x01);
  BOOST_TEST(to_hex(ping.field(0x01).finish()) == to_hex(kPing));
  Writer two(0x01);
  BOOST_TEST(to_hex(two.field(0x01).field(0x02).finish()) == spaced("75 65 01 04 02 01 02 02 E6 96"));
  Writer sample(0x80);
  sample.field(0xD5)
      .u64(5'000'000'000)
      .field(0xD2)
      .u32(1)
      .field(0x04)
      .f32(0)
      .f32(0)
      .f32(1)
      .field(0x05)
      .f32(0.5F)
      .f32(-0.25F)
      .f32(0);
  BOOST_TEST(to_hex(sample.finish()) == to_hex(kSample));
  BOOST_TEST(!sample.overflow());
  Writer five(0x80);
  five.field(0x04).f32(0).f32(0).f32(1).field(0x05).f32(0).f32(0).f32(0).field(0x12).f64(12.345).u16(0).u16(0);
  BOOST_TEST(to_hex(five.finish()) ==
             spaced("75 65 80 2A 0E 04 00 00 00 00 00 00 00 00 3F 80 00 00 0E 05 00 00 00 00 00 00 00 00 00 00 00 00 "
                    "0E 12 40 28 B0 A3 D7 0A 3D 71 00 00 00 00 D2 D6"));
  Writer empty(0x80);
  BOOST_TEST(empty.finish().size() == 6);
  Writer full(0x80);
  full.field(0x04);
  for (int i = 0; i < 300; ++i) full.u8(1);
  BOOST_TEST(full.overflow());
  BOOST_TEST(full.finish().size() == kMaxPacket);
}

BOOST_AUTO_TEST_CASE(fields_of_a_payload_and_where_the_walk_ends) {
  const auto payload = hex("0A D5 00 00 00 01 2A 05 F2 00 03 D0 07");
  FieldWalk walk(payload);
  Field f;
  BOOST_TEST(walk.next(f));
  BOOST_TEST(f.descriptor == 0xD5);
  BOOST_TEST(read_be<std::uint64_t>(f.data) == 5'000'000'000U);
  BOOST_TEST(walk.next(f));
  BOOST_TEST(f.descriptor == 0xD0);
  BOOST_TEST(!walk.next(f));
  BOOST_TEST(!walk.bad());
  for (const char* bad : {"03 D0 07 01", "03 D0 07 00 01", "03 D0 07 04 D2 00"}) {
    const auto bytes = hex(bad);
    FieldWalk broken(bytes);
    int fields = 0;
    while (broken.next(f)) ++fields;
    BOOST_TEST(fields == 1, bad);
    BOOST_TEST(broken.bad(), bad);
  }
}

BOOST_AUTO_TEST_CASE(cut_anywhere_gives_the_same_packets) {
  const auto stream = kPing + kSample + hex("24 47 50 0D 0A") + kSample + kIdle;
  Parser whole;
  Found expected;
  expected.feed(whole, stream, 0);
  BOOST_TEST(expected.packets.size() == 4);
  BOOST_TEST(whole.resync_bytes.get() == 5);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    Parser parser;
    Found found;
    found.feed(parser, Bytes(stream).first(cut), 0);
    found.feed(parser, Bytes(stream).subspan(cut), 1);
    BOOST_TEST((found.packets == expected.packets), "cut at " << cut);
    BOOST_TEST(parser.resync_bytes.get() == 5);
  }
}

BOOST_AUTO_TEST_CASE(one_byte_is_dropped_after_a_wrong_checksum) {
  // A false header with a plausible length swallows two real packets: both are found inside it.
  const auto stream = hex("75 65 80 14") + kPing + kIdle + hex("00 00 00 00 00 00") + kPing;
  Parser parser;
  Found found;
  found.feed(parser, stream, 0);
  BOOST_TEST(found.packets.size() == 3);
  BOOST_TEST(parser.bad_checksum.get() == 1);
  BOOST_TEST(parser.resync_bytes.get() == 10);
  // Headers in headers.
  Parser nested;
  Found inner;
  inner.feed(nested, hex("75 65 75 65 01 75 65 75 75 65") + kPing + std::vector<std::byte>(300), 0);
  BOOST_TEST(inner.packets.size() == 1);
}

BOOST_AUTO_TEST_CASE(each_flipped_bit_is_noticed) {
  for (std::size_t bit = 0; bit < kSample.size() * 8; ++bit) {
    auto stream = kSample;
    stream[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    Parser parser;
    Found found;
    found.feed(parser, stream + kPing + std::vector<std::byte>(kMaxPacket), 0);
    BOOST_TEST(found.packets.size() == 1, "bit " << bit);
  }
}

BOOST_AUTO_TEST_CASE(a_packet_that_stops_half_way_is_given_up_after_100_ms) {
  const auto torn = hex("75 65 80 FF 01") + kPing;  // a false header that holds a real packet back
  Parser parser;
  Found found;
  found.feed(parser, torn, 0);
  BOOST_TEST(found.packets.empty());
  found.feed(parser, kIdle, 100'000'000);  // not yet
  BOOST_TEST(found.packets.empty());
  found.feed(parser, kSample, 200'000'001);
  BOOST_TEST(found.packets.size() == 3);
  BOOST_TEST(parser.abandoned_packet.get() == 1);
  BOOST_TEST(parser.resync_bytes.get() == 5);
}

BOOST_AUTO_TEST_CASE(no_bytes_break_the_parser) {
  std::mt19937 random(1);
  Parser parser;
  Found found;
  std::uint64_t fed = 0;
  for (int i = 0; i < 3000; ++i) {
    std::vector<std::byte> bytes(random() % 700);
    for (auto& b : bytes)
      b = random() % 3 == 0 ? std::byte{0x75} : random() % 2 == 0 ? std::byte{0x65} : static_cast<std::byte>(random());
    fed += bytes.size();
    found.feed(parser, bytes, i * 60'000'000LL);
  }
  found.feed(parser, {}, 0);
  std::uint64_t in_packets = 0;
  for (const auto& [set, payload] : found.packets) in_packets += kOverhead + (payload.size() + 1) / 3;
  BOOST_TEST(parser.resync_bytes.get() + in_packets <= fed);
  BOOST_TEST(parser.resync_bytes.get() + in_packets + kMaxPacket > fed);  // at most one partial packet is still held
}

BOOST_AUTO_TEST_SUITE_END()
