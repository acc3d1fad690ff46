#include "drivers/emulation/csv.hpp"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <optional>

namespace grfd {
namespace {
constexpr std::size_t kMostPlates = 16, kMostBytes = std::size_t{4} << 30;

std::string quoted(std::string_view cell) { return std::string("'").append(cell.substr(0, 40)).append("'"); }

std::string inflate_file(const std::string& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) throw CsvError(path + ":1:1: cannot be opened; a readable CSV file is needed");
  gzbuffer(file.get(), 1 << 17);
  std::string text;
  std::vector<char> buffer(1 << 17);
  for (;;) {
    const int n = gzread(file.get(), buffer.data(), static_cast<unsigned>(buffer.size()));
    int code = Z_OK;
    const char* why = gzerror(file.get(), &code);
    if (n < 0 || (code != Z_OK && code != Z_STREAM_END))
      throw CsvError(path + ": the gzip data are damaged after " + std::to_string(text.size()) + " characters (" + why +
                     ")");
    if (n == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
    if (text.size() > kMostBytes) throw CsvError(path + ": more than 4 GiB of text; cut the recording");
  }
}

class Parser {
 public:
  Parser(std::string_view text, const std::string& name) : text_(text), name_(name) {}
  CsvRecording parse();

 private:
  [[noreturn]] void fail(std::size_t column, const std::string& what) const {
    throw CsvError(name_ + ":" + std::to_string(line_number_) + ":" + std::to_string(column) + ": " + what);
  }
  [[noreturn]] void uneven(const std::vector<double>& t);
  bool next_line();
  /// Next cell of the line without blanks; its first character is at column_ (1-based).
  std::optional<std::string_view> next_cell();
  double number(std::string_view cell) const;
  void header();

  std::string_view text_;
  const std::string& name_;
  std::string_view line_;
  std::size_t line_number_ = 0, at_ = 0, column_ = 1;
  bool more_ = false;
  std::vector<int> role_;  ///< per column: -1 = t, else 6 * plate + component
  std::size_t plates_ = 0;
};

bool Parser::next_line() {
  if (text_.empty()) return false;
  const std::size_t end = text_.find('\n');
  line_ = text_.substr(0, end);
  text_ = end == std::string_view::npos ? std::string_view() : text_.substr(end + 1);
  if (!line_.empty() && line_.back() == '\r') line_.remove_suffix(1);
  ++line_number_;
  at_ = 0;
  more_ = true;
  return true;
}

std::optional<std::string_view> Parser::next_cell() {
  if (!more_) return std::nullopt;
  const std::size_t end = line_.find(',', at_);
  std::string_view cell = line_.substr(at_, end == std::string_view::npos ? end : end - at_);
  std::size_t start = at_;
  while (!cell.empty() && (cell.front() == ' ' || cell.front() == '\t')) cell.remove_prefix(1), ++start;
  while (!cell.empty() && (cell.back() == ' ' || cell.back() == '\t')) cell.remove_suffix(1);
  column_ = start + 1;
  more_ = end != std::string_view::npos;
  at_ = more_ ? end + 1 : line_.size();
  return cell;
}

double Parser::number(std::string_view cell) const {
  double v = 0;
  const std::string_view digits = !cell.empty() && cell.front() == '+' ? cell.substr(1) : cell;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), v);
  if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(v))
    fail(column_, quoted(cell) + " is no finite number; every cell holds one");
  return v;
}

