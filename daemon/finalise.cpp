#include "daemon/finalise.hpp"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <map>
#include <optional>

#include "daemon/journal.hpp"
#include "daemon/recording_stream.hpp"
#include "daemon/sample_block.hpp"
#include "daemon/session_json.hpp"

namespace grfd {
namespace {

/// What the first pass learns: everything but the rows.
struct Survey {
  JournalSession session;
  std::string state_version;
  std::vector<std::byte> state;
  std::vector<std::pair<TimeNs, std::int64_t>> anchors;  ///< lab clock, UTC
  std::vector<StreamShape> shapes;
  std::vector<std::uint64_t> lost;  ///< per stream, noted by the recorder
  std::uint64_t torn_rows = 0, lost_in_all = 0;
  std::string end;  ///< text of the end block
  JournalTail tail;
};

struct WalkCount {
  std::uint64_t torn_rows = 0, malformed_blocks = 0;
};

/// Calls on_row(id, row) for each whole row, on_block(block) for each block that holds no samples.
/// A block that is whole but cannot be understood ends at the place where that shows, and is counted.
template <class OnRow, class OnBlock>
WalkCount walk(JournalReader& reader, const StreamTable& streams, OnRow&& on_row, OnBlock&& on_block) {
  SampleBlockDecoder decoder(streams);
  std::vector<RowJoiner> joiners;
  for (const StreamInfo& info : streams) joiners.emplace_back(info);
  WalkCount count;
  Sample s;
  while (const auto block = reader.next()) {
    if (block->kind != BlockKind::samples) {
      on_block(*block);
      continue;
    }
    try {
      decoder.start(block->payload);
      while (decoder.next(s))
        if (joiners[s.stream].add(s)) on_row(s.stream, joiners[s.stream].row());
    } catch (const MalformedBlock&) { ++count.malformed_blocks; }
  }
  for (const RowJoiner& j : joiners) count.torn_rows += j.torn();
  return count;
}

void note_state(std::span<const std::byte> payload, Survey& survey) {
  std::uint32_t n = 0;
  if (payload.size() < 4) return;
  std::memcpy(&n, payload.data(), 4);
  if (n > payload.size() - 4) return;
  survey.state_version.assign(reinterpret_cast<const char*>(payload.data()) + 4, n);
  survey.state.assign(payload.begin() + 4 + n, payload.end());
}

void note_loss(std::string_view text, Survey& survey) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return;
  for (const auto& [name, count] : json.items()) {
    const auto id = survey.session.streams.find(name);
    if (!id || !count.is_number_unsigned()) continue;
    survey.lost[*id] += count.get<std::uint64_t>();
    survey.lost_in_all += count.get<std::uint64_t>();
  }
}

/// What a device said of itself when it opened: the settings may leave its serial open.
void note_device(std::string_view event, std::string_view detail, std::map<std::string, std::string>& serials) {
  if (event != "device") return;
  const auto json = nlohmann::json::parse(detail, nullptr, false);
  if (!json.is_object() || !json.contains("device") || !json.contains("serial")) return;
  if (json["device"].is_string() && json["serial"].is_string() && !json["serial"].get_ref<const std::string&>().empty())
    serials[json["device"]] = json["serial"];
}

/// Fills serials that the settings left open with those of the stream's devices, in their order.
void name_serials(const std::map<std::string, std::string>& serials, StreamTable& streams) {
  for (std::size_t i = 0; i < streams.size(); ++i) {
    StreamInfo& info = streams.edit(static_cast<StreamId>(i));
    if (!info.serial.empty()) continue;
    for (std::size_t at = 0; at < info.device.size();) {
      const std::size_t end = std::min(info.device.find(", ", at), info.device.size());
      const auto found = serials.find(info.device.substr(at, end - at));
      if (found != serials.end()) info.serial += (info.serial.empty() ? "" : ", ") + found->second;
      at = end + 2;
    }
  }
}

Survey survey(JournalReader& reader) {
  Survey found;
  const auto first = reader.next();
  if (!first) throw JournalEmpty("it holds no whole block");
  if (first->kind != BlockKind::session) throw std::runtime_error("its session block is damaged");
  found.session = session_from_json(first->text());
  const StreamTable& streams = found.session.streams;
  found.shapes.resize(streams.size());
  found.lost.resize(streams.size());
  const auto events = streams.find("events");
  std::map<std::string, std::string> serials;
  const WalkCount count = walk(
      reader, streams,
      [&](StreamId id, const Row& row) {
        StreamShape& shape = found.shapes[id];
        ++shape.rows;
        if (streams[id].type != ValueType::text) return;
        const auto [name, detail] = split_text_row(row.bytes);
        shape.name_bytes = std::max(shape.name_bytes, name.size());
        shape.detail_bytes = std::max(shape.detail_bytes, detail.size());
        if (id == events) note_device(name, detail, serials);
      },
      [&](const JournalReader::Block& block) {
        std::int64_t pair[2];
        if (block.kind == BlockKind::state) note_state(block.payload, found);
        if (block.kind == BlockKind::loss) note_loss(block.text(), found);
        if (block.kind == BlockKind::end) found.end = block.text();
        if (block.kind == BlockKind::anchor && block.payload.size() == sizeof pair) {
          std::memcpy(pair, block.payload.data(), sizeof pair);
          found.anchors.emplace_back(pair[0], pair[1]);
        }
      });
  name_serials(serials, found.session.streams);
  found.torn_rows = count.torn_rows;
  found.tail = reader.tail();
  found.tail.missing_blocks += count.malformed_blocks;
  return found;
}

void write_root(hid_t file, const Survey& s) {
  const auto& j = s.session.json;
  h5::attribute(file, "format", std::string(kRecordingFormat));
  h5::attribute(file, "format_version", std::int64_t(kFormatVersion));
  for (const char* key : {"software_version", "software_build", "session_id", "start_utc", "participant_code",
                          "dominant_side", "dominance_method", "settings_file"})
    h5::attribute(file, key, j.at(key).get<std::string>());
  h5::attribute(file, "start_utc_ns", s.session.start_utc_ns);
  h5::attribute(file, "start_lab_ns", s.session.start);
  h5::attribute(file, "virtual_time", std::int64_t(j.at("virtual_time").get<bool>()));
  h5::attribute(file, "clean_end", std::int64_t(!s.end.empty()));
  h5::attribute(file, "lost_tail_bytes", static_cast<std::int64_t>(s.tail.dropped_bytes));
  h5::attribute(file, "damaged_bytes", static_cast<std::int64_t>(s.tail.skipped_bytes));
  h5::attribute(file, "missing_blocks", static_cast<std::int64_t>(s.tail.missing_blocks));
  h5::attribute(file, "torn_rows", static_cast<std::int64_t>(s.torn_rows));
  h5::attribute(file, "lost_on_disk", static_cast<std::int64_t>(s.lost_in_all));
  h5::write_text(file, "settings", j.at("settings").get<std::string>());
}

void write_calibration(hid_t file, const nlohmann::ordered_json& plates) {
  h5::create_group(file, "/calibration");
  for (const auto& plate : plates) {
    const h5::Id group = h5::create_group(file, "/calibration/" + plate.at("name").get<std::string>());
    h5::write_text(group, "json", plate.dump(2));
    const auto numbers = [&](const char* key, const h5::Shape& shape) {
      std::vector<double> flat;
      const auto leaves = plate.at(key).flatten();
      for (const auto& value : leaves) flat.push_back(value.template get<double>());
      hsize_t n = 1;
      for (const hsize_t dim : shape) n *= dim;
      if (flat.size() != n) throw std::runtime_error("the calibration of a plate is incomplete");
      h5::write_array(group, key, H5T_IEEE_F64LE, shape, flat.data());
    };
    const hsize_t channels = plate.at("matrix").size();
    numbers("matrix", {channels, 6});
    if (plate.contains("gain")) numbers("gain", {channels});
    numbers("full_scale", {6});
    numbers("origin_m", {3});
    numbers("corners_m", {4, 3});
    for (const char* key : {"recalibration", "recalibration_x_per_m", "recalibration_y_per_m"})
      if (plate.contains(key)) numbers(key, {6, 6});
    for (const char* key : {"cop_polynomial_x", "cop_polynomial_y"})
      if (plate.contains(key)) numbers(key, {6});
    for (const char* key : {"excitation_v", "full_scale_v", "pad_m"}) {
      if (!plate.contains(key)) continue;
      const double value = plate.at(key).get<double>();
      h5::write_array(group, key, H5T_IEEE_F64LE, {}, &value);
    }
    for (const char* key : {"side", "sense", "serial", "model", "file", "stream"})
      h5::attribute(group, key, plate.at(key).get<std::string>());
    h5::attribute(group, "kind", plate.value("kind", "strain"));
    h5::attribute(group, "matrix_units",
                  plate.value("matrix_units", "uV/V per N (columns 0-2) and per N.m (columns 3-5); row = bridge"));
  }
}

void write_state_and_anchors(hid_t file, const Survey& s) {
  h5::write_compressed(file, "state", s.state);
  h5::attribute(h5::open(file, "/state"), "version", s.state_version);
  const h5::Id group = h5::create_group(file, "/anchor");
  std::vector<double> t, utc;
  std::vector<std::int64_t> lab_ns, utc_ns;
  for (const auto& [lab, wall] : s.anchors) {
    t.push_back(static_cast<double>(lab - s.session.start) * 1e-9);
    utc.push_back(static_cast<double>(wall) * 1e-9);
    lab_ns.push_back(lab);
    utc_ns.push_back(wall);
  }
  h5::write_array(group, "t", H5T_IEEE_F64LE, {t.size()}, t.data());
  h5::write_array(group, "utc", H5T_IEEE_F64LE, {utc.size()}, utc.data());
  h5::write_array(group, "lab_ns", H5T_STD_I64LE, {lab_ns.size()}, lab_ns.data());
  h5::write_array(group, "utc_ns", H5T_STD_I64LE, {utc_ns.size()}, utc_ns.data());
  h5::attribute(group, "description",
                std::string("pairs of the lab clock and UTC; t in s since the session's start, utc in s since 1970"));
}

void write_and_compare(const std::string& path, JournalReader& reader, const Survey& s) {
  std::vector<DatasetCheck> checks;
  {
    h5::Id file = h5::create_file(path);
    write_root(file, s);
    write_calibration(file, s.session.json.at("calibration"));
    write_state_and_anchors(file, s);
    h5::create_group(file, "/streams");
    std::vector<std::optional<StreamWriter>> writers(s.shapes.size());
    for (std::size_t i = 0; i < s.shapes.size(); ++i)
      if (const StreamInfo& info = s.session.streams[static_cast<StreamId>(i)]; !info.live_only || s.shapes[i].rows > 0)
        writers[i].emplace(file, info, s.shapes[i], s.session.start, s.lost[i]);
    reader.rewind();
    walk(
        reader, s.session.streams, [&](StreamId id, const Row& row) { writers[id]->add(row); }, [](const auto&) {});
    for (auto& w : writers)
      if (w)
        for (DatasetCheck& check : w->finish()) checks.push_back(std::move(check));
    writers.clear();
    h5::ok(H5Fflush(file, H5F_SCOPE_GLOBAL), "write '" + path + "'");
    file.close("finish '" + path + "'");
  }
  sync_file(path);
  const h5::Id file = h5::open_file(path);
  for (const DatasetCheck& check : checks) compare(file, check);
}

/// Gives the file its name without replacing another recording. @return whether an equal one was there
bool publish(const std::string& tmp, const std::string& base, std::string& path) {
  for (int i = 1;; ++i) {
    path = numbered(base, i) + ".h5";
    if (rename_without_replacing(tmp, path)) return false;
    if (same_content(tmp, path)) {
      std::filesystem::remove(tmp);
      return true;
    }
  }
}
}  // namespace

