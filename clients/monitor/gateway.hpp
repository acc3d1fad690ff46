// Joins feed, control, pairing and pages. One thread; `tick` runs every few milliseconds and never waits.
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <zmq.hpp>

#include "clients/keys.hpp"
#include "clients/monitor/board.hpp"
#include "clients/monitor/control_client.hpp"
#include "clients/monitor/pairing.hpp"

namespace grfd::monitor {

using Text = std::shared_ptr<const std::string>;  // one message for many pages

/// A page as the gateway sees it.
class Page {
 public:
  virtual ~Page() = default;
  virtual void send(const Text& message) = 0;  ///< every one arrives, in order, or the page is closed
  virtual bool ready() const = 0;              ///< nothing is waiting to be sent: a frame may go
  virtual void send_frame(std::string frame) = 0;
  virtual void dismiss() = 0;  ///< it lost its right: the connection ends; it may come again with what it still has

  Grant grant;
  std::int64_t next_slot = 0;
  std::uint32_t frames = 0;
  std::chrono::steady_clock::time_point last_frame{};
};

/// Counters of what was rejected or lost at the gateway.
struct GatewayCounters {
  std::uint64_t bad_requests = 0, wrong_origin = 0, refused_pages = 0, bad_messages = 0, slow_pages_closed = 0,
                too_many_pages = 0;
};

/// The feed may be plain where the commands ask for keys, and the other way round.
struct GatewayKeys {
  keys::ClientKeys feed, control;
};

class Gateway {
 public:
  using Clock = std::chrono::steady_clock;
  Gateway(zmq::context_t& context, const std::string& feed, const std::string& control, Pairing& pairing,
          bool open_to_view, const GatewayKeys& keys = {});

  void tick(Clock::time_point now);

  /// The first message of a page. @return false: refused, `answer` says why; nothing else may be sent to it.
  bool admit(Page& page, const std::string& message, std::string& answer);
  void join(const std::shared_ptr<Page>& page);
  void leave(const std::shared_ptr<Page>& page) { pages_.erase(page); }
  /// A command of a page that was admitted. Garbage is answered with one error.
  void command(const std::shared_ptr<Page>& page, const std::string& message);

  GatewayCounters& counters() { return counters_; }
  std::size_t pages() const { return pages_.size(); }
  const Board& board() const { return board_; }

 private:
  void drain_feed(Clock::time_point now);
  void poll_status(Clock::time_point now);
  void send_frames(Clock::time_point now);
  void broadcast(const Json& message);
  void note_age(double message_ms);
  float age_ms(Clock::time_point now) const;
  Json status_message(const Json& reply) const;

  zmq::socket_t feed_;
  ControlClient control_;
  Pairing& pairing_;
  bool open_to_view_;
  Board board_;
  FeedDecoder decoder_;
  std::set<std::shared_ptr<Page>> pages_;
  GatewayCounters counters_;
  Clock::time_point now_{}, next_status_{};
  Clock::time_point newest_{};  // when the newest row of the grid left the plate, as far as we know
  std::int64_t newest_slot_ = 0, row_ns_ = 0;
  bool status_asked_ = false;
  Text last_status_;
};

std::int64_t utc_s();

}  // namespace grfd::monitor
