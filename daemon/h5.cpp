#include "daemon/h5.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace grfd::h5 {
namespace {
constexpr std::size_t kLongestAttribute = 60000;  // an object header message ends at 64 kB

/// The library's own clean-up at exit walks into a file whose close has failed, as on a full disk, and crashes. So it
/// is done here, and left out after such a failure.
struct Library {
  bool broken = false;
  Library() {
    H5dont_atexit();
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Library() {
    if (!broken) H5close();
  }
};
Library& library() {
  static Library one;
  return one;
}
void set_up() { library(); }

Id timeless(hid_t cls) {
  Id list(H5Pcreate(cls), H5Pclose, "prepare an HDF5 object");
  ok(H5Pset_obj_track_times(list, false), "switch off time stamps");
  return list;
}
Id space_of(const Shape& shape) {
  return shape.empty() ? Id(H5Screate(H5S_SCALAR), H5Sclose, "describe a value")
                       : Id(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose,
                            "describe an array");
}
std::size_t longest(const std::vector<std::string>& texts) {
  std::size_t n = 1;
  for (const auto& t : texts) n = std::max(n, t.size());
  return n;
}
std::vector<char> padded(const std::vector<std::string>& texts, std::size_t length) {
  std::vector<char> bytes(std::max<std::size_t>(1, texts.size() * length));
  for (std::size_t i = 0; i < texts.size(); ++i)
    std::memcpy(bytes.data() + i * length, texts[i].data(), texts[i].size());
  return bytes;
}
void put_attribute(hid_t object, const std::string& name, hid_t type, const Shape& shape, const void* data) {
  const Id space = space_of(shape);
  const Id a(H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
             "create the attribute " + name);
  if (std::find(shape.begin(), shape.end(), 0u) == shape.end())
    ok(H5Awrite(a, type, data), "write the attribute " + name);
}
Id rows_of(hid_t dataset, hsize_t first, hsize_t rows, Id& memory) {
  Id file(H5Dget_space(dataset), H5Sclose, "examine a dataset");
  Shape start(shape(dataset).size(), 0), count = shape(dataset);
  start[0] = first;
  count[0] = rows;
  memory = space_of(count);
  ok(H5Sselect_hyperslab(file, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr), "select rows");
  return file;
}
}  // namespace

herr_t close_file(hid_t file) noexcept {
  const herr_t status = H5Fclose(file);
  if (status < 0) library().broken = true;
  return status;
}

void fail(const std::string& what) {
  std::string reason;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned n, const H5E_error2_t* e, void* to) -> herr_t {
        if (n == 0 && e->desc) *static_cast<std::string*>(to) = e->desc;
        return 0;
      },
      &reason);
  H5Eclear2(H5E_DEFAULT);
  throw std::runtime_error("cannot " + what + (reason.empty() ? "" : " (" + reason + ")"));
}

Id create_file(const std::string& path) {
  set_up();
  const Id list = timeless(H5P_FILE_CREATE);
  return Id(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, list, H5P_DEFAULT), close_file, "create '" + path + "'");
}

Id open_file(const std::string& path) {
  set_up();
  return Id(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), close_file, "open '" + path + "' as HDF5");
}

Id create_group(hid_t parent, const std::string& path) {
  if (exists(parent, path)) return open(parent, path);
  const auto cut = path.rfind('/');
  Id above;
  if (cut != std::string::npos && cut > 0) above = create_group(parent, path.substr(0, cut));
  const Id list = timeless(H5P_GROUP_CREATE);
  const std::string leaf = cut == std::string::npos ? path : path.substr(cut + 1);
  return Id(H5Gcreate2(above >= 0 ? hid_t(above) : parent, leaf.c_str(), H5P_DEFAULT, list, H5P_DEFAULT), H5Gclose,
            "create the group " + path);
}

Id open(hid_t parent, const std::string& path) {
  return Id(H5Oopen(parent, path.c_str(), H5P_DEFAULT), H5Oclose, "open " + path);
}

bool exists(hid_t parent, const std::string& path) {
  for (std::size_t cut = path.find('/', 1);; cut = path.find('/', cut + 1)) {
    if (H5Lexists(parent, path.substr(0, cut).c_str(), H5P_DEFAULT) <= 0) return false;
    if (cut == std::string::npos) return true;
  }
}

