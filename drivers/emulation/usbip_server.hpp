// Exports emulated devices over USB/IP: a Linux kernel imports them with vhci_hcd and sees them on its own USB.
#pragma once
#include <functional>
#include <list>
#include <memory>

#include "drivers/emulation/emulated_link.hpp"
#include "drivers/emulation/usbip_export.hpp"
#include "schemas/counter.hpp"

namespace grfd {

/// One thread calls everything. Each import is one connection, and its end is the unplugging; the next import of the
/// same device plugs it in again. A client that breaks the protocol loses its connection, is counted, and harms nobody
/// else.
class UsbipServer {
 public:
  /// Listens at once. Only this computer: the protocol has no password.
  /// @param address IPv4 address in 127.0.0.0/8 @param port 0: any that is free
  /// @param session_start lab time at which the devices' own time is 0
  /// @param say told in words who comes, who goes and why; may be empty
  /// @throws std::invalid_argument for another address, std::runtime_error when it cannot listen
  UsbipServer(const std::string& address, std::uint16_t port, const LabClock& clock, TimeNs session_start,
              std::function<void(const std::string&)> say = {});
  ~UsbipServer();
  UsbipServer(const UsbipServer&) = delete;

  /// @param device outlives the server @return its bus id, "1-1" for the first
  std::string add(EmulatedDevice& device, std::string name);
  std::uint16_t port() const { return port_; }
  /// Serves for at most so long, until something has happened. A signal ends the waiting too.
  void serve(TimeNs longest);
  /// Pulls device i (in the order of `add`) out of its client. @return false when nobody had it
  bool unplug(std::size_t i);
  bool imported(std::size_t i) const { return ports_.at(i).user != nullptr; }
  UsbipExport& exported(std::size_t i) { return ports_.at(i).device; }

  std::span<const Counter* const> counters() const noexcept { return all_counters_; }

 private:
  struct Connection;
  struct Port {
    std::string name;
    UsbipExport device;
    Connection* user = nullptr;
  };
  TimeNs now() const { return clock_.now() - start_; }
  TimeNs run_devices();
  void accept_clients();
  bool receive(Connection& connection);
  bool consume(Connection& connection);
  bool operation(Connection& connection);
  bool commands(Connection& connection);
  bool send(Connection& connection);
  void close(Connection& connection, const std::string& why);
  void say(const std::string& text) const;

  const LabClock& clock_;
  const TimeNs start_;
  std::function<void(const std::string&)> say_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::deque<Port> ports_;
  std::list<Connection> connections_;
  Counter imports_{"imports"}, refused_{"refused_imports"}, bad_{"protocol_errors"}, deaf_{"clients_that_do_not_read"},
      silent_{"clients_that_say_nothing"}, crowd_{"connections_refused"};
  std::array<const Counter*, 6> all_counters_{&imports_, &refused_, &bad_, &deaf_, &silent_, &crowd_};
};

}  // namespace grfd
