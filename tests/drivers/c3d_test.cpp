#include <boost/test/unit_test.hpp>

#include <random>

#include "drivers/emulation/c3d_plates.hpp"
#include "drivers/emulation/plate_geometry.hpp"
#include "tests/drivers/c3d_builder.hpp"
#include "tests/drivers/c3d_recordings.hpp"
#include "tests/drivers/stimulus_helpers.hpp"

BOOST_AUTO_TEST_SUITE(c3d)

using namespace grfd;
using grfd::test::C3dBuilder;

namespace {
C3dPlates plates_of(const C3dBuilder& b) { return read_c3d_plates(C3dFile(b.bytes(), "made.c3d")); }

/// Six channels over three frames of two samples.
C3dBuilder simple(int type = 2) {
  C3dBuilder b;
  for (int s = 0; s < 6; ++s) b.analogue.push_back({10.0 + s, -20, -400.0 - s, 3000, -2000.0 * s, 500});
  b.plate(type, 6, {1, 2, -40});
  b.text("ANALOG", "UNITS", 4, {"N", "N", "N", "Nmm", "Nmm", "Nmm"});
  return b;
}

std::string refusal(const std::vector<std::byte>& bytes) {
  try {
    read_c3d_plates(C3dFile(bytes, "made.c3d"));
  } catch (const C3dError& e) { return e.what(); }
  return "";
}
bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
}  // namespace

BOOST_AUTO_TEST_CASE(every_encoding_of_a_made_file_gives_its_numbers) {
  for (auto processor : {C3dBuilder::intel, C3dBuilder::dec, C3dBuilder::sgi})
    for (bool real_data : {true, false}) {
      C3dBuilder b = simple();
      C3dBuilder c;  // parameters are encoded as they are added
      c.processor = processor;
      c.real_data = real_data;
      c.analogue = b.analogue;
      c.plate(2, 6, {1, 2, -40});
      c.text("ANALOG", "UNITS", 4, {"N", "N", "N", "Nmm", "Nmm", "N.m"});
      c.reals("ANALOG", "SCALE", {6}, {1, 2, 1, 1, 1, 1});
      c.integers("ANALOG", "OFFSET", {6}, {0, -5, 0, 0, 0, 0});
      c.reals("ANALOG", "GEN_SCALE", {}, {0.5});
      const C3dPlates p = plates_of(c);
      BOOST_TEST(p.rate_hz == 100);
      BOOST_REQUIRE(p.plates.size() == 1);
      BOOST_REQUIRE(p.plates[0].sensor.size() == 6);
      BOOST_TEST(p.warnings.empty());
      for (std::size_t s = 0; s < 6; ++s) {
        const Wrench& w = p.plates[0].sensor[s];
        BOOST_TEST(w[0] == 0.5 * (10.0 + double(s)));
        BOOST_TEST(w[1] == -15);  // (-20 + 5) * 2 / 2
        BOOST_TEST(w[2] == 0.5 * (-400.0 - double(s)));
        BOOST_TEST(w[3] == 1.5);  // N.mm become N.m
        BOOST_TEST(w[4] == -double(s));
      }
      BOOST_TEST(std::abs(p.plates[0].corners_m[2][1] - 0.7) < 1e-12);
      BOOST_TEST(p.plates[0].origin_m[2] == -0.04);
    }
}

BOOST_AUTO_TEST_CASE(origin_follows_the_rule_of_its_type) {
  C3dBuilder b;
  b.analogue = simple().analogue;
  b.plate(2, 6, {4.5, -2, 21});
  C3dPlates p = plates_of(b);
  BOOST_TEST(std::abs(p.plates[0].origin_m[0] + 0.0045) < 1e-15);
  BOOST_TEST(std::abs(p.plates[0].origin_m[1] - 0.002) < 1e-15);
  BOOST_TEST(std::abs(p.plates[0].origin_m[2] + 0.021) < 1e-15);
  BOOST_REQUIRE(p.warnings.size() == 1);
  BOOST_TEST(contains(p.warnings[0], "plate 1: ORIGIN z is above 0"));
}