std::vector<std::string> children(hid_t group) {
  H5G_info_t info;
  ok(H5Gget_info(group, &info), "list a group");
  std::vector<std::string> names;
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    const auto name = [&](char* to, std::size_t n) {
      return H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, to, n, H5P_DEFAULT);
    };
    const ssize_t n = name(nullptr, 0);
    if (n < 0) fail("list a group");
    std::string text(static_cast<std::size_t>(n) + 1, '\0');
    if (name(text.data(), text.size()) < 0) fail("list a group");
    text.pop_back();
    names.push_back(std::move(text));
  }
  return names;
}

bool is_group(hid_t object) { return H5Iget_type(object) == H5I_GROUP; }

Id text_type(std::size_t length) {
  Id type(H5Tcopy(H5T_C_S1), H5Tclose, "prepare a text");
  ok(H5Tset_size(type, std::max<std::size_t>(1, length)), "prepare a text");
  ok(H5Tset_strpad(type, H5T_STR_NULLPAD), "prepare a text");
  ok(H5Tset_cset(type, H5T_CSET_UTF8), "prepare a text");
  return type;
}

Id create_dataset(hid_t parent, const std::string& name, hid_t type, const Shape& shape, hsize_t chunk_rows) {
  const Id list = timeless(H5P_DATASET_CREATE), space = space_of(shape);
  ok(H5Pset_fill_time(list, H5D_FILL_TIME_NEVER), "prepare a dataset");
  if (std::find(shape.begin(), shape.end(), 0u) == shape.end()) {
    Shape chunk = shape;
    chunk[0] = std::min(chunk[0], chunk_rows);
    ok(H5Pset_chunk(list, static_cast<int>(chunk.size()), chunk.data()), "prepare a dataset");
    ok(H5Pset_shuffle(list), "prepare a dataset");
    ok(H5Pset_deflate(list, 1), "prepare a dataset");
  }
  // Whole chunks are written once, so a cache per dataset would only hold memory.
  const Id access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose, "prepare a dataset");
  ok(H5Pset_chunk_cache(access, 0, 0, 1.0), "prepare a dataset");
  return Id(H5Dcreate2(parent, name.c_str(), type, space, H5P_DEFAULT, list, access), H5Dclose,
            "create the dataset " + name);
}

void write_rows(hid_t dataset, hid_t type, hsize_t first, hsize_t rows, const void* data) {
  Id memory;
  const Id file = rows_of(dataset, first, rows, memory);
  ok(H5Dwrite(dataset, type, memory, file, H5P_DEFAULT, data), "write rows");
}

void read_rows(hid_t dataset, hid_t type, hsize_t first, hsize_t rows, void* data) {
  Id memory;
  const Id file = rows_of(dataset, first, rows, memory);
  ok(H5Dread(dataset, type, memory, file, H5P_DEFAULT, data), "read rows");
}

void write_array(hid_t parent, const std::string& name, hid_t type, const Shape& shape, const void* data) {
  const Id list = timeless(H5P_DATASET_CREATE), space = space_of(shape);
  const Id d(H5Dcreate2(parent, name.c_str(), type, space, H5P_DEFAULT, list, H5P_DEFAULT), H5Dclose,
             "create the dataset " + name);
  if (std::find(shape.begin(), shape.end(), 0u) == shape.end())
    ok(H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), "write the dataset " + name);
}

void write_compressed(hid_t parent, const std::string& name, std::span<const std::byte> bytes) {
  const hsize_t size = bytes.size();
  if (size == 0) return write_array(parent, name, H5T_STD_U8LE, {size}, bytes.data());
  const Id list = timeless(H5P_DATASET_CREATE), space = space_of({size});
  ok(H5Pset_chunk(list, 1, &size), "lay out the dataset " + name);
  ok(H5Pset_deflate(list, 4), "lay out the dataset " + name);
  const Id d(H5Dcreate2(parent, name.c_str(), H5T_STD_U8LE, space, H5P_DEFAULT, list, H5P_DEFAULT), H5Dclose,
             "create the dataset " + name);
  ok(H5Dwrite(d, H5T_STD_U8LE, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()), "write the dataset " + name);
}

void write_text(hid_t parent, const std::string& name, const std::string& text) {
  const Id type = text_type(text.size());
  write_array(parent, name, type, {}, padded({text}, std::max<std::size_t>(1, text.size())).data());
}

void write_texts(hid_t parent, const std::string& name, const std::vector<std::string>& texts) {
  const std::size_t length = longest(texts);
  const Id type = text_type(length);
  write_array(parent, name, type, {texts.size()}, padded(texts, length).data());
}

