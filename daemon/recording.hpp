// Recordings on disk: is one whole and consistent, and what is left over in a folder.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/finalise.hpp"

namespace grfd {

struct StreamVerdict {
  std::string name, kind;
  std::uint64_t rows = 0;
  double first_s = 0, last_s = 0;        ///< of `t`, NaN when there is none
  std::uint64_t holes = 0, missing = 0;  ///< places where seq jumps, and rows missing there
  std::uint64_t declared = 0;            ///< missing rows that the gaps stream or the recorder accounts for
  std::uint64_t uncounted = 0;           ///< gaps of which nobody knows how many samples they cost
  std::uint64_t invalid = 0;             ///< rows with the flag "invalid"
  std::uint64_t epochs = 0;              ///< restarts of the device's counter and steps of its clock
};

struct VerifyReport {
  std::string path;
  std::vector<StreamVerdict> streams;
  std::vector<std::string> problems;  ///< empty: the recording is fine
  std::vector<std::string> notes;     ///< true of a fine recording too: no clean end, accounted gaps
  bool good() const { return problems.empty(); }
};

/// Never throws for what is wrong with the file: that becomes a problem. Reads every row once.
VerifyReport verify(const std::string& path);

struct RecoverItem {
  enum class Outcome : std::uint8_t { finalised, in_use, empty, failed, removed_tmp } outcome = Outcome::finalised;
  std::string path, text;
  FinaliseReport report;
};
/// Finalises every journal of the folder that nobody holds and removes abandoned .h5.tmp files. A journal without a
/// whole block is set aside as `.journal.empty`. @throws std::exception when the folder cannot be read.
std::vector<RecoverItem> recover(const std::string& folder);

/// The commands `grfd finalise JOURNAL... [--keep-journal] [--wait]`, `grfd verify FILE...`, `grfd recover FOLDER...
/// [--quiet]`.
/// They print to standard output (one JSON array with `json`) and return 0, 1 for problems, 2 for wrong arguments.
int run_finalise(const std::vector<std::string>& args, bool json);
int run_verify(const std::vector<std::string>& args, bool json);
int run_recover(const std::vector<std::string>& args, bool json);

}  // namespace grfd
