#include "clients/monitor/pairing.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "clients/monitor/secret.hpp"

namespace grfd::monitor {
namespace {
using Json = nlohmann::ordered_json;

std::string id_of(const std::string& digest_of_token) { return digest_of_token.substr(0, 8); }

template <class Entries>
void make_room(Entries& entries, std::size_t limit) {
  while (entries.size() >= limit)
    entries.erase(std::min_element(entries.begin(), entries.end(),
                                   [](const auto& a, const auto& b) { return a.second.since_s < b.second.since_s; }));
}
}  // namespace

void write_private(const std::filesystem::path& path, const std::string& text) {
  const std::string part = path.string() + ".part";
  ::unlink(part.c_str());
  const int fd = ::open(part.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) throw std::runtime_error("cannot write " + part + ": " + std::strerror(errno));
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  const bool good = done == text.size() && ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!good || ::rename(part.c_str(), path.c_str()) != 0)
    throw std::runtime_error("cannot write " + path.string() + ": " + std::strerror(good ? errno : error));
}

Pairing::Pairing(std::filesystem::path folder) : file_(std::move(folder) / "paired.json") {
  std::filesystem::create_directories(file_.parent_path());
  ::chmod(file_.parent_path().c_str(), 0700);
  std::ifstream in(file_);
  if (!in) return;
  try {
    const Json all = Json::parse(in);
    for (const Json& one : all.at("paired"))
      tokens_[one.at("digest").get<std::string>()] = {one.at("control").get<bool>(),
                                                      one.at("since_s").get<std::int64_t>()};
  } catch (const Json::exception& e) {
    throw std::runtime_error(file_.string() + " is not what grfmon writes (" + e.what() +
                             "); delete it to forget all paired pages");
  }
}

std::string Pairing::invite(bool control, std::int64_t now_s) {
  make_room(invitations_, kInvitations);
  const std::string secret = new_secret();
  invitations_[digest(secret)] = {control, now_s};
  return secret;
}

std::optional<Pairing::Paired> Pairing::redeem(std::string_view secret, std::int64_t now_s) {
  const auto found = invitations_.find(digest(secret));
  if (found == invitations_.end()) return ++refused_, std::nullopt;
  const Entry invitation = found->second;
  invitations_.erase(found);
  if (now_s - invitation.since_s > kInvitation_s) return ++refused_, std::nullopt;
  make_room(tokens_, kTokens);
  Paired paired{new_secret(), {true, invitation.control, {}}};
  const std::string key = digest(paired.token);
  paired.grant.id = id_of(key);
  tokens_[key] = {invitation.control, now_s};
  save();
  return paired;
}

Grant Pairing::grant(std::string_view token, std::int64_t now_s) const {
  if (token.empty()) return {};
  const auto found = tokens_.find(digest(token));
  if (found == tokens_.end() || now_s - found->second.since_s > kToken_s) return ++refused_, Grant{};
  return {true, found->second.control, id_of(found->first)};
}

bool Pairing::holds(const std::string& id, std::int64_t now_s) const {
  return std::any_of(tokens_.begin(), tokens_.end(),
                     [&](const auto& t) { return id_of(t.first) == id && now_s - t.second.since_s <= kToken_s; });
}

Json Pairing::list(std::int64_t now_s) const {
  Json out = Json::array();
  for (const auto& [key, entry] : tokens_)
    if (now_s - entry.since_s <= kToken_s)
      out.push_back({{"id", id_of(key)}, {"control", entry.control}, {"since_s", entry.since_s}});
  return out;
}

int Pairing::forget(const std::string& id) {
  const auto count = std::erase_if(tokens_, [&](const auto& entry) { return id == "all" || id_of(entry.first) == id; });
  if (count > 0) save();
  return static_cast<int>(count);
}

void Pairing::save() const {
  Json all{{"paired", Json::array()}};
  for (const auto& [key, entry] : tokens_)
    all["paired"].push_back({{"digest", key}, {"control", entry.control}, {"since_s", entry.since_s}});
  write_private(file_, all.dump(1) + "\n");
}

}  // namespace grfd::monitor
