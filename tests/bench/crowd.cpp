#include "bench/crowd.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>
#include <zmq.hpp>

namespace grfd::bench {
namespace {

zmq::socket_t subscribed(zmq::context_t& context, const std::string& feed) {
  zmq::socket_t socket(context, zmq::socket_type::sub);
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::reconnect_ivl, 20);
  socket.set(zmq::sockopt::subscribe, "");
  socket.connect(feed);
  return socket;
}

std::optional<std::size_t> sequence(std::string_view header) {
  const std::string_view data = "\"type\":\"data\"", seq = "\"seq\":";
  const std::size_t at = header.find(seq);
  if (header.find(data) == header.npos || at == header.npos) return std::nullopt;
  return std::strtoul(header.data() + at + seq.size(), nullptr, 10);
}

struct Reader {
  zmq::socket_t socket;
  std::unordered_map<std::string, std::size_t> next;

  /// @return false when nothing waits
  bool take(Crowd::Result& result) {
    zmq::message_t parts[3], extra;
    std::size_t n = 0;
    do {
      if (!socket.recv(n < 3 ? parts[n] : extra, n == 0 ? zmq::recv_flags::dontwait : zmq::recv_flags::none))
        return false;
      ++n;
    } while (socket.get(zmq::sockopt::rcvmore));
    if (n != 3) return true;
    if (const auto seq = sequence(parts[1].to_string_view())) {
      ++result.messages;
      const auto [known, is_new] = next.try_emplace(parts[0].to_string(), *seq);
      if (!is_new && *seq > known->second) result.holes += *seq - known->second;
      known->second = *seq + 1;
    }
    return true;
  }
};

void read_all(Crowd::Result& result, const std::string& feed, std::size_t readers) {
  zmq::context_t context(1);
  std::vector<Reader> all;
  std::vector<zmq::pollitem_t> items;
  for (std::size_t i = 0; i < readers; ++i) {
    all.push_back({subscribed(context, feed), {}});
    items.push_back({all.back().socket.handle(), 0, ZMQ_POLLIN, 0});
  }
  while (std::atomic_ref<int>(result.stop).load() == 0) {
    zmq::poll(items, std::chrono::milliseconds(50));
    for (Reader& reader : all)
      while (reader.take(result)) {}
  }
}

void connect_and_stop(const std::string& feed) {
  zmq::context_t context(1);
  zmq::socket_t socket = subscribed(context, feed);
  socket.set(zmq::sockopt::rcvtimeo, 10'000);
  zmq::message_t first;
  if (socket.recv(first)) ::raise(SIGSTOP);
}

}  // namespace

Crowd::Crowd(const std::string& feed, std::size_t readers, bool stopped) {
  void* memory = ::mmap(nullptr, sizeof(Result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  result_ = static_cast<Result*>(memory);
  const auto start = [](auto body) {
    const pid_t pid = ::fork();
    if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      body();
      ::_exit(0);
    }
    return pid;
  };
  if (readers > 0) readers_ = start([&] { read_all(*result_, feed, readers); });
  if (stopped) stopped_ = start([&] { connect_and_stop(feed); });
}

const Crowd::Result& Crowd::finish() {
  std::atomic_ref<int>(result_->stop).store(1);
  if (stopped_ > 0) ::kill(stopped_, SIGKILL);
  for (pid_t* pid : {&readers_, &stopped_})
    if (const pid_t one = std::exchange(*pid, -1); one > 0) ::waitpid(one, nullptr, 0);
  return *result_;
}

Crowd::~Crowd() {
  finish();
  ::munmap(result_, sizeof(Result));
}

}  // namespace grfd::bench
