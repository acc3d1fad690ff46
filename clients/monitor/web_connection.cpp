// Asio's handlers keep a connection alive by shared_ptr; this stays inside this file.
#include "clients/monitor/web_connection.hpp"

#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <deque>

#include "clients/monitor/web_rules.hpp"

namespace grfd::monitor {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using Error = beast::error_code;

constexpr auto kPatience = std::chrono::seconds(10);
constexpr std::size_t kHeaderLimit = 8192, kMessageLimit = 4096;
constexpr std::size_t kWaiting = 1000, kWaitingBytes = 16u << 20;  // texts for a page that does not read

struct Counted {  // connections that are open
  explicit Counted(std::shared_ptr<std::size_t> all) : count(std::move(all)) { ++*count; }
  ~Counted() { --*count; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  std::shared_ptr<std::size_t> count;
};

template <class Stream>
class LivePage final : public Page, public std::enable_shared_from_this<LivePage<Stream>> {
 public:
  LivePage(Stream stream, std::unique_ptr<Counted> counted, Gateway& gateway)
      : ws_(std::move(stream)), counted_(std::move(counted)), gateway_(gateway) {}

  void run(const http::request<http::empty_body>& request) {
    beast::get_lowest_layer(ws_).expires_never();  // the WebSocket has its own timeouts
    websocket::stream_base::timeout timeout{kPatience, std::chrono::seconds(30), true};
    ws_.set_option(timeout);
    ws_.read_message_max(kMessageLimit);
    ws_.async_accept(request, [self = this->shared_from_this()](Error error) {
      if (!error) self->read();
    });
  }

  void send(const Text& message) override {
    if (closing_) return;
    waiting_bytes_ += message->size();
    if (waiting_.size() >= kWaiting || waiting_bytes_ > kWaitingBytes) {
      ++gateway_.counters().slow_pages_closed;
      return abandon();
    }
    waiting_.push_back(message);
    write();
  }
  bool ready() const override { return !writing_ && !closing_ && waiting_.empty(); }
  void send_frame(std::string frame) override {
    frame_ = std::move(frame);
    write_now(true, asio::buffer(frame_));
  }
  void dismiss() override { abandon(); }

 private:
  void read() {
    ws_.async_read(buffer_, [self = this->shared_from_this()](Error error, std::size_t) {
      if (error) {
        if (error == websocket::error::message_too_big || error == websocket::error::buffer_overflow)
          ++self->gateway_.counters().bad_messages;
        return self->end();
      }
      const std::string message = beast::buffers_to_string(self->buffer_.data());
      self->buffer_.consume(self->buffer_.size());
      self->take(message);
      if (!self->closing_) self->read();
    });
  }

  void take(const std::string& message) {
    if (admitted_) return gateway_.command(this->shared_from_this(), message);
    std::string answer;
    admitted_ = gateway_.admit(*this, message, answer);
    send(std::make_shared<const std::string>(std::move(answer)));
    if (admitted_)
      gateway_.join(this->shared_from_this());
    else
      last_words_ = true;
    if (last_words_ && !writing_) end();
  }

  void write() {
    if (writing_ || waiting_.empty() || closing_) return;
    current_ = waiting_.front();
    waiting_.pop_front();
    waiting_bytes_ -= current_->size();
    write_now(false, asio::buffer(*current_));
  }

  void write_now(bool binary, asio::const_buffer bytes) {
    writing_ = true;
    ws_.binary(binary);
    ws_.async_write(bytes, [self = this->shared_from_this()](Error error, std::size_t) {
      self->writing_ = false;
      if (error) return self->end();
      if (self->last_words_ && self->waiting_.empty()) return self->close();
      self->write();
    });
  }

  void close() {
    if (std::exchange(closing_, true)) return;
    ws_.async_close(websocket::close_code::policy_error, [self = this->shared_from_this()](Error) { self->abandon(); });
  }
  void abandon() {
    closing_ = true;  // nothing more is sent
    beast::get_lowest_layer(ws_).close();
    end();
  }
  void end() {
    closing_ = true;
    waiting_.clear();
    // A page may be leaving inside the gateway's own loop over pages.
    asio::post(ws_.get_executor(), [self = this->shared_from_this()] { self->gateway_.leave(self); });
  }

