// Random secrets and their digests.
#pragma once
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

namespace grfd::monitor {

inline std::string hex(const unsigned char* bytes, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    out += "0123456789abcdef"[bytes[i] >> 4];
    out += "0123456789abcdef"[bytes[i] & 15];
  }
  return out;
}

/// 160 random bits as 40 hexadecimal digits. @throws std::runtime_error when the machine has no randomness.
inline std::string new_secret() {
  std::array<unsigned char, 20> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw std::runtime_error("no randomness for a secret");
  return hex(bytes.data(), bytes.size());
}

/// SHA-256, hexadecimal. Only digests are kept and compared: the time of a comparison tells nothing about a secret.
inline std::string digest(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), bytes.data(), &size, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("SHA-256 failed");
  return hex(bytes.data(), size);
}

}  // namespace grfd::monitor
