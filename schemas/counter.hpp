// Named counters: nothing is lost or refused without one of these going up.
#pragma once
#include <atomic>
#include <cstdint>

namespace grfd {

/// Written by one thread, read by any. The name is a literal in lower case with underscores.
struct Counter {
  enum class Kind : std::uint8_t { trouble, activity };  ///< activity goes up when all is well: shown, not reported
  const char* name;
  Kind kind;
  std::atomic<std::uint64_t> value{0};
  explicit Counter(const char* n, Kind k = Kind::trouble) : name(n), kind(k) {}
  void operator+=(std::uint64_t n) noexcept {
    value.store(value.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void operator++() noexcept { *this += 1; }
  std::uint64_t get() const noexcept { return value.load(std::memory_order_relaxed); }
};

}  // namespace grfd
