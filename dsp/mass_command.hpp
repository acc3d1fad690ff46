// The mass command: two seconds of a known mass at rest on one plate, judged against m g.
#pragma once
#include <vector>

#include "dsp/command_text.hpp"
#include "dsp/force_plate.hpp"
#include "dsp/frame.hpp"
#include "dsp/known_mass.hpp"

namespace grfd {

class MassCommand {
 public:
  /// Plates as in the settings. Events go out through `events`, numbered by `seq`; all outlive this.
  MassCommand(const Settings& settings, std::vector<const ForcePlate*> plates, const TextWriter& events,
              std::uint64_t& seq, const KnownMassParams& params = {});

  /// mass {"id":N,"plate":"left","kg":20,"x_m":0.1,"y_m":-0.05}; x_m to the right and y_m forward from the centre of
  /// the plate's surface, where the mass lies, both or none
  void start(const CommandText& command, const Sample& cause, SampleBatch& out) noexcept;
  /// After the metrics of a frame.
  void frame(const Frame& frame, SampleBatch& out) noexcept;
  /// A plate without data must not keep the operator waiting.
  void tick(const Sample& tick, SampleBatch& out) noexcept;
  void states(StatePieces& pieces) {
    add_state(pieces, state_);
    add_state(pieces, mass_.state());
  }

 private:
  struct State {
    std::int64_t id = 0;
    TimeNs started = 0;
    double kg = kNaN, x_m = kNaN, y_m = kNaN;   ///< place: NaN when none was given
    std::array<double, kMaxPlates> others_n{};  ///< sum of what the other plates carry
    std::uint64_t plate = 0;
    bool running = false;
    std::array<std::uint8_t, 7> reserved{};  // no padding: equal states are equal bytes
  } state_;
  struct Noise {
    double force_n, moment_nm;
  };
  void refuse(std::int64_t id, const char* plate, double kg, const RowTime& now, const char* reason,
              SampleBatch& out) noexcept;
  /// Ends it.
  void give_up(const RowTime& now, const char* reason, SampleBatch& out) noexcept;
  void finish(const RowTime& now, SampleBatch& out) noexcept;

  KnownMassParams params_;
  std::vector<const ForcePlate*> plates_;
  std::vector<Noise> noise_;
  double contact_n_;
  const TextWriter& events_;
  std::uint64_t& seq_;
  KnownMass mass_;
};

}  // namespace grfd
