// The parts of the pipeline one by one, on the inputs they get in it.
#pragma once
#include <string>
#include <vector>

#include "bench/rig.hpp"

namespace grfd::bench {

struct StageTime {
  std::string name;
  double ns;  ///< processor time for all the samples of the rig
};
/// One pass over the rig's samples.
std::vector<StageTime> time_stages(const Rig& rig);

}  // namespace grfd::bench
