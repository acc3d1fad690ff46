#include "daemon/emulation.hpp"

#include <cmath>
#include <map>

#include "dsp/plate_model.hpp"
#include "schemas/gravity.hpp"

namespace grfd {
namespace {

/// Plates behind the analogue inputs of one device. The wrench is taken on whole milliseconds and interpolated
/// (4-point cubic) between them, so that the channels of one scan cost one evaluation.
class PlateVoltages final : public AnalogSource {
 public:
  PlateVoltages(const Settings& settings, const DeviceSettings& device, Stimulus* stimulus, std::mutex& mutex)
      : stimulus_(stimulus),
        mutex_(mutex),
        delay_ms_(device.emulation.delay_ms),
        leak_v_s_(device.emulation.leak_mv_s * 1e-3) {
    inputs_.resize(16);
    const std::string stream = "raw/" + device.name + "/scan";
    for (std::size_t p = 0; p < settings.plates.size(); ++p) {
      const PlateSettings& plate = settings.plates[p];
      if (plate.stream != stream) continue;
      const PlateModel model(plate);
      if (model.correction().changes()) recalibrated_.emplace(p, model);
      std::array<PlateVolts, 6> shown;
      for (std::size_t j = 0; j < 6; ++j) {
        Wrench6 unit{};
        unit[j] = 1;
        shown[j] = model.volts(unit);
      }
      for (std::size_t row = 0; row < plate.columns.size(); ++row) {
        const int ain = device.analog_inputs.at(static_cast<std::size_t>(plate.columns[row]));
        Input& input = inputs_.at(static_cast<std::size_t>(ain));
        input.plate = static_cast<int>(used_.size());
        for (std::size_t j = 0; j < 6; ++j) input.volts_per_unit[j] = shown[j][row];
      }
      used_.push_back({p});
    }
  }

  double volts(int input, double t_s) override {
    const Input& in = inputs_[static_cast<std::size_t>(input)];
    if (in.plate < 0 || !stimulus_) return 0;
    const double ms = t_s * 1e3 - delay_ms_, whole = std::floor(ms + 1e-6);
    const double u = std::max(0.0, ms - whole);
    Knots& k = used_[static_cast<std::size_t>(in.plate)];
    load(k, static_cast<std::int64_t>(whole));
    const double a = -u * (u - 1) * (u - 2) / 6, b = (u + 1) * (u - 1) * (u - 2) / 2, c = -(u + 1) * u * (u - 2) / 2,
                 d = (u + 1) * u * (u - 1) / 6;
    double v = leak_v_s_ * t_s;
    for (std::size_t j = 0; j < 6; ++j)
      v += in.volts_per_unit[j] * (a * k.wrench[0][j] + b * k.wrench[1][j] + c * k.wrench[2][j] + d * k.wrench[3][j]);
    return v;
  }

 private:
  struct Input {
    int plate = -1;
    std::array<double, 6> volts_per_unit{};
  };
  struct Knots {
    std::size_t plate;
    std::int64_t at = std::numeric_limits<std::int64_t>::min();
    std::array<Wrench, 4> wrench{};  // at -1, 0, +1, +2 ms
  };
  void load(Knots& k, std::int64_t ms) {
    if (k.at == ms) return;
    const std::lock_guard lock(mutex_);
    const bool next = k.at == ms - 1;
    if (next) std::move(k.wrench.begin() + 1, k.wrench.end(), k.wrench.begin());
    const auto model = recalibrated_.find(k.plate);  // whose channels are as wrong as its recalibration mends
    for (int i = next ? 3 : 0; i < 4; ++i) {
      const Wrench w = stimulus_->plate(k.plate, static_cast<double>(ms - 1 + i) * 1e-3);
      k.wrench[static_cast<std::size_t>(i)] = model == recalibrated_.end() ? w : model->second.as_measured(w);
    }
    k.at = ms;
  }
  Stimulus* stimulus_;
  std::mutex& mutex_;
  double delay_ms_, leak_v_s_;
  std::vector<Input> inputs_;
  std::vector<Knots> used_;
  std::map<std::size_t, PlateModel> recalibrated_;
};

class ImuMotion final : public InertialSource {
 public:
  ImuMotion(Stimulus* stimulus, std::size_t imu, bool used, double delay_s, std::mutex& mutex)
      : stimulus_(used ? stimulus : nullptr), imu_(imu), delay_s_(delay_s), mutex_(mutex) {}
  void read(double t_s, Vec3& gyro_rad_s, Vec3& specific_force_m_s2) override {
    if (stimulus_) {
      const std::lock_guard lock(mutex_);
      return stimulus_->imu(imu_, t_s - delay_s_, gyro_rad_s, specific_force_m_s2);
    }
    gyro_rad_s = {};
    specific_force_m_s2 = {0, 0, kStandardGravity_m_s2};
  }

