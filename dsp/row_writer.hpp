// Results as samples: one row of a stream from doubles, one row of text from a format.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <initializer_list>

#include "dsp/frame.hpp"
#include "schemas/sample_batch.hpp"
#include "schemas/stream.hpp"

namespace grfd {

/// When and in which order a result belongs. Taken from the frame, or from the sample that caused it.
struct RowTime {
  TimeNs t = 0, t_arrival = 0;
  std::uint64_t order = 0;
  std::uint16_t flags = 0;
};
inline RowTime row_time(const Frame& frame, std::uint16_t flags = 0) {
  return {frame.t, frame.t_arrival, frame.order, flags};
}

inline RowTime row_time(const Sample& s) { return {s.t, s.t_arrival, s.order, 0}; }

/// Writes numeric rows of one stream, in the stream's type, as as many parts as they need.
class RowWriter {
 public:
  RowWriter() = default;
  RowWriter(StreamId id, const StreamInfo& info)
      : id_(id), type_(info.type), columns_(info.columns.size()), parts_(info.parts()) {
    for (const Column& c : info.columns) optional_.push_back(c.optional);
  }
  StreamId id() const { return id_; }

  /// `seq` is counted up. A NaN in any column that is not optional sets kInvalid. `values` has one entry per column.
  void write(SampleBatch& out, const RowTime& time, std::span<const double> values, std::uint64_t& seq) const noexcept {
    bool unknown_value = false;
    for (std::size_t i = 0; i < columns_; ++i) unknown_value |= std::isnan(values[i]) && !optional_[i];
    const auto flags = static_cast<std::uint16_t>(time.flags | (unknown_value ? kInvalid : 0));
    const std::size_t per_part = columns_per_part(type_);
    for (std::size_t part = 0; part < parts_; ++part) {
      Sample& s = out.next();
      s.stream = id_;
      s.seq = seq;
      s.t = time.t;
      s.t_arrival = time.t_arrival;
      s.order = time.order;
      s.flags = flags;
      s.part = static_cast<std::uint8_t>(part);
      s.parts = static_cast<std::uint8_t>(parts_);
      const std::size_t first = part * per_part;
      put(s, values.subspan(first, std::min(per_part, columns_ - first)));
    }
    ++seq;
  }
  void write(SampleBatch& out, const RowTime& time, std::initializer_list<double> values,
             std::uint64_t& seq) const noexcept {
    write(out, time, std::span<const double>(values.begin(), values.size()), seq);
  }

 private:
  void put(Sample& s, std::span<const double> values) const noexcept {
    switch (type_) {
      case ValueType::f32:
        return put_as<float>(s, values);
      case ValueType::f64:
        return put_as<double>(s, values);
      case ValueType::i32:
        return put_as<std::int32_t>(s, values);
      default:
        return put_as<std::int64_t>(s, values);
    }
  }
  template <class T>
  static void put_as(Sample& s, std::span<const double> values) noexcept {
    for (std::size_t i = 0; i < values.size(); ++i) set_value(s, i, static_cast<T>(values[i]));
  }
  StreamId id_ = kNoStream;
  ValueType type_ = ValueType::f32;
  std::size_t columns_ = 0, parts_ = 1;
  std::vector<bool> optional_;
};

/// Writes text rows "name {json}" of one stream.
class TextWriter {
 public:
  TextWriter() = default;
  explicit TextWriter(StreamId id) : id_(id) {}
  StreamId id() const { return id_; }

  __attribute__((format(printf, 5, 6))) void write(SampleBatch& out, const RowTime& time, std::uint64_t& seq,
                                                   const char* format, ...) const noexcept {
    char text[6144];
    std::va_list args;
    va_start(args, format);
    const int n = std::vsnprintf(text, sizeof text, format, args);
    va_end(args);
    Sample header;
    header.stream = id_;
    header.seq = seq++;
    header.t = time.t;
    header.t_arrival = time.t_arrival;
    header.order = time.order;
    header.flags = time.flags;
    if (n >= static_cast<int>(sizeof text)) header.flags |= kTruncated;
    push_text(
        out, header,
        {text, static_cast<std::size_t>(n < static_cast<int>(sizeof text) ? n : static_cast<int>(sizeof text) - 1)});
  }

 private:
  StreamId id_ = kNoStream;
};

/// A number for JSON: null when it is not finite.
struct JsonNumber {
  char text[32];
  explicit JsonNumber(double v) {
    if (std::isfinite(v))
      std::snprintf(text, sizeof text, "%.9g", v);
    else
      std::snprintf(text, sizeof text, "null");
  }
};

}  // namespace grfd
