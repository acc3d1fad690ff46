// What a repetition of the synthetic squatter really was, in the columns of reps/*: rows of truth/reps/*.
#pragma once
#include <string_view>
#include <utility>

#include "drivers/emulation/subject.hpp"

namespace grfd {

class RepetitionTruth {
 public:
  /// Answers by the name of the column. What is not among them only a detector can say.
  using Answers = std::vector<std::pair<std::string_view, double>>;

  /// @param who for `used` and `plateau_kind`, which are relative to the knee-to-wall test
  RepetitionTruth(const Subject& subject, const ParticipantSettings& who);
  RepetitionTruth(const RepetitionTruth&) = delete;  // it refers to the subject beside it
  /// truth/reps/left, truth/reps/right, truth/reps/pair
  const std::array<StreamInfo, 3>& streams() const { return streams_; }
  /// The values of repetition k >= 0, in the order of streams() and of their columns. Takes a few milliseconds.
  std::array<std::vector<double>, 3> rows(long k) const;

 private:
  struct Movement;
  std::array<Answers, 3> answers(long k) const;
  Movement movement(const Repetition& r) const;
  Answers side(const Repetition& r, const Movement& m, std::size_t side) const;
  double eversion_onset_s(const Repetition& r, const Movement& m, std::size_t side, double most_deg) const;
  double load_index(double t_s) const;  ///< right minus left, %

  const Subject& subject_;
  ParticipantSettings who_;
  std::array<StreamInfo, 3> streams_;
};

}  // namespace grfd