 private:
  Stimulus* stimulus_;
  std::size_t imu_;
  double delay_s_;
  std::mutex& mutex_;
};

}  // namespace

Emulation::Emulation(const Settings& settings, Stimulus* stimulus, LabClock& clock, TimeNs session_start,
                     SampleRing& truth_ring, StreamId first_truth_stream)
    : stimulus_(stimulus),
      truth_ring_(truth_ring),
      first_truth_(first_truth_stream),
      start_(session_start),
      next_truth_(session_start),
      try_truth_(stimulus ? session_start : EmulatedDevice::kNever) {
  const SyncLine sync{settings.stimulus.sync.first_s, settings.stimulus.sync.period_s, settings.stimulus.sync.width_s};
  for (std::size_t i = 0; i < settings.devices.size(); ++i) wires_.push_back(std::make_unique<PacerWire>());
  const auto wire = [&](const DeviceSettings& device) -> PacerWire* {
    for (std::size_t i = 0; i < settings.devices.size(); ++i)
      if (settings.devices[i].name == (device.clock == "own" ? device.name : device.clock)) return wires_[i].get();
    return nullptr;
  };
  for (const DeviceSettings& device : settings.devices) {
    std::size_t imu = 0;
    while (imu < settings.imus.size() && settings.imus[imu].name != device.name) ++imu;
    analog_.push_back(std::make_unique<PlateVoltages>(settings, device, stimulus, stimulus_mutex_));
    inertial_.push_back(std::make_unique<ImuMotion>(stimulus, imu, imu < settings.imus.size(),
                                                    device.emulation.delay_ms * 1e-3, stimulus_mutex_));
    std::unique_ptr<EmulatedLink> link;
    if (device.emulated) {
      auto emulated = find_driver(device.driver)
                          ->emulate(device, {analog_.back().get(), inertial_.back().get(), sync, wire(device)});
      link = std::make_unique<EmulatedLink>(std::move(emulated), device.emulation, clock, session_start);
      const auto at = [&](double s) { return session_start + static_cast<TimeNs>(s * 1e9); };
      const EmulationSettings& e = device.emulation;
      if (e.unplug_at_s > 0)
        unpluggings_.push_back({link.get(), at(e.unplug_at_s),
                                e.unplug_for_s > 0 ? at(e.unplug_at_s + e.unplug_for_s) : EmulatedDevice::kNever});
    }
    links_.push_back(std::move(link));
  }
}

Emulation::~Emulation() = default;

TimeNs Emulation::next() {
  TimeNs t = try_truth_;
  for (auto& link : links_)
    if (link) t = std::min(t, link->next());
  for (const Unplugging& u : unpluggings_) t = std::min(t, u.next());
  return t;
}

void Emulation::run_until(TimeNs now) {
  for (;;) {
    TimeNs t = try_truth_;
    EmulatedLink* due = nullptr;
    for (auto& link : links_)
      if (link)
        if (const TimeNs at = link->next(); at < t) t = at, due = link.get();
    Unplugging* plug = nullptr;
    for (Unplugging& u : unpluggings_)
      if (u.next() < t) t = u.next(), plug = &u;
    if (t > now) return;
    if (plug) {
      const bool out = plug->out <= plug->in;
      out ? plug->link->unplug() : plug->link->plug_in();
      (out ? plug->out : plug->in) = EmulatedDevice::kNever;
      continue;
    }
    if (due) {
      due->complete(std::max(t, now));
      continue;
    }
    tell_truth(now);
  }
}

void Emulation::tell_truth(TimeNs now) {
  if (told_ == truth_batch_.size()) {
    truth_batch_.clear();
    told_ = 0;
    {
      const std::lock_guard lock(stimulus_mutex_);
      stimulus_->truth(start_, next_truth_, first_truth_, truth_batch_);
    }
    for (Sample& s : truth_batch_.samples()) s.t_arrival = s.t;
    truth_dropped_ += truth_batch_.overflow() - overflow_;
    overflow_ = truth_batch_.overflow();
    next_truth_ += kGrid;
  }
  told_ += truth_ring_.push(truth_batch_.samples().subspan(told_));
  // A pipeline that is late takes them later, as it does the samples in the devices' rings.
  try_truth_ = told_ == truth_batch_.size() ? next_truth_ : now + kGrid;
}

}  // namespace grfd
