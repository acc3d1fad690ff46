#include "daemon/config.hpp"

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

#include "daemon/config_parts.hpp"

namespace grfd {

std::string read_text(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error))
    throw std::system_error(std::make_error_code(std::errc::is_a_directory));
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::system_error(errno ? errno : EIO, std::generic_category());
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

Settings load_config(const std::string& path, const std::vector<std::string>& overrides,
                     std::span<const DriverEntry> drivers, Use use) {
  Settings settings;
  settings.file = path;
  Findings findings;
  const std::vector<ConfigKey> keys = settings_keys();
  findings.known = &keys;
  findings.place("", path, 1, "");
  try {
    settings.effective = read_text(path);
  } catch (const std::system_error& e) { throw ConfigError(path + ": cannot be read: " + e.code().message()); }
  toml::table document;
  try {
    document = toml::parse(settings.effective);
  } catch (const toml::parse_error& e) {
    findings.report_file(path, static_cast<int>(e.source().begin.line), "syntax: " + std::string(e.description()));
    throw ConfigError(findings.text());
  }
  for (const std::string& text : overrides) apply_override(document, text, findings);

  Reader reader(document, path, findings);
  read_settings(reader, settings, std::filesystem::path(path).parent_path());
  reader.finish();
  check_settings(settings, findings, drivers, use);
  if (!findings.empty()) throw ConfigError(findings.text());
  settings.warnings = findings.warnings();

  if (!overrides.empty() && !settings.effective.empty() && settings.effective.back() != '\n')
    settings.effective += '\n';
  for (const std::string& text : overrides) settings.effective += "# --set " + text + "\n";
  return settings;
}

}  // namespace grfd
