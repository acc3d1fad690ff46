// HDF5 with handles that close themselves, errors as exceptions, and only the plain types that every reader opens:
// numbers, fixed-length strings, no compounds, no time stamps. One thread at a time.
#pragma once
#include <hdf5.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace grfd::h5 {

/// @throws std::runtime_error "cannot <what> (<innermost reason of the library>)"
[[noreturn]] void fail(const std::string& what);
inline void ok(herr_t status, const std::string& what) {
  if (status < 0) fail(what);
}

/// H5Fclose that remembers a failure, see h5.cpp.
herr_t close_file(hid_t file) noexcept;

class Id {
 public:
  using Close = herr_t (*)(hid_t);
  Id() = default;
  /// @throws std::runtime_error when id is negative.
  Id(hid_t id, Close close, const std::string& what) : id_(id), close_(close) {
    if (id < 0) fail(what);
  }
  ~Id() { reset(); }
  Id(Id&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Id& operator=(Id&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  operator hid_t() const noexcept { return id_; }
  void reset() noexcept {
    if (id_ >= 0) close_(std::exchange(id_, -1));
  }
  /// Closes and does not swallow the error. @throws std::runtime_error
  void close(const std::string& what) {
    if (id_ >= 0) ok(close_(std::exchange(id_, -1)), what);
  }

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

using Shape = std::vector<hsize_t>;

/// Oldest layout that can hold the file, no time stamps: equal input gives equal bytes.
Id create_file(const std::string& path);
/// Read only.
Id open_file(const std::string& path);
/// With the groups on the way to it; an existing one is opened.
Id create_group(hid_t parent, const std::string& path);
Id open(hid_t parent, const std::string& path);  ///< group or dataset
bool exists(hid_t parent, const std::string& path);
/// Names directly below, sorted.
std::vector<std::string> children(hid_t group);
bool is_group(hid_t object);

/// A fixed-length UTF-8 string type of at least one byte, padded with zeros.
Id text_type(std::size_t length);

/// Chunked along the first axis with shuffle and deflate 1, or contiguous when it has no rows.
Id create_dataset(hid_t parent, const std::string& name, hid_t type, const Shape& shape, hsize_t chunk_rows);
void write_rows(hid_t dataset, hid_t type, hsize_t first, hsize_t rows, const void* data);
void read_rows(hid_t dataset, hid_t type, hsize_t first, hsize_t rows, void* data);
/// Small, contiguous, whole.
void write_array(hid_t parent, const std::string& name, hid_t type, const Shape& shape, const void* data);
/// Unsigned bytes in one deflated chunk.
void write_compressed(hid_t parent, const std::string& name, std::span<const std::byte> bytes);
void write_text(hid_t parent, const std::string& name, const std::string& text);
void write_texts(hid_t parent, const std::string& name, const std::vector<std::string>& texts);
/// All texts of the dataset `name`, one when write_text() wrote it; none when there is no such dataset.
std::vector<std::string> read_texts(hid_t parent, const std::string& name);
Shape shape(hid_t dataset);

void attribute(hid_t object, const std::string& name, const std::string& text);
void attribute(hid_t object, const std::string& name, const std::vector<std::string>& texts);
void attribute(hid_t object, const std::string& name, double value);
void attribute(hid_t object, const std::string& name, std::int64_t value);
void attribute(hid_t object, const std::string& name, const std::vector<double>& values);
bool has_attribute(hid_t object, const std::string& name);
/// "", 0 and no numbers when there is none.
std::string text_attribute(hid_t object, const std::string& name);
std::int64_t int_attribute(hid_t object, const std::string& name);
double number_attribute(hid_t object, const std::string& name);
std::vector<double> numbers_attribute(hid_t object, const std::string& name);

}  // namespace grfd::h5
