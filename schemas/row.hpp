// Samples back into rows: a row wider than one sample arrives as parts with one seq.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "schemas/sample.hpp"
#include "schemas/stream.hpp"

namespace grfd {

/// One row of a stream: `bytes` holds the columns in their declared type, little endian, without padding;
/// for a text stream it holds the text.
struct Row {
  Sample header;  ///< of the first part; its data are not used
  std::vector<std::byte> bytes;
};

/// Joins the parts of one stream. Not thread-safe.
class RowJoiner {
 public:
  explicit RowJoiner(const StreamInfo& info) : info_(&info) {}
  /// @return true when `row()` now holds a whole row. A row whose parts do not follow each other is dropped and
  /// counted.
  bool add(const Sample& s) {
    if (s.part == 0) {
      if (expected_ != 0) ++torn_;
      row_.header = s;
      row_.bytes.clear();
    } else if (s.part != expected_ || s.seq != row_.header.seq) {
      ++torn_;
      expected_ = 0;
      return false;
    }
    std::size_t used = s.data.size();
    if (info_->type == ValueType::text) {
      used = text(s).size();
    } else {
      const std::size_t size = value_size(info_->type), whole = info_->columns.size() * size;
      used = std::min(used, whole - std::min(whole, row_.bytes.size()));
    }
    row_.bytes.insert(row_.bytes.end(), s.data.begin(), s.data.begin() + static_cast<std::ptrdiff_t>(used));
    if (s.part + 1 < s.parts) {
      expected_ = static_cast<std::uint8_t>(s.part + 1);
      return false;
    }
    expected_ = 0;
    return true;
  }
  const Row& row() const { return row_; }
  std::uint64_t torn() const { return torn_; }

 private:
  const StreamInfo* info_;
  Row row_;
  std::uint8_t expected_ = 0;
  std::uint64_t torn_ = 0;
};

}  // namespace grfd
