// The one thing that flows through grfd: a sample of a named stream.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace grfd {

using TimeNs = std::int64_t;     ///< nanoseconds of the lab clock (CLOCK_MONOTONIC, or virtual time in a simulation)
using StreamId = std::uint16_t;  ///< index into the StreamTable of the session
inline constexpr StreamId kNoStream = 0xffff;

constexpr double seconds(TimeNs t) { return static_cast<double>(t) * 1e-9; }

/// Bits 0-7 mean the same on every stream; bits 8-15 are named by StreamInfo::flag_names.
enum Flag : std::uint16_t {
  kGapBefore = 1 << 0,       ///< samples were lost before this one; the gaps stream says how many and why
  kBridged = 1 << 1,         ///< interpolated linearly over a short gap
  kClipped = 1 << 2,         ///< a channel was within two codes of full scale for three samples
  kInvalid = 1 << 3,         ///< at least one column is NaN because its value is unknown (Column::optional: or none)
  kInferredSeq = 1 << 4,     ///< the device does not count; seq was inferred
  kClockUnsettled = 1 << 5,  ///< the clock line has less than 20 s of data
  kNewEpoch = 1 << 6,        ///< first sample after the device restarted its counter, or its clock stepped
  kTruncated = 1 << 7,       ///< text was cut
};

/// Fixed size and trivially copyable, so that it passes through rings and journals by memcpy.
struct Sample {
  std::uint64_t seq = 0;       ///< per stream, from the device where it counts; a hole is a loss
  TimeNs t = 0;                ///< lab clock; 0 until the pipeline has mapped the device's clock
  TimeNs t_arrival = 0;        ///< when the host received it
  std::uint64_t t_device = 0;  ///< the device's own counter, unwrapped (unit: StreamInfo::clock_unit)
  std::uint64_t order = 0;     ///< given by the dsp thread when it takes the sample
  StreamId stream = kNoStream;
  std::uint16_t flags = 0;
  std::uint8_t part = 0, parts = 1;  ///< a row wider than 64 bytes is several samples with one seq
  std::uint16_t epoch = 0;  ///< counts restarts of the device's counter; from the pipeline on steps of its clock, too
  alignas(8) std::array<std::byte, 64> data{};  ///< 16 f32 or i32, 8 f64 or i64, or 64 bytes of UTF-8
};
static_assert(sizeof(Sample) == 112 && std::is_trivially_copyable_v<Sample>);

/// Value of a column inside this part (0-based in the part). T must be the stream's type.
template <class T>
T value(const Sample& s, std::size_t column) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  T v;
  std::memcpy(&v, s.data.data() + column * sizeof(T), sizeof(T));
  return v;
}
template <class T>
void set_value(Sample& s, std::size_t column, T v) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  std::memcpy(s.data.data() + column * sizeof(T), &v, sizeof(T));
}
/// The text of this part; zero bytes at the end are padding.
inline std::string_view text(const Sample& s) {
  const char* p = reinterpret_cast<const char*>(s.data.data());
  return {p, strnlen(p, s.data.size())};
}

}  // namespace grfd
