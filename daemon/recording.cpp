#include "daemon/recording.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>

#include "daemon/h5.hpp"
#include "daemon/losses.hpp"
#include "daemon/recording_file.hpp"
#include "daemon/recording_stream.hpp"
#include "daemon/session_json.hpp"
#include "schemas/stream_json.hpp"

namespace grfd {
namespace {
constexpr hsize_t kRows = 65536;

template <class T>
hid_t memory_type() {
  if constexpr (std::is_same_v<T, double>) return H5T_NATIVE_DOUBLE;
  if constexpr (std::is_same_v<T, std::uint16_t>) return H5T_NATIVE_UINT16;
  return H5T_NATIVE_UINT64;
}

/// A column (or matrix) read in slices of rows.
template <class T>
struct Slices {
  h5::Id dataset;
  std::size_t width;
  std::vector<T> rows;
  Slices(hid_t group, const char* name) : dataset(h5::open(group, name)) {
    const h5::Shape shape = h5::shape(dataset);
    width = shape.size() == 2 ? shape[1] : 1;
  }
  void load(hsize_t first, hsize_t n) {
    rows.resize(n * width);
    if (!rows.empty()) h5::read_rows(dataset, memory_type<T>(), first, n, rows.data());
  }
};

struct DeclaredGaps {
  std::uint64_t lost = 0;       ///< rows
  std::uint64_t uncounted = 0;  ///< gaps of unknown length
};

class StreamCheck {
 public:
  StreamCheck(VerifyReport& report, std::string name) : report_(report), name_(std::move(name)) {}

  void run(hid_t group, const DeclaredGaps& gaps) {
    StreamVerdict v;
    v.name = name_;
    v.kind = h5::text_attribute(group, "kind");
    v.uncounted = gaps.uncounted;
    v.declared = gaps.lost + static_cast<std::uint64_t>(h5::int_attribute(group, "lost_on_disk"));
    const StreamKind kind = stream_kind(v.kind);
    const ValueType type = value_type(h5::text_attribute(group, "type"));
    if (!lengths_agree(group, kind, type, v)) return report_.streams.push_back(std::move(v));
    walk(group, kind, type, v);
    if (v.missing > v.declared && accounted_) {
      problem(std::to_string(v.missing) + " rows are missing by seq, only " + std::to_string(v.declared) +
              " are accounted for");
    } else if (v.missing) {
      report_.notes.push_back(name_ + ": " + std::to_string(v.missing) + " rows missing in " + std::to_string(v.holes) +
                              " gaps, " + std::to_string(v.declared) + " accounted for");
    }
    if (v.uncounted)
      report_.notes.push_back(name_ + ": " + std::to_string(v.uncounted) + (v.uncounted == 1 ? " gap" : " gaps") +
                              " of unknown length: nobody knows how many samples were lost");
    report_.streams.push_back(std::move(v));
  }
  void set_accounted(bool accounted) { accounted_ = accounted; }

 private:
  void problem(const std::string& text) { report_.problems.push_back(name_ + ": " + text); }

  bool lengths_agree(hid_t group, StreamKind kind, ValueType type, StreamVerdict& v) {
    std::vector<std::string> wanted = {"t", "flags", "epoch", "seq"};
    if (type == ValueType::text)
      wanted.insert(wanted.end(), {"name", "detail"});
    else
      wanted.push_back("values");
    if (keeps_order(kind)) wanted.insert(wanted.end(), {"t_arrival", "t_device", "order"});
    bool first = true, good = true;
    for (const std::string& name : wanted) {
      if (!h5::exists(group, name)) {
        problem("there is no dataset '" + name + "'");
        good = false;
        continue;
      }
      const h5::Shape shape = h5::shape(h5::open(group, name));
      const std::uint64_t rows = shape.empty() ? 0 : shape[0];
      if (first) v.rows = rows;
      first = false;
      if (rows != v.rows) {
        problem("'" + name + "' has " + std::to_string(rows) + " rows, '" + wanted[0] + "' has " +
                std::to_string(v.rows));
        good = false;
      }
      if (name == "values") good = columns_agree(group, shape) && good;
    }
    return good;
  }

