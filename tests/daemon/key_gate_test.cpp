// Keys: who is in the list comes in, everybody else sees nothing, is counted, and costs the others nothing.
#include "daemon/key_gate.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/daemon/keys_fixture.hpp"

BOOST_AUTO_TEST_SUITE(key_gate)

using namespace keys_test;

BOOST_AUTO_TEST_CASE(only_an_allowed_key_hears_the_feed) {
  const Keys keys;
  const Pair coach, stranger, operator_key;
  keys.allow("coach", coach, "feed");
  keys.allow("operator", operator_key, "control");
  GuardedFeed live(keys);
  zmq::context_t context(1);
  auto good = connected(context, zmq::socket_type::sub, live.endpoint(), keys.server.public_key, coach);
  BOOST_TEST(hears(good, 5s));
  BOOST_TEST(live.gate().keys_accepted.get() == 1u);
  BOOST_TEST(live.gate().keys_refused.get() == 0u);
  BOOST_TEST(live.connections().refused.get() == 0u);
  {
    auto unknown = connected(context, zmq::socket_type::sub, live.endpoint(), keys.server.public_key, stranger);
    auto wrong_right = connected(context, zmq::socket_type::sub, live.endpoint(), keys.server.public_key, operator_key);
    BOOST_TEST(wait_for([&] { return live.gate().keys_refused.get() == 2; }));
    BOOST_TEST(!hears(unknown, 300ms));
    BOOST_TEST(!hears(wrong_right, 100ms));
    BOOST_TEST(live.gate().keys_refused.get() == 2u);
  }
  {
    auto plain = connected(context, zmq::socket_type::sub, live.endpoint(), "", coach);
    BOOST_TEST(wait_for([&] { return live.connections().refused.get() >= 1; }));  // ZeroMQ may give up after one try
    BOOST_TEST(!hears(plain, 100ms));
  }
  const auto before = live.connections().refused.get();
  {
    auto wrong_server = connected(context, zmq::socket_type::sub, live.endpoint(), stranger.public_key, coach);
    BOOST_TEST(wait_for([&] { return live.connections().refused.get() >= before + 2; }));
    BOOST_TEST(!hears(wrong_server, 100ms));
  }
  BOOST_TEST(live.gate().keys_accepted.get() == 1u);
  BOOST_TEST(live.gate().keys_refused.get() == 2u);
  BOOST_TEST(hears(good, 1s));
}

BOOST_AUTO_TEST_CASE(every_hostile_connection_is_counted_and_a_subscriber_misses_nothing) {
  const Keys keys;
  const Pair coach, stranger;
  keys.allow("coach", coach, "feed");
  GuardedFeed live(keys);
  zmq::context_t context(1), hostile(1);
  Watcher watcher(context, live.endpoint(), keys.server.public_key, coach);
  BOOST_REQUIRE(wait_for([&] { return watcher.rows > 0; }));
  constexpr std::uint64_t kEach = 50;
  const auto refused = [&] { return live.connections().refused.get(); };
  for (std::uint64_t i = 0; i < kEach; ++i) ::close(raw(live.port(), "GET / HTTP/1.1\r\n\r\n"));
  BOOST_TEST(wait_for([&] { return refused() == kEach; }), "HTTP: " << refused());
  for (std::uint64_t i = 0; i < kEach; ++i) ::close(raw(live.port(), noise(1 + i * 20)));
  BOOST_TEST(wait_for([&] { return refused() == 2 * kEach; }), "noise: " << refused());
  for (std::uint64_t i = 0; i < kEach; ++i)
    ::close(raw(live.port(), greeting() + std::string("\x04\xc8\x05HELLO", 8) + noise(194)));
  BOOST_TEST(wait_for([&] { return refused() == 3 * kEach; }), "forged HELLO: " << refused());
  for (std::uint64_t i = 0; i < kEach; ++i) ::close(raw(live.port(), greeting() + noise(300)));
  BOOST_TEST(wait_for([&] { return refused() == 4 * kEach; }), "noise after a greeting: " << refused());
  std::vector<int> silent;  // connect and say nothing: they are put out after two seconds
  const auto then = Steady::now();
  for (std::uint64_t i = 0; i < kEach; ++i) silent.push_back(raw(live.port(), i % 2 ? greeting() : ""));
  BOOST_TEST(wait_for([&] { return refused() == 5 * kEach; }), "silence: " << refused());
  const double silence_s = std::chrono::duration<double>(Steady::now() - then).count();
  std::size_t put_out = 0;
  for (const int s : silent) {
    char greeting_of_zmq[256];
    ssize_t n = 0;
    while ((n = ::recv(s, greeting_of_zmq, sizeof greeting_of_zmq, MSG_DONTWAIT)) > 0) continue;
    put_out += n == 0;
    ::close(s);
  }
  BOOST_TEST(put_out == kEach);
  std::this_thread::sleep_for(3200ms);  // what is counted late would be counted by now
  BOOST_TEST(refused() == 5 * kEach);
  std::vector<zmq::socket_t> flood;
  for (std::uint64_t i = 0; i < 2 * kEach; ++i)
    flood.push_back(connected(hostile, zmq::socket_type::sub, live.endpoint(), keys.server.public_key, stranger));
  BOOST_TEST(wait_for([&] { return live.gate().keys_refused.get() == 2 * kEach; }),
             "unknown keys: " << live.gate().keys_refused.get());
  flood.clear();
  BOOST_TEST(refused() >= 5 * kEach);  // who is put out, or leaves, in the middle of his handshake is counted, too
  BOOST_TEST(live.gate().keys_accepted.get() == 1u);
  const std::uint64_t rows = watcher.rows;
  BOOST_TEST(wait_for([&] { return watcher.rows > rows + 300; }));
  watcher.stop();
  BOOST_TEST(watcher.holes == 0u);
  BOOST_TEST_MESSAGE(refused() << " connections and " << live.gate().keys_refused.get()
                               << " keys refused, silence after " << silence_s << " s; " << watcher.rows
                               << " rows came, " << watcher.holes << " holes");
}

