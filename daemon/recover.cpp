// What a crash left in a folder, and the commands that work on files.
#include <algorithm>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "daemon/file.hpp"
#include "daemon/recording.hpp"

namespace grfd {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::vector<std::string> files_ending(const std::string& folder, const std::string& suffix) {
  if (!fs::is_directory(folder))
    throw std::runtime_error("'" + folder + "' is no folder; name the folder of the recordings");
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().string().ends_with(suffix)) paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

RecoverItem recover_one(const std::string& journal) {
  using Outcome = RecoverItem::Outcome;
  RecoverItem item;
  item.path = journal;
  try {
    item.report = finalise(journal);
  } catch (const JournalInUse& e) {
    item.outcome = Outcome::in_use;
    item.text = e.what();
  } catch (const JournalEmpty& e) {
    item.outcome = Outcome::empty;
    item.text = e.what();
    try {
      for (int i = 1; !rename_without_replacing(journal, numbered(journal + ".empty", i)); ++i) {}
    } catch (const std::exception& failure) { item.text = item.text + "; " + failure.what(); }
  } catch (const std::exception& e) {
    std::error_code code;
    const bool gone = !fs::exists(journal, code);  // another process was quicker
    item.outcome = gone ? Outcome::in_use : Outcome::failed;
    item.text = e.what();
  }
  return item;
}

Json to_json(const FinaliseReport& r) {
  Json rows = Json::object();
  for (const auto& [name, n] : r.rows) rows[name] = n;
  return {{"recording", r.h5_path},
          {"already_there", r.already_there},
          {"clean_end", r.clean_end},
          {"dropped_tail_bytes", r.dropped_tail_bytes},
          {"damaged_bytes", r.skipped_bytes},
          {"missing_blocks", r.missing_blocks},
          {"torn_rows", r.torn_rows},
          {"lost_on_disk", r.lost_on_disk},
          {"journal_bytes", r.journal_bytes},
          {"recording_bytes", r.h5_bytes},
          {"seconds", r.seconds},
          {"rows", std::move(rows)}};
}

std::string describe(const FinaliseReport& r) {
  std::uint64_t rows = 0;
  for (const auto& stream : r.rows) rows += stream.second;
  std::ostringstream out;
  if (r.already_there && r.rows.empty()) return r.h5_path + ": finalised by another process meanwhile";
  out << r.h5_path << ": " << rows << " rows of " << r.rows.size() << " streams, " << std::fixed << std::setprecision(1)
      << static_cast<double>(r.h5_bytes) / 1e6 << " MB in " << r.seconds << " s";
  if (r.already_there) out << ", was already there";
  if (!r.clean_end)
    out << ", recording was cut off (" << r.dropped_tail_bytes << " bytes of an unfinished block dropped)";
  if (r.missing_blocks || r.skipped_bytes) out << ", " << r.missing_blocks << " damaged blocks";
  if (r.lost_on_disk) out << ", " << r.lost_on_disk << " samples refused by the disk";
  return out.str();
}

int wrong_arguments(const char* usage) {
  std::cerr << "usage: " << usage << "\n";
  return 2;
}

Json to_json(const VerifyReport& r) {
  Json streams = Json::array();
  for (const StreamVerdict& v : r.streams) {
    Json s = {{"name", v.name}, {"kind", v.kind}, {"rows", v.rows}};
    // Without a time the bounds are NaN, which JSON writes as null.
    s.update(Json{{"first_s", v.first_s},
                  {"last_s", v.last_s},
                  {"gaps", v.holes},
                  {"missing", v.missing},
                  {"accounted", v.declared},
                  {"gaps_of_unknown_length", v.uncounted},
                  {"invalid", v.invalid},
                  {"new_epochs", v.epochs}});
    streams.push_back(std::move(s));
  }
  return {{"file", r.path},
          {"good", r.good()},
          {"problems", r.problems},
          {"notes", r.notes},
          {"streams", std::move(streams)}};
}

void print(const VerifyReport& r) {
  std::cout << r.path << ": "
            << (r.good() ? "good"
                         : std::to_string(r.problems.size()) + (r.problems.size() == 1 ? " problem" : " problems"))
            << "\n";
  for (const auto& text : r.problems) std::cout << "  PROBLEM " << text << "\n";
  for (const auto& text : r.notes) std::cout << "  note    " << text << "\n";
  for (const StreamVerdict& v : r.streams) {
    if (v.rows == 0) continue;
    std::ostringstream line;
    line << "  " << std::left << std::setw(28) << v.name << std::right << std::setw(9) << v.rows << " rows  "
         << std::fixed << std::setprecision(3) << v.first_s << " to " << v.last_s << " s";
    if (v.missing) line << "  missing " << v.missing << " in " << v.holes << " gaps";
    if (v.uncounted) line << "  and " << v.uncounted << (v.uncounted == 1 ? " gap" : " gaps") << " of unknown length";
    if (v.invalid) line << "  invalid " << v.invalid;
    if (v.epochs) line << "  new epochs " << v.epochs;
    std::cout << line.str() << "\n";
  }
}
}  // namespace

