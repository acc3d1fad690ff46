// One sink on its own thread, behind its own ring: a slow or broken sink costs the others nothing.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "daemon/outlet.hpp"
#include "daemon/ring.hpp"
#include "daemon/sink.hpp"
#include "schemas/counter.hpp"

namespace grfd {

class SinkThread final : public Outlet {
 public:
  /// @param gaps_stream where samples that did not fit into the ring are reported, in this sink's own order
  /// @param on_failure called on the sink's thread with the reason when the sink threw; it gets nothing more
  SinkThread(std::unique_ptr<Sink> sink, const Session& session, std::size_t ring_samples, StreamId gaps_stream,
             std::function<void(const std::string&)> on_failure);
  ~SinkThread() override;  ///< hands on what is in the ring, closes the sink, joins
  SinkThread(const SinkThread&) = delete;

  void start();
  void take(std::span<const Sample> samples) noexcept override;
  const Counter& dropped() const { return dropped_; }
  std::size_t backlog() const { return ring_.size(); }
  const Sink& sink() const { return *sink_; }

 private:
  void run();

  std::unique_ptr<Sink> sink_;
  const Session& session_;
  SpscRing<Sample> ring_;
  StreamId gaps_;
  std::function<void(const std::string&)> on_failure_;
  Counter dropped_{"dropped_samples"};
  std::uint64_t unreported_ = 0, gap_seq_ = 0;
  int doorbell_;
  std::atomic<bool> stop_{false};
  std::thread thread_;  // last: it uses everything above
};

/// The same sink without a thread, for virtual time: nothing is ever dropped, the caller waits.
class InlineSink final : public Outlet {
 public:
  InlineSink(std::unique_ptr<Sink> sink, const Session& session);
  ~InlineSink() override;
  void take(std::span<const Sample> samples) noexcept override;
  void close();
  void rethrow() const;  ///< the first failure of the sink, if any

 private:
  std::unique_ptr<Sink> sink_;
  std::exception_ptr failure_;
};

}  // namespace grfd
