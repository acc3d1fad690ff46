// What the pipeline reads from a command: verb, id, keys; and what it must not stumble over.
#include "dsp/command_text.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "schemas/sample_batch.hpp"

BOOST_AUTO_TEST_SUITE(command_text)

using namespace grfd;

namespace {

CommandText command(std::string_view text) {
  FixedBatch<256> parts;
  push_text(parts, Sample{}, text);
  CommandText joined;
  bool whole = false;
  for (const Sample& s : parts.samples()) whole = joined.add(s);
  BOOST_TEST(whole);
  return joined;
}

}  // namespace

BOOST_AUTO_TEST_CASE(verb_id_texts_and_numbers) {
  const CommandText c = command("tap {\"id\":41,\"plate\":\"left\",\"seconds\":6.5,\"delays\":{\"imu\":-0.0123}}");
  BOOST_TEST(c.verb() == "tap");
  BOOST_TEST(c.id() == 41);
  BOOST_TEST(c.string("plate") == "left");
  BOOST_TEST(c.says("plate", "left"));
  BOOST_TEST(!c.says("plate", "lef"));
  BOOST_TEST(c.number("seconds").value() == 6.5);
  BOOST_TEST(c.number("imu").value() == -0.0123);
  BOOST_TEST(!c.number("plate"));
  BOOST_TEST(c.string("seconds").empty());
  BOOST_TEST(c.string("late").empty());  // a part of a key is none
}

BOOST_AUTO_TEST_CASE(an_empty_key_finds_nothing_and_ends) {
  for (const char* text : {"tap {\"\":\"all\",\"id\":1}", "tap {\"\":5}", "tap", ""}) {
    const CommandText c = command(text);
    BOOST_TEST(c.string("").empty());
    BOOST_TEST(!c.number(""));
    BOOST_TEST(!c.says("", "all"));
    BOOST_TEST(!c.says("", ""));
  }
}

BOOST_AUTO_TEST_CASE(lists_of_numbers) {
  const CommandText c =
      command("calibration {\"id\":7,\"imus\":{\"a\":[1,-0.5,2e-3],\"b\":[1,null],\"c\":[],\"d\":[1,2}}");
  std::array<double, 3> v{};
  BOOST_TEST(c.numbers("a", v) == 3u);
  BOOST_TEST((v == std::array<double, 3>{1, -0.5, 2e-3}));
  std::array<double, 2> two{};
  BOOST_TEST(c.numbers("a", two) == 0u);  // longer than asked for
  for (const char* key : {"b", "c", "d", "id", "e", ""}) BOOST_TEST(c.numbers(key, v) == 0u);
}

BOOST_AUTO_TEST_CASE(texts_with_escapes_and_texts_without_an_end) {
  BOOST_TEST(command("mark {\"text\":\"a \\\"b\\\" c\"}").string("text") == "a \\\"b\\\" c");
  BOOST_TEST(command("mark {\"text\":\"never ends\\").string("text").empty());
  BOOST_TEST(command("mark {\"text\":\"").string("text").empty());
  BOOST_TEST(command("mark {\"id\":99999999999999999999}").id() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
