#include "daemon/sinks/status_sink.hpp"

#include <limits>

namespace grfd {
namespace {
void to_doubles(const Row& row, const StreamInfo& info, std::vector<double>& out) {
  out.resize(info.columns.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::byte* p = row.bytes.data() + i * value_size(info.type);
    switch (info.type) {
      case ValueType::f32: {
        float v;
        std::memcpy(&v, p, 4);
        out[i] = v;
        break;
      }
      case ValueType::i32: {
        std::int32_t v;
        std::memcpy(&v, p, 4);
        out[i] = v;
        break;
      }
      case ValueType::f64: {
        double v;
        std::memcpy(&v, p, 8);
        out[i] = v;
        break;
      }
      default: {
        std::int64_t v;
        std::memcpy(&v, p, 8);
        out[i] = static_cast<double>(v);
        break;
      }
    }
  }
}
}  // namespace

void StatusSink::open(const Session& session) {
  session_ = &session;
  for (const StreamInfo& info : session.streams) joiners_.emplace_back(info);
  next_seq_.assign(session.streams.size(), 0);
  const std::lock_guard lock(mutex_);
  streams_.resize(session.streams.size());
}

void StatusSink::write(std::span<const Sample> samples) {
  std::vector<Event> events;
  {
    const std::lock_guard lock(mutex_);
    for (const Sample& s : samples) {
      if (!joiners_[s.stream].add(s)) continue;
      const Row& row = joiners_[s.stream].row();
      const StreamInfo& info = session_->streams[s.stream];
      StreamStatus& status = streams_[s.stream];
      if (status.rows > 0 && row.header.seq > next_seq_[s.stream])
        status.missing += row.header.seq - next_seq_[s.stream];
      next_seq_[s.stream] = row.header.seq + 1;
      ++status.rows;
      status.t_s =
          row.header.t == 0 ? std::numeric_limits<double>::quiet_NaN() : seconds(row.header.t - session_->start);
      if (info.type != ValueType::text) {
        to_doubles(row, info, status.newest);
        continue;
      }
      const std::string all(reinterpret_cast<const char*>(row.bytes.data()), row.bytes.size());
      const std::size_t space = all.find(' ');
      events.push_back(
          {info.name, all.substr(0, space), space == std::string::npos ? "{}" : all.substr(space + 1), status.t_s});
    }
  }
  for (Event& event : events) on_event_(std::move(event));
}

std::vector<StatusSink::StreamStatus> StatusSink::snapshot() const {
  const std::lock_guard lock(mutex_);
  return streams_;
}

}  // namespace grfd
