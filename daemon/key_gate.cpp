#include "daemon/key_gate.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "daemon/log.hpp"
#include "daemon/uninterrupted.hpp"

namespace grfd {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
constexpr const char* kHandler = "inproc://zeromq.zap.01";
constexpr const char* kEvents = "inproc://key_gate.events";
constexpr auto kListAge = 500ms;
constexpr std::chrono::milliseconds kHandshake = 2s;
constexpr auto kBetweenLines = 5s;
constexpr int kAtOnce = 200;

bool receive(zmq::socket_t& socket, std::vector<zmq::message_t>& frames) {
  frames.clear();
  do {
    frames.emplace_back();
    if (!uninterrupted([&] { return socket.recv(frames.back(), zmq::recv_flags::dontwait); })) return false;
  } while (frames.back().more());
  return true;
}

}  // namespace

KeyGate::KeyGate(std::string folder, std::initializer_list<Right> rights)
    : folder_(std::move(folder)), rights_(rights) {}

void KeyGate::open(zmq::context_t& context, zmq::socket_t& socket) {
  const ServerKey key = read_server_key(folder_);
  zap_ = zmq::socket_t(context, zmq::socket_type::rep);
  zap_.set(zmq::sockopt::linger, 0);
  // There before the socket is bound, and gone after it: without a handler ZeroMQ would let everybody in.
  zap_.bind(kHandler);
  socket.set(zmq::sockopt::curve_server, true);
  socket.set(zmq::sockopt::curve_secretkey, key.secret_key);
  socket.set(zmq::sockopt::zap_domain, std::string(to_string(rights_.front())));
  // Who connects and says nothing holds a descriptor that long.
  socket.set(zmq::sockopt::handshake_ivl, static_cast<int>(kHandshake.count()));
  constexpr int kWatched = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
  if (zmq_socket_monitor(socket.handle(), kEvents, kWatched) != 0) throw zmq::error_t();
  events_ = zmq::socket_t(context, zmq::socket_type::pair);
  events_.set(zmq::sockopt::linger, 0);
  events_.set(zmq::sockopt::rcvhwm, 0);  // ZeroMQ's thread would wait for us with the feed in its hands
  events_.connect(kEvents);
  read_ = {};
}

void KeyGate::close() {
  zap_.close();
  events_.close();
}

void KeyGate::poll() {
  if (!zap_) return;
  std::vector<zmq::message_t> request;
  for (int i = 0; i < kAtOnce && receive(zap_, request); ++i) answer(request);
  watch();
}

void KeyGate::refresh() {
  const auto now = Clock::now();
  if (read_ != Clock::time_point{} && now - read_ < kListAge) return;  // a flood of handshakes reads no files
  read_ = now;
  std::vector<std::string> wrong;
  allowed_ = read_allowed_keys(folder_, wrong);
  if (wrong.empty() || now - told_ < kBetweenLines) return;
  told_ = now;
  for (const std::string& line : wrong) log(Level::warning, "keys: " + line);
}

/// RFC 27: version, request id, domain, address, identity, mechanism, credentials.
void KeyGate::answer(const std::vector<zmq::message_t>& request) {
  refresh();
  std::string key;
  if (request.size() == 7 && request[5].to_string_view() == "CURVE" && request[6].size() == 32) {
    std::array<char, 41> text{};
    zmq_z85_encode(text.data(), static_cast<const std::uint8_t*>(request[6].data()), 32);
    key = text.data();
  }
  const auto found = allowed_.find(key);
  const bool in = found != allowed_.end() &&
                  std::any_of(rights_.begin(), rights_.end(), [&](Right r) { return found->second.may(r); });
  const auto frame = [&](std::string_view text, bool last = false) {
    uninterrupted(
        [&] { return zap_.send(zmq::buffer(text), last ? zmq::send_flags::none : zmq::send_flags::sndmore); });
  };
  frame("1.0");
  frame(request.size() > 1 ? request[1].to_string_view() : "");
  frame(in ? "200" : "400");
  frame(in ? "OK" : "this key is not allowed here");
  frame(in ? key : "");
  frame("", true);
  if (in) return void(++keys_accepted);
  ++keys_refused;
  if (Clock::now() - told_ < kBetweenLines) return;
  told_ = Clock::now();
  log(Level::warning,
      std::string("keys: ") +
          (found != allowed_.end() ? found->second.name + " has no right to the " + to_string(rights_.front())
                                   : "refused the unknown key '" + key + "'") +
          (request.size() > 3 ? " from " + request[3].to_string() : "") +
          "; grfctl key allow NAME KEY would let it in");
}

/// ZeroMQ does not say whose handshake has ended, so an end is put down to the one who has waited longest. If that was
/// another one, the right one is still here when the time for a handshake is over: the sum is exact, three seconds
/// later.
void KeyGate::watch() {
  const auto now = Clock::now();
  std::vector<zmq::message_t> frames;
  while (receive(events_, frames)) {
    if (frames.front().size() < 2) continue;
    std::uint16_t event;
    std::memcpy(&event, frames.front().data(), sizeof event);
    if (event == ZMQ_EVENT_ACCEPTED)
      knocking_.push_back(now);
    else if (!knocking_.empty())
      knocking_.pop_front();
  }
  for (; !knocking_.empty() && now - knocking_.front() > kHandshake + 1s; knocking_.pop_front()) ++connections_refused;
}

std::optional<AllowedKey> KeyGate::sender(zmq::message_t& message) {
  refresh();
  const char* user = zmq_msg_gets(message.handle(), "User-Id");
  const auto found = user ? allowed_.find(std::string_view(user)) : allowed_.end();
  return found == allowed_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace grfd
