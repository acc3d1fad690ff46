#include "daemon/sink_thread.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdio>
#include <system_error>
#include <vector>

#include "schemas/sample_batch.hpp"

namespace grfd {

SinkThread::SinkThread(std::unique_ptr<Sink> sink, const Session& session, std::size_t ring_samples,
                       StreamId gaps_stream, std::function<void(const std::string&)> on_failure)
    : sink_(std::move(sink)), session_(session), ring_(ring_samples), gaps_(gaps_stream),
      on_failure_(std::move(on_failure)), doorbell_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (doorbell_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

SinkThread::~SinkThread() {
  stop_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  (void)!write(doorbell_, &one, sizeof one);
  if (thread_.joinable()) thread_.join();
  close(doorbell_);
}

void SinkThread::start() { thread_ = std::thread([this] { run(); }); }

void SinkThread::take(std::span<const Sample> samples) noexcept {
  const bool was_empty = ring_.size() == 0;
  if (unreported_ > 0) {  // say what this sink missed before it gets anything new
    char text[160];
    std::snprintf(text, sizeof text, "lost {\"sink\":\"%s\",\"cause\":\"sink_ring_full\",\"count\":%llu}", sink_->name(),
                  static_cast<unsigned long long>(unreported_));
    FixedBatch<3> report;
    Sample header;
    header.stream = gaps_;
    header.seq = ++gap_seq_ + (1ull << 48);  // apart from the pipeline's own numbering of this stream
    header.t = header.t_arrival = samples.empty() ? 0 : samples.front().t_arrival;
    push_text(report, header, text);
    if (ring_.capacity() - ring_.size() > report.size() + samples.size()) {
      ring_.push(report.samples());
      unreported_ = 0;
    }
  }
  std::size_t pushed = unreported_ > 0 ? 0 : ring_.push(samples);
  if (pushed < samples.size()) {
    unreported_ += samples.size() - pushed;
    dropped_ += samples.size() - pushed;
  }
  if (was_empty && pushed > 0) {
    const std::uint64_t one = 1;
    (void)!write(doorbell_, &one, sizeof one);
  }
}

void SinkThread::run() {
  pthread_setname_np(pthread_self(), sink_->name());
  std::vector<Sample> batch(1024);
  try {
    sink_->open(session_);
    for (;;) {
      const bool last = stop_.load(std::memory_order_acquire);
      const std::size_t n = ring_.pop(batch);
      sink_->write(std::span<const Sample>(batch).first(n));
      if (n == batch.size()) continue;
      if (last && n == 0) break;
      if (last) continue;
      pollfd p{doorbell_, POLLIN, 0};
      if (::poll(&p, 1, 10) > 0) {
        std::uint64_t rings;
        (void)!read(doorbell_, &rings, sizeof rings);
      }
    }
    sink_->close();
  } catch (const std::exception& e) {
    on_failure_(std::string(sink_->name()) + ": " + e.what());
    while (!stop_.load(std::memory_order_acquire)) {  // keep the ring from filling
      ring_.pop(batch);
      pollfd p{doorbell_, POLLIN, 0};
      ::poll(&p, 1, 10);
    }
  }
}

InlineSink::InlineSink(std::unique_ptr<Sink> sink, const Session& session) : sink_(std::move(sink)) {
  sink_->open(session);
}
InlineSink::~InlineSink() = default;
void InlineSink::take(std::span<const Sample> samples) noexcept {
  if (failure_) return;
  try {
    sink_->write(samples);
  } catch (...) {
    failure_ = std::current_exception();
  }
}
void InlineSink::close() { if (!failure_) sink_->close(); }
void InlineSink::rethrow() const { if (failure_) std::rethrow_exception(failure_); }

}  // namespace grfd
