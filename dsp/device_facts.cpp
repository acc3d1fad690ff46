#include "dsp/device_facts.hpp"

#include <algorithm>

namespace grfd {

DeviceFacts::DeviceFacts(const StreamTable& table, StreamId stream, bool converter)
    : stream_(stream), converter_(converter) {
  if (!converter || stream == kNoStream) return;
  const auto& columns = table[stream].columns;
  constexpr const char* kNames[] = {"column", "slope", "offset_count", "full_scale_v"};
  for (std::size_t i = 0; i < columns.size(); ++i)
    for (std::size_t k = 0; k < 4; ++k)
      if (columns[i].name == kNames[k]) line_columns_[k] = static_cast<int>(i);
}

void DeviceFacts::take(const Sample& s, SampleBatch& out) noexcept {
  std::size_t row = 0;
  if (line_columns_[0] >= 0) {  // one row for each column of the scan
    const auto at = [&](std::size_t k) { return value<double>(s, static_cast<std::size_t>(line_columns_[k])); };
    const double column = at(0);
    row = column >= 0 && column < 16 ? static_cast<std::size_t>(column) : 15;
    const AdcCalibration adc = straight_line(at(1), at(2), at(3));
    if (adc.plausible()) state_.adc[row] = adc;
  } else if (converter_) {
    const AdcCalibration adc{value<double>(s, 0), value<double>(s, 1), value<double>(s, 2)};
    if (adc.plausible()) state_.adc = adc;
  }
  state_.count = std::max<std::uint64_t>(state_.count, row + 1);
  Sample& kept = state_.rows[row];
  kept = s;
  kept.seq = state_.seq++;
  out.push(kept);
}

void DeviceFacts::repeat(const Sample& cause, SampleBatch& out) noexcept {
  for (std::size_t i = 0; i < state_.count; ++i) {
    Sample row = state_.rows[i];
    row.seq = state_.seq++;
    row.t = row.t_arrival = cause.t;
    row.order = cause.order;
    out.push(row);
  }
}

}  // namespace grfd
