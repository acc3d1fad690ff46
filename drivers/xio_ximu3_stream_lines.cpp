// What an x-IMU3 sends beside samples: lines of the SA-Sync box, edges, notifications and errors.
#include <algorithm>
#include <charconv>

#include "drivers/sync_stream.hpp"
#include "drivers/xio_ximu3_stream.hpp"

namespace grfd::ximu3 {

namespace {

constexpr std::uint64_t kOldestEdgeUs = 10'000'000, kGreetingUs = 20'000;
constexpr std::int64_t kEdgeCounts = 1'000'000'000;
constexpr std::string_view kGreeting = "x-IMU3-SA-Sync";

bool says(std::string_view text, std::string_view word) { return text.find(word) != std::string_view::npos; }

/// "1,000000042", perhaps with its line end. @return the counter, or -1 when the text is something else
std::int64_t edge_count(std::string_view line) noexcept {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (line.size() != 11 || (line[0] != '0' && line[0] != '1') || line[1] != ',') return -1;
  std::int64_t count = 0;
  for (const char c : line.substr(2)) {
    if (c < '0' || c > '9') return -1;
    count = 10 * count + (c - '0');
  }
  return count;
}

}  // namespace

void Stream::take_line(const Message& m, TimeNs arrival, SampleBatch& out) noexcept {
  const std::int64_t count = edge_count(m.text);
  if (count < 0) {
    ++serial_text_;
    if (m.text.substr(0, kGreeting.size()) != kGreeting) return;
    if (next_edge_count_ >= 0) ++box_restart_;
    next_edge_count_ = -1;
    greeted_ = true;
    greeting_us_ = m.t_us;
    return;
  }
  const bool level = m.text[0] == '1';
  const bool at_once = greeted_ && m.t_us - greeting_us_ < kGreetingUs;
  greeted_ = false;
  if (at_once && count == 0 && level) {  // the line is high at power-up: no edge, yet the box counts it
    next_edge_count_ = 1;
    return ++level_at_power_up_;
  }
  take_edge(m, kBoxLine, level, static_cast<std::int32_t>(count), arrival, out);
}

/// An edge needs a sample near it: the one by which its time is mapped to the lab clock.
void Stream::take_edge(const Message& m, int line, bool level, std::int32_t count, TimeNs arrival,
                       SampleBatch& out) noexcept {
  const std::uint64_t apart = m.t_us > inertial_.last_us ? m.t_us - inertial_.last_us : inertial_.last_us - m.t_us;
  const bool mapped = inertial_.uses(epoch_) && !inertial_.suspect && !stranded_ && apart <= kOldestEdgeUs;
  std::uint16_t flags = 0;
  if (count >= 0) {
    const std::int64_t missing = next_edge_count_ < 0 ? 0 : (count - next_edge_count_ + kEdgeCounts) % kEdgeCounts;
    next_edge_count_ = (count + 1) % kEdgeCounts;
    if (missing >= kEdgeCounts / 2) {
      ++box_restart_;
    } else if (missing > 0) {
      const Cause cause = edges_resumed_                     ? Cause::driver
                          : parser_.damage() != edge_damage_ ? Cause::corrupt
                                                             : Cause::missing;
      lose(2, edge_seq_, missing, cause, m.t_us, arrival, out);
      edge_seq_ += static_cast<std::uint64_t>(missing);
      flags = kGapBefore;
    }
    edge_damage_ = parser_.damage();
    edges_resumed_ = false;
  }
  if (!mapped) return ++edge_without_sample_;
  Sample header;
  header.stream = static_cast<StreamId>(first_ + kSync);
  header.seq = edge_seq_++;
  header.flags = flags;
  header.t_arrival = arrival;
  header.t_device = m.t_us;
  header.epoch = epoch_;
  push_edge(out, header, line, level, count);
}

void Stream::take_text(const Message& m, TimeNs arrival, SampleBatch& out) noexcept {
  const bool error = m.letter == 'F';
  const bool full = error && (says(m.text, "uffer full") || says(m.text, "verrun"));
  ++(full ? buffer_full_ : error ? error_ : notification_);
  if (full) ++full_;
  // device_error {"device":"imu","t_us":123,"text":"..."}
  std::array<char, 96 + kLongestName + 6 * kLongestText> row;
  char* to = row.data();
  const auto put = [&to](std::string_view text) { to = std::copy(text.begin(), text.end(), to); };
  put(error ? "device_error {\"device\":\"" : "device_note {\"device\":\"");
  put(name_);
  put("\",\"t_us\":");
  to = std::to_chars(to, to + 20, m.t_us).ptr;
  put(",\"text\":\"");
  for (const char c : m.text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      *to++ = '\\';
      *to++ = c;
    } else if (code < 0x20 || code >= 0x7F) {  // text of the device is ASCII; anything else is shown by its code
      put("\\u00");
      *to++ = "0123456789abcdef"[code >> 4];
      *to++ = "0123456789abcdef"[code & 15];
    } else {
      *to++ = c;
    }
  }
  put("\"}");
  Sample header;
  header.stream = static_cast<StreamId>(first_ + kMessages);
  header.seq = text_seq_++;
  header.t_arrival = arrival;
  header.t_device = m.t_us;
  header.epoch = epoch_;
  push_text(out, header, {row.data(), static_cast<std::size_t>(to - row.data())});
}

}  // namespace grfd::ximu3
