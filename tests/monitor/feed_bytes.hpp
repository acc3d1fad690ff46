// Messages of the feed, written by hand from schemas/feed.md.
#pragma once
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace grfd_test {

using Json = nlohmann::ordered_json;

inline void put(std::string& out, const void* value, std::size_t size) {
  out.append(static_cast<const char*>(value), size);
}

inline std::string row_header(std::int64_t t_ns, std::uint64_t seq, std::uint32_t length = 0) {
  std::string out;
  const std::uint16_t flags = 0, epoch = 0;
  put(out, &t_ns, 8);
  put(out, &seq, 8);
  put(out, &flags, 2);
  put(out, &epoch, 2);
  put(out, &length, 4);
  return out;
}

inline std::string f32_row(std::int64_t t_ns, std::uint64_t seq, const std::vector<float>& values) {
  std::string out = row_header(t_ns, seq);
  for (const float v : values) put(out, &v, 4);
  return out;
}

inline std::string text_row(std::int64_t t_ns, std::uint64_t seq, const std::string& text) {
  std::string out = row_header(t_ns, seq, static_cast<std::uint32_t>(text.size())) + text;
  while (out.size() % 8 != 0) out += '\0';
  return out;
}

inline std::string session_header(const std::string& session = "S1") {
  return Json{{"v", 1},
              {"type", "session"},
              {"session", session},
              {"start_utc_ns", 1},
              {"software", "test"},
              {"participant", "P01"},
              {"dominant", "right"},
              {"plates", Json::array()},
              {"streams", 3}}
      .dump();
}

inline std::string info_header(const std::string& stream, const std::string& type,
                               const std::vector<std::string>& columns, const std::string& session = "S1",
                               double delay_s = 0) {
  Json list = Json::array();
  for (const std::string& c : columns) list.push_back({{"name", c}, {"unit", "N"}, {"delay_s", delay_s}});
  return Json{
      {"v", 1},           {"type", "info"},
      {"stream", stream}, {"session", session},
      {"version", 1},     {"info", {{"name", stream}, {"type", type}, {"columns", list}, {"exploratory", false}}}}
      .dump();
}

inline std::string data_header(const std::string& stream, std::uint64_t seq, std::uint64_t count,
                               const std::string& session = "S1") {
  return Json{{"v", 1},     {"type", "data"},  {"stream", stream}, {"session", session},
              {"seq", seq}, {"first_t_ns", 0}, {"count", count},   {"age_ms", 2.5}}
      .dump();
}

}  // namespace grfd_test
