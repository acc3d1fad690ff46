#include "clients/grfctl/key.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/program_options/errors.hpp>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include <zmq.h>

#include "schemas/key_files.hpp"

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;
using grfd::KeyFile;

namespace {

void check_name(const std::string& name) {
  const bool plain = !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_';
  });
  if (!plain) throw std::runtime_error("\"" + name + "\" is no name for a key: letters, digits, - and _, at most 64");
}

/// As a whole or not at all, and never readable by more than `mode` says. Root writes for whom the folder belongs to:
/// the daemon must be able to read it.
void write_file(const fs::path& file, const std::string& text, mode_t mode) {
  const std::string part = file.string() + ".part";
  ::unlink(part.c_str());
  const int fd = ::open(part.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0) throw std::runtime_error("cannot write " + part + ": " + std::strerror(errno));
  struct stat folder {};
  if (::geteuid() == 0 && ::stat(file.parent_path().c_str(), &folder) == 0 &&
      ::fchown(fd, folder.st_uid, folder.st_gid) != 0)
    std::fprintf(stderr, "grfctl: %s stays root's: %s\n", file.c_str(), std::strerror(errno));
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (written && ::rename(part.c_str(), file.c_str()) == 0) return;
  const int why = written ? errno : error;
  ::unlink(part.c_str());  // it may hold a secret
  throw std::runtime_error("cannot write " + file.string() + ": " + std::strerror(why));
}

std::string certificate(const std::string& comment, const std::string& name, const KeyFile& pair) {
  std::string text = "# " + comment + "\nmetadata\n    name = \"" + name + "\"\n";
  if (!pair.rights.empty()) text += "    rights = \"" + pair.rights + "\"\n";
  text += "curve\n    public-key = \"" + pair.public_key + "\"\n";
  if (!pair.secret_key.empty()) text += "    secret-key = \"" + pair.secret_key + "\"\n";
  return text;
}

int create(const fs::path& folder, const std::string& name, bool json) {
  check_name(name);
  std::error_code error;
  if (!fs::exists(folder, error)) {
    fs::create_directories(folder, error);
    if (!error) fs::permissions(folder, fs::perms::owner_all, error);
    if (error) throw std::runtime_error("cannot make the folder " + folder.string() + ": " + error.message());
  }
  const fs::path secret = folder / (name + ".key"), open = folder / (name + ".pub");
  if (fs::exists(secret, error))
    throw std::runtime_error(secret.string() + " is there already; who uses it would be locked out. Delete it first");
  std::array<char, 41> public_key{}, secret_key{};
  do {  // until it can be an argument: a key that begins with - would look like an option
    if (zmq_curve_keypair(public_key.data(), secret_key.data()) != 0)
      throw std::runtime_error("this libzmq cannot make keys: it was built without CURVE");
  } while (public_key[0] == '-');
  KeyFile pair{public_key.data(), secret_key.data(), ""};
  write_file(secret, certificate("Secret key of grfd: who has it is " + name, name, pair), 0600);
  pair.secret_key.clear();
  write_file(open, certificate("Public key of grfd, no secret", name, pair), 0644);
  if (json)
    std::cout << Json{{"name", name},
                      {"key", secret.string()},
                      {"public_key_file", open.string()},
                      {"public_key", pair.public_key}}
              << "\n";
  else
    std::printf("%s\n%s (secret), %s\n", pair.public_key.c_str(), secret.c_str(), open.c_str());
  return 0;
}

/// NAME.pub, or what is allowed already: other rights are given without the key at hand.
fs::path known_key(const fs::path& folder, const std::string& name) {
  std::error_code error;
  const fs::path made = folder / (name + ".pub"), allowed = folder / (name + ".allowed");
  return !fs::exists(made, error) && fs::exists(allowed, error) ? allowed : made;
}

