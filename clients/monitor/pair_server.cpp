#include "clients/monitor/pair_server.hpp"

#include <sys/stat.h>

#include <stdexcept>

#include "clients/monitor/gateway.hpp"

namespace grfd::monitor {

PairServer::PairServer(zmq::context_t& context, const std::string& endpoint, Pairing& pairing, std::string base,
                       std::string fingerprint)
    : socket_(context, zmq::socket_type::router),
      pairing_(pairing),
      base_(std::move(base)),
      fingerprint_(std::move(fingerprint)) {
  socket_.set(zmq::sockopt::linger, 0);
  socket_.set(zmq::sockopt::maxmsgsize, std::int64_t{4096});
  const mode_t before = ::umask(0117);  // the group may invite, as it may command
  try {
    socket_.bind(endpoint);
  } catch (const zmq::error_t& e) {
    ::umask(before);
    throw std::runtime_error("cannot listen at " + endpoint + ": " + e.what() +
                             "; choose another place with --endpoint or GRFD_MONITOR");
  }
  ::umask(before);
}

void PairServer::poll() {
  zmq::message_t peer, message;
  for (int i = 0; i < 20 && socket_.recv(peer, zmq::recv_flags::dontwait); ++i) {
    std::string text;
    for (bool more = peer.more(); more;) {
      if (!socket_.recv(message, zmq::recv_flags::dontwait)) break;
      text = message.to_string();
      more = message.more();
    }
    const std::string reply = answer(text).dump(-1, ' ', false, Json::error_handler_t::replace);
    if (socket_.send(peer, zmq::send_flags::sndmore | zmq::send_flags::dontwait))
      socket_.send(zmq::buffer(reply), zmq::send_flags::dontwait);
  }
}

Json PairServer::answer(std::string_view text) {
  const Json asked = Json::parse(text, nullptr, false);
  const auto refuse = [](const char* why) { return Json{{"v", 1}, {"ok", false}, {"error", why}}; };
  const auto done = [](Json result) { return Json{{"v", 1}, {"ok", true}, {"result", std::move(result)}}; };
  if (!asked.is_object() || !asked.contains("command") || !asked["command"].is_string())
    return refuse("a request must be a JSON object with a command");
  const std::string command = asked["command"].get<std::string>();
  if (command == "pair") {
    const bool control = asked.contains("control") && asked["control"].is_boolean() && asked["control"].get<bool>();
    return done({{"link", base_ + "#pair=" + pairing_.invite(control, utc_s())},
                 {"control", control},
                 {"seconds", Pairing::kInvitation_s},
                 {"fingerprint", fingerprint_}});
  }
  if (command == "list") return done(pairing_.list(utc_s()));
  if (command == "forget") {
    if (!asked.contains("id") || !asked["id"].is_string()) return refuse("forget needs an id, or \"all\"");
    return done({{"forgotten", pairing_.forget(asked["id"].get<std::string>())}});
  }
  return refuse("unknown command; there are pair, list, forget");
}

}  // namespace grfd::monitor
