// Runs a target over every file of the folders that are given, without libFuzzer.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz.hpp"

int main(int argc, char** argv) {
  std::size_t files = 0;
  for (int i = 1; i < argc; ++i)
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      std::fprintf(stderr, "%s\n", entry.path().c_str());  // the last one is to blame
      const auto* data = reinterpret_cast<const std::uint8_t*>(text.data());
      LLVMFuzzerTestOneInput(data, text.size());
      for (std::size_t n = 0; n < text.size(); n += 1 + text.size() / 16) LLVMFuzzerTestOneInput(data, n);
      ++files;
    }
  std::printf("%zu inputs\n", files);
  return files > 0 ? 0 : 1;
}
