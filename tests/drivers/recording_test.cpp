#include <boost/test/unit_test.hpp>

#include <chrono>

#include "drivers/emulation/c3d_plates.hpp"
#include "drivers/emulation/csv.hpp"
#include "drivers/emulation/make_stimulus.hpp"
#include "drivers/emulation/plate_geometry.hpp"
#include "drivers/emulation/recording.hpp"
#include "schemas/row.hpp"
#include "tests/drivers/stimulus_helpers.hpp"

BOOST_AUTO_TEST_SUITE(recording)

using namespace grfd;
namespace fs = std::filesystem;

namespace {
bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

fs::path file_of(const char* set, const char* name) {
  const fs::path root = test::data_folder();
  if (!root.empty())
    for (const auto& d : fs::directory_iterator(root))
      if (d.path().filename().string().rfind(set, 0) == 0 && fs::exists(d.path() / name)) return d.path() / name;
  BOOST_TEST_MESSAGE("skipped: no recordings; set GRFD_TEST_DATA to their folder");
  return {};
}

struct Scratch {
  fs::path path = fs::temp_directory_path() / ("grfd_recording_test_" + std::to_string(::getpid()));
  Scratch() { fs::create_directories(path); }
  ~Scratch() { fs::remove_all(path); }
  std::string write(const std::string& name, const std::string& text, bool gz = false) const {
    const std::string at = (path / name).string();
    if (gz) {
      gzFile f = gzopen(at.c_str(), "wb");
      gzwrite(f, text.data(), static_cast<unsigned>(text.size()));
      gzclose(f);
    } else {
      std::ofstream(at, std::ios::binary) << text;
    }
    return at;
  }
};

const std::string kHeader = "t,Fx1,Fy1,Fz1,Mx1,My1,Mz1\n";

Settings recorded(const std::string& file, std::vector<std::string> plates) {
  Settings s;
  s.stimulus.kind = StimulusSettings::Kind::recording;
  s.stimulus.recording = file;
  s.stimulus.lead_in_s = 2;
  double x = -0.3;
  for (const auto& name : plates)
    s.plates.push_back(test::rectangle_plate(name, name == "left" ? Side::left : Side::right, x += 0.3, 0, true));
  return s;
}

PlateRecording cubic(std::size_t n, double rate) {
  PlateRecording r;
  r.rate_hz = rate;
  r.lead_in_s = 1.5;
  PlateRecording::Plate p{"left", plate_geometry(test::rectangle_plate("left", Side::left, 0.1, 0.2, true)), {}};
  for (std::size_t k = 0; k < n; ++k) {
    const double u = double(k) - 5;
    p.sensor.push_back({u, u * u, 500 + u * u * u, 1 - u, 2, u * u - u * u * u});
  }
  r.plates = {p};
  return r;
}

std::string csv_refusal(const std::string& text) {
  try {
    parse_csv(text, "a.csv");
  } catch (const CsvError& e) { return e.what(); }
  return "";
}
}  // namespace

BOOST_AUTO_TEST_CASE(a_recording_is_felt_at_its_own_samples_and_between_them) {
  RecordingStimulus r(cubic(12, 300), {});
  const PlateRecording want = cubic(12, 300);
  for (std::size_t k = 0; k < 12; ++k)
    for (double off : {0.0, 0.9e-9, -0.9e-9}) {
      const Wrench w = r.plate(0, 1.5 + double(k) / 300 + off);
      for (std::size_t i = 0; i < 6; ++i) BOOST_TEST(w[i] == want.plates[0].sensor[k][i]);
    }
  for (double t : {0.0, 1.0, 1.5 - 2e-9, 1.5 + 11.0 / 300 + 2e-9, 99.0, -3.0})
    for (double v : r.plate(0, t)) BOOST_TEST(v == 0);
  for (double place = 0.05; place < 11; place += 0.3) {  // a cubic is reproduced, at the borders too
    const Wrench w = r.plate(0, 1.5 + place / 300);
    const double u = place - 5;
    BOOST_TEST(std::abs(w[2] - (500 + u * u * u)) < 1e-9);
    BOOST_TEST(std::abs(w[5] - (u * u - u * u * u)) < 1e-9);
  }
  // Very short recordings still have values.
  RecordingStimulus two(cubic(2, 100), {});
  BOOST_TEST(std::abs(two.plate(0, 1.505)[0] + 4.5) < 1e-9);
  RecordingStimulus one(cubic(1, 100), {});
  BOOST_TEST(one.plate(0, 1.5)[0] == -5);
  BOOST_TEST(one.plate(0, 1.505)[0] == 0);
}

