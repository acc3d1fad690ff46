#include "drivers/emulation/c3d.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

namespace grfd {
namespace {
constexpr std::size_t kBlock = 512;
}  // namespace

C3dFile C3dFile::read(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  const auto size = in ? static_cast<std::streamoff>(in.tellg()) : -1;
  if (size < 0) throw C3dError(path, 0, "cannot be opened; a readable C3D file is needed");
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  in.seekg(0);
  if (!in.read(reinterpret_cast<char*>(bytes.data()), size) && size > 0)
    throw C3dError(path, static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)), "cannot be read further");
  return C3dFile(std::move(bytes), path);
}

C3dFile::C3dFile(std::vector<std::byte> bytes, std::string name) : bytes_(std::move(bytes)), name_(std::move(name)) {
  if (bytes_.size() < kBlock) fail(bytes_.size(), "the file ends in its header; a C3D header has 512 bytes");
  if (u8(1) != 0x50) fail(1, "holds " + std::to_string(u8(1)) + "; a C3D file has 80 here");
  read_parameters();
  read_layout();
}

std::uint8_t C3dFile::u8(std::size_t at) const {
  if (at >= bytes_.size()) fail(bytes_.size(), "the file ends here; byte " + std::to_string(at) + " is needed");
  return static_cast<std::uint8_t>(bytes_[at]);
}

std::uint16_t C3dFile::u16(std::size_t at) const {
  const unsigned a = u8(at), b = u8(at + 1);
  return static_cast<std::uint16_t>(processor_ == Processor::sgi ? a << 8 | b : b << 8 | a);
}

double C3dFile::real(std::size_t at) const {
  const std::uint32_t first = u16(at), second = u16(at + 2);
  if (processor_ == Processor::dec) {  // F_floating: sign, exponent - 128, hidden bit 0.1; the high word comes first
    const std::uint32_t w = first << 16 | second, exponent = w >> 23 & 255, mantissa = w & 0x7fffff;
    if (exponent == 0) return 0;
    const double v = std::ldexp(static_cast<double>(mantissa | 0x800000u), static_cast<int>(exponent) - 128 - 24);
    return w >> 31 ? -v : v;
  }
  return std::bit_cast<float>(processor_ == Processor::sgi ? first << 16 | second : second << 16 | first);
}

void C3dFile::read_layout() {
  points_ = u16(2);
  const std::size_t analogue = u16(4);
  per_frame_ = u16(18);
  if (analogue == 0 || per_frame_ == 0)
    fail(4, "the file has no analogue channels; a recording of force plates has at least 6");
  if (analogue % per_frame_ != 0)
    fail(4, std::to_string(analogue) + " analogue values per frame do not divide into the " +
                std::to_string(per_frame_) + " samples per frame of byte 18");
  channels_ = analogue / per_frame_;

  double scale = real(12);
  if (scale == 0 || !std::isfinite(scale)) scale = number("POINT", "SCALE", 0);
  if (scale == 0 || !std::isfinite(scale))
    fail(12, "the point scale is 0; it is negative for real data, positive for integers");
  real_data_ = scale < 0;
  for (const std::string& word : words("ANALOG", "FORMAT")) unsigned_data_ = unsigned_data_ || word == "UNSIGNED";

  std::size_t block = u16(16);
  if (block == 0) {
    double start = number("POINT", "DATA_START", 0);
    if (start < 0) start += 65536;
    if (start >= 2 && start < 65536) block = static_cast<std::size_t>(start);
  }
  if (block < 2)
    fail(16, "the data start in block " + std::to_string(block) + "; they come after the header, in block 2 or later");
  data_start_ = (block - 1) * kBlock;
  if (data_start_ >= bytes_.size())
    fail(bytes_.size(), "the file ends here; its data start at byte " + std::to_string(data_start_));

  frame_bytes_ = (points_ * 4 + analogue) * (real_data_ ? 4 : 2);
  const std::size_t available = (bytes_.size() - data_start_) / frame_bytes_;
  const std::size_t frames = frame_count(available);
  if (frames == 0) fail(6, "the file has no frames; a recording has at least one");
  if (frames > available)
    fail(bytes_.size(), "the file ends in frame " + std::to_string(available + 1) + " of " + std::to_string(frames) +
                            "; it should have " + std::to_string(data_start_ + frames * frame_bytes_) + " bytes");
  samples_ = frames * per_frame_;

  const double point_rate = number("POINT", "RATE", real(20));
  rate_hz_ = number("ANALOG", "RATE", 0);
  if (!(rate_hz_ > 0)) rate_hz_ = point_rate * static_cast<double>(per_frame_);
  if (!(rate_hz_ > 0 && rate_hz_ <= 1e6))
    fail(20,
         "the sampling rate of the analogue channels is not known; POINT:RATE or ANALOG:RATE must be in Hz, above 0");
}

/// The header counts to 65535 only; longer files say more in TRIAL or POINT.
std::size_t C3dFile::frame_count(std::size_t available) const {
  const auto words32 = [&](const char* name) -> double {
    const auto v = numbers("TRIAL", name);
    if (v.size() < 2) return 0;
    return (v[0] < 0 ? v[0] + 65536 : v[0]) + 65536 * (v[1] < 0 ? v[1] + 65536 : v[1]);
  };
  const double first = words32("ACTUAL_START_FIELD"), last = words32("ACTUAL_END_FIELD");
  if (first > 0 && last >= first && last < 1e12) return static_cast<std::size_t>(last - first) + 1;
  const std::size_t from = u16(6), to = u16(8);
  if (to != 65535) {
    if (to < from) fail(8, "the last frame is " + std::to_string(to) + ", before the first, " + std::to_string(from));
    return to - from + 1;
  }
  const double longer = number("POINT", "LONG_FRAMES", 0);
  if (longer >= 1 && longer < 1e12) return static_cast<std::size_t>(longer);
  return available;
}

std::vector<double> C3dFile::channel(std::size_t channel) const {
  if (channel >= channels_)
    fail(4, "there is no channel " + std::to_string(channel + 1) + "; the file has " + std::to_string(channels_));
  // Files with more than 255 channels go on in SCALE2, OFFSET2, ...
  const auto entry = [&](std::string name, double otherwise) {
    std::size_t index = channel;
    for (int part = 1;; ++part) {
      const auto v = numbers("ANALOG", part == 1 ? name : name + std::to_string(part));
      if (v.empty()) return otherwise;
      if (index < v.size()) return v[index];
      index -= v.size();
    }
  };
  const double scale = entry("SCALE", 1), general = number("ANALOG", "GEN_SCALE", 1);
  double zero = entry("OFFSET", 0);
  if (unsigned_data_ && zero < 0) zero += 65536;

  std::vector<double> out;
  out.reserve(samples_);
  const std::size_t width = real_data_ ? 4 : 2;
  for (std::size_t frame = 0; frame < samples_ / per_frame_; ++frame) {
    std::size_t at = data_start_ + frame * frame_bytes_ + (points_ * 4 + channel) * width;
    for (std::size_t k = 0; k < per_frame_; ++k, at += channels_ * width) {
      const double raw = real_data_ ? real(at) : unsigned_data_ ? u16(at) : i16(at);
      const double v = (raw - zero) * scale * general;
      if (!std::isfinite(v))
        fail(at, "channel " + std::to_string(channel + 1) + " of frame " + std::to_string(frame + 1) +
                     " is no finite number; every sample of a plate must be one");
      out.push_back(v);
    }
  }
  return out;
}

}  // namespace grfd