BOOST_AUTO_TEST_CASE(a_guest_who_subscribes_to_nonsense_is_counted_or_cut_off) {
  const Keys keys;
  const Pair coach, guest;
  keys.allow("coach", coach, "feed");
  keys.allow("guest", guest, "feed");
  GuardedFeed live(keys);
  zmq::context_t context(1), hostile(1);
  Watcher watcher(context, live.endpoint(), keys.server.public_key, coach);
  BOOST_REQUIRE(wait_for([&] { return watcher.rows > 0; }));
  auto xsub = connected(hostile, zmq::socket_type::xsub, live.endpoint(), keys.server.public_key, guest);
  for (int i = 0; i < 300; ++i) xsub.send(zmq::buffer("\x07" + noise(150)));
  BOOST_TEST(wait_for([&] { return live.feed().bad_requests().get() == 300; }), live.feed().bad_requests().get());
  const auto before = live.feed().subscriptions().get();
  xsub.send(zmq::buffer("\x01" + noise(10000)));
  BOOST_TEST(wait_for([&] { return live.gate().keys_accepted.get() >= 3; }));  // cut off, and in again
  BOOST_TEST(live.feed().subscriptions().get() == before);
  xsub.close();
  BOOST_TEST(live.connections().cut_off.get() == 0u);
  const std::uint64_t rows = watcher.rows;
  BOOST_TEST(wait_for([&] { return watcher.rows > rows + 300; }));
  watcher.stop();
  BOOST_TEST(watcher.holes == 0u);
}

BOOST_AUTO_TEST_CASE(a_key_is_let_in_and_put_out_while_the_feed_runs) {
  const Keys keys;
  const Pair coach, late;
  keys.allow("coach", coach, "feed");
  GuardedFeed live(keys);
  zmq::context_t context(1);
  Watcher watcher(context, live.endpoint(), keys.server.public_key, coach);
  {
    auto early = connected(context, zmq::socket_type::sub, live.endpoint(), keys.server.public_key, late);
    BOOST_TEST(wait_for([&] { return live.gate().keys_refused.get() == 1; }));
    BOOST_TEST(!hears(early, 100ms));
  }
  keys.allow("late", late, "feed");
  std::this_thread::sleep_for(600ms);  // the list is at most half a second old
  auto in = connected(context, zmq::socket_type::sub, live.endpoint(), keys.server.public_key, late);
  BOOST_TEST(hears(in, 5s));
  std::filesystem::remove(keys.folder.path + "/late.allowed");
  // Who listens hears nothing any more after a second, and may not come again; the others notice nothing.
  BOOST_TEST(wait_for([&] { return live.connections().cut_off.get() == 1; }, 2s));
  BOOST_TEST(wait_for([&] { return !hears(in, 300ms); }, 3s));
  BOOST_TEST(wait_for([&] { return live.gate().keys_refused.get() == 2; }));
  watcher.stop();
  BOOST_TEST(watcher.rows > 500u);
  BOOST_TEST(watcher.holes == 0u);
  auto again = connected(context, zmq::socket_type::sub, live.endpoint(), keys.server.public_key, late);
  BOOST_TEST(wait_for([&] { return live.gate().keys_refused.get() == 3; }));
  BOOST_TEST(!hears(again, 100ms));
}