std::vector<RecoverItem> recover(const std::string& folder) {
  std::vector<RecoverItem> items;
  for (const std::string& journal : files_ending(folder, ".journal")) items.push_back(recover_one(journal));
  for (const std::string& tmp : files_ending(folder, ".h5.tmp")) {
    const std::string journal = tmp.substr(0, tmp.size() - 7) + ".journal";
    if (fs::exists(journal)) continue;  // somebody is finalising it, or could not
    std::error_code code;
    fs::remove(tmp, code);
    RecoverItem item;
    item.outcome = code ? RecoverItem::Outcome::failed : RecoverItem::Outcome::removed_tmp;
    item.path = tmp;
    item.text = code ? "cannot remove '" + tmp + "': " + code.message() : "removed an abandoned half file";
    items.push_back(std::move(item));
  }
  return items;
}

int run_finalise(const std::vector<std::string>& args, bool json) {
  FinaliseOptions options;
  std::vector<std::string> paths;
  for (const auto& arg : args) {
    if (arg == "--keep-journal")
      options.keep_journal = true;
    else if (arg == "--wait")
      options.wait = true;
    else
      paths.push_back(arg);
  }
  if (paths.empty()) return wrong_arguments("grfd finalise JOURNAL... [--keep-journal] [--wait]");
  int status = 0;
  Json all = Json::array();
  for (const auto& path : paths) {
    try {
      const FinaliseReport report = finalise(path, options);
      if (json)
        all.push_back(to_json(report));
      else
        std::cout << describe(report) << "\n";
    } catch (const std::exception& e) {
      status = 1;
      if (json)
        all.push_back({{"journal", path}, {"error", e.what()}});
      else
        std::cerr << e.what() << "\n";
    }
  }
  if (json) std::cout << all.dump(2) << "\n";
  return status;
}

int run_verify(const std::vector<std::string>& args, bool json) {
  if (args.empty()) return wrong_arguments("grfd verify FILE...");
  bool good = true;
  Json all = Json::array();
  for (const auto& path : args) {
    const VerifyReport report = verify(path);
    good = good && report.good();
    if (json)
      all.push_back(to_json(report));
    else
      print(report);
  }
  if (json) std::cout << all.dump(2) << "\n";
  return good ? 0 : 1;
}

int run_recover(const std::vector<std::string>& args, bool json) {
  const bool quiet = std::find(args.begin(), args.end(), "--quiet") != args.end();
  if (args.size() == (quiet ? 1u : 0u)) return wrong_arguments("grfd recover FOLDER... [--quiet]");
  constexpr const char* kWords[] = {"finalised", "in_use", "empty", "failed", "removed_tmp"};
  int status = 0;
  Json all = Json::array();
  for (const auto& folder : args) {
    if (folder == "--quiet") continue;
    try {
      const std::vector<RecoverItem> items = recover(folder);
      if (items.empty() && !quiet && !json)
        std::cout << "no journal in " << fs::canonical(folder).string() << ": nothing to recover\n";
      for (const RecoverItem& item : items) {
        const bool done = item.outcome == RecoverItem::Outcome::finalised;
        if (item.outcome == RecoverItem::Outcome::failed) status = 1;
        Json entry = {
            {"path", item.path}, {"outcome", kWords[static_cast<std::size_t>(item.outcome)]}, {"text", item.text}};
        if (done) entry["report"] = to_json(item.report);
        if (json)
          all.push_back(std::move(entry));
        else if (item.outcome != RecoverItem::Outcome::in_use || !quiet)  // being written is no trouble
          (item.outcome == RecoverItem::Outcome::failed ? std::cerr : std::cout)
              << (done ? describe(item.report) : item.path + ": " + item.text) << "\n";
      }
    } catch (const std::exception& e) {
      status = 1;
      if (json)
        all.push_back({{"path", folder}, {"outcome", "failed"}, {"text", e.what()}});
      else
        std::cerr << e.what() << "\n";
    }
  }
  if (json) std::cout << all.dump(2) << "\n";
  return status;
}

}  // namespace grfd
