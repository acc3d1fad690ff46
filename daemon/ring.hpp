// Single-producer single-consumer ring: the only thing between two threads on the hot path.
#pragma once
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

namespace grfd {

/// Bounded, lock-free, wait-free. One thread pushes, one thread pops. Memory is taken in the constructor only.
/// Each side keeps a copy of the other side's index and reads the shared one only when the copy says full or empty.
template <class T>
class SpscRing {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  /// Holds at least `capacity` elements (rounded up to a power of two).
  explicit SpscRing(std::size_t capacity)
      : mask_(std::bit_ceil(capacity < 2 ? std::size_t{2} : capacity) - 1), slots_(new T[mask_ + 1]) {}

  /// Producer. Pushes as many of `items` as fit, in order. @return how many; the caller counts the rest
  std::size_t push(std::span<const T> items) noexcept {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    std::size_t room = mask_ + 1 - (tail - head_copy_);
    if (room < items.size()) {
      head_copy_ = head_.load(std::memory_order_acquire);
      room = mask_ + 1 - (tail - head_copy_);
    }
    const std::size_t n = items.size() < room ? items.size() : room;
    for (std::size_t i = 0; i < n; ++i) slots_[(tail + i) & mask_] = items[i];
    tail_.store(tail + n, std::memory_order_release);
    return n;
  }
  bool push(const T& item) noexcept { return push(std::span(&item, 1)) == 1; }

  /// Consumer. @return how many were popped into `out`
  std::size_t pop(std::span<T> out) noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (tail_copy_ - head < out.size()) tail_copy_ = tail_.load(std::memory_order_acquire);
    const std::size_t ready = tail_copy_ - head, n = out.size() < ready ? out.size() : ready;
    for (std::size_t i = 0; i < n; ++i) out[i] = slots_[(head + i) & mask_];
    head_.store(head + n, std::memory_order_release);
    return n;
  }
  /// Consumer. The oldest element, or null.
  const T* front() noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (tail_copy_ == head) tail_copy_ = tail_.load(std::memory_order_acquire);
    return tail_copy_ == head ? nullptr : &slots_[head & mask_];
  }
  /// Consumer, after `front`.
  void drop_front() noexcept { head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

  /// Any thread; a moment's answer. Never less than what is there for the consumer, nor more for the producer's room.
  std::size_t size() const noexcept {
    const std::size_t head = head_.load(std::memory_order_acquire);  // first: it never passes a later tail
    const std::size_t size = tail_.load(std::memory_order_acquire) - head;
    return size < capacity() ? size : capacity();
  }
  std::size_t capacity() const noexcept { return mask_ + 1; }

 private:
  static constexpr std::size_t kLine = 64;  // a cache line each, so that the two sides do not share one
  const std::size_t mask_;
  const std::unique_ptr<T[]> slots_;
  alignas(kLine) std::atomic<std::size_t> head_{0};
  std::size_t tail_copy_ = 0;  // the consumer's
  alignas(kLine) std::atomic<std::size_t> tail_{0};
  std::size_t head_copy_ = 0;  // the producer's
};

}  // namespace grfd
