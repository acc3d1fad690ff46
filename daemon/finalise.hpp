// A journal becomes a plain HDF5 recording.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace grfd {

struct FinaliseOptions {
  bool keep_journal = false;
  bool wait =
      false;  ///< for another process that holds the journal; when that has finalised it, the report has no rows
};

struct FinaliseReport {
  std::string h5_path;
  bool already_there = false;                               ///< an equal recording existed: nothing was written
  bool clean_end = false;                                   ///< the journal has its end block
  std::vector<std::pair<std::string, std::uint64_t>> rows;  ///< per stream, as in the table
  std::uint64_t dropped_tail_bytes = 0, skipped_bytes = 0, missing_blocks = 0;
  std::uint64_t torn_rows = 0;     ///< rows of which a part is missing
  std::uint64_t lost_on_disk = 0;  ///< samples that the disk refused
  std::uint64_t journal_bytes = 0, h5_bytes = 0;
  double seconds = 0;
};

/// Another process holds the journal: it is still recorded, or being finalised.
struct JournalInUse : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// The file holds no block at all: nothing was recorded in it.
struct JournalEmpty : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Writes `x.journal` to `x.h5.tmp`, compares that with the journal, gives it its name `x.h5` (`x_2.h5`, ... when
/// another recording has it) and removes the journal. May be killed and called again at any moment. Reads the journal
/// twice and keeps one chunk of each dataset in memory.
/// @throws std::exception in plain words; the journal is then untouched and no .tmp is left.
FinaliseReport finalise(const std::string& journal_path, const FinaliseOptions& options = {});

}  // namespace grfd
