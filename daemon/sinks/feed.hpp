// The live feed: ZeroMQ XPUB, one topic per stream; schemas/feed.md is the contract.
#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "daemon/sink.hpp"
#include "schemas/counter.hpp"
#include "schemas/row.hpp"

namespace grfd {

class Feed final : public Sink {
 public:
  explicit Feed(const FeedSettings& settings);
  const char* name() const override { return "feed"; }
  /// @throws zmq::error_t when the endpoint cannot be bound
  void open(const Session& session) override;
  void write(std::span<const Sample> samples) override;
  void close() override;

  const Counter& subscriptions() const { return subscriptions_; }
  const Counter& late_subscriptions() const { return late_; }
  const Counter& messages() const { return messages_; }
  const Counter& bad_requests() const { return bad_; }

 private:
  struct Topic {
    const StreamInfo* info;
    RowJoiner joiner;
    std::vector<std::byte> rows;
    std::uint32_t count = 0;
    TimeNs first_t = 0, newest_arrival = 0;
    std::uint64_t message_seq = 0;
    bool at_once;  ///< events and the like do not wait for a batch
    std::string info_message;
    bool info_wanted = false;
  };
  void send(Topic& topic);
  void send_info(const Topic& topic);
  void send_session();
  void flush();
  void take_subscriptions();
  void answer_subscriptions(std::chrono::steady_clock::time_point now);

  FeedSettings settings_;
  zmq::context_t context_{1};
  zmq::socket_t socket_;
  std::vector<Topic> topics_;
  std::string session_info_, session_id_;
  TimeNs session_start_ = 0;
  std::chrono::steady_clock::time_point next_flush_{}, next_answer_{};
  std::size_t longest_name_ = 0;
  bool any_data_ = false, session_wanted_ = false, answer_wanted_ = false;
  Counter subscriptions_{"subscriptions", Counter::Kind::activity}, late_{"late_subscriptions"},
      messages_{"messages", Counter::Kind::activity}, bad_{"bad_subscriptions"};
};

}  // namespace grfd
