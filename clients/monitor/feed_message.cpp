#include "clients/monitor/feed_message.hpp"

#include <cstring>
#include <limits>

namespace grfd::monitor {
namespace {

constexpr std::size_t kRowHeader = 24;
constexpr std::size_t kMaxHeader = 65536;

template <class T>
T read(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

FeedRow read_header(const char* at) {
  FeedRow row;
  row.t_ns = read<std::int64_t>(at);
  row.seq = read<std::uint64_t>(at + 8);
  row.flags = read<std::uint16_t>(at + 16);
  return row;
}

std::size_t width(const std::string& type) {
  return type == "f32" || type == "i32" ? 4 : type == "f64" || type == "i64" ? 8 : 0;
}

double number(const std::string& type, const char* at) {
  if (type == "f32") return static_cast<double>(read<float>(at));
  if (type == "f64") return read<double>(at);
  if (type == "i32") return static_cast<double>(read<std::int32_t>(at));
  return static_cast<double>(read<std::int64_t>(at));
}

}  // namespace

int FeedStream::column(std::string_view wanted) const {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i].name == wanted) return static_cast<int>(i);
  return -1;
}

void FeedDecoder::take(std::string_view topic, std::string_view header_text, std::string_view rows) {
  (void)topic;  // the header names the stream; preview topics differ from it on purpose
  if (header_text.size() > kMaxHeader) return void(++bad_);
  const Json header = Json::parse(header_text, nullptr, false);
  try {
    if (!header.is_object() || header.at("v") != 1) return void(++bad_);
    const std::string& type = header.at("type").get_ref<const std::string&>();
    if (type == "session") {
      renew(header.at("session").get<std::string>());
      if (handlers_.session) handlers_.session(header);
    } else if (type == "info") {
      take_info(header);
    } else if (type == "data") {
      take_data(header, rows);
    }  // other types are not for us: the contract may grow
  } catch (const Json::exception&) { ++bad_; }
}

/// A new session: the daemon was started anew; what was known of the old one is void.
void FeedDecoder::renew(const std::string& session) {
  if (session == session_) return;
  session_ = session;
  known_.clear();
}

void FeedDecoder::take_info(const Json& header) {
  renew(header.at("session").get<std::string>());
  const Json& info = header.at("info");
  FeedStream stream{info.at("name").get<std::string>(),
                    info.at("type").get<std::string>(),
                    {},
                    info.value("exploratory", false),
                    info.value("parameters", "")};
  for (const Json& c : info.at("columns"))
    stream.columns.push_back({c.at("name").get<std::string>(), c.at("unit").get<std::string>(), c.value("delay_s", 0.0),
                              stream.exploratory || c.value("exploratory", false)});
  if (stream.columns.empty() || stream.columns.size() > 1000 || (stream.type != "text" && width(stream.type) == 0))
    return void(++bad_);
  Known& known = known_[stream.name];
  known.stream = std::move(stream);
  if (handlers_.info) handlers_.info(known.stream);
}

void FeedDecoder::take_data(const Json& header, std::string_view rows) {
  renew(header.at("session").get<std::string>());
  const auto found = known_.find(header.at("stream").get_ref<const std::string&>());
  if (found == known_.end()) return;  // its info is on the way
  Known& known = found->second;
  const auto seq = header.at("seq").get<std::uint64_t>();
  if (known.any && seq > known.next_seq) lost_ += seq - known.next_seq;
  known.next_seq = seq + 1;
  known.any = true;
  const auto count = header.at("count").get<std::uint64_t>();
  const bool good =
      count > 0 && count <= rows.size() &&
      (known.stream.type == "text" ? text_rows(known.stream, count, rows) : numeric_rows(known.stream, count, rows));
  if (!good) return void(++bad_);
  if (handlers_.data) handlers_.data(header.value("age_ms", std::numeric_limits<double>::quiet_NaN()));
}

bool FeedDecoder::numeric_rows(const FeedStream& stream, std::size_t count, std::string_view rows) {
  const std::size_t size = width(stream.type), whole = kRowHeader + stream.columns.size() * size;
  if (rows.size() != count * whole) return false;
  values_.resize(stream.columns.size());
  for (std::size_t i = 0; i < count; ++i) {
    const char* at = rows.data() + i * whole;
    FeedRow row = read_header(at);
    for (std::size_t c = 0; c < values_.size(); ++c) values_[c] = number(stream.type, at + kRowHeader + c * size);
    row.values = values_;
    if (handlers_.row) handlers_.row(stream, row);
  }
  return true;
}

bool FeedDecoder::text_rows(const FeedStream& stream, std::size_t count, std::string_view rows) {
  std::size_t at = 0, found = 0;
  for (; at < rows.size(); ++found) {  // first look, then speak: a torn message gives no row at all
    if (rows.size() - at < kRowHeader) return false;
    const std::size_t length = read<std::uint32_t>(rows.data() + at + 20), body = (length + 7) / 8 * 8;
    if (rows.size() - at - kRowHeader < body) return false;
    at += kRowHeader + body;
  }
  if (found != count) return false;
  for (at = 0; at < rows.size();) {
    FeedRow row = read_header(rows.data() + at);
    const std::size_t length = read<std::uint32_t>(rows.data() + at + 20);
    row.text = rows.substr(at + kRowHeader, length);
    if (handlers_.row) handlers_.row(stream, row);
    at += kRowHeader + (length + 7) / 8 * 8;
  }
  return true;
}

}  // namespace grfd::monitor
