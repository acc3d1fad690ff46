// The sink that writes trials to disk as journals.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/sink.hpp"
#include "daemon/trial.hpp"
#include "schemas/counter.hpp"
#include "schemas/row.hpp"

namespace grfd {

struct RecordingEvent {
  enum class Kind : std::uint8_t {
    started,    ///< path = the journal
    finished,   ///< path = the journal, ready to be finalised; `text` is not empty when its end could not be written
    failed,     ///< no trial was started; text says why
    refused,    ///< the disk refuses writes, or the journal is gone (once per episode); text says why
    recovered,  ///< the disk has taken all writes for half a second; lost_samples were not written
  } kind = Kind::started;
  std::string path, text;
  std::int64_t command_id = 0;  ///< "id" of the record_start command
  std::uint64_t samples = 0, lost_samples = 0, bytes = 0;
  bool gone = false;  ///< the journal is no longer at its path
};

/// A trial runs from a row "record_start {"id":7,"name":"..."}" of the stream "commands" to its "record_stop ...";
/// both rows are in the journal, as the first and the last. A trial that is open at close() is ended cleanly.
/// open, write and close are called by one thread, on which the callbacks run; they do not throw for disk errors.
class Recorder final : public Sink {
 public:
  using Report = std::function<void(const RecordingEvent&)>;
  /// Gives the pipeline's state at the start of the trial and says of which version it is.
  using StateProvider = std::function<std::vector<std::byte>(std::string& version)>;

  explicit Recorder(Report report) : report_(std::move(report)) {}
  void set_state_provider(StateProvider provider) { state_ = std::move(provider); }

  const char* name() const override { return "recorder"; }
  /// The session must outlive the recorder's close().
  void open(const Session& session) override;
  void write(std::span<const Sample> batch) override;
  void close() override;

  Counter samples{"recorder_samples"}, lost_samples{"recorder_lost_samples"}, bytes{"recorder_bytes"},
      failures{"recorder_failures"}, unknown_streams{"recorder_unknown_streams"};

 private:
  void take(const Sample& s);
  void on_command();
  void start(const std::string& detail);
  void stop(const char* reason);
  void watch();
  void report(RecordingEvent::Kind kind, const std::string& text);

  Report report_;
  StateProvider state_;
  const Session* session_ = nullptr;
  std::optional<StreamId> commands_;
  std::vector<bool> live_only_;  ///< by stream
  std::optional<RowJoiner> joiner_;
  std::vector<Sample> held_;  ///< a record_start of which parts are still to come
  bool holding_ = false;
  std::optional<Trial> trial_;
  std::string path_;  ///< of the trial, or of the last one
  std::int64_t command_id_ = 0;
  bool refused_ = false;  ///< the disk refuses writes
  std::int64_t last_error_ns_ = 0;
  std::uint64_t samples_base_ = 0, lost_base_ = 0, bytes_base_ = 0;  ///< of the trials before
};

}  // namespace grfd
