// grfctl: asks a running grfd through the control contract (schemas/control.md), and nothing else.
#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <zmq.hpp>

#include "clients/grfctl/key.hpp"
#include "clients/grfctl/monitor.hpp"
#include "clients/keys.hpp"
#include "endpoint.hpp"
#include "request.hpp"
#include "show.hpp"
#include "show_calibration.hpp"
#include "show_lunge.hpp"
#include "watch.hpp"

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

namespace {

constexpr const char* kUsage = R"(grfctl [--endpoint ipc:///run/grfd/control] [--json] [--timeout S] COMMAND

  status                  what the daemon is doing
  watch                   forces, CoP, ankles, repetitions and devices on one screen, until Ctrl-C; lines into pipes
                          [--seconds N] ends after that, [--once] prints one screen as text
  watch tcp://LAB:7390    the feed of another computer alone, for a key that may look
  devices                 state, serial, rate and losses of every device
  tare [PLATE]            zero the unloaded plates (or one of them)
  zeros [use]             the zeros of earlier sessions; use: take those of the devices that are plugged in
  device blink NAME       make this box blink for five seconds
  tap [--plate left] [--seconds 15]
                          sensors lie on the plate and it is tapped five times: measure their delays and use them
  delays [use]            the delays of earlier taps; use: take them again
  calibrate STEP [left|right] [--seconds N]
                          find the axes of the sensors on the body from movements: still, heel_raises, knee_bends,
                          ankle_pumps left, ankle_pumps right (these two may be left out), bows (for a pelvis sensor),
                          finish
  calibrations [use]      the axes of earlier calibrations; use: take them again
  lunge left|right [--seconds 10]
                          a trial of the knee-to-wall test (weight-bearing lunge): how far this ankle bends before its
                          heel rises; make three, the best is in use
  lunges [use]            the tests of earlier sessions; use: take those of this participant again
  mass PLATE KG [x_m=METRES y_m=METRES]
                          a known mass lies still on this plate: does it read m g within 0.5 %? With its place, to the
                          right and forward from the plate's centre: is the centre of pressure there?
       PLATE fit [by_place]
                          from at least 5 such places all over the plate: what recalibrates it, for its calibration file
       PLATE forget       begin anew with the places
  pose                    the subject stands still now: take this as the zero of all angles
  record start [NAME]     start a recording
  record stop             end it and wait for the HDF5 file
  mark TEXT               put a note into the recording
  monitor pair            a link and a code for one browser of the web monitor, for looking
          pair --control  for looking, and for zero, start, stop and mark
          list            paired browsers
          forget ID|all   take the right away again
  key create NAME         make NAME.key (secret) and NAME.pub; "server" is the daemon's own
      allow NAME [KEY|FILE] [--feed] [--control]
                          let this key in: NAME.pub, a public key, or a file; for looking (--feed) when nothing is said
      list                the daemon's public key, and who is let in
      forget NAME         take the right away again
                          [--keys DIR] where they are (/etc/grfd/keys); works without the daemon

The endpoint can also be set in GRFD_CONTROL, that of the web monitor in GRFD_MONITOR. For a daemon on another computer:
--server-key FILE (its server.pub) and --key FILE (this client's NAME.key), or GRFD_SERVER_KEY and GRFD_KEY. Exit codes: 0 done, 1 refused or failed, 2 wrong use, 3 no daemon answers.
)";

struct NoAnswer : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What went wrong, as every answer is given. @return code
int fail(bool json, int code, const std::string& text) {
  if (json)
    std::cout << Json{{"ok", false}, {"error", text}}.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
  else
    std::fprintf(stderr, "grfctl: %s\n", text.c_str());
  return code;
}

/// "0.3 s"
std::string seconds_text(int ms) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", ms / 1000.0);
  return text;
}

bool is_utf8(const std::string& text) {
  try {
    return !Json(text).dump().empty();
  } catch (const Json::type_error&) { return false; }
}

bool failed(const Json& result) {
  const std::string event = result.value("event", "");
  const Json& detail = result.at("detail");
  return event == "record_failed" || detail.value("lost_samples", 0ull) > 0 || !detail.value("ok", true) ||
         !detail.value("accepted", true) || !detail.value("within", true) || !detail.value("kept", true);
}

}  // namespace

