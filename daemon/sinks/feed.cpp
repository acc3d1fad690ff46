#include "daemon/sinks/feed.hpp"

#include <ctime>

#include "schemas/feed.hpp"
#include "schemas/stream_json.hpp"

namespace grfd {
namespace {
using Clock = std::chrono::steady_clock;

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
  for (const StreamInfo& info : session.streams)
    topics_.push_back({&info, RowJoiner(info), {}, 0, 0, 0, 0, info.kind == StreamKind::event || info.rate_hz == 0});
  socket_ = zmq::socket_t(context_, zmq::socket_type::xpub);
  socket_.set(zmq::sockopt::xpub_verbose, 1);  // every subscription comes up here, so that each late joiner gets the info
  socket_.set(zmq::sockopt::sndhwm, settings_.high_water_mark);
  socket_.set(zmq::sockopt::linger, 200);
  socket_.set(zmq::sockopt::maxmsgsize, std::int64_t{1024});  // subscriptions are short
  try {
    socket_.bind(settings_.endpoint);
  } catch (const zmq::error_t& e) {
    throw std::runtime_error("cannot publish at " + settings_.endpoint + ": " + e.what() +
                             "; is another grfd running? Set feed.endpoint to a free address");
  }
  next_flush_ = Clock::now();
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
  answer_subscriptions();
  const auto now = Clock::now();
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
  char header[320];
  const double age_ms = static_cast<double>(lab_now() - topic.newest_arrival) * 1e-6;
  const int n = std::snprintf(header, sizeof header,
                              "{\"v\":%d,\"type\":\"data\",\"stream\":\"%s\",\"session\":\"%s\",\"seq\":%llu,"
                              "\"first_t_ns\":%lld,\"count\":%u,\"age_ms\":%.3f}",
                              kFeedVersion, topic.info->name.c_str(), session_id_.c_str(),
                              static_cast<unsigned long long>(topic.message_seq++), static_cast<long long>(topic.first_t),
                              topic.count, age_ms);
  socket_.send(zmq::buffer(topic.info->name), zmq::send_flags::sndmore);
  socket_.send(zmq::buffer(header, static_cast<std::size_t>(n)), zmq::send_flags::sndmore);
  socket_.send(zmq::buffer(topic.rows.data(), topic.rows.size()), zmq::send_flags::dontwait);
  topic.rows.clear();
  topic.count = 0;
  ++messages_;
}

void Feed::send_info(const Topic& topic) {
  nlohmann::ordered_json header{{"v", kFeedVersion}, {"type", "info"}, {"stream", topic.info->name},
                                {"session", session_id_}, {"version", 1}, {"info", to_json(*topic.info)}};
  socket_.send(zmq::buffer(topic.info->name), zmq::send_flags::sndmore);
  socket_.send(zmq::buffer(header.dump()), zmq::send_flags::sndmore);
  socket_.send(zmq::message_t(), zmq::send_flags::dontwait);
}

void Feed::send_session() {
  socket_.send(zmq::str_buffer("session"), zmq::send_flags::sndmore);
  socket_.send(zmq::buffer(session_info_), zmq::send_flags::sndmore);
  socket_.send(zmq::message_t(), zmq::send_flags::dontwait);
}

void Feed::answer_subscriptions() {
  zmq::message_t message;
  while (socket_.recv(message, zmq::recv_flags::dontwait)) {
    const std::string_view text = message.to_string_view();
    if (text.empty() || (text[0] != 0 && text[0] != 1)) {
      ++bad_;
      continue;
    }
    if (text[0] == 0) continue;
    ++subscriptions_;
    if (any_data_) ++late_;
    const std::string_view prefix = text.substr(1);
    if (std::string_view("session").substr(0, prefix.size()) == prefix) send_session();
    for (const Topic& topic : topics_)
      if (std::string_view(topic.info->name).substr(0, prefix.size()) == prefix) send_info(topic);
  }
}

void Feed::close() {
  flush();
  socket_.close();
}

}  // namespace grfd
