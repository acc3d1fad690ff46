#include "bench/subscriber.hpp"

#include <arpa/inet.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <thread>
#include <zmq.hpp>

#include "bench/bench.hpp"

namespace grfd::bench {
namespace {

bool stopped(Received& r) { return std::atomic_ref<int>(r.stop).load() != 0; }

zmq::socket_t connected(zmq::context_t& context, const std::string& endpoint) {
  zmq::socket_t socket(context, zmq::socket_type::sub);
  socket.set(zmq::sockopt::rcvtimeo, 50);
  socket.set(zmq::sockopt::reconnect_ivl, 20);
  socket.set(zmq::sockopt::linger, 0);
  socket.connect(endpoint);
  return socket;
}

/// @return false when nothing came or when it is no message of three parts
bool receive(zmq::socket_t& socket, zmq::message_t (&parts)[3]) {
  std::size_t n = 0;
  do {
    zmq::message_t extra;
    if (!socket.recv(n < 3 ? parts[n] : extra)) return false;
    ++n;
  } while (socket.get(zmq::sockopt::rcvmore));
  return n == 3;
}

void take_feed(Received& r, zmq::socket_t socket) {
  for (const char* topic : kTopics) socket.set(zmq::sockopt::subscribe, topic);
  zmq::message_t parts[3];
  while (!stopped(r)) {
    if (!receive(socket, parts) || parts[2].size() == 0) continue;
    const std::int64_t at = wall_ns();
    const auto topic = static_cast<std::uint32_t>(
        std::find(std::begin(kTopics), std::end(kTopics), parts[0].to_string_view()) - std::begin(kTopics));
    const std::string_view header = parts[1].to_string_view(), key = "\"count\":";
    const std::size_t found = header.find(key);
    if (topic == std::size(kTopics) || found == std::string_view::npos) continue;
    const std::size_t rows = std::strtoul(header.data() + found + key.size(), nullptr, 10);
    ++r.messages;
    for (std::size_t i = 0; i < rows && r.count < Received::kMost; ++i) {
      Received::Row& row = r.rows[r.count++];
      row.topic = topic;
      row.at = at;
      std::memcpy(&row.seq, parts[2].data<char>() + i * (parts[2].size() / rows) + 8, 8);  // schemas/feed.hpp
    }
  }
}

void take_bare(Received& r, zmq::socket_t socket) {
  socket.set(zmq::sockopt::subscribe, "");
  zmq::message_t parts[3];
  while (!stopped(r)) {
    if (!receive(socket, parts) || r.bare_count == Received::kMost) continue;
    Received::Bare& one = r.bare[r.bare_count++];
    one.at = wall_ns();
    std::memcpy(&one.sent, parts[2].data(), sizeof one.sent);
  }
}

}  // namespace

std::string free_endpoint() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!bound) throw std::system_error(error, std::generic_category(), "no free port");
  return "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

Subscriber::Subscriber(const std::string& feed, const std::string& bare) {
  void* memory = ::mmap(nullptr, sizeof(Received), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  received_ = static_cast<Received*>(memory);
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  {
    zmq::context_t feed_context(1), bare_context(1);
    std::thread other([&] { take_bare(*received_, connected(bare_context, bare)); });
    take_feed(*received_, connected(feed_context, feed));
    other.join();
  }
  ::_exit(0);
}

const Received& Subscriber::finish() {
  std::atomic_ref<int>(received_->stop).store(1);
  if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  return *received_;
}

Subscriber::~Subscriber() {
  finish();
  ::munmap(received_, sizeof(Received));
}

}  // namespace grfd::bench