int main(int argc, char** argv) {
  po::options_description options;
  const char* preset = std::getenv("GRFD_CONTROL");
  options.add_options()("endpoint",
                        po::value<std::string>()->default_value(preset ? preset : "ipc:///run/grfd/control"))(
      "json", po::bool_switch())("control", po::bool_switch())("timeout", po::value<double>()->default_value(10))(
      "plate", po::value<std::string>()->default_value(""))("seconds", po::value<double>()->default_value(15))(
      "help,h", po::bool_switch())("once", po::bool_switch())("feed", po::bool_switch())(
      "keys", po::value<std::string>())("key", po::value<std::string>()->default_value(""))(
      "server-key", po::value<std::string>()->default_value(""))("words", po::value<Words>());
  po::positional_options_description places;
  places.add("words", -1);
  po::variables_map values;
  Json request;
  std::string feed;
  const bool json_wanted = std::find(argv, argv + argc, std::string("--json")) != argv + argc;
  try {
    po::store(po::command_line_parser(argc, argv).options(options).positional(places).run(), values);
    po::notify(values);
    if (values["help"].as<bool>()) return std::fputs(kUsage, stdout), 0;
    if (!values.count("words")) return std::fputs(kUsage, stderr), 2;
    const Words words = values["words"].as<Words>();
    const double timeout_s = values["timeout"].as<double>();
    if (!(timeout_s > 0 && timeout_s <= 1e6)) throw po::error("--timeout must be seconds, above 0 and at most 1000000");
    for (const std::string& word : words)
      if (!is_utf8(word)) throw po::error("the text is not UTF-8: is the terminal set to another encoding?");
    if (words[0] == "monitor") {
      try {
        return monitor_command(words, values["control"].as<bool>(), values["json"].as<bool>(),
                               static_cast<int>(values["timeout"].as<double>() * 1000));
      } catch (const zmq::error_t& e) { return fail(values["json"].as<bool>(), 1, e.what()); }
    }
    if (words[0] == "key") {
      KeyOptions keys{.feed = values["feed"].as<bool>(),
                      .control = values["control"].as<bool>(),
                      .json = values["json"].as<bool>()};
      if (values.count("keys")) keys.folder = values["keys"].as<std::string>();
      try {
        return key_command(words, keys);
      } catch (const po::error&) { throw; } catch (const std::exception& e) {
        return fail(keys.json, 1, e.what());
      }
    }
    if (words[0] != "watch")
      request =
          to_request(words, values["plate"].as<std::string>(),
                     values["seconds"].defaulted() ? std::nullopt : std::optional(values["seconds"].as<double>()));
    else if (words.size() == 2)
      feed = words[1];
    else if (words.size() > 2)
      throw po::error(command_forms("watch"));
  } catch (const po::unknown_option& e) {
    const std::string word = e.get_option_name();
    return fail(json_wanted, 2, "there is no option " + word + "; if it is a word of a text, put -- before the text");
  } catch (const po::error& e) { return fail(json_wanted, 2, std::string(e.what()) + "; see grfctl --help"); }

  const std::string endpoint = values["endpoint"].as<std::string>();
  const bool json = values["json"].as<bool>();
  const int timeout_ms = static_cast<int>(values["timeout"].as<double>() * 1000);
  try {
    if (!request.is_null() && socket_file_missing(endpoint)) throw NoAnswer(no_daemon_text(endpoint));
    const auto keys = grfd::keys::client_keys(values["server-key"].as<std::string>(), values["key"].as<std::string>());
    if (request.is_null())
      return watch({endpoint, feed, timeout_ms / 1000.0,
                    values["seconds"].defaulted() ? 0 : values["seconds"].as<double>(), values["once"].as<bool>(),
                    keys});
    zmq::context_t context(1);
    zmq::socket_t socket(context, zmq::socket_type::dealer);
    socket.set(zmq::sockopt::linger, 0);
    int wait_ms = 0;
    const auto wait = [&](int ms) { socket.set(zmq::sockopt::rcvtimeo, wait_ms = ms); };
    wait(timeout_ms);
    grfd::keys::connect(socket, endpoint, keys);
    socket.send(zmq::buffer(request.dump()), zmq::send_flags::none);
    const auto receive = [&](const char* what) {
      zmq::message_t message;
      if (!socket.recv(message, zmq::recv_flags::none)) {
        throw NoAnswer(std::string(what) + " at " + endpoint + " within " + seconds_text(wait_ms) +
                       (keys.server.empty() ? "" : ", or it does not allow this key"));
      }
      return Json::parse(message.to_string_view());
    };
    const Json reply = receive("no daemon answers");
    if (!reply.value("ok", false)) {
      if (json)
        std::cout << reply.dump() << "\n";
      else
        std::fprintf(stderr, "grfctl: refused: %s\n", reply.value("error", "?").c_str());
      return 1;
    }
    if (!reply.contains("accepted")) {
      if (json)
        std::cout << reply["result"].dump() << "\n";
      else
        show(request["command"], reply["result"]);
      return 0;
    }
    if (request["command"] == "record_stop") wait(std::max(timeout_ms, 600'000));  // a long trial takes its time
    if (request["command"] == "tap") {
      if (!json) std::fprintf(stderr, "tap the plate five times, firmly, a second or more apart\n");
      wait(timeout_ms + static_cast<int>(values["seconds"].as<double>() * 1000));
    }
    if (request["command"] == "calibrate") {
      if (!json) std::fprintf(stderr, "%s\n", calibration_hint(request["step"]));
      wait(timeout_ms + 60'000);
    }
    if (request["command"] == "lunge") {
      if (!json) std::fprintf(stderr, "%s\n", lunge_hint(request["side"]).c_str());
      wait(timeout_ms + 60'000);
    }
    if (request["command"] == "mass") wait(timeout_ms + 6'000);
    const Json result = receive("accepted, but no result came")["result"];
    if (json)
      std::cout << result.dump() << "\n";
    else
      show_event(result);
    return failed(result) ? 1 : 0;
  } catch (const NoAnswer& e) { return fail(json, 3, e.what()); } catch (const std::exception& e) {
    return fail(json, 1, e.what());
  }
}
