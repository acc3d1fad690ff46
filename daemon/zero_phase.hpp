// `grfd zero-phase`: the offline twins of the filtered streams of a finished recording. Nothing lags behind the
// movement: the low-pass of the wrench runs forward and backward, and what follows from the wrench follows from that.
#pragma once
#include <optional>
#include <string>

#include "schemas/settings.hpp"

namespace grfd {

constexpr double kTwinGridHz = 1000;  ///< of what is read

struct ZeroPhaseOptions {
  std::string recording;  ///< HDF5
  std::string output;     ///< HDF5, is not replaced unless it is of zero-phase streams, too
  /// Of the twin: both passes together have -3 dB at cutoff_hz. Unless given as the recording's own filter.
  std::optional<double> cutoff_hz = {};
  std::optional<int> order = {};
  /// Of the rows: 1000 / N. Unless given 1000, for sway 100.
  std::optional<double> rate_hz = {};
  /// The filter of quiet stance instead: the wrench decimated first, then sway_filter(), second order at 10 Hz.
  bool sway = false;
};

struct ZeroPhaseFilter {
  FilterSettings low_pass;
  std::size_t divisor = 1;  ///< one row every so many milliseconds
  bool sway = false;        ///< decimated before the low-pass, at the new rate; otherwise after it
  double rate_hz() const { return kTwinGridHz / static_cast<double>(divisor); }
};
/// What the options ask for; `recorded` is the filter of the recording. @throws std::invalid_argument for a rate that
/// does not divide 1000 Hz, and for options that contradict each other
ZeroPhaseFilter zero_phase_filter(const ZeroPhaseOptions& options, const FilterSettings& recorded);

struct ZeroPhaseReport {
  ZeroPhaseFilter filter;
  std::string words;                 ///< the filter
  std::size_t plates = 0, rows = 0;  ///< rows of the longest stream
};

/// Streams `zero_phase/plate/<plate>` (filtered wrench, point and frame of plate/<plate>), `zero_phase/cop/<plate>`,
/// `zero_phase/cop/total` and, with a plate on each side, `zero_phase/asymmetry`; every delay is 0. A centre of
/// pressure is known where that of the recording is, its delay taken off. At a lower rate the wrenches are decimated
/// (dsp/decimation.hpp) and the rest computed from them. An onset of force looks earlier than it is: for onsets use the
/// unfiltered plate/<plate>. @throws std::exception that names what is wrong with file or filter
ZeroPhaseReport zero_phase_twins(const ZeroPhaseOptions& options);

}  // namespace grfd
