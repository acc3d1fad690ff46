// Writes inputs to begin with, made by the emulated devices. Usage: fuzz_seeds FOLDER
#include <filesystem>
#include <fstream>

#include "drivers/capture_link.hpp"
#include "tests/drivers/c3d_builder.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace fuzz;

namespace {

using Text = std::string;

void save(const std::string& folder, const std::string& name, const Text& text) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/" + name, std::ios::binary) << text;
}

Text text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

struct Tape final : Link::Receiver, CaptureOutlet {
  Text decode, played;  // inputs of the targets decode and capture
  TimeNs before = 0;
  void bytes(std::span<const std::byte> data, TimeNs) noexcept override {
    for (; !data.empty() && decode.size() < 3000; data = data.subspan(std::min<std::size_t>(data.size(), 255))) {
      const auto piece = data.first(std::min<std::size_t>(data.size(), 255));
      decode += {static_cast<char>(piece.size()), 5, 10};
      decode += text_of(piece);
    }
  }
  void lost(const char*) noexcept override {}
  void streamed(CaptureKind kind, TimeNs t, CaptureView payload) noexcept override { said(kind, t, payload); }
  void said(CaptureKind kind, TimeNs, CaptureView payload) noexcept override {
    if (payload.size() > 255 || played.size() > 6000 || kind == CaptureKind::link) return;
    played += {static_cast<char>(static_cast<int>(kind) - 1), 9, static_cast<char>(payload.size())};
    played += text_of(payload);
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: fuzz_seeds FOLDER\n"), 2;
  const std::string folder = argv[1];
  for (std::size_t i = 0; i < driver_registry().size(); ++i) {
    const DriverEntry& entry = driver_registry()[i];
    Bench bench(entry);
    Tape tape;
    tape.decode = tape.played = Text(1, static_cast<char>(i));
    tape.played = Text(1, 1) + tape.played;
    CapturingLink link(bench.link, tape, bench.clock);
    link.mark(CaptureVerb::start, bench.clock.t);
    bench.driver->identify(link);
    FixedBatch<16> facts;
    link.set_receiver(&tape);
    bench.driver->start(link, facts);
    for (int k = 0; k < 60; ++k) {
      bench.clock.t = std::clamp(bench.link.next(), bench.clock.t, bench.clock.t + 20'000'000);
      bench.link.complete(bench.clock.t);
    }
    link.mark(CaptureVerb::stop, bench.clock.t);
    bench.driver->stop(link);
    save(folder + "/decode", entry.name, tape.decode);
    save(folder + "/capture", entry.name, tape.played);
    save(folder + "/answers", entry.name, Text(1, static_cast<char>(i)) + Text(400, 0));  // as long as the dialogue
  }
  for (const int type : {1, 2, 3, 4})
    for (const auto processor : {test::C3dBuilder::intel, test::C3dBuilder::dec, test::C3dBuilder::sgi}) {
      test::C3dBuilder builder;
      builder.processor = processor;
      builder.real_data = processor != test::C3dBuilder::sgi;
      const int rows = type == 3 ? 8 : 6;
      builder.plate(type, rows, {1, 2, -40});
      builder.analogue.assign(6, std::vector<double>(static_cast<std::size_t>(rows), 2));
      builder.integers("ANALOG", "USED", {}, {rows});
      builder.reals("ANALOG", "RATE", {}, {100});
      save(folder + "/recording", "c3d_" + std::to_string(type) + "_" + std::to_string(processor),
           Text(1, 0) + text_of(builder.bytes()));
    }
  save(folder + "/recording", "csv",
       Text(1, 1) + "t,Fx1,Fy1,Fz1,Mx1,My1,Mz1\n0,1,2,800,4,5,6\n0.001,1,2,801,4,5,-6e-1\n");
  save(folder + "/requests", "control", Text(1, 0) + R"({"v":1,"command":"record_start","name":"squat"})");
  save(folder + "/requests", "command", Text(1, 1) + R"(tare {"id":12,"plate":"left"})");
  save(
      folder + "/requests", "session",
      Text(1, 2) +
          R"({"format":"grfd-journal","format_version":1,"session":{"id":"x","start_lab_ns":1,"start_utc_ns":2},"streams":[{"name":"raw/u6/scan","kind":"raw","type":"i32","columns":[{"name":"ain0","unit":"count"}]}]})");
  const std::vector<std::uint8_t> acm{
      9, 2,    67, 0, 2, 1,  0, 0x80, 0xfa, 9, 4, 0,  0, 1, 2, 2, 1, 0, 5, 0x24, 0, 0x10, 1, 5, 0x24, 6, 0,  1, 7,
      5, 0x82, 3,  8, 0, 16, 9, 4,    1,    0, 2, 10, 0, 0, 0, 7, 5, 1, 2, 64,   0, 0,    7, 5, 0x81, 2, 64, 0, 0};
  save(folder + "/requests", "descriptors", Text(1, 3) + Text(acm.begin(), acm.end()));
  Text submit(49, 0);
  submit[0] = 4, submit[4] = 1, submit[8] = 7, submit[12] = 1, submit[16] = 1, submit[20] = 1, submit[27] = 64;
  save(folder + "/requests", "usbip", submit);
}
