#include "clients/monitor/board.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace grfd::monitor {
namespace {

constexpr std::size_t kEvents = 100, kRepetitions = 200;
constexpr std::int64_t kLateSlots = 30;  // a stream that stopped 0.3 s ago is not waited for
constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
constexpr const char* kTraced[] = {"angle_left", "angle_right", "rate_left", "rate_right",
                                   "shank_left", "shank_right", "fz_left",   "fz_right"};

Json number_or_null(double v, double scale = 1) {
  return std::isfinite(v) ? Json(std::round(v * scale) / scale) : Json(nullptr);
}

/// [low, high] of "target band 55 % to 70 %"; null where a daemon does not say.
Json band_percent(const std::string& parameters) {
  const std::size_t at = parameters.find("target band ");
  double low = 0, high = 0;
  if (at == std::string::npos ||
      std::sscanf(parameters.c_str() + at, "target band %lf %% to %lf %%", &low, &high) != 2 || !(low < high))
    return nullptr;
  return {low, high};
}

bool on_grid(const std::string& name) {
  return std::any_of(kFrameColumns.begin(), kFrameColumns.end(),
                     [&](const FrameColumn& c) { return name == c.stream; });
}

}  // namespace

Board::Board(std::function<void(const Json&)> notify) : notify_(std::move(notify)), slots_(kSlots) { clear(); }

void Board::clear() {
  streams_.clear();
  newest_.clear();
  repetitions_.clear();
  events_.clear();
  for (Slot& slot : slots_) slot.number = -1;
  end_ = 0;
  trial_.clear();
  gaps_ = {{"type", "gaps"}, {"count", 0}, {"rows", 0}, {"last", ""}};
}

void Board::session(const Json& header) {
  if (!session_.is_null() && session_.value("session", "") == header.value("session", "")) return;
  clear();
  session_ = header;
  notify_(session_message());
}

void Board::info(const FeedStream& stream) {
  if (streams_.contains(stream.name)) return;
  streams_[stream.name] = stream;
  if (!session_.is_null() && (on_grid(stream.name) || stream.name.rfind("reps/", 0) == 0)) notify_(session_message());
}

Json Board::session_message() const {
  Json columns = Json::array();
  for (const FrameColumn& c : kFrameColumns) {
    Json one{{"name", c.name}, {"known", false}, {"unit", ""}, {"delay_s", 0.0}, {"exploratory", false}};
    if (const auto s = streams_.find(c.stream); s != streams_.end())
      if (const int place = s->second.column(c.column); place >= 0) {
        const FeedColumn& column = s->second.columns[static_cast<std::size_t>(place)];
        one = {{"name", c.name},
               {"known", true},
               {"unit", column.unit},
               {"delay_s", column.delay_s},
               {"exploratory", column.exploratory}};
      }
    columns.push_back(one);
  }
  Json exploratory = Json::array();  // of the repetitions
  for (const auto& [name, stream] : streams_)
    if (name.rfind("reps/", 0) == 0)
      for (const FeedColumn& c : stream.columns)
        if (c.exploratory) exploratory.push_back(name + "." + c.name);
  Json message{{"type", "session"}, {"slot_s", kSlotNs * 1e-9}, {"columns", columns}, {"exploratory", exploratory}};
  if (const auto s = streams_.find("cop_foot"); s != streams_.end())
    if (const Json band = band_percent(s->second.parameters); !band.is_null()) message["band_percent"] = band;
  for (const char* key : {"session", "participant", "software", "dominant", "plates"})
    if (session_.contains(key)) message[key] = session_[key];
  return message;
}

void Board::row(const FeedStream& stream, const FeedRow& row) {
  if (stream.type == "text")
    text_row(stream, row);
  else if (stream.name.rfind("reps/", 0) == 0)
    repetition_row(stream, row);
  else if (row.t_ns >= 0 && row.t_ns % kSlotNs == 0)
    grid_row(stream, row);
}

void Board::grid_row(const FeedStream& stream, const FeedRow& row) {
  const std::int64_t number = row.t_ns / kSlotNs;
  if (number < begin()) return;
  Slot& slot = slots_[static_cast<std::size_t>(number % kSlots)];
  if (slot.number != number) {
    slot.number = number;
    slot.row.fill(kUnknown);
  }
  for (std::size_t i = 0; i < kFrameColumns.size(); ++i)
    if (stream.name == kFrameColumns[i].stream)
      if (const int place = stream.column(kFrameColumns[i].column); place >= 0)
        slot.row[i] = static_cast<float>(row.values[static_cast<std::size_t>(place)]);
  const auto known = newest_.find(stream.name);
  if (known == newest_.end())
    newest_[stream.name] = number;
  else
    known->second = std::max(known->second, number);
  std::int64_t last = 0, complete = std::numeric_limits<std::int64_t>::max();
  for (const auto& [name, newest] : newest_) last = std::max(last, newest);
  for (const auto& [name, newest] : newest_)
    if (newest + kLateSlots >= last) complete = std::min(complete, newest);
  end_ = std::max(end_, complete + 1);
}

