// A link whose other end is a capture: it answers as the device did and gives the streamed bytes at their times.
#pragma once
#include <limits>
#include <memory>
#include <set>
#include <string>

#include "drivers/capture.hpp"

namespace grfd {

/// A capture file in memory.
class Capture {
 public:
  /// @throws CaptureError, also when it cannot be read or holds no session
  explicit Capture(const std::string& path);
  /// @param name for errors
  Capture(CaptureBytes bytes, std::string name);
  Capture(Capture&&) = default;

  const std::string& name() const { return name_; }
  const CaptureSession& session() const { return session_; }                      ///< the first one
  const std::vector<CaptureRecord>& records() const { return content_.records; }  ///< of the first session
  std::uint64_t good_bytes() const { return content_.good_bytes; }
  std::uint64_t cut_bytes() const { return content_.cut_bytes; }
  bool closed() const { return closed_; }                ///< false: it was cut off
  std::size_t later_sessions() const { return later_; }  ///< sessions behind the first, which are not in `records`

 private:
  void examine();
  CaptureBytes bytes_;
  std::string name_;
  CaptureContent content_;
  CaptureSession session_;
  bool closed_ = false;
  std::size_t later_ = 0;
};

/// Plays the records of a capture in their order. Whoever owns it calls `next` and `step`, in virtual time, and does
/// with the driver what `step` says. What the driver then asks is answered from the capture; streamed bytes that lie
/// between go to the receiver before the answer. One thread.
class ReplayLink final : public Link {
 public:
  explicit ReplayLink(const Capture& capture);  ///< the capture outlives it
  ~ReplayLink() override;

  static constexpr TimeNs kEnd = std::numeric_limits<TimeNs>::max();
  /// Lab time of the next record, never decreasing; kEnd behind the last.
  TimeNs next() const noexcept;
  /// What the driver was asked next, if the next record says that: then the owner asks it again, at `asked_at`.
  /// Everything else happens in here. @throws CaptureError when nobody asked for a call that is in the capture
  std::optional<CaptureVerb> step();
  TimeNs asked_at() const noexcept { return asked_at_; }

  /// Empty, or where the driver did something else than in the capture. What it gives from then on means nothing.
  const std::string& divergence() const noexcept { return divergence_; }
  std::uint64_t holes() const noexcept { return holes_; }          ///< records that the capture itself lost
  std::uint64_t transfers() const noexcept { return transfers_; }  ///< streamed, delivered
  std::uint64_t unheard() const noexcept { return unheard_; }      ///< streamed while the driver did not listen

  const LinkInfo& info() const override { return info_; }
  void claim(std::span<const int> interfaces) override;
  std::size_t control(std::uint8_t request_type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
                      std::span<std::byte> data, int timeout_ms) override;
  void write(std::uint8_t endpoint, std::span<const std::byte> data, int timeout_ms) override;
  std::size_t read(std::uint8_t endpoint, std::span<std::byte> data, int timeout_ms) override;
  void start_stream(std::uint8_t endpoint, std::size_t bytes, int transfers) override;
  void stop_stream(std::uint8_t endpoint, int drain_ms) noexcept override;
  void set_receiver(Receiver* receiver) override { receiver_ = receiver; }

 private:
  bool deliver(const CaptureRecord& record);
  const char* reason_in(const CaptureRecord& record);
  CaptureCall answer(CaptureKind kind);
  [[noreturn]] void diverge(const CaptureRecord& record, const std::string& what);
  void require(bool same, const CaptureCall& call, const std::string& did);

  const Capture& capture_;
  std::size_t at_ = 0;
  TimeNs now_ = std::numeric_limits<TimeNs>::min(), asked_at_ = 0;
  LinkInfo info_;
  Receiver* receiver_ = nullptr;
  std::string divergence_;
  std::set<std::string> reasons_;  // a receiver may keep what it is told
  std::uint64_t holes_ = 0, transfers_ = 0, unheard_ = 0;
};

}  // namespace grfd
