// The messages of USB/IP 1.1.1, by which a Linux kernel (vhci_hcd) imports devices. Bytes only: no socket, no device.
// Source: Linux, Documentation/usb/usbip_protocol.rst. All numbers are big-endian.
//
//   client                                       server
//   OP_REQ_DEVLIST  0111 8005 status:4           0111 0005 status:4 count:4, then 312 bytes per device + 4 per
//   interface OP_REQ_IMPORT   0111 8003 status:4 busid:32  0111 0003 status:4, then 312 bytes when the status is 0 From
//   then on 48-byte headers, command:4 seq:4 devid:4 direction:4 endpoint:4, and: CMD_SUBMIT 1    flags:4 length:4
//   start_frame:4 packets:4 interval:4 setup:8, then `length` bytes when OUT CMD_UNLINK 2    seq of the submit:4,
//   zeros:24
//                                                RET_SUBMIT 3  status:4 length:4 start_frame:4 packets:4 errors:4
//                                                zeros:8,
//                                                              then `length` bytes when IN
//                                                RET_UNLINK 4  status:4 zeros:24
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "drivers/emulation/emulated_device.hpp"

namespace grfd::usbip {

using Bytes = std::vector<std::byte>;
using View = std::span<const std::byte>;

constexpr std::uint16_t kVersion = 0x0111, kDefaultPort = 3240;
constexpr std::size_t kOperation = 8, kBusId = 32, kHeader = 48;
/// Longest transfer that is accepted; a host controller driver of Linux never asks for more than this in one piece
/// here.
constexpr std::size_t kLongestTransfer = 1 << 20;
/// Status words, which are Linux error numbers.
constexpr std::int32_t kOk = 0, kStalled = -32, kUnlinked = -104;

/// The other side does not speak the protocol. what() says which field was wrong and what would be right.
struct ProtocolError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class Operation : std::uint16_t { device_list = 0x8005, import = 0x8003 };
/// @throws ProtocolError
Operation read_operation(std::span<const std::byte, kOperation> request);
/// The bus id of an import request, up to its zero. @throws ProtocolError when there is none
std::string read_bus_id(std::span<const std::byte, kBusId> field);

/// An exported device as a client sees it in the list.
struct Exported {
  std::string path, bus_id;
  std::uint32_t bus = 1, address = 1, speed = 2;  ///< speed 2: full (12 Mbit/s), 3: high
  std::array<std::uint8_t, 18> device{};          ///< its device descriptor
  std::uint8_t configuration = 1;
  std::vector<std::array<std::uint8_t, 3>> interfaces;  ///< class, subclass, protocol
};
/// From the descriptors of an emulated device; `number` is its place on bus 1: "1-<number>".
/// @throws std::invalid_argument when the descriptors are not whole
Exported describe(const EmulatedDevice& device, std::uint32_t number);

void write_device_list(Bytes& out, std::span<const Exported> devices);
/// @param device null: the import is refused
void write_import(Bytes& out, const Exported* device);

struct Command {
  enum class Kind : std::uint32_t { submit = 1, unlink = 2 } kind = Kind::submit;
  std::uint32_t seq = 0, device_id = 0;
  bool in = false;
  std::uint8_t endpoint = 0;      ///< number without the direction
  std::uint32_t length = 0;       ///< submit: of the transfer; when OUT so many bytes follow
  std::uint32_t start_frame = 0;  ///< means nothing here; returned as it came, as in the document's example
  std::uint32_t packets = 0;      ///< of an isochronous transfer; 0 or 0xffffffff for all others, returned as it came
  std::array<std::uint8_t, 8> setup{};
  std::uint32_t victim = 0;  ///< unlink: seq of the submit
  std::uint8_t address() const { return static_cast<std::uint8_t>(endpoint | (in ? 0x80 : 0)); }
  std::size_t payload() const { return kind == Kind::submit && !in ? length : 0; }
};
/// @throws ProtocolError for an unknown command, an endpoint above 15, a length above kLongestTransfer, isochronous
/// ones
Command read_command(std::span<const std::byte, kHeader> header);

/// @param data what was read; empty for OUT transfers, whose `actual` says how much was taken
void write_submitted(Bytes& out, const Command& command, std::int32_t status, View data, std::size_t actual);
void write_unlinked(Bytes& out, std::uint32_t seq, std::int32_t status);

}  // namespace grfd::usbip