  bool columns_agree(hid_t group, const h5::Shape& values) {
    for (const char* name : {"columns", "units"}) {
      if (h5::exists(group, name) && values.size() == 2 && h5::shape(h5::open(group, name)) == h5::Shape{values[1]})
        continue;
      problem(std::string("'") + name + "' does not name each column of 'values'");
      return false;
    }
    return true;
  }

  void walk(hid_t group, StreamKind kind, ValueType type, StreamVerdict& v) {
    Slices<double> t(group, "t");
    Slices<std::uint16_t> flags(group, "flags"), epoch(group, "epoch");
    Slices<std::uint64_t> seq(group, "seq");
    std::optional<Slices<double>> values;
    std::optional<Slices<std::uint64_t>> order;
    if (type == ValueType::f32 || type == ValueType::f64) values.emplace(group, "values");
    if (keeps_order(kind)) order.emplace(group, "order");
    // Files without the attribute flag every NaN.
    const std::vector<double> optional = h5::numbers_attribute(group, "optional");
    const auto may_be_nan = [&](std::size_t column) { return column < optional.size() && optional[column] != 0; };
    const bool ordered = kind == StreamKind::derived || kind == StreamKind::calibrated;
    double last_t = -std::numeric_limits<double>::infinity();
    std::uint64_t last_seq = 0, last_order = 0, backwards = 0, repeated = 0, unexplained = 0, disorder = 0,
                  epochs_back = 0;
    std::uint16_t last_epoch = 0;
    v.first_s = v.last_s = std::numeric_limits<double>::quiet_NaN();
    for (hsize_t at = 0; at < v.rows; at += kRows) {
      const hsize_t n = std::min<hsize_t>(kRows, v.rows - at);
      t.load(at, n);
      flags.load(at, n);
      epoch.load(at, n);
      seq.load(at, n);
      if (values) values->load(at, n);
      if (order) order->load(at, n);
      for (hsize_t i = 0; i < n; ++i) {
        const bool begin = at + i == 0;
        const double now = t.rows[i];
        if (!std::isnan(now)) {
          if (std::isnan(v.first_s)) v.first_s = now;
          v.last_s = now;
          if (ordered && now < last_t) ++backwards;
          last_t = now;
        } else if (ordered) {
          ++unexplained;
        }
        if (!begin && epoch.rows[i] == last_epoch) {
          if (seq.rows[i] <= last_seq)
            ++repeated;
          else if (seq.rows[i] > last_seq + 1)
            ++v.holes, v.missing += seq.rows[i] - last_seq - 1;
        }
        if (!begin && epoch.rows[i] != last_epoch) ++v.epochs, epochs_back += epoch.rows[i] < last_epoch;
        last_seq = seq.rows[i];
        last_epoch = epoch.rows[i];
        const bool invalid = flags.rows[i] & kInvalid;
        v.invalid += invalid;
        if (values && !invalid) {
          bool unknown = false;
          for (std::size_t c = 0; c < values->width; ++c)
            unknown |= std::isnan(values->rows[i * values->width + c]) && !may_be_nan(c);
          unexplained += unknown;
        }
        if (order) {
          disorder += !begin && order->rows[i] < last_order;
          last_order = order->rows[i];
        }
      }
    }
    const auto count = [this](std::uint64_t n, const char* what) {
      if (n) problem(std::to_string(n) + " rows " + what);
    };
    count(backwards, "go back in time");
    count(repeated, "do not rise in seq");
    count(epochs_back, "fall in epoch");
    count(unexplained, "hold NaN without the flag 'invalid'");
    count(disorder, "fall in order");
  }

