// Commands in the pipeline: "verb {json}", in as many parts as they need.
#pragma once
#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "schemas/sample.hpp"

namespace grfd {

/// Joins the parts of the commands stream. Trivially copyable.
class CommandText {
 public:
  /// @return true when the command is whole
  bool add(const Sample& s) noexcept {
    if (s.part == 0) length_ = 0;
    const std::string_view piece = text(s);
    const std::size_t n = std::min(piece.size(), text_.size() - length_);
    std::memcpy(text_.data() + length_, piece.data(), n);
    length_ += n;
    return s.part + 1 == s.parts;
  }
  std::string_view all() const noexcept { return {text_.data(), length_}; }
  std::string_view verb() const noexcept { return all().substr(0, all().find(' ')); }
  std::int64_t id() const noexcept {
    constexpr std::string_view key = "\"id\":";
    const std::size_t at = all().find(key);
    std::int64_t v = 0;
    if (at == std::string_view::npos) return 0;
    for (std::size_t i = at + key.size(); i < length_ && text_[i] >= '0' && text_[i] <= '9'; ++i) {
      if (v > (std::numeric_limits<std::int64_t>::max() - 9) / 10) return 0;  // none of ours
      v = v * 10 + (text_[i] - '0');
    }
    return v;
  }
  /// The number of a key, at any depth; nothing when it is not there or no number. Keys in compact JSON, as it is ours.
  std::optional<double> number(std::string_view key) const noexcept {
    double v = 0;
    const bool found = any_value(key, [&](std::string_view value) {
      return std::from_chars(value.data(), value.data() + value.size(), v).ec == std::errc{};
    });
    return found ? std::optional(v) : std::nullopt;
  }
  /// The numbers of a key's list, at any depth. @return how many; 0 when there is no such list, it is longer than `to`,
  /// or holds anything else
  std::size_t numbers(std::string_view key, std::span<double> to) const noexcept {
    std::size_t n = 0;
    any_value(key, [&](std::string_view value) {
      if (value.substr(0, 1) != "[") return false;
      for (n = 0; n < to.size(); ++n) {
        value.remove_prefix(1);
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), to[n]);
        if (error != std::errc{}) break;
        value.remove_prefix(static_cast<std::size_t>(end - value.data()));
        if (value.substr(0, 1) == "]") return ++n, true;
        if (value.substr(0, 1) != ",") break;
      }
      return n = 0, false;
    });
    return n;
  }
  /// The text that the JSON gives for this key, as it stands in our own compact JSON (escapes are left as they are);
  /// empty when there is none.
  std::string_view string(std::string_view key) const noexcept {
    std::string_view text;
    any_value(key, [&](std::string_view value) {
      if (value.substr(0, 1) != "\"") return false;
      std::size_t end = 1;
      while (end < value.size() && value[end] != '"') end += value[end] == '\\' ? 2 : 1;
      if (end < value.size()) text = value.substr(1, end - 1);
      return end < value.size();
    });
    return text;
  }
  /// Does the JSON say key = word?
  bool says(std::string_view key, std::string_view word) const noexcept { return !word.empty() && string(key) == word; }

 private:
  /// Does `fits` take what stands behind any "key": of the text?
  template <class Fits>
  bool any_value(std::string_view key, Fits fits) const noexcept {
    if (key.empty()) return false;
    for (std::size_t at = 0; (at = all().find(key, at)) != std::string_view::npos; at += key.size()) {
      const std::string_view rest = all().substr(at + key.size());
      if (at > 0 && text_[at - 1] == '"' && rest.substr(0, 2) == "\":" && fits(rest.substr(2))) return true;
    }
    return false;
  }

  std::array<char, 4096> text_{};
  std::size_t length_ = 0;
};

}  // namespace grfd
