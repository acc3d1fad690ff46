// Joining streams by time, repetitions with their courses, and the bytes of a frame.
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "clients/monitor/frame.hpp"
#include "tests/monitor/feed_bytes.hpp"

BOOST_AUTO_TEST_SUITE(board)

using namespace grfd::monitor;

namespace {

struct Rig {
  std::vector<Json> heard;
  Board board{[this](const Json& m) { heard.push_back(m); }};
  FeedStream left{"cop/left",
                  "f32",
                  {{"cop_ml", "m", 0.011, false}, {"cop_ap", "m", 0.011, false}, {"fz", "N", 0.011, false}},
                  false};
  FeedStream right{
      "ankle/right", "f32", {{"dorsiflexion_rate", "deg/s", 0.011, false}, {"dorsiflexion", "deg", 0, false}}, false};
  FeedStream pair{
      "reps/pair",
      "f64",
      {{"rep", "1", 0, false}, {"t_start", "s", 0, false}, {"t_end", "s", 0, false}, {"finish_lag_rl", "s", 0, true}},
      false};
  FeedStream events{"events", "text", {{"text", "", 0, false}}, false};
  Rig() {
    board.session(Json::parse(grfd_test::session_header()));
    for (const FeedStream* s : {&left, &right, &pair, &events}) board.info(*s);
  }
  void give(const FeedStream& stream, double t_s, std::vector<double> values) {
    FeedRow row;
    row.t_ns = std::llround(t_s * 1e9);
    row.values = values;
    board.row(stream, row);
  }
};

std::size_t column(const char* name) {
  for (std::size_t i = 0; i < kFrameColumns.size(); ++i)
    if (std::string(kFrameColumns[i].name) == name) return i;
  BOOST_FAIL("no column " << name);
  return 0;
}

template <class T>
T at(const std::string& bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_target_band_is_that_of_the_daemon) {
  Rig rig;
  BOOST_TEST(!rig.board.greeting()[0].contains("band_percent"));
  FeedStream foot{"cop_foot", "f32", {{"both", "%", 0.011, false}}, false, ""};
  const auto band = [&](const char* parameters) {
    Rig fresh;
    foot.parameters = parameters;
    fresh.board.info(foot);
    return fresh.board.greeting()[0].value("band_percent", Json()).dump();
  };
  BOOST_TEST(band("foot 0.27 m; target band 47.5 % to 62 % (exploratory)") == "[47.5,62.0]");
  BOOST_TEST(band("foot 0.27 m, heels (-0.14 m, -0.06 m) toe-out 10 deg") == "null");  // of an older daemon
  BOOST_TEST(band("target band 70 % to 55 %") == "null");
  BOOST_TEST(band("target band of the weight") == "null");
}

BOOST_AUTO_TEST_CASE(rows_of_equal_time_meet_and_columns_go_by_name) {
  Rig rig;
  for (int ms = 0; ms <= 40; ++ms) rig.give(rig.left, ms * 1e-3, {0.1, 0.2, 100.0 + ms});
  BOOST_TEST(rig.board.end() == 5);
  for (int ms = 0; ms <= 20; ++ms) rig.give(rig.right, ms * 1e-3, {30.0, 1.0 * ms});
  rig.give(rig.left, 0.050, {0.1, 0.2, 150.0});
  BOOST_TEST(rig.board.end() == 5);  // what was complete stays so
  rig.give(rig.right, 0.030, {30.0, 30.0});
  const GridRow row = rig.board.at(2);
  BOOST_TEST(row[column("fz_left")] == 120.0f);
  BOOST_TEST(row[column("angle_right")] == 20.0f);
  BOOST_TEST(row[column("rate_right")] == 30.0f);
  BOOST_TEST(std::isnan(row[column("angle_left")]));           // a stream that is not there is unknown, not 0
  BOOST_TEST(std::isnan(rig.board.at(5)[column("fz_left")]));  // not complete yet
}

BOOST_AUTO_TEST_CASE(a_stream_that_stops_is_not_waited_for) {
  Rig rig;
  for (int k = 0; k < 10; ++k) rig.give(rig.left, k * 0.01, {0, 0, 1}), rig.give(rig.right, k * 0.01, {0, 0});
  for (int k = 10; k < 100; ++k) rig.give(rig.left, k * 0.01, {0, 0, 1});
  BOOST_TEST(rig.board.end() == 100);
  BOOST_TEST(std::isnan(rig.board.at(50)[column("angle_right")]));
}

BOOST_AUTO_TEST_CASE(a_frame_carries_what_is_new_and_says_what_it_leaves_out) {
  Rig rig;
  for (int k = 0; k < 1000; ++k) rig.give(rig.left, k * 0.01, {0, 0, 1.0 * k}), rig.give(rig.right, k * 0.01, {0, 0});
  std::int64_t from = 990;
  std::string frame = make_frame(rig.board, from, 7, 3.5f);
  BOOST_TEST(frame.size() == 24 + 10 * sizeof(GridRow));
  BOOST_TEST(at<std::uint8_t>(frame, 0) == 1);
  BOOST_TEST(at<std::uint16_t>(frame, 2) == 10);
  BOOST_TEST(at<std::uint32_t>(frame, 4) == 7u);
  BOOST_TEST(at<float>(frame, 8) == 3.5f);
  BOOST_TEST(at<std::uint32_t>(frame, 12) == 0u);
  BOOST_TEST(at<double>(frame, 16) == 9.9, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(at<float>(frame, 24 + 3 * sizeof(GridRow) + 4 * column("fz_left")) == 993.0f);
  BOOST_TEST(from == 1000);
  BOOST_TEST(make_frame(rig.board, from, 8, 3.5f).size() == 24u);  // nothing new
  from = 100;                                                      // away for nine seconds
  frame = make_frame(rig.board, from, 9, 3.5f);
  BOOST_TEST(at<std::uint16_t>(frame, 2) == 200);
  BOOST_TEST(at<std::uint32_t>(frame, 12) == 700u);
  from = kFromNow;
  frame = make_frame(rig.board, from, 0, 3.5f);
  BOOST_TEST(at<std::uint16_t>(frame, 2) == 200);
  BOOST_TEST(at<std::uint32_t>(frame, 12) == 0u);
}

BOOST_AUTO_TEST_CASE(a_repetition_comes_with_its_course_and_belongs_to_its_trial) {
  Rig rig;
  for (int k = 0; k < 1000; ++k)
    rig.give(rig.left, k * 0.01, {0, 0, 500}), rig.give(rig.right, k * 0.01, {20, 0.1 * k});
  rig.board.trial("squat.journal");
  rig.heard.clear();
  rig.give(rig.pair, 9.99, {3, 4.0, 6.0, std::nan("")});
  BOOST_TEST_REQUIRE(rig.heard.size() == 1u);
  const Json& m = rig.heard[0];
  BOOST_TEST(m["type"] == "repetition");
  BOOST_TEST(m["rep"] == 3);
  BOOST_TEST(m["trial"] == "squat.journal");
  BOOST_TEST(m["pair"]["finish_lag_rl"].is_null());
  const Json& trace = m["trace"];
  BOOST_TEST(trace["t0"].get<double>() == 3.5, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(trace["angle_right"].size() == 140u);  // 3.5 s to 6.3 s, every 20 ms
  BOOST_TEST(trace["angle_right"][25].get<double>() == 40.0, boost::test_tools::tolerance(1e-6));  // at 4.0 s
  BOOST_TEST(trace["angle_left"][25].is_null());
  BOOST_TEST(rig.board.greeting()[0]["exploratory"].dump() == "[\"reps/pair.finish_lag_rl\"]");
  bool found = false;
  for (const Json& g : rig.board.greeting()) found |= g["type"] == "repetition" && g["rep"] == 3;
  BOOST_TEST(found);
}

BOOST_AUTO_TEST_CASE(a_new_session_forgets_everything) {
  Rig rig;
  rig.give(rig.left, 1, {0, 0, 500});
  rig.give(rig.pair, 9.99, {3, 4.0, 6.0, 0});
  rig.board.session(Json::parse(grfd_test::session_header("S2")));
  BOOST_TEST(rig.board.end() == 0);
  for (const Json& g : rig.board.greeting()) BOOST_TEST(g["type"] != "repetition");
}

BOOST_AUTO_TEST_CASE(hostile_rows) {
  Rig rig;
  rig.give(rig.left, -5, {0, 0, 1});
  rig.give(rig.pair, 1, {std::nan(""), 0, 0, 0});
  rig.give(rig.pair, 1, {1, -1e9, 1e9, 0});  // a course of everything there is, not of two thousand million seconds
  for (const char* text : {"", "word", "word {", "plateau []", "lost {\"count\": \"x\"}"}) {
    FeedRow row;
    row.text = text;
    rig.board.row(rig.events, row);
    FeedStream gaps = rig.events;
    gaps.name = "gaps";
    rig.board.row(gaps, row);
  }
  BOOST_TEST(rig.board.end() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
