#include "daemon/sink_thread.hpp"

#include <pthread.h>

#include <cstdio>

#include "daemon/signals_blocked.hpp"

namespace grfd {
namespace {
constexpr TimeNs kSleep = 10'000'000;  // sinks have timers of their own
}

SinkThread::SinkThread(std::unique_ptr<Sink> sink, const Session& session, std::size_t ring_samples,
                       StreamId gaps_stream, std::function<void(const std::string&)> on_failure)
    : sink_(std::move(sink)),
      session_(session),
      ring_(ring_samples),
      gaps_(gaps_stream),
      on_failure_(std::move(on_failure)),
      loss_(session.streams.size()) {}

SinkThread::~SinkThread() {
  stop_.store(true, std::memory_order_release);
  doorbell_.wake();
  if (thread_.joinable()) thread_.join();
}

void SinkThread::start() {
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

void SinkThread::take(std::span<const Sample> samples) noexcept {
  if (samples.empty()) return;
  newest_ = samples.back();
  const bool failed = failed_.load(std::memory_order_acquire);
  if (failed && !abandoned_) {  // what the sink left in its ring
    abandoned_ = true;
    dropped_ += ring_.size();
  }
  const bool ready = !failed && (!losing_ || report(samples.front()));
  const std::size_t pushed = ready ? push(samples) : 0;
  lose(samples.subspan(pushed));
  if (pushed > 0) doorbell_.ring();
}

std::size_t SinkThread::push(std::span<const Sample> samples) noexcept {
  if (reports_ > 0) return push_marked(samples);
  const std::size_t pushed = ring_.push(samples);
  for (const Sample& s : samples.first(pushed))
    if (s.stream == gaps_) next_gap_seq_ = s.seq + 1;
  return pushed;
}

/// After a loss: rows of which a part is missing are left out, the next row of a stream is flagged, gaps are
/// renumbered.
std::size_t SinkThread::push_marked(std::span<const Sample> samples) noexcept {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    Sample s = samples[i];
    Loss& loss = loss_[s.stream];
    if (loss.cut && s.part != 0) {
      ++dropped_;
      loss.cut = s.part + 1 < s.parts;
      continue;
    }
    if (loss.flag) s.flags |= kGapBefore;
    if (s.stream == gaps_) {
      next_gap_seq_ = s.seq + 1;
      s.seq += reports_;
    }
    if (!ring_.push(s)) return i;
    loss.cut = loss.flag = false;
  }
  return samples.size();
}

void SinkThread::lose(std::span<const Sample> samples) noexcept {
  for (const Sample& s : samples) {
    Loss& loss = loss_[s.stream];
    if (s.part == 0 || !loss.cut) ++loss.rows;
    loss.cut = s.part + 1 < s.parts;
    loss.flag = losing_ = true;
  }
  dropped_ += samples.size();
}

/// Says what this sink missed before it gets anything new. Waits for half a ring of room, so that a sink that is always
/// too slow gets more data than reports. @return false while there is none
bool SinkThread::report(const Sample& next) noexcept {
  if (ring_.size() > ring_.capacity() / 2) return false;
  for (std::size_t i = 0; i < loss_.size(); ++i) {
    if (loss_[i].rows == 0) continue;
    FixedBatch<4> rows;
    write_gap(rows, static_cast<StreamId>(i), next);
    if (ring_.capacity() - ring_.size() < rows.size()) return false;
    ring_.push(rows.samples());
    loss_[i].rows = 0;
    ++reports_;
  }
  losing_ = false;
  return true;
}

void SinkThread::write_gap(SampleBatch& out, StreamId stream, const Sample& next) noexcept {
  char text[240];
  std::snprintf(
      text, sizeof text, "lost {\"stream\":\"%.100s\",\"cause\":\"sink_ring_full\",\"sink\":\"%.20s\",\"count\":%llu}",
      session_.streams[stream].name.c_str(), sink_->name(), static_cast<unsigned long long>(loss_[stream].rows));
  Sample header;
  header.stream = gaps_;
  header.seq = next_gap_seq_ + reports_;
  header.t = header.t_arrival = next.t_arrival;
  header.order = next.order;
  push_text(out, header, text);
}

void SinkThread::run() {
  pthread_setname_np(pthread_self(), sink_->name());
  try {
    std::vector<Sample> batch(1024);
    sink_->open(session_);
    for (;;) {
      const bool last = stop_.load(std::memory_order_acquire);
      const std::size_t n = ring_.pop(batch);
      sink_->write(std::span<const Sample>(batch).first(n));
      if (n == batch.size()) continue;
      if (!last) {
        doorbell_.wait(kSleep, [this] { return ring_.size() > 0; });
        continue;
      }
      if (n > 0) continue;
      for (std::size_t i = 0; i < loss_.size(); ++i) {  // nobody pushes any more
        if (loss_[i].rows == 0) continue;
        FixedBatch<4> rows;
        write_gap(rows, static_cast<StreamId>(i), newest_);
        ++reports_;
        sink_->write(rows.samples());
      }
      break;
    }
    sink_->close();
  } catch (const std::exception& e) { failed(e.what()); } catch (...) {
    failed("unknown exception");
  }
}

void SinkThread::failed(const char* why) {
  failed_.store(true, std::memory_order_release);
  on_failure_(std::string(sink_->name()) + ": " + why);
}

InlineSink::InlineSink(std::unique_ptr<Sink> sink, const Session& session) : sink_(std::move(sink)) {
  sink_->open(session);
}
InlineSink::~InlineSink() = default;
void InlineSink::take(std::span<const Sample> samples) noexcept {
  if (failure_) return;
  try {
    sink_->write(samples);
  } catch (...) { failure_ = std::current_exception(); }
}
void InlineSink::close() {
  if (!failure_) sink_->close();
}
void InlineSink::rethrow() const {
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace grfd
