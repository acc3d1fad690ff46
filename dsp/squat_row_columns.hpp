// The streams of SquatRows: their columns and what these mean.
#pragma once
#include <string_view>
#include <vector>

#include "dsp/asymmetry.hpp"
#include "dsp/squat_params.hpp"
#include "schemas/settings.hpp"
#include "schemas/stream.hpp"

namespace grfd {

/// One standard error of what an asymmetry compares. Forces: an assumption, tare and drift included; rate and range:
/// the scatter of single repetitions of a simulated symmetric subject with skin motion.
inline constexpr double kForceSigma_n = 4, kRateSigma_deg_s = 1.0, kRangeSigma_deg = 1.1;

struct SquatRowStream {
  StreamInfo info;
  std::vector<std::string_view> by_ankles;  ///< columns that need no force, beside `rep`
};
SquatRowStream load_row(Side side, const ParticipantSettings& who, const SquatParams& p);
SquatRowStream load_pair_row(const ParticipantSettings& who, const SquatParams& p);
SquatRowStream exploratory_row(Side side, const ParticipantSettings& who, const SquatParams& p);
SquatRowStream exploratory_pair_row(const ParticipantSettings& who, const SquatParams& p);
SquatRowStream asymmetry_row(AsymmetryIndex index, const ParticipantSettings& who, const SquatParams& p);

}  // namespace grfd
