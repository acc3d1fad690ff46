// Wrenches of any number of plates from a CSV, plain or gzipped.
#pragma once
#include <string_view>

#include "drivers/emulation/stimulus.hpp"

namespace grfd {

/// what() reads "trial.csv:3:17: what is wrong; what would be right".
struct CsvError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Ground reactions on the subject, N and N.m, about the centre of each plate's surface, in lab axes.
struct CsvRecording {
  double rate_hz = 0;
  std::vector<std::vector<Wrench>> plates;  ///< [plate][sample]
};

/// Header: t (s, evenly spaced) and for plates 1, 2, ... the six columns Fx1 Fy1 Fz1 Mx1 My1 Mz1, in any order.
/// @throws CsvError naming file, line and column (in characters), all 1-based
CsvRecording read_csv(const std::string& path);
CsvRecording parse_csv(std::string_view text, const std::string& name);

}  // namespace grfd
