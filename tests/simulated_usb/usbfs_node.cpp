#include "tests/simulated_usb/usbfs_node.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdarg>
#include <stdexcept>

namespace grfd::simulated_usb {
namespace {

std::mutex nodes_mutex;
std::map<ino_t, std::shared_ptr<Port::Node>>& nodes() {
  static std::map<ino_t, std::shared_ptr<Port::Node>> map;
  return map;
}

std::shared_ptr<Port::Node> find_node(int fd) {
  struct stat st;
  if (fstat(fd, &st) != 0 || !S_ISFIFO(st.st_mode)) return nullptr;
  const std::lock_guard lock(nodes_mutex);
  const auto it = nodes().find(st.st_ino);
  return it == nodes().end() ? nullptr : it->second;
}

}  // namespace

Port::Node::Node(Port& p, std::string node_path) : port(p), path(std::move(node_path)) {
  ::unlink(path.c_str());
  if (mkfifo(path.c_str(), 0666) != 0) throw std::runtime_error("cannot make " + path);
  gate_ = open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  fcntl(gate_, F_SETPIPE_SZ, 4096);  // one buffer: a single byte fills it
  if (write(gate_, "x", 1) != 1) throw std::runtime_error("cannot fill " + path);
}

Port::Node::~Node() { close(gate_); }

std::shared_ptr<Port::Node> Port::Node::make(Port& port, const std::string& path) {
  auto node = std::make_shared<Node>(port, path);
  struct stat st;
  fstat(node->gate_, &st);
  const std::lock_guard lock(nodes_mutex);
  nodes()[st.st_ino] = node;
  return node;
}

void Port::Node::finish(usbdevfs_urb& urb, int status, int length) {
  urb.status = status;
  urb.actual_length = length;
  done_.push_back(&urb);
}

void Port::Node::wake() {
  char byte;
  if (!writable_ && read(gate_, &byte, 1) == 1) writable_ = true;
}

usbdevfs_urb* Port::Node::reap() {
  if (done_.empty()) {
    if (writable_ && write(gate_, "x", 1) == 1) writable_ = false;
    return nullptr;
  }
  usbdevfs_urb* urb = done_.front();
  done_.pop_front();
  return urb;
}

void Port::Node::unlink() { ::unlink(path.c_str()); }

}  // namespace grfd::simulated_usb

// The program's own symbol comes before every library's. noexcept as declared by the C library.
extern "C" int ioctl(int fd, unsigned long request, ...) noexcept {
  std::va_list arguments;
  va_start(arguments, request);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  if (_IOC_TYPE(request) == 'U')
    if (const auto node = grfd::simulated_usb::find_node(fd)) return node->port.io(*node, request, argument);
  static const auto real = reinterpret_cast<int (*)(int, unsigned long, ...)>(dlsym(RTLD_NEXT, "ioctl"));
  return real(fd, request, argument);
}