FinaliseReport finalise(const std::string& journal_path, const FinaliseOptions& options) {
  const auto began = std::chrono::steady_clock::now();
  const std::string suffix = ".journal";
  if (!journal_path.ends_with(suffix))
    throw std::runtime_error("'" + journal_path + "' is not a journal: its name does not end in .journal");
  const std::string base = journal_path.substr(0, journal_path.size() - suffix.size()), tmp = base + ".h5.tmp";
  FinaliseReport report;
  const auto done_by_another = [&] {
    report.h5_path = base + ".h5";
    report.already_there = true;
    std::error_code code;
    if (!options.wait || std::filesystem::exists(journal_path, code) || !std::filesystem::exists(report.h5_path, code))
      return false;
    report.h5_bytes = std::filesystem::file_size(report.h5_path, code);
    return true;
  };
  if (done_by_another()) return report;
  JournalReader reader(journal_path);
  struct stat st;
  if (::flock(reader.fd(), LOCK_EX | (options.wait ? 0 : LOCK_NB)) != 0)
    throw JournalInUse("'" + journal_path + "' is still being written or finalised");
  if (done_by_another()) return report;  // while this one waited
  if (::fstat(reader.fd(), &st) != 0 || st.st_nlink == 0)
    throw JournalInUse("'" + journal_path + "' has just been finalised");
  ::fdatasync(reader.fd());  // its writer does not wait for that; what cannot be synced can still be read

  report = {};
  try {
    const Survey s = survey(reader);
    write_and_compare(tmp, reader, s);
    for (std::size_t i = 0; i < s.shapes.size(); ++i)
      report.rows.emplace_back(s.session.streams[static_cast<StreamId>(i)].name, s.shapes[i].rows);
    report.clean_end = !s.end.empty();
    report.dropped_tail_bytes = s.tail.dropped_bytes;
    report.skipped_bytes = s.tail.skipped_bytes;
    report.missing_blocks = s.tail.missing_blocks;
    report.torn_rows = s.torn_rows;
    report.lost_on_disk = s.lost_in_all;
    report.already_there = publish(tmp, base, report.h5_path);
  } catch (const JournalEmpty& e) {
    throw JournalEmpty("cannot finalise '" + journal_path + "': " + e.what());
  } catch (const std::exception& e) {
    ::unlink(tmp.c_str());
    throw std::runtime_error("cannot finalise '" + journal_path + "': " + e.what());
  }
  sync_folder_of(report.h5_path);
  if (!options.keep_journal) {
    if (::unlink(journal_path.c_str()) != 0) throw_errno("remove", journal_path);
    sync_folder_of(journal_path);
  }
  report.journal_bytes = reader.size();
  report.h5_bytes = std::filesystem::file_size(report.h5_path);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return report;
}

}  // namespace grfd
