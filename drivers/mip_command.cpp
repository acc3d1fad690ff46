#include "drivers/mip_command.hpp"

#include <algorithm>

namespace grfd::mip {

namespace {

constexpr int kSliceMs = 20, kReplyMs = 2000, kWriteMs = 1000, kTries = 2;
// A device that streams never lets a read run out of time. 2 s of the fastest stream are 180 kB.
constexpr std::size_t kMostBytes = 512 * 1024;

const char* meaning(std::uint8_t code) {
  switch (code) {
    case kUnknownCommand:
      return "unknown command";
    case 2:
      return "bad checksum";
    case kInvalidParameter:
      return "invalid parameter";
    case kCommandFailed:
      return "command failed";
    case 5:
      return "timeout";
    default:
      return "undocumented code";
  }
}

bool begins_with(Bytes data, const std::vector<std::uint8_t>& echo) {
  return data.size() >= echo.size() && std::equal(echo.begin(), echo.end(), data.begin(),
                                                  [](std::uint8_t a, std::byte b) { return std::byte{a} == b; });
}

}  // namespace

void Commander::send(const Request& request) {
  Writer packet(request.set);
  packet.field(request.descriptor);
  for (const std::uint8_t p : request.parameters) packet.u8(p);
  write_cdc_acm(link_, port_, packet.finish(), kWriteMs);
}

Reply Commander::ask(const Request& request) {
  Reply reply;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    send(request);
    if (receive(request, reply)) return reply;
  }
  throw LinkError(LinkError::Kind::timeout, std::string(request.name) + ": no answer within 2 s, asked twice");
}

std::vector<std::byte> Commander::expect(const Request& request) {
  Reply reply = ask(request);
  if (reply.code != kOk)
    throw DeviceError(std::string(request.name) + ": the device refuses with code " + std::to_string(reply.code) +
                      " (" + meaning(reply.code) + ")");
  return std::move(reply.data);
}

bool Commander::receive(const Request& request, Reply& reply) {
  std::array<std::byte, 4096> buffer;
  std::size_t taken = 0;
  for (int left_ms = kReplyMs; left_ms > 0 && taken < kMostBytes;) {
    const std::size_t n = link_.read(port_.in, buffer, kSliceMs);
    if (n == 0) {
      left_ms -= kSliceMs;
      waited_ += kSliceMs * 1'000'000;
      continue;
    }
    taken += n;
    for (Bytes rest(buffer.data(), n); !rest.empty();) {
      rest = parser_.take(rest, waited_);
      for (Packet packet; parser_.next(packet);) {
        if (packet.set != request.set) continue;
        FieldWalk walk(packet.payload);
        for (Field field; walk.next(field);) {
          if (field.descriptor != kAck || field.data.size() != 2 || field.data[0] != std::byte{request.descriptor})
            continue;
          reply = {std::to_integer<std::uint8_t>(field.data[1]), {}};
          if (reply.code != kOk || request.reply == 0) return true;
          if (!walk.next(field) || field.descriptor != request.reply)
            throw DeviceError(std::string(request.name) + ": the answer lacks its data field");
          if (!begins_with(field.data, request.echo)) continue;
          reply.data.assign(field.data.begin(), field.data.end());
          return true;
        }
      }
    }
  }
  return false;
}

}  // namespace grfd::mip
