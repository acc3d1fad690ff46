// The exact clock lines of a finished recording: what its times should have been, now that all packets are known.
#pragma once
#include <hdf5.h>

#include <cstdint>
#include <string>
#include <vector>

namespace grfd {

/// One device clock in one epoch. The clock's drift is taken to be constant: after hours in a warming room it was not.
struct ClockLine {
  std::string device;
  std::uint64_t epoch = 0;
  /// Of the first row: its number, `seq` where the samples are counted, `t_device` where the device stamps them ("us").
  std::string number;
  std::int64_t first = 0;
  std::uint64_t rows = 0;
  double at_first_s =
      0;  ///< exact lab time of that row, seconds since the session's start, the device's delay included
  double interval_s = 0;  ///< exact time of one count
  double drift_ppm = 0;   ///< nominal over exact interval, minus 1: + = the device's clock runs fast
  /// Column t minus the exact line. Mean over the settled rows (minus the set delay of the device, when it has one),
  /// and the largest distance from that mean, settled and not settled (flag clock_unsettled); NaN when there are none.
  double offset_s = 0, worst_s = 0, worst_unsettled_s = 0;
};

/// Of all devices with a clock of their own, in alphabetical order; two rows at least. @throws std::runtime_error
std::vector<ClockLine> exact_clock_lines(hid_t file);

}  // namespace grfd
