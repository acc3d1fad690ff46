#include "daemon/clock_lines.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "daemon/h5.hpp"
#include "dsp/clock_hull.hpp"
#include "schemas/sample.hpp"

namespace grfd {
namespace {

constexpr hsize_t kBlock = 65536;

/// Rows of a raw stream, a block at a time.
struct Rows {
  std::vector<std::uint64_t> n;
  std::vector<double> t, arrival;
  std::vector<std::uint16_t> flags, epoch;

  template <class Visit>
  void each(hid_t group, const std::string& number, Visit visit) {
    const h5::Id counts = h5::open(group, number), times = h5::open(group, "t"),
                 arrivals = h5::open(group, "t_arrival"), flag_words = h5::open(group, "flags"),
                 epochs = h5::open(group, "epoch");
    const hsize_t rows = h5::shape(counts).at(0);
    for (hsize_t at = 0; at < rows; at += kBlock) {
      const hsize_t m = std::min(kBlock, rows - at);
      const auto read = [&](hid_t dataset, hid_t type, auto& into) {
        into.resize(m);
        h5::read_rows(dataset, type, at, m, into.data());
      };
      read(counts, H5T_NATIVE_UINT64, n);
      read(times, H5T_NATIVE_DOUBLE, t);
      read(arrivals, H5T_NATIVE_DOUBLE, arrival);
      read(flag_words, H5T_NATIVE_UINT16, flags);
      read(epochs, H5T_NATIVE_UINT16, epoch);
      for (hsize_t i = 0; i < m; ++i) visit(i);
    }
  }
};

/// A new line wherever the epoch changes or the count does not rise.
void lines_of(hid_t group, const std::string& device, std::vector<ClockLine>& out) {
  const bool stamped = h5::text_attribute(group, "clock_unit") == "us";
  const std::string number = stamped ? "t_device" : "seq";
  const double rate_hz = h5::number_attribute(group, "rate_hz"), interval_s = stamped ? 1e-6 : 1 / rate_hz;
  if (!(interval_s > 0) || !std::isfinite(interval_s)) return;
  Rows rows;
  std::vector<ClockHull> hulls;
  std::vector<std::uint16_t> epochs;
  std::vector<std::uint64_t> begins;  // rows
  std::uint64_t row = 0;
  rows.each(group, number, [&](hsize_t i) {
    const std::uint64_t here = row++;
    const auto n = static_cast<std::int64_t>(rows.n[i]);
    const bool same = !hulls.empty() && epochs.back() == rows.epoch[i];
    if (!std::isfinite(rows.arrival[i]) || (same && hulls.back().add(n, rows.arrival[i]))) return;
    hulls.emplace_back(interval_s);
    epochs.push_back(rows.epoch[i]);
    begins.push_back(here);
    hulls.back().add(n, rows.arrival[i]);
  });

  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  struct Sums {
    double sum = 0, least = nan, most = nan, least_unsettled = nan, most_unsettled = nan;
    std::uint64_t n = 0;
  };
  std::vector<Sums> sums(hulls.size());
  std::vector<ClockHull::Line> lines;
  for (const ClockHull& hull : hulls) lines.push_back(hull.line());
  std::size_t part = 0;
  row = 0;
  rows.each(group, number, [&](hsize_t i) {
    const std::uint64_t here = row++;
    if (begins.empty() || here < begins[0]) return;
    while (part + 1 < begins.size() && here >= begins[part + 1]) ++part;
    const double off =
        rows.t[i] - lines[part].at_first_s -
        lines[part].interval_s * static_cast<double>(static_cast<std::int64_t>(rows.n[i]) - hulls[part].first());
    if (!std::isfinite(off)) return;
    Sums& s = sums[part];
    const bool settled = !(rows.flags[i] & kClockUnsettled);
    double &least = settled ? s.least : s.least_unsettled, &most = settled ? s.most : s.most_unsettled;
    least = std::fmin(least, off);
    most = std::fmax(most, off);
    if (settled) s.sum += off, ++s.n;
  });
  for (std::size_t k = 0; k < hulls.size(); ++k) {
    if (hulls[k].count() < 2) continue;
    const Sums& s = sums[k];
    const double mean = s.n ? s.sum / static_cast<double>(s.n) : nan, about = s.n ? mean : 0;
    out.push_back({device, epochs[k], number, hulls[k].first(), hulls[k].count(), lines[k].at_first_s,
                   lines[k].interval_s, lines[k].drift_ppm, mean, std::fmax(s.most - mean, mean - s.least),
                   std::fmax(s.most_unsettled - about, about - s.least_unsettled)});
  }
}

}  // namespace

std::vector<ClockLine> exact_clock_lines(hid_t file) {
  std::vector<ClockLine> lines;
  if (!h5::exists(file, "streams/raw")) return lines;
  for (const std::string& device : h5::children(h5::open(file, "streams/raw")))
    for (const char* main : {"scan", "inertial"}) {
      const std::string path = "streams/raw/" + device + "/" + main;
      if (!h5::exists(file, path)) continue;
      const h5::Id group = h5::open(file, path);
      if (h5::text_attribute(group, "clock") == device) lines_of(group, device, lines);  // else it is another's clock
    }
  return lines;
}

}  // namespace grfd
