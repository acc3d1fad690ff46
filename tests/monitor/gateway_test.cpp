// The gateway against hostile browsers and slow ones.
#include <boost/test/unit_test.hpp>

#include "tests/monitor/gateway_rig.hpp"

BOOST_AUTO_TEST_SUITE(gateway)

using namespace grfd_test;
using grfd::monitor::GatewayCounters;

namespace {
std::string get(unsigned short port, const std::string& path, const std::string& more = "",
                const std::string& method = "GET", const std::string& host = "",
                const std::string& connection = "close") {
  return method + " " + path + " HTTP/1.1\r\nHost: " + (host.empty() ? "127.0.0.1:" + std::to_string(port) : host) +
         "\r\nConnection: " + connection + "\r\n" + more + "\r\n";
}
bool lives(GatewayRig& rig) {
  return Browser(rig.port).raw(get(rig.port, "/")).find("<p>page</p>") != std::string::npos;
}
std::string status(const std::string& response) { return response.substr(0, 12); }
const Json kHello{{"type", "hello"}, {"token", ""}, {"pair", ""}};
}  // namespace

BOOST_AUTO_TEST_CASE(the_page_and_its_safe_headers) {
  GatewayRig rig;
  const std::string page = Browser(rig.port).raw(get(rig.port, "/?x=1"));
  BOOST_TEST(status(page) == "HTTP/1.1 200");
  for (const char* part : {"<p>page</p>", "Content-Security-Policy: default-src 'none'", "frame-ancestors 'none'",
                           "X-Content-Type-Options: nosniff", "Cache-Control: no-store"})
    BOOST_TEST(page.find(part) != std::string::npos, part);
  const std::string head = Browser(rig.port).raw(get(rig.port, "/", "", "HEAD"));
  BOOST_TEST(head.find("Content-Length: 11") != std::string::npos);
  BOOST_TEST(head.find("<p>") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(hostile_http_changes_nothing) {
  GatewayRig rig;
  for (const char* path : {"/../../etc/passwd", "/%2e%2e/etc/passwd", "//etc/passwd", "/index.html", "/live"})
    BOOST_TEST(status(Browser(rig.port).raw(get(rig.port, path))) == "HTTP/1.1 404", path);
  BOOST_TEST(status(Browser(rig.port).raw(get(rig.port, "/", "", "POST"))) == "HTTP/1.1 405");
  BOOST_TEST(status(Browser(rig.port).raw(get(rig.port, "/", "", "GET", "evil.example"))) == "HTTP/1.1 421");
  BOOST_TEST(Browser(rig.port).raw(get(rig.port, "/", "X: " + std::string(20000, 'a') + "\r\n")).find("200") ==
             std::string::npos);
  BOOST_TEST(Browser(rig.port).raw(get(rig.port, "/", "Content-Length: 99999999999\r\n", "POST")).find("200") ==
             std::string::npos);
  std::string garbage(5000, '\0');
  for (std::size_t i = 0; i < garbage.size(); ++i) garbage[i] = static_cast<char>(i * 7919 >> 3);
  BOOST_TEST(Browser(rig.port).raw(garbage).find("200") == std::string::npos);
  std::vector<std::unique_ptr<Browser>> silent;
  for (int i = 0; i < 80; ++i) silent.push_back(std::make_unique<Browser>(rig.port));  // more than there is room for
  for (int i = 0; i < 200 && rig.inside([&] { return rig.gateway->counters().too_many_pages; }) < 16; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  silent.clear();
  bool again = false;
  for (int i = 0; i < 200 && !(again = lives(rig)); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  BOOST_TEST(again);
  rig.stop();
  BOOST_TEST(rig.gateway->counters().bad_requests >= 8u);
  BOOST_TEST(rig.gateway->counters().too_many_pages >= 16u);
}

BOOST_AUTO_TEST_CASE(another_page_may_not_open_the_socket) {
  GatewayRig rig;
  for (const char* origin : {"none", "null", "http://evil.example", "https://127.0.0.1"}) {
    const std::string line = std::string(origin) == "none" ? "" : "Origin: " + std::string(origin) + "\r\n";
    const std::string asked =
        "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" + line;
    BOOST_TEST(status(Browser(rig.port).raw(get(rig.port, "/live", asked, "GET", "", "Upgrade"))) == "HTTP/1.1 403",
               origin);
  }
  LiveSocket own(rig.port);
  BOOST_TEST(!own.error);
  rig.stop();
  BOOST_TEST(rig.gateway->counters().wrong_origin == 4u);
}

BOOST_AUTO_TEST_CASE(looking_is_free_on_loopback_commanding_needs_a_token) {
  GatewayRig rig;
  rig.announce();
  LiveSocket viewer(rig.port);
  viewer.say(kHello);
  BOOST_TEST(viewer.await("welcome")["control"] == false);
  BOOST_TEST(viewer.await("session")["dominant"] == "right");
  for (const char* command : {"zero", "start", "stop", "mark"}) {
    viewer.say(Json{{"id", 1}, {"command", command}, {"text", "x"}});
    const Json reply = viewer.await("reply");
    BOOST_TEST(reply["ok"] == false);
    BOOST_TEST(reply["error"].get<std::string>().find("may only look") != std::string::npos);
  }
  LiveSocket liar(rig.port);
  liar.say(Json{{"type", "hello"}, {"token", std::string(40, 'a')}, {"control", true}});
  BOOST_TEST(liar.await("welcome")["control"] == false);
  BOOST_TEST(rig.daemon->commands == 0);

  const std::string secret = rig.inside([&] { return rig.pairing->invite(true, grfd::monitor::utc_s()); });
  LiveSocket operator_page(rig.port);
  operator_page.say(Json{{"type", "hello"}, {"pair", secret}});
  const Json welcome = operator_page.await("welcome");
  BOOST_TEST(welcome["control"] == true);
  BOOST_TEST(welcome["token"].get<std::string>().size() == 40u);
  operator_page.say(Json{{"id", 7}, {"command", "mark"}, {"text", "heels up"}});
  const Json done = operator_page.await("reply");
  BOOST_TEST(done["id"] == 7);
  BOOST_TEST(done["ok"] == true);
  BOOST_TEST(done["result"]["event"] == "mark_done");
  LiveSocket second(rig.port);  // the link is used up; the token is not
  second.say(Json{{"type", "hello"}, {"pair", secret}});
  BOOST_TEST(second.await("welcome")["control"] == false);
  LiveSocket later(rig.port);
  later.say(Json{{"type", "hello"}, {"token", welcome["token"]}});
  BOOST_TEST(later.await("welcome")["control"] == true);
  BOOST_TEST(rig.daemon->commands == 1);
  BOOST_TEST(rig.inside([&] { return rig.pairing->forget("all"); }) == 1);
  while (!later.hear().empty()) {}  // a forgotten page is dismissed, though it is open
  BOOST_TEST(!!later.error);
  BOOST_TEST(!viewer.await("status").is_null());  // who needed no pairing stays
}

BOOST_AUTO_TEST_CASE(hostile_websocket) {
  GatewayRig rig;
  for (const std::string& first :
       {std::string("garbage"), std::string("[]"), std::string("{\"type\":\"mark\"}"), std::string("\xff\xfe", 2)}) {
    LiveSocket live(rig.port);
    live.say(first, first[0] == '\xff');
    const std::string answer = live.hear();
    BOOST_TEST(answer.find("refused") != std::string::npos, answer);
    BOOST_TEST(live.hear() == "");  // and nothing else
  }
  LiveSocket big(rig.port);
  big.say(kHello);
  BOOST_TEST(!big.await("welcome").is_null());
  big.say(std::string(5000, 'x'));
  while (!big.hear().empty()) {}
  BOOST_TEST(!!big.error);

  LiveSocket odd(rig.port);
  odd.say(kHello);
  BOOST_TEST(!odd.await("welcome").is_null());
  for (const char* text :
       {"x", "[]", "{}", "{\"command\":7}", "{\"command\":\"record_start\"}", "{\"id\":{},\"command\":\"shutdown\"}"}) {
    odd.say(std::string(text));
    const Json reply = odd.await("reply");
    BOOST_TEST_REQUIRE(!reply.is_null());
    BOOST_TEST(reply["ok"] == false);
    BOOST_TEST(reply["id"].is_null());
  }
  BOOST_TEST(lives(rig));
  BOOST_TEST(rig.daemon->commands == 0);
  rig.stop();
  BOOST_TEST(rig.gateway->counters().bad_messages >= 6u);
  BOOST_TEST(rig.gateway->counters().refused_pages == 4u);
}

BOOST_AUTO_TEST_CASE(over_tls_nothing_without_pairing) {
  GatewayRig rig(true);
  BOOST_TEST(Browser(rig.port).raw(get(rig.port, "/")).find("page") == std::string::npos);  // plain HTTP gets nothing
  const auto admitted = [&](const Json& hello) {
    struct Mute final : grfd::monitor::Page {
      void send(const grfd::monitor::Text&) override {}
      bool ready() const override { return false; }
      void send_frame(std::string) override {}
      void dismiss() override {}
    } page;
    std::string answer;
    const bool good = rig.inside([&] { return rig.gateway->admit(page, hello.dump(), answer); });
    return std::make_tuple(good, page.grant.control, Json::parse(answer));
  };
  BOOST_TEST(!std::get<0>(admitted(kHello)));
  BOOST_TEST(!std::get<0>(admitted({{"type", "hello"}, {"token", std::string(40, '0')}})));
  BOOST_TEST(!std::get<0>(admitted({{"type", "hello"}, {"pair", std::string(40, '0')}})));
  const std::string secret = rig.inside([&] { return rig.pairing->invite(false, grfd::monitor::utc_s()); });
  const auto [good, control, answer] = admitted({{"type", "hello"}, {"pair", secret}});
  BOOST_TEST(good);
  BOOST_TEST(!control);
  BOOST_TEST(!std::get<0>(admitted({{"type", "hello"}, {"pair", secret}})));
  BOOST_TEST(std::get<0>(admitted({{"type", "hello"}, {"token", answer["token"]}})));
}

// In step with the page that reads, so that a busy machine makes it longer and not different.
BOOST_AUTO_TEST_CASE(a_page_that_does_not_read_costs_the_others_nothing) {
  GatewayRig rig;
  rig.announce();
  LiveSocket stuck(rig.port, true), reader(rig.port);
  stuck.say(kHello);
  reader.say(kHello);
  BOOST_TEST(!reader.await("welcome").is_null());
  while (!reader.hear(false).empty() && reader.heard_text()) {}  // rows count from its first frame on
  BOOST_TEST_REQUIRE(!reader.error);
  BOOST_TEST(rig.inside([&] { return rig.gateway->pages(); }) == 2u);

  constexpr int kRounds = 300, kEventsEach = 20;
  const std::string pad(1500, 'x');  // 9 MB in all: more than the system and the gateway keep for a page
  int events = 0, rows = 0, skipped = 0;
  double longest_s = 0;
  for (int round = 0; round < kRounds && !reader.error; ++round) {
    const auto began = std::chrono::steady_clock::now();
    const auto seq = static_cast<std::uint64_t>(round);
    rig.publish("cop/left", data_header("cop/left", seq, 1),
                f32_row(std::int64_t{round} * 10'000'000, seq, {0, 0, static_cast<float>(round)}));
    for (int event = round * kEventsEach; event < (round + 1) * kEventsEach; ++event)
      rig.publish("events", data_header("events", static_cast<std::uint64_t>(event), 1),
                  text_row(event, static_cast<std::uint64_t>(event),
                           "mark {\"id\":" + std::to_string(event) + ",\"text\":\"" + pad + "\"}"));
    while (events < (round + 1) * kEventsEach || rows + skipped <= round) {
      const std::string message = reader.hear(false);
      if (message.empty()) break;
      if (reader.heard_text()) {
        events += message.find("\"event\":\"mark\"") != std::string::npos;
      } else {
        std::uint16_t count;
        std::uint32_t left_out;
        std::memcpy(&count, message.data() + 2, 2);
        std::memcpy(&left_out, message.data() + 12, 4);
        rows += count;
        skipped += static_cast<int>(left_out);
      }
    }
    longest_s = std::max(longest_s, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  }
  BOOST_TEST(events == kRounds * kEventsEach);
  BOOST_TEST(rows == kRounds);
  BOOST_TEST(skipped == 0);
  BOOST_TEST_MESSAGE("longest wait of the reading page for a row and 20 events: " << 1000 * longest_s << " ms");
  BOOST_TEST(rig.inside([&] { return rig.gateway->pages(); }) == 1u);
  rig.stop();
  BOOST_TEST(rig.gateway->counters().slow_pages_closed == 1u);
}

BOOST_AUTO_TEST_CASE(no_daemon_is_said_and_not_waited_for) {
  GatewayRig rig;
  rig.announce();
  const std::string secret = rig.inside([&] { return rig.pairing->invite(true, grfd::monitor::utc_s()); });
  LiveSocket page(rig.port);
  page.say(Json{{"type", "hello"}, {"pair", secret}});
  BOOST_TEST(page.await("status")["daemon"] == true);
  rig.daemon.reset();
  Json status = page.await("status");
  while (!status.is_null() && status["daemon"] == true) status = page.await("status");
  BOOST_TEST(status["daemon"] == false);
  page.say(Json{{"id", 3}, {"command", "mark"}, {"text", "x"}});
  const Json reply = page.await("reply");
  BOOST_TEST(reply["ok"] == false);
  BOOST_TEST(reply["error"].get<std::string>().find("no daemon answers") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
