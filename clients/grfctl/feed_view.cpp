#include "feed_view.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace {

constexpr std::size_t kRowHeader = 24;  // schemas/feed.md, "A row"

template <class T>
double as_double(const std::byte* p) {
  T v;
  std::memcpy(&v, p, sizeof v);
  return static_cast<double>(v);
}

std::size_t size_of(const std::string& type) {
  if (type == "f32" || type == "i32") return 4;
  if (type == "f64" || type == "i64") return 8;
  throw std::runtime_error("unknown type");
}

double read(const std::string& type, const std::byte* p) {
  if (type == "f32") return as_double<float>(p);
  if (type == "f64") return as_double<double>(p);
  return type == "i32" ? as_double<std::int32_t>(p) : as_double<std::int64_t>(p);
}

}  // namespace

FeedView::FeedView(zmq::context_t& context, std::vector<std::string> streams)
    : context_(context), streams_(std::move(streams)) {}

void FeedView::connect(const std::string& endpoint, const grfd::keys::ClientKeys& keys) {
  if (endpoint == endpoint_) return;
  socket_ = zmq::socket_t(context_, zmq::socket_type::sub);
  socket_.set(zmq::sockopt::linger, 0);
  socket_.set(zmq::sockopt::reconnect_ivl, 100);
  socket_.set(zmq::sockopt::reconnect_ivl_max, 1000);
  grfd::keys::connect(socket_, endpoint, keys);
  for (const auto& stream : streams_) socket_.set(zmq::sockopt::subscribe, stream);
  endpoint_ = endpoint;
  series_.clear();
}

void FeedView::drain() {
  if (!socket_) return;
  // A flood must not keep the screen from being drawn.
  for (int i = 0; i < 5000; ++i) {
    std::vector<zmq::message_t> frames;
    do {
      frames.emplace_back();
      if (!socket_.recv(frames.back(), zmq::recv_flags::dontwait)) return;
    } while (frames.back().more());
    try {
      if (frames.size() != 3) throw std::runtime_error("not three frames");
      const auto now = Steady::now();
      take(frames[0].to_string(), frames[1].to_string(), frames[2], now);
      beat_ = now;
    } catch (const std::exception&) { ++bad_; }
  }
}

void FeedView::take(const std::string& topic, const std::string& text, const zmq::message_t& rows,
                    Steady::time_point now) {
  const auto header = nlohmann::json::parse(text);
  if (header.at("v") != 1) throw std::runtime_error("another version");
  const std::string session = header.at("session"), type = header.at("type");
  if (session != session_) {  // the daemon was started anew: nothing of the old one is live
    series_.clear();
    missed_ = 0;
    session_ = session;
  }
  if (std::find(streams_.begin(), streams_.end(), topic) == streams_.end()) return;
  if (type == "info") {
    Series& s = series_[topic];
    s.type = header.at("info").at("type");
    s.columns.clear();
    for (const auto& column : header.at("info").at("columns")) s.columns.push_back(column.at("name"));
  } else if (type == "data") {
    const auto found = series_.find(topic);
    if (found == series_.end()) return;  // its info is on the way
    Series& s = found->second;
    const std::size_t width = size_of(s.type), row = kRowHeader + width * s.columns.size();
    if (rows.size() == 0 || rows.size() != row * header.at("count").get<std::size_t>())
      throw std::runtime_error("not whole rows");
    const auto* last = static_cast<const std::byte*>(rows.data()) + rows.size() - row;
    std::memcpy(&s.t_ns, last, 8);
    s.newest.resize(s.columns.size());
    for (std::size_t i = 0; i < s.newest.size(); ++i) s.newest[i] = read(s.type, last + kRowHeader + i * width);
    const std::int64_t seq = header.at("seq");
    if (s.next_message >= 0 && seq > s.next_message) missed_ += static_cast<std::uint64_t>(seq - s.next_message);
    s.next_message = seq + 1;
    s.age_ms = header.at("age_ms");
    s.arrived = now;
  }
}

bool FeedView::has_row(const std::string& stream, Steady::time_point now) const {
  const auto found = series_.find(stream);
  return found != series_.end() && !found->second.newest.empty() &&
         std::chrono::duration<double>(now - found->second.arrived).count() <= kStale_s;
}

double FeedView::value(const std::string& stream, const std::string& column, Steady::time_point now) const {
  if (!has_row(stream, now)) return NAN;
  const Series& s = series_.at(stream);
  const auto at = std::find(s.columns.begin(), s.columns.end(), column);
  return at == s.columns.end() ? NAN : s.newest[static_cast<std::size_t>(at - s.columns.begin())];
}

double FeedView::silent_s(Steady::time_point now) const {
  if (beat_ == Steady::time_point{}) return std::numeric_limits<double>::infinity();
  return std::chrono::duration<double>(now - beat_).count();
}

double FeedView::age_ms(Steady::time_point now) const {
  double youngest = NAN;
  for (const auto& [name, s] : series_)
    if (name != "ticks" && !s.newest.empty())
      youngest = std::fmin(youngest, s.age_ms + std::chrono::duration<double, std::milli>(now - s.arrived).count());
  return youngest;
}

double FeedView::time_s(const std::string& stream) const {
  const auto found = series_.find(stream);
  constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::min();
  if (found == series_.end() || found->second.newest.empty() || found->second.t_ns == kUnknown) return NAN;
  return static_cast<double>(found->second.t_ns) / 1e9;
}
