// The blocks the pipeline is made of. No I/O, no clock, no thread, no heap after construction.
#pragma once
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include "schemas/sample_batch.hpp"

namespace grfd {

/// The pieces of memory that are a block's whole state. They are trivially copyable and stay where they are, so that a
/// recording can start with a copy and a recomputation start from it.
struct StatePiece {
  std::span<std::byte> bytes;
  /// Makes the bytes between the fields zero, so that equal states are equal bytes. Only g++ can, and not at the end of
  /// a structure: where a State would have padding it has a field `reserved`; this is for what was overlooked.
  void (*clear_padding)(void*) noexcept;
};
using StatePieces = std::vector<StatePiece>;

template <class State>
void add_state(StatePieces& pieces, State& state) {
  static_assert(std::is_trivially_copyable_v<State>);
  pieces.push_back({std::as_writable_bytes(std::span(&state, 1)), [](void* p) noexcept {
#if defined(__has_builtin) && __has_builtin(__builtin_clear_padding)
                      __builtin_clear_padding(static_cast<State*>(p));
#else
                      (void)p;
#endif
                    }});
}

struct Frame;
/// Runs on the 1 kHz grid, in the order of dsp/registry.cpp; earlier metrics leave results for later ones in the frame.
/// Parameters, coefficients and state are kept apart.
struct Metric {
  virtual ~Metric() = default;
  virtual void update(Frame& frame, SampleBatch& out) noexcept = 0;
  virtual void states(StatePieces& pieces) = 0;
};

}  // namespace grfd
