// HTTP and WebSocket towards browsers, plain on loopback, otherwise over TLS.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>  // Asio 1.74 needs it first

#include "clients/monitor/gateway.hpp"

namespace grfd::monitor {

struct Asset {
  std::string body, type;
};

/// What all connections share.
struct WebSite {
  std::map<std::string, Asset, std::less<>> assets;  ///< by path: "/", "/monitor.js", "/monitor.css"
  bool secure = false;                               ///< TLS; then any name of this computer may stand in `Host`
  unsigned short port = 0;
  std::shared_ptr<std::size_t> connections = std::make_shared<std::size_t>(0);  ///< outlives the server in handlers
  static constexpr std::size_t kConnections = 64;
};

/// Reads the page's files. @return without files: a site that says that the page was not built.
std::map<std::string, Asset, std::less<>> load_assets(const std::string& folder);

class WebServer {
 public:
  /// @throws std::exception when the address cannot be used, or the certificate cannot be read.
  WebServer(boost::asio::io_context& io, const std::string& host, unsigned short port, WebSite site, Gateway& gateway,
            const std::string& certificate_file, const std::string& key_file);
  unsigned short port() const { return site_.port; }
  void close();

 private:
  void accept();
  boost::asio::io_context& io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::optional<boost::asio::ssl::context> tls_;
  WebSite site_;
  Gateway& gateway_;
};

}  // namespace grfd::monitor
