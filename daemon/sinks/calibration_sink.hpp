// Collects what the sensors on the body feel during the steps of a functional calibration, and judges it on its own
// thread: the pipeline is left alone.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "daemon/sink.hpp"
#include "dsp/functional_calibration.hpp"
#include "dsp/inertial_columns.hpp"
#include "schemas/row.hpp"

namespace grfd {

/// The sensors of a rig, in the order of the settings.
std::vector<FunctionalCalibration::Place> calibrated_places(const Settings& settings);

class CalibrationSink final : public Sink {
 public:
  using Json = nlohmann::ordered_json;
  /// `on_result` runs on the sink's thread, with the detail of a calibrate_result.
  explicit CalibrationSink(std::function<void(Json detail)> on_result) : on_result_(std::move(on_result)) {}
  const char* name() const override { return "calibration"; }
  void open(const Session& session) override;
  void write(std::span<const Sample> samples) override;
  void close() override {}

 private:
  struct Input {
    InertialColumns columns;
    double interval_s;
    MotionCollector samples;
  };
  struct Running {
    std::uint64_t id;
    CalibrationStep step;
    Side side;
    TimeNs from;
    double seconds;
  };
  void begin(std::string_view command, TimeNs now);
  void finish();

  std::function<void(Json)> on_result_;
  std::vector<std::size_t> input_of_;  ///< by stream; kNone: not one of ours
  std::vector<Input> inputs_;          ///< as the places
  std::optional<FunctionalCalibration> calibration_;
  std::optional<RowJoiner> commands_;
  StreamId command_stream_ = kNoStream, tick_stream_ = kNoStream;
  std::optional<Running> running_;
};

}  // namespace grfd
