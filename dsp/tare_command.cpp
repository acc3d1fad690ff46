#include "dsp/tare_command.hpp"

#include <cstdio>

namespace grfd {
namespace {

/// What the operator can do about it, in words.
void describe_refusal(const TareResult& r, bool late, bool zeroed, char* text, std::size_t size) noexcept {
  constexpr const char* kChannels[] = {"fx", "fy", "fz", "mx", "my", "mz"};
  const char* channel = r.channel >= 0 && r.channel < 6 ? kChannels[r.channel] : "a channel";
  const auto c = static_cast<std::size_t>(r.channel >= 0 && r.channel < 6 ? r.channel : 2);
  if (late && r.samples == 0)
    std::snprintf(text, size, "no data from the plate");
  else if (r.refusal == TareRefusal::person_on_plate)
    std::snprintf(text, size, "a person stands on the plate (%.0f N); step off and zero again%s", r.offset[2],
                  zeroed ? "" : ", or, if nobody does, raise thresholds.tare_person_n above its offset");
  else if (r.refusal == TareRefusal::noisy)
    std::snprintf(text, size, "%s is not quiet (SD %.2g); is somebody touching the plate?", channel, r.sd[c]);
  else if (r.refusal == TareRefusal::drifting)
    std::snprintf(text, size, "%s drifts (%.2g per second); wait and zero again", channel, r.slope[c]);
  else if (r.refusal == TareRefusal::gap)
    std::snprintf(text, size, "samples were lost meanwhile; zero again");
  else if (r.refusal == TareRefusal::clipped)
    std::snprintf(text, size, "a channel is at its limit; check the amplifier");
  else
    std::snprintf(text, size, "%s", to_string(r.refusal));
}

/// "[1.5,2]"
void list_numbers(std::span<const double> values, char* text, std::size_t size) noexcept {
  std::size_t used = 0;
  for (std::size_t i = 0; i < values.size() && used + 32 < size; ++i)
    used += static_cast<std::size_t>(
        std::snprintf(text + used, size - used, "%s%s", i == 0 ? "[" : ",", JsonNumber(values[i]).text));
  std::snprintf(text + used, size - used, "]");
}

constexpr std::size_t kNumbers = 24 * kMaxPlateChannels;  // bytes for a number of each channel

}  // namespace

void TareCommand::start(const CommandText& command, const Sample& cause, SampleBatch& out) noexcept {
  if (state_.waiting) {
    events_.write(out, row_time(cause), seq_,
                  "tare_result {\"id\":%lld,\"accepted\":false,\"plates\":[],\"reason\":\"another tare is running\"}",
                  static_cast<long long>(command.id()));
    return;
  }
  state_ = {command.id(), cause.t, 0, false};
  const bool all = command.says("plate", "all");
  for (std::size_t i = 0; i < plates_.size(); ++i) {
    if (!all && !command.says("plate", plates_[i].plate->name())) continue;
    plates_[i].plate->start_tare(plates_[i].device->adc());
    state_.taring |= 1u << i;
  }
  state_.waiting = state_.taring != 0;
}

void TareCommand::use(const CommandText& command, const Sample& cause, SampleBatch& out) noexcept {
  char list[1600];
  std::size_t used = 0, taken = 0, wanted = 0;
  list[0] = 0;
  for (const Plate& p : plates_) {
    std::array<double, kMaxPlateChannels> codes{}, volts{};
    const std::size_t n = command.numbers(p.codes_key, codes), m = command.numbers(p.volts_key, volts);
    if (n == 0) continue;
    ++wanted;
    const ForcePlate::KeptZeroTaken r =
        p.plate->use_zero({std::span(codes).first(n), std::span(volts).first(m)}, p.device->adc());
    const bool good = r.refusal[0] == 0;
    taken += good;
    const int length = std::snprintf(
        list + used, sizeof list - used, "%s{\"plate\":\"%s\",\"accepted\":%s,\"reason\":\"%s\",\"offset_fz_n\":%s}",
        used ? "," : "", p.plate->name().c_str(), good ? "true" : "false", r.refusal, JsonNumber(r.offset_fz_n).text);
    used = std::min(used + static_cast<std::size_t>(length), sizeof list - 1);
  }
  events_.write(out, row_time(cause), seq_, "zeros_result {\"id\":%lld,\"accepted\":%s,\"plates\":[%s]}",
                static_cast<long long>(command.id()), wanted > 0 && taken == wanted ? "true" : "false", list);
}

void TareCommand::check(const Sample& cause, SampleBatch& out) noexcept {
  if (!state_.waiting) return;
  for (const Plate& p : plates_)
    if (p.plate->taring() && !p.plate->tare_complete()) return;
  finish(cause, false, out);
}

void TareCommand::tick(const Sample& tick, SampleBatch& out) noexcept {
  if (state_.waiting && seconds(tick.t - state_.started) > patience_s_) finish(tick, true, out);
}

void TareCommand::finish(const Sample& cause, bool late, SampleBatch& out) noexcept {
  char list[4600];
  std::size_t used = 0;
  bool accepted = true;
  list[0] = 0;
  for (std::size_t i = 0; i < plates_.size(); ++i) {
    if (!(state_.taring >> i & 1u)) continue;
    const TareResult r = plates_[i].plate->finish_tare(plates_[i].device->adc());
    accepted &= r.accepted();
    char reason[160] = "", zero[2 * kNumbers + 40] = "";
    if (!r.accepted()) {
      describe_refusal(r, late, plates_[i].plate->zeroed(), reason, sizeof reason);
    } else {
      char codes[kNumbers], volts[kNumbers];
      const std::size_t n = plates_[i].plate->model().channels();
      list_numbers(std::span(r.zero.codes).first(n), codes, sizeof codes);
      const PlateVolts v = plates_[i].plate->zero_volts(plates_[i].device->adc());
      list_numbers(std::span(v).first(n), volts, sizeof volts);
      std::snprintf(zero, sizeof zero, ",\"zero_codes\":%s,\"zero_v\":%s", codes, volts);
    }
    const int n = std::snprintf(
        list + used, sizeof list - used,
        "%s{\"plate\":\"%s\",\"accepted\":%s,\"reason\":\"%s\",\"seconds\":%.3f,\"samples\":%u,\"offset_fz_n\":%s,"
        "\"sd_fx_n\":%s,\"sd_fy_n\":%s,\"sd_fz_n\":%s,\"sd_mx_nm\":%s,\"sd_my_nm\":%s,\"sd_mz_nm\":%s,\"slope_fz_n_s\":"
        "%s%s}",
        used ? "," : "", plates_[i].plate->name().c_str(), r.accepted() ? "true" : "false", reason, r.duration_s,
        r.samples, JsonNumber(r.offset[2]).text, JsonNumber(r.sd[0]).text, JsonNumber(r.sd[1]).text,
        JsonNumber(r.sd[2]).text, JsonNumber(r.sd[3]).text, JsonNumber(r.sd[4]).text, JsonNumber(r.sd[5]).text,
        JsonNumber(r.slope[2]).text, zero);
    used = std::min(used + static_cast<std::size_t>(n), sizeof list - 1);
  }
  state_.waiting = false;
  events_.write(out, row_time(cause), seq_, "tare_result {\"id\":%lld,\"accepted\":%s,\"plates\":[%s]}",
                static_cast<long long>(state_.id), accepted ? "true" : "false", list);
}

}  // namespace grfd
