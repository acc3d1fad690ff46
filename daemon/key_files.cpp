#include "daemon/key_files.hpp"

#include <sys/stat.h>
#include <zmq.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace grfd {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kKeyLength = 40;    // 32 bytes in Z85
constexpr std::size_t kMostBytes = 4096;  // of a file

/// The lines `key = "value"` of a certificate; sections and comments mean nothing here.
std::map<std::string, std::string> fields_of(const fs::path& file) {
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error(file.string() + " cannot be read: " + std::strerror(errno ? errno : EIO));
  std::string text(kMostBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMostBytes) throw std::runtime_error(file.string() + " is longer than any key file");
  std::map<std::string, std::string> fields;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line(text.data() + at, end - at);
    at = end + 1;
    const std::size_t first = line.find_first_not_of(" \t"), open = line.find('"'), close = line.rfind('"');
    if (first == line.npos || line[first] == '#' || open == line.npos || open == close) continue;
    const std::size_t equals = line.find_last_of('=', open);
    if (equals == line.npos || equals <= first) continue;
    const std::size_t last = line.find_last_not_of(" \t", equals - 1);
    fields[std::string(line.substr(first, last + 1 - first))] = line.substr(open + 1, close - open - 1);
  }
  return fields;
}

std::string key_of(const std::map<std::string, std::string>& fields, const char* name, const fs::path& file) {
  const auto found = fields.find(name);
  std::array<std::uint8_t, 32> raw{};
  if (found == fields.end() || found->second.size() != kKeyLength || !zmq_z85_decode(raw.data(), found->second.c_str()))
    throw std::runtime_error(file.string() + " has no " + name +
                             " = \"40 characters of Z85\"; grfctl key writes such files");
  return found->second;
}

bool loopback(std::string_view host) {
  return host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos &&
          std::count(host.begin(), host.end(), '.') == 3);
}

}  // namespace

ServerKey read_server_key(const fs::path& folder) {
  const fs::path file = folder / "server.key";
  struct stat about {};
  if (::stat(file.c_str(), &about) != 0)
    throw std::runtime_error(errno == ENOENT
                                 ? file.string() + " is not there; make it with: grfctl key create server --keys " +
                                       folder.string()
                                 : file.string() + " cannot be read: " + std::strerror(errno));
  if (about.st_mode & 077)
    throw std::runtime_error(file.string() + " can be read by others; chmod 600 it, or make another");
  const auto fields = fields_of(file);
  ServerKey key{key_of(fields, "public-key", file), key_of(fields, "secret-key", file)};
  std::array<char, kKeyLength + 1> own{};
  if (zmq_curve_public(own.data(), key.secret_key.c_str()) != 0 || key.public_key != own.data())
    throw std::runtime_error(file.string() +
                             " holds a public-key that does not belong to its secret-key; make another");
  return key;
}

AllowedKeys read_allowed_keys(const fs::path& folder, std::vector<std::string>& wrong) {
  AllowedKeys keys;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const fs::path& file = at->path();
    if (file.extension() != ".allowed") continue;
    try {
      const auto fields = fields_of(file);
      const std::string key = key_of(fields, "public-key", file);
      const auto found = fields.find("rights");
      AllowedKey allowed{file.stem().string()};
      if (found != fields.end()) {
        const std::string& rights = found->second;
        allowed.feed = rights == "feed" || rights == "feed control";
        allowed.control = rights == "control" || rights == "feed control";
      }
      if (!allowed.feed && !allowed.control)
        throw std::runtime_error(file.string() + " must say rights = \"feed\", \"control\" or \"feed control\"");
      const auto [other, is_new] = keys.emplace(key, allowed);
      if (!is_new) {  // the key counts once, with what both files allow
        wrong.push_back(file.string() + " holds the key of " + other->second.name +
                        ".allowed, too; one of them is enough");
        other->second.feed &= allowed.feed;
        other->second.control &= allowed.control;
      }
    } catch (const std::exception& e) { wrong.emplace_back(e.what()); }
  }
  if (error) wrong.push_back(folder.string() + " cannot be read: " + error.message());
  return keys;
}

bool demands_keys(Right right, const std::string& endpoint) {
  if (!endpoint.starts_with("tcp://")) return false;
  return right == Right::control || !loopback(std::string_view(endpoint).substr(6, endpoint.rfind(':') - 6));
}

}  // namespace grfd
