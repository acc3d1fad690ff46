// CRC-32C (Castagnoli): the checksum of journal blocks and of columns on their way into the file.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace grfd {
namespace detail {
/// Table k advances the remainder of a byte by k further zero bytes, so that eight bytes can be folded at once.
constexpr std::array<std::array<std::uint32_t, 256>, 8> crc32c_tables() {
  constexpr std::uint32_t kReflected = 0x82f63b78u;
  std::array<std::array<std::uint32_t, 256>, 8> t{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t r = i;
    for (int bit = 0; bit < 8; ++bit) r = (r >> 1) ^ ((r & 1) ? kReflected : 0);
    t[0][i] = r;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::uint32_t i = 0; i < 256; ++i) t[k][i] = (t[k - 1][i] >> 8) ^ t[0][t[k - 1][i] & 0xff];
  return t;
}
inline constexpr auto kCrc32c = crc32c_tables();
}  // namespace detail

/// @param seed the result for the bytes before, 0 at the start: crc(a + b) == crc(b, crc(a)).
inline std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t seed = 0) noexcept {
  const auto& t = detail::kCrc32c;
  std::uint32_t r = ~seed;
  const std::byte* p = bytes.data();
  std::size_t n = bytes.size();
  for (; n >= 8; n -= 8, p += 8) {
    std::uint64_t v;
    std::memcpy(&v, p, 8);
    v ^= r;
    r = t[7][v & 0xff] ^ t[6][(v >> 8) & 0xff] ^ t[5][(v >> 16) & 0xff] ^ t[4][(v >> 24) & 0xff] ^
        t[3][(v >> 32) & 0xff] ^ t[2][(v >> 40) & 0xff] ^ t[1][(v >> 48) & 0xff] ^ t[0][v >> 56];
  }
  for (; n > 0; --n, ++p) r = (r >> 8) ^ t[0][(r ^ static_cast<std::uint32_t>(*p)) & 0xff];
  return ~r;
}

}  // namespace grfd
