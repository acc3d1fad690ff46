#include "daemon/sinks/feed.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

#include "schemas/feed.hpp"
#include "schemas/stream_json.hpp"

namespace grfd {
namespace {
using Clock = std::chrono::steady_clock;
constexpr auto kBetweenAnswers = std::chrono::milliseconds(20);
constexpr int kSubscriptionsAtOnce = 1000;
constexpr std::int64_t kMostBytes = 256;  // of a subscription; libzmq keeps every byte of it in a tree

TimeNs lab_now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}
}  // namespace

Feed::Feed(const FeedSettings& settings) : settings_(settings) {}

void Feed::open(const Session& session) {
  session_start_ = session.start;
  session_id_ = session.id;
  session_info_ = nlohmann::ordered_json{{"v", kFeedVersion},
                                         {"type", "session"},
                                         {"session", session.id},
                                         {"start_utc_ns", session.start_utc_ns},
                                         {"software", session.software_version + " " + session.software_build},
                                         {"participant", session.settings.participant.code},
                                         {"streams", session.streams.size()}}
                      .dump();
  for (const StreamInfo& info : session.streams) {
    nlohmann::ordered_json header{{"v", kFeedVersion}, {"type", "info"}, {"stream", info.name},
                                  {"session", session_id_}, {"version", 1}, {"info", to_json(info)}};
    topics_.push_back({&info, RowJoiner(info), {}, 0, 0, 0, 0, info.kind == StreamKind::event || info.rate_hz == 0,
                       header.dump(), false});
    longest_name_ = std::max(longest_name_, info.name.size());
  }
  socket_ = zmq::socket_t(context_, zmq::socket_type::xpub);
  socket_.set(zmq::sockopt::xpub_verbose, 1);  // every subscription comes up here, so that each late joiner gets the info
  socket_.set(zmq::sockopt::sndhwm, settings_.high_water_mark);
  socket_.set(zmq::sockopt::linger, 200);
  socket_.set(zmq::sockopt::maxmsgsize, kMostBytes);  // who sends more is cut off
  try {
    socket_.bind(settings_.endpoint);
  } catch (const zmq::error_t& e) {
    throw std::runtime_error("cannot publish at " + settings_.endpoint + ": " + e.what() +
                             "; is another grfd running? Set feed.endpoint to a free address");
  }
  next_flush_ = next_answer_ = Clock::now();
}

void Feed::write(std::span<const Sample> samples) {
  for (const Sample& s : samples) {
    Topic& topic = topics_.at(s.stream);
    if (!topic.joiner.add(s)) continue;
    const Row& row = topic.joiner.row();
    if (topic.count == 0) topic.first_t = row.header.t - session_start_;
    append_row(topic.rows, row, *topic.info, session_start_);
    ++topic.count;
    topic.newest_arrival = row.header.t_arrival;
    any_data_ = true;
    if (topic.at_once) send(topic);
  }
  take_subscriptions();
  const auto now = Clock::now();
  if (answer_wanted_ && now >= next_answer_) answer_subscriptions(now);
  if (now >= next_flush_) {
    flush();
    next_flush_ = now + std::chrono::microseconds(static_cast<long>(settings_.batch_ms * 1000));
  }
}

void Feed::flush() {
  for (Topic& topic : topics_)
    if (topic.count > 0) send(topic);
}

void Feed::send(Topic& topic) {
  char header[512];  // a longer name than the configuration allows would be cut, not overrun
  const double age_ms = static_cast<double>(lab_now() - topic.newest_arrival) * 1e-6;
  const int n = std::snprintf(header, sizeof header,
                              "{\"v\":%d,\"type\":\"data\",\"stream\":\"%s\",\"session\":\"%s\",\"seq\":%llu,"
                              "\"first_t_ns\":%lld,\"count\":%u,\"age_ms\":%.3f}",
                              kFeedVersion, topic.info->name.c_str(), session_id_.c_str(),
                              static_cast<unsigned long long>(topic.message_seq++), static_cast<long long>(topic.first_t),
                              topic.count, age_ms);
  socket_.send(zmq::buffer(topic.info->name), zmq::send_flags::sndmore);
  socket_.send(zmq::buffer(header, std::min(static_cast<std::size_t>(n), sizeof header - 1)), zmq::send_flags::sndmore);
  socket_.send(zmq::buffer(topic.rows.data(), topic.rows.size()), zmq::send_flags::dontwait);
  topic.rows.clear();
  topic.count = 0;
  ++messages_;
}

void Feed::send_info(const Topic& topic) {
  socket_.send(zmq::buffer(topic.info->name), zmq::send_flags::sndmore);
  socket_.send(zmq::buffer(topic.info_message), zmq::send_flags::sndmore);
  socket_.send(zmq::message_t(), zmq::send_flags::dontwait);
}

void Feed::send_session() {
  socket_.send(zmq::str_buffer("session"), zmq::send_flags::sndmore);
  socket_.send(zmq::buffer(session_info_), zmq::send_flags::sndmore);
  socket_.send(zmq::message_t(), zmq::send_flags::dontwait);
}

void Feed::take_subscriptions() {
  zmq::message_t message;
  for (int i = 0; i < kSubscriptionsAtOnce && socket_.recv(message, zmq::recv_flags::dontwait); ++i) {
    const std::string_view text = message.to_string_view();
    if (text.empty() || (text[0] != 0 && text[0] != 1) || text.size() > 1 + std::max<std::size_t>(longest_name_, 7)) {
      ++bad_;
      continue;
    }
    if (text[0] == 0) continue;
    ++subscriptions_;
    if (any_data_) ++late_;
    const std::string_view prefix = text.substr(1);
    const auto wants = [&](std::string_view name) { return name.substr(0, prefix.size()) == prefix; };
    session_wanted_ |= wants("session");
    for (Topic& topic : topics_) topic.info_wanted |= wants(topic.info->name);
    answer_wanted_ = true;
  }
}

/// Once for all who asked meanwhile: everybody with that subscription gets it, and a flood of them costs no more.
void Feed::answer_subscriptions(Clock::time_point now) {
  if (session_wanted_) send_session();
  for (Topic& topic : topics_)
    if (std::exchange(topic.info_wanted, false)) send_info(topic);
  session_wanted_ = answer_wanted_ = false;
  next_answer_ = now + kBetweenAnswers;
}

void Feed::close() {
  flush();
  socket_.close();
}

}  // namespace grfd
