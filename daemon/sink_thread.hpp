// One sink on its own thread, behind its own ring: a slow or broken sink costs the others nothing.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "daemon/doorbell.hpp"
#include "daemon/outlet.hpp"
#include "daemon/ring.hpp"
#include "daemon/sink.hpp"
#include "schemas/counter.hpp"
#include "schemas/sample_batch.hpp"

namespace grfd {

class SinkThread final : public Outlet {
 public:
  /// @param session its streams must not change any more
  /// @param gaps_stream where rows that did not fit into the ring are reported per stream, before the stream goes on;
  /// this
  ///        sink's rows of it are renumbered so that they follow each other
  /// @param on_failure called on the sink's thread with the reason when the sink threw; it gets nothing more, and what
  /// it
  ///        would have got is counted as dropped
  SinkThread(std::unique_ptr<Sink> sink, const Session& session, std::size_t ring_samples, StreamId gaps_stream,
             std::function<void(const std::string&)> on_failure);
  ~SinkThread() override;  ///< hands on what is in the ring, closes the sink, joins
  SinkThread(const SinkThread&) = delete;

  void start();
  void take(std::span<const Sample> samples) noexcept override;
  const Counter& dropped() const { return dropped_; }  ///< samples (parts of rows) that the sink never saw
  std::size_t backlog() const { return ring_.size(); }
  const Sink& sink() const { return *sink_; }

 private:
  struct Loss {
    std::uint64_t rows = 0;  ///< lost and not reported yet
    bool cut = false;        ///< the row that is coming lost a part: the rest of it is of no use
    bool flag = false;       ///< the next row gets kGapBefore
  };
  void run();
  void failed(const char* why);
  std::size_t push(std::span<const Sample> samples) noexcept;
  std::size_t push_marked(std::span<const Sample> samples) noexcept;
  void lose(std::span<const Sample> samples) noexcept;
  bool report(const Sample& next) noexcept;
  void write_gap(SampleBatch& out, StreamId stream, const Sample& next) noexcept;

  std::unique_ptr<Sink> sink_;
  const Session& session_;
  SpscRing<Sample> ring_;
  StreamId gaps_;
  std::function<void(const std::string&)> on_failure_;
  Counter dropped_{"dropped_samples"};
  std::vector<Loss> loss_;  ///< per stream
  Sample newest_;           ///< the last one that was offered
  bool losing_ = false;     ///< some stream has unreported rows
  bool abandoned_ = false;  ///< the rest of a failed sink is counted
  std::uint64_t next_gap_seq_ = 0, reports_ = 0;
  Doorbell doorbell_;
  std::atomic<bool> stop_{false}, failed_{false};
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
