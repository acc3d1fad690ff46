// Prints the newest row of streams of a live feed, with names and units. Usage: live [ENDPOINT [STREAM [SECONDS]]]
// (schemas/feed.md)
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>
#include <zmq.hpp>

struct Stream {
  nlohmann::json columns;
  std::int64_t next_message = -1;
};

int main(int argc, char** argv) {
  const std::string endpoint = argc > 1 ? argv[1] : "tcp://127.0.0.1:7390", wanted = argc > 2 ? argv[2] : "ankle/";
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::duration<double>(argc > 3 ? std::stod(argv[3]) : 1e9);
  zmq::context_t context;
  zmq::socket_t socket(context, zmq::socket_type::sub);
  socket.set(zmq::sockopt::rcvtimeo, 1000);
  socket.set(zmq::sockopt::subscribe, wanted);
  socket.connect(endpoint);
  std::map<std::string, Stream> streams;
  while (std::chrono::steady_clock::now() < end) {
    zmq::message_t topic, text, rows;
    if (!socket.recv(topic)) {
      std::fprintf(stderr, "nothing from %s for 1 s\n", endpoint.c_str());
      continue;
    }
    if (!topic.more() || !socket.recv(text) || !text.more() || !socket.recv(rows)) return 1;
    const auto header = nlohmann::json::parse(text.to_string_view());
    const std::string type = header["type"], name = topic.to_string();
    if (type == "info" && header["info"]["type"] == "f32") streams[name].columns = header["info"]["columns"];
    const auto known = streams.find(name);
    if (type != "data" || known == streams.end()) continue;  // other types are to be ignored; info may come after data
    Stream& stream = known->second;
    const std::int64_t seq = header["seq"];
    if (stream.next_message >= 0 && seq > stream.next_message)
      std::fprintf(stderr, "%s: %lld messages missed\n", name.c_str(),
                   static_cast<long long>(seq - stream.next_message));
    stream.next_message = seq + 1;
    const std::size_t row = rows.size() / header["count"].get<std::size_t>();
    const char* last = rows.data<char>() + rows.size() - row;
    std::int64_t t_ns;
    std::memcpy(&t_ns, last, 8);
    std::printf("%s %.3f s", name.c_str(), static_cast<double>(t_ns) / 1e9);
    for (std::size_t i = 0; i < stream.columns.size(); ++i) {
      float value;
      std::memcpy(&value, last + 24 + 4 * i, 4);
      std::printf("  %s %.9g %s", stream.columns[i]["name"].get_ref<const std::string&>().c_str(),
                  static_cast<double>(value), stream.columns[i]["unit"].get_ref<const std::string&>().c_str());
    }
    std::printf("\n");
  }
}
