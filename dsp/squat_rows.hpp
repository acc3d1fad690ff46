// The rows of one closed repetition beyond its ankles: reps_load/*, reps_exploratory/*, reps_asymmetry.
#pragma once
#include <array>
#include <initializer_list>
#include <span>
#include <vector>

#include "dsp/metric.hpp"
#include "dsp/squat_params.hpp"
#include "dsp/squat_types.hpp"

namespace grfd {

/// Adds its streams to the table and writes one row into each of them per repetition. Without plates a stream has only
/// the columns that need no force, and one without such columns does not exist.
class SquatRows {
 public:
  struct State {
    std::array<std::uint64_t, 7> seq{};
  };
  SquatRows() = default;
  SquatRows(const MetricSetup& setup, const SquatParams& params);
  /// @param pair as `now`, invalid where the fall back could not be measured
  void write(const Repetition& r, Dominant dominant, RowTime now, RowTime pair, SampleBatch& out,
             State& state) const noexcept;

 private:
  void write_asymmetry(const Repetition& r, Dominant dominant, const RowTime& now, SampleBatch& out,
                       std::uint64_t& seq) const noexcept;
  /// Some columns of a row.
  struct Columns {
    RowWriter writer;
    std::vector<std::size_t> kept;
    void write(SampleBatch& out, const RowTime& now, std::span<const double> row, std::uint64_t& seq) const noexcept;
    void write(SampleBatch& out, const RowTime& now, std::initializer_list<double> row,
               std::uint64_t& seq) const noexcept {
      write(out, now, std::span<const double>(row.begin(), row.size()), seq);
    }
  };
  bool plates_ = false;
  AsymmetryIndex index_ = AsymmetryIndex::bai1;
  std::array<Columns, 2> load_, exploratory_;
  Columns load_pair_, exploratory_pair_, asymmetry_;
};

}  // namespace grfd
