// Answers `grfctl monitor`: who may use the socket may invite browsers. clients/monitor/README.md is the contract.
#pragma once
#include <string>
#include <zmq.hpp>

#include "clients/monitor/pairing.hpp"

namespace grfd::monitor {

class PairServer {
 public:
  /// Links begin with `base`: "https://192.168.1.5:7391/". `fingerprint` empty: no TLS. @throws zmq::error_t,
  /// std::runtime_error
  PairServer(zmq::context_t& context, const std::string& endpoint, Pairing& pairing, std::string base,
             std::string fingerprint);
  void poll();  ///< never waits

 private:
  nlohmann::ordered_json answer(std::string_view text);
  zmq::socket_t socket_;
  Pairing& pairing_;
  std::string base_, fingerprint_;
};

}  // namespace grfd::monitor
