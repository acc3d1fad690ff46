// A gateway on a free port of loopback, with a feed and a daemon that the test plays.
#pragma once
#include <unistd.h>
#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <filesystem>
#include <future>
#include <thread>
#include <utility>

#include "clients/monitor/certificate.hpp"
#include "clients/monitor/web_server.hpp"
#include "tests/monitor/feed_bytes.hpp"

namespace grfd_test {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;

/// Answers `status` and the four commands as schemas/control.md says; remembers what was asked.
class FakeDaemon {
 public:
  FakeDaemon(zmq::context_t& context, const std::string& endpoint) : socket_(context, zmq::socket_type::router) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::rcvtimeo, 20);
    socket_.bind(endpoint);
    thread_ = std::thread([this] { run(); });
  }
  ~FakeDaemon() {
    stop_ = true;
    thread_.join();
  }
  std::atomic<int> commands{0};

 private:
  void run() {
    zmq::message_t peer, message;
    while (!stop_) {
      if (!socket_.recv(peer) || !socket_.recv(message)) continue;
      const Json asked = Json::parse(message.to_string_view());
      const std::string command = asked.at("command");
      if (command == "status") {
        reply(peer, {{"v", 1},
                     {"ok", true},
                     {"command", "status"},
                     {"result",
                      {{"session", "S1"},
                       {"recording", {{"state", "none"}, {"journal", ""}, {"seconds", 0}, {"last_file", ""}}},
                       {"devices", Json::array()},
                       {"streams", Json::object()}}}});
        continue;
      }
      const int id = ++commands;
      reply(peer, {{"v", 1}, {"ok", true}, {"command", command}, {"accepted", id}});
      reply(peer, {{"v", 1}, {"id", id}, {"result", {{"event", command + "_done"}, {"detail", {{"id", id}}}}}});
    }
  }
  void reply(const zmq::message_t& peer, const Json& message) {
    socket_.send(zmq::buffer(peer.data(), peer.size()), zmq::send_flags::sndmore);
    socket_.send(zmq::buffer(message.dump()), zmq::send_flags::none);
  }
  zmq::socket_t socket_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

struct GatewayRig {
  explicit GatewayRig(bool secure = false)
      : folder(std::filesystem::temp_directory_path() / ("grfd-gateway-" + std::to_string(::getpid()))),
        feed(context, zmq::socket_type::pub) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    feed.set(zmq::sockopt::linger, 0);
    feed.set(zmq::sockopt::sndhwm, 0);
    feed.bind("ipc://" + (folder / "feed").string());
    daemon = std::make_unique<FakeDaemon>(context, "ipc://" + (folder / "control").string());
    pairing = std::make_unique<grfd::monitor::Pairing>(folder / "state");
    grfd::monitor::Certificate certificate;
    if (secure) certificate = grfd::monitor::own_certificate(folder / "state", "127.0.0.1");
    gateway = std::make_unique<grfd::monitor::Gateway>(context, "ipc://" + (folder / "feed").string(),
                                                       "ipc://" + (folder / "control").string(), *pairing, !secure);
    grfd::monitor::WebSite site;
    site.assets["/"] = {"<p>page</p>", "text/html; charset=utf-8"};
    site.secure = secure;
    server = std::make_unique<grfd::monitor::WebServer>(io, "127.0.0.1", 0, std::move(site), *gateway,
                                                        certificate.certificate.string(), certificate.key.string());
    port = server->port();
    tick();
    thread = std::thread([this] { io.run(); });
  }
  ~GatewayRig() {
    stop();
    server.reset();
    gateway.reset();
    daemon.reset();
    std::filesystem::remove_all(folder);
  }
  void stop() {
    io.stop();
    if (thread.joinable()) thread.join();
  }
  /// Runs it where the gateway lives.
  template <class F>
  auto inside(F f) {
    std::packaged_task<decltype(f())()> task(std::move(f));
    auto result = task.get_future();
    asio::post(io, [&task] { task(); });
    return result.get();
  }
  void publish(const std::string& topic, const std::string& header, const std::string& rows = "") {
    feed.send(zmq::buffer(topic), zmq::send_flags::sndmore);
    feed.send(zmq::buffer(header), zmq::send_flags::sndmore);
    feed.send(zmq::buffer(rows), zmq::send_flags::none);
  }
  /// Until the gateway knows the session: its subscription takes a moment.
  void announce() {
    for (int i = 0; i < 300; ++i) {
      publish("session", session_header());
      publish("cop/left", info_header("cop/left", "f32", {"cop_ml", "cop_ap", "fz"}));
      publish("events", info_header("events", "text", {"text"}));
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      if (inside([&] { return gateway->board().greeting().size() > 1; })) return;
    }
    throw std::runtime_error("the gateway does not hear the feed");
  }

  std::filesystem::path folder;
  zmq::context_t context;
  zmq::socket_t feed;
  std::unique_ptr<FakeDaemon> daemon;
  std::unique_ptr<grfd::monitor::Pairing> pairing;
  asio::io_context io{1};
  asio::steady_timer timer{io};
  std::unique_ptr<grfd::monitor::Gateway> gateway;
  std::unique_ptr<grfd::monitor::WebServer> server;
  unsigned short port = 0;
  std::thread thread;

 private:
  void tick() {
    timer.expires_after(std::chrono::milliseconds(10));
    timer.async_wait([this](boost::system::error_code error) {
      if (error) return;
      gateway->tick(grfd::monitor::Gateway::Clock::now());
      tick();
    });
  }
};

