// Messages of the live feed as values (schemas/feed.md). Knows the contract alone, nothing of the daemon.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace grfd::monitor {

using Json = nlohmann::ordered_json;

struct FeedColumn {
  std::string name, unit;
  double delay_s = 0;        ///< the value belongs to the row's time minus this
  bool exploratory = false;  ///< a hypothesis: never shown as good or bad
};

/// What a stream says about itself in its `info` message.
struct FeedStream {
  std::string name, type;  ///< type: "f32", "f64", "i32", "i64", "text"
  std::vector<FeedColumn> columns;
  bool exploratory = false;
  std::string parameters{};  ///< with what it was computed, in words
  /// @return place of the column, or -1.
  int column(std::string_view wanted) const;
};

/// One row. `values` has one number per column (NaN: unknown); text streams have `text` and no values.
struct FeedRow {
  std::int64_t t_ns = 0;  ///< since the session's start
  std::uint64_t seq = 0;
  std::uint16_t flags = 0;
  std::span<const double> values;
  std::string_view text;
};

struct FeedHandlers {
  std::function<void(const Json&)> session;                    ///< the header of a `session` message
  std::function<void(const FeedStream&)> info;                 ///< a stream became known
  std::function<void(const FeedStream&, const FeedRow&)> row;  ///< every row, in order
  std::function<void(double age_ms)> data;                     ///< once per data message, after its rows
};

/// Takes messages and calls the handlers. Bad messages change nothing and are counted.
class FeedDecoder {
 public:
  explicit FeedDecoder(FeedHandlers handlers) : handlers_(std::move(handlers)) {}
  void take(std::string_view topic, std::string_view header, std::string_view rows);
  std::uint64_t bad() const { return bad_; }    ///< messages that break the contract
  std::uint64_t lost() const { return lost_; }  ///< messages that ZeroMQ dropped: holes in `seq`
  const std::string& session() const { return session_; }

 private:
  struct Known {
    FeedStream stream;
    std::uint64_t next_seq = 0;
    bool any = false;
  };
  void take_info(const Json& header);
  void take_data(const Json& header, std::string_view rows);
  bool numeric_rows(const FeedStream& stream, std::size_t count, std::string_view rows);
  bool text_rows(const FeedStream& stream, std::size_t count, std::string_view rows);
  void renew(const std::string& session);

  FeedHandlers handlers_;
  std::map<std::string, Known, std::less<>> known_;
  std::string session_;
  std::vector<double> values_;
  std::uint64_t bad_ = 0, lost_ = 0;
};

}  // namespace grfd::monitor
