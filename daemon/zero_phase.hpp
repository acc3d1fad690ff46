// `grfd zero-phase`: the offline twins of the filtered streams of a finished recording. Nothing lags behind the
// movement: the low-pass of the wrench runs forward and backward, and what follows from the wrench follows from that.
#pragma once
#include <optional>
#include <string>

#include "schemas/settings.hpp"

namespace grfd {

struct ZeroPhaseOptions {
  std::string recording;  ///< HDF5
  std::string output;     ///< HDF5, is not replaced unless it is of zero-phase streams, too
  /// Of the twin: both passes together have -3 dB at cutoff_hz. Unless given as the recording's own filter.
  std::optional<double> cutoff_hz = {};
  std::optional<int> order = {};
};

struct ZeroPhaseReport {
  FilterSettings filter;
  std::size_t plates = 0, rows = 0;  ///< rows of the longest stream
};

/// Streams `zero_phase/plate/<plate>` (filtered wrench, point and frame of plate/<plate>), `zero_phase/cop/<plate>`,
/// `zero_phase/cop/total` and, with a plate on each side, `zero_phase/asymmetry`; every delay is 0. A centre of
/// pressure is known where that of the recording is, its delay taken off. An onset of force looks earlier than it is:
/// for onsets use the unfiltered plate/<plate>. @throws std::exception that names what is wrong with file or filter
ZeroPhaseReport zero_phase_twins(const ZeroPhaseOptions& options);

}  // namespace grfd
