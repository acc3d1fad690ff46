// A thread that repeats one thing.
#pragma once
#include <pthread.h>

#include <atomic>
#include <string>
#include <thread>

#include "daemon/log.hpp"
#include "daemon/realtime.hpp"
#include "daemon/signals_blocked.hpp"

namespace grfd {

/// A thread that lives as long as its object.
class Loop {
 public:
  template <class Body>
  Loop(const char* name, int priority, Body body) {
    const SignalsBlocked blocked;
    thread_ = std::thread([this, name, priority, body = std::move(body)] {
      pthread_setname_np(pthread_self(), name);
      if (priority > 0) log(Level::info, std::string(name) + " thread: " + ask_for_realtime(priority));
      while (!stop_.load(std::memory_order_acquire)) body();
    });
  }
  ~Loop() {
    stop_.store(true, std::memory_order_release);
    thread_.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace grfd
