#include "daemon/key_gate.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "daemon/connections.hpp"
#include "daemon/log.hpp"
#include "daemon/uninterrupted.hpp"

namespace grfd {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
constexpr const char* kHandler = "inproc://zeromq.zap.01";
constexpr int kZapEnforceDomain = 93;  // in every libzmq since 4.3.0; zmq.h names it for drafts alone
constexpr auto kListAge = 500ms;
constexpr auto kBetweenLines = 5s;
constexpr int kAtOnce = 200;

}  // namespace

KeyGate::KeyGate(std::string folder, std::initializer_list<Right> rights)
    : folder_(std::move(folder)), rights_(rights) {}

void KeyGate::open(zmq::context_t& context, zmq::socket_t& socket) {
  const KeyFile key = read_server_key(folder_);
  zap_ = zmq::socket_t(context, zmq::socket_type::rep);
  zap_.set(zmq::sockopt::linger, 0);
  // There before the socket is bound, and gone after it: without a handler ZeroMQ would let everybody in,
  zap_.bind(kHandler);
  socket.set(zmq::sockopt::curve_server, true);
  socket.set(zmq::sockopt::curve_secretkey, key.secret_key);
  socket.set(zmq::sockopt::zap_domain, std::string(to_string(rights_.front())));
  // and should there be none all the same: nobody.
  const int yes = 1;
  if (zmq_setsockopt(socket.handle(), kZapEnforceDomain, &yes, sizeof yes) != 0) throw zmq::error_t();
  read_ = {};
}

void KeyGate::close() { zap_.close(); }

bool KeyGate::poll() {
  if (!zap_) return false;
  const bool is_new = refresh();
  std::vector<zmq::message_t> request;
  for (int i = 0; i < kAtOnce && receive(zap_, request); ++i) answer(request);
  return is_new;
}

bool KeyGate::refresh() {
  const auto now = Clock::now();
  if (read_ != Clock::time_point{} && now - read_ < kListAge) return false;  // a flood of handshakes reads no files
  read_ = now;
  std::vector<std::string> wrong;
  try {
    allowed_ = read_allowed_keys(folder_, wrong);
  } catch (const KeysUnreadable& e) { wrong = {e.what() + std::string("; the list stays as it was")}; }
  if (!wrong.empty() && now - told_ >= kBetweenLines) {
    told_ = now;
    for (const std::string& line : wrong) log(Level::warning, "keys: " + line);
  }
  return true;
}

/// RFC 27: version, request id, domain, address, identity, mechanism, credentials.
void KeyGate::answer(const std::vector<zmq::message_t>& request) {
  std::string key;
  if (request.size() == 7 && request[5].to_string_view() == "CURVE" && request[6].size() == 32) {
    std::array<char, 41> text{};
    zmq_z85_encode(text.data(), static_cast<const std::uint8_t*>(request[6].data()), 32);
    key = text.data();
  }
  const bool in = admits(key);
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
  const auto known = find(key);
  const std::string right = to_string(rights_.front());
  log(Level::warning,
      "keys: " + (known ? known->name + " has no right to the " + right : "refused the unknown key '" + key + "'") +
          (request.size() > 3 ? " from " + request[3].to_string() : "") + "; grfctl key allow " +
          (known ? known->name + " --feed --control" : "NAME 'KEY' --" + right) + " would let it in");
}

std::optional<AllowedKey> KeyGate::find(std::string_view public_key) const {
  const auto found = allowed_.find(public_key);
  return found == allowed_.end() ? std::nullopt : std::optional(found->second);
}

bool KeyGate::admits(std::string_view public_key) const {
  const auto found = allowed_.find(public_key);
  return found != allowed_.end() &&
         std::any_of(rights_.begin(), rights_.end(), [&](Right r) { return found->second.may(r); });
}

std::optional<AllowedKey> KeyGate::sender(zmq::message_t& message) {
  refresh();
  const char* user = zmq_msg_gets(message.handle(), "User-Id");
  return user ? find(user) : std::nullopt;
}

}  // namespace grfd
