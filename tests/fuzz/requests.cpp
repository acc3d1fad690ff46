// What other programs may send: control requests, commands in the pipeline, sessions of journals, USB/IP messages, USB
// descriptors. Input: kind, bytes.
#include "daemon/control.hpp"
#include "daemon/session_json.hpp"
#include "drivers/cdc_acm.hpp"
#include "dsp/command_text.hpp"
#include "schemas/sample_batch.hpp"
#include "tests/fuzz/fuzz.hpp"
#if __has_include("drivers/emulation/usbip_protocol.hpp")
#include "drivers/emulation/usbip_protocol.hpp"
#define FUZZ_USBIP 1
#else
#define FUZZ_USBIP 0
#endif

using namespace fuzz;

namespace {

void command(std::string_view text) {
  static CommandText joined;  // as in the pipeline: it remembers the command before
  FixedBatch<256> parts;
  push_text(parts, Sample{}, text);
  bool whole = false;
  for (const Sample& s : parts.samples()) {
    FUZZ_REQUIRE(!whole);
    whole = joined.add(s);
  }
  FUZZ_REQUIRE(whole);
  FUZZ_REQUIRE(joined.verb().size() <= joined.all().size());
  FUZZ_REQUIRE(joined.id() >= 0);
  // Keys as the pipeline uses them, none, and whatever the text itself begins with.
  for (const std::string_view key :
       {std::string_view("plate"), std::string_view("seconds"), std::string_view(), text.substr(0, 3)}) {
    for (const char* word : {"all", "left", ""}) joined.says(key, word);
    const std::string_view found = joined.string(key);
    FUZZ_REQUIRE(found.empty() || joined.all().find(found) != std::string_view::npos);
    const auto number = joined.number(key);
    if (key.empty()) FUZZ_REQUIRE(found.empty() && !number);
  }
}

#if FUZZ_USBIP
void usbip_messages(std::span<const std::byte> bytes) {
  std::array<std::byte, usbip::kHeader> header{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), header.size()), header.begin());
  const std::span<const std::byte, usbip::kHeader> all(header);
  try {
    const usbip::Command c = usbip::read_command(all);
    FUZZ_REQUIRE(c.endpoint <= 15 && c.length <= usbip::kLongestTransfer && c.payload() <= c.length);
    usbip::Bytes out;
    usbip::write_submitted(out, c, usbip::kOk,
                           c.in ? bytes.first(std::min<std::size_t>(bytes.size(), c.length)) : bytes.first(0),
                           c.payload());
    FUZZ_REQUIRE(out.size() >= usbip::kHeader);
  } catch (const usbip::ProtocolError&) {}
  try {
    usbip::read_operation(all.first<usbip::kOperation>());
  } catch (const usbip::ProtocolError&) {}
  try {
    FUZZ_REQUIRE(usbip::read_bus_id(all.first<usbip::kBusId>()).size() < usbip::kBusId);
  } catch (const usbip::ProtocolError&) {}
}
#endif

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const std::uint8_t kind = in.byte();
  const auto rest = in.rest();
  const std::string_view text(reinterpret_cast<const char*>(rest.data()), rest.size());
  switch (kind % 5) {
    case 0:
      try {
        const auto request = Control::parse(text);
        FUZZ_REQUIRE(request["command"].is_string());
      } catch (const Refusal& e) { FUZZ_REQUIRE(std::string(e.what()).size() > 10); }
      break;
    case 1:
      command(text);
      break;
    case 2:
      try {
        session_from_json(text);
      } catch (const std::runtime_error&) {}
      break;
    case 3:
      try {
        const CdcAcm port = find_cdc_acm({data + 1, size > 0 ? size - 1 : 0});
        FUZZ_REQUIRE((port.in & 0x80) && !(port.out & 0x80) && port.max_packet > 0);
      } catch (const DeviceError&) {}
      break;
    case 4:
#if FUZZ_USBIP
      usbip_messages(rest);
#endif
      break;
  }
  return 0;
}
