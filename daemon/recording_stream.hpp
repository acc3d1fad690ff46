// One stream of a recording: its group, its columns and what describes them.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/h5.hpp"
#include "schemas/row.hpp"

namespace grfd {

/// Known before the first row is written, so that the datasets have their final size from the start.
struct StreamShape {
  std::uint64_t rows = 0;
  std::size_t name_bytes = 0, detail_bytes = 0;  ///< longest, text streams only
};

/// A text row "name {json}" in its two halves.
std::pair<std::string_view, std::string_view> split_text_row(const std::vector<std::byte>& bytes);

/// Streams that enter the pipeline keep what a recomputation needs: t_device, t_arrival, order.
constexpr bool keeps_order(StreamKind kind) {
  return kind == StreamKind::raw || kind == StreamKind::event || kind == StreamKind::truth;
}

/// To compare a written dataset with what was sent to it.
struct DatasetCheck {
  std::string path;
  std::uint64_t rows = 0;
  std::size_t row_bytes = 0;
  std::uint32_t crc = 0;
};

/// Holds at most one chunk of each dataset in memory.
class StreamWriter {
 public:
  StreamWriter(hid_t file, const StreamInfo& info, const StreamShape& shape, TimeNs start, std::uint64_t lost_on_disk);
  void add(const Row& row);
  /// Writes what is left. @throws std::runtime_error when fewer or more rows came than were announced.
  std::vector<DatasetCheck> finish();

 private:
  struct Field {
    h5::Id type, dataset;
    std::string name;
    std::size_t row_bytes;
    std::uint64_t chunk_rows, written = 0;
    std::uint32_t crc = 0;
    std::vector<std::byte> buffer;
  };
  void describe(const StreamInfo& info, std::uint64_t lost_on_disk);
  std::size_t field(const std::string& name, h5::Id type, std::size_t row_bytes, std::size_t columns,
                    const std::string& unit);
  void put(std::size_t field, const void* data, std::size_t n);
  void write(Field& field);

  const StreamInfo* info_;
  StreamShape shape_;
  TimeNs start_;
  h5::Id group_;
  std::string path_;
  std::vector<Field> fields_;
  std::uint64_t rows_ = 0;
  double first_t_ = 0, last_t_ = 0;
};

/// Reads a dataset back. @throws std::runtime_error when its length or its content differs.
void compare(hid_t file, const DatasetCheck& check);

}  // namespace grfd
