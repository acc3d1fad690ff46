// One MIP command and its answer over a link that is not streaming yet.
#pragma once
#include <array>
#include <initializer_list>
#include <vector>

#include "drivers/cdc_acm.hpp"
#include "drivers/driver.hpp"
#include "drivers/mip_packet.hpp"

namespace grfd::mip {

enum Set : std::uint8_t { kBase = 0x01, k3dm = 0x0C, kSensor = 0x80, kSystem = 0xA0 };
enum Function : std::uint8_t { kWrite = 1, kRead = 2, kSave = 3, kLoad = 4, kDefault = 5 };
enum Code : std::uint8_t { kOk = 0, kUnknownCommand = 1, kInvalidParameter = 3, kCommandFailed = 4 };
inline constexpr std::uint8_t kAck = 0xF1;

struct Request {
  const char* name;  ///< for error texts
  std::uint8_t set, descriptor;
  std::vector<std::uint8_t> parameters = {};
  std::uint8_t reply = 0;               ///< descriptor of the data field that follows the ACK; 0 = none
  std::vector<std::uint8_t> echo = {};  ///< the data begin with this, or they answer another request
};

struct Reply {
  std::uint8_t code = kOk;
  std::vector<std::byte> data;
};

/// One command at a time, 2 s for the answer, one repetition. Data packets and foreign answers are passed over.
class Commander {
 public:
  Commander(Link& link, const CdcAcm& port) : link_(link), port_(port) {}
  /// @throws LinkError when nothing answers, DeviceError when the answer lacks its data
  Reply ask(const Request& request);
  /// As above, and any answer but OK is a DeviceError.
  std::vector<std::byte> expect(const Request& request);
  /// Sends and does not wait: for use while the stream runs.
  void send(const Request& request);

 private:
  bool receive(const Request& request, Reply& reply);
  Link& link_;
  CdcAcm port_;
  Parser parser_;
  TimeNs waited_ = 0;
};

}  // namespace grfd::mip
