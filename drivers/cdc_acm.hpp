// USB CDC-ACM (a virtual serial port) without the kernel's driver: find the function, claim it, raise DTR.
// Source: USB Communications Device Class 1.2 and its PSTN subclass.
#pragma once
#include <cstdint>
#include <span>

#include "drivers/link.hpp"

namespace grfd {

struct CdcAcm {
  int control_interface = -1, data_interface = -1;
  std::uint8_t in = 0, out = 0;  ///< bulk endpoints of the data interface
  std::uint8_t notify = 0;       ///< interrupt endpoint of the control interface; 0 = none
  std::uint16_t max_packet = 0;  ///< of the bulk IN endpoint
  std::uint16_t out_packet = 0;  ///< of the bulk OUT endpoint
};

/// The first ACM function of a configuration: class 2 subclass 2, its data interface named by the union descriptor or
/// else the next interface of class 0x0A. Alternate settings other than 0 are ignored.
/// @throws DeviceError when there is none, or an endpoint is missing
CdcAcm find_cdc_acm(std::span<const std::uint8_t> configuration);

/// Claims both interfaces, sets 115200 8N1, then DTR and RTS. A device may refuse the two class requests.
/// @throws LinkError
void open_cdc_acm(Link& link, const CdcAcm& port);
/// One OUT transfer. When its packets are all full, an empty one follows and tells the device that this is all.
/// @throws LinkError
void write_cdc_acm(Link& link, const CdcAcm& port, std::span<const std::byte> data, int timeout_ms);
/// DTR and RTS to 0.
void close_cdc_acm(Link& link, const CdcAcm& port) noexcept;

/// Closes a port that has been opened, whichever way its scope ends. The link outlives it.
class CdcAcmVisit {
 public:
  CdcAcmVisit(Link& link, const CdcAcm& port) : link_(link), port_(port) {}
  CdcAcmVisit(const CdcAcmVisit&) = delete;
  CdcAcmVisit& operator=(const CdcAcmVisit&) = delete;
  ~CdcAcmVisit() { close_cdc_acm(link_, port_); }
  const CdcAcm& port() const { return port_; }

 private:
  Link& link_;
  const CdcAcm port_;
};

}  // namespace grfd