void Parser::header() {
  if (!next_line()) {
    line_number_ = 1;
    fail(1, "the file is empty; its first line is t,Fx1,Fy1,Fz1,Mx1,My1,Mz1,...");
  }
  if (line_.starts_with("\xef\xbb\xbf")) line_.remove_prefix(3);
  std::vector<bool> seen;
  bool time = false;
  while (const auto cell = next_cell()) {
    int role = -2;
    if (*cell == "t") {
      if (time) fail(column_, "a second column t; there is one");
      time = true;
      role = -1;
    } else if (cell->size() > 2) {
      const std::size_t kind = std::string_view("FM").find((*cell)[0]), axis = std::string_view("xyz").find((*cell)[1]);
      std::size_t plate = 0;
      const auto [end, error] = std::from_chars(cell->data() + 2, cell->data() + cell->size(), plate);
      if (kind < 2 && axis < 3 && error == std::errc() && end == cell->data() + cell->size() && plate >= 1 &&
          plate <= kMostPlates) {
        role = static_cast<int>(6 * (plate - 1) + 3 * kind + axis);
        plates_ = std::max(plates_, plate);
        seen.resize(std::max(seen.size(), 6 * plates_));
        if (seen[static_cast<std::size_t>(role)])
          fail(column_, "a second column " + quoted(*cell) + "; there is one of each");
        seen[static_cast<std::size_t>(role)] = true;
      }
    }
    if (role == -2)
      fail(column_, "unknown column " + quoted(*cell) + "; columns are t and Fx1, Fy1, Fz1, Mx1, My1, Mz1, Fx2, ...");
    role_.push_back(role);
  }
  if (!time) fail(1, "no column t; it holds the seconds");
  if (plates_ == 0) fail(1, "no plate; the columns of the first are Fx1, Fy1, Fz1, Mx1, My1, Mz1");
  for (std::size_t i = 0; i < seen.size(); ++i)
    if (!seen[i]) {
      std::string what("no column ");
      what.push_back("FM"[i / 3 % 2]);
      what.push_back("xyz"[i % 3]);
      fail(1, what.append(std::to_string(i / 6 + 1)).append("; every plate has six"));
    }
}

/// The mean step cannot say where it happened: one missing line moves all others.
void Parser::uneven(const std::vector<double>& t) {
  std::vector<double> steps(t.size() - 1);
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i] = t[i + 1] - t[i];
  std::vector<double> sorted = steps;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2), sorted.end());
  const double usual = sorted[sorted.size() / 2];
  const auto worst = static_cast<std::size_t>(
      std::max_element(steps.begin(), steps.end(),
                       [&](double a, double b) { return std::abs(a - usual) < std::abs(b - usual); }) -
      steps.begin());
  line_number_ = worst + 3;  // the header, and counting from 1
  fail(1, "t is not evenly spaced; " + std::to_string(t[worst] + usual) + " was expected" +
              (steps[worst] > 1.5 * usual ? ": is a line missing?" : ""));
}

CsvRecording Parser::parse() {
  header();
  CsvRecording out;
  out.plates.resize(plates_);
  std::vector<double> t;
  while (next_line()) {
    if (line_.find_first_not_of(" \t") == std::string_view::npos &&
        text_.find_first_not_of(" \t\r\n") == std::string_view::npos)
      break;
    for (auto& plate : out.plates) plate.emplace_back();
    std::size_t k = 0;
    while (const auto cell = next_cell()) {
      if (k == role_.size())
        fail(column_, "one cell more than the " + std::to_string(role_.size()) + " columns of the header");
      const double v = number(*cell);
      const int role = role_[k++];
      if (role < 0)
        t.push_back(v);
      else
        out.plates[static_cast<std::size_t>(role / 6)].back()[static_cast<std::size_t>(role % 6)] = v;
    }
    if (k < role_.size())
      fail(line_.size() + 1,
           "the line ends after " + std::to_string(k) + " cells; the header has " + std::to_string(role_.size()));
    if (t.size() > 1 && !(t.back() > t[t.size() - 2])) fail(1, "t does not rise");
  }
  if (t.size() < 2) fail(1, "fewer than two samples; the sampling rate follows from t");
  const double step = (t.back() - t.front()) / static_cast<double>(t.size() - 1);
  for (std::size_t i = 0; i < t.size(); ++i)
    if (std::abs(t[i] - t.front() - static_cast<double>(i) * step) > 0.1 * step) uneven(t);
  out.rate_hz = 1 / step;
  if (std::abs(out.rate_hz - std::round(out.rate_hz)) < 1e-6 * out.rate_hz)
    out.rate_hz = std::round(out.rate_hz);  // t is rounded text
  return out;
}
}  // namespace

CsvRecording parse_csv(std::string_view text, const std::string& name) { return Parser(text, name).parse(); }
CsvRecording read_csv(const std::string& path) { return parse_csv(inflate_file(path), path); }

}  // namespace grfd
