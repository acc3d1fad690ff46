#include "daemon/sinks/feed.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "daemon/file.hpp"
#include "schemas/feed.hpp"
#include "schemas/stream_json.hpp"

namespace grfd {
namespace {
using Clock = std::chrono::steady_clock;
constexpr auto kBetweenAnswers = std::chrono::milliseconds(20);
constexpr auto kBetweenStatus = std::chrono::seconds(1);
constexpr int kSubscriptionsAtOnce = 1000;
constexpr std::int64_t kMostBytes = 256;           // of a subscription; libzmq keeps every byte of it in a tree
constexpr std::int64_t kMostHandshakeBytes = 384;  // CURVE: 257, the metadata of the client
// Of one connection: no client needs more, and every one that no stream begins with costs memory (each of 256 bytes
// 15 kB). Of all connections together less than 20 MB.
constexpr std::uint32_t kMostRequests = 10000, kMostUseless = 500, kMostUselessOfAll = 1000;
// ZeroMQ takes what has come in one go, and nothing is published meanwhile: it must not be much.
constexpr int kUnreadSubscriptions = 10;
constexpr int kReceiveBytes = 16384;
constexpr const char* kEndless = "feed: a client sends subscriptions without end";

TimeNs lab_now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

/// ZeroMQ would take the file of a local socket away from a daemon that still publishes there.
void refuse_taken(const std::string& endpoint) {
  constexpr std::string_view kLocal = "ipc://";
  sockaddr_un address{};
  if (!endpoint.starts_with(kLocal) || endpoint.size() - kLocal.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  endpoint.copy(address.sun_path, sizeof address.sun_path - 1, kLocal.size());
  const File probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int connected = ::connect(probe.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (connected == 0 || errno == EAGAIN)
    throw std::runtime_error("another grfd publishes at " + endpoint + "; stop it, or set feed.endpoint");
}
}  // namespace

Feed::Feed(const FeedSettings& settings, const std::string& keys, std::size_t most_connections)
    : settings_(settings), connections_(most_connections) {
  refuse_taken(settings.endpoint);
  if (!keys.empty()) gate_.emplace(keys, std::initializer_list<Right>{Right::feed});
}

void Feed::open(const Session& session) {
  session_start_ = session.start;
  session_id_ = session.id;
  auto plates = nlohmann::ordered_json::array();
  for (const PlateSettings& p : session.settings.plates)
    plates.push_back({{"name", p.name}, {"side", to_string(p.side)}, {"corners_m", p.corners_m}});
  session_info_ = nlohmann::ordered_json{{"v", kFeedVersion},
                                         {"type", "session"},
                                         {"session", session.id},
                                         {"start_utc_ns", session.start_utc_ns},
                                         {"software", session.software_version + " " + session.software_build},
                                         {"participant", session.settings.participant.code},
                                         {"dominant", to_string(session.settings.participant.dominant)},
                                         {"plates", std::move(plates)},
                                         {"streams", session.streams.size()}}
                      .dump();
  status_.open(session);
  for (const StreamInfo& info : session.streams) {
    nlohmann::ordered_json header{{"v", kFeedVersion},      {"type", "info"}, {"stream", info.name},
                                  {"session", session_id_}, {"version", 1},   {"info", to_json(info)}};
    const bool fast = info.name.rfind("fast/", 0) == 0;
    const bool shown =
        !fast && info.rate_hz >= 100 && (info.kind == StreamKind::calibrated || info.kind == StreamKind::derived);
    Topic topic{&info, RowJoiner(info)};
    topic.at_once = info.kind == StreamKind::event || info.rate_hz == 0;
    topic.fast = fast;
    if (shown && settings_.preview_hz > 0) topic.preview = "preview/" + info.name;
    topic.info_message = header.dump();
    topics_.push_back(std::move(topic));
    longest_name_ = std::max({longest_name_, info.name.size(), topics_.back().preview.size()});
  }
  socket_ = zmq::socket_t(context_, zmq::socket_type::xpub);
  socket_.set(zmq::sockopt::xpub_verbose,
              1);  // every subscription comes up here, so that each late joiner gets the info
  socket_.set(zmq::sockopt::sndhwm, settings_.high_water_mark);
  socket_.set(zmq::sockopt::rcvhwm, kUnreadSubscriptions);
  socket_.set(zmq::sockopt::rcvbuf, kReceiveBytes);
  socket_.set(zmq::sockopt::linger, 200);
  socket_.set(zmq::sockopt::maxmsgsize, gate_ ? kMostHandshakeBytes : kMostBytes);  // who sends more is cut off
  socket_.set(zmq::sockopt::ipv6, settings_.endpoint.starts_with("tcp://["));
  try {
    connections_.open(context_, socket_);
    if (gate_) gate_->open(context_, socket_);
  } catch (...) {
    shut();
    throw;
  }
  try {
    socket_.bind(settings_.endpoint);
  } catch (const zmq::error_t& e) {
    shut();
    throw std::runtime_error("cannot publish at " + settings_.endpoint + ": " + e.what() +
                             "; is another grfd running? Set feed.endpoint to a free address");
  }
  next_flush_ = next_answer_ = Clock::now();
}

void Feed::write(std::span<const Sample> samples) try { publish(samples); } catch (...) {
  shut();  // nobody would read what comes in
  throw;
}

void Feed::publish(std::span<const Sample> samples) {
  for (const Sample& s : samples) {
    Topic& topic = topics_.at(s.stream);
    if (!topic.joiner.add(s)) continue;
    const Row& row = topic.joiner.row();
    if (topic.info->type == ValueType::text && topic.info->kind == StreamKind::event)
      status_wanted_ |=
          status_.take(topic.info->name, {reinterpret_cast<const char*>(row.bytes.data()), row.bytes.size()});
    if (topic.count == 0) topic.first_t = feed_time(row.header.t, session_start_);
    const std::size_t before = topic.rows.size();
    append_row(topic.rows, row, *topic.info, session_start_);
    ++topic.count;
    topic.newest_arrival = row.header.t_arrival;
    any_data_ = true;
    if (!topic.preview.empty())
      topic.newest.assign(topic.rows.end() - static_cast<std::ptrdiff_t>(topic.rows.size() - before), topic.rows.end());
    if (topic.at_once) send(topic);
    any_fast_ |= topic.fast;
  }
  if (std::exchange(any_fast_, false))
    for (Topic& topic : topics_)
      if (topic.fast && topic.count > 0) send(topic);
  watch_peers();
  take_subscriptions();
  const auto now = Clock::now();
  if (status_wanted_ || now >= next_status_) {
    send_status();
    next_status_ = now + kBetweenStatus;
  }
  if (answer_wanted_ && now >= next_answer_) answer_subscriptions(now);
  if (now >= next_flush_) {
    flush();
    next_flush_ = now + std::chrono::microseconds(static_cast<long>(settings_.batch_ms * 1000));
  }
  if (settings_.preview_hz > 0 && now >= next_preview_) {
    send_previews();
    next_preview_ = now + std::chrono::microseconds(static_cast<long>(1e6 / settings_.preview_hz));
  }
}

void Feed::flush() {
  for (Topic& topic : topics_)
    if (topic.count > 0) send(topic);
}

void Feed::send(Topic& topic) {
  const TimeNs now = lab_now(), age = now - topic.newest_arrival;
  send_rows(topic.info->name, topic, topic.message_seq++, topic.first_t, topic.count, topic.rows, age);
  if (topic.fast)
    fast_age_.add(now, age);
  else if (!topic.at_once)
    batched_age_.add(now, age);
  topic.rows.clear();
  topic.count = 0;
  ++messages_;
}

void Feed::send_previews() {
  const TimeNs now = lab_now();
  for (Topic& topic : topics_) {
    if (topic.newest.empty()) continue;
    TimeNs t;
    std::memcpy(&t, topic.newest.data(), sizeof t);  // a row begins with its time
    send_rows(topic.preview, topic, topic.preview_seq++, t, 1, topic.newest, now - topic.newest_arrival);
    topic.newest.clear();
  }
}

void Feed::send_rows(const std::string& name, const Topic& topic, std::uint64_t seq, TimeNs first_t,
                     std::uint32_t count, std::span<const std::byte> rows, TimeNs age) {
  char header[512];  // a longer name than the configuration allows would be cut, not overrun
  const int n =
      std::snprintf(header, sizeof header,
                    "{\"v\":%d,\"type\":\"data\",\"stream\":\"%s\",\"session\":\"%s\",\"seq\":%llu,"
                    "\"first_t_ns\":%lld,\"count\":%u,\"age_ms\":%.3f}",
                    kFeedVersion, topic.info->name.c_str(), session_id_.c_str(), static_cast<unsigned long long>(seq),
                    static_cast<long long>(first_t), count, static_cast<double>(age) * 1e-6);
  socket_.send(zmq::buffer(name), zmq::send_flags::sndmore);
  socket_.send(zmq::buffer(header, std::min(static_cast<std::size_t>(n), sizeof header - 1)), zmq::send_flags::sndmore);
  socket_.send(zmq::buffer(rows.data(), rows.size()), zmq::send_flags::dontwait);
}

void Feed::send_info(const std::string& name, const Topic& topic) {
  socket_.send(zmq::buffer(name), zmq::send_flags::sndmore);
  socket_.send(zmq::buffer(topic.info_message), zmq::send_flags::sndmore);
  socket_.send(zmq::message_t(), zmq::send_flags::dontwait);
}

void Feed::send_session() {
  socket_.send(zmq::str_buffer("session"), zmq::send_flags::sndmore);
  socket_.send(zmq::buffer(session_info_), zmq::send_flags::sndmore);
  socket_.send(zmq::message_t(), zmq::send_flags::dontwait);
}

void Feed::send_status() {
  status_wanted_ = false;
  socket_.send(zmq::str_buffer("status"), zmq::send_flags::sndmore);
  socket_.send(zmq::buffer(status_.message(lab_now() - session_start_)), zmq::send_flags::sndmore);
  socket_.send(zmq::message_t(), zmq::send_flags::dontwait);
}

void Feed::watch_peers() {
  connections_.poll();
  const bool list_is_new = gate_ && gate_->poll();
  std::uint32_t useless = 0;
  Connections::Peer* worst = nullptr;
  for (auto& [fd, peer] : connections_.peers()) {
    if (peer.cut) continue;
    if (list_is_new && peer.spoke && !gate_->admits(peer.key))
      connections_.cut(peer, "feed: a client that listens has lost its right to");
    useless += peer.useless;
    if (!worst || peer.useless > worst->useless) worst = &peer;
  }
  if (useless > kMostUselessOfAll) connections_.cut(*worst, kEndless);
}

void Feed::take_subscriptions() {
  zmq::message_t message;
  for (int i = 0; i < kSubscriptionsAtOnce && socket_.recv(message, zmq::recv_flags::dontwait); ++i) {
    Connections::Peer* peer = connections_.sender(message);
    if (peer && peer->cut) continue;  // what it had sent before
    const bool useful = take_subscription(message.to_string_view());
    if (!peer) continue;  // has left already
    ++peer->requests;
    if (!useful) ++peer->useless;
    if (peer->requests <= kMostRequests && peer->useless <= kMostUseless) continue;
    connections_.cut(*peer, kEndless);
  }
}

/// @return whether there is such a stream
bool Feed::take_subscription(std::string_view text) {
  if (!text.empty() && text[0] == 0) return true;  // the end of one
  if (text.empty() || text[0] != 1 || text.size() > 1 + std::max<std::size_t>(longest_name_, 7)) {
    ++bad_;
    return false;
  }
  ++subscriptions_;
  if (any_data_) ++late_;
  const std::string_view prefix = text.substr(1);
  bool any = false;
  const auto mark = [&](bool& wanted, std::string_view name) {
    const bool wants = name.substr(0, prefix.size()) == prefix;
    wanted |= wants;
    any |= wants;
  };
  mark(session_wanted_, "session");
  mark(status_asked_, "status");
  for (Topic& topic : topics_) {
    mark(topic.info_wanted, topic.info->name);
    if (!topic.preview.empty()) mark(topic.preview_info_wanted, topic.preview);
  }
  answer_wanted_ = true;
  return any;
}

/// Once for all who asked meanwhile: everybody with that subscription gets it, and a flood of them costs no more.
void Feed::answer_subscriptions(Clock::time_point now) {
  if (session_wanted_) send_session();
  if (std::exchange(status_asked_, false)) send_status();
  for (Topic& topic : topics_) {
    if (std::exchange(topic.info_wanted, false)) send_info(topic.info->name, topic);
    if (std::exchange(topic.preview_info_wanted, false)) send_info(topic.preview, topic);
  }
  session_wanted_ = answer_wanted_ = false;
  next_answer_ = now + kBetweenAnswers;
}

void Feed::close() {
  flush();
  shut();
}

void Feed::shut() noexcept {
  socket_.close();
  connections_.close();
  if (gate_) gate_->close();
}

}  // namespace grfd
