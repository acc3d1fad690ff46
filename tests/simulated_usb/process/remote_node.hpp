// A device node for another process: umockdev's preloaded library brings that process's usbfs calls here over a socket.
#pragma once
#include <umockdev.h>

#include <map>
#include <memory>
#include <string>

#include "tests/simulated_usb/usbfs_node.hpp"

namespace grfd::simulated_usb {

/// Make one for each node before udev tells of it (Port::serve). One thread of umockdev answers for all of them, which
/// carries about 1000 transfers a second.
class RemoteNode {
 public:
  /// @param path as the other process sees it: /dev/bus/usb/001/002
  RemoteNode(UMockdevTestbed* testbed, std::shared_ptr<Port::Node> node, const std::string& path);
  ~RemoteNode();
  RemoteNode(const RemoteNode&) = delete;

 private:
  /// A URB of the other process, and our copy of it, whose buffer is our copy of its buffer.
  struct Urb {
    std::unique_ptr<usbdevfs_urb> ours = std::make_unique<usbdevfs_urb>();  // its usercontext leads back here
    UMockdevIoctlData *theirs = nullptr, *buffer = nullptr;
    ~Urb();
  };
  gboolean handle(UMockdevIoctlClient* client);
  int submit(UMockdevIoctlData* argument);
  void reap(UMockdevIoctlClient* client, UMockdevIoctlData* argument, unsigned long request);

  UMockdevIoctlBase* handler_;
  std::shared_ptr<Port::Node> node_;
  std::map<gulong, std::unique_ptr<Urb>> urbs_;  // by address in the other process
};

}  // namespace grfd::simulated_usb
