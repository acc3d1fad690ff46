#include "daemon/recording_stream.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "daemon/crc32c.hpp"
#include "schemas/stream_json.hpp"

namespace grfd {
namespace {
constexpr std::uint64_t kChunkRows = 8192, kChunkBytes = 8u << 20;

h5::Id number(hid_t type) { return h5::Id(H5Tcopy(type), H5Tclose, "prepare a type"); }

h5::Id values_type(ValueType type) {
  switch (type) {
    case ValueType::f32:
      return number(H5T_IEEE_F32LE);
    case ValueType::i32:
      return number(H5T_STD_I32LE);
    case ValueType::f64:
      return number(H5T_IEEE_F64LE);
    default:
      return number(H5T_STD_I64LE);
  }
}
}  // namespace

std::pair<std::string_view, std::string_view> split_text_row(const std::vector<std::byte>& bytes) {
  const std::string_view row(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto space = row.find(' ');
  if (space == std::string_view::npos) return {row, {}};
  return {row.substr(0, space), row.substr(space + 1)};
}

StreamWriter::StreamWriter(hid_t file, const StreamInfo& info, const StreamShape& shape, TimeNs start,
                           std::uint64_t lost_on_disk)
    : info_(&info),
      shape_(shape),
      start_(start),
      group_(h5::create_group(file, "/streams/" + info.name)),
      path_("/streams/" + info.name + "/") {
  describe(info, lost_on_disk);
  field("t", number(H5T_IEEE_F64LE), 8, 0, "s");
  field("flags", number(H5T_STD_U16LE), 2, 0, "");
  field("epoch", number(H5T_STD_U16LE), 2, 0, "");
  field("seq", number(H5T_STD_U64LE), 8, 0, "");
  if (info.type == ValueType::text) {
    const std::size_t name = std::max<std::size_t>(1, shape.name_bytes),
                      detail = std::max<std::size_t>(1, shape.detail_bytes);
    field("name", h5::text_type(name), name, 0, "");
    field("detail", h5::text_type(detail), detail, 0, "");
  } else {
    const std::size_t n = info.columns.size();
    field("values", values_type(info.type), n * value_size(info.type), n, "");
  }
  if (keeps_order(info.kind)) {
    field("t_arrival", number(H5T_IEEE_F64LE), 8, 0, "s");
    field("t_device", number(H5T_STD_U64LE), 8, 0, info.clock_unit);
    field("order", number(H5T_STD_U64LE), 8, 0, "");
  }
}

void StreamWriter::describe(const StreamInfo& info, std::uint64_t lost_on_disk) {
  std::vector<std::string> names, units, labels;
  std::vector<double> delay_s, skew_s, exploratory, optional;
  for (const Column& c : info.columns) {
    names.push_back(c.name);
    units.push_back(c.unit);
    labels.push_back(c.labels);
    delay_s.push_back(c.delay_s);
    exploratory.push_back(info.exploratory || c.exploratory ? 1 : 0);
    optional.push_back(c.optional ? 1 : 0);
    skew_s.push_back(c.skew_s);
  }
  std::vector<std::string> flags = {"gap_before",   "bridged",         "clipped",   "invalid",
                                    "inferred_seq", "clock_unsettled", "new_epoch", "truncated"};
  flags.insert(flags.end(), info.flag_names.begin(), info.flag_names.end());
  h5::attribute(group_, "kind", std::string(to_string(info.kind)));
  h5::attribute(group_, "type", std::string(to_string(info.type)));
  h5::attribute(group_, "columns", names);
  h5::attribute(group_, "units", units);
  h5::attribute(group_, "labels", labels);
  h5::attribute(group_, "delay_s", delay_s);
  h5::attribute(group_, "skew_s", skew_s);
  h5::attribute(group_, "rate_hz", info.rate_hz);
  h5::attribute(group_, "device", info.device);
  h5::attribute(group_, "serial", info.serial);
  h5::attribute(group_, "clock", info.clock);
  h5::attribute(group_, "clock_unit", info.clock_unit);
  h5::attribute(group_, "frame", info.frame);
  h5::attribute(group_, "point", info.point);
  h5::attribute(group_, "sign", info.sign);
  h5::attribute(group_, "formula", info.formula);
  h5::attribute(group_, "parameters", info.parameters);
  h5::attribute(group_, "exploratory", exploratory);
  h5::attribute(group_, "optional", optional);
  h5::attribute(group_, "flag_names", flags);
  h5::attribute(group_, "description", info.description);
  h5::attribute(group_, "lost_on_disk", static_cast<std::int64_t>(lost_on_disk));
  h5::write_texts(group_, "columns", names);
  h5::write_texts(group_, "units", units);
}

std::size_t StreamWriter::field(const std::string& name, h5::Id type, std::size_t row_bytes, std::size_t columns,
                                const std::string& unit) {
  Field f;
  f.name = name;
  f.row_bytes = row_bytes;
  f.chunk_rows = std::clamp<std::uint64_t>(kChunkBytes / std::max<std::size_t>(1, row_bytes), 1, kChunkRows);
  h5::Shape shape = {shape_.rows};
  if (name == "values") shape.push_back(columns);
  f.dataset = h5::create_dataset(group_, name, type, shape, f.chunk_rows);
  f.type = std::move(type);
  if (!unit.empty()) h5::attribute(f.dataset, "units", unit);
  fields_.push_back(std::move(f));
  return fields_.size() - 1;
}

void StreamWriter::put(std::size_t i, const void* data, std::size_t n) {
  Field& f = fields_[i];
  const std::size_t at = f.buffer.size();
  f.buffer.resize(at + f.row_bytes);
  if (n) std::memcpy(f.buffer.data() + at, data, std::min(n, f.row_bytes));
  if (f.row_bytes && f.buffer.size() >= f.chunk_rows * f.row_bytes) write(f);
}

void StreamWriter::write(Field& f) {
  if (f.buffer.empty()) return;
  const std::uint64_t rows = f.buffer.size() / f.row_bytes;
  if (f.written + rows > shape_.rows) throw std::runtime_error("the journal changed while " + path_ + " was written");
  h5::write_rows(f.dataset, f.type, f.written, rows, f.buffer.data());
  f.crc = crc32c(f.buffer, f.crc);
  f.written += rows;
  f.buffer.clear();
}

void StreamWriter::add(const Row& row) {
  const Sample& s = row.header;
  const auto since_start = [this](TimeNs t) {
    // Zero is "not known", unless the lab clock itself starts there.
    return t == 0 && start_ != 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(t - start_) * 1e-9;
  };
  const double t = since_start(s.t);
  std::size_t i = 0;
  put(i++, &t, 8);
  put(i++, &s.flags, 2);
  put(i++, &s.epoch, 2);
  put(i++, &s.seq, 8);
  if (info_->type == ValueType::text) {
    const auto [name, detail] = split_text_row(row.bytes);
    put(i++, name.data(), name.size());
    put(i++, detail.data(), detail.size());
  } else {
    put(i++, row.bytes.data(), row.bytes.size());
  }
  if (keeps_order(info_->kind)) {
    const double arrival = since_start(s.t_arrival);
    put(i++, &arrival, 8);
    put(i++, &s.t_device, 8);
    put(i++, &s.order, 8);
  }
  if (rows_++ == 0) first_t_ = t;
  last_t_ = t;
}

std::vector<DatasetCheck> StreamWriter::finish() {
  if (rows_ != shape_.rows) throw std::runtime_error("the journal changed while " + path_ + " was written");
  const double span = last_t_ - first_t_;
  h5::attribute(group_, "rate_effective_hz",
                rows_ > 1 && span > 0 && info_->rate_hz > 0 ? static_cast<double>(rows_ - 1) / span : 0.0);
  std::vector<DatasetCheck> checks;
  for (Field& f : fields_) {
    write(f);
    f.dataset.close("finish the dataset " + path_ + f.name);
    checks.push_back({path_ + f.name, rows_, f.row_bytes, f.crc});
  }
  return checks;
}

void compare(hid_t file, const DatasetCheck& check) {
  const h5::Id dataset = h5::open(file, check.path);
  const h5::Shape shape = h5::shape(dataset);
  if (shape.empty() || shape[0] != check.rows)
    throw std::runtime_error(check.path + " has not the rows of the journal");
  if (check.row_bytes == 0) return;
  const h5::Id type(H5Dget_type(dataset), H5Tclose, "examine " + check.path);
  const std::uint64_t step = std::clamp<std::uint64_t>(kChunkBytes / check.row_bytes, 1, kChunkRows);
  std::vector<std::byte> buffer;
  std::uint32_t crc = 0;
  for (std::uint64_t at = 0; at < check.rows; at += step) {
    const std::uint64_t rows = std::min(step, check.rows - at);
    buffer.resize(rows * check.row_bytes);
    h5::read_rows(dataset, type, at, rows, buffer.data());
    crc = crc32c(buffer, crc);
  }
  if (crc != check.crc) throw std::runtime_error(check.path + " has not the values of the journal");
}

}  // namespace grfd
