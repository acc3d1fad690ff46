// The gateway's own certificate: made at the first start, kept in the state folder.
#pragma once
#include <filesystem>
#include <string>

namespace grfd::monitor {

struct Certificate {
  std::filesystem::path certificate, key;  ///< PEM files; the key has mode 0600
  std::string fingerprint;                 ///< SHA-256 of the certificate, as browsers show it: AB:CD:...
};

/// Takes the certificate in `folder`, or makes one (P-256, self-signed, ten years) when there is none or it ends within
/// 30 days. `address` is the name it is valid for, beside localhost and the name of this computer. @throws
/// std::runtime_error
Certificate own_certificate(const std::filesystem::path& folder, const std::string& address);

}  // namespace grfd::monitor
