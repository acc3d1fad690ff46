// Where samples go: the file, the feed, the status. Each sink runs on its own thread.
#pragma once
#include <span>

#include "schemas/sample.hpp"
#include "schemas/session.hpp"

namespace grfd {

/// All three verbs are called from the sink's own thread and may throw; a failure never reaches another sink.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual const char* name() const = 0;
  virtual void open(const Session& session) = 0;
  /// In order, as the dsp thread numbered them; called at least every 10 ms, also with nothing.
  virtual void write(std::span<const Sample> samples) = 0;
  virtual void close() = 0;
};

}  // namespace grfd
