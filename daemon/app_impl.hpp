// The running daemon. app.cpp: life; app_commands.cpp: what clients ask for; app_trials.cpp: recordings;
// app_zeros.cpp: kept zeros of plates; app_delays.cpp: measured delays of sensors; app_calibration.cpp: functional
// calibration; app_lunge.cpp: the knee-to-wall test; app_mass.cpp: known masses.
#pragma once
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <set>

#include "daemon/app.hpp"
#include "daemon/assembly.hpp"
#include "daemon/calibrations.hpp"
#include "daemon/captures.hpp"
#include "daemon/control.hpp"
#include "daemon/delays.hpp"
#include "daemon/devices.hpp"
#include "daemon/lab_clock.hpp"
#include "daemon/log.hpp"
#include "daemon/loop.hpp"
#include "daemon/losses.hpp"
#include "daemon/lunges.hpp"
#include "daemon/mass_sites.hpp"
#include "daemon/plate_zeros.hpp"
#include "daemon/sink_thread.hpp"
#include "daemon/sinks/feed.hpp"
#include "daemon/sinks/recorder.hpp"
#include "daemon/sinks/status_sink.hpp"
#include "daemon/zeros.hpp"

namespace grfd {

/// Everything but the constructor runs on the main thread.
class App {
 public:
  App(Settings settings, const RunOptions& options);
  int run();

 private:
  Control::Answer handle(const Control::Json& request);
  Control::Json status();
  Control::Json devices();
  Control::Json feed_age();
  std::uint64_t send_command(const std::string& verb, Control::Json detail);
  std::uint64_t start_recording(const std::string& name);
  void on_event(const StatusSink::Event& event);
  Control::Json missing_devices();
  void say_whether_recorded(Control::Json& mark);
  void on_recording(const RecordingEvent& event);
  void on_device(const Devices::Status& status);
  void await_signal();
  void await_child();
  void on_child();
  /// What waits for a child: a trial that is being finalised, and the record_stop that wants to know.
  struct Ending {
    std::string journal;  ///< empty: none, the child looks for old ones
    std::uint64_t command = 0, lost_samples = 0;
  };
  void finalise(const Ending& ending);
  void tell_ending(const Ending& ending, bool good);
  void begin();
  void end(const char* why);
  void leave_when_done();
  void watchdog();
  std::string serial_of(const std::string& device) const;  ///< as it reported; empty: unknown
  void load_delays();
  void keep_delays(const Control::Json& tap_result);
  Control::Answer use_delays();
  void load_calibrations();
  Control::Answer calibrate(const std::string& step, const std::string& side, const Control::Json& seconds);
  void on_calibration(Control::Json detail);
  bool command_axes(const Control::Json& imus);  ///< false: the pipeline takes no commands
  void keep_calibration(const Control::Json& detail);
  Control::Answer use_calibrations();
  void repeat_calibration();
  void load_lunges();
  Control::Answer lunge(const std::string& side, const Control::Json& seconds);
  void on_lunge(const std::string& event, const Control::Json& detail);
  void keep_lunge(const Control::Json& detail);
  Control::Answer use_lunges();
  Control::Json rooms() const;  ///< in use, of this session's or an earlier knee-to-wall test
  void repeat_rooms();
  Control::Answer weigh_mass(const std::string& plate, const Control::Json& kg, const Control::Json& x_m,
                             const Control::Json& y_m);
  Control::Answer fit_masses(const std::string& plate, const Control::Json& by_place);
  Control::Answer forget_masses(const std::string& plate);
  void note_place(Control::Json& mass_result);  ///< says in it what became of the place
  void load_zeros();
  void keep_zeros(const Control::Json& tare_result);
  Control::Answer use_zeros();
  void note_kept_zeros(Control::Json& zeros_result, double t_s);
  struct KeptZero {
    std::optional<ZeroStore::Zero> zero;
    std::string reason;  ///< why there is none
  };
  KeptZero kept_zero(const PlateSettings& plate) const;
  void offer_zeros(const std::string& device);
  Control::Json plates() const;
  void repeat_zeros();
  void warn_of_zeros();
  std::string keys_for(Right right, const std::string& endpoint) const;  ///< folder of keys; empty: none are asked for
  void add_peers(const char* owner, const Connections& connections, const KeyGate* gate);

  // Declaration order is start order; destruction runs back through it.
  RunOptions options_;
  MonotonicClock clock_;
  boost::asio::io_context io_;
  Assembly assembly_;
  const Settings& settings_;
  Control control_;
  StatusSink* status_sink_ = nullptr;
  Recorder* recorder_ = nullptr;
  Feed* feed_ = nullptr;
  std::vector<std::unique_ptr<SinkThread>> sinks_;
  std::unique_ptr<LinkFinder> usb_;
  Emulation emulation_;
  std::unique_ptr<Captures> captures_;  ///< null: not asked for
  std::unique_ptr<Devices> devices_;
  boost::asio::signal_set signals_, child_signals_;
  boost::asio::steady_timer timer_, watchdog_timer_, timer_of_missing_;

  std::uint64_t next_command_ = 1;
  enum class Trial { none, starting, running, stopping } trial_ = Trial::none;
  std::string journal_, last_file_;
  Losses losses_;
  PlateZeros zeros_{settings_.plates};
  std::optional<ZeroStore> kept_zeros_;
  std::map<std::uint64_t, Control::Json> zeros_left_out_;  ///< by command: plates of which no zero could be used
  std::optional<DelayStore> delays_;
  std::optional<CalibrationStore> calibrations_;
  Control::Json calibration_in_use_ = Control::Json::object();  ///< axes by IMU; empty: those of the settings
  TimeNs calibrating_until_ = 0;
  std::optional<LungeStore> lunges_;
  MassSites mass_sites_{settings_.plates};
  std::map<std::string, Control::Json>
      rooms_in_use_;      ///< by side, as LungeStore keeps them; none: those of the settings
  std::string zero_utc_;  ///< when the newest standing pose or axis was taken
  double trial_since_s_ = 0;
  std::uint64_t stop_command_ = 0;
  std::uint64_t own_recording_ = 0;  ///< command of the recording that was asked for by the settings
  std::map<pid_t, Ending> children_;
  std::uint64_t lost_before_ = 0;             ///< samples that earlier recordings lost on the disk
  std::string not_writing_;                   ///< why the recorder cannot write now; empty: it can
  std::set<std::uint64_t> unrecorded_marks_;  ///< commands given while nothing was being recorded
  bool leaving_ = false, failed_ = false, recorder_failed_ = false;
  std::unique_ptr<Loop> dsp_, emulation_loop_;
};

}  // namespace grfd