BOOST_AUTO_TEST_CASE(type_1_and_type_3_equal_the_published_vector) {
  const auto v = test::fixture("plate.json");
  {  // TYPE 1: CoP in mm, Tz in N.mm
    C3dBuilder b;
    std::vector<double> c = v["c3d_type1"]["channels_F_P_Tz"];
    for (std::size_t i : {3u, 4u, 5u}) c[i] *= 1000;
    b.analogue.assign(2, c);
    b.last = 1;
    b.plate(1, 6, {9, 9, 9});
    const C3dPlates p = plates_of(b);
    for (std::size_t i = 0; i < 6; ++i)
      BOOST_TEST(std::abs(p.plates[0].sensor[1][i] - v["c3d_type1"]["wrench_surface_centre"][i].get<double>()) <
                 2e-5);  // channels are f32
    for (double o : p.plates[0].origin_m) BOOST_TEST(o == 0);
  }
  const auto& t3 = v["c3d_type3"];
  for (double z : {1.0, -1.0}) {
    C3dBuilder b;
    b.analogue.assign(2, t3["channels"].get<std::vector<double>>());
    b.last = 1;
    std::vector<double> origin = t3["origin_in_file"];
    for (double& o : origin) o *= 1000;
    origin[2] *= z;
    b.plate(3, 8, origin);
    const C3dPlates p = plates_of(b);
    for (std::size_t i = 0; i < 6; ++i)
      BOOST_TEST(std::abs(p.plates[0].sensor[0][i] - t3["wrench_sensor_plane"][i].get<double>()) < 2e-5);
    BOOST_TEST(p.plates[0].origin_m[0] == 0);
    BOOST_TEST(p.plates[0].origin_m[1] == 0);
    BOOST_TEST(std::abs(p.plates[0].origin_m[2] + 0.048) < 1e-8);
  }
}

BOOST_AUTO_TEST_CASE(the_calibration_matrix_is_column_major) {
  std::vector<double> m(48);
  for (std::size_t i = 0; i < 48; ++i) m[i] = std::round(10 * std::sin(double(i)));
  for (int type : {4, 5}) {
    const int n = type == 4 ? 6 : 8;
    C3dBuilder b;
    b.analogue.assign(6, {1, 2, 3, 4, 5, 6, 7, 8});
    b.plate(type, n, {0, 0, -40});
    b.reals("FORCE_PLATFORM", "CAL_MATRIX", {6, n, 1}, std::vector<double>(m.begin(), m.begin() + 6 * n));
    const C3dPlates p = plates_of(b);
    for (std::size_t i = 0; i < 6; ++i) {
      double want = 0;
      for (std::size_t j = 0; j < std::size_t(n); ++j) want += m[i + 6 * j] * double(j + 1);
      BOOST_TEST(std::abs(p.plates[0].sensor[3][i] - (i < 3 ? want : want / 1000)) < 1e-12);
    }
    BOOST_TEST(p.warnings.size() == (type == 5 ? 1u : 0u));
  }
}

namespace {
BOOST_AUTO_TEST_CASE(columns_of_type_5_follow_the_channels_of_the_plate) {
  const std::vector<int> order{3, 1, 8, 2, 7, 5, 4, 6};
  std::vector<double> m(48);
  for (std::size_t i = 0; i < 48; ++i) m[i] = std::round(10 * std::cos(double(i)));
  C3dBuilder b;
  b.analogue.assign(6, {1, 10, 100, 1000, -2, -20, -200, -2000});
  b.plate(5, 8, {3, -2, 40}, order);
  b.reals("FORCE_PLATFORM", "CAL_MATRIX", {6, 8, 1}, m);
  const C3dPlates p = plates_of(b);
  for (std::size_t i = 0; i < 6; ++i) {
    double want = 0;
    for (std::size_t j = 0; j < 8; ++j) want += m[i + 6 * j] * b.analogue[0][static_cast<std::size_t>(order[j] - 1)];
    BOOST_TEST(std::abs(p.plates[0].sensor[2][i] - (i < 3 ? want : want / 1000)) < 1e-9);
  }
  // ORIGIN with z > 0: all three components are turned over
  BOOST_TEST(std::abs(p.plates[0].origin_m[0] + .003) < 1e-9);
  BOOST_TEST(std::abs(p.plates[0].origin_m[1] - .002) < 1e-9);
  BOOST_TEST(std::abs(p.plates[0].origin_m[2] + .040) < 1e-9);
}

// The worked example that C3D.org publishes for TYPE 4 (TYPE-4.XLS): one row per channel, as printed there.
const std::vector<double> kPublishedMatrix = {1.526645,  0.013982,  0.045523,  -4.284281,  -5.49421,   2.856024,   //
                                              -0.004637, 1.53861,   -0.018508, 17.159642,  5.667772,   -9.638939,  //
                                              0.000089,  -0.009135, 5.988164,  13.232987,  13.250263,  -4.609498,  //
                                              -0.000006, 0.002291,  -0.000024, 741.871292, -0.539397,  -0.597239,  //
                                              0.002253,  -0.001148, 0.000069,  -1.682023,  739.630773, 2.04164,    //
                                              -0.001782, -0.004845, -0.002342, -3.250344,  -0.593824,  391.879169};
const std::vector<double> kPublishedScale = {-0.122206, -0.122206, -0.122138, -0.122206, -0.122206, -0.122206};
}  // namespace

