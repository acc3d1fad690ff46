#include "clients/monitor/web_server.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fstream>
#include <iterator>

#include "clients/monitor/web_connection.hpp"

namespace grfd::monitor {
namespace asio = boost::asio;

std::map<std::string, Asset, std::less<>> load_assets(const std::string& folder) {
  std::map<std::string, Asset, std::less<>> out;
  const auto load = [&](const char* path, const char* file, const char* type) {
    std::ifstream in(folder + "/" + file, std::ios::binary);
    if (in) out[path] = {std::string(std::istreambuf_iterator<char>(in), {}), type};
  };
  load("/", "index.html", "text/html; charset=utf-8");
  load("/monitor.js", "monitor.js", "text/javascript; charset=utf-8");
  load("/monitor.css", "monitor.css", "text/css; charset=utf-8");
  if (out.size() != 3)
    out = {{"/",
            {"<!doctype html><meta charset=utf-8><title>grfd</title><p>The page is not there: grfmon was built without "
             "it, because npm was missing.",
             "text/html; charset=utf-8"}}};
  return out;
}

WebServer::WebServer(asio::io_context& io, const std::string& host, unsigned short port, WebSite site, Gateway& gateway,
                     const std::string& certificate_file, const std::string& key_file)
    : io_(io), acceptor_(io), site_(std::move(site)), gateway_(gateway) {
  if (site_.secure) {
    tls_.emplace(asio::ssl::context::tls_server);
    tls_->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                      asio::ssl::context::no_tlsv1_1);
    tls_->use_certificate_chain_file(certificate_file);
    tls_->use_private_key_file(key_file, asio::ssl::context::pem);
  }
  const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(host), port);
  acceptor_.open(endpoint.protocol());
  acceptor_.set_option(asio::socket_base::reuse_address(true));
  acceptor_.bind(endpoint);
  acceptor_.listen(32);
  site_.port = acceptor_.local_endpoint().port();
  accept();
}

void WebServer::accept() {
  acceptor_.async_accept([this](boost::system::error_code error, asio::ip::tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (!error) {
      if (*site_.connections >= WebSite::kConnections)
        ++gateway_.counters().too_many_pages;  // the socket closes
      else
        start_connection(std::move(socket), tls_ ? &*tls_ : nullptr, site_, gateway_);
      return accept();
    }
    const auto later =
        std::make_shared<asio::steady_timer>(io_, std::chrono::milliseconds(100));  // out of descriptors, say
    later->async_wait([this, later](boost::system::error_code stopped) {
      if (!stopped && acceptor_.is_open()) accept();
    });
  });
}

void WebServer::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace grfd::monitor
