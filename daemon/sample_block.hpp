// Samples as bytes of a journal block: only the columns that exist, headers as small differences.
#pragma once
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include "schemas/sample.hpp"
#include "schemas/stream.hpp"

namespace grfd {

namespace detail {
/// What the next sample of a stream is predicted from; all zero (t: the block's) at the start of each block.
struct Previous {
  std::uint64_t seq = 0, t = 0, t_arrival = 0, t_device = 0;
  std::uint16_t epoch = 0;
  bool fresh = true;
};
/// Bytes of `data` that a part of this stream uses.
std::size_t used_bytes(const StreamInfo& info, const Sample& s);
}  // namespace detail

/// Collects samples into the payload of one block. A block can be read without those before it.
class SampleBlockEncoder {
 public:
  explicit SampleBlockEncoder(const StreamTable& streams);
  /// The sample's stream must be in the table.
  void add(const Sample& s);
  /// Valid until `add` or `clear`.
  std::span<const std::byte> payload();
  void clear();
  std::size_t size() const { return bytes_.size(); }
  std::uint32_t count() const { return count_; }
  /// Samples of each stream in this block.
  const std::vector<std::uint32_t>& per_stream() const { return per_stream_; }

 private:
  const StreamTable* streams_;
  std::vector<std::byte> bytes_;
  std::vector<detail::Previous> previous_;
  std::vector<std::uint32_t> per_stream_;
  std::uint64_t order_ = 0;
  std::uint32_t count_ = 0;
};

/// Not a block of samples of these streams.
struct MalformedBlock : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Gives the samples of one block back, bit by bit as they were (unused bytes of `data` are zero).
class SampleBlockDecoder {
 public:
  explicit SampleBlockDecoder(const StreamTable& streams);
  /// @throws MalformedBlock
  void start(std::span<const std::byte> payload);
  /// @return false at the end. @throws MalformedBlock
  bool next(Sample& s);

 private:
  std::uint64_t varint();
  std::uint8_t byte();
  const StreamTable* streams_;
  std::vector<detail::Previous> previous_;
  std::span<const std::byte> rest_;
  std::uint64_t order_ = 0;
  std::uint32_t left_ = 0;
};

}  // namespace grfd
