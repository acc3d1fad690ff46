// The emulated devices of a configuration on a simulated USB bus, for other processes under umockdev-wrapper with
// UMOCKDEV_DIR as it is printed. Usage: umockdev-wrapper simulated_usb_host CONFIG [KEY=VALUE]...
// Beside them a unit that nobody asked for, "stranger", of the kind of the last device. All are plugged in at the
// start. Commands, one a line: "unplug NAME", "plug NAME", "figures" (answered by a line of JSON). It ends with its
// input.
#include <sys/prctl.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "daemon/config.hpp"
#include "daemon/emulation.hpp"
#include "drivers/emulation/make_stimulus.hpp"
#include "tests/simulated_usb/process/remote_node.hpp"

using namespace grfd;
using namespace grfd::simulated_usb;

namespace {

struct Clock final : LabClock {
  TimeNs now() const override { return monotonic(); }
  void sleep_until(TimeNs) override {}
};

nlohmann::ordered_json figures(Port& port) {
  const Figures f = port.figures();
  return {{"urbs", f.urbs},           {"in", f.in},
          {"in_bytes", f.in_bytes},   {"cancelled", f.cancelled},
          {"unclaimed", f.unclaimed}, {"deepest", f.deepest},
          {"held", f.holds},          {"held_ms", static_cast<double>(f.held) * 1e-6},
          {"claimed", port.claimed()}};
}

int run(const std::string& config, const std::vector<std::string>& overrides) {
  Settings settings = load_config(config, overrides);
  DeviceSettings stranger = settings.devices.back();
  stranger.name = "stranger";
  stranger.serial = stranger.emulation.serial = "6286.999999";
  settings.devices.push_back(stranger);
  std::vector<std::string> warnings;
  const auto stimulus = make_stimulus(settings, warnings);
  Clock clock;
  SampleRing no_truth(2);
  Emulation emulation(settings, stimulus.get(), clock, clock.now(), no_truth, 0);

  // umockdev's thread looks at these to the end of the program.
  static Bus* const the_bus = new Bus;
  static auto* const nodes = new std::vector<std::unique_ptr<RemoteNode>>;
  Bus& bus = *the_bus;
  std::map<std::string, std::unique_ptr<Port>> ports;
  for (std::size_t i = 0; i < settings.devices.size(); ++i) {
    auto port = std::make_unique<Port>(bus, static_cast<int>(i + 1), emulation.link(i)->device());
    port->serve = [&](std::shared_ptr<Port::Node> node, const std::string& path) {
      nodes->push_back(std::make_unique<RemoteNode>(bus.testbed(), std::move(node), path));
    };
    port->plug();
    ports[settings.devices[i].name] = std::move(port);
  }
  std::printf("%s\n", bus.root().c_str());
  std::fflush(stdout);

  for (std::string line, verb, name; std::getline(std::cin, line);) {
    std::istringstream words(line);
    words >> verb >> name;
    if (verb == "unplug")
      ports.at(name)->unplug();
    else if (verb == "plug")
      ports.at(name)->plug();
    else if (verb != "figures")
      throw std::invalid_argument("no command '" + line + "'");
    nlohmann::ordered_json all;
    for (auto& [device, port] : ports) all[device] = figures(*port);
    std::printf("%s\n", all.dump().c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  prctl(PR_SET_TIMERSLACK, 1);  // umockdev sleeps "not at all" after each call
  try {
    if (argc < 2) throw std::invalid_argument("usage: simulated_usb_host CONFIG [KEY=VALUE]...");
    return run(argv[1], {argv + 2, argv + argc});
  } catch (const std::exception& e) {
    std::fprintf(stderr, "simulated_usb_host: %s\n", e.what());
    return 2;
  }
}
