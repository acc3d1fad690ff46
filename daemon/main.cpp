// The command line of grfd. Every word of work is in another file.
#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "daemon/app.hpp"
#include "daemon/config.hpp"
#include "daemon/emulate.hpp"
#include "daemon/finalise.hpp"
#include "daemon/recording.hpp"
#include "daemon/replay.hpp"
#include "daemon/rig_warnings.hpp"
#include "daemon/simulate.hpp"
#include "daemon/summary.hpp"
#include "daemon/zero_phase.hpp"
#include "grfd_version.hpp"

namespace po = boost::program_options;
using Words = std::vector<std::string>;

namespace {

constexpr const char* kUsage = R"(grfd: force plates and IMUs to HDF5 and a live feed

  grfd run CONFIG [--seconds N] [--summary [--json]]
                                                  the daemon
  grfd simulate CONFIG -o OUT.h5 [--seconds N]    the same in virtual time, as fast as the machine allows
       [--recording FILE [--plates left=1,right=2] [--lead-in 25]]
  grfd capture CONFIG [--seconds N] [--summary [--json]]
                                                  run, and keep the raw bytes: DEVICE.grfcap beside the recordings
  grfd replay CAPTURE... [CONFIG] -o OUT.h5       the captures of one session, computed again in virtual time
  grfd emulate CONFIG [--listen 127.0.0.1:3240] [--seconds N]
                                                  its emulated devices on USB/IP, for a Linux kernel to import
  grfd check-config CONFIG [--json]               errors of a configuration, all at once
  grfd finalise JOURNAL...                        a journal into HDF5
       [--keep-journal] [--wait]                  --wait: while another process holds it
  grfd recover FOLDER...                          all journals that a crash left there
       [--quiet]                                  --quiet: no word when there is nothing to do
  grfd verify FILE...                             is this recording whole?
  grfd summary FILE...                            what is in it, in words
  grfd zero-phase RECORDING.h5 -o OUT.h5          its filtered forces and centres of pressure again, without any delay
       [--cutoff-hz F] [--order N] [--rate-hz R]  R: a rate that divides 1000 Hz, 1 at least; decimated, no samples picked
       [--sway [--rate-hz R]]                     filtered as quiet stance is published: decimated to 100 Hz, then 10 Hz
  grfd version [--json]

simulate, replay, finalise, recover, verify, summary and zero-phase, and run for its summary, answer as JSON with --json.
run, capture, simulate, emulate, replay and check-config take --set key=value for any key of the configuration.
Exit codes: 0 fine, 1 it went wrong, 2 wrong use or wrong configuration (nothing was started).
)";

/// What kUsage says about one command, its lines as they are; empty when there is no such command.
std::string usage_of(const std::string& verb) {
  std::istringstream lines(kUsage);
  std::string found;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.rfind("  grfd ", 0) == 0) inside = line.rfind("  grfd " + verb + " ", 0) == 0;
    if (inside) found += line + "\n";
  }
  return found;
}

int wrong_use(const std::string& verb, const char* why) {
  const std::string right = usage_of(verb);
  std::fprintf(stderr, "grfd %s: %s; %s\n%s", verb.c_str(), why,
               right.empty() ? "see grfd help" : "right is:", right.c_str());
  return 2;
}

struct Usage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

po::variables_map parse(const Words& args, const po::options_description& options, int positional) {
  po::positional_options_description places;
  places.add("file", positional);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(args).options(options).positional(places).run(), values);
  } catch (const po::too_many_positional_options_error&) {
    throw Usage(positional == 0 ? "no further word is needed" : "only one file can be given");
  }
  po::notify(values);
  return values;
}

std::string required_file(const po::variables_map& values, const char* what) {
  if (!values.count("file")) throw Usage(std::string("which ") + what + "?");
  return values["file"].as<Words>().front();
}

po::options_description configured(const char* title) {
  po::options_description options(title);
  options.add_options()("file", po::value<Words>())("set", po::value<Words>()->composing()->default_value({}, ""));
  return options;
}

/// As TOML writes it; what JSON escapes, TOML escapes in the same way.
std::string toml_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void check_seconds(double seconds) {
  if (!(seconds > 0 && seconds <= 1e9)) throw Usage("--seconds must be above 0, at most 1e9");
}