BOOST_AUTO_TEST_CASE(who_may_look_may_not_command) {
  const Keys keys;
  const Pair coach, operator_key, stranger;
  keys.allow("coach", coach, "feed");
  keys.allow("operator", operator_key, "control");
  GuardedControl served(keys);
  zmq::context_t context(1);
  const auto dealer = [&](const std::string& server, const Pair& own) {
    return connected(context, zmq::socket_type::dealer, served.endpoint(), server, own);
  };
  auto commands = dealer(keys.server.public_key, operator_key), looks = dealer(keys.server.public_key, coach);
  BOOST_TEST(ask(commands, "record_start")["result"]["did"] == "record_start");
  for (const char* look : {"ping", "status", "devices", "zeros", "delays", "calibrations"})
    BOOST_TEST(ask(looks, look)["ok"] == true);
  const int done = served.done();
  int refused = 0;
  for (const char* command :
       {"tare", "zeros_use", "tap", "delays_use", "calibrate", "calibrations_use", "pose", "lunge", "lunges",
        "lunges_use", "record_start", "record_stop", "mark", "blink", "unknown"}) {
    const Json reply = ask(looks, command);
    BOOST_REQUIRE(reply.is_object());
    BOOST_TEST(reply["ok"] == false);
    BOOST_TEST(reply["error"].get<std::string>().find("the key of coach may look, not command") == 0u);
    BOOST_TEST(served.control().commands_refused().get() == static_cast<std::uint64_t>(++refused));
  }
  BOOST_TEST(served.done() == done);
  BOOST_TEST(served.gate().keys_accepted.get() == 2u);

  auto unknown = dealer(keys.server.public_key, stranger), plain = dealer("", stranger),
       wrong_server = dealer(stranger.public_key, coach);
  for (zmq::socket_t* s : {&unknown, &plain, &wrong_server}) BOOST_TEST(ask(*s, "ping", 300).is_null());
  BOOST_TEST(
      wait_for([&] { return served.gate().keys_refused.get() == 1 && served.connections().refused.get() >= 2; }));
  for (int i = 0; i < 50; ++i) ::close(raw(served.port(), i % 2 ? noise(500) : greeting() + noise(200)));
  BOOST_TEST(served.done() == done);
  BOOST_TEST(ask(commands, "mark")["ok"] == true);
  BOOST_TEST(served.control().bad_requests().get() == 0u);
  std::uint64_t bad = 0;
  for (const char* request : {"{", "[]", "{\"v\":2,\"command\":\"ping\"}", "{\"v\":1}", ""}) {
    commands.send(zmq::buffer(std::string(request)));
    zmq::message_t m;
    BOOST_REQUIRE(commands.recv(m));
    BOOST_TEST(Json::parse(m.to_string_view())["ok"] == false);
    BOOST_TEST(served.control().bad_requests().get() == ++bad);
  }
  commands.send(zmq::str_buffer("two"), zmq::send_flags::sndmore);
  commands.send(zmq::str_buffer("frames"));
  zmq::message_t m;
  BOOST_REQUIRE(commands.recv(m));
  BOOST_TEST(served.control().bad_requests().get() == ++bad);
  // Too much ends the connection; it has said something before, so its end is counted.
  const auto ended = served.connections().ended.get();
  commands.send(zmq::buffer(std::string(2 << 20, 'x')));
  BOOST_TEST(wait_for([&] { return served.connections().ended.get() == ended + 1; }));
  BOOST_TEST(ask(commands, "mark")["ok"] == true);

  // The right to command ends at once, also on a connection that is open.
  std::filesystem::remove(keys.folder.path + "/operator.allowed");
  std::this_thread::sleep_for(600ms);
  const Json reply = ask(commands, "record_stop");
  BOOST_TEST(reply["ok"] == false);
  BOOST_TEST(served.done() == done + 2);
}

