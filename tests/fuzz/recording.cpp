// Recordings from elsewhere: C3D files and CSV. Input: kind, file.
#include <cmath>

#include "drivers/emulation/c3d_plates.hpp"
#include "drivers/emulation/csv.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace fuzz;

namespace {

void read_c3d(std::vector<std::byte> bytes) {
  const std::size_t size = bytes.size();
  try {
    const C3dFile file(std::move(bytes), "x.c3d");
    FUZZ_REQUIRE(file.channels() * file.samples() <= size);  // each takes two bytes at least
    for (std::size_t c = 0; c < file.channels(); ++c)
      for (const double v : file.channel(c)) FUZZ_REQUIRE(std::isfinite(v));
    const C3dPlates plates = read_c3d_plates(file);
    for (const C3dPlate& plate : plates.plates)
      FUZZ_REQUIRE(plate.sensor.size() == plates.plates.front().sensor.size());
  } catch (const C3dError& e) { FUZZ_REQUIRE(std::string(e.what()).find("x.c3d: byte ") == 0); }
}

void parse(std::string_view text) {
  try {
    const CsvRecording recording = parse_csv(text, "x.csv");
    FUZZ_REQUIRE(recording.rate_hz > 0 && !recording.plates.empty());
    for (const auto& plate : recording.plates)
      for (const Wrench& w : plate)
        for (const double v : w) FUZZ_REQUIRE(std::isfinite(v));
  } catch (const CsvError& e) { FUZZ_REQUIRE(std::string(e.what()).find("x.csv") == 0); }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const bool csv = in.byte() & 1;
  const auto rest = in.rest();
  if (csv)
    parse({reinterpret_cast<const char*>(rest.data()), rest.size()});
  else
    read_c3d({rest.begin(), rest.end()});
  return 0;
}
