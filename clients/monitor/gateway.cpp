#include "clients/monitor/gateway.hpp"

#include <cmath>
#include <ctime>
#include <limits>

#include "clients/monitor/frame.hpp"

namespace grfd::monitor {
namespace {

constexpr auto kStatusEvery = std::chrono::milliseconds(500);
constexpr auto kHeartbeat = std::chrono::milliseconds(100);
constexpr int kMessagesPerTick = 4000;
constexpr const char* kTopics[] = {"session", "cop/", "cop_foot", "asymmetry", "ankle/", "reps/", "events", "gaps"};

/// What a page may ask for, and the daemon's word for it.
const std::map<std::string, std::string, std::less<>> kCommands{
    {"zero", "tare"}, {"start", "record_start"}, {"stop", "record_stop"}, {"mark", "mark"}};

Text text_of(const Json& message) {
  return std::make_shared<const std::string>(message.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

std::int64_t utc_s() { return static_cast<std::int64_t>(::time(nullptr)); }

Gateway::Gateway(zmq::context_t& context, const std::string& feed, const std::string& control, Pairing& pairing,
                 bool open_to_view, const GatewayKeys& keys)
    : feed_(context, zmq::socket_type::sub),
      control_(context, control, keys.control),
      pairing_(pairing),
      open_to_view_(open_to_view),
      board_([this](const Json& message) { broadcast(message); }),
      decoder_({.session = [this](const Json& header) { board_.session(header); },
                .info = [this](const FeedStream& stream) { board_.info(stream); },
                .row =
                    [this](const FeedStream& stream, const FeedRow& row) {
                      row_ns_ = row.t_ns;
                      board_.row(stream, row);
                    },
                .data = [this](double age) { note_age(age); }}) {
  feed_.set(zmq::sockopt::linger, 0);
  feed_.set(zmq::sockopt::rcvhwm, 20000);
  feed_.set(zmq::sockopt::reconnect_ivl, 200);
  feed_.set(zmq::sockopt::maxmsgsize, std::int64_t{4} << 20);
  for (const char* topic : kTopics) feed_.set(zmq::sockopt::subscribe, topic);
  keys::connect(feed_, feed, keys.feed);
}

void Gateway::tick(Clock::time_point now) {
  now_ = now;
  drain_feed(now);
  control_.poll(now);
  poll_status(now);
  send_frames(now);
}

void Gateway::drain_feed(Clock::time_point now) {
  (void)now;
  zmq::message_t parts[3], rest;
  for (int i = 0; i < kMessagesPerTick && feed_.recv(parts[0], zmq::recv_flags::dontwait); ++i) {
    int count = 1;
    for (bool more = parts[0].more(); more; ++count) {
      zmq::message_t& part = count < 3 ? parts[count] : rest;
      if (!feed_.recv(part, zmq::recv_flags::dontwait)) break;
      more = part.more();
    }
    if (count == 3)
      decoder_.take(parts[0].to_string_view(), parts[1].to_string_view(), parts[2].to_string_view());
    else
      ++counters_.bad_messages;
  }
}

/// The message's age is that of its last row; the newest row of the grid is up to 10 ms older.
void Gateway::note_age(double message_ms) {
  if (board_.end() == newest_slot_) return;
  newest_slot_ = board_.end();
  const double behind_ms = static_cast<double>(row_ns_ - (newest_slot_ - 1) * kSlotNs) * 1e-6;
  const double age_ms =
      std::isfinite(message_ms) ? std::clamp(message_ms + std::clamp(behind_ms, 0.0, 1e3), 0.0, 1e6) : 0;
  newest_ = now_ - std::chrono::microseconds(static_cast<std::int64_t>(age_ms * 1e3));
}

float Gateway::age_ms(Clock::time_point now) const {
  if (newest_ == Clock::time_point{}) return std::numeric_limits<float>::infinity();
  return std::chrono::duration<float, std::milli>(now - newest_).count();
}

void Gateway::poll_status(Clock::time_point now) {
  if (now < next_status_ || status_asked_) return;
  next_status_ = now + kStatusEvery;
  status_asked_ = true;
  for (const auto& page : pages_)
    if (!page->grant.id.empty() && !pairing_.holds(page->grant.id, utc_s())) page->dismiss();
  control_.ask({{"command", "status"}}, now, [this](const Json& reply) {
    status_asked_ = false;
    const Json message = status_message(reply);
    board_.trial(message.value("trial", ""));
    last_status_ = text_of(message);
    for (const auto& page : pages_) page->send(last_status_);
  });
}

Json Gateway::status_message(const Json& reply) const {
  Json out{{"type", "status"}, {"daemon", reply.value("ok", false)}, {"trial", ""}};
  Json gateway{{"pages", pages_.size()},
               {"feed_messages_lost", decoder_.lost()},
               {"feed_messages_bad", decoder_.bad() + counters_.bad_messages},
               {"slow_pages_closed", counters_.slow_pages_closed},
               {"bad_requests", counters_.bad_requests + counters_.wrong_origin},
               {"refused_pages", counters_.refused_pages}};
  out["gateway"] = std::move(gateway);
  if (!reply.value("ok", false)) {
    out["error"] = reply.value("error", "");
    return out;
  }
  const Json& status = reply["result"];
  for (const char* key : {"session", "uptime_s", "recording", "devices", "plates", "counters", "feed_age_ms"})
    if (status.contains(key)) out[key] = status[key];
  std::uint64_t missing = 0;
  if (status.contains("streams") && status["streams"].is_object())
    for (const auto& [name, stream] : status["streams"].items()) missing += stream.value("missing", 0ull);
  out["missing_rows"] = missing;
  if (status.contains("recording")) {
    const std::string journal = status["recording"].value("journal", "");
    out["trial"] = journal.substr(journal.rfind('/') + 1);
  }
  return out;
}

void Gateway::send_frames(Clock::time_point now) {
  for (const auto& page : pages_) {
    if (!page->ready()) continue;  // conflated: what waits comes with a later frame
    if (page->next_slot == board_.end() && now - page->last_frame < kHeartbeat) continue;
    page->last_frame = now;
    page->send_frame(make_frame(board_, page->next_slot, page->frames++, age_ms(now)));
  }
}

void Gateway::broadcast(const Json& message) {
  if (pages_.empty()) return;
  const Text text = text_of(message);
  for (const auto& page : pages_) page->send(text);
}

bool Gateway::admit(Page& page, const std::string& message, std::string& answer) {
  const Json first = Json::parse(message, nullptr, false);
  const auto refuse = [&](const char* why) {
    ++counters_.refused_pages;
    answer = Json{{"type", "refused"}, {"reason", why}}.dump();
    return false;
  };
  const auto field = [&](const char* key) {
    return first.contains(key) && first[key].is_string() ? first[key].get<std::string>() : std::string();
  };
  if (!first.is_object() || field("type") != "hello") return refuse("the first message must be {\"type\": \"hello\"}");
  Json reply{{"type", "welcome"}, {"version", 1}};
  if (const std::string secret = field("pair"); !secret.empty()) {
    const auto paired = pairing_.redeem(secret, utc_s());
    if (paired) {
      page.grant = paired->grant;
      reply["token"] = paired->token;
    } else if (!open_to_view_) {
      return refuse("this link was used before or is older than ten minutes");
    } else {
      reply["note"] = "this link was used before or is older than ten minutes";
    }
  }
  if (!page.grant.view) page.grant = pairing_.grant(field("token"), utc_s());
  if (!page.grant.view && open_to_view_) page.grant = {true, false, {}};
  if (!page.grant.view) return refuse("this browser is not paired");
  reply["control"] = page.grant.control;
  answer = reply.dump();
  return true;
}

void Gateway::join(const std::shared_ptr<Page>& page) {
  for (const Json& message : board_.greeting()) page->send(text_of(message));
  if (last_status_) page->send(last_status_);
  page->next_slot = kFromNow;
  pages_.insert(page);
}

void Gateway::command(const std::shared_ptr<Page>& page, const std::string& message) {
  const Json asked = Json::parse(message, nullptr, false);
  const Json id =
      asked.is_object() && asked.contains("id") && asked["id"].is_number_integer() ? asked["id"] : Json(nullptr);
  const auto answer = [id](Page& to, Json reply) {
    Json out{{"type", "reply"}, {"id", id}};
    out.update(reply);
    to.send(text_of(out));
  };
  const auto refuse = [&](const std::string& why) { answer(*page, {{"ok", false}, {"error", why}}); };
  if (!asked.is_object() || !asked.contains("command") || !asked["command"].is_string()) {
    ++counters_.bad_messages;
    return refuse("a message must be a JSON object with a command");
  }
  const auto known = kCommands.find(asked["command"].get_ref<const std::string&>());
  if (known == kCommands.end()) {
    ++counters_.bad_messages;
    return refuse("unknown command; there are zero, start, stop, mark");
  }
  if (!page->grant.control)
    return refuse("this browser may only look; grfctl monitor pair --control gives a link that allows more");
  Json request{{"command", known->second}};
  for (const char* key : {"name", "text"})
    if (asked.contains(key) && asked[key].is_string()) request[key] = asked[key];
  control_.ask(request, Clock::now(), [weak = std::weak_ptr<Page>(page), answer](const Json& reply) {
    if (const auto still = weak.lock()) answer(*still, reply);
  });
}

}  // namespace grfd::monitor