BOOST_AUTO_TEST_CASE(bad_key_files_are_named_and_let_nobody_in) {
  const Keys keys;
  const Pair coach, other;
  const std::string& folder = keys.folder.path;
  const auto server_error = [&] {
    try {
      read_server_key(folder);
    } catch (const std::runtime_error& e) { return std::string(e.what()); }
    return std::string("none");
  };
  BOOST_TEST(server_error() == "none");
  ::chmod((folder + "/server.key").c_str(), 0640);
  BOOST_TEST(server_error().find("can be read by others; chmod 600") != std::string::npos);
  keys.write("server.key",
             "curve\n public-key = \"" + other.public_key + "\"\n secret-key = \"" + keys.server.secret_key + "\"\n",
             0600);
  BOOST_TEST(server_error().find("does not belong to its secret-key") != std::string::npos);
  keys.write("server.key", "curve\n public-key = \"" + keys.server.public_key + "\"\n", 0600);
  BOOST_TEST(server_error().find("has no secret-key = ") != std::string::npos);
  std::filesystem::remove(folder + "/server.key");
  BOOST_TEST(server_error() ==
             folder + "/server.key is not there; make it with: grfctl key create server --keys " + folder);

  keys.allow("good", coach, "feed control");
  keys.write("none.allowed", "");
  keys.write("short.allowed", "rights = \"feed\"\npublic-key = \"abc\"\n");
  keys.write("alphabet.allowed", "rights = \"feed\"\npublic-key = \"" + std::string(40, '~') + "\"\n");
  keys.write("rights.allowed", "rights = \"everything\"\npublic-key = \"" + other.public_key + "\"\n");
  keys.write("long.allowed", std::string(100000, '#'));
  keys.write("noise.allowed", noise(1000));
  keys.write("note.txt", "not a key");
  std::vector<std::string> wrong;
  const AllowedKeys found = read_allowed_keys(folder, wrong);
  BOOST_TEST(found.size() == 1u);
  BOOST_REQUIRE(found.contains(coach.public_key));
  BOOST_TEST(found.find(coach.public_key)->second.name == "good");
  BOOST_TEST((found.find(coach.public_key)->second.feed && found.find(coach.public_key)->second.control));
  BOOST_TEST(wrong.size() == 6u);
  keys.allow("twice", coach, "feed");
  std::vector<std::string> again;
  const AllowedKeys both = read_allowed_keys(folder, again);
  BOOST_TEST(!both.find(coach.public_key)->second.control);  // what both files allow
  BOOST_TEST(again.size() == 7u);
  FeedSettings settings;
  settings.endpoint = "tcp://127.0.0.1:*";
  Feed feed(settings, folder);
  const Session session = make_session("");
  BOOST_CHECK_EXCEPTION(feed.open(session), std::runtime_error, [](const std::runtime_error& e) {
    return std::string(e.what()).find("server.key") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(who_may_write_into_the_folder_could_let_himself_in) {
  const Keys keys;
  const Pair coach;
  const std::string& folder = keys.folder.path;
  keys.allow("coach", coach, "feed");
  std::vector<std::string> wrong;
  BOOST_TEST(read_allowed_keys(folder, wrong).size() == 1u);
  for (const mode_t mode : {0666, 0664, 0646}) {
    ::chmod((folder + "/coach.allowed").c_str(), mode);
    wrong.clear();
    BOOST_TEST(read_allowed_keys(folder, wrong).empty());
    BOOST_REQUIRE(wrong.size() == 1u);
    BOOST_TEST(wrong[0].find("coach.allowed can be written by others; chmod 644 it") != std::string::npos);
  }
  ::chmod((folder + "/coach.allowed").c_str(), 0644);
  for (const mode_t mode : {0777, 0770, 0707}) {
    ::chmod(folder.c_str(), mode);
    wrong.clear();
    BOOST_TEST(read_allowed_keys(folder, wrong).empty());
    BOOST_REQUIRE(wrong.size() == 1u);
    BOOST_TEST(wrong[0].find("can be written by others, who could let themselves in; chmod 700 it") !=
               std::string::npos);
    BOOST_CHECK_EXCEPTION(read_server_key(folder), std::runtime_error, [](const std::runtime_error& e) {
      return std::string(e.what()).find("chmod 700 it") != std::string::npos;
    });
  }
  ::chmod(folder.c_str(), 0700);
}

BOOST_AUTO_TEST_CASE(a_list_that_cannot_be_read_just_now_stays_as_it_was) {
  if (kSanitized) {
    BOOST_TEST_MESSAGE("skipped: this sanitizer needs a pipe, and the test leaves no descriptor");
    return;
  }
  const Keys keys;
  const Pair operator_key;
  keys.allow("operator", operator_key, "control");
  GuardedControl served(keys);
  zmq::context_t context(1);
  auto commands = connected(context, zmq::socket_type::dealer, served.endpoint(), keys.server.public_key, operator_key);
  BOOST_TEST(ask(commands, "mark")["ok"] == true);
  {
    const NoDescriptors none;
    std::vector<std::string> wrong;
    BOOST_CHECK_THROW(read_allowed_keys(keys.folder.path, wrong), KeysUnreadable);
    std::this_thread::sleep_for(700ms);  // the list is read again meanwhile
    const Json reply = ask(commands, "mark");
    BOOST_TEST(reply["ok"] == true, reply.dump());
  }
  // What is not there any more, or nonsense, does count.
  keys.write("operator.allowed", "nonsense");
  std::this_thread::sleep_for(700ms);
  BOOST_TEST(ask(commands, "mark")["ok"] == false);
}

BOOST_AUTO_TEST_CASE(without_somebody_who_knows_the_list_nobody_comes_in) {
  const Keys keys;
  const Pair stranger;
  zmq::context_t context(1), other(1);
  zmq::socket_t feed(context, zmq::socket_type::pub);
  KeyGate gate(keys.folder.path, {Right::feed});
  gate.open(context, feed);
  feed.bind("tcp://127.0.0.1:*");
  gate.close();
  auto in =
      connected(other, zmq::socket_type::sub, feed.get(zmq::sockopt::last_endpoint), keys.server.public_key, stranger);
  for (int i = 0; i < 100; ++i) {
    feed.send(zmq::str_buffer("secret"));
    BOOST_REQUIRE(!hears(in, 5ms));
  }
}

BOOST_AUTO_TEST_CASE(a_feed_that_failed_listens_no_more) {
  const Keys keys;
  const Session session = make_session("");
  FeedSettings settings;
  settings.endpoint = "tcp://127.0.0.1:" + std::to_string(free_port());
  Feed feed(settings, keys.folder.path);
  feed.open(session);
  feed.write({});
  Sample bad;
  bad.stream = 10000;  // there is no such stream
  BOOST_CHECK_THROW(feed.write(std::span(&bad, 1)), std::exception);
  zmq::context_t context(1);
  BOOST_TEST(wait_for([&] {
    zmq::socket_t next(context, zmq::socket_type::pub);
    try {
      next.bind(settings.endpoint);
    } catch (const zmq::error_t&) { return false; }
    return true;
  }));
}

BOOST_AUTO_TEST_CASE(which_addresses_demand_keys) {
  for (const char* plain : {"tcp://127.0.0.1:1", "tcp://127.9.0.1:1", "tcp://[::1]:1", "ipc:///x"})
    BOOST_TEST(!demands_keys(Right::feed, plain));
  for (const char* open : {"tcp://0.0.0.0:1", "tcp://*:1", "tcp://192.168.1.5:1", "tcp://[::]:1", "tcp://[fe80::1]:1",
                           "tcp://localhost:1", "tcp://127.0.0.1.example:1"})
    BOOST_TEST(demands_keys(Right::feed, open));
  BOOST_TEST(!demands_keys(Right::control, "ipc:///x"));
  BOOST_TEST(demands_keys(Right::control, "tcp://127.0.0.1:1"));
}

BOOST_AUTO_TEST_SUITE_END()
