#include "daemon/file.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

namespace grfd {

void throw_errno(const std::string& what, const std::string& path) {
  throw std::system_error(errno, std::generic_category(), "cannot " + what + " '" + path + "'");
}

File::File(const std::string& path, int flags, unsigned mode) : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {
  if (fd_ < 0) throw_errno((flags & O_CREAT) ? "create" : "open", path);
}

void File::close() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void sync_folder_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path().string();
  const std::string folder = parent.empty() ? "." : parent;
  const File f(folder, O_RDONLY | O_DIRECTORY);
  // Some file systems cannot sync a folder and say EINVAL; there is then nothing to wait for.
  if (::fsync(f.fd()) != 0 && errno != EINVAL) throw_errno("sync", folder);
}

void sync_file(const std::string& path) {
  const File f(path, O_RDONLY);
  if (::fsync(f.fd()) != 0) throw_errno("sync", path);
}

bool rename_without_replacing(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  if (errno != EINVAL && errno != ENOSYS) throw_errno("rename", from);
  struct stat st;
  if (::stat(to.c_str(), &st) == 0) return false;
  if (::rename(from.c_str(), to.c_str()) != 0) throw_errno("rename", from);
  return true;
}

std::string numbered(const std::string& base, int i) {
  std::string name = base;
  if (i > 1) name.append(1, '_').append(std::to_string(i));
  return name;
}

bool still_at(int fd, const std::string& path) noexcept {
  struct stat opened, named;
  return ::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_nlink > 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

bool same_content(const std::string& a, const std::string& b) {
  const File fa(a, O_RDONLY), fb(b, O_RDONLY);
  struct stat sa, sb;
  if (::fstat(fa.fd(), &sa) != 0) throw_errno("examine", a);
  if (::fstat(fb.fd(), &sb) != 0) throw_errno("examine", b);
  if (sa.st_size != sb.st_size) return false;
  std::vector<char> ba(1 << 18), bb(1 << 18);
  for (off_t at = 0; at < sa.st_size;) {
    const ssize_t na = ::pread(fa.fd(), ba.data(), ba.size(), at);
    if (na <= 0) throw_errno("read", a);
    for (ssize_t have = 0; have < na;) {
      const ssize_t nb = ::pread(fb.fd(), bb.data(), static_cast<std::size_t>(na - have), at + have);
      if (nb <= 0) throw_errno("read", b);
      if (std::memcmp(ba.data() + have, bb.data(), static_cast<std::size_t>(nb)) != 0) return false;
      have += nb;
    }
    at += na;
  }
  return true;
}

}  // namespace grfd
