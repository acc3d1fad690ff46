// The tare command: starts the tare of one plate or all, and answers with one event when the last is through. And zeros
// of an earlier session, which an operator may take instead.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "dsp/command_text.hpp"
#include "dsp/device_input.hpp"
#include "dsp/force_plate.hpp"

namespace grfd {

class TareCommand {
 public:
  struct Plate {
    ForcePlate* plate;
    const DeviceInput* device;
    std::string codes_key = plate->name() + " codes", volts_key = plate->name() + " volts";
  };
  /// Events go out through `events`, numbered by `seq`; both outlive this.
  TareCommand(std::vector<Plate> plates, const TextWriter& events, std::uint64_t& seq, double patience_s)
      : plates_(std::move(plates)), events_(events), seq_(seq), patience_s_(patience_s) {}

  void start(const CommandText& command, const Sample& cause, SampleBatch& out) noexcept;
  /// zeros_use {"id":N,"left codes":[...],"left volts":[...],...}: per plate and channel what a tare_result gave as
  /// zero_codes and zero_v.
  void use(const CommandText& command, const Sample& cause, SampleBatch& out) noexcept;
  /// After every scan: has the last plate finished?
  void check(const Sample& cause, SampleBatch& out) noexcept;
  /// At ticks: a plate without data must not keep the operator waiting.
  void tick(const Sample& tick, SampleBatch& out) noexcept;
  void states(StatePieces& pieces) { add_state(pieces, state_); }

 private:
  void finish(const Sample& cause, bool late, SampleBatch& out) noexcept;
  struct State {
    std::int64_t id = 0;
    TimeNs started = 0;
    std::uint32_t taring = 0;  ///< bit per plate
    bool waiting = false;
    std::array<std::uint8_t, 3> reserved{};  // no padding: equal states are equal bytes
  } state_;
  std::vector<Plate> plates_;
  const TextWriter& events_;
  std::uint64_t& seq_;
  double patience_s_;
};

}  // namespace grfd
