// Whether a device that counts time by itself went on counting while its driver was started anew.
#pragma once
#include <cstdint>

#include "schemas/sample.hpp"

namespace grfd {

/// True when the device's counter rose by as much time as passed between the arrivals, within 50 ms: then it is the
/// same count, and what is missing can be counted. After a loss of power a counter begins at 0 and shows no more than
/// the time since: it falls short of the time that passed by all that it had counted before, so a device that had been
/// on for 50 ms cannot be mistaken.
/// @param step of the counter; of a counter that went back it is the huge unsigned difference
/// @param unit_ns one count
constexpr bool clock_ran_on(std::uint64_t step, std::uint64_t unit_ns, TimeNs between_arrivals) noexcept {
  constexpr TimeNs kSlack = 50'000'000;  // what links and buffers make later or earlier
  if (between_arrivals < 0 || step > static_cast<std::uint64_t>(between_arrivals + kSlack) / unit_ns) return false;
  return static_cast<TimeNs>(step * unit_ns) + kSlack >= between_arrivals;
}

}  // namespace grfd
