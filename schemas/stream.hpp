// What a stream is: every sink and client can be self-describing from this.
#pragma once
#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/sample.hpp"

namespace grfd {

enum class StreamKind : std::uint8_t { raw, calibrated, derived, event, truth };
enum class ValueType : std::uint8_t { f32, i32, f64, i64, text };

constexpr std::size_t value_size(ValueType type) {
  return type == ValueType::f32 || type == ValueType::i32 ? 4 : type == ValueType::text ? 1 : 8;
}
constexpr std::size_t columns_per_part(ValueType type) { return 64 / value_size(type); }

struct Column {
  std::string name;          ///< lower case, a standard term of the field
  std::string unit;          ///< "N", "N.m", "m", "deg", "deg/s", "s", "1" for a ratio, "%", "count", "code" for labels
  double delay_s = 0;        ///< constant delay of the value behind `t` (filters); subtract it to align channels
  double skew_s = 0;         ///< this channel is converted that much after the scan's time
  std::string labels = {};   ///< for unit "code": "0 none, 1 left, ..."
  bool exploratory = false;  ///< a hypothesis: never coloured good or bad
  bool optional = false;     ///< NaN may be the answer: there was none, or it does not apply
};

/// "u6" of "raw/u6/scan"; empty when the stream is no raw one.
constexpr std::string_view device_in(std::string_view stream) {
  constexpr std::string_view kRaw = "raw/";
  if (!stream.starts_with(kRaw)) return {};
  stream.remove_prefix(kRaw.size());
  return stream.substr(0, stream.find('/'));
}

/// Marks the columns of these names as exploratory, as optional.
/// @throws std::logic_error without such a column
inline void mark(std::vector<Column>& columns, std::initializer_list<std::string_view> names, bool Column::*as) {
  for (const std::string_view name : names) {
    const auto at = std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == name; });
    if (at == columns.end()) throw std::logic_error("no column '" + std::string(name) + "' to mark");
    *at.*as = true;
  }
}
inline void mark_exploratory(std::vector<Column>& columns, std::initializer_list<std::string_view> names) {
  mark(columns, names, &Column::exploratory);
}
inline void mark_optional(std::vector<Column>& columns, std::initializer_list<std::string_view> names) {
  mark(columns, names, &Column::optional);
}

/// A text stream's row reads "name {json object}"; its columns are then {name, detail}.
struct StreamInfo {
  std::string name;  ///< "plate/left", "raw/u6/scan": unique in a session
  StreamKind kind = StreamKind::derived;
  ValueType type = ValueType::f32;
  std::vector<Column> columns;
  std::string device = {}, serial = {};           ///< where it comes from; several are joined by ", "
  std::string clock = {}, clock_unit = {};        ///< "u6" and "scan", "imu_shank_left" and "ns"; empty: lab clock
  double rate_hz = 0;                             ///< nominal; 0 for streams without a rate
  std::string frame = {}, point = {}, sign = {};  ///< axes, reference point of moments, what is positive
  std::string formula = {}, parameters = {};      ///< formula id (dsp/README.md) and its parameters
  bool exploratory = false;                       ///< every column is a hypothesis: never coloured good or bad
  bool live_only = false;                         ///< published, not recorded: the recording has it in another stream
  std::array<std::string, 8> flag_names = {};     ///< names of flag bits 8-15
  std::string description = {};

  std::size_t parts() const {
    if (type == ValueType::text) return 1;
    return std::max<std::size_t>(1, (columns.size() + columns_per_part(type) - 1) / columns_per_part(type));
  }
};

/// All streams that the configuration allows. Filled at start, then frozen: readers need no lock.
class StreamTable {
 public:
  /// @throws std::invalid_argument when the name is taken or empty.
  StreamId add(StreamInfo info) {
    if (info.name.empty()) throw std::invalid_argument("a stream needs a name");
    if (find(info.name)) throw std::invalid_argument("two streams are called '" + info.name + "'");
    streams_.push_back(std::move(info));
    return static_cast<StreamId>(streams_.size() - 1);
  }
  std::optional<StreamId> find(std::string_view name) const {
    for (std::size_t i = 0; i < streams_.size(); ++i)
      if (streams_[i].name == name) return static_cast<StreamId>(i);
    return std::nullopt;
  }
  /// @throws std::out_of_range when there is no such stream.
  StreamId id(std::string_view name) const {
    if (auto found = find(name)) return *found;
    throw std::out_of_range("no stream '" + std::string(name) + "'");
  }
  const StreamInfo& operator[](StreamId id) const { return streams_.at(id); }
  StreamInfo& edit(StreamId id) { return streams_.at(id); }
  std::size_t size() const { return streams_.size(); }
  auto begin() const { return streams_.begin(); }
  auto end() const { return streams_.end(); }

 private:
  std::vector<StreamInfo> streams_;
};

}  // namespace grfd