int run_command(const Words& args, bool capture) {
  auto options = configured("run");
  options.add_options()("seconds", po::value<double>())("summary", po::bool_switch())("json", po::bool_switch());
  const auto values = parse(args, options, 1);
  const std::string file = required_file(values, "configuration");
  grfd::RunOptions run;
  if (values.count("seconds")) run.seconds = values["seconds"].as<double>();
  if (run.seconds) check_seconds(*run.seconds);
  run.summary = values["summary"].as<bool>();
  run.json = values["json"].as<bool>();
  if (run.json && !run.summary) throw Usage("--json is about the summary; add --summary");
  Words overrides = values["set"].as<Words>();
  if (capture) overrides.push_back("record.capture=true");
  return grfd::run(grfd::load_config(file, overrides), run);
}

/// "left=1,right=2" as the table of the configuration, {left = 1, right = 2}
std::string plate_table(const std::string& text) {
  std::string plates;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size()), equals = text.find('=', at);
    const std::string number = equals < end ? text.substr(equals + 1, end - equals - 1) : "";
    if (number.empty() || number.size() > 4 || number.find_first_not_of("0123456789") != std::string::npos)
      throw Usage("--plates is like left=1,right=2");
    plates += (plates.empty() ? "" : ", ") + toml_text(text.substr(at, equals - at)) + " = " + number;
    at = end + 1;
  }
  return "{" + plates + "}";
}

/// The options about a recording are keys of the configuration, and so are checked and kept in the file like these.
Words recording_overrides(const po::variables_map& values) {
  Words overrides;
  if (values.count("recording")) {
    const auto file = std::filesystem::absolute(values["recording"].as<std::string>()).lexically_normal();
    overrides.push_back("stimulus.recording=" + toml_text(file.string()));
    overrides.push_back("stimulus.kind=\"recording\"");
  }
  if (values.count("plates")) overrides.push_back("stimulus.plates=" + plate_table(values["plates"].as<std::string>()));
  if (values.count("lead-in")) overrides.push_back("stimulus.lead_in_s=" + values["lead-in"].as<std::string>());
  return overrides;
}

int simulate_command(const Words& args) {
  auto options = configured("simulate");
  options.add_options()("output,o", po::value<std::string>())("seconds", po::value<double>())(
      "recording", po::value<std::string>())("plates", po::value<std::string>())("lead-in", po::value<std::string>())(
      "batch", po::value<std::size_t>()->default_value(256))("json", po::bool_switch());
  const auto values = parse(args, options, 1);
  const std::string file = required_file(values, "configuration");
  if (!values.count("output")) throw Usage("simulate needs -o OUT.h5");
  Words overrides = values["set"].as<Words>();
  for (const std::string& text : recording_overrides(values)) overrides.push_back(text);
  grfd::Settings settings = grfd::load_config(file, overrides, grfd::driver_registry(), grfd::Use::offline);
  const bool recording = settings.stimulus.kind == grfd::StimulusSettings::Kind::recording;
  for (const char* option : {"plates", "lead-in"})
    if (values.count(option) && !recording)
      throw Usage(std::string("--") + option + " is about a recording; add --recording FILE");
  grfd::SimulateOptions simulate;
  simulate.output = values["output"].as<std::string>();
  simulate.batch = values["batch"].as<std::size_t>();
  if (recording) simulate.seconds = 0;
  if (values.count("seconds")) simulate.seconds = values["seconds"].as<double>();
  if (values.count("seconds")) check_seconds(simulate.seconds);
  const auto begin = std::chrono::steady_clock::now();
  const double simulated_s = grfd::simulate(std::move(settings), simulate);
  const double took_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (values["json"].as<bool>()) {
    std::cout << nlohmann::ordered_json{{"file", simulate.output}, {"simulated_s", simulated_s}, {"took_s", took_s}}
              << "\n";
    return 0;
  }
  std::printf("%s: %.1f s simulated in %.1f s\n", simulate.output.c_str(), simulated_s, took_s);
  return 0;
}

