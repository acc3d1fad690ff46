// Keeps what people ask for: totals per stream, newest values, and the events as they happen.
#pragma once
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/sink.hpp"
#include "schemas/row.hpp"

namespace grfd {

class StatusSink final : public Sink {
 public:
  struct Event {
    std::string stream, name, detail;  ///< detail is a JSON object as text
    double t_s;                        ///< since the session's start
  };
  struct StreamStatus {
    std::uint64_t rows = 0, missing = 0;  ///< missing: holes in seq
    double t_s = 0;
    std::vector<double> newest;  ///< last row; empty for text
  };
  /// `on_event` runs on the sink's thread for every text row (events, gaps, commands, counters).
  explicit StatusSink(std::function<void(Event)> on_event) : on_event_(std::move(on_event)) {}
  const char* name() const override { return "status"; }
  void open(const Session& session) override;
  void write(std::span<const Sample> samples) override;
  void close() override {}

  std::vector<StreamStatus> snapshot() const;  ///< by StreamId; any thread

 private:
  std::function<void(Event)> on_event_;
  const Session* session_ = nullptr;
  std::vector<RowJoiner> joiners_;
  std::vector<std::uint64_t> next_seq_;
  mutable std::mutex mutex_;  // never taken by the hot path
  std::vector<StreamStatus> streams_;
};

}  // namespace grfd