  VerifyReport& report_;
  std::string name_;
  bool accounted_ = false;
};

/// Groups below /streams that are streams, by path.
void list_streams(hid_t group, const std::string& prefix, std::vector<std::string>& names) {
  for (const std::string& child : h5::children(group)) {
    const h5::Id object = h5::open(group, child);
    if (!h5::is_group(object)) continue;
    if (h5::has_attribute(object, "kind")) names.push_back(prefix + child);
    list_streams(object, prefix + child + "/", names);
  }
}

/// What the stream gaps accounts for, by stream.
std::map<std::string, DeclaredGaps> declared_gaps(hid_t file) {
  std::map<std::string, DeclaredGaps> gaps;
  if (!h5::exists(file, "/streams/gaps/detail")) return gaps;
  const h5::Id dataset = h5::open(file, "/streams/gaps/detail");
  const h5::Id type(H5Dget_type(dataset), H5Tclose, "examine the gaps");
  const std::size_t width = H5Tget_size(type);
  const hsize_t rows = h5::shape(dataset).at(0), step = std::max<hsize_t>(1, (8u << 20) / width);
  std::string slice;
  for (hsize_t at = 0; at < rows; at += step) {
    const hsize_t n = std::min(step, rows - at);
    slice.assign(n * width, '\0');
    h5::read_rows(dataset, type, at, n, slice.data());
    for (hsize_t i = 0; i < n; ++i) {
      const std::string_view row = std::string_view(slice).substr(i * width, width);
      const auto lost = parse_lost(row.substr(0, row.find('\0')));
      if (!lost) continue;
      DeclaredGaps& of_stream = gaps[lost->stream];
      of_stream.lost += lost->count.value_or(0);
      of_stream.uncounted += !lost->count;
    }
  }
  return gaps;
}

void check_file(const h5::Id& file, VerifyReport& report) {
  if (h5::int_attribute(file, "format_version") != kFormatVersion)
    report.problems.push_back("format_version is not " + std::to_string(kFormatVersion));
  for (const char* name : {"settings", "calibration", "state", "anchor", "streams"})
    if (!h5::exists(file, name)) report.problems.push_back(std::string("there is no '") + name + "'");
  for (const char* name : {"start_utc", "session_id", "software_version"})
    if (h5::text_attribute(file, name).empty())
      report.problems.push_back(std::string("the attribute '") + name + "' is missing or empty");
  if (h5::int_attribute(file, "clean_end") == 0)
    report.notes.push_back("recording was cut off; " + std::to_string(h5::int_attribute(file, "lost_tail_bytes")) +
                           " bytes of an unfinished block were dropped");
  for (const char* name : {"damaged_bytes", "missing_blocks", "torn_rows", "lost_on_disk"})
    if (const auto n = h5::int_attribute(file, name))
      report.notes.push_back(std::string(name) + " = " + std::to_string(n));
  if (!h5::exists(file, "streams")) return;

  std::vector<std::string> names;
  list_streams(h5::open(file, "/streams"), "", names);
  const bool accounted = h5::exists(file, "/streams/gaps");
  const auto declared = declared_gaps(file);
  for (const std::string& name : names) {
    StreamCheck check(report, name);
    check.set_accounted(accounted);
    try {
      const auto found = declared.find(name);
      check.run(h5::open(file, "/streams/" + name), found == declared.end() ? DeclaredGaps{} : found->second);
    } catch (const std::exception& e) { report.problems.push_back(name + ": " + e.what()); }
  }
}
}  // namespace

VerifyReport verify(const std::string& path) {
  VerifyReport report;
  report.path = path;
  try {
    if (!std::filesystem::exists(path)) throw std::runtime_error("there is no such file");
    const h5::Id file = open_recording(path);
    check_file(file, report);
  } catch (const std::exception& e) { report.problems.push_back(e.what()); }
  return report;
}

}  // namespace grfd
