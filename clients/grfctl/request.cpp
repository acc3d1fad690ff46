#include "request.hpp"

#include <algorithm>
#include <boost/program_options/errors.hpp>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <iterator>

namespace {

using Json = nlohmann::ordered_json;

struct Command {
  const char* verb;
  std::size_t fewest, most;  ///< words, the command itself too
  const char* forms;
};
constexpr Command kCommands[] = {
    {"status", 1, 1, "grfctl status"},
    {"devices", 1, 1, "grfctl devices"},
    {"ping", 1, 1, "grfctl ping"},
    {"pose", 1, 1, "grfctl pose"},
    {"watch", 1, 2, "grfctl watch, or grfctl watch tcp://LAB:7390"},
    {"tare", 1, 2, "grfctl tare, or grfctl tare PLATE"},
    {"tap", 1, 1, "grfctl tap [--plate left] [--seconds 15]"},
    {"zeros", 1, 2, "grfctl zeros, or grfctl zeros use"},
    {"delays", 1, 2, "grfctl delays, or grfctl delays use"},
    {"calibrate", 2, 3,
     "grfctl calibrate still, leg_raises left|right, heel_raises, knee_bends, ankle_pumps left|right, bows or finish"},
    {"calibrations", 1, 2, "grfctl calibrations, or grfctl calibrations use"},
    {"lunge", 2, 2, "grfctl lunge left, or grfctl lunge right, [--seconds 10]"},
    {"lunges", 1, 2, "grfctl lunges, or grfctl lunges use"},
    {"mass", 3, 5,
     "grfctl mass PLATE KG, grfctl mass PLATE KG x_m=METRES y_m=METRES, grfctl mass PLATE fit [by_place], or grfctl "
     "mass "
     "PLATE forget"},
    {"mark", 2, 1000, "grfctl mark TEXT"},
    {"device", 3, 3, "grfctl device blink NAME"},
    {"record", 2, 3, "grfctl record start [NAME], or grfctl record stop"},
};

const Command* find(const std::string& verb) {
  const auto* found =
      std::find_if(std::begin(kCommands), std::end(kCommands), [&](const Command& c) { return c.verb == verb; });
  return found == std::end(kCommands) ? nullptr : found;
}

[[noreturn]] void wrong(const std::string& what, const std::string& verb) {
  throw boost::program_options::error(what + "; right is: " + command_forms(verb));
}

/// @return false unless all of the text is a number
bool read_number(const std::string& text, double& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && std::isfinite(value);
}

/// mass PLATE KG [x_m=.. y_m=..] | fit [by_place] | forget
void mass(const std::vector<std::string>& words, Json& request) {
  request["plate"] = words[1];
  const std::string& what = words[2];
  if (what == "fit" || what == "forget") {
    request["command"] = "mass_" + what;
    const std::size_t most = what == "fit" ? 4 : 3;
    if (words.size() > most) wrong("'" + words[most] + "' is one word too many", "mass");
    if (words.size() == 4 && words[3] != "by_place") wrong("'mass PLATE fit' does not know '" + words[3] + "'", "mass");
    if (words.size() == 4) request["by_place"] = true;
    return;
  }
  double value = 0;
  if (!read_number(what, value)) wrong("'" + what + "' is no mass in kg", "mass");
  request["kg"] = value;
  for (std::size_t i = 3; i < words.size(); ++i) {
    const std::string key = words[i].substr(0, 4);
    if ((key != "x_m=" && key != "y_m=") || request.contains(key.substr(0, 3)) ||
        !read_number(words[i].substr(4), value))
      wrong("'" + words[i] + "' is no place in metres", "mass");
    request[key.substr(0, 3)] = value;
  }
  if (words.size() == 4) wrong("a place has both x_m and y_m", "mass");
}

}  // namespace

std::string command_forms(const std::string& verb) {
  const Command* command = find(verb);
  return command ? command->forms : "";
}

Json to_request(const std::vector<std::string>& words, const std::string& plate, std::optional<double> seconds) {
  const std::string& verb = words[0];
  const Command* command = find(verb);
  if (!command) throw boost::program_options::error("unknown command '" + verb + "'");
  if (words.size() < command->fewest) wrong("'" + verb + "' needs more words", verb);
  if (words.size() > command->most) wrong("'" + words[command->most] + "' is one word too many", verb);
  const std::string second = words.size() > 1 ? words[1] : "";
  const auto unknown = [&] { wrong("'" + verb + "' does not know '" + second + "'", verb); };

  Json request{{"v", 1}, {"command", verb}};
  if (verb == "tap") {
    if (!plate.empty()) request["plate"] = plate;
    request["seconds"] = seconds.value_or(15);
  } else if (verb == "calibrate") {
    request["step"] = second;
    if (words.size() == 3) request["side"] = words[2];
    if (seconds) request["seconds"] = *seconds;
  } else if (verb == "zeros" || verb == "delays" || verb == "calibrations" || verb == "lunges") {
    if (words.size() == 2 && second != "use") unknown();
    if (words.size() == 2) request["command"] = verb + "_use";
  } else if (verb == "lunge") {
    if (second != "left" && second != "right") unknown();
    request["side"] = second;
    if (seconds) request["seconds"] = *seconds;
  } else if (verb == "mass") {
    mass(words, request);
  } else if (verb == "tare") {
    if (words.size() == 2) request["plate"] = second;
  } else if (verb == "mark") {
    std::string text = second;
    for (std::size_t i = 2; i < words.size(); ++i) text += " " + words[i];
    request["text"] = text;
  } else if (verb == "device") {
    if (second != "blink") unknown();
    request["command"] = "blink";
    request["device"] = words[2];
  } else if (verb == "record") {
    if (second != "start" && second != "stop") unknown();
    if (second == "stop" && words.size() == 3) wrong("'" + words[2] + "' is one word too many", verb);
    request["command"] = "record_" + second;
    if (words.size() == 3) request["name"] = words[2];
  }
  return request;
}
