// Writes C3D files in every encoding, so that the reader's tests need no recordings.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace grfd::test {

class C3dBuilder {
 public:
  enum Processor { intel = 84, dec = 85, sgi = 86 };
  Processor processor = intel;
  bool real_data = true;
  int points = 2, per_frame = 2, first = 1, last = 3;
  double rate_hz = 50;
  std::vector<std::vector<double>> analogue;  ///< [sample][channel], as stored

  void reals(const std::string& group, const std::string& name, std::vector<int> dims, const std::vector<double>& v) {
    std::vector<std::byte> data;
    for (double x : v) put_real(data, x);
    add(group, name, 4, dims, data);
  }
  void integers(const std::string& group, const std::string& name, std::vector<int> dims, const std::vector<int>& v) {
    std::vector<std::byte> data;
    for (int x : v) put16(data, static_cast<std::uint16_t>(x));
    add(group, name, 2, dims, data);
  }
  void text(const std::string& group, const std::string& name, int width, const std::vector<std::string>& words) {
    std::vector<std::byte> data;
    for (std::string w : words) {
      w.resize(static_cast<std::size_t>(width), ' ');
      for (char c : w) data.push_back(static_cast<std::byte>(c));
    }
    add(group, name, -1, {width, static_cast<int>(words.size())}, data);
  }
  /// One plate of 400 x 600 mm, z down, sensor 40 mm below.
  /// `channels`: numbers from 1 in the order of the plate; empty: 1, 2, 3, ...
  void plate(int type, int rows, const std::vector<double>& origin_mm, std::vector<int> channels = {}) {
    for (int i = 1; channels.size() < static_cast<std::size_t>(rows); ++i) channels.push_back(i);
    integers("FORCE_PLATFORM", "USED", {}, {1});
    integers("FORCE_PLATFORM", "TYPE", {1}, {type});
    reals("FORCE_PLATFORM", "CORNERS", {3, 4, 1}, {500, 100, 0, 100, 100, 0, 100, 700, 0, 500, 700, 0});
    reals("FORCE_PLATFORM", "ORIGIN", {3, 1}, origin_mm);
    integers("FORCE_PLATFORM", "CHANNEL", {rows, 1}, channels);
    text("POINT", "UNITS", 2, {"mm"});
  }

  std::vector<std::byte> bytes() const {
    std::vector<std::byte> p{std::byte{1}, std::byte{80}, std::byte{0}, static_cast<std::byte>(processor)};
    for (std::size_t g = 0; g < groups_.size(); ++g)
      record(p, groups_[g], -static_cast<int>(g) - 1, {std::byte{0}}, false);
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      std::vector<std::byte> body = parameters_[i].body;
      body.push_back(std::byte{0});
      record(p, parameters_[i].name, parameters_[i].group + 1, body, i + 1 == parameters_.size());
    }
    p.resize((p.size() + 512) / 512 * 512);
    p[2] = static_cast<std::byte>(p.size() / 512);

    std::vector<std::byte> out{std::byte{2}, std::byte{80}};
    const std::size_t channels = analogue.empty() ? 0 : analogue[0].size();
    for (int w : {points, static_cast<int>(channels) * per_frame, first, last, 0})
      put16(out, static_cast<std::uint16_t>(w));
    put_real(out, real_data ? -0.1 : 0.1);
    put16(out, static_cast<std::uint16_t>(2 + p.size() / 512));
    put16(out, static_cast<std::uint16_t>(per_frame));
    put_real(out, rate_hz);
    out.resize(512);
    out.insert(out.end(), p.begin(), p.end());
    for (std::size_t s = 0; s < analogue.size(); ++s) {
      if (s % static_cast<std::size_t>(per_frame) == 0)
        for (int k = 0; k < 4 * points; ++k) put_value(out, k);
      for (double v : analogue[s]) put_value(out, v);
    }
    return out;
  }

 private:
  struct Parameter {
    int group;
    std::string name;
    std::vector<std::byte> body;
  };
  void add(const std::string& group, const std::string& name, int type, const std::vector<int>& dims,
           const std::vector<std::byte>& data) {
    std::size_t g = 0;
    while (g < groups_.size() && groups_[g] != group) ++g;
    if (g == groups_.size()) groups_.push_back(group);
    Parameter p{static_cast<int>(g), name, {static_cast<std::byte>(type), static_cast<std::byte>(dims.size())}};
    for (int d : dims) p.body.push_back(static_cast<std::byte>(d));
    p.body.insert(p.body.end(), data.begin(), data.end());
    parameters_.push_back(p);
  }
  void record(std::vector<std::byte>& out, const std::string& name, int id, const std::vector<std::byte>& body,
              bool end) const {
    out.push_back(static_cast<std::byte>(name.size()));
    out.push_back(static_cast<std::byte>(id));
    for (char c : name) out.push_back(static_cast<std::byte>(c));
    put16(out, static_cast<std::uint16_t>(end ? 0 : body.size() + 2));
    out.insert(out.end(), body.begin(), body.end());
  }
  void put16(std::vector<std::byte>& out, std::uint16_t v) const {
    const auto low = static_cast<std::byte>(v & 255), high = static_cast<std::byte>(v >> 8);
    out.push_back(processor == sgi ? high : low);
    out.push_back(processor == sgi ? low : high);
  }
  void put_real(std::vector<std::byte>& out, double x) const {
    const float f = static_cast<float>(x);
    std::uint32_t w;
    std::memcpy(&w, &f, 4);
    if (processor == dec && w << 1 != 0) w += 2u << 23;  // IEEE 1.m 2^(e-127) = VAX 0.1m 2^(e+2-128)
    const auto high = static_cast<std::uint16_t>(w >> 16), low = static_cast<std::uint16_t>(w & 0xffff);
    put16(out, processor == intel ? low : high);
    put16(out, processor == intel ? high : low);
  }
  void put_value(std::vector<std::byte>& out, double v) const {
    if (real_data)
      put_real(out, v);
    else
      put16(out, static_cast<std::uint16_t>(static_cast<int>(v)));
  }
  std::vector<std::string> groups_;
  std::vector<Parameter> parameters_;
};

}  // namespace grfd::test
