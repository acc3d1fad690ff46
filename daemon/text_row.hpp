// Text samples in and out: "name {json}".
#pragma once
#include <string>
#include <string_view>

#include "daemon/engine.hpp"
#include "schemas/sample_batch.hpp"

namespace grfd {

/// Pushes one text row into a ring as a whole. @return false (and nothing pushed) when it does not fit
inline bool push_text_row(SampleRing& ring, StreamId stream, std::uint64_t seq, TimeNs now, std::string_view what) {
  FixedBatch<256> batch;
  Sample header;
  header.stream = stream;
  header.seq = seq;
  header.t = header.t_arrival = now;
  push_text(batch, header, what);
  if (ring.capacity() - ring.size() < batch.size()) return false;
  return ring.push(batch.samples()) == batch.size();
}

}  // namespace grfd
