// The parameter section of a C3D file: a chain of groups and parameters, each with the distance to the next.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

#include "drivers/emulation/c3d.hpp"

namespace grfd {
namespace {
std::string trimmed(std::string s) {
  const auto blank = [](char c) { return c == ' ' || c == '\0' || c == '\t'; };
  while (!s.empty() && blank(s.back())) s.pop_back();
  s.erase(s.begin(), std::find_if_not(s.begin(), s.end(), blank));
  return s;
}
}  // namespace

void C3dFile::read_parameters() {
  const std::size_t block = u8(0);
  if (block < 2)
    fail(0, "the parameters start in block " + std::to_string(block) +
                "; they come after the header, in block 2 or later");
  const std::size_t start = (block - 1) * 512;
  if (start + 4 > bytes_.size())
    fail(bytes_.size(), "the file ends here; its parameters start at byte " + std::to_string(start));
  const std::uint8_t processor = u8(start + 3);
  if (processor < 84 || processor > 86)
    fail(start + 3, "the processor is " + std::to_string(processor) + "; 84 is Intel, 85 DEC, 86 SGI");
  processor_ = static_cast<Processor>(processor);
  const std::size_t data = u16(16) >= 2 ? (u16(16) - std::size_t{1}) * 512 : 0;
  const std::size_t section_end = data > start ? std::min(data, bytes_.size()) : bytes_.size();

  std::map<int, std::string> groups;
  std::vector<int> group_of;
  for (std::size_t at = start + 4; at < section_end;) {
    const std::size_t record = at,
                      length = static_cast<std::size_t>(std::abs(static_cast<int>(static_cast<std::int8_t>(u8(at)))));
    if (length == 0) break;
    const int id = static_cast<std::int8_t>(u8(at + 1));
    std::string name;
    for (std::size_t i = 0; i < length; ++i) {
      const int c = std::toupper(u8(at + 2 + i));
      name += c >= ' ' && c < 127 ? static_cast<char>(c) : '?';
    }
    name = trimmed(name);
    at += 2 + length;
    const int distance = i16(at);
    if (distance < 0 || distance == 1)
      fail(at, "parameter '" + name + "' points " + std::to_string(distance) +
                   " bytes on; the next record lies at least 2 bytes on, 0 ends");
    // Writers exist that swap the bytes of the last distance: one that leaves the section ends the chain.
    const std::size_t next = at + static_cast<std::size_t>(distance);
    const bool last = distance == 0 || next > section_end;
    if (distance != 0 && last) chain_broken_at_ = at;
    at += 2;
    if (id < 0) {
      groups[-id] = name;
    } else {
      C3dParameter p;
      p.name = name;
      p.type = static_cast<std::int8_t>(u8(at));
      if (p.type != -1 && p.type != 1 && p.type != 2 && p.type != 4)
        fail(at, "parameter '" + name + "' of the record at byte " + std::to_string(record) + " has type " +
                     std::to_string(p.type) + "; types are -1, 1, 2 and 4");
      const std::size_t dims = u8(at + 1);
      if (dims > 7)
        fail(at + 1, "parameter '" + name + "' has " + std::to_string(dims) + " dimensions; up to 7 are allowed");
      p.count = 1;
      for (std::size_t i = 0; i < dims; ++i) {
        p.dims.push_back(u8(at + 2 + i));
        p.count *= p.dims.back();
      }
      p.offset = at + 2 + dims;
      const std::size_t end = p.offset + p.count * static_cast<std::size_t>(std::abs(p.type)),
                        limit = last ? section_end : next;
      if (end > limit)
        fail(p.offset, "the values of parameter '" + name + "' need bytes up to " + std::to_string(end) +
                           "; they must end by byte " + std::to_string(limit));
      group_of.push_back(id);
      parameters_.push_back(std::move(p));
    }
    if (last) break;
    at = next;
  }
  for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i].group = groups[group_of[i]];
}

void C3dFile::missing(const char* group, const char* name, const std::string& why) const {
  std::string what = std::string(group) + ":" + name + " is missing; " + why;
  if (chain_broken_at_) what += " (the chain of parameters leaves its section here, nothing behind is read)";
  fail(chain_broken_at_, what);
}

const C3dParameter* C3dFile::find(std::string_view group, std::string_view name) const {
  const auto found = std::find_if(parameters_.rbegin(), parameters_.rend(),
                                  [&](const C3dParameter& p) { return p.group == group && p.name == name; });
  return found == parameters_.rend() ? nullptr : &*found;
}

std::vector<double> C3dFile::numbers(std::string_view group, std::string_view name) const {
  std::vector<double> out;
  const C3dParameter* p = find(group, name);
  if (!p) return out;
  if (p->type < 0) fail(p->offset, p->group + ":" + p->name + " is text; numbers are needed");
  for (std::size_t i = 0; i < p->count; ++i) {
    const std::size_t at = p->offset + i * static_cast<std::size_t>(p->type);
    const double v = p->type == 1 ? u8(at) : p->type == 2 ? i16(at) : real(at);
    if (!std::isfinite(v)) fail(at, p->group + ":" + p->name + " holds a value that is no finite number");
    out.push_back(v);
  }
  return out;
}

double C3dFile::number(std::string_view group, std::string_view name, double otherwise) const {
  const auto v = numbers(group, name);
  return v.empty() ? otherwise : v[0];
}

std::vector<std::string> C3dFile::words(std::string_view group, std::string_view name) const {
  std::vector<std::string> out;
  const C3dParameter* p = find(group, name);
  if (!p || p->count == 0) return out;
  if (p->type > 0) fail(p->offset, p->group + ":" + p->name + " holds numbers; text is needed");
  const std::size_t width = p->dims.empty() ? 1 : p->dims[0];
  for (std::size_t i = 0; i + width <= p->count; i += width) {
    std::string word;
    for (std::size_t k = 0; k < width; ++k) word += static_cast<char>(u8(p->offset + i + k));
    out.push_back(trimmed(word));
  }
  return out;
}

}  // namespace grfd
