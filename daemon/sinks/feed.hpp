// The live feed: ZeroMQ XPUB, one topic per stream; schemas/feed.md is the contract.
#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "daemon/connections.hpp"
#include "daemon/key_gate.hpp"
#include "daemon/sink.hpp"
#include "daemon/sinks/age_statistics.hpp"
#include "daemon/sinks/feed_status.hpp"
#include "schemas/counter.hpp"
#include "schemas/row.hpp"

namespace grfd {

class Feed final : public Sink {
 public:
  /// @param keys folder of keys (schemas/keys.md) that subscribers need; empty: whoever reaches the endpoint may listen
  /// @param most_connections 0: as Connections finds right
  explicit Feed(const FeedSettings& settings, const std::string& keys = "", std::size_t most_connections = 0);
  const char* name() const override { return "feed"; }
  /// @throws std::runtime_error when the endpoint cannot be bound, or there is no server key
  void open(const Session& session) override;
  void write(std::span<const Sample> samples) override;
  void close() override;

  const Counter& subscriptions() const { return subscriptions_; }
  const Counter& late_subscriptions() const { return late_; }
  const Counter& messages() const { return messages_; }
  const Counter& bad_requests() const { return bad_; }
  const KeyGate* gate() const { return gate_ ? &*gate_ : nullptr; }  ///< null: no keys are asked for
  const Connections& connections() const { return connections_; }
  /// From the arrival of a message's newest sample to its sending. Any thread.
  AgeStatistics::Summary fast_age() const { return fast_age_.summary(); }
  AgeStatistics::Summary batched_age() const { return batched_age_.summary(); }

 private:
  struct Topic {
    const StreamInfo* info;
    RowJoiner joiner;
    std::vector<std::byte> rows{};
    std::uint32_t count = 0;
    TimeNs first_t = 0, newest_arrival = 0;
    std::uint64_t message_seq = 0;
    bool at_once = false;   ///< events and the like do not wait for a batch
    bool fast = false;      ///< what a write brings leaves at its end
    std::string preview{};  ///< topic of its preview; empty: none
    std::uint64_t preview_seq = 0;
    std::vector<std::byte> newest{};  ///< row that the next preview shows; empty: nothing new
    std::string info_message{};
    bool info_wanted = false, preview_info_wanted = false;
  };
  void send(Topic& topic);
  void send_rows(const std::string& name, const Topic& topic, std::uint64_t seq, TimeNs first_t, std::uint32_t count,
                 std::span<const std::byte> rows, TimeNs age);
  void send_previews();
  void send_info(const std::string& name, const Topic& topic);
  void send_session();
  void send_status();
  void flush();
  void publish(std::span<const Sample> samples);
  void shut() noexcept;
  void watch_peers();
  void take_subscriptions();
  bool take_subscription(std::string_view text);
  void answer_subscriptions(std::chrono::steady_clock::time_point now);

  FeedSettings settings_;
  zmq::context_t context_{1};
  std::optional<KeyGate> gate_;
  Connections connections_;
  zmq::socket_t socket_;  // gone before its gate
  std::vector<Topic> topics_;
  std::string session_info_, session_id_;
  FeedStatus status_;
  TimeNs session_start_ = 0;
  std::chrono::steady_clock::time_point next_flush_{}, next_answer_{}, next_preview_{}, next_status_{};
  std::size_t longest_name_ = 0;
  AgeStatistics fast_age_, batched_age_;
  bool any_fast_ = false, any_data_ = false, session_wanted_ = false, status_wanted_ = false, status_asked_ = false,
       answer_wanted_ = false;
  Counter subscriptions_{"subscriptions", Counter::Kind::activity}, late_{"late_subscriptions"},
      messages_{"messages", Counter::Kind::activity}, bad_{"bad_subscriptions"};
};

}  // namespace grfd
