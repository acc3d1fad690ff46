// Signals may arrive on any thread that does not block them, and any call of ZeroMQ may then end with EINTR.
#pragma once
#include <cerrno>
#include <zmq.hpp>

namespace grfd {

template <class Call>
auto uninterrupted(Call call) {
  for (;;) try {
      return call();
    } catch (const zmq::error_t& e) {
      if (e.num() != EINTR) throw;
    }
}

}  // namespace grfd
