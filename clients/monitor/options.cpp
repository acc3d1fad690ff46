#include "clients/monitor/options.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>

#include <toml++/toml.h>
#include <array>
#include <boost/program_options.hpp>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "clients/keys.hpp"

namespace po = boost::program_options;

namespace grfd::monitor {
namespace {

constexpr const char* kUsage = R"(grfmon [--config grfd.toml] [OPTIONS]: the web monitor of a running grfd

  --config FILE        take feed.endpoint, control.endpoint, monitor.listen and monitor.endpoint from the daemon's settings
  --feed ENDPOINT      the live feed                       (tcp://127.0.0.1:7390)
  --control ENDPOINT   where the daemon takes commands     (GRFD_CONTROL, or ipc:///run/grfd/control)
  --endpoint ENDPOINT  where `grfctl monitor` asks         (GRFD_MONITOR, or ipc:///run/grfd/monitor)
  --listen ADDR:PORT   where pages are served              (127.0.0.1:7391)
                       Another address than loopback: TLS, and only paired browsers see anything.
  --secure             TLS and pairing on loopback too
  --invite             print a link that also allows zero, start, stop and mark
  --state FOLDER       certificate and paired browsers     (STATE_DIRECTORY, or ~/.local/state/grfd-monitor)
  --server-key FILE    public key of the daemon            (GRFD_SERVER_KEY) when its feed asks for keys
  --key FILE           the key of this program             (GRFD_KEY)
  --page FOLDER        the page                            (beside the program)
)";

std::filesystem::path default_state() {
  if (const char* set = std::getenv("STATE_DIRECTORY")) return std::filesystem::path(set) / "monitor";
  if (const char* set = std::getenv("XDG_STATE_HOME")) return std::filesystem::path(set) / "grfd-monitor";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home ? home : "/tmp") / ".local/state/grfd-monitor";
}

/// In a build the page lies beside the program, in an installation in ../share/grfd/monitor.
std::filesystem::path default_page() {
  std::error_code ignored;
  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const auto& folder : {here / "monitor", here / "../share/grfd/monitor"})
    if (std::filesystem::exists(folder / "index.html", ignored)) return folder;
  return here / "monitor";
}

void read_config(const std::string& file, Options& o) {
  try {
    const toml::table all = toml::parse_file(file);
    const auto take = [&](const char* key, std::string& into) {
      if (const auto value = all.at_path(key).value<std::string>()) into = *value;
    };
    take("feed.endpoint", o.feed);
    take("control.endpoint", o.control);
    take("monitor.listen", o.listen);
    take("monitor.endpoint", o.pairing);
    std::string keys = "/etc/grfd/keys";
    take("keys.folder", keys);
    const std::filesystem::path folder = std::filesystem::path(file).parent_path() / keys;
    std::error_code ignored;
    const bool any_keys = demands_keys(Right::feed, o.feed) || demands_keys(Right::control, o.control);
    if (any_keys && std::filesystem::exists(folder / "monitor.key", ignored)) {
      o.key = folder / "monitor.key";
      o.server_key = folder / "server.pub";
    }
  } catch (const toml::parse_error& e) { throw std::runtime_error(file + ": " + std::string(e.description())); }
}

}  // namespace

std::optional<Options> read_options(int argc, char** argv) {
  Options o;
  po::options_description known;
  const auto text = [] { return po::value<std::string>(); };
  known.add_options()("config", text())("feed", text())("control", text())("endpoint", text())("listen", text())(
      "state", text())("page", text())("server-key", text())("key", text())("secure", po::bool_switch())(
      "invite", po::bool_switch())("help,h", po::bool_switch());
  po::variables_map values;
  try {
    po::store(po::command_line_parser(argc, argv).options(known).positional({}).run(), values);
  } catch (const po::error& e) { throw std::runtime_error(std::string(e.what()) + "; see grfmon --help"); }
  if (values["help"].as<bool>()) return std::fputs(kUsage, stdout), std::nullopt;
  if (const char* set = std::getenv("GRFD_CONTROL")) o.control = set;
  if (const char* set = std::getenv("GRFD_MONITOR")) o.pairing = set;
  if (values.count("config")) read_config(values["config"].as<std::string>(), o);
  const auto take = [&](const char* name, auto& into) {
    if (values.count(name)) into = values[name].as<std::string>();
  };
  take("feed", o.feed);
  take("control", o.control);
  take("endpoint", o.pairing);
  take("listen", o.listen);
  take("server-key", o.server_key);
  take("key", o.key);
  // At an address that the caller names, keys that he names are meant; otherwise by the daemon's own rule.
  o.feed_has_keys = demands_keys(Right::feed, o.feed) || (values.count("feed") && values.count("key"));
  o.feed = keys::reachable(o.feed, o.control);
  o.state = default_state();
  o.page = default_page();
  take("state", o.state);
  take("page", o.page);
  o.secure = values["secure"].as<bool>();
  o.invite = values["invite"].as<bool>();
  if (o.pairing.rfind("ipc://", 0) != 0)
    throw std::runtime_error("monitor.endpoint is \"" + o.pairing +
                             "\", must be ipc://PATH: who may use the socket may invite");
  parse_address(o.listen);
  return o;
}

Address parse_address(const std::string& text) {
  const auto wrong = [&] {
    return std::runtime_error("monitor.listen is \"" + text +
                              "\", must be ADDRESS:PORT, as in 127.0.0.1:7391, 0.0.0.0:7391 or [::1]:7391");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) throw wrong();
  Address out{text.substr(0, colon), 0};
  const std::string port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (error != std::errc() || end != port.data() + port.size()) throw wrong();
  std::array<unsigned char, 16> bytes{};
  if (out.host.size() > 2 && out.host.front() == '[' && out.host.back() == ']') {
    out.host = out.host.substr(1, out.host.size() - 2);
    if (::inet_pton(AF_INET6, out.host.c_str(), bytes.data()) != 1) throw wrong();
  } else if (::inet_pton(AF_INET, out.host.c_str(), bytes.data()) != 1) {
    throw wrong();
  }
  return out;
}

std::string own_address(const std::string& host) {
  if (host != "0.0.0.0" && host != "::") return host;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return host;
  std::string found = "127.0.0.1";
  for (const ifaddrs* i = all; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr || i->ifa_addr->sa_family != AF_INET || (i->ifa_flags & IFF_LOOPBACK) != 0 ||
        (i->ifa_flags & IFF_UP) == 0)
      continue;
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(i->ifa_addr)->sin_addr, text.data(), text.size());
    found = text.data();
    break;
  }
  ::freeifaddrs(all);
  return found;
}

}  // namespace grfd::monitor
