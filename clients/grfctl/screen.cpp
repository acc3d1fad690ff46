#include "screen.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "dominance.hpp"

using Json = nlohmann::json;

namespace {

constexpr double kAnswerOld_s = 2.5;  // status is asked once a second

[[gnu::format(printf, 1, 2)]] std::string format(const char* how, ...) {
  char text[256];
  va_list values;
  va_start(values, how);
  std::vsnprintf(text, sizeof text, how, values);
  va_end(values);
  return text;
}

/// Texts of the daemon: nothing in them may steer the terminal.
std::string plain(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || static_cast<unsigned char>(c) == 0x9b) c = '?';
  return text;
}

std::string number(double v, int width, int digits, bool sign = false) {
  if (!std::isfinite(v)) return format("%*s", width, "-");
  return sign ? format("%+*.*f", width, digits, v) : format("%*.*f", width, digits, v);
}

double at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : NAN;
}

std::string text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? plain(found->get<std::string>()) : "";
}

const Json& child(const Json& object, const char* key) {
  static const Json nothing = Json::object();
  const auto found = object.find(key);
  return found != object.end() ? *found : nothing;
}

/// A bar from 0 to full; or with `from` in the middle, to both sides.
std::string bar(double v, double full, int width, bool centred) {
  std::string out(static_cast<std::size_t>(width), ' ');
  const int zero = centred ? width / 2 : 0;
  if (centred) out[static_cast<std::size_t>(zero)] = '|';
  if (std::isfinite(v)) {
    const int end = std::clamp(zero + static_cast<int>(std::lround(v / full * (centred ? width / 2 : width))), 0,
                               centred ? width - 1 : width);
    for (int i = std::min(zero, end); i < std::max(zero, end); ++i)
      out[static_cast<std::size_t>(i + (centred && end > zero))] = '=';
  }
  return "[" + out + "]";
}

struct Painter {
  bool colour;
  std::string operator()(const char* code, const std::string& what) const {
    return colour ? "\x1b[" + std::string(code) + "m" + what + "\x1b[0m" : what;
  }
};

std::string banner(const View& view, Health h, const Painter& paint) {
  std::string line;
  if (h == Health::live) {
    return paint("1;32", " LIVE ") +
           format("  t %s s   data %s ms old   feed %s", number(view.feed.time_s("ticks"), 9, 2).c_str(),
                  number(view.feed.age_ms(view.now), 4, 0).c_str(), plain(view.feed.endpoint()).c_str());
  }
  if (h == Health::no_feed)
    line = std::string(" *** NO LIVE FEED *** nothing came since the start") +
           (view.with_key ? ": may this key look?" : "");
  if (h == Health::frozen)
    line = format(" *** FROZEN *** nothing came for %.1f s; no number here is live", view.feed.silent_s(view.now));
  if (h == Health::no_data) {
    const double age_s = view.feed.age_ms(view.now) / 1000;
    line = std::isfinite(age_s) ? format(" *** NO DATA *** the daemon lives, but its newest rows are %.1f s old", age_s)
                                : " *** NO DATA *** the daemon lives, but has measured nothing yet";
  }
  if (h == Health::feed_off) line = " *** NO LIVE FEED *** the feed of this daemon is off (feed.enabled)";
  if (h == Health::no_daemon) line = " *** NO DAEMON *** nobody answers at " + view.control;
  line.resize(std::max<std::size_t>(line.size(), 80), ' ');
  return paint("1;37;41", line);
}

std::string recording(const Json& status) {
  const Json& r = child(status, "recording");
  const std::string state = text(r, "state");
  if (state == "running") return format("recording %.0f s", at(r, "seconds"));
  return state.empty() || state == "none" ? "not recording" : "recording " + state;
}

std::string ankle(const View& view, const char* side) {
  const std::string stream = std::string("ankle/") + side;
  const double angle = view.feed.value(stream, "dorsiflexion", view.now),
               rate = view.feed.value(stream, "dorsiflexion_rate", view.now);
  return format("  %-6s %s deg  %s deg/s  ", side, number(angle, 7, 1, true).c_str(),
                number(rate, 7, 1, true).c_str()) +
         bar(rate, 60, 41, true);
}

std::string force(const View& view, const char* side, double full) {
  const double fz = view.feed.value(std::string("cop/") + side, "fz", view.now);
  return format("  %-6s %s N   ", side, number(fz, 8, 1).c_str()) + bar(fz, full, 50, false);
}

