// Which requests are answered at all, and what every answer says to the browser.
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace grfd::monitor {

/// Plain HTTP is served on loopback alone, so another name in `Host` is a page from elsewhere that had its name point
/// here (DNS rebinding).
inline bool host_allowed(std::string_view host, bool secure, unsigned short port) {
  if (host.empty()) return false;
  if (secure) return true;
  const std::string end = ":" + std::to_string(port);
  for (const char* name : {"127.0.0.1", "localhost", "[::1]"})
    if (host == name + end) return true;
  return false;
}

/// A WebSocket is not bound by the browser's same-origin rule: we look ourselves.
inline bool origin_allowed(std::string_view origin, std::string_view host, bool secure) {
  return !host.empty() && origin == (secure ? "https://" : "http://") + std::string(host);
}

inline constexpr std::array<std::pair<const char*, const char*>, 6> kSafeHeaders{{
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri "
     "'none'; form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
}};

}  // namespace grfd::monitor
