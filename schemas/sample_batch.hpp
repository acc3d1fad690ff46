// A fixed buffer that drivers and the pipeline write samples into; it never allocates.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>

#include "schemas/sample.hpp"

namespace grfd {

/// Collects samples in storage owned by the caller. When full it hands them to `flush` and starts again;
/// without a flush function further samples are dropped and counted in `overflow` (never silently).
/// Not thread-safe: used by one thread at a time.
class SampleBatch {
 public:
  using Flush = void (*)(void* context, std::span<const Sample>) noexcept;
  explicit SampleBatch(std::span<Sample> storage, Flush flush = nullptr, void* context = nullptr) noexcept
      : storage_(storage), flush_(flush), context_(context) {}

  /// A zeroed sample to fill in place. Valid until the next call.
  Sample& next() noexcept {
    Sample& s = place();
    // Not s = {}: all its bytes at once are cleared by a string instruction, which is slow to start.
    static_assert(sizeof(Sample) == 112, "all fields are set here");
    s.seq = s.t_device = s.order = 0;
    s.t = s.t_arrival = 0;
    s.stream = kNoStream;
    s.flags = s.epoch = 0;
    s.part = 0;
    s.parts = 1;
    s.data = {};
    return s;
  }
  /// A copy of `like` to change in place; likewise.
  Sample& next(const Sample& like) noexcept { return place() = like; }
  void push(const Sample& sample) noexcept { place() = sample; }
  void flush() noexcept {
    if (flush_ && size_) flush_(context_, samples());
    if (flush_) size_ = 0;
  }
  void clear() noexcept { size_ = 0; }
  std::span<const Sample> samples() const noexcept { return storage_.first(size_); }
  std::span<Sample> samples() noexcept { return storage_.first(size_); }
  std::size_t size() const noexcept { return size_; }
  std::uint64_t overflow() const noexcept { return overflow_; }

 private:
  Sample& place() noexcept {
    if (size_ == storage_.size()) make_room();
    return storage_[size_++];
  }
  void make_room() noexcept {
    if (flush_) return flush();
    ++overflow_;
    --size_;  // overwrite the last one: the count tells
  }
  std::span<Sample> storage_;
  Flush flush_;
  void* context_;
  std::size_t size_ = 0;
  std::uint64_t overflow_ = 0;
};

/// A batch with its own storage.
template <std::size_t N>
class FixedBatch : public SampleBatch {
 public:
  explicit FixedBatch(Flush flush = nullptr, void* context = nullptr) noexcept
      : SampleBatch(storage_, flush, context) {}
  FixedBatch(const FixedBatch&) = delete;
  FixedBatch& operator=(const FixedBatch&) = delete;

 private:
  std::array<Sample, N> storage_;
};

/// Writes one text row ("name {json}", see StreamInfo) as as many parts as it needs. Longer than 255 parts is cut and
/// flagged. The header's stream, seq, t, t_arrival and epoch are used for every part.
inline void push_text(SampleBatch& out, const Sample& header, std::string_view what) noexcept {
  constexpr std::size_t kPart = sizeof(Sample::data);
  std::uint16_t flags = header.flags;
  if (what.size() > 255 * kPart) {
    what = what.substr(0, 255 * kPart);
    flags |= kTruncated;
  }
  const std::size_t parts = std::max<std::size_t>(1, (what.size() + kPart - 1) / kPart);
  for (std::size_t i = 0; i < parts; ++i) {
    Sample& s = out.next();
    s = header;
    s.flags = flags;
    s.part = static_cast<std::uint8_t>(i);
    s.parts = static_cast<std::uint8_t>(parts);
    s.data = {};
    const auto piece = what.substr(i * kPart, kPart);
    std::memcpy(s.data.data(), piece.data(), piece.size());
  }
}

}  // namespace grfd
