// Functional calibration and knee-to-wall test: by commands on the emulated rig, and on the legs of the tests, which
// can pump one ankle and raise one leg.
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "daemon/assembly.hpp"
#include "daemon/config.hpp"
#include "daemon/outlet.hpp"
#include "daemon/simulate.hpp"
#include "daemon/sinks/calibration_sink.hpp"
#include "schemas/row.hpp"
#include "tests/accuracy/direct.hpp"
#include "tests/dsp/calibration_movements.hpp"

namespace grfd::accuracy {
namespace {

using Json = nlohmann::ordered_json;

/// Gives commands at their times, [[seconds, "NAME {...}"], ...], and keeps what calibrate and lunge were answered
/// with.
class Commander final : public Outlet {
 public:
  Commander(Assembly& assembly, Json commands)
      : assembly_(assembly),
        commands_(std::move(commands)),
        start_(assembly.session.start),
        events_stream_(assembly.session.streams.id("events")),
        events_(assembly.session.streams[events_stream_]) {
    calibration_.open(assembly.session);
  }
  void take(std::span<const Sample> samples) noexcept override {
    calibration_.write(samples);
    for (const Sample& s : samples) {
      const double now_s = static_cast<double>(s.t_arrival - start_) * 1e-9;
      if (next_ < commands_.size() && now_s >= commands_[next_][0].get<double>())
        assembly_.command(s.t_arrival, commands_[next_++][1].get_ref<const std::string&>());
      if (s.stream != events_stream_ || !events_.add(s)) continue;
      const auto& bytes = events_.row().bytes;
      const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      constexpr std::string_view kLunge = "lunge_result ";
      if (text.starts_with(kLunge)) answers_.push_back(Json::parse(text.substr(kLunge.size())));
    }
  }
  const Json& answers() const { return answers_; }

 private:
  Assembly& assembly_;
  Json commands_, answers_ = Json::array();
  std::size_t next_ = 0;
  TimeNs start_;
  CalibrationSink calibration_{[this](Json detail) { answers_.push_back(std::move(detail)); }};
  StreamId events_stream_;
  RowJoiner events_;
};

}  // namespace

void commands(const Words& arguments) {
  Settings settings = load_config(arguments.at(0), {arguments.begin() + 4, arguments.end()});
  std::optional<Commander> commander;
  SimulateOptions options{.output = arguments.at(1), .seconds = std::stod(arguments.at(2))};
  options.assembled = [&](Assembly& assembly) {
    assembly.engine->add_outlet(commander.emplace(assembly, Json::parse(arguments.at(3))));
  };
  simulate(std::move(settings), options);
  std::cout << commander->answers().dump() << "\n";
}

void legs(const Words& arguments) {
  using namespace calibration_movements;
  using Step = CalibrationStep;
  const Json j = Json::parse(arguments.at(0));
  Subject subject({.toe_line_deg = j.at("toe_line_deg"),
                   .eversion_deg = j.at("eversion_deg"),
                   .axis_change_deg = j.at("axis_change_deg"),
                   .axis_tilt_deg = j.at("axis_tilt_deg"),
                   .seed = j.at("seed")});
  std::vector<FunctionalCalibration::Place> places{{"shank_left", Segment::shank, Side::left},
                                                   {"foot_left", Segment::foot, Side::left},
                                                   {"shank_right", Segment::shank, Side::right},
                                                   {"foot_right", Segment::foot, Side::right}};
  if (j.at("swap_shanks")) std::swap(places[0], places[2]);
  if (j.at("swap_feet")) std::swap(places[1], places[3]);
  FunctionalCalibration calibration(places);
  struct Task {
    Step step;
    Side side;
    Movement movement;
    double s;
  };
  Json answers = Json::array();
  for (const Task& t : {Task{Step::still, Side::left, Movement::still, 5},
                        {Step::leg_raises, Side::left, Movement::raise_left, 12},
                        {Step::heel_raises, Side::left, Movement::heel_raises, 12},
                        {Step::knee_bends, Side::left, Movement::knee_bends, 15},
                        {Step::ankle_pumps, Side::left, Movement::pumps_left, 12},
                        {Step::ankle_pumps, Side::right, Movement::pumps_right, 12},
                        {Step::finish, Side::left, Movement::still, 3}}) {
    const CalibrationAnswer a = calibration.take(t.step, t.side, subject.tracks(t.movement, t.s));
    Json one{{"step", to_string(t.step)}, {"accepted", a.accepted}, {"reason", a.reason}, {"imus", Json::array()}};
    for (std::size_t i = 0; i < a.sensors.size(); ++i) {
      const CalibrationFigures& f = a.sensors[i];
      Json figures{{"imu", f.imu}, {"reason", f.reason}};
      if (a.sides_checked)  // finish: all four
        figures.update({{"source", f.source},
                        {"ml_axis_left", f.ml_left},
                        {"up_m_s2", f.up_m_s2},
                        {"true_left", subject.left(i)}});
      one["imus"].push_back(figures);
    }
    answers.push_back(one);
  }
  std::cout << answers.dump() << "\n";
}

}  // namespace grfd::accuracy
