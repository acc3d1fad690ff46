// Until something that another thread does has happened.
#pragma once
#include <chrono>
#include <thread>

/// @return whether it came true within `most`
template <class Condition>
bool wait_for(Condition condition, std::chrono::milliseconds most = std::chrono::seconds(10)) {
  const auto end = std::chrono::steady_clock::now() + most;
  while (!condition())
    if (std::chrono::steady_clock::now() > end)
      return false;
    else
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return true;
}