/// A browser without a page; every call waits at most ten seconds.
class Browser {
 public:
  explicit Browser(unsigned short port) : socket_(io_) {
    socket_.connect({asio::ip::make_address("127.0.0.1"), port});
    patience();
  }
  /// Sends bytes and reads until the server closes or `enough` was seen.
  std::string raw(const std::string& bytes, const std::string& enough = "") {
    boost::system::error_code error;
    asio::write(socket_, asio::buffer(bytes), error);
    std::string out;
    std::array<char, 4096> part{};
    while (enough.empty() || out.find(enough) == std::string::npos) {
      const std::size_t n = socket_.read_some(asio::buffer(part), error);
      if (error) break;
      out.append(part.data(), n);
    }
    return out;
  }
  tcp::socket& socket() { return socket_; }

 private:
  void patience() {
    const timeval limit{10, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  asio::io_context io_;
  tcp::socket socket_;
};

class LiveSocket {
 public:
  /// `little`: takes 8 KB at a time, so that it is stuck soon when nobody reads.
  explicit LiveSocket(unsigned short port, bool little = false) : ws_(io_) {
    ws_.next_layer().open(tcp::v4());
    if (little) ws_.next_layer().set_option(asio::socket_base::receive_buffer_size(8192));
    ws_.next_layer().connect({asio::ip::make_address("127.0.0.1"), port});
    const std::string host = "127.0.0.1:" + std::to_string(port);
    ws_.set_option(websocket::stream_base::decorator(
        [host](websocket::request_type& r) { r.set(beast::http::field::origin, "http://" + host); }));
    ws_.handshake(host, "/live", error);
  }
  bool say(const Json& message) { return say(message.dump()); }
  bool say(const std::string& bytes, bool binary = false) {
    ws_.binary(binary);
    ws_.write(asio::buffer(bytes), error);
    return !error;
  }
  /// Next message; texts only when `texts`. Empty when the connection ended, or when nothing came for ten seconds.
  std::string hear(bool texts = true) {
    for (;;) {
      beast::flat_buffer buffer;
      error = asio::error::would_block;
      ws_.async_read(buffer, [this](beast::error_code e, std::size_t) { error = e; });
      io_.restart();
      io_.run_for(std::chrono::seconds(10));
      if (error == asio::error::would_block) {
        ws_.next_layer().close();
        io_.run();
        error = asio::error::timed_out;
      }
      if (error) return "";
      if (ws_.got_text() || !texts) return beast::buffers_to_string(buffer.data());
    }
  }
  bool heard_text() const { return ws_.got_text(); }
  /// The next message of this type; null when the connection ended.
  Json await(const std::string& type) {
    for (std::string text = hear(); !text.empty(); text = hear())
      if (Json message = Json::parse(text); message["type"] == type) return message;
    return nullptr;
  }
  beast::error_code error;

 private:
  asio::io_context io_;
  websocket::stream<tcp::socket> ws_;
};

}  // namespace grfd_test
