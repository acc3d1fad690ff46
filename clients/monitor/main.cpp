// grfmon: the web monitor's gateway. Speaks the feed and the control contract, and nothing else of the daemon.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>
#include <exception>
#include <utility>

#include "clients/monitor/certificate.hpp"
#include "clients/monitor/options.hpp"
#include "clients/monitor/pair_server.hpp"
#include "clients/monitor/web_server.hpp"

namespace {

using namespace grfd::monitor;

void run(const Options& options) {
  const Address address = parse_address(options.listen);
  const auto ip = boost::asio::ip::make_address(address.host);
  const bool secure = options.secure || !ip.is_loopback();
  const std::string shown = own_address(address.host);
  Pairing pairing(options.state);
  Certificate certificate;
  if (secure) certificate = own_certificate(options.state, shown);

  boost::asio::io_context io(1);
  zmq::context_t context(1);
  const auto keys = grfd::keys::client_keys(options.server_key, options.key);
  Gateway gateway(context, options.feed, options.control, pairing, !secure,
                  {options.feed_has_keys ? keys : grfd::keys::ClientKeys{}, keys});
  WebSite site;
  site.assets = load_assets(options.page.string());
  site.secure = secure;
  WebServer server(io, address.host, address.port, std::move(site), gateway, certificate.certificate.string(),
                   certificate.key.string());
  const std::string base = (secure ? "https://" : "http://") + (ip.is_v6() ? "[" + shown + "]" : shown) + ":" +
                           std::to_string(server.port()) + "/";
  PairServer pair_server(context, options.pairing, pairing, base, certificate.fingerprint);

  std::printf("monitor: %s\n", base.c_str());
  if (secure)
    std::printf("only paired browsers see anything; pair one with: grfctl monitor pair\ncertificate SHA-256 %s\n",
                certificate.fingerprint.c_str());
  if (options.invite)
    std::printf("with buttons (once, within ten minutes): %s#pair=%s\n", base.c_str(),
                pairing.invite(true, utc_s()).c_str());
  std::fflush(stdout);

  constexpr auto kTick = std::chrono::milliseconds(4);  // what waits for a tick is late by half of it
  boost::asio::steady_timer timer(io);
  std::function<void()> next = [&] {
    timer.expires_after(kTick);
    timer.async_wait([&](boost::system::error_code error) {
      if (error) return;
      gateway.tick(Gateway::Clock::now());
      pair_server.poll();
      next();
    });
  };
  next();
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](boost::system::error_code, int) { io.stop(); });
  io.run();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto options = read_options(argc, argv);
    if (options) run(*options);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "grfmon: %s\n", e.what());
    return 1;
  }
}
