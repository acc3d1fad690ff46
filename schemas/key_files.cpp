#include "schemas/key_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace grfd {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kKeyLength = 40;    // 32 bytes in Z85
constexpr std::size_t kMostBytes = 4096;  // of a file
constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;

[[noreturn]] void throw_unread(const std::string& what, int error) {
  const std::string text = what + " cannot be read: " + std::strerror(error);
  constexpr int kWillPass[] = {EMFILE, ENFILE, ENOMEM, EIO, EAGAIN, EINTR, ESTALE, ETIMEDOUT};
  if (std::find(std::begin(kWillPass), std::end(kWillPass), error) != std::end(kWillPass)) throw KeysUnreadable(text);
  throw std::runtime_error(text);
}

struct Text {
  std::string text;
  mode_t mode = 0;
};

Text text_of(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) throw_unread(file.string(), errno);
  Text out{std::string(kMostBytes + 1, '\0')};
  struct stat about {};
  std::size_t n = 0;
  int error = ::fstat(fd, &about) == 0 ? 0 : errno;
  while (!error && n < out.text.size()) {
    const ssize_t got = ::read(fd, out.text.data() + n, out.text.size() - n);
    if (got == 0) break;
    if (got > 0)
      n += static_cast<std::size_t>(got);
    else if (errno != EINTR)
      error = errno;
  }
  ::close(fd);
  if (error) throw_unread(file.string(), error);
  if (n > kMostBytes) throw std::runtime_error(file.string() + " is longer than any key file");
  out.text.resize(n);
  out.mode = about.st_mode;
  return out;
}

/// The lines `key = "value"` of a certificate; sections and comments mean nothing here.
std::map<std::string, std::string> fields_of(const std::string& text) {
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

KeyFile key_file(const std::string& text, const fs::path& file) {
  auto fields = fields_of(text);
  KeyFile key{fields["public-key"], fields["secret-key"], fields["rights"]};
  const auto check = [&](const char* name, const std::string& value) {
    if (!is_key(value))
      throw std::runtime_error(file.string() + " has no " + name +
                               " = \"40 characters of Z85\"; grfctl key writes such files");
  };
  check("public-key", key.public_key);
  if (!key.secret_key.empty()) check("secret-key", key.secret_key);
  return key;
}

/// Who may write into the folder could put a key of his own there.
void check_folder(const fs::path& folder) {
  struct stat about {};
  if (::stat(folder.c_str(), &about) != 0) throw_unread(folder.string(), errno);
  if (about.st_mode & kOthersWrite)
    throw std::runtime_error(folder.string() + " can be written by others, who could let themselves in; chmod 700 it");
}

bool loopback(std::string_view host) {
  return host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos &&
          std::count(host.begin(), host.end(), '.') == 3);
}

}  // namespace

bool is_key(std::string_view text) {
  std::array<std::uint8_t, 32> raw{};
  return text.size() == kKeyLength && zmq_z85_decode(raw.data(), std::string(text).c_str()) != nullptr;
}

KeyFile read_key_file(const fs::path& file) { return key_file(text_of(file).text, file); }

KeyFile read_server_key(const fs::path& folder) {
  const fs::path file = folder / "server.key";
  struct stat about {};
  if (::stat(file.c_str(), &about) != 0 && errno == ENOENT)
    throw std::runtime_error(file.string() + " is not there; make it with: grfctl key create server --keys " +
                             folder.string());
  check_folder(folder);
  const auto [text, mode] = text_of(file);
  if (mode & 077) throw std::runtime_error(file.string() + " can be read by others; chmod 600 it, or make another");
  KeyFile key = key_file(text, file);
  if (key.secret_key.empty())
    throw std::runtime_error(file.string() +
                             " has no secret-key = \"40 characters of Z85\"; grfctl key writes such files");
  std::array<char, kKeyLength + 1> own{};
  if (zmq_curve_public(own.data(), key.secret_key.c_str()) != 0 || key.public_key != own.data())
    throw std::runtime_error(file.string() +
                             " holds a public-key that does not belong to its secret-key; make another");
  return key;
}

AllowedKeys read_allowed_keys(const fs::path& folder, std::vector<std::string>& wrong) {
  AllowedKeys keys;
  try {
    check_folder(folder);
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
      const fs::path& file = at->path();
      if (file.extension() != ".allowed") continue;
      try {
        const auto [text, mode] = text_of(file);
        if (mode & kOthersWrite)
          throw std::runtime_error(file.string() + " can be written by others; chmod 644 it, or allow the client anew");
        const KeyFile key = key_file(text, file);
        AllowedKey allowed{file.stem().string()};
        allowed.feed = key.rights == "feed" || key.rights == "feed control";
        allowed.control = key.rights == "control" || key.rights == "feed control";
        if (!allowed.feed && !allowed.control)
          throw std::runtime_error(file.string() + " must say rights = \"feed\", \"control\" or \"feed control\"");
        const auto [other, is_new] = keys.emplace(key.public_key, allowed);
        if (!is_new) {  // the key counts once, with what both files allow
          wrong.push_back(file.string() + " holds the key of " + other->second.name +
                          ".allowed, too; one of them is enough");
          other->second.feed &= allowed.feed;
          other->second.control &= allowed.control;
        }
      } catch (const KeysUnreadable&) { throw; } catch (const std::exception& e) {
        wrong.emplace_back(e.what());
      }
    }
    if (error) throw_unread(folder.string(), error.value());
  } catch (const KeysUnreadable&) { throw; } catch (const std::runtime_error& e) {
    keys.clear();
    wrong.emplace_back(e.what());
  }
  return keys;
}

bool demands_keys(Right right, std::string_view endpoint) {
  if (!endpoint.starts_with("tcp://")) return false;
  return right == Right::control || !loopback(endpoint.substr(6, endpoint.rfind(':') - 6));
}

}  // namespace grfd
