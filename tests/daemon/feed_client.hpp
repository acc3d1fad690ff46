// What a client of the feed does: receives messages, takes rows apart.
#pragma once
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

namespace feed_test {

struct Message {
  std::string topic, rows;
  nlohmann::json header;
};

struct WireRow {
  std::int64_t t_ns;
  std::uint64_t seq;
  std::uint16_t flags, epoch;
  std::string body;  ///< columns, or the text
};

/// Rows of a data message; `body_bytes` = size of the columns, 0 for a text stream.
inline std::vector<WireRow> rows_of(const std::string& bytes, std::size_t body_bytes) {
  std::vector<WireRow> rows;
  for (std::size_t at = 0; at + 24 <= bytes.size();) {
    WireRow r;
    std::uint32_t length = 0;
    std::memcpy(&r.t_ns, bytes.data() + at, 8);
    std::memcpy(&r.seq, bytes.data() + at + 8, 8);
    std::memcpy(&r.flags, bytes.data() + at + 16, 2);
    std::memcpy(&r.epoch, bytes.data() + at + 18, 2);
    std::memcpy(&length, bytes.data() + at + 20, 4);
    r.body = bytes.substr(at + 24, body_bytes ? body_bytes : length);
    at += 24 + (body_bytes ? body_bytes : (length + 7) / 8 * 8);
    rows.push_back(std::move(r));
  }
  return rows;
}

class Client {
 public:
  Client(zmq::context_t& context, const std::string& endpoint, int hwm = 0) : socket_(context, zmq::socket_type::sub) {
    socket_.set(zmq::sockopt::rcvhwm, hwm);
    socket_.set(zmq::sockopt::linger, 0);
    socket_.connect(endpoint);
  }
  void subscribe(const std::string& prefix) { socket_.set(zmq::sockopt::subscribe, prefix); }
  /// @return nothing when no message came in time
  std::optional<Message> receive(std::chrono::milliseconds timeout = std::chrono::milliseconds(2000)) {
    socket_.set(zmq::sockopt::rcvtimeo, static_cast<int>(timeout.count()));
    zmq::message_t topic, header, rows;
    if (!socket_.recv(topic)) return std::nullopt;
    if (!socket_.recv(header) || !socket_.recv(rows) || socket_.get(zmq::sockopt::rcvmore))
      throw std::runtime_error("a message is not three frames");
    return Message{topic.to_string(), rows.to_string(), nlohmann::json::parse(header.to_string())};
  }

 private:
  zmq::socket_t socket_;
};

}  // namespace feed_test
