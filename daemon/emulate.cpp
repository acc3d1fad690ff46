#include "daemon/emulate.hpp"

#include <csignal>
#include <cstdio>

#include "daemon/assembly.hpp"
#include "daemon/lab_clock.hpp"
#include "daemon/log.hpp"
#include "drivers/emulation/make_stimulus.hpp"
#include "drivers/emulation/usbip_server.hpp"

namespace grfd {
namespace {

constexpr TimeNs kLongestWait = 100'000'000;
volatile std::sig_atomic_t asked_to_stop = 0;
void stop(int) { asked_to_stop = 1; }

/// "127.0.0.1:3240"
std::pair<std::string, std::uint16_t> split(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  const std::string port = colon == std::string::npos ? "" : listen.substr(colon + 1);
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos ||
      std::stoul(port) > 65535)
    throw std::invalid_argument("--listen is like 127.0.0.1:3240, not '" + listen + "'");
  return {listen.substr(0, colon), static_cast<std::uint16_t>(std::stoul(port))};
}

void print_how(const Settings& settings, const std::vector<std::pair<std::string, std::string>>& exported,
               std::uint16_t port) {
  std::printf("Exported over USB/IP, unplugged until a kernel imports them. As root:\n\n  modprobe vhci_hcd\n");
  const std::string tcp_port = port == usbip::kDefaultPort ? "" : "--tcp-port " + std::to_string(port) + " ";
  for (const auto& [id, name] : exported)
    std::printf("  usbip %sattach -r 127.0.0.1 -b %s      # %s\n", tcp_port.c_str(), id.c_str(), name.c_str());
  std::printf(
      "\n`usbip port` lists them, `usbip detach -p N` unplugs one. The daemon then finds them as real ones:\n\n  grfd "
      "run %s",
      settings.file.c_str());
  for (const auto& [id, name] : exported) std::printf(" --set device.%s.emulated=false", name.c_str());
  std::printf("\n\n");
  std::fflush(stdout);
}

}  // namespace

int emulate(Settings settings, const EmulateOptions& options) {
  const auto [address, port] = split(options.listen);
  std::vector<std::string> warnings;
  const std::unique_ptr<Stimulus> stimulus = make_stimulus(settings, warnings);
  for (const std::string& warning : warnings) log(Level::warning, warning);
  MonotonicClock clock;
  const TimeNs start = clock.now();
  SampleRing no_truth(2);  // nobody records here
  Emulation emulation(settings, stimulus.get(), clock, start, no_truth, 0);
  UsbipServer server(address, port, clock, start, [](const std::string& text) { log(Level::info, text); });
  std::vector<std::pair<std::string, std::string>> exported;
  std::vector<TimeNs> unplug_at;
  for (std::size_t i = 0; i < settings.devices.size(); ++i)
    if (EmulatedLink* link = emulation.link(i)) {
      const std::string& name = settings.devices[i].name;
      exported.emplace_back(server.add(link->device(), name), name);
      const double at_s = settings.devices[i].emulation.unplug_at_s;
      unplug_at.push_back(at_s > 0 ? start + static_cast<TimeNs>(at_s * 1e9) : EmulatedDevice::kNever);
    }
  if (exported.empty())
    throw std::invalid_argument(settings.file + " has no device with emulated = true: nothing to export");

  struct sigaction action {};
  action.sa_handler = stop;  // without SA_RESTART: it ends the waiting
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGHUP, &action, nullptr);
  print_how(settings, exported, server.port());
  const TimeNs end = options.seconds ? start + static_cast<TimeNs>(*options.seconds * 1e9) : EmulatedDevice::kNever;
  while (!asked_to_stop && clock.now() < end) {
    server.serve(std::min(kLongestWait, end - clock.now()));
    for (std::size_t i = 0; i < unplug_at.size(); ++i)
      if (unplug_at[i] <= clock.now()) {  // who wants it back imports it again: unplug_for_s is the client's matter
        server.unplug(i);
        unplug_at[i] = EmulatedDevice::kNever;
      }
  }
  for (const Counter* counter : server.counters())
    if (counter->get() > 0) log(Level::info, std::string(counter->name) + ": " + std::to_string(counter->get()));
  return 0;
}

}  // namespace grfd