/// @param given a public key, a file that holds one, or empty: the one of that name in the folder
int allow(const fs::path& folder, const std::string& name, const std::string& given, const KeyOptions& options) {
  if (given.empty() && grfd::is_key(name))
    throw boost::program_options::error("a key needs a name: key allow NAME 'PUBLICKEY'");
  check_name(name);
  if (name == "server") throw std::runtime_error("\"server\" is the daemon's own key; a client needs another one");
  KeyFile pair;
  if (grfd::is_key(given))
    pair.public_key = given;
  else
    pair.public_key = grfd::read_key_file(given.empty() ? known_key(folder, name) : fs::path(given)).public_key;
  pair.rights = !options.control ? "feed" : options.feed ? "feed control" : "control";
  std::vector<std::string> wrong;
  const auto allowed = grfd::read_allowed_keys(folder, wrong);
  std::error_code missing;
  if (!fs::is_directory(folder, missing))
    throw std::runtime_error(folder.string() + " is no folder; grfctl key create server makes it");
  for (const std::string& line : wrong) std::fprintf(stderr, "grfctl: %s\n", line.c_str());
  const auto other = allowed.find(pair.public_key);
  if (other != allowed.end() && other->second.name != name)
    throw std::runtime_error("this key is allowed as " + other->second.name + " already");
  write_file(folder / (name + ".allowed"), certificate("A client that the daemon lets in", name, pair), 0644);
  if (options.json)
    std::cout << Json{{"name", name}, {"rights", pair.rights}, {"public_key", pair.public_key}} << "\n";
  else
    std::printf("%s may use: %s\n", name.c_str(), pair.rights.c_str());
  return 0;
}

int forget(const fs::path& folder, const std::string& name, bool json) {
  check_name(name);
  const bool gone = ::unlink((folder / (name + ".allowed")).c_str()) == 0;
  if (!gone && errno != ENOENT)
    throw std::runtime_error("cannot remove " + (folder / (name + ".allowed")).string() + ": " + std::strerror(errno));
  if (!gone) throw std::runtime_error(folder.string() + " allows no " + name);
  if (json)
    std::cout << Json{{"forgotten", name}} << "\n";
  else
    std::printf("%s is not let in any more; what is open ends within a second\n", name.c_str());
  return 0;
}

/// As the daemon reads it.
int list(const fs::path& folder, bool json) {
  std::error_code error;
  Json server = nullptr, clients = Json::array();
  std::vector<std::string> wrong;
  if (!fs::is_directory(folder, error))
    throw std::runtime_error(folder.string() + " is no folder; grfctl key create server makes it");
  if (fs::exists(folder / "server.key", error)) try {
      server = grfd::read_server_key(folder).public_key;
    } catch (const std::exception& e) { wrong.emplace_back(e.what()); }
  for (const auto& [key, allowed] : grfd::read_allowed_keys(folder, wrong))
    clients.push_back({{"name", allowed.name}, {"rights", allowed.rights()}, {"public_key", key}});
  std::sort(clients.begin(), clients.end(), [](const Json& a, const Json& b) { return a["name"] < b["name"]; });
  wrong.erase(std::unique(wrong.begin(), wrong.end()), wrong.end());
  for (const std::string& line : wrong) std::fprintf(stderr, "grfctl: %s\n", line.c_str());
  if (json) {
    std::cout << Json{{"folder", folder.string()}, {"server", server}, {"clients", clients}} << "\n";
  } else {
    if (server.is_null())
      std::printf("no server key that the daemon would take: grfctl key create server\n");
    else
      std::printf("%-16s %-14s %s\n", "server", "", server.get_ref<const std::string&>().c_str());
    for (const Json& c : clients)
      std::printf("%-16s %-14s %s\n", c.value("name", "").c_str(), c.value("rights", "").c_str(),
                  c.value("public_key", "").c_str());
    if (clients.empty()) std::printf("nobody is allowed: grfctl key allow NAME\n");
  }
  return wrong.empty() ? 0 : 1;
}

}  // namespace

int key_command(const std::vector<std::string>& words, const KeyOptions& options) {
  const std::string verb = words.size() > 1 ? words[1] : "", name = words.size() > 2 ? words[2] : "";
  const fs::path folder(options.folder);
  if (verb == "create" && words.size() == 3) return create(folder, name, options.json);
  if (verb == "allow" && (words.size() == 3 || words.size() == 4))
    return allow(folder, name, words.size() == 4 ? words[3] : "", options);
  if (verb == "forget" && words.size() == 3) return forget(folder, name, options.json);
  if (verb == "list" && words.size() == 2) return list(folder, options.json);
  throw boost::program_options::error(
      "right is: grfctl key create NAME, grfctl key allow NAME [KEY|FILE] [--feed] [--control], grfctl key list, or "
      "grfctl "
      "key forget NAME");
}