std::string cop(const View& view, const char* which) {
  const std::string stream = std::string("cop/") + which;
  return format("  %-6s %s mm right  %s mm forward", which,
                number(1000 * view.feed.value(stream, "cop_ml", view.now), 8, 1, true).c_str(),
                number(1000 * view.feed.value(stream, "cop_ap", view.now), 8, 1, true).c_str());
}

void repetitions(const Json& status, std::vector<std::string>& out) {
  const Json& streams = child(status, "streams");
  const auto pair = streams.find("reps/pair");
  if (pair == streams.end()) return;
  const double done = at(*pair, "rows");
  std::string line = format("REPS    %.0f done", std::isfinite(done) ? done : 0);
  const Json& newest = child(*pair, "newest");
  const double first = at(newest, "first_out"), lag = at(newest, "finish_lag_rl");
  const auto kind = [&](const char* side) {  // short: the line has 80 columns
    const double code = at(child(child(streams, (std::string("reps/") + side).c_str()), "newest"), "plateau_kind");
    return code == 1 ? "; stopped early" : code == 2 ? "; out of room" : code == 3 ? "; room unknown" : "";
  };
  if (done > 0) {
    if (at(newest, "reason") > 0) {
      line += format("; the last one does not count (reason %.0f)", at(newest, "reason"));
    } else if (first == 2 || first == 3) {
      const char* side = first == 2 ? "left" : "right";
      line += format("; stopped first: %s by %.0f ms (exploratory%s)", side, std::abs(lag) * 1000, kind(side));
    } else if (first == 1) {
      line += "; both stopped together (exploratory)";
    }
  }
  out.push_back(line);
  for (const char* side : {"left", "right"}) {
    const Json& row = child(child(streams, (std::string("reps/") + side).c_str()), "newest");
    out.push_back(format("  %-6s range %s deg   rate %s deg/s", side,
                         number(done > 0 ? at(row, "range") : NAN, 6, 1).c_str(),
                         number(done > 0 ? at(row, "rate_fit") : NAN, 6, 1).c_str()));
  }
  if (const std::string dominant = plain(dominance(status)); !dominant.empty())
    out.push_back("  dominant leg: " + dominant);
}

double losses(const Json& device) {
  double sum = 0;
  for (const auto& [name, value] : child(device, "counters").items())
    sum += value.is_number() ? value.get<double>() : 0;
  return sum;
}

void devices(const View& view, std::size_t room, const Painter& paint, std::vector<std::string>& out) {
  const bool old = view.status_age_s > kAnswerOld_s;
  out.push_back(old ? paint("7", format("DEVICES as of %.0f s ago: the control socket does not answer",
                                        std::isfinite(view.status_age_s) ? view.status_age_s : 0))
                    : "DEVICES              state           Hz   fast ppm  clock     lost  restarts");
  std::vector<const Json*> all;
  for (const Json& d : child(view.status, "devices")) all.push_back(&d);
  // When not all fit, those in trouble come first.
  if (all.size() > room)
    std::stable_partition(all.begin(), all.end(),
                          [](const Json* d) { return text(*d, "state") != "streaming" || losses(*d) > 0; });
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i + 1 == room && all.size() > room) {
      out.push_back(format("  and %zu more", all.size() - i));
      return;
    }
    const Json& d = *all[i];
    const Json& clock = child(d, "clock");
    const bool well = text(d, "state") == "streaming";
    const std::string clock_state = text(clock, "state");
    std::string line =
        format("  %-18.18s %-10.10s %s %s  %-8.8s %s %s", text(d, "name").c_str(), old ? "?" : text(d, "state").c_str(),
               number(at(d, "measured_hz"), 8, 1).c_str(), number(at(clock, "drift_ppm"), 9, 1, true).c_str(),
               clock_state.empty() ? "-" : clock_state.c_str(), number(losses(d), 6, 0).c_str(),
               number(at(d, "restarts"), 9, 0).c_str());
    if (!well && !text(d, "trouble").empty())
      line = format("  %-18.18s %-10.10s ", text(d, "name").c_str(), text(d, "state").c_str()) + text(d, "trouble");
    out.push_back(well && losses(d) == 0 ? line : paint("1;33", line));
  }
}

