// USB/IP on the wire: the bytes of the protocol's own documentation (Linux, Documentation/usb/usbip_protocol.rst).
#include "tests/drivers/usbip_rig.hpp"

BOOST_AUTO_TEST_SUITE(usbip_protocol)

using namespace grfd;
using namespace grfd::usbip_test;
using usbip::Command;
using usbip::ProtocolError;

namespace {

// The documentation's example: one interrupt IN and one interrupt OUT transfer of 64 bytes, and their answers.
const char* const kCmdIn =
    "00000001 00000d05 0001000f 00000001 00000001 00000200 00000040 ffffffff 00000000 00000004 00000000 00000000";
const char* const kCmdOut =
    "00000001 00000d06 0001000f 00000000 00000001 00000000 00000040 ffffffff 00000000 00000004 00000000 00000000";
const char* const kRetOut =
    "00000003 00000d06 00000000 00000000 00000000 00000000 00000040 ffffffff 00000000 00000000 00000000 00000000";
const char* const kRetIn =
    "00000003 00000d05 00000000 00000000 00000000 00000000 00000040 ffffffff 00000000 00000000 00000000 00000000";
const char* const kRead =
    "ffffffff860011a784ce5ae2123763612891b10201000004000000000000000000000000000000000000000000000000000000000000000000"
    "00000000000000";

Command command(const Bytes& b) { return usbip::read_command(std::span(b).first<48>()); }

usbip::Operation operation(const Bytes& b) { return usbip::read_operation(std::span(b).first<8>()); }
std::string bus_id(const Bytes& b) { return usbip::read_bus_id(std::span(b).first<32>()); }

std::string refusal(const Bytes& b) {
  try {
    command(b);
  } catch (const ProtocolError& e) { return e.what(); }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_documents_submits_are_read) {
  const Command in = command(unhex(kCmdIn)), out = command(unhex(kCmdOut));
  BOOST_TEST((in.kind == Command::Kind::submit));
  BOOST_TEST(in.seq == 0xd05u);
  BOOST_TEST(in.device_id == 0x1000fu);
  BOOST_TEST(in.in);
  BOOST_TEST(in.address() == 0x81);
  BOOST_TEST(in.length == 64u);
  BOOST_TEST(in.payload() == 0u);
  BOOST_TEST(out.seq == 0xd06u);
  BOOST_TEST(!out.in);
  BOOST_TEST(out.address() == 0x01);
  BOOST_TEST(out.payload() == 64u);
}

BOOST_AUTO_TEST_CASE(the_documents_answers_are_written) {
  Bytes out;
  usbip::write_submitted(out, command(unhex(kCmdOut)), 0, {}, 64);
  BOOST_TEST(hex(out) == hex(unhex(kRetOut)));
  out.clear();
  const Bytes data = unhex(kRead);
  usbip::write_submitted(out, command(unhex(kCmdIn)), 0, data, data.size());
  BOOST_TEST(hex(out) == hex(unhex(std::string(kRetIn) + kRead)));
}

BOOST_AUTO_TEST_CASE(unlink_both_ways) {
  const Command c = command(unlink(0xd07, 0xd05));
  BOOST_TEST((c.kind == Command::Kind::unlink));
  BOOST_TEST(c.seq == 0xd07u);
  BOOST_TEST(c.victim == 0xd05u);
  BOOST_TEST(c.payload() == 0u);
  Bytes out;
  usbip::write_unlinked(out, 0xd07, -104);  // -ECONNRESET
  BOOST_TEST(hex(out) == hex(unhex("00000004 00000d07 00000000 00000000 00000000 ffffff98 00000000 00000000 00000000 "
                                   "00000000 00000000 00000000")));
}

BOOST_AUTO_TEST_CASE(list_and_import_have_every_field_in_its_place) {
  Ticker ticker;
  const usbip::Exported e = usbip::describe(ticker, 3);
  Bytes list, import, none;
  usbip::write_device_list(list, std::array{e, e});
  usbip::write_import(import, &e);
  usbip::write_import(none, nullptr);
  usbip::write_device_list(none, {});
  BOOST_TEST(hex(none) ==
             "0111000300000001"
             "011100050000000000000000");
  BOOST_TEST(list.size() == 12u + 2 * (312u + 2 * 4u));
  BOOST_TEST(import.size() == 320u);
  BOOST_TEST(hex(View(list).first(12)) == "011100050000000000000002");
  BOOST_TEST(hex(View(import).first(8)) == "0111000300000000");
  for (const View d : {View(list).subspan(0x0c, 312), View(list).subspan(0x0c + 320, 312), View(import).subspan(8)}) {
    BOOST_TEST(std::string(reinterpret_cast<const char*>(d.data())).substr(0, 5) == "/sys/");
    BOOST_TEST(hex(d.subspan(255, 1)) == "00");
    BOOST_TEST(std::string(reinterpret_cast<const char*>(d.data() + 0x100)) == "1-3");
    // busnum 1, devnum 4, speed 2 (full), ids and release, class 2/0/0, configuration 1 of 1, two interfaces
    BOOST_TEST(hex(d.subspan(0x120)) ==
               "000000010000000400000002"
               "120900010234"
               "020000"
               "01"
               "01"
               "02");
  }
  BOOST_TEST(hex(View(list).subspan(0x144, 8)) == "020201000a000000");  // interface classes, one byte of padding each
  BOOST_TEST((operation(unhex("0111800500000000")) == usbip::Operation::device_list));
  BOOST_TEST((operation(unhex("0111800300000000")) == usbip::Operation::import));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named) {
  const auto changed = [](std::size_t at, const char* with) {
    Bytes b = unhex(kCmdIn);
    const Bytes w = unhex(with);
    std::copy(w.begin(), w.end(), b.begin() + static_cast<std::ptrdiff_t>(at));
    return b;
  };
  BOOST_TEST(refusal(changed(0, "00000005")).find("command is 0x5") != std::string::npos);
  BOOST_TEST(refusal(changed(12, "00000002")).find("direction is 0x2") != std::string::npos);
  BOOST_TEST(refusal(changed(16, "00000010")).find("endpoint is 0x10") != std::string::npos);
  BOOST_TEST(refusal(changed(24, "00100001")).find("length of a transfer is 0x100001") != std::string::npos);
  BOOST_TEST(refusal(changed(24, "ffffffff")).find("length of a transfer is 0xffffffff") != std::string::npos);
  BOOST_TEST(refusal(changed(32, "00000008")).find("isochronous packets is 0x8") != std::string::npos);
  BOOST_TEST(refusal(changed(24, "00100000")) == "");
  BOOST_TEST(refusal(changed(32, "ffffffff")) == "");
  BOOST_CHECK_THROW(operation(unhex("0106800500000000")), ProtocolError);
  BOOST_CHECK_THROW(operation(unhex("0111000500000000")), ProtocolError);
  BOOST_CHECK_THROW(bus_id(Bytes(32, std::byte{'a'})), ProtocolError);
  BOOST_CHECK_THROW(bus_id(Bytes(32)), ProtocolError);
}

BOOST_AUTO_TEST_CASE(broken_descriptors_are_refused) {
  for (std::size_t cut : {3u, 12u, 20u, 45u}) {
    Ticker ticker;
    ticker.information.configuration.resize(cut);
    BOOST_CHECK_THROW(usbip::describe(ticker, 1), std::invalid_argument);
  }
  Ticker fast;
  fast.information.configuration[fast.information.configuration.size() - 3] = 0;
  fast.information.configuration[fast.information.configuration.size() - 2] = 2;  // wMaxPacketSize 512
  BOOST_TEST(usbip::describe(fast, 1).speed == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
