// The append-only journal: the only file that is written while a trial runs. Layout: schemas/recording.md.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/background_sync.hpp"
#include "daemon/file.hpp"

namespace grfd {

enum class BlockKind : std::uint32_t { session = 1, state = 2, samples = 3, anchor = 4, loss = 5, end = 6 };

/// Little endian. `crc` is CRC-32C of everything behind it: the rest of the header and the payload.
struct BlockHeader {
  std::uint32_t magic = kMagic, crc = 0, kind = 0, length = 0;  ///< length of the payload
  std::uint64_t counter = 0;                                    ///< 0, 1, 2, ... : a hole is a lost block
  static constexpr std::uint32_t kMagic = 0x314a5247;           // "GRJ1"
  static constexpr std::uint32_t kLongest = 64u << 20;          ///< a longer block is taken for damage
};
static_assert(sizeof(BlockHeader) == 24);

/// Appends whole blocks. A block is in the file or it is not: after a failed or short write the file is cut back to
/// its last good block and can be written again. Used by one thread.
class JournalWriter {
 public:
  /// Creates `path`, which must not exist, and locks it against finalising.
  /// @throws std::system_error
  explicit JournalWriter(std::string path);
  ~JournalWriter();
  JournalWriter(JournalWriter&&) noexcept = default;

  /// @return 0, or errno of the write; the block is then not in the file.
  int append(BlockKind kind, std::span<const std::byte> payload) noexcept;
  int append(BlockKind kind, const std::string& text) noexcept { return append(kind, std::as_bytes(std::span(text))); }
  /// What is in the file becomes durable, on another thread. @return errno of an earlier request that failed, else 0
  int request_sync() noexcept;
  /// Was the file still at its path at the last sync? Else what is written to it can be found by nobody.
  bool in_place() const noexcept { return !sync_ || sync_->in_place(); }
  /// The same, looked at now.
  bool in_place_now() const noexcept { return still_at(file_.fd(), path_); }
  /// Gives reserved space back and waits for a sync under way; further calls do nothing.
  void close() noexcept;

  const std::string& path() const { return path_; }
  std::uint64_t bytes() const { return good_; }
  std::uint64_t blocks() const { return counter_; }

 private:
  void reserve(std::uint64_t end) noexcept;
  std::string path_;
  File file_;
  std::vector<std::byte> scratch_;
  std::uint64_t good_ = 0, reserved_ = 0, counter_ = 0;
  std::unique_ptr<BackgroundSync> sync_;  // after file_, which it uses
};

struct JournalTail {
  std::uint64_t dropped_bytes = 0;   ///< behind the last whole block
  std::uint64_t skipped_bytes = 0;   ///< damaged, in the middle
  std::uint64_t missing_blocks = 0;  ///< holes in the counter
};

/// Walks over whole blocks in order. A damaged place is skipped when a later block is whole.
class JournalReader {
 public:
  /// @throws std::system_error when it cannot be opened.
  explicit JournalReader(const std::string& path);
  struct Block {
    BlockKind kind;
    std::uint64_t counter;
    std::span<const std::byte> payload;  ///< valid until the next call
    std::string_view text() const { return {reinterpret_cast<const char*>(payload.data()), payload.size()}; }
  };
  /// @return nothing at the end. @throws std::system_error on a read error.
  std::optional<Block> next();
  void rewind();
  /// Complete once `next` has returned nothing.
  const JournalTail& tail() const { return tail_; }
  std::uint64_t size() const { return size_; }
  int fd() const { return file_.fd(); }

 private:
  bool load(std::uint64_t at, BlockHeader& header);
  std::optional<std::uint64_t> find_block(std::uint64_t from, BlockHeader& header);
  File file_;
  std::uint64_t size_ = 0, at_ = 0, expected_ = 0, effort_ = 0;
  std::vector<std::byte> payload_;
  JournalTail tail_;
};

}  // namespace grfd