std::vector<std::string> read_texts(hid_t parent, const std::string& name) {
  std::vector<std::string> all;
  if (!exists(parent, name)) return all;
  const Id dataset = open(parent, name);
  const Shape dims = shape(dataset);  // of a lone text there are none
  const hsize_t rows = dims.empty() ? 1 : dims[0];
  const Id type(H5Dget_type(dataset), H5Tclose, "read a type");
  const std::size_t length = H5Tget_size(type);
  std::vector<char> raw(length * rows);
  if (!raw.empty()) ok(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw.data()), "read " + name);
  for (std::size_t i = 0; i < rows; ++i)
    all.emplace_back(raw.data() + i * length, ::strnlen(raw.data() + i * length, length));
  return all;
}

Shape shape(hid_t dataset) {
  const Id space(H5Dget_space(dataset), H5Sclose, "examine a dataset");
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 0) fail("examine a dataset");
  Shape dims(static_cast<std::size_t>(rank));
  if (rank > 0 && H5Sget_simple_extent_dims(space, dims.data(), nullptr) < 0) fail("examine a dataset");
  return dims;
}

void attribute(hid_t object, const std::string& name, const std::string& text) {
  if (text.size() > kLongestAttribute) return write_text(object, name, text);
  const Id type = text_type(text.size());
  put_attribute(object, name, type, {}, padded({text}, std::max<std::size_t>(1, text.size())).data());
}
void attribute(hid_t object, const std::string& name, const std::vector<std::string>& texts) {
  const std::size_t length = longest(texts);
  const Id type = text_type(length);
  put_attribute(object, name, type, {texts.size()}, padded(texts, length).data());
}
void attribute(hid_t object, const std::string& name, double value) {
  put_attribute(object, name, H5T_NATIVE_DOUBLE, {}, &value);
}
void attribute(hid_t object, const std::string& name, std::int64_t value) {
  put_attribute(object, name, H5T_NATIVE_INT64, {}, &value);
}
void attribute(hid_t object, const std::string& name, const std::vector<double>& values) {
  put_attribute(object, name, H5T_NATIVE_DOUBLE, {values.size()}, values.data());
}

bool has_attribute(hid_t object, const std::string& name) { return H5Aexists(object, name.c_str()) > 0; }

std::string text_attribute(hid_t object, const std::string& name) {
  if (!has_attribute(object, name)) return "";
  const Id a(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose, "open the attribute " + name);
  const Id stored(H5Aget_type(a), H5Tclose, "examine the attribute " + name);
  const Id space(H5Aget_space(a), H5Sclose, "examine the attribute " + name);
  if (H5Tget_class(stored) != H5T_STRING || H5Tis_variable_str(stored) > 0 || H5Sget_simple_extent_npoints(space) != 1)
    return "";
  std::string text(H5Tget_size(stored), '\0');
  ok(H5Aread(a, stored, text.data()), "read the attribute " + name);
  text.resize(std::min(text.size(), text.find('\0')));
  return text;
}

namespace {
template <class T>
T one_attribute(hid_t object, const std::string& name, hid_t type) {
  if (!has_attribute(object, name)) return 0;
  const Id a(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose, "open the attribute " + name);
  const Id space(H5Aget_space(a), H5Sclose, "examine the attribute " + name);
  if (H5Sget_simple_extent_npoints(space) != 1) return 0;
  T value = 0;
  ok(H5Aread(a, type, &value), "read the attribute " + name);
  return value;
}
}  // namespace

std::int64_t int_attribute(hid_t object, const std::string& name) {
  return one_attribute<std::int64_t>(object, name, H5T_NATIVE_INT64);
}
double number_attribute(hid_t object, const std::string& name) {
  return one_attribute<double>(object, name, H5T_NATIVE_DOUBLE);
}
std::vector<double> numbers_attribute(hid_t object, const std::string& name) {
  if (!has_attribute(object, name)) return {};
  const Id a(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose, "open the attribute " + name);
  const Id space(H5Aget_space(a), H5Sclose, "examine the attribute " + name);
  std::vector<double> values(static_cast<std::size_t>(std::max<hssize_t>(0, H5Sget_simple_extent_npoints(space))));
  if (!values.empty()) ok(H5Aread(a, H5T_NATIVE_DOUBLE, values.data()), "read the attribute " + name);
  return values;
}

}  // namespace grfd::h5