int replay_command(const Words& args) {
  auto options = configured("replay");
  options.add_options()("output,o", po::value<std::string>())("batch", po::value<std::size_t>()->default_value(256))(
      "json", po::bool_switch());
  const auto values = parse(args, options, -1);
  required_file(values, "capture");
  if (!values.count("output")) throw Usage("replay needs -o OUT.h5");
  grfd::ReplayOptions replay;
  for (const std::string& file : values["file"].as<Words>()) {
    if (!file.ends_with(".toml"))
      replay.captures.push_back(file);
    else if (replay.config.empty())
      replay.config = file;
    else
      throw Usage("only one CONFIG");
  }
  if (replay.captures.empty()) throw Usage("which capture?");
  replay.overrides = values["set"].as<Words>();
  replay.output = values["output"].as<std::string>();
  replay.batch = values["batch"].as<std::size_t>();
  const double replayed_s = grfd::replay(replay);
  if (values["json"].as<bool>()) {
    std::cout << nlohmann::ordered_json{{"file", replay.output},
                                        {"replayed_s", replayed_s},
                                        {"captures", replay.captures.size()}}
              << "\n";
    return 0;
  }
  std::printf("%s: %.1f s replayed from %zu captures\n", replay.output.c_str(), replayed_s, replay.captures.size());
  return 0;
}

int emulate_command(const Words& args) {
  auto options = configured("emulate");
  options.add_options()("listen", po::value<std::string>())("seconds", po::value<double>());
  const auto values = parse(args, options, 1);
  const std::string file = required_file(values, "configuration");
  grfd::EmulateOptions emulate;
  if (values.count("listen")) emulate.listen = values["listen"].as<std::string>();
  if (values.count("seconds")) emulate.seconds = values["seconds"].as<double>();
  if (emulate.seconds) check_seconds(*emulate.seconds);
  try {
    return grfd::emulate(
        grfd::load_config(file, values["set"].as<Words>(), grfd::driver_registry(), grfd::Use::offline), emulate);
  } catch (const std::invalid_argument& e) { throw Usage(e.what()); }
}

int check_command(const Words& args) {
  auto options = configured("check-config");
  options.add_options()("json", po::bool_switch());
  const auto values = parse(args, options, 1);
  const std::string file = required_file(values, "configuration");
  if (!values["json"].as<bool>()) {
    const grfd::Settings settings = grfd::load_config(file, values["set"].as<Words>());
    std::cout << grfd::describe(settings) << "\n";
    for (const std::string& warning : settings.warnings) std::cerr << "warning: " << warning << "\n";
    return 0;
  }
  nlohmann::ordered_json answer{{"file", file},
                                {"ok", true},
                                {"errors", nlohmann::ordered_json::array()},
                                {"warnings", nlohmann::ordered_json::array()}};
  try {
    const grfd::Settings settings = grfd::load_config(file, values["set"].as<Words>());
    answer["warnings"] = settings.warnings;
    for (const std::string& warning : grfd::rig_warnings(settings)) answer["warnings"].push_back(warning);
  } catch (const grfd::ConfigError& e) {
    answer["ok"] = false;
    std::istringstream lines(e.what());
    for (std::string line; std::getline(lines, line);) answer["errors"].push_back(line);
  }
  std::cout << answer.dump() << "\n";
  return answer["ok"] ? 0 : 2;
}

int version_command(const Words& args) {
  po::options_description options("version");
  options.add_options()("json", po::bool_switch());
  if (!parse(args, options, 0)["json"].as<bool>()) return std::puts("grfd " GRFD_VERSION " (" GRFD_BUILD ")"), 0;
  std::cout << nlohmann::ordered_json{{"version", GRFD_VERSION}, {"build", GRFD_BUILD}} << "\n";
  return 0;
}

int file_command(const Words& args, const char* what, int (*work)(const Words&, bool)) {
  po::options_description options("files");
  options.add_options()("file", po::value<Words>())("json", po::bool_switch());
  const auto values = parse(args, options, -1);
  required_file(values, what);
  return work(values["file"].as<Words>(), values["json"].as<bool>());
}

