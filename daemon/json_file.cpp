#include "daemon/json_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace grfd {

void read_json_list(const std::filesystem::path& file, const std::string& name, const std::string& what,
                    const std::string& mend, const std::function<void(nlohmann::ordered_json&)>& take) {
  std::ifstream in(file);
  if (!in) {
    const int why = errno;
    if (why == ENOENT || why == ENOTDIR) return;
    throw std::runtime_error(file.string() + ", which holds " + what + ", cannot be opened: " + std::strerror(why) +
                             "; let grfd read it and " + mend);
  }
  try {
    auto whole = nlohmann::ordered_json::parse(in);
    for (auto& entry : whole.at(name)) take(entry);
  } catch (const std::exception& e) {
    throw std::runtime_error(file.string() + " is no file of " + what + " (" + e.what() + "); move it away and " +
                             mend);
  }
}

void replace_json_file(const std::filesystem::path& file, const nlohmann::ordered_json& content) {
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  const std::filesystem::path fresh = file.string() + ".new";
  std::ofstream out(fresh, std::ios::trunc);
  out << content.dump(1) << "\n";
  out.close();
  if (out) std::filesystem::rename(fresh, file, error);
  if (!out || error) throw std::runtime_error("cannot write " + file.string() + (error ? ": " + error.message() : ""));
}

}  // namespace grfd
