// Invitations, tokens, the certificate, and which requests are the page's own.
#include <sys/stat.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "clients/monitor/certificate.hpp"
#include "clients/monitor/options.hpp"
#include "clients/monitor/pairing.hpp"
#include "clients/monitor/secret.hpp"
#include "clients/monitor/web_rules.hpp"

BOOST_AUTO_TEST_SUITE(pairing)

using namespace grfd::monitor;

namespace {
struct Folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("grfd-pairing-" + std::to_string(::getpid()));
  Folder() { std::filesystem::remove_all(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};
unsigned mode(const std::filesystem::path& p) {
  struct stat s {};
  ::stat(p.c_str(), &s);
  return s.st_mode & 0777;
}
constexpr std::int64_t kNow = 1'800'000'000;
}  // namespace

BOOST_AUTO_TEST_CASE(an_invitation_works_once_and_ten_minutes) {
  Folder folder;
  Pairing pairing(folder.path);
  const std::string secret = pairing.invite(false, kNow), late = pairing.invite(true, kNow);
  BOOST_TEST(secret.size() == 40u);
  BOOST_TEST(!pairing.redeem("", kNow));
  BOOST_TEST(!pairing.redeem(secret.substr(1), kNow));
  const auto paired = pairing.redeem(secret, kNow + 599);
  BOOST_TEST_REQUIRE(paired.has_value());
  BOOST_TEST(paired->grant.view);
  BOOST_TEST(!paired->grant.control);
  BOOST_TEST(!pairing.redeem(secret, kNow + 599));
  BOOST_TEST(!pairing.redeem(late, kNow + 601));
  BOOST_TEST(!pairing.redeem(late, kNow));  // used up by the try
  BOOST_TEST(pairing.grant(paired->token, kNow).view);
  BOOST_TEST(!pairing.grant(secret, kNow).view);  // an invitation is no token
  BOOST_TEST(!pairing.grant("", kNow).view);
  BOOST_TEST(!pairing.grant(paired->token, kNow + 31 * 86400).view);
  BOOST_TEST(pairing.refused() > 0u);
}

BOOST_AUTO_TEST_CASE(tokens_outlive_a_restart_and_are_not_in_the_file) {
  Folder folder;
  std::string token;
  {
    Pairing pairing(folder.path);
    token = pairing.redeem(pairing.invite(true, kNow), kNow)->token;
  }
  Pairing pairing(folder.path);
  BOOST_TEST(pairing.grant(token, kNow).control);
  std::ifstream in(folder.path / "paired.json");
  const std::string text(std::istreambuf_iterator<char>(in), {});
  BOOST_TEST(text.find(token) == std::string::npos);
  BOOST_TEST(text.find(digest(token)) != std::string::npos);
  BOOST_TEST(mode(folder.path / "paired.json") == 0600u);
  BOOST_TEST(mode(folder.path) == 0700u);
  const std::string id = pairing.list(kNow)[0]["id"];
  BOOST_TEST(pairing.forget("nobody") == 0);
  BOOST_TEST(pairing.forget(id) == 1);
  BOOST_TEST(!pairing.grant(token, kNow).view);
  BOOST_TEST(!Pairing(folder.path).grant(token, kNow).view);
}

BOOST_AUTO_TEST_CASE(a_broken_file_is_one_clear_error) {
  Folder folder;
  std::filesystem::create_directories(folder.path);
  std::ofstream(folder.path / "paired.json") << "{ nonsense";
  BOOST_CHECK_EXCEPTION(Pairing{folder.path}, std::runtime_error, [](const std::runtime_error& e) {
    return std::string(e.what()).find("paired.json") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(sha256_of_a_published_vector) {  // FIPS 180-2, "abc"
  BOOST_TEST(digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

BOOST_AUTO_TEST_CASE(many_invitations_do_not_grow) {
  Folder folder;
  Pairing pairing(folder.path);
  const std::string first = pairing.invite(false, kNow);
  for (std::size_t i = 1; i <= Pairing::kInvitations; ++i) pairing.invite(false, kNow + static_cast<std::int64_t>(i));
  BOOST_TEST(!pairing.redeem(first, kNow + 30));  // the oldest made room
}

BOOST_AUTO_TEST_CASE(certificate_is_made_once_and_its_key_is_private) {
  Folder folder;
  const Certificate one = own_certificate(folder.path, "192.0.2.7");
  BOOST_TEST(one.fingerprint.size() == 95u);  // 32 bytes and 31 colons
  BOOST_TEST(mode(one.key) == 0600u);
  BOOST_TEST(own_certificate(folder.path, "192.0.2.7").fingerprint == one.fingerprint);
  const std::string text =
      "openssl x509 -noout -text -in " + one.certificate.string() + " >" + (folder.path / "text").string();
  if (std::system("command -v openssl >/dev/null") == 0) {
    BOOST_TEST_REQUIRE(std::system(text.c_str()) == 0);
    std::ifstream in(folder.path / "text");
    const std::string said(std::istreambuf_iterator<char>(in), {});
    for (const char* part :
         {"IP Address:192.0.2.7", "DNS:localhost", "CA:FALSE", "TLS Web Server Authentication", "prime256v1"})
      BOOST_TEST(said.find(part) != std::string::npos, part);
    BOOST_TEST(std::system(("test \"$(openssl x509 -noout -fingerprint -sha256 -in " + one.certificate.string() +
                            ")\" = \"sha256 Fingerprint=" + one.fingerprint + "\"")
                               .c_str()) == 0);
  }
  std::ofstream(one.key) << "broken";
  BOOST_TEST(own_certificate(folder.path, "192.0.2.7").fingerprint != one.fingerprint);  // unusable: a new one
}

BOOST_AUTO_TEST_CASE(hosts_and_origins) {
  BOOST_TEST(host_allowed("127.0.0.1:7391", false, 7391));
  BOOST_TEST(host_allowed("localhost:7391", false, 7391));
  BOOST_TEST(host_allowed("[::1]:7391", false, 7391));
  for (const char* host : {"", "evil.example:7391", "127.0.0.1", "127.0.0.1:7392", "localhost:7391.evil.example",
                           "127.0.0.1:7391@evil.example"})
    BOOST_TEST(!host_allowed(host, false, 7391), host);
  BOOST_TEST(origin_allowed("http://127.0.0.1:7391", "127.0.0.1:7391", false));
  BOOST_TEST(origin_allowed("https://192.0.2.7:7391", "192.0.2.7:7391", true));
  for (const char* origin : {"", "null", "http://evil.example", "https://127.0.0.1:7391", "http://localhost:7391",
                             "http://127.0.0.1:7391/", "http://127.0.0.1:73911"})
    BOOST_TEST(!origin_allowed(origin, "127.0.0.1:7391", false), origin);
  BOOST_TEST(!origin_allowed("http://192.0.2.7:7391", "192.0.2.7:7391", true));
}

BOOST_AUTO_TEST_CASE(addresses) {
  BOOST_TEST(parse_address("127.0.0.1:7391").port == 7391);
  BOOST_TEST(parse_address("[::1]:80").host == "::1");
  BOOST_TEST(parse_address("0.0.0.0:0").port == 0);
  for (const char* wrong : {"", "7391", ":7391", "localhost:7391", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:-1",
                            "127.0.0.1:80x", "::1:80", "[::1]", "*:80"})
    BOOST_CHECK_THROW(parse_address(wrong), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(the_feed_of_the_daemons_settings) {
  const Folder folder;
  std::filesystem::create_directories(folder.path);
  const std::string file = folder.path / "grfd.toml";
  const auto options = [&](const std::string& toml, std::vector<std::string> more = {}) {
    std::ofstream(file) << toml << "\n[keys]\nfolder = \"none\"\n";
    std::vector<std::string> words{"grfmon", "--config", file};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> argv;
    for (std::string& w : words) argv.push_back(w.data());
    return *read_options(static_cast<int>(argv.size()), argv.data());
  };
  const std::string everywhere = "[feed]\nendpoint = \"tcp://*:7390\"\n",
                    commands = "[control]\nendpoint = \"tcp://192.0.2.7:7392\"\n",
                    loopback = "[feed]\nendpoint = \"tcp://127.0.0.1:7390\"\n";
  BOOST_TEST(options(everywhere).feed == "tcp://127.0.0.1:7390");
  BOOST_TEST(options(everywhere + commands).feed == "tcp://192.0.2.7:7390");
  BOOST_TEST(options(everywhere).feed_has_keys);  // although it is reached on loopback
  BOOST_TEST(!options(loopback + commands).feed_has_keys);
  BOOST_TEST(!options(loopback + commands, {"--key", "k", "--server-key", "s"}).feed_has_keys);
  BOOST_TEST(options(loopback, {"--feed", "tcp://127.0.0.1:1", "--key", "k", "--server-key", "s"}).feed_has_keys);
}

BOOST_AUTO_TEST_SUITE_END()
