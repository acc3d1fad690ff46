// A file descriptor that closes itself, and the few durable operations on directories.
#pragma once
#include <string>
#include <utility>

namespace grfd {

class File {
 public:
  File() = default;
  explicit File(int fd) noexcept : fd_(fd) {}
  /// @throws std::system_error with the path in its text.
  File(const std::string& path, int flags, unsigned mode = 0644);
  ~File() { close(); }
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int fd() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  void close() noexcept;

 private:
  int fd_ = -1;
};

/// @throws std::system_error "cannot <what> '<path>'" with the current errno.
[[noreturn]] void throw_errno(const std::string& what, const std::string& path);
/// Makes creations, renames and removals in the folder of `path` durable. @throws std::system_error
void sync_folder_of(const std::string& path);
/// @throws std::system_error
void sync_file(const std::string& path);
/// @return false when the target exists; it is never replaced. @throws std::system_error
bool rename_without_replacing(const std::string& from, const std::string& to);
/// "x", "x_2", "x_3", ... for i = 1, 2, 3, ...: how a taken name is avoided.
std::string numbered(const std::string& base, int i);
/// Is this open file still the one at `path`? Not when it was deleted, moved or covered by another mount.
bool still_at(int fd, const std::string& path) noexcept;
/// @throws std::system_error
bool same_content(const std::string& a, const std::string& b);

}  // namespace grfd
