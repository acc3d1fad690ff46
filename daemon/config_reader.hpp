// A typed reader of TOML tables: every key is named once, with its unit, range and meaning. What was never named is an
// unknown key; what was named makes the catalogue behind schemas/config.schema.json. It knows nothing of grfd's
// settings.
#pragma once
#include <toml++/toml.h>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grfd {

inline constexpr double kNoLimit = std::numeric_limits<double>::infinity();

/// What a reader says about a key beside its name and type.
struct About {
  const char* unit = "";
  const char* doc = "";
  double min = -kNoLimit, max = kNoLimit;  ///< of numbers (each of them in an array), inclusive
  bool required = false;                   ///< else the value held before reading is the default
  bool no_default = false;                 ///< neither: absent means something of its own
};

/// One line of the catalogue.
struct ConfigKey {
  std::string path;                 ///< "filter.cutoff_hz", "device[].emulation.seed"
  std::string type;                 ///< "number", "integer", "boolean", "string", "table", "tables"
  std::vector<int> shape;           ///< {} one value, {3} three, {4, 3} four rows of three, {-1} any number
  bool by_name = false;             ///< a table of free names with such values
  nlohmann::ordered_json standard;  ///< the default; null: none
  std::string unit, doc;
  double min = -kNoLimit, max = kNoLimit;
  bool required = false;
  std::vector<std::string> words;  ///< a string that is one of these
};

/// Every error of one load, and where each key stands. A path is canonical ("device[0].rate_hz"); people see the shown
/// form ("device.u6.rate_hz").
class Findings {
 public:
  /// Filled instead of errors when set: the readers then run over an empty document.
  std::vector<ConfigKey>* catalogue = nullptr;
  /// Where to look for the right table of a misplaced key; may be null.
  const std::vector<ConfigKey>* known = nullptr;

  void place(const std::string& path, const std::string& file, int line, const std::string& shown);
  /// `--set key=raw` has put its value at this path.
  void set_by(const std::string& path, const std::string& key, const std::string& raw);
  /// ... and has made this table on the way.
  void made_by(const std::string& path, const std::string& key);
  /// What stood behind the '=' of a `--set` of exactly this path, else null.
  const std::string* raw(const std::string& path) const;

  void report(const std::string& path, const std::string& what);
  /// The same about something that can be right but hardly is.
  void warn(const std::string& path, const std::string& what) { warnings_.push_back(located(path, what).text); }
  const std::vector<std::string>& warnings() const { return warnings_; }
  /// Does this key stand in a file or in a `--set`?
  bool given(const std::string& path) const { return given_.contains(path); }
  void note_given(const std::string& path) { given_.insert(path); }
  /// An error of `--set` itself.
  void report_set(const std::string& key, const std::string& what);
  /// An error without a key (syntax).
  void report_file(const std::string& file, int line, const std::string& what);
  /// Could this key not be read? Errors reported after `end_of_reading` do not count.
  bool has_error(const std::string& path) const { return wrong_.contains(path); }
  void end_of_reading() { reading_ = false; }
  bool empty() const { return errors_.empty(); }
  /// One line each, in the order of files and lines, `--set` last.
  std::string text() const;

 private:
  struct Place {
    std::string file;
    int line = 0;
    std::string shown;
  };
  struct Error {
    std::size_t file;  ///< index into files_
    int line;
    std::string text;
  };
  struct Set {
    std::string key, raw;
    bool whole = true;  ///< the value itself, not a table on the way to it
  };
  std::size_t file_index(const std::string& file);
  Error located(const std::string& path, const std::string& what);
  const std::pair<const std::string, Set>* set_of(std::string path) const;
  std::map<std::string, Place> places_;
  std::map<std::string, Set> sets_;
  std::vector<std::string> warnings_;
  std::set<std::string> given_;
  std::set<std::string> wrong_;
  bool reading_ = true;
  std::vector<std::string> files_;
  std::vector<Error> errors_;
};

/// Reads one table. All verbs leave the value alone when the key is absent or wrong.
class Reader {
 public:
  Reader(const toml::table& table, std::string file, Findings& findings, std::string path = {}, std::string shown = {});

  bool given(const char* name) const { return table_->contains(name); }
  void number(const char* name, double& value, About about);
  void integer(const char* name, int& value, About about);
  void integer(const char* name, std::uint64_t& value, About about);
  void flag(const char* name, bool& value, About about);
  void text(const char* name, std::string& value, About about);
  /// Exactly `count` numbers.
  void numbers(const char* name, double* values, int count, About about);
  struct Count {
    int least, most;
  };
  void numbers(const char* name, std::vector<double>& values, Count count, About about);
  /// All rows as long as the first.
  void matrix(const char* name, std::vector<std::vector<double>>& values, Count rows, Count columns, About about);
  /// `rows` arrays of `columns` numbers each, stored row by row.
  void matrix(const char* name, double* values, int rows, int columns, About about);
  void integers(const char* name, std::vector<int>& values, About about);
  void texts(const char* name, std::vector<std::string>& values, About about);
  /// A table of free names.
  void named(const char* name, std::map<std::string, double>& values, About about);
  void named(const char* name, std::map<std::string, int>& values, About about);
  /// One of a few words, each standing for a value.
  template <class E>
  void word(const char* name, E& value, std::initializer_list<std::pair<const char*, E>> choices, About about) {
    std::vector<std::string> words;
    std::size_t chosen = choices.size();
    for (const auto& c : choices) {
      if (c.second == value) chosen = words.size();
      words.emplace_back(c.first);
    }
    chosen = word_index(name, words, chosen, about);
    if (chosen < words.size()) value = (choices.begin() + chosen)->second;
  }
  using Body = std::function<void(Reader&)>;
  /// A table of its own; `body` also runs when it is absent.
  void table(const char* name, const char* doc, const Body& body);
  /// `[[name]]`: `body` runs once for each. An element is called by its key `identity`.
  void each(const char* name, const char* identity, const char* doc, const Body& body);

  /// Canonical path of a key of this table.
  std::string path(std::string_view name) const;
  void report(std::string_view name, const std::string& what) { findings_->report(path(name), what); }
  Findings& findings() { return *findings_; }
  const std::string& file() const { return file_; }
  /// Reports every key that was never named. Called by `table` and `each` for what they opened.
  void finish();

 private:
  const toml::node* find(const char* name, const char* type, std::vector<int> shape, const About& about,
                         nlohmann::ordered_json standard, std::vector<std::string> words = {}, bool by_name = false);
  std::size_t word_index(const char* name, const std::vector<std::string>& words, std::size_t chosen,
                         const About& about);
  bool number_in(const toml::node& node, const std::string& path, const About& about, double& value);
  bool integer_in(const toml::node& node, const std::string& path, const About& about, std::int64_t& value);
  bool text_in(const toml::node& node, const std::string& path, std::string& value);
  bool row(const toml::node& node, const std::string& path, const About& about, double* values, int count,
           const char* of);
  bool list(const toml::node& node, const std::string& path, const About& about, Count count,
            std::vector<double>& values);
  void place(const std::string& path, std::string_view name, const toml::node* node);

  const toml::table* table_;
  std::string file_, path_, shown_;
  Findings* findings_;
  std::vector<std::string> named_;
};

/// For people: at most 12 digits.
std::string number_text(double value);
/// `"a", "b", "c"`
std::string quoted_list(const std::vector<std::string>& words);
/// The word of `words` that is nearest to `word`; empty when none is near enough to be meant.
std::string nearest_word(std::string_view word, const std::vector<std::string>& words);
/// "an integer", "a string", ...
std::string kind_of(const toml::node& node);

}  // namespace grfd
