// A link that writes down everything that passes through it.
#pragma once
#include <vector>

#include "drivers/capture.hpp"
#include "drivers/emulation/emulated_link.hpp"

namespace grfd {

/// Takes what a CapturingLink saw. Neither call may block, lock, allocate or do I/O; what cannot be kept is counted.
struct CaptureOutlet {
  /// What the link's event thread saw. @param t of its arrival
  virtual void streamed(CaptureKind kind, TimeNs t, CaptureView payload) noexcept = 0;
  /// What the devices thread did, also while the event thread is in `streamed`.
  virtual void said(CaptureKind kind, TimeNs t, CaptureView payload) noexcept = 0;

 protected:
  ~CaptureOutlet() = default;
};

/// Passes everything on unchanged. Both ends and the clock outlive it.
class CapturingLink final : public Link, private Link::Receiver {
 public:
  CapturingLink(Link& inner, CaptureOutlet& outlet, const LabClock& clock);
  /// Devices thread, before the driver is asked to do this.
  void mark(CaptureVerb verb, TimeNs now) noexcept;

  const LinkInfo& info() const override { return inner_.info(); }
  void claim(std::span<const int> interfaces) override;
  std::size_t control(std::uint8_t request_type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
                      std::span<std::byte> data, int timeout_ms) override;
  void write(std::uint8_t endpoint, std::span<const std::byte> data, int timeout_ms) override;
  std::size_t read(std::uint8_t endpoint, std::span<std::byte> data, int timeout_ms) override;
  void start_stream(std::uint8_t endpoint, std::size_t bytes, int transfers) override;
  void stop_stream(std::uint8_t endpoint, int drain_ms) noexcept override;
  void set_receiver(Link::Receiver* receiver) override;

 private:
  void bytes(std::span<const std::byte> data, TimeNs arrival) noexcept override;
  void lost(const char* why) noexcept override;
  void damaged(const char* why) noexcept override;
  template <class Call>
  std::size_t noted(CaptureCall& call, std::span<const std::byte> data, bool comes, Call work);

  Link& inner_;
  CaptureOutlet& outlet_;
  const LabClock& clock_;
  Link::Receiver* target_ = nullptr;  // set only while the inner link has none
};

}  // namespace grfd
