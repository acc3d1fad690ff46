// The newest row of some streams of the live feed (schemas/feed.md), and how old it is.
#pragma once
#include <chrono>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "clients/keys.hpp"

using Steady = std::chrono::steady_clock;

class FeedView {
 public:
  FeedView(zmq::context_t& context, std::vector<std::string> streams);

  /// Connects, or connects anew when the address is another one. Throws zmq::error_t on an address that is none.
  void connect(const std::string& endpoint, const grfd::keys::ClientKeys& keys);
  const std::string& endpoint() const { return endpoint_; }
  zmq::socket_t& socket() { return socket_; }

  /// Takes everything that has come.
  void drain();

  /// The newest value of a column; NaN when it is not known, or when its stream stands still for longer than kStale_s.
  double value(const std::string& stream, const std::string& column, Steady::time_point now) const;
  /// Seconds since anything came from the daemon; infinite before the first message.
  double silent_s(Steady::time_point now) const;
  /// Age in ms of the newest row of all measured streams: its age when it was sent, and what has passed since. NaN
  /// before the first one; the daemon's own pulse does not count.
  double age_ms(Steady::time_point now) const;
  /// Time of the newest row in s since the session's start; NaN before the first one.
  double time_s(const std::string& stream) const;
  /// Is there a row of this stream, no older than kStale_s?
  bool has_row(const std::string& stream, Steady::time_point now) const;
  /// Messages that did not reach this program, and those that were not as the contract says.
  std::uint64_t missed_messages() const { return missed_; }
  std::uint64_t bad_messages() const { return bad_; }

  static constexpr double kStale_s = 0.5;

 private:
  struct Series {
    std::vector<std::string> columns;
    std::string type;
    std::vector<double> newest;
    std::int64_t t_ns = 0;
    double age_ms = NAN;
    std::int64_t next_message = -1;
    Steady::time_point arrived{};
  };

  void take(const std::string& topic, const std::string& header, const zmq::message_t& rows, Steady::time_point now);

  zmq::context_t& context_;
  std::vector<std::string> streams_;
  zmq::socket_t socket_;
  std::string endpoint_, session_;
  std::map<std::string, Series> series_;
  Steady::time_point beat_{};
  std::uint64_t missed_ = 0, bad_ = 0;
};
