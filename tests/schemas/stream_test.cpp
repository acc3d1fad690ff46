#include <boost/test/unit_test.hpp>
#include <cstring>
#include <vector>

#include "schemas/row.hpp"
#include "schemas/sample_batch.hpp"
#include "schemas/settings.hpp"
#include "schemas/stream_json.hpp"

BOOST_AUTO_TEST_SUITE(stream)

using namespace grfd;

BOOST_AUTO_TEST_CASE(a_stream_survives_json) {
  StreamInfo a;
  a.name = "cop/left";
  a.kind = StreamKind::derived;
  a.type = ValueType::f64;
  a.columns = {{"cop_ml", "m", 0.01124}, {"first_out", "code", 0, 0, "0 none, 1 left"}, {"ain", "count", 0, 2e-5}};
  a.flag_names[0] = "cop_low_quality";
  const StreamInfo b = stream_from_json(to_json(a));
  BOOST_TEST(to_json(b).dump() == to_json(a).dump());
  BOOST_TEST(b.columns[2].skew_s == 2e-5);
  BOOST_CHECK_THROW(stream_kind("cooked"), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_batch_hands_out_empty_samples_whatever_lay_there_before) {
  std::vector<Sample> storage(1);
  SampleBatch batch(storage);
  Sample full;
  std::memset(static_cast<void*>(&full), 0xa5, sizeof full);
  const Sample empty;
  batch.push(full);
  BOOST_TEST(std::memcmp(&batch.samples()[0], &full, sizeof full) == 0);
  batch.clear();
  BOOST_TEST(std::memcmp(&batch.next(), &empty, sizeof empty) == 0);
  batch.clear();
  BOOST_TEST(std::memcmp(&batch.next(full), &full, sizeof full) == 0);
}

BOOST_AUTO_TEST_CASE(two_streams_of_one_name_are_refused) {
  StreamTable table;
  StreamInfo info;
  info.name = "events";
  BOOST_TEST(table.add(info) == 0);
  BOOST_CHECK_THROW(table.add(info), std::invalid_argument);
  BOOST_TEST(table.id("events") == 0);
  BOOST_CHECK_THROW(table.id("nothing"), std::out_of_range);
}

BOOST_AUTO_TEST_CASE(a_long_text_is_cut_into_parts_and_joined_again) {
  FixedBatch<16> batch;
  Sample header;
  header.seq = 7;
  const std::string text = "tare_result {\"id\":5,\"plate\":\"left\",\"reason\":\"" + std::string(100, 'x') + "\"}";
  push_text(batch, header, text);
  BOOST_TEST(batch.size() == 3);
  StreamInfo info;
  info.type = ValueType::text;
  RowJoiner joiner(info);
  int rows = 0;
  for (const Sample& s : batch.samples()) rows += joiner.add(s);
  BOOST_TEST(rows == 1);
  BOOST_TEST(std::string(reinterpret_cast<const char*>(joiner.row().bytes.data()), joiner.row().bytes.size()) == text);
}

BOOST_AUTO_TEST_CASE(a_wide_row_keeps_only_its_columns_and_a_torn_one_is_counted) {
  StreamInfo info;
  info.type = ValueType::f64;
  info.columns.resize(11, {"x", "1"});
  BOOST_TEST(info.parts() == 2);
  RowJoiner joiner(info);
  Sample a, b;
  a.parts = b.parts = 2;
  b.part = 1;
  for (std::size_t i = 0; i < 8; ++i) set_value(a, i, double(i));
  for (std::size_t i = 0; i < 3; ++i) set_value(b, i, double(8 + i));
  BOOST_TEST(!joiner.add(a));
  BOOST_TEST(joiner.add(b));
  BOOST_TEST(joiner.row().bytes.size() == 88);
  double last;
  std::memcpy(&last, joiner.row().bytes.data() + 80, 8);
  BOOST_TEST(last == 10.0);
  BOOST_TEST(!joiner.add(b));  // no first part
  BOOST_TEST(joiner.torn() == 1);
}

BOOST_AUTO_TEST_CASE(a_full_batch_flushes_or_counts) {
  FixedBatch<2> plain;
  for (int i = 0; i < 5; ++i) plain.push(Sample{});
  BOOST_TEST(plain.overflow() == 3);
  int seen = 0;
  FixedBatch<2> flushing([](void* n, std::span<const Sample> s) noexcept { *static_cast<int*>(n) += int(s.size()); },
                         &seen);
  for (int i = 0; i < 5; ++i) flushing.push(Sample{});
  flushing.flush();
  BOOST_TEST(seen == 5);
  BOOST_TEST(flushing.overflow() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