BOOST_AUTO_TEST_CASE(type_4_gives_the_published_worked_answers) {
  struct Row {
    std::vector<double> counts, load;  // N, N.mm
  };
  const Row rows[] = {
      {{3000, 3000, 3000, 2047, 2047, 2047},
       {-177.267411, -179.755599, -700.154675, -3039.786518, -1562.513433, 1326.490542}},
      {{2047, 3000, 2047, 3000, 2047, 3000},
       {0.7482, -178.892981, 2.430983, -88020.142951, -528.105456, -44447.120095}},
      {{0, 2047, 2047, 2047, 2047, 4096}, {382.345904, 4.710938, 11.974371, -257.851347, -1225.716863, -97412.33327}},
      {{2047, 2047, 4096, 0, 2047, 2047},
       {-0.023867, 2.859121, -1498.610522, 182272.003799, -3450.959304, 1004.175175}}};
  C3dBuilder b;
  b.real_data = false;
  b.per_frame = 1;
  b.last = 4;
  for (const Row& r : rows) b.analogue.push_back(r.counts);
  b.plate(4, 6, {0, 0, -40});
  b.reals("ANALOG", "SCALE", {6}, kPublishedScale);
  b.integers("ANALOG", "OFFSET", {6}, std::vector<int>(6, 2047));
  b.reals("FORCE_PLATFORM", "CAL_MATRIX", {6, 6, 1}, kPublishedMatrix);
  const C3dPlates p = plates_of(b);
  for (std::size_t s = 0; s < 4; ++s)
    for (std::size_t i = 0; i < 6; ++i) {
      // The sheet prints matrix and scale with six decimals: 4e-6 of the largest term.
      const double got = p.plates[0].sensor[s][i] * (i < 3 ? 1 : 1000);
      BOOST_TEST(std::abs(got - rows[s].load[i]) < (i < 3 ? 0.01 : 1.0));
    }
  if (test::no_recordings()) return;
  // The sample file itself: its matrix is the sheet's but for one sign (Fz -> Mz), its scale is half.
  const C3dFile file = C3dFile::read(test::c3d_recording("sample10_TYPE-4.C3D").string());
  const auto matrix = file.numbers("FORCE_PLATFORM", "CAL_MATRIX"), scale = file.numbers("ANALOG", "SCALE");
  for (std::size_t k = 0; k < 36; ++k)
    BOOST_TEST(std::abs(matrix[k] - (k == 6 * 2 + 5 ? -1 : 1) * kPublishedMatrix[k]) < 1e-3);
  for (std::size_t k = 0; k < 6; ++k) BOOST_TEST(std::abs(2 * scale[k] - kPublishedScale[k]) < 1e-6);
}