std::string lost(const View& view) {
  std::string line = format("LOST    here %llu messages", static_cast<unsigned long long>(view.feed.missed_messages()));
  if (view.feed.bad_messages())
    line += format(", %llu unreadable", static_cast<unsigned long long>(view.feed.bad_messages()));
  for (const auto& [name, value] : child(view.status, "counters").items())
    if (name != "feed.late_subscriptions" && value.is_number() && value.get<double>() > 0)
      line += format("; %s %.0f", plain(name).c_str(), value.get<double>());
  return line;
}

}  // namespace

Health health(const View& view) {
  if (view.feed.silent_s(view.now) <= FeedView::kStale_s)
    return view.feed.age_ms(view.now) <= 1000 * FeedView::kStale_s ? Health::live : Health::no_data;
  if (std::isfinite(view.feed.silent_s(view.now))) return Health::frozen;
  if (!(view.status_age_s <= kAnswerOld_s)) return Health::no_daemon;
  return text(view.status, "feed").empty() ? Health::feed_off : Health::no_feed;
}

std::vector<std::string> compose(const View& view, bool colour, std::size_t rows) {
  const Painter paint{colour};
  std::vector<std::string> out;
  const std::string who = text(view.status, "participant");
  out.push_back(paint("1", "grfd  ") + format("%-24s %-20.20s ", text(view.status, "session").c_str(), who.c_str()) +
                (view.feed_alone ? "the feed alone" : recording(view.status)));
  out.push_back(banner(view, health(view), paint));
  if (const std::string trouble = recording_trouble(view.status); !trouble.empty())
    out.push_back(paint("1;37;41", " " + trouble));
  const double left = view.feed.value("cop/left", "fz", view.now), right = view.feed.value("cop/right", "fz", view.now);
  const double full = std::max(
      1000.0, std::ceil(std::max(std::isfinite(left) ? left : 0, std::isfinite(right) ? right : 0) / 1000) * 1000);
  out.push_back(format("FORCE   total %s N   asymmetry %s %% (+ = more on the right)",
                       number(view.feed.value("cop/total", "fz", view.now), 8, 1).c_str(),
                       number(view.feed.value("asymmetry", "load_bai_rl", view.now), 6, 1, true).c_str()));
  out.push_back(force(view, "left", full));
  out.push_back(force(view, "right", full));
  out.push_back("COP");
  for (const char* which : {"left", "right", "total"}) out.push_back(cop(view, which));
  out.push_back("ANKLE   dorsiflexion          rate              -60          deg/s         +60");
  for (const char* side : {"left", "right"}) out.push_back(ankle(view, side));
  repetitions(view.status, out);
  if (!view.feed_alone) devices(view, rows > out.size() + 3 ? rows - out.size() - 2 : 1, paint, out);
  out.push_back(lost(view));
  for (std::string& line : out)
    if (!colour) line = line.substr(0, line.find_last_not_of(' ') + 1);
  return out;
}

std::string recording_trouble(const Json& status) {
  const Json& r = child(status, "recording");
  if (const std::string why = text(r, "not_writing"); !why.empty()) return "*** NOT WRITING *** " + why;
  const double lost = at(r, "lost_samples");
  return lost > 0 ? format("*** %.0f samples of this recording could not be written ***", lost) : "";
}

std::string plain_heading() {
  return "     t/s  age  left/N right/N  ml/mm  ap/mm L/deg L deg/s R/deg R deg/s reps dev";
}

std::string plain_line(const View& view) {
  const Health h = health(view);
  if (h != Health::live) {
    std::string line = banner(view, h, Painter{false});
    return line.substr(1, std::min<std::size_t>(line.find_last_not_of(' '), 79));
  }
  const auto v = [&](const char* stream, const char* column) { return view.feed.value(stream, column, view.now); };
  int streaming = 0;
  for (const Json& d : child(view.status, "devices")) streaming += text(d, "state") == "streaming";
  const double reps = at(child(child(view.status, "streams"), "reps/pair"), "rows");
  return number(view.feed.time_s("ticks"), 8, 2) + number(view.feed.age_ms(view.now), 5, 0) +
         number(v("cop/left", "fz"), 8, 1) + number(v("cop/right", "fz"), 8, 1) +
         number(1000 * v("cop/total", "cop_ml"), 7, 1) + number(1000 * v("cop/total", "cop_ap"), 7, 1) +
         number(v("ankle/left", "dorsiflexion"), 6, 1) + number(v("ankle/left", "dorsiflexion_rate"), 7, 1) +
         number(v("ankle/right", "dorsiflexion"), 6, 1) + number(v("ankle/right", "dorsiflexion_rate"), 7, 1) +
         number(reps, 5, 0) + format("%4d", streaming);
}
