#include "daemon/engine.hpp"

#include <cstdio>

namespace grfd {
namespace {
// A device that stays away lets the grid wait for 100 ms; then that many frames of a dozen rows come at once, and the
// sinks are to be woken once for all of them.
constexpr std::size_t kRows = 2048;
}  // namespace

Engine::Engine(Pipeline& pipeline, StreamId commands_stream, StreamId ticks_stream, StreamId counters_stream,
               TimeNs session_start)
    : pipeline_(pipeline),
      commands_(commands_stream),
      ticks_(ticks_stream),
      counters_stream_(counters_stream),
      storage_(kRows),
      out_(storage_, &Engine::hand_on, this),
      next_tick_(session_start + kTick) {}

SampleRing& Engine::add_source(std::size_t capacity) {
  return *sources_.emplace_back(std::make_unique<SampleRing>(capacity));
}

void Engine::add_counter(std::string owner, const Counter& counter) {
  counters_.push_back({std::move(owner) + "." + counter.name, &counter});
}

void Engine::hand_on(void* self, std::span<const Sample> samples) noexcept {
  for (Outlet* outlet : static_cast<Engine*>(self)->outlets_) outlet->take(samples);
}

void Engine::take(Sample sample) noexcept {
  sample.order = order_++;
  if (sample.stream == commands_) {
    if (sample.part == 0) ++command_seq_;
    sample.seq = command_seq_ - 1;
    sample.t = sample.t_arrival;
  }
  pipeline_.step(sample, out_);
  if (++in_batch_ >= batch_) {
    out_.flush();
    in_batch_ = 0;
  }
}

void Engine::tick(TimeNs t) noexcept {
  Sample s;
  s.stream = ticks_;
  s.seq = tick_seq_++;
  s.t = s.t_arrival = t;
  set_value<std::int64_t>(s, 0, t);
  take(s);
  if (s.seq % 100 != 99) return;
  for (CounterLine& line : counters_) {
    const std::uint64_t value = line.counter->get();
    if (value == line.last || line.counter->kind == Counter::Kind::activity) continue;
    char text[160];
    std::snprintf(text, sizeof text, "%s {\"total\":%llu,\"new\":%llu}", line.name.c_str(),
                  static_cast<unsigned long long>(value), static_cast<unsigned long long>(value - line.last));
    line.last = value;
    Sample header;
    header.stream = counters_stream_;
    header.seq = counter_seq_++;
    header.t = header.t_arrival = t;
    header.order = order_++;
    push_text(out_, header, text);
  }
}

void Engine::wait(TimeNs now) noexcept {
  doorbell_.wait(next_tick_ - now, [this] {
    for (const auto& ring : sources_)
      if (ring->front()) return true;
    return false;
  });
}

void Engine::poll(TimeNs now, std::size_t batch) noexcept {
  batch_ = batch;
  for (;;) {
    SampleRing* earliest = nullptr;
    TimeNs arrival = std::min(now, next_tick_ - 1);  // what arrived at the tick's instant comes after it
    for (const auto& ring : sources_)
      if (const Sample* s = ring->front(); s && s->t_arrival <= arrival && (!earliest || s->t_arrival < arrival)) {
        earliest = ring.get();
        arrival = s->t_arrival;
      }
    if (earliest) {
      take(*earliest->front());
      earliest->drop_front();
    } else if (next_tick_ <= now) {
      tick(next_tick_);
      next_tick_ += kTick;
    } else {
      break;
    }
  }
  out_.flush();
  in_batch_ = 0;
}

}  // namespace grfd
