// accuracy_direct VERB [ARGUMENTS] < doubles > doubles: one line of JSON, then native doubles, row by row.
//   plates FILE.c3d       per sample and plate: fx fy fz of the surface in the lab, fz x y tz in plate axes, x y z in
//   the
//                         lab; then fx fy fz x y tz of all loaded plates together (m, N, N.m; NaN below 20 N)
//   points                rows Fx Fy Fz Mx My Mz about the surface -> x y tz
//   stance RATE           rows ML AP -> one row of figures, named in the JSON line
//   orientation PERIOD    rows gyr (rad/s) acc (m/s^2) -> w x y z and bias (rad/s) of the orientation filter, and rest
//   ankle JSON            one sensor on shank and one on foot: rows gyr acc gyr acc -> see direct_inertial.cpp
//   joint SIDE            rows of two matrices segment -> lab, shank and foot, row by row -> dorsiflexion, eversion,
//                         internal rotation of the tibia (deg) of the joint coordinate system
//   fast CONFIG OUT.h5 SECONDS [KEY=VALUE]...   as `grfd simulate` into OUT.h5: rows of fast/* and of their truth, see
//                         direct_fast.cpp
#include "tests/accuracy/direct.hpp"

#include <cstdio>
#include <iostream>
#include <iterator>
#include <map>
#include <stdexcept>

#include "dsp/stance.hpp"
#include "dsp/wrench.hpp"

namespace grfd::accuracy {

Numbers read_rows(std::size_t columns) {
  Numbers out;
  double chunk[4096];
  for (std::size_t n; (n = std::fread(chunk, sizeof(double), std::size(chunk), stdin)) > 0;)
    out.insert(out.end(), chunk, chunk + n);
  if (out.size() % columns)
    throw std::runtime_error("standard input is no whole number of rows of " + std::to_string(columns));
  return out;
}

void write_numbers(const Numbers& numbers) {
  std::cout.flush();
  if (std::fwrite(numbers.data(), sizeof(double), numbers.size(), stdout) != numbers.size() || std::fflush(stdout))
    throw std::runtime_error("cannot write");
}

void points(const Words&) {
  const Numbers in = read_rows(6);
  Numbers out;
  for (std::size_t k = 0; k < in.size(); k += 6) {
    const PressurePoint p = center_of_pressure({in[k], in[k + 1], in[k + 2], in[k + 3], in[k + 4], in[k + 5]});
    out.insert(out.end(), {p.x, p.y, p.tz});
  }
  std::cout << "{}\n";
  write_numbers(out);
}

void stance(const Words& arguments) {
  const Numbers in = read_rows(2);
  Numbers ml, ap;
  for (std::size_t k = 0; k < in.size(); k += 2) ml.push_back(in[k]), ap.push_back(in[k + 1]);
  const Stance s = grfd::stance(ml, ap, std::stod(arguments.at(0)));
  std::cout
      << R"({"columns":["path","mean_velocity_n","area_prediction","area_confidence","rms_ml","rms_ap","range_ml","range_ap"]})"
      << "\n";
  write_numbers(
      {s.path, s.mean_velocity_n, s.area_prediction, s.area_confidence, s.rms_ml, s.rms_ap, s.range_ml, s.range_ap});
}

}  // namespace grfd::accuracy

int main(int argc, char** argv) {
  using namespace grfd::accuracy;
  const std::map<std::string, void (*)(const Words&)> verbs{
      {"plates", plates}, {"points", points}, {"stance", stance}, {"orientation", orientation},
      {"ankle", ankle},   {"joint", joint},   {"fast", fast}};
  try {
    const Words words(argv + 1, argv + argc);
    const auto verb = words.empty() ? verbs.end() : verbs.find(words[0]);
    if (verb == verbs.end())
      throw std::runtime_error("there are the verbs plates, points, stance, orientation, ankle, joint, fast");
    verb->second({words.begin() + 1, words.end()});
  } catch (const std::exception& e) {
    std::fprintf(stderr, "accuracy_direct: %s\n", e.what());
    return 1;
  }
}