GridRow Board::at(std::int64_t number) const {
  const Slot& slot = slots_[static_cast<std::size_t>(number % kSlots)];
  if (number >= begin() && number < end_ && slot.number == number) return slot.row;
  GridRow unknown;
  unknown.fill(kUnknown);
  return unknown;
}

void Board::repetition_row(const FeedStream& stream, const FeedRow& row) {
  const int place = stream.column("rep");
  if (place < 0 || !(std::abs(row.values[static_cast<std::size_t>(place)]) < 1e9)) return;
  const int number = static_cast<int>(row.values[static_cast<std::size_t>(place)]);
  Json values = Json::object();
  for (std::size_t i = 0; i < stream.columns.size(); ++i)
    values[stream.columns[i].name] = number_or_null(row.values[i], 1e6);
  Repetition& r = repetitions_[number];
  if (r.trial.empty()) r.trial = trial_;
  if (stream.name == "reps/left")
    r.left = values;
  else if (stream.name == "reps/right")
    r.right = values;
  else if (stream.name == "reps/pair")
    r.pair = values;
  if (r.pair.is_null()) return;
  if (r.trace.is_null() && r.pair.value("t_start", Json()).is_number() && r.pair.value("t_end", Json()).is_number())
    r.trace = trace(r.pair["t_start"].get<double>() - 0.5, r.pair["t_end"].get<double>() + 0.3);
  notify_(repetition_message(number, r));
  while (repetitions_.size() > kRepetitions) repetitions_.erase(repetitions_.begin());
}

Json Board::repetition_message(int number, const Repetition& r) const {
  return {{"type", "repetition"}, {"rep", number},    {"trial", r.trial}, {"pair", r.pair},
          {"left", r.left},       {"right", r.right}, {"trace", r.trace}};
}

/// 50 Hz of what the grid still holds.
Json Board::trace(double from_s, double to_s) const {
  const auto slot = [](double t) { return static_cast<std::int64_t>(std::llround(t / (kSlotNs * 1e-9))); };
  const std::int64_t from = std::max(begin(), slot(from_s)), to = std::min(end_, slot(to_s));
  Json out{{"t0", static_cast<double>(from) * kSlotNs * 1e-9}, {"dt", 2 * kSlotNs * 1e-9}};
  for (const char* name : kTraced) {
    std::size_t column = 0;
    while (std::string_view(kFrameColumns[column].name) != name) ++column;
    Json values = Json::array();
    for (std::int64_t k = from; k < to; k += 2)
      values.push_back(number_or_null(static_cast<double>(at(k)[column]), 100));
    out[name] = std::move(values);
  }
  return out;
}

void Board::text_row(const FeedStream& stream, const FeedRow& row) {
  const std::size_t space = row.text.find(' ');
  const std::string name(row.text.substr(0, space));
  Json detail =
      space == std::string_view::npos ? Json::object() : Json::parse(row.text.substr(space + 1), nullptr, false);
  if (!detail.is_object()) detail = Json::object();
  if (stream.name == "events") {
    Json event{{"type", "event"}, {"event", name}, {"t_s", static_cast<double>(row.t_ns) * 1e-9}, {"detail", detail}};
    events_.push_back(event);
    if (events_.size() > kEvents) events_.pop_front();
    notify_(event);
  } else if (stream.name == "gaps") {
    gaps_["count"] = gaps_["count"].get<std::int64_t>() + 1;
    if (name == "lost" && detail.value("count", Json()).is_number())
      gaps_["rows"] =
          gaps_["rows"].get<std::int64_t>() + std::max<std::int64_t>(0, detail["count"].get<std::int64_t>());
    gaps_["last"] = name == "lost" ? detail.value("stream", "") + ": " + detail.value("cause", "")
                                   : name + " " + detail.value("device", "");
    gaps_["t_s"] = static_cast<double>(row.t_ns) * 1e-9;
    notify_(gaps_);
  }
}

void Board::trial(const std::string& name) {
  if (name != trial_) notify_({{"type", "trial"}, {"trial", name}});
  trial_ = name;
}

std::vector<Json> Board::greeting() const {  // "old": happened before this page came, so it makes no sound
  std::vector<Json> out;
  if (!session_.is_null()) out.push_back(session_message());
  for (const auto& [number, r] : repetitions_)
    if (!r.pair.is_null()) {
      out.push_back(repetition_message(number, r));
      out.back()["old"] = true;
    }
  for (Json event : events_) {
    event["old"] = true;
    out.push_back(std::move(event));
  }
  out.push_back(gaps_);
  return out;
}

}  // namespace grfd::monitor