BOOST_AUTO_TEST_CASE(imus_lie_still_during_a_recording) {
  RecordingStimulus r(cubic(4, 100), {Mat3{{{0, 0.6, -0.8}, {1, 0, 0}, {0, -0.8, -0.6}}}});
  Vec3 g{1, 1, 1}, f;
  r.imu(0, 1.52, g, f);
  for (double v : g) BOOST_TEST(v == 0);
  BOOST_TEST(f[0] == 0);
  BOOST_TEST(std::abs(f[1] + 0.8 * 9.80665) < 1e-12);
  BOOST_TEST(std::abs(f[2] + 0.6 * 9.80665) < 1e-12);
}

BOOST_AUTO_TEST_CASE(truth_of_a_recording_says_when_it_starts_and_ends) {
  PlateRecording rec = cubic(301, 300);
  rec.file = "/somewhere/trial \"7\".c3d";
  for (auto& w : rec.plates[0].sensor) w = {30, -45, 812, 812 * 0.02, -812 * 0.05, 2.5 + 0.05 * -45 - 0.02 * 30};
  rec.plates[0].sensor.back() = {};
  RecordingStimulus r(rec, {});
  const auto streams = r.truth_streams();
  BOOST_REQUIRE(streams.size() == 4);
  BOOST_TEST(streams[1].name == "truth/cop/left");
  BOOST_TEST(streams[3].name == "truth/events");
  std::vector<Sample> storage(20000);
  SampleBatch batch(storage);
  const TimeNs start = 5'000'000'123;
  for (TimeNs ms = 0; ms < 3000; ++ms) r.truth(start, start + ms * 1'000'000, 10, batch);
  RowJoiner joiner(streams[3]);
  std::vector<std::pair<TimeNs, std::string>> events;
  std::size_t cops = 0;
  for (const Sample& s : batch.samples()) {
    if (s.stream == 13 && joiner.add(s))
      events.emplace_back(s.t - start, std::string(reinterpret_cast<const char*>(joiner.row().bytes.data()),
                                                   joiner.row().bytes.size()));
    if (s.stream != 11) continue;
    ++cops;
    const TimeNs ms = (s.t - start) / 1'000'000;
    if (ms == 2000) {  // point load at (0.05, 0.02) of a plate at (0.1, 0.2)
      BOOST_TEST(std::abs(value<float>(s, 0) - 0.15) < 1e-6);
      BOOST_TEST(std::abs(value<float>(s, 1) - 0.22) < 1e-6);
      BOOST_TEST(std::abs(value<float>(s, 2) - 812) < 1e-3);
      BOOST_TEST(std::abs(value<float>(s, 3) - 2.5) < 1e-5);
      BOOST_TEST(s.flags == 0);
    }
    if (ms == 1000) {
      BOOST_TEST(std::isnan(value<float>(s, 0)));
      BOOST_TEST(value<float>(s, 2) == 0);
      BOOST_TEST(s.flags == kInvalid);
    }
  }
  BOOST_TEST(cops == 3000);
  BOOST_REQUIRE(events.size() == 2);
  BOOST_TEST(events[0].first == 1'500'000'000);
  BOOST_TEST(events[0].second ==
             R"(recording_start {"file":"trial \"7\".c3d","t_s":1.5,"rate_hz":300.0,"samples":301})");
  BOOST_TEST(events[1].first == 2'500'000'000);
  BOOST_TEST(contains(events[1].second, "recording_end {"));
}

BOOST_AUTO_TEST_CASE(csv_is_read_plain_and_gzipped) {
  const std::string text =
      "\xef\xbb\xbft, Mz1,Fx1,Fy1,Fz1,Mx1,My1\r\n0,6,1,+2,3e2,4,5\r\n0.0025,-6,1,2,3,4,5\r\n0.005,0,0,0,0,0,0\r\n\r\n";
  const Scratch scratch;
  for (bool gz : {false, true}) {
    const CsvRecording r = read_csv(scratch.write("a.csv", text, gz));
    BOOST_TEST(r.rate_hz == 400);
    BOOST_REQUIRE(r.plates.size() == 1);
    BOOST_REQUIRE(r.plates[0].size() == 3);
    BOOST_TEST(r.plates[0][0] == (Wrench{1, 2, 300, 4, 5, 6}), boost::test_tools::per_element());
    BOOST_TEST(r.plates[0][1][5] == -6);
  }
  // A gzip file that was cut.
  std::string big = kHeader;
  for (int k = 0; k < 5000; ++k) big += std::to_string(k) + ",1,2,3,4,5," + std::to_string(k * k % 997) + "\n";
  const std::string path = scratch.write("cut.csv.gz", big, true);
  fs::resize_file(path, fs::file_size(path) / 2);
  BOOST_CHECK_EXCEPTION(read_csv(path), CsvError,
                        [](const CsvError& e) { return contains(e.what(), "gzip data are damaged"); });
  BOOST_CHECK_THROW(read_csv((scratch.path / "none.csv").string()), CsvError);
}

BOOST_AUTO_TEST_CASE(csv_errors_name_line_and_column) {
  BOOST_TEST(contains(csv_refusal(""), "a.csv:1:1: the file is empty"));
  BOOST_TEST(contains(csv_refusal("t,Fx1,Fy1,Fz1,Mx1,My1\n"), "a.csv:1:1: no column Mz1"));
  BOOST_TEST(contains(csv_refusal("t,Fx1,Fy1,Fq1\n"), "a.csv:1:11: unknown column 'Fq1'"));
  BOOST_TEST(contains(csv_refusal("t,Fx1,Fx1\n"), "a.csv:1:7: a second column 'Fx1'"));
  BOOST_TEST(contains(csv_refusal("t,Fx99999999999999999999\n"), "unknown column"));
  BOOST_TEST(contains(csv_refusal("Fx1,Fy1,Fz1,Mx1,My1,Mz1\n"), "a.csv:1:1: no column t"));
  BOOST_TEST(
      contains(csv_refusal(kHeader + "0,1,2,3,4,5,6\n0.1,1, x2,3,4,5,6\n"), "a.csv:3:8: 'x2' is no finite number"));
  BOOST_TEST(contains(csv_refusal(kHeader + "0,1,2,3,4,5,nan\n"), "a.csv:2:13: 'nan' is no finite number"));
  BOOST_TEST(contains(csv_refusal(kHeader + "0,1,2,3,4,5\n"), "a.csv:2:12: the line ends after 6 cells"));
  BOOST_TEST(contains(csv_refusal(kHeader + "0,1,2,3,4,5,6,7\n"), "a.csv:2:15: one cell more"));
  BOOST_TEST(contains(csv_refusal(kHeader + "0,1,2,3,4,5,6\n0,1,2,3,4,5,6\n"), "a.csv:3:1: t does not rise"));
  BOOST_TEST(contains(csv_refusal(kHeader + "0,1,2,3,4,5,6\n"), "fewer than two samples"));
  BOOST_TEST(contains(csv_refusal(kHeader + "0,1,2,3,4,5,6\n1,1,2,3,4,5,6\n2,1,2,3,4,5,6\n4,1,2,3,4,5,6\n"),
                      "a.csv:5:1: t is not evenly spaced; 3.000000 was expected: is a line missing?"));
  std::string long_one = kHeader;  // line 502 of 1000 is missing: only there is a step of 2 ms
  for (int i = 0; i < 1000; ++i)
    if (i != 500) long_one += std::to_string(0.001 * i) + ",1,2,3,4,5,6\n";
  BOOST_TEST(contains(csv_refusal(long_one), "a.csv:502:1: t is not evenly spaced; 0.500000 was expected"));
}

BOOST_AUTO_TEST_CASE(a_csv_lies_on_the_plates_of_the_settings) {
  const Scratch scratch;
  const std::string file = scratch.write("a.csv", kHeader + "0,30,-45,812,16.24,-40.6,-0.35\n0.001,0,0,0,0,0,0\n");
  Settings s = recorded(file, {"left"});
  s.plates[0] = test::rectangle_plate("left", Side::left, 0.3, 0.1, false);
  s.plates[0].calibration.origin_m = {0, 0, -0.041};
  s.plates[0].pad_m = 0.012;
  s.plates[0].calibration.sense = Sense::action;
  std::vector<std::string> warnings;
  const auto stimulus = make_stimulus(s, warnings);
  BOOST_TEST(warnings.empty());
  const Wrench w = stimulus->plate(0, 2);
  // z down, y backwards, action: Fx changes its sign, Fy and Fz twice.
  BOOST_TEST(w[0] == -30);
  BOOST_TEST(w[1] == -45);
  BOOST_TEST(w[2] == 812);
  const double oz = -0.053;
  BOOST_TEST(std::abs((oz * w[0] - w[4]) / w[2] - 0.05) < 1e-12);
  BOOST_TEST(std::abs((w[3] + oz * w[1]) / w[2] + 0.02) < 1e-12);  // plate y points backwards
}

BOOST_AUTO_TEST_CASE(plates_are_chosen_by_name_and_refused_by_name) {
  const Scratch scratch;
  const std::string two =
      "t,Fx1,Fy1,Fz1,Mx1,My1,Mz1,Fx2,Fy2,Fz2,Mx2,My2,Mz2\n0,0,0,1,0,0,0,0,0,2,0,0,0\n0.01,0,0,1,0,0,0,0,0,2,0,0,0\n";
  Settings s = recorded(scratch.write("a.csv", two), {"left", "right"});
  std::vector<std::string> warnings;
  BOOST_TEST(make_stimulus(s, warnings)->plate(0, 2)[2] == 1);
  s.stimulus.plates = {{"left", 2}, {"right", 1}};
  BOOST_TEST(make_stimulus(s, warnings)->plate(0, 2)[2] == 2);
  const auto refused = [&](std::map<std::string, int> map) -> std::string {
    s.stimulus.plates = std::move(map);
    try {
      make_stimulus(s, warnings);
    } catch (const std::invalid_argument& e) { return e.what(); }
    return "";
  };
  BOOST_TEST(contains(refused({{"left", 3}}), "stimulus.plates.left: plate 3 is not in"));
  BOOST_TEST(contains(refused({{"left", 0}}), "stimulus.plates.left: plate 0 is not in"));
  BOOST_TEST(contains(refused({{"left", 2}}),
                      "stimulus.plates.right: is not given and would be plate 2 of the recording, which is already the "
                      "plate 'left'; give every plate"));
  BOOST_TEST(contains(refused({{"right", 1}}), "stimulus.plates.left: is not given and would be plate 1"));
  BOOST_TEST(
      contains(refused({{"left", 2}, {"right", 2}}), "stimulus.plates.right: plate 2 is already the plate 'left'"));
  BOOST_TEST(contains(refused({{"middle", 1}}), "stimulus.plates.middle: no plate has this name"));
  Settings none;
  BOOST_TEST(!make_stimulus(none, warnings));
}

BOOST_AUTO_TEST_CASE(a_c3d_brings_its_own_plates) {
  const fs::path file = file_of("04", "PiG_Calibration2-NoOption.c3d");
  if (file.empty()) return;
  Settings s = recorded(file.string(), {"left", "right"});
  for (PlateSettings& p : s.plates) {
    p.pad_m = 0.02;
    p.calibration.sense = Sense::action;
    p.calibration.origin_m = {1, 2, 3};
  }
  s.stimulus.plates = {{"left", 2}, {"right", 1}};
  std::vector<std::string> warnings;
  const auto stimulus = make_stimulus(s, warnings);
  BOOST_TEST(s.plates[0].pad_m == 0);
  BOOST_CHECK(s.plates[0].calibration.sense == Sense::reaction);
  BOOST_TEST(std::abs(s.plates[0].calibration.origin_m[2] + 0.0202672) < 1e-8);
  BOOST_TEST(std::abs(s.plates[1].corners_m[0][0] + 0.49991998) < 1e-8);
  BOOST_TEST(std::any_of(warnings.begin(), warnings.end(),
                         [](auto& w) { return contains(w, "all three components are negated"); }));
  BOOST_TEST(std::any_of(warnings.begin(), warnings.end(), [](auto& w) { return contains(w, "are those of"); }));

  // The pipeline's formula with the replaced settings gives the reference's CoP in the lab, at every sample.
  const test::Table want = test::read_table(file.parent_path() / "reference" / (file.filename().string() + ".csv.gz"));
  const PlateGeometry right = plate_geometry(s.plates[1]);
  const std::size_t x = want.column("fp1_cop_lab_xyz_0"), net = want.column("net_cop_lab_0");
  std::vector<Sample> storage(64);
  SampleBatch batch(storage);
  double cop = 0, total = 0;
  for (std::size_t k = 0; k < want.rows.size(); ++k) {
    const Wrench w = moved(to_surface(right, stimulus->plate(1, 2 + double(k) * 1e-3)), right.center_m);
    cop = std::max(
        {cop, std::abs(-1000 * w[4] / w[2] - want.rows[k][x]), std::abs(1000 * w[3] / w[2] - want.rows[k][x + 1])});
    batch.clear();
    stimulus->truth(0, 2'000'000'000 + TimeNs(k) * 1'000'000, 0, batch);
    for (const Sample& sample : batch.samples())
      if (sample.stream == 4)
        total = std::max({total, std::abs(1000.0 * value<float>(sample, 0) - want.rows[k][net]),
                          std::abs(1000.0 * value<float>(sample, 1) - want.rows[k][net + 1])});
  }
  BOOST_TEST_MESSAGE("standing on two plates: CoP " << cop << " mm, combined (f32) " << total
                                                    << " mm from the reference");
  BOOST_TEST(cop < 1e-6);
  BOOST_TEST(total < 3e-5);  // f32 of 0.28 m
}

BOOST_AUTO_TEST_CASE(a_plate_that_reports_the_action_is_noticed) {
  // No C3D in the collection does; a file is turned over by negating every scale.
  const fs::path file = file_of("04", "PiG_Calibration-FlatFoot-Full.c3d");
  if (file.empty()) return;
  std::ifstream in(file, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(in), {});
  const C3dFile original = C3dFile::read(file.string());
  const C3dParameter* scale = original.find("ANALOG", "GEN_SCALE");
  BOOST_REQUIRE(scale);
  bytes[scale->offset + 3] = static_cast<char>(bytes[scale->offset + 3] ^ 0x80);  // Intel: the sign bit of 1.0
  const Scratch scratch;
  Settings s = recorded(scratch.write("turned.c3d", bytes), {"left", "right"});
  std::vector<std::string> warnings;
  const auto stimulus = make_stimulus(s, warnings);
  for (std::size_t i = 0; i < 2; ++i) {
    BOOST_CHECK(s.plates[i].calibration.sense == Sense::action);
    BOOST_TEST(to_surface(plate_geometry(s.plates[i]), stimulus->plate(i, 2.1))[2] > 100);
  }
  BOOST_TEST(std::count_if(warnings.begin(), warnings.end(),
                           [](auto& w) { return contains(w, "sense is set to action"); }) == 2);
}

BOOST_AUTO_TEST_CASE(squat_jumps_come_back_exactly) {
  for (const char* name : {"BFR003", "BFR007", "BFR012"}) {
    const fs::path file = file_of("01", ("derived_plate6/" + std::string(name) + ".csv.gz").c_str());
    if (file.empty()) return;
    Settings s = recorded(file.string(), {"right", "left"});
    s.plates[0] = test::rectangle_plate("right", Side::right, 0.25, 1.15, true);
    s.plates[1] = test::rectangle_plate("left", Side::left, 0.25, 0.75, true);
    std::vector<std::string> warnings;
    const auto t0 = std::chrono::steady_clock::now();
    const auto stimulus = make_stimulus(s, warnings);
    const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - t0).count();
    const test::Table table = test::read_table(file),
                      want = test::read_table(file.parent_path().parent_path() / "reference" /
                                              (std::string(name) + ".csv.gz"));
    const std::size_t net = want.column("net_cop_xz_m_0"), fz = want.column("fz_total_N");
    double cop = 0, force = 0;
    for (std::size_t k = 0; k < table.rows.size(); ++k) {
      const double t = 2 + double(k) / 1000;
      Wrench sum{};
      for (std::size_t i = 0; i < 2; ++i) {
        const Wrench w = stimulus->plate(i, t);
        for (std::size_t c = 0; c < 6; ++c) BOOST_REQUIRE(w[c] == table.rows[k][1 + 6 * i + c]);
        const PlateGeometry g = plate_geometry(s.plates[i]);
        if (w[2] < 20) continue;
        const Wrench lab = moved(w, g.center_m);
        for (std::size_t c = 0; c < 6; ++c) sum[c] += lab[c];
      }
      force = std::max(force, std::abs(stimulus->plate(0, t)[2] + stimulus->plate(1, t)[2] - want.rows[k][fz]));
      if (std::isnan(want.rows[k][net])) continue;
      // The source's Z is our -y.
      cop = std::max(
          {cop, std::abs(-sum[4] / sum[2] - want.rows[k][net]), std::abs(-sum[3] / sum[2] - want.rows[k][net + 1])});
    }
    BOOST_TEST_MESSAGE(name << ": " << table.rows.size() << " samples read in " << took << " s; combined CoP "
                            << 1000 * cop << " mm, Fz " << force << " N from the reference");
    BOOST_TEST(cop < 5e-9);  // nine digits in the file
    BOOST_TEST(force < 1e-5);
  }
}

BOOST_AUTO_TEST_SUITE_END()
