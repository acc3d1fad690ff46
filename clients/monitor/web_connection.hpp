// One browser's connection: first HTTP, then perhaps a WebSocket.
#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <utility>

#include "clients/monitor/gateway.hpp"
#include "clients/monitor/web_server.hpp"

namespace grfd::monitor {

/// The connection lives by itself until it ends. `tls` null: plain. `site` and `gateway` outlive the io_context's run.
void start_connection(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls, WebSite& site,
                      Gateway& gateway);

}  // namespace grfd::monitor
