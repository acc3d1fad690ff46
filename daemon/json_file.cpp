#include "daemon/json_file.hpp"

#include <fstream>

namespace grfd {

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
