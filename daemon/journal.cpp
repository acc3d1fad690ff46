#include "daemon/journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "daemon/crc32c.hpp"

namespace grfd {
namespace {
constexpr std::uint64_t kReserveStep = 16u << 20;
constexpr std::size_t kCrcFrom = 8;  // behind magic and crc

std::uint32_t block_crc(const BlockHeader& header, std::span<const std::byte> payload) {
  const auto* p = reinterpret_cast<const std::byte*>(&header);
  return crc32c(payload, crc32c({p + kCrcFrom, sizeof header - kCrcFrom}));
}
bool known(std::uint32_t kind) { return kind >= 1 && kind <= 6; }
}  // namespace

JournalWriter::JournalWriter(std::string path) : path_(std::move(path)), file_(path_, O_WRONLY | O_CREAT | O_EXCL) {
  if (::flock(file_.fd(), LOCK_EX | LOCK_NB) != 0) throw_errno("lock", path_);
  sync_ = std::make_unique<BackgroundSync>(file_.fd(), path_);
}

JournalWriter::~JournalWriter() { close(); }

void JournalWriter::reserve(std::uint64_t end) noexcept {
  if (end <= reserved_) return;
  // KEEP_SIZE: the reserved space never shows as a tail of zeros. Where it cannot be had, write() will say so.
  ::fallocate(file_.fd(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(good_),
              static_cast<off_t>(end - good_ + kReserveStep));
  reserved_ = end + kReserveStep;
}

int JournalWriter::append(BlockKind kind, std::span<const std::byte> payload) noexcept {
  if (!file_) return EBADF;
  if (payload.size() > BlockHeader::kLongest) return EFBIG;
  BlockHeader header;
  header.kind = static_cast<std::uint32_t>(kind);
  header.length = static_cast<std::uint32_t>(payload.size());
  header.counter = counter_;
  header.crc = block_crc(header, payload);
  scratch_.resize(sizeof header + payload.size());
  std::memcpy(scratch_.data(), &header, sizeof header);
  if (!payload.empty()) std::memcpy(scratch_.data() + sizeof header, payload.data(), payload.size());
  reserve(good_ + scratch_.size());
  for (std::size_t done = 0; done < scratch_.size();) {
    const ssize_t n =
        ::pwrite(file_.fd(), scratch_.data() + done, scratch_.size() - done, static_cast<off_t>(good_ + done));
    if (n > 0) {
      done += static_cast<std::size_t>(n);
    } else if (n == 0 || errno != EINTR) {
      const int error = n == 0 ? ENOSPC : errno;
      // Leaves at worst a torn tail, which the next block overwrites and a reader drops.
      if (::ftruncate(file_.fd(), static_cast<off_t>(good_)) == 0) reserved_ = good_;
      return error;
    }
  }
  good_ += scratch_.size();
  ++counter_;
  return 0;
}

int JournalWriter::request_sync() noexcept {
  if (!sync_) return EBADF;
  sync_->request();
  return sync_->take_error();
}

void JournalWriter::close() noexcept {
  sync_.reset();
  if (!file_) return;
  if (::ftruncate(file_.fd(), static_cast<off_t>(good_)) != 0) reserved_ = 0;  // only space, never data
  file_.close();
}

JournalReader::JournalReader(const std::string& path) : file_(path, O_RDONLY) {
  struct stat st;
  if (::fstat(file_.fd(), &st) != 0) throw_errno("examine", path);
  size_ = static_cast<std::uint64_t>(st.st_size);
}

void JournalReader::rewind() {
  at_ = expected_ = effort_ = 0;
  tail_ = {};
}

namespace {
/// @return bytes read; fewer than asked only at the end of the file.
std::size_t read_at(int fd, std::uint64_t at, void* to, std::size_t n) {
  std::size_t done = 0;
  while (done < n) {
    const ssize_t got = ::pread(fd, static_cast<char*>(to) + done, n - done, static_cast<off_t>(at + done));
    if (got == 0) break;
    if (got > 0)
      done += static_cast<std::size_t>(got);
    else if (errno != EINTR)
      throw_errno("read", "journal");
  }
  return done;
}
}  // namespace

bool JournalReader::load(std::uint64_t at, BlockHeader& header) {
  if (size_ - at < sizeof header || read_at(file_.fd(), at, &header, sizeof header) != sizeof header) return false;
  if (header.magic != BlockHeader::kMagic || !known(header.kind) || header.length > BlockHeader::kLongest ||
      header.length > size_ - at - sizeof header || header.counter < expected_)
    return false;
  payload_.resize(header.length);
  if (read_at(file_.fd(), at + sizeof header, payload_.data(), header.length) != header.length) return false;
  effort_ += header.length;
  return header.crc == block_crc(header, payload_);
}

std::optional<std::uint64_t> JournalReader::find_block(std::uint64_t from, BlockHeader& header) {
  std::vector<std::byte> window(1 << 20);
  const std::uint32_t magic = BlockHeader::kMagic;
  // A file full of false magics would cost its size squared: give up on it after some passes' worth of checking.
  const std::uint64_t limit = effort_ + 16 * size_;
  while (from + sizeof header <= size_ && effort_ <= limit) {
    const std::size_t n = read_at(file_.fd(), from, window.data(), window.size());
    if (n < sizeof header) break;
    const char* p = reinterpret_cast<const char*>(window.data());
    for (std::size_t i = 0; effort_ <= limit;) {
      const void* hit = ::memmem(p + i, n - i, &magic, sizeof magic);
      if (!hit) break;
      i = static_cast<std::size_t>(static_cast<const char*>(hit) - p);
      if (from + i + sizeof header <= size_ && load(from + i, header)) return from + i;
      ++i;
    }
    from += n - 3;  // a magic may lie across two windows
  }
  return std::nullopt;
}

std::optional<JournalReader::Block> JournalReader::next() {
  BlockHeader header;
  if (at_ >= size_) return std::nullopt;
  if (!load(at_, header)) {
    const auto found = find_block(at_ + 1, header);
    if (!found) {
      tail_.dropped_bytes = size_ - at_;
      at_ = size_;
      return std::nullopt;
    }
    tail_.skipped_bytes += *found - at_;
    at_ = *found;
  }
  tail_.missing_blocks += header.counter - expected_;
  expected_ = header.counter + 1;
  at_ += sizeof header + header.length;
  return Block{static_cast<BlockKind>(header.kind), header.counter, payload_};
}

}  // namespace grfd
