// The columns of a repetition: of reps/<side> and reps/pair, which are measured, and of truth/reps/*, which answer
// them.
#pragma once
#include "schemas/stream.hpp"

namespace grfd {

/// One ankle. All f64.
std::vector<Column> repetition_side_columns();
/// Both sides compared. All f64.
std::vector<Column> repetition_pair_columns();

}  // namespace grfd
