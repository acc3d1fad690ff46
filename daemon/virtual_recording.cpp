#include "daemon/virtual_recording.hpp"

#include <filesystem>

#include "daemon/finalise.hpp"
#include "daemon/h5.hpp"
#include "daemon/sinks/recorder.hpp"

namespace grfd {
namespace {
namespace fs = std::filesystem;

bool is_virtual(const std::string& path) {
  try {
    return h5::int_attribute(h5::open_file(path), "virtual_time") == 1;
  } catch (const std::exception&) { return false; }
}

}  // namespace

void make_way(const std::string& output) {
  if (!fs::exists(output)) return;
  if (!is_virtual(output))
    throw std::runtime_error(output + " exists and is no simulation or replay; choose another name");
  fs::remove(output);
}

VirtualRecording::VirtualRecording(const std::string& output, Settings& settings) : output_(output) {
  make_way(output);
  const fs::path path(output);
  folder_ = (fs::absolute(path).parent_path() / (path.stem().string() + ".simulating")).string();
  settings.record.folder = folder_;
  settings.record.name = "simulation";  // equal inputs give equal files whatever they are called
  fs::remove_all(folder_);
  fs::create_directories(folder_);
}

VirtualRecording::~VirtualRecording() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void VirtualRecording::connect(Assembly& assembly) {
  auto recorder = std::make_unique<Recorder>([this](const RecordingEvent& e) {
    if (e.kind == RecordingEvent::Kind::failed) trouble_ = e.text;
    if (e.kind != RecordingEvent::Kind::finished) return;
    journal_ = e.path;
    trouble_ = e.text;
    if (trouble_.empty() && e.lost_samples > 0)
      trouble_ = std::to_string(e.lost_samples) + " samples could not be written";
  });
  recorder->set_state_provider([&assembly](std::string& version) {
    version = Pipeline::kStateVersion;
    const auto state = assembly.pipeline->snapshot();
    return std::vector<std::byte>(state.begin(), state.end());
  });
  sink_ = std::make_unique<InlineSink>(std::move(recorder), assembly.session);
  assembly.engine->add_outlet(*sink_);
}

void VirtualRecording::finish() {
  sink_->rethrow();
  sink_->close();
  if (journal_.empty()) throw std::runtime_error("no recording was written: " + trouble_);
  if (!trouble_.empty()) throw std::runtime_error("the recording is not whole and was not kept: " + trouble_);
  fs::rename(finalise(journal_, {}).h5_path, output_);
}

}  // namespace grfd
