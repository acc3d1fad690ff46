#include "dsp/lab_commands.hpp"

#include "dsp/calibration_command.hpp"
#include "dsp/metric.hpp"

namespace grfd {
namespace {

template <class Pair, class Part>
std::vector<Pair> paired(const std::vector<std::unique_ptr<Part>>& parts, const std::vector<DeviceInput*>& devices) {
  std::vector<Pair> out;
  for (std::size_t i = 0; i < parts.size(); ++i) out.push_back({parts[i].get(), devices[i]});
  return out;
}

std::vector<const ForcePlate*> pointers(const std::vector<std::unique_ptr<ForcePlate>>& plates) {
  std::vector<const ForcePlate*> out;
  for (const auto& p : plates) out.push_back(p.get());
  return out;
}

}  // namespace

LabCommands::LabCommands(const Settings& settings, const std::vector<std::unique_ptr<ForcePlate>>& plates,
                         const std::vector<DeviceInput*>& plate_device,
                         std::vector<std::unique_ptr<InertialSensor>>& imus,
                         const std::vector<DeviceInput*>& imu_device, const TextWriter& events, std::uint64_t& seq)
    : imus_(imus),
      events_(events),
      seq_(seq),
      tare_(paired<TareCommand::Plate>(plates, plate_device), events, seq, settings.thresholds.tare_s + 1),
      tap_(paired<TapCommand::Plate>(plates, plate_device), paired<TapCommand::Imu>(imus, imu_device), events, seq),
      pose_(imus, imu_device, plates, plates_under_both_feet(settings), events, seq),
      lunge_(settings, imus, imu_device, events, seq),
      mass_(settings, pointers(plates), events, seq) {}

void LabCommands::take(const CommandText& command, const Sample& cause, SampleBatch& out) noexcept {
  const std::string_view verb = command.verb();
  if (verb == "tare") return tare_.start(command, cause, out);
  if (verb == "zeros_use") return tare_.use(command, cause, out);
  if (verb == "tap") return tap_.start(command, cause, out);
  if (verb == "delays") return tap_.use(command, cause, out);
  if (verb == "pose") return pose_.start(command);
  if (verb == "lunge") return lunge_.start(command, cause, out);
  if (verb == "lunges") return lunge_.use(command, cause, out);
  if (verb == "mass") return mass_.start(command, cause, out);
  if (verb == "calibration" && use_calibration(command, cause, imus_, events_, seq_, out)) pose_.given();
}

void LabCommands::tick(const Sample& tick, SampleBatch& out) noexcept {
  tare_.tick(tick, out);
  tap_.tick(tick, out);
  lunge_.tick(tick, out);
  mass_.tick(tick, out);
}

void LabCommands::after_metrics(Frame& frame, SampleBatch& out) noexcept {
  tap_.frame(frame, out);
  lunge_.frame(frame, out);
  mass_.frame(frame, out);
  pose_.frame(frame, out);
}

void LabCommands::states(StatePieces& pieces) {
  tare_.states(pieces);
  tap_.states(pieces);
  pose_.states(pieces);
  lunge_.states(pieces);
  mass_.states(pieces);
}

}  // namespace grfd
