#include "dsp/squat_types.hpp"

namespace grfd {
namespace {
template <class E, std::size_t N>
std::string_view name(E e, const std::string_view (&names)[N]) {
  const auto i = static_cast<std::size_t>(e);
  return i < N ? names[i] : std::string_view("?");
}
}  // namespace

std::string_view to_string(SquatPhase x) noexcept {
  static constexpr std::string_view names[] = {"lost", "standing", "descent", "bottom", "ascent"};
  return name(x, names);
}
std::string_view to_string(SquatStatus x) noexcept {
  static constexpr std::string_view names[] = {
      "waiting: stand still for 1 s, one foot on each plate", "standing",
      "not supported: one foot carries < 20 N (both feet on one plate?); stand with one foot on each plate",
      "foot off: stand still for 1 s, one foot on each plate", "waiting: stand still for 1 s"};
  return name(x, names);
}
std::string_view to_string(SquatEventKind x) noexcept {
  static constexpr std::string_view names[] = {"weighed",     "bw_changed", "bw_forgotten", "status",
                                               "rep_started", "bottom",     "plateau"};
  return name(x, names);
}
std::string_view to_string(RejectReason x) noexcept {
  static constexpr std::string_view names[] = {
      "none",   "too shallow",         "no ankle motion", "descent too fast", "descent too long",
      "flight", "foot unloaded",       "stepped off",     "bw_changed",       "timeout",
      "gap",    "a knee-to-wall trial"};
  return name(x, names);
}
std::string_view to_string(RepetitionEdge x) noexcept {
  static constexpr std::string_view names[] = {"quiet", "turn", "off", "bw", "timeout", "gap"};
  return name(x, names);
}
std::string_view to_string(SideReason x) noexcept {
  static constexpr std::string_view names[] = {"none",      "gap",          "no ankle motion", "rejected",
                                               "no sensor", "not standing", "outside"};
  return name(x, names);
}
std::string_view to_string(FirstOut x) noexcept {
  static constexpr std::string_view names[] = {"none", "both", "left", "right", "unknown"};
  return name(x, names);
}

}  // namespace grfd
