#include "clients/monitor/certificate.hpp"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "clients/monitor/pairing.hpp"

namespace grfd::monitor {
namespace {

template <auto Free>
struct With {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Key = std::unique_ptr<EVP_PKEY, With<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, With<X509_free>>;
using Bio = std::unique_ptr<BIO, With<BIO_free>>;

void need(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("cannot make the certificate: ") + what);
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

bool is_address(const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  return ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

std::string names(const std::string& address) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  std::string out = "DNS:localhost,IP:127.0.0.1";
  if (host[0] != 0) out += std::string(",DNS:") + host.data();
  if (is_address(address) && address != "127.0.0.1") out += ",IP:" + address;
  return out;
}

void add(X509* certificate, int kind, const char* value) {
  std::unique_ptr<X509_EXTENSION, With<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, kind, value));
  need(extension != nullptr, value);
  need(X509_add_ext(certificate, extension.get(), -1) == 1, value);
}

void make(const std::filesystem::path& certificate_file, const std::filesystem::path& key_file,
          const std::string& address) {
  const Key key(EVP_EC_gen("P-256"));
  const X509Ptr x(X509_new());
  need(key && x, "out of memory");
  std::array<unsigned char, 16> serial{};
  need(RAND_bytes(serial.data(), static_cast<int>(serial.size())) == 1, "no randomness");
  serial[0] &= 0x7f;  // positive
  std::unique_ptr<BIGNUM, With<BN_free>> number(BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  need(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x.get())) != nullptr, "serial number");
  X509_set_version(x.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(x.get()), -86400);
  X509_gmtime_adj(X509_getm_notAfter(x.get()), 3650L * 86400);
  X509_set_pubkey(x.get(), key.get());
  X509_NAME* name = X509_get_subject_name(x.get());
  need(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("grfd monitor"), -1,
                                  -1, 0) == 1,
       "name");
  X509_set_issuer_name(x.get(), name);
  add(x.get(), NID_basic_constraints, "critical,CA:FALSE");
  add(x.get(), NID_ext_key_usage, "serverAuth");
  add(x.get(), NID_subject_alt_name, names(address).c_str());
  need(X509_sign(x.get(), key.get(), EVP_sha256()) > 0, "signature");
  const Bio pem_key(BIO_new(BIO_s_mem())), pem(BIO_new(BIO_s_mem()));
  need(PEM_write_bio_PrivateKey(pem_key.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, "key");
  need(PEM_write_bio_X509(pem.get(), x.get()) == 1, "certificate");
  write_private(key_file, text_of(pem_key.get()));
  write_private(certificate_file, text_of(pem.get()));
}

/// SHA-256 as browsers show it; empty when the certificate cannot be used any more, or the key is not its own.
std::string usable(const std::filesystem::path& certificate_file, const std::filesystem::path& key_file) {
  const Bio file(BIO_new_file(certificate_file.c_str(), "r")), secret(BIO_new_file(key_file.c_str(), "r"));
  if (!file || !secret) return "";
  const X509Ptr x(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  const Key key(PEM_read_bio_PrivateKey(secret.get(), nullptr, nullptr, nullptr));
  if (!x || !key || X509_check_private_key(x.get(), key.get()) != 1) return "";
  std::time_t soon = ::time(nullptr) + 30 * 86400;
  if (X509_cmp_time(X509_get0_notAfter(x.get()), &soon) < 0) return "";
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  if (X509_digest(x.get(), EVP_sha256(), bytes.data(), &size) != 1) return "";
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    if (i > 0) out += ':';
    out += "0123456789ABCDEF"[bytes[i] >> 4];
    out += "0123456789ABCDEF"[bytes[i] & 15];
  }
  return out;
}

}  // namespace

Certificate own_certificate(const std::filesystem::path& folder, const std::string& address) {
  std::filesystem::create_directories(folder);
  Certificate out{folder / "certificate.pem", folder / "key.pem", {}};
  out.fingerprint = usable(out.certificate, out.key);
  if (out.fingerprint.empty()) {
    make(out.certificate, out.key, address);
    out.fingerprint = usable(out.certificate, out.key);
    need(!out.fingerprint.empty(), "it cannot be read back");
  }
  return out;
}

}  // namespace grfd::monitor