  websocket::stream<Stream> ws_;
  std::unique_ptr<Counted> counted_;
  Gateway& gateway_;
  beast::flat_buffer buffer_;
  std::deque<Text> waiting_;
  std::size_t waiting_bytes_ = 0;
  Text current_;
  std::string frame_;
  bool admitted_ = false, writing_ = false, closing_ = false, last_words_ = false;
};

template <class Stream>
class Connection final : public std::enable_shared_from_this<Connection<Stream>> {
 public:
  template <class... Args>
  Connection(WebSite& site, Gateway& gateway, Args&&... args)
      : stream_(std::forward<Args>(args)...),
        counted_(std::make_unique<Counted>(site.connections)),
        site_(site),
        gateway_(gateway) {}

  void run() {
    beast::get_lowest_layer(stream_).expires_after(kPatience);
    if constexpr (std::is_same_v<Stream, beast::tcp_stream>) {
      read();
    } else {
      stream_.async_handshake(asio::ssl::stream_base::server, [self = this->shared_from_this()](Error error) {
        if (error)
          ++self->gateway_.counters().bad_requests;
        else
          self->read();
      });
    }
  }

 private:
  void read() {
    parser_.emplace();
    parser_->header_limit(kHeaderLimit);
    parser_->body_limit(0);
    beast::get_lowest_layer(stream_).expires_after(kPatience);
    http::async_read(stream_, buffer_, *parser_, [self = this->shared_from_this()](Error error, std::size_t) {
      if (!error) return self->take();
      if (error != http::error::end_of_stream && error != asio::error::connection_reset &&
          error != beast::error::timeout)
        ++self->gateway_.counters().bad_requests;
    });
  }

  void take() {
    const auto& request = parser_->get();
    const auto text = [&](http::field f) { return std::string(request[f]); };
    const std::string path(request.target().substr(0, request.target().find('?')));
    if (!host_allowed(text(http::field::host), site_.secure, site_.port))
      return answer(http::status::misdirected_request, "This name is not mine.\n");
    if (websocket::is_upgrade(request) && path == "/live") {
      if (!origin_allowed(text(http::field::origin), text(http::field::host), site_.secure)) {
        ++gateway_.counters().wrong_origin;
        return answer(http::status::forbidden, "Only my own page may open this.\n");
      }
      return std::make_shared<LivePage<Stream>>(std::move(stream_), std::move(counted_), gateway_)->run(request);
    }
    if (request.method() != http::verb::get && request.method() != http::verb::head)
      return answer(http::status::method_not_allowed, "Only GET.\n");
    const auto asset = site_.assets.find(path);
    if (asset == site_.assets.end()) return answer(http::status::not_found, "Not here.\n");
    reply(http::status::ok, asset->second.body, asset->second.type, parser_->keep_alive());
  }

  void answer(http::status status, const char* words) {
    ++gateway_.counters().bad_requests;
    reply(status, words, "text/plain; charset=utf-8", false);
  }

  void reply(http::status status, const std::string& body, const std::string& type, bool keep) {
    response_.emplace(status, parser_->get().version());
    response_->set(http::field::content_type, type);
    for (const auto& [name, value] : kSafeHeaders) response_->set(name, value);
    response_->keep_alive(keep);
    if (parser_->get().method() == http::verb::head)
      response_->content_length(body.size());
    else
      response_->body() = body;
    if (parser_->get().method() != http::verb::head) response_->prepare_payload();
    http::async_write(stream_, *response_, [self = this->shared_from_this(), keep](Error error, std::size_t) {
      if (!error && keep) return self->read();
      Error ignored;
      beast::get_lowest_layer(self->stream_).socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    });
  }

  Stream stream_;
  std::unique_ptr<Counted> counted_;
  WebSite& site_;
  Gateway& gateway_;
  beast::flat_buffer buffer_{kHeaderLimit + kMessageLimit};
  std::optional<http::request_parser<http::empty_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
};

}  // namespace

void start_connection(asio::ip::tcp::socket socket, asio::ssl::context* tls, WebSite& site, Gateway& gateway) {
  Error ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  if (tls == nullptr)
    std::make_shared<Connection<beast::tcp_stream>>(site, gateway, std::move(socket))->run();
  else
    std::make_shared<Connection<beast::ssl_stream<beast::tcp_stream>>>(site, gateway, std::move(socket), *tls)->run();
}

}  // namespace grfd::monitor
