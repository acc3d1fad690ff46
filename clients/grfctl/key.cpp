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

#include "clients/keys.hpp"

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;
namespace keys = grfd::keys;

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
  if (!written || ::rename(part.c_str(), file.c_str()) != 0)
    throw std::runtime_error("cannot write " + file.string() + ": " + std::strerror(written ? errno : error));
}

std::string certificate(const std::string& comment, const std::string& name, const keys::KeyPair& pair) {
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
    fs::create_directories(folder);
    fs::permissions(folder, fs::perms::owner_all);
  }
  const fs::path secret = folder / (name + ".key"), open = folder / (name + ".pub");
  if (fs::exists(secret, error))
    throw std::runtime_error(secret.string() + " is there already; who uses it would be locked out. Delete it first");
  std::array<char, 41> public_key{}, secret_key{};
  do {  // until it can be an argument: a key that begins with - would look like an option
    if (zmq_curve_keypair(public_key.data(), secret_key.data()) != 0)
      throw std::runtime_error("this libzmq cannot make keys: it was built without CURVE");
  } while (public_key[0] == '-');
  keys::KeyPair pair{public_key.data(), secret_key.data(), ""};
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

/// @param given a public key, a file that holds one, or empty: NAME.pub of the folder
int allow(const fs::path& folder, const std::string& name, const std::string& given, const KeyOptions& options) {
  if (given.empty() && keys::is_key(name))
    throw boost::program_options::error("a key needs a name: key allow NAME 'PUBLICKEY'");
  check_name(name);
  if (name == "server") throw std::runtime_error("\"server\" is the daemon's own key; a client needs another one");
  keys::KeyPair pair;
  if (keys::is_key(given))
    pair.public_key = given;
  else
    pair.public_key = keys::read_key_file(given.empty() ? folder / (name + ".pub") : fs::path(given)).public_key;
  pair.rights = !options.control ? "feed" : options.feed ? "feed control" : "control";
  for (const auto& at : fs::directory_iterator(folder))
    if (at.path().extension() == ".allowed" && at.path().stem() != name &&
        keys::read_key_file(at.path()).public_key == pair.public_key)
      throw std::runtime_error("this key is allowed as " + at.path().stem().string() + " already");
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
    std::printf("%s is not let in any more; a feed that is open stays so until it is connected anew\n", name.c_str());
  return 0;
}

int list(const fs::path& folder, bool json) {
  std::error_code error;
  Json server = nullptr, clients = Json::array();
  int wrong = 0;
  std::vector<fs::path> files;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    files.push_back(at->path());
  if (error) throw std::runtime_error(folder.string() + " cannot be read: " + error.message());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const bool own = file.filename() == "server.key";
    if (!own && file.extension() != ".allowed") continue;
    try {
      const keys::KeyPair pair = keys::read_key_file(file);
      if (own)
        server = pair.public_key;
      else
        clients.push_back({{"name", file.stem().string()}, {"rights", pair.rights}, {"public_key", pair.public_key}});
    } catch (const std::exception& e) {
      std::fprintf(stderr, "grfctl: %s\n", e.what());
      ++wrong;
    }
  }
  if (json) {
    std::cout << Json{{"folder", folder.string()}, {"server", server}, {"clients", clients}} << "\n";
  } else {
    if (server.is_null())
      std::printf("no server key: grfctl key create server\n");
    else
      std::printf("%-16s %-14s %s\n", "server", "", server.get_ref<const std::string&>().c_str());
    for (const Json& c : clients)
      std::printf("%-16s %-14s %s\n", c.value("name", "").c_str(), c.value("rights", "").c_str(),
                  c.value("public_key", "").c_str());
    if (clients.empty()) std::printf("nobody is allowed: grfctl key allow NAME\n");
  }
  return wrong ? 1 : 0;
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
      "key create NAME, key allow NAME [KEY|FILE] [--feed] [--control], key list, or key forget NAME");
}
