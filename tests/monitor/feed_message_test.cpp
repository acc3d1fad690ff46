// The gateway's own decoder against the golden bytes of the feed, and against what the contract does not allow.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <fstream>
#include <iterator>

#include "clients/monitor/feed_message.hpp"
#include "tests/monitor/feed_bytes.hpp"

BOOST_AUTO_TEST_SUITE(feed_message)

using namespace grfd::monitor;
using namespace grfd_test;

namespace {
struct Heard {
  std::vector<std::vector<double>> rows;
  std::vector<std::string> texts;
  std::vector<std::int64_t> times;
  int sessions = 0, infos = 0, messages = 0;
  FeedDecoder decoder{{[this](const Json&) { ++sessions; }, [this](const FeedStream&) { ++infos; },
                       [this](const FeedStream& stream, const FeedRow& row) {
                         times.push_back(row.t_ns);
                         if (stream.type == "text")
                           texts.emplace_back(row.text);
                         else
                           rows.emplace_back(row.values.begin(), row.values.end());
                       },
                       [this](double) { ++messages; }}};
};
}  // namespace

BOOST_AUTO_TEST_CASE(golden_bytes) {
  std::ifstream text(GRFD_FIXTURES "/feed_golden.json"), binary(GRFD_FIXTURES "/feed_golden.bin", std::ios::binary);
  const Json golden = Json::parse(text);
  const std::string bytes(std::istreambuf_iterator<char>(binary), {});
  std::size_t compared = 0;
  for (const Json& stream : golden["streams"]) {
    Heard heard;
    const std::string name = stream["info"]["name"];
    heard.decoder.take(
        name,
        Json{{"v", 1}, {"type", "info"}, {"stream", name}, {"session", "S"}, {"version", 1}, {"info", stream["info"]}}
            .dump(),
        "");
    heard.decoder.take(
        name, data_header(name, 0, stream["rows"].size(), "S"),
        std::string_view(bytes).substr(stream["offset"].get<std::size_t>(), stream["bytes"].get<std::size_t>()));
    BOOST_TEST(heard.decoder.bad() == 0u);
    BOOST_TEST_REQUIRE(heard.times.size() == stream["rows"].size());
    for (std::size_t i = 0; i < heard.times.size(); ++i, ++compared) {
      const Json& expected = stream["rows"][i];
      BOOST_TEST(heard.times[i] == expected["t_ns"].get<std::int64_t>());
      if (stream["info"]["type"] == "text") {
        BOOST_TEST(heard.texts[i] == expected["text"].get<std::string>());
        continue;
      }
      for (std::size_t c = 0; c < heard.rows[i].size(); ++c) {
        const Json& v = expected["values"][c];
        if (v.is_null())
          BOOST_TEST(std::isnan(heard.rows[i][c]));
        else
          BOOST_TEST(heard.rows[i][c] == v.get<double>());
      }
    }
  }
  BOOST_TEST(compared >= 10u);
}

BOOST_AUTO_TEST_CASE(torn_and_foreign_messages_are_counted_and_change_nothing) {
  Heard heard;
  auto& d = heard.decoder;
  d.take("a", info_header("a", "f32", {"x", "y"}), "");
  d.take("t", info_header("t", "text", {"text"}), "");
  const std::string two = f32_row(0, 0, {1, 2}) + f32_row(10, 1, {3, 4});
  d.take("a", data_header("a", 0, 2), two);
  BOOST_TEST(heard.rows.size() == 2u);
  std::uint64_t bad = 0;
  const auto refused = [&](const std::string& header, const std::string& rows) {
    d.take("a", header, rows);
    BOOST_TEST(d.bad() == ++bad);
    BOOST_TEST(heard.rows.size() == 2u);
    BOOST_TEST(heard.texts.empty());
  };
  refused("not json", two);
  refused("[]", two);
  refused("{\"v\":2,\"type\":\"data\"}", two);
  refused("{\"v\":1}", two);
  refused(data_header("a", 1, 3), two);                                   // says more rows than there are
  refused(data_header("a", 2, 2), two.substr(1));                         // torn
  refused(data_header("a", 3, 0), "");                                    // no rows
  refused(data_header("a", 4, 1'000'000'000'000), two);                   // absurd
  refused(data_header("t", 0, 1), row_header(0, 0, 0xffffffff) + "abc");  // length beyond the message
  refused(data_header("t", 1, 2), text_row(0, 0, "one {}"));              // one text, not two
  refused(std::string(70000, ' '), two);                                  // a huge header
  refused(info_header("b", "f16", {"x"}), "");                            // unknown type
  refused("{\"v\":1,\"type\":\"info\",\"session\":\"S1\"}", "");          // info without info
  d.take("x", data_header("unknown", 0, 1), two);                         // its info is on the way: not an error
  d.take("x", "{\"v\":1,\"type\":\"news\"}", "");                         // the contract may grow
  BOOST_TEST(d.bad() == bad);
}

BOOST_AUTO_TEST_CASE(holes_in_message_numbers_are_losses_and_a_new_session_forgets) {
  Heard heard;
  auto& d = heard.decoder;
  d.take("session", session_header("S1"), "");
  d.take("a", info_header("a", "f32", {"x"}), "");
  d.take("a", data_header("a", 40, 1), f32_row(0, 0, {1}));  // late joiner: the first number is no loss
  d.take("a", data_header("a", 41, 1), f32_row(1, 1, {1}));
  BOOST_TEST(d.lost() == 0u);
  d.take("a", data_header("a", 45, 1), f32_row(2, 2, {1}));
  BOOST_TEST(d.lost() == 3u);
  d.take("session", session_header("S2"), "");
  d.take("a", data_header("a", 0, 1, "S2"), f32_row(0, 0, {1}));  // not known in this session yet
  BOOST_TEST(heard.rows.size() == 3u);
  BOOST_TEST(d.lost() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
