#include "clients/grfctl/monitor.hpp"

#include <qrencode.h>

#include <boost/program_options/errors.hpp>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <zmq.hpp>

#include "endpoint.hpp"

using Json = nlohmann::ordered_json;

namespace {

/// Black on white whatever the terminal's colours are: two modules per character, four modules of quiet zone.
void print_qr(const std::string& text) {
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(QRcode_encodeString8bit(text.c_str(), 0, QR_ECLEVEL_L),
                                                             QRcode_free);
  if (!code) return;
  constexpr int kQuiet = 4;
  const auto dark = [&](int x, int y) {
    return x >= 0 && y >= 0 && x < code->width && y < code->width && (code->data[y * code->width + x] & 1) != 0;
  };
  for (int y = -kQuiet; y < code->width + kQuiet; y += 2) {
    std::string line = "\x1b[30;107m";
    for (int x = -kQuiet; x < code->width + kQuiet; ++x) {
      const bool upper = dark(x, y), lower = dark(x, y + 1);
      line += upper ? (lower ? "\u2588" : "\u2580") : (lower ? "\u2584" : " ");
    }
    std::printf("%s\x1b[0m\n", line.c_str());
  }
}

Json to_request(const std::vector<std::string>& words, bool control) {
  const std::string verb = words.size() > 1 ? words[1] : "";
  if (verb == "pair" && words.size() == 2) return {{"command", "pair"}, {"control", control}};
  if (verb == "list" && words.size() == 2) return {{"command", "list"}};
  if (verb == "forget" && words.size() == 3) return {{"command", "forget"}, {"id", words[2]}};
  throw boost::program_options::error(
      "right is: grfctl monitor pair [--control], grfctl monitor list, or grfctl monitor forget ID");
}

void show_answer(const Json& request, const Json& result) {
  if (request["command"] == "pair") {
    const std::string link = result.value("link", "");
    print_qr(link);
    std::printf("%s\n\nFor one browser, within %d minutes; it may %s.\n", link.c_str(), result.value("seconds", 0) / 60,
                result.value("control", false) ? "look, and zero, start, stop and mark" : "look");
    if (const std::string print = result.value("fingerprint", ""); !print.empty())
      std::printf(
          "The browser will warn, for nobody else vouches for this computer. Its certificate must have this "
          "SHA-256:\n%s\n",
          print.c_str());
  } else if (request["command"] == "list") {
    if (result.empty()) std::printf("no browser is paired\n");
    for (const Json& one : result) {
      const std::time_t since = one.value("since_s", std::int64_t{0});
      char date[32];
      std::tm local{};
      std::strftime(date, sizeof date, "%Y-%m-%d %H:%M", ::localtime_r(&since, &local));
      std::printf("%s  %-17s  since %s\n", one.value("id", "").c_str(),
                  one.value("control", false) ? "looks and commands" : "looks", date);
    }
  } else {
    std::printf("forgotten: %d\n", result.value("forgotten", 0));
  }
}

}  // namespace

int monitor_command(const std::vector<std::string>& words, bool control, bool json, int timeout_ms) {
  const Json request = to_request(words, control);
  const char* set = std::getenv("GRFD_MONITOR");
  const std::string endpoint = set ? set : "ipc:///run/grfd/monitor";
  if (socket_file_missing(endpoint)) {
    std::fprintf(stderr,
                 "grfctl: no grfmon runs at %s: that file does not exist; start one (the service: sudo systemctl start "
                 "grfmon), or name its address in GRFD_MONITOR\n",
                 endpoint.c_str());
    return 3;
  }
  zmq::context_t context(1);
  zmq::socket_t socket(context, zmq::socket_type::dealer);
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::rcvtimeo, timeout_ms);
  socket.connect(endpoint);
  socket.send(zmq::buffer(request.dump()), zmq::send_flags::none);
  zmq::message_t message;
  if (!socket.recv(message, zmq::recv_flags::none)) {
    std::fprintf(stderr, "grfctl: no grfmon answers at %s (GRFD_MONITOR) within %g s\n", endpoint.c_str(),
                 timeout_ms / 1000.0);
    return 3;
  }
  const Json reply = Json::parse(message.to_string_view());
  if (!reply.value("ok", false)) {
    if (json)
      std::cout << reply.dump() << "\n";
    else
      std::fprintf(stderr, "grfctl: refused: %s\n", reply.value("error", "?").c_str());
    return 1;
  }
  if (json)
    std::cout << reply["result"].dump() << "\n";
  else
    show_answer(request, reply["result"]);
  return 0;
}
