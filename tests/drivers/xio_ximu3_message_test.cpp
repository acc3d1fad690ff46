// Framing, stuffing and both forms of the messages of an x-IMU3. Expected bytes: the maker's documents, worked by hand.
#include <boost/test/unit_test.hpp>

#include <cstring>
#include <random>

#include "drivers/xio_ximu3_message.hpp"
#include "drivers/xio_ximu3_steps.hpp"
#include "tests/drivers/mip_test_link.hpp"

BOOST_AUTO_TEST_SUITE(xio_ximu3_message)

using namespace grfd;
using namespace grfd::ximu3;
using grfd::test::hex;

namespace {

struct Seen {
  char letter;
  std::uint64_t t_us;
  std::vector<float> values;
  std::string text;
  bool operator==(const Seen&) const = default;
};
std::ostream& operator<<(std::ostream& o, const Seen& s) {
  o << s.letter << " " << s.t_us << " '" << s.text << "'";
  for (const float v : s.values) o << " " << v;
  return o;
}

std::vector<Seen> feed(Parser& parser, std::span<const std::byte> bytes) {
  std::vector<Seen> seen;
  for (Message m; parser.next(bytes, m);)
    seen.push_back({m.letter,
                    m.t_us,
                    {m.values.begin(), m.values.begin() + static_cast<std::ptrdiff_t>(m.count)},
                    std::string(m.text)});
  return seen;
}
std::vector<std::byte> ascii(std::string_view text) {
  const auto all = std::as_bytes(std::span(text));
  return {all.begin(), all.end()};
}
void append(std::vector<std::byte>& to, const std::vector<std::byte>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

struct Example {
  std::vector<std::byte> bytes;
  Seen means;
};
const std::vector<Example>& examples() {
  static const std::vector<Example> all{
      {hex("C9 40 42 0F 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 80 3F 0A"),
       {'I', 1'000'000, {0, 0, 0, 0, 0, 1}, ""}},
      {hex("C9 DB DD DB DC DB DC 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 80 "
           "3F 0A"),
       {'I', 0x0A0ADB, {0, 0, 0, 0, 0, 1}, ""}},
      {hex("C8 B1 44 0F 00 00 00 00 00 00 00 C0 3F 00 00 10 C0 00 00 80 41 0A"),
       {'H', 1'000'625, {1.5F, -2.25F, 16}, ""}},
      {hex("D9 87 D6 12 00 00 00 00 00 00 00 80 3F 0A"), {'Y', 1'234'567, {1}, ""}},
      {hex("D3 80 84 1E 00 00 00 00 00 31 2C 30 30 30 30 30 30 30 30 30 0A"), {'S', 2'000'000, {}, "1,000000000"}},
      {hex("D3 80 84 1E 00 00 00 00 00 31 2C 30 30 30 30 30 30 30 30 30 DB DC 0A"),
       {'S', 2'000'000, {}, "1,000000000\n"}},
      {ascii("I,1000000,0.0000,0.0000,0.0000,0.0000,0.0000,1.0000\n"), {'I', 1'000'000, {0, 0, 0, 0, 0, 1}, ""}},
      {ascii("{\"ping\":{\"interface\":\"USB\",\"name\":\"x-IMU3\",\"sn\":\"01234567\"}}\n"),
       {'{', 0, {}, "{\"ping\":{\"interface\":\"USB\",\"name\":\"x-IMU3\",\"sn\":\"01234567\"}}"}},
      {ascii("F,12,Transmit buffer full\n"), {'F', 12, {}, "Transmit buffer full"}},
      {ascii("T,5,-12.5000\n"), {'T', 5, {-12.5F}, ""}},
  };
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_example_alone) {
  for (const Example& e : examples()) {
    Parser parser;
    const auto seen = feed(parser, e.bytes);
    BOOST_REQUIRE_EQUAL(seen.size(), 1U);
    BOOST_TEST(seen[0] == e.means);
    BOOST_TEST(parser.damage() == 0U);
    BOOST_TEST(parser.first_piece.get() == 0U);
  }
}

BOOST_AUTO_TEST_CASE(all_examples_in_a_row_cut_at_every_position) {
  std::vector<std::byte> all;
  std::vector<Seen> expected;
  for (const Example& e : examples()) {
    append(all, e.bytes);
    expected.push_back(e.means);
  }
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    Parser parser;
    auto seen = feed(parser, std::span(all).first(cut));
    const auto rest = feed(parser, std::span(all).subspan(cut));
    seen.insert(seen.end(), rest.begin(), rest.end());
    BOOST_REQUIRE(seen == expected);
    BOOST_REQUIRE_EQUAL(parser.damage(), 0U);
  }
  Parser parser;
  std::vector<Seen> seen;
  for (const std::byte& b : all)
    for (Seen& s : feed(parser, {&b, 1})) seen.push_back(std::move(s));
  BOOST_TEST(seen == expected);
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_entered_anywhere_has_no_error_and_loses_only_the_first_piece) {
  const auto& first = examples()[0].bytes;
  for (std::size_t skip = 1; skip < first.size(); ++skip) {
    std::vector<std::byte> bytes(first.begin() + static_cast<std::ptrdiff_t>(skip), first.end());
    append(bytes, examples()[2].bytes);
    Parser parser;
    parser.reset();
    const auto seen = feed(parser, bytes);
    BOOST_REQUIRE_EQUAL(seen.size(), 1U);
    BOOST_TEST(seen[0] == examples()[2].means);
    BOOST_REQUIRE_EQUAL(parser.damage(), 0U);
    BOOST_REQUIRE_EQUAL(parser.first_piece.get(), 1U);
  }
}

BOOST_AUTO_TEST_CASE(each_damage_has_its_counter_and_the_next_message_is_read) {
  struct Case {
    std::vector<std::byte> bytes;
    Counter Parser::*counter;
  };
  std::vector<std::byte> longest(kLongestMessage + 1, std::byte{'x'});
  longest[0] = std::byte{'{'};
  longest.push_back(std::byte{'\n'});
  const std::vector<Case> cases{
      {hex("C9 DB 41 0F 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 80 3F 0A"),
       &Parser::bad_escape},
      {hex("C9 40 42 0F 00 00 00 00 00 DB 0A"), &Parser::bad_escape},
      {hex("C9 40 42 0F 00 00 00 00 00 00 00 00 00 0A"), &Parser::wrong_length},
      {hex("C9 0A"), &Parser::wrong_length},
      {hex("D3 40 42 0F 00 00 00 00 0A"), &Parser::wrong_length},
      {hex("DA 40 42 0F 00 00 00 00 00 0A"), &Parser::unknown_message},
      {hex("80 40 42 0A"), &Parser::unknown_message},
      {hex("0A"), &Parser::unknown_message},
      {ascii("x\n"), &Parser::unknown_message},
      {ascii("I,1000000,0.0000,0.0000\n"), &Parser::bad_text},
      {ascii("I,,0,0,0,0,0,1\n"), &Parser::bad_text},
      {ascii("T,1,2.5,3\n"), &Parser::wrong_length},
      {ascii("T,1,nonsense\n"), &Parser::bad_text},
      {ascii("N,1\n"), &Parser::bad_text},
      {ascii("T,99999999999999999999999,1\n"), &Parser::bad_text},
      {hex("5E 41 C8 B1 44 0A"), &Parser::wrapped_message},
      {longest, &Parser::too_long},
  };
  const Example& good = examples()[2];
  for (const Case& c : cases) {
    Parser parser;
    std::vector<std::byte> bytes = good.bytes;
    append(bytes, c.bytes);
    append(bytes, good.bytes);
    const auto seen = feed(parser, bytes);
    BOOST_REQUIRE_EQUAL(seen.size(), 2U);
    BOOST_TEST(seen[1] == good.means);
    BOOST_TEST((parser.*c.counter).get() == 1U, (parser.*c.counter).name);
    BOOST_TEST(parser.damage() + parser.wrapped_message.get() == 1U);
  }
  Parser parser;  // of exactly the longest length
  std::vector<std::byte> whole(kLongestMessage, std::byte{'x'});
  whole[0] = std::byte{'{'};
  whole.push_back(std::byte{'\n'});
  BOOST_TEST(feed(parser, whole).size() == 1U);
  std::vector<std::byte> text = hex("CE 01 00 00 00 00 00 00 00");  // a text of 255 bytes that are all stuffed
  for (std::size_t i = 0; i < kLongestText; ++i) append(text, hex("DB DD"));
  text.push_back(std::byte{'\n'});
  const auto seen = feed(parser, text);
  BOOST_REQUIRE(seen.size() == 1U);
  BOOST_TEST(seen[0].text == std::string(kLongestText, '\xDB'));
  text.insert(text.end() - 1, std::byte{'x'});
  BOOST_TEST(feed(parser, text).empty());
  BOOST_TEST(parser.wrong_length.get() == 1U);
}

BOOST_AUTO_TEST_CASE(random_bytes_break_nothing_and_cuts_make_no_difference) {
  std::mt19937 random(7);
  std::vector<std::byte> bytes;
  for (int i = 0; i < 4000; ++i) {
    if (random() % 3 == 0) append(bytes, examples()[random() % examples().size()].bytes);
    for (auto n = random() % 40; n > 0; --n) bytes.push_back(static_cast<std::byte>(random()));
    if (random() % 4 == 0) bytes.push_back(std::byte{'\n'});
  }
  Parser whole, pieces;
  const auto once = feed(whole, bytes);
  std::vector<Seen> seen;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t n = std::min<std::size_t>(1 + random() % 700, bytes.size() - at);
    for (Seen& s : feed(pieces, std::span(bytes).subspan(at, n))) seen.push_back(std::move(s));
    at += n;
  }
  BOOST_TEST(once.size() > 100U);
  BOOST_TEST((seen.size() == once.size()));
  BOOST_TEST(pieces.damage() == whole.damage());
  for (std::size_t i = 0; i < std::min(seen.size(), once.size()); ++i) {
    BOOST_REQUIRE(seen[i].letter == once[i].letter && seen[i].t_us == once[i].t_us && seen[i].text == once[i].text);
    BOOST_REQUIRE(seen[i].values.size() == once[i].values.size());
    if (!once[i].values.empty())
      BOOST_REQUIRE(std::memcmp(seen[i].values.data(), once[i].values.data(), 4 * once[i].values.size()) == 0);
  }
}

