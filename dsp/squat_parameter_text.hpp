// With which thresholds repetitions are found and measured, in words: `parameters` of the streams reps/*.
#pragma once
#include <string>

#include "dsp/squat_params.hpp"
#include "schemas/settings.hpp"

namespace grfd {

/// Of reps/left or reps/right.
std::string squat_side_text(const Settings& settings, const SquatParams& params, Side side);
/// Of reps/pair.
std::string squat_pair_text(const Settings& settings, const SquatParams& params);

}  // namespace grfd