int finalise_command(const Words& args) {
  po::options_description options("finalise");
  options.add_options()("file", po::value<Words>())("json", po::bool_switch())("keep-journal", po::bool_switch())(
      "wait", po::bool_switch());
  const auto values = parse(args, options, -1);
  required_file(values, "journal");
  Words words = values["file"].as<Words>();
  for (const char* flag : {"keep-journal", "wait"})
    if (values[flag].as<bool>()) words.push_back(std::string("--") + flag);
  return grfd::run_finalise(words, values["json"].as<bool>());
}

int recover_command(const Words& args) {
  po::options_description options("recover");
  options.add_options()("file", po::value<Words>())("json", po::bool_switch())("quiet", po::bool_switch());
  const auto values = parse(args, options, -1);
  required_file(values, "folder of recordings");
  Words words = values["file"].as<Words>();
  if (values["quiet"].as<bool>()) words.push_back("--quiet");
  return grfd::run_recover(words, values["json"].as<bool>());
}

int zero_phase_command(const Words& args) {
  po::options_description options("zero-phase");
  options.add_options()("file", po::value<Words>())("output,o", po::value<std::string>())(
      "cutoff-hz", po::value<double>())("order", po::value<int>())("rate-hz", po::value<double>())(
      "sway", po::bool_switch())("json", po::bool_switch());
  const auto values = parse(args, options, 1);
  grfd::ZeroPhaseOptions twins{required_file(values, "recording"), ""};
  if (!values.count("output")) throw Usage("zero-phase needs -o OUT.h5");
  twins.output = values["output"].as<std::string>();
  if (values.count("cutoff-hz")) twins.cutoff_hz = values["cutoff-hz"].as<double>();
  if (values.count("order")) twins.order = values["order"].as<int>();
  if (values.count("rate-hz")) twins.rate_hz = values["rate-hz"].as<double>();
  twins.sway = values["sway"].as<bool>();
  try {
    grfd::zero_phase_filter(twins, {});
  } catch (const std::invalid_argument& e) { throw Usage(e.what()); }
  const grfd::ZeroPhaseReport done = grfd::zero_phase_twins(twins);
  const grfd::FilterSettings& low_pass = done.filter.low_pass;
  if (values["json"].as<bool>()) {
    std::cout << nlohmann::ordered_json{{"file", twins.output},     {"plates", done.plates},
                                        {"rows", done.rows},        {"rate_hz", done.filter.rate_hz()},
                                        {"order", low_pass.order},  {"cutoff_hz", low_pass.cutoff_hz},
                                        {"sway", done.filter.sway}, {"filter", done.words}}
              << "\n";
    return 0;
  }
  std::printf("%s: %zu plates, %zu rows at %g Hz; wrench: %s\n", twins.output.c_str(), done.plates, done.rows,
              done.filter.rate_hz(), done.words.c_str());
  return 0;
}

int dispatch(const std::string& verb, const Words& args) {
  for (const char* help : {"--help", "-h"})
    if (std::find(args.begin(), args.end(), help) != args.end() && !usage_of(verb).empty())
      return std::fputs(usage_of(verb).c_str(), stdout), 0;
  if (verb == "run" || verb == "capture") return run_command(args, verb == "capture");
  if (verb == "simulate") return simulate_command(args);
  if (verb == "replay") return replay_command(args);
  if (verb == "emulate") return emulate_command(args);
  if (verb == "check-config") return check_command(args);
  if (verb == "finalise") return finalise_command(args);
  if (verb == "recover") return recover_command(args);
  if (verb == "verify") return file_command(args, "file", grfd::run_verify);
  if (verb == "summary") return file_command(args, "file", grfd::run_summary);
  if (verb == "zero-phase") return zero_phase_command(args);
  if (verb == "version" || verb == "--version") return version_command(args);
  if (verb == "help" || verb == "--help" || verb == "-h") return std::fputs(kUsage, stdout), 0;
  throw Usage("unknown word '" + verb + "'");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fputs(kUsage, stderr), 2;
  try {
    return dispatch(argv[1], Words(argv + 2, argv + argc));
  } catch (const grfd::ConfigError& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  } catch (const Usage& e) { return wrong_use(argv[1], e.what()); } catch (const po::error& e) {
    return wrong_use(argv[1], e.what());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "grfd %s: %s\n", argv[1], e.what());
    return 1;
  }
}