BOOST_AUTO_TEST_SUITE(steps)

/// Stamps of a sensor with this period, whole microseconds, as the device makes them.
std::uint64_t stamp(std::uint64_t k, double period_us) {
  return static_cast<std::uint64_t>(static_cast<double>(k) * period_us);
}

BOOST_AUTO_TEST_CASE(holes_are_counted_exactly_whatever_the_sensors_clock) {
  struct Case {
    double nominal_us, ppm;
    bool nominal_is_true;
    std::uint64_t longest;
  };
  for (const Case& c :
       {Case{2500, 3000, true, 40'000}, Case{2500, -3000, true, 40'000}, Case{312.5, 50'000, false, 5000},
        Case{312.5, -50'000, false, 5000}, Case{625, -21'000, false, 10'000}, Case{312.5, 1'000'000, false, 10'000}}) {
    StepMeter meter;
    meter.reset(c.nominal_us, c.nominal_is_true);
    const double period = c.nominal_us * (1 + c.ppm * 1e-6);
    std::uint64_t k = 1000, last = stamp(k, period);
    std::mt19937 random(3);
    const auto step = [&](std::uint64_t n) {
      k += n;
      const std::uint64_t t = stamp(k, period), found = meter.periods(t - last);
      last = t;
      return found;
    };
    for (int i = 0; i < 100; ++i) BOOST_REQUIRE_EQUAL(step(1), 1U);
    for (int i = 0; i < 3000; ++i) {
      const std::uint64_t n = random() % 4 == 0 ? 1 + random() % 30 : 1;  // every fourth step has a hole
      BOOST_REQUIRE_EQUAL(step(n), n);
    }
    for (int i = 0; i < 100; ++i) BOOST_REQUIRE_EQUAL(step(1), 1U);
    for (std::uint64_t n = 2; n < c.longest; n = n * 5 / 4 + 1) {
      BOOST_REQUIRE_EQUAL(step(n), n);
      for (int i = 0; i < 40; ++i) BOOST_REQUIRE_EQUAL(step(1), 1U);
    }
    for (int i = 0; i < 10'000; ++i) BOOST_REQUIRE_EQUAL(step(1), 1U);
    for (const std::uint64_t n : {200'000U, 2U, 200'000U}) {  // a minute of the fastest stream, after seconds of it
      BOOST_TEST(meter.can_count(static_cast<std::uint64_t>(static_cast<double>(n) * period)));
      BOOST_REQUIRE_EQUAL(step(n), n);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_counted_is_known) {
  StepMeter meter;
  meter.reset(312.5, false);
  const auto holds = [&](double n) { return meter.can_count(static_cast<std::uint64_t>(n * 312.5)); };
  BOOST_TEST(!holds(1));
  auto feed = [&meter, k = std::uint64_t{0}](int n) mutable {
    for (int i = 0; i < n; ++i, ++k) meter.periods(stamp(k + 1, 312.5) - stamp(k, 312.5));
  };
  feed(7);
  BOOST_TEST(!holds(1));
  feed(93);  // 64 steps, each end to 1 us: n / 64 us must stay below a quarter of the period
  BOOST_TEST(holds(4900));
  BOOST_TEST(!holds(5100));
  feed(10'000);
  BOOST_TEST(holds(300'000));
  BOOST_TEST(!holds(1e6));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
