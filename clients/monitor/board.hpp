// What the page shows: the newest seconds of the common grid, repetitions with their courses, events, gaps.
// Pure state: no clock, no socket.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "clients/monitor/feed_message.hpp"

namespace grfd::monitor {

/// One column of the frames that go to pages: where it comes from in the feed.
struct FrameColumn {
  const char* name;
  const char* stream;
  const char* column;
};
inline constexpr std::array<FrameColumn, 17> kFrameColumns{{
    {"fz_left", "cop/left", "fz"},
    {"fz_right", "cop/right", "fz"},
    {"ml_left", "cop/left", "cop_ml"},
    {"ap_left", "cop/left", "cop_ap"},
    {"ml_right", "cop/right", "cop_ml"},
    {"ap_right", "cop/right", "cop_ap"},
    {"ml_total", "cop/total", "cop_ml"},
    {"ap_total", "cop/total", "cop_ap"},
    {"sigma_total", "cop/total", "sigma"},
    {"foot_total", "cop_foot", "both"},
    {"bai", "asymmetry", "load_bai_rl"},
    {"angle_left", "ankle/left", "dorsiflexion"},
    {"rate_left", "ankle/left", "dorsiflexion_rate"},
    {"shank_left", "ankle/left", "shank_inclination"},
    {"angle_right", "ankle/right", "dorsiflexion"},
    {"rate_right", "ankle/right", "dorsiflexion_rate"},
    {"shank_right", "ankle/right", "shank_inclination"},
}};
inline constexpr std::int64_t kSlotNs = 10'000'000;  ///< one row in ten of the 1 kHz grid: 100 Hz

using GridRow = std::array<float, kFrameColumns.size()>;  ///< units of the feed; NaN: unknown

class Board {
 public:
  /// `notify`: something that every page must hear, as a JSON message.
  explicit Board(std::function<void(const Json&)> notify);

  void session(const Json& header);
  void info(const FeedStream& stream);
  void row(const FeedStream& stream, const FeedRow& row);
  /// A recording began: repetitions belong to a new trial from now on. Equal names change nothing.
  void trial(const std::string& name);

  /// Slots are numbered by time: slot k is k x 10 ms after the session's start. All before `end()` are complete.
  std::int64_t begin() const { return end_ < kSlots ? 0 : end_ - kSlots; }
  std::int64_t end() const { return end_; }
  GridRow at(std::int64_t slot) const;

  /// Everything that a page needs that comes now: session with columns, repetitions, events, gaps. One message each.
  std::vector<Json> greeting() const;

 private:
  static constexpr std::int64_t kSlots = 4096;  // 41 s: longer than the longest repetition
  struct Slot {
    std::int64_t number = -1;
    GridRow row{};
  };
  struct Repetition {
    Json pair, left, right, trace;
    std::string trial;
  };
  void grid_row(const FeedStream& stream, const FeedRow& row);
  void repetition_row(const FeedStream& stream, const FeedRow& row);
  void text_row(const FeedStream& stream, const FeedRow& row);
  Json trace(double from_s, double to_s) const;
  Json repetition_message(int number, const Repetition& r) const;
  Json session_message() const;
  void clear();

  std::function<void(const Json&)> notify_;
  Json session_;
  std::map<std::string, FeedStream, std::less<>> streams_;
  std::vector<Slot> slots_;
  std::map<std::string, std::int64_t, std::less<>> newest_;  // per stream of the grid
  std::int64_t end_ = 0;
  std::map<int, Repetition> repetitions_;
  std::deque<Json> events_;
  Json gaps_;
  std::string trial_;
};

}  // namespace grfd::monitor