BOOST_AUTO_TEST_CASE(unsigned_counts_and_more_than_65535_frames) {
  C3dBuilder b;
  b.real_data = false;
  b.points = 0;
  b.per_frame = 1;
  b.first = 1;
  b.last = 65535;
  for (int s = 0; s < 70000; ++s) b.analogue.push_back({60000, 0, double(s % 50000), 0, 0, 0});
  b.plate(2, 6, {0, 0, -40});
  b.text("ANALOG", "FORMAT", 8, {"UNSIGNED"});
  b.integers("ANALOG", "OFFSET", {6}, {60000 - 65536, 0, 0, 0, 0, 0});
  b.integers("TRIAL", "ACTUAL_START_FIELD", {2}, {1, 0});
  b.integers("TRIAL", "ACTUAL_END_FIELD", {2}, {70000 - 65536, 1});
  const C3dPlates p = plates_of(b);
  BOOST_REQUIRE(p.plates[0].sensor.size() == 70000);
  BOOST_TEST(p.plates[0].sensor[5][0] == 0);
  BOOST_TEST(p.plates[0].sensor[49999][2] == 49999);
  BOOST_TEST(p.plates[0].sensor[69999][2] == 19999);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said_with_its_byte) {
  const std::vector<std::byte> good = simple().bytes();
  BOOST_TEST(refusal(good) == "");
  const auto with = [&](std::size_t at, int v) {
    auto b = good;
    b[at] = static_cast<std::byte>(v);
    return refusal(b);
  };
  BOOST_TEST(refusal({}) == "made.c3d: byte 0: the file ends in its header; a C3D header has 512 bytes");
  BOOST_TEST(with(1, 7) == "made.c3d: byte 1: holds 7; a C3D file has 80 here");
  BOOST_TEST(contains(with(0, 1), "byte 0: the parameters start in block 1"));
  BOOST_TEST(contains(with(0, 200), "its parameters start at byte 101888"));
  BOOST_TEST(with(515, 99) == "made.c3d: byte 515: the processor is 99; 84 is Intel, 85 DEC, 86 SGI");
  BOOST_TEST(contains(with(16, 0), "byte 16: the data start in block 0"));
  BOOST_TEST(contains(with(18, 5), "byte 4: 12 analogue values per frame do not divide into the 5"));
  BOOST_TEST(contains(with(8, 4), "the file ends in frame 4 of 4"));
  for (int type : {6, 7, 11}) {
    C3dBuilder b;
    b.analogue = simple().analogue;
    b.plate(type, 6, {0, 0, -40});
    const std::string what = refusal(b.bytes());
    BOOST_TEST(contains(what, "plate 1 is of TYPE " + std::to_string(type) + "; TYPE 1, 2, 3, 4 and 5 are read"));
  }
  BOOST_TEST(contains(refusal(simple(3).bytes()), "has 6 rows; plate 1 of TYPE 3 needs 8"));
  BOOST_TEST(contains(refusal(simple(4).bytes()), "CAL_MATRIX is missing"));
  {
    C3dBuilder b = simple();
    b.analogue[2][3] = std::nan("");
    BOOST_TEST(contains(refusal(b.bytes()), "channel 4 of frame 2 is no finite number"));
  }
  {
    C3dBuilder b;
    b.analogue = simple().analogue;
    BOOST_TEST(contains(refusal(b.bytes()), "FORCE_PLATFORM:USED is missing"));
  }
  {  // the distance of the first record leads out of the section
    auto b = good;
    b[512 + 4 + 2 + 14 + 1] = std::byte{0x70};
    BOOST_TEST(refusal(b) ==
               "made.c3d: byte 532: FORCE_PLATFORM:USED is missing; a recording of force plates has it "
               "(the chain of parameters leaves its section here, nothing behind is read)");
  }
  BOOST_CHECK_THROW(C3dFile::read("/nowhere/a.c3d"), C3dError);
}

BOOST_AUTO_TEST_CASE(no_damage_can_do_more_than_a_clear_error) {
  std::vector<std::vector<std::byte>> seeds;
  for (int type : {2, 4}) {
    C3dBuilder b = simple(type);
    b.reals("FORCE_PLATFORM", "CAL_MATRIX", {6, 6, 1}, std::vector<double>(36, 1.0));
    b.integers("FORCE_PLATFORM", "ZERO", {2}, {1, 10});
    seeds.push_back(b.bytes());
    b.processor = C3dBuilder::sgi;
    seeds.push_back(b.bytes());
  }
  if (const std::filesystem::path p = test::c3d_recording("sample02_sgi_int.c3d"); !p.empty()) {
    std::ifstream in(p, std::ios::binary);
    const std::string all(std::istreambuf_iterator<char>(in), {});
    const auto* from = reinterpret_cast<const std::byte*>(all.data());
    seeds.emplace_back(from, from + all.size());
  }
  int refused = 0, read = 0;
  const auto attempt = [&](const std::vector<std::byte>& bytes) {
    try {
      const C3dPlates p = read_c3d_plates(C3dFile(bytes, "x"));
      for (const C3dPlate& plate : p.plates) {
        PlateSettings s;
        s.corners_m = plate.corners_m;
        try {
          plate_geometry(s);
        } catch (const std::invalid_argument&) {}
      }
      ++read;
    } catch (const C3dError& e) {
      BOOST_REQUIRE(contains(e.what(), "x: byte "));
      ++refused;
    }
  };
  std::mt19937 random(5);
  for (const auto& seed : seeds) {
    const std::size_t step = std::max<std::size_t>(1, seed.size() / 700);
    for (std::size_t n = 0; n < seed.size(); n += step) {
      const int before = read;
      attempt({seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(n)});
      // All but the padding behind the last frame is needed.
      if (n < seed.size() - 512) BOOST_REQUIRE(read == before);
    }
    for (int k = 0; k < 2500; ++k) {
      auto bytes = seed;
      const std::size_t reach = k % 2 ? std::min<std::size_t>(bytes.size(), 2048) : bytes.size();
      for (int i = 0; i < 1 + k % 5; ++i) bytes[random() % reach] = static_cast<std::byte>(random() & 255);
      attempt(bytes);
    }
  }
  BOOST_TEST_MESSAGE("damaged files: " << refused << " refused, " << read << " still readable");
  BOOST_TEST(refused > 1000);
}

BOOST_AUTO_TEST_SUITE_END()
