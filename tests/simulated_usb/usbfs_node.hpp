// One device node: a FIFO that polls writable when URBs can be reaped, and the ioctl() that libusb calls on it.
#pragma once
#include "tests/simulated_usb/simulated_usb.hpp"

namespace grfd::simulated_usb {

/// Lives as long as a file descriptor may refer to it, also after the device is gone. Guarded by its port's mutex.
struct Port::Node {
  static std::shared_ptr<Node> make(Port& port, const std::string& path);
  Node(Port& port, std::string path);
  ~Node();
  Node(const Node&) = delete;

  void finish(usbdevfs_urb& urb, int status, int length);
  void wake();           ///< the FIFO becomes writable
  usbdevfs_urb* reap();  ///< null when there is none; then the FIFO is not writable
  void unlink();

  Port& port;
  const std::string path;
  bool gone = false;

 private:
  int gate_ = -1;
  bool writable_ = false;
  std::deque<usbdevfs_urb*> done_;
};

}  // namespace grfd::simulated_usb
