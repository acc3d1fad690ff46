#include "tests/simulated_usb/process/remote_node.hpp"

#include <sys/ioctl.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <stdexcept>

namespace grfd::simulated_usb {
namespace {

/// Bytes that a plain argument points to; 0: the call has none, or it is its value.
std::size_t argument_size(unsigned long request) {
  switch (request) {
    case USBDEVFS_GET_CAPABILITIES:
      return sizeof(std::uint32_t);
    case USBDEVFS_DISCONNECT_CLAIM:
      return sizeof(usbdevfs_disconnect_claim);
    case USBDEVFS_IOCTL:
      return sizeof(usbdevfs_ioctl);
    case USBDEVFS_CLAIMINTERFACE:
    case USBDEVFS_RELEASEINTERFACE:
    case USBDEVFS_CLEAR_HALT:
    case USBDEVFS_SETCONFIGURATION:
      return sizeof(unsigned);
    default:
      return 0;
  }
}

}  // namespace

RemoteNode::Urb::~Urb() {
  if (buffer) g_object_unref(buffer);
  if (theirs) g_object_unref(theirs);
}

RemoteNode::RemoteNode(UMockdevTestbed* testbed, std::shared_ptr<Port::Node> node, const std::string& path)
    : handler_(umockdev_ioctl_base_new()), node_(std::move(node)) {
  const auto handle = +[](UMockdevIoctlBase*, UMockdevIoctlClient* client, gpointer self) -> gboolean {
    return static_cast<RemoteNode*>(self)->handle(client);
  };
  g_signal_connect(handler_, "handle-ioctl", G_CALLBACK(handle), this);
  if (!umockdev_testbed_attach_ioctl(testbed, path.c_str(), handler_, nullptr))
    throw std::runtime_error("umockdev does not listen for calls on " + path);
}

RemoteNode::~RemoteNode() {
  g_signal_handlers_disconnect_by_data(handler_, this);
  g_object_unref(handler_);
}

int RemoteNode::submit(UMockdevIoctlData* argument) {
  auto urb = std::make_unique<Urb>();
  urb->theirs = umockdev_ioctl_data_resolve(argument, 0, sizeof(usbdevfs_urb), nullptr);
  if (!urb->theirs) return EFAULT;
  usbdevfs_urb* const ours = urb->ours.get();
  std::memcpy(ours, urb->theirs->data, sizeof *ours);
  ours->usercontext = urb.get();
  if (ours->buffer_length > 0) {
    urb->buffer = umockdev_ioctl_data_resolve(urb->theirs, offsetof(usbdevfs_urb, buffer),
                                              static_cast<gsize>(ours->buffer_length), nullptr);
    if (!urb->buffer) return EFAULT;
    ours->buffer = urb->buffer->data;
  }
  const gulong address = urb->theirs->client_addr;
  urbs_[address] = std::move(urb);
  if (node_->port.io(*node_, USBDEVFS_SUBMITURB, ours) == 0) return 0;
  const int error = errno;
  urbs_.erase(address);
  return error;
}

void RemoteNode::reap(UMockdevIoctlClient* client, UMockdevIoctlData* argument, unsigned long request) {
  usbdevfs_urb* ended = nullptr;
  if (node_->port.io(*node_, request, &ended) != 0) return umockdev_ioctl_client_complete(client, -1, errno);
  Urb& urb = *static_cast<Urb*>(ended->usercontext);
  auto* theirs = reinterpret_cast<usbdevfs_urb*>(urb.theirs->data);
  theirs->status = ended->status;
  theirs->actual_length = ended->actual_length;
  UMockdevIoctlData* pointer = umockdev_ioctl_data_resolve(argument, 0, sizeof(void*), nullptr);
  umockdev_ioctl_data_set_ptr(pointer, 0, urb.theirs);  // with it, the URB and its buffer go back
  umockdev_ioctl_client_complete(client, 0, 0);
  g_object_unref(pointer);
  urbs_.erase(urb.theirs->client_addr);
}

gboolean RemoteNode::handle(UMockdevIoctlClient* client) {
  UMockdevIoctlData* argument = umockdev_ioctl_client_get_arg(client);
  const unsigned long request = umockdev_ioctl_client_get_request(client);
  int error = 0;
  if (request == USBDEVFS_REAPURB || request == USBDEVFS_REAPURBNDELAY) {
    reap(client, argument, request);
    return TRUE;
  }
  if (request == USBDEVFS_SUBMITURB) {
    error = submit(argument);
  } else if (request == USBDEVFS_DISCARDURB) {
    gulong address;
    std::memcpy(&address, argument->data, sizeof address);
    const auto it = urbs_.find(address);
    if (it == urbs_.end())
      error = EINVAL;
    else if (node_->port.io(*node_, request, it->second->ours.get()) != 0)
      error = errno;
  } else {
    const std::size_t size = argument_size(request);
    UMockdevIoctlData* data = size > 0 ? umockdev_ioctl_data_resolve(argument, 0, size, nullptr) : nullptr;
    if (size > 0 && !data)
      error = EFAULT;
    else if (node_->port.io(*node_, request, data ? static_cast<void*>(data->data) : nullptr) != 0)
      error = errno;
    umockdev_ioctl_client_complete(client, error == 0 ? 0 : -1, error);
    if (data) g_object_unref(data);
    return TRUE;
  }
  umockdev_ioctl_client_complete(client, error == 0 ? 0 : -1, error);
  return TRUE;
}

}  // namespace grfd::simulated_usb
