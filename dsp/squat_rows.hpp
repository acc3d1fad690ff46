// The rows of one closed repetition beyond its ankles: reps_load/*, reps_exploratory/*, reps_asymmetry.
#pragma once
#include <array>

#include "dsp/metric.hpp"
#include "dsp/squat_params.hpp"
#include "dsp/squat_types.hpp"

namespace grfd {

/// Adds its streams to the table and writes one row into each of them per repetition.
class SquatRows {
 public:
  struct State {
    std::array<std::uint64_t, 7> seq{};
  };
  SquatRows() = default;
  SquatRows(const MetricSetup& setup, const SquatParams& params);
  void write(const Repetition& r, Dominant dominant, const RowTime& now, SampleBatch& out, State& state) const noexcept;

 private:
  void write_asymmetry(const Repetition& r, Dominant dominant, const RowTime& now, SampleBatch& out,
                       std::uint64_t& seq) const noexcept;
  AsymmetryIndex index_ = AsymmetryIndex::bai1;
  std::array<RowWriter, 2> load_, exploratory_;
  RowWriter load_pair_, exploratory_pair_, asymmetry_;
};

}  // namespace grfd
