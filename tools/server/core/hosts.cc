// SPDX-License-Identifier: MIT
#include "core/hosts.h"

#include <arpa/inet.h>

#include <algorithm>

#include "core/message.h"

namespace h4mk::server {
namespace {

// What can only be a port is taken off; with anything else there the host is none that is known.
std::string_view WithoutPort(std::string_view host) {
  const size_t digits = host.find_last_not_of("0123456789");
  return digits != std::string_view::npos && host[digits] == ':' ? host.substr(0, digits) : host;
}

// "name." is the name "name" written in full.
std::string_view WithoutDot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

bool IsAddress(std::string_view host) {
  const bool is_v6 = host.starts_with('[') && host.ends_with(']');
  const std::string text(is_v6 ? host.substr(1, host.size() - 2) : host);
  in6_addr address;  // large enough for both
  return inet_pton(is_v6 ? AF_INET6 : AF_INET, text.c_str(), &address) == 1;
}

bool IsLocalhost(std::string_view name) {
  constexpr std::string_view kLocalhost = "localhost", kBelow = ".localhost";
  return SameName(name, kLocalhost) || (name.size() > kBelow.size() &&
                                        SameName(name.substr(name.size() - kBelow.size()), kBelow));
}

}  // namespace

AllowedHosts::AllowedHosts(const std::vector<std::string>& names, bool is_loopback)
    : any_(names.empty() ? !is_loopback
                         : std::find(names.begin(), names.end(), "*") != names.end()),
      names_(names) {}

bool AllowedHosts::Has(std::string_view host) const {
  if (any_ || host.empty()) return true;
  const std::string_view name = WithoutDot(WithoutPort(host));
  return IsLocalhost(name) || IsAddress(name) ||
         std::any_of(names_.begin(), names_.end(), [&](const std::string& allowed) {
           return SameName(name, WithoutDot(allowed));
         });
}

bool IsHostName(std::string_view name) {
  return !WithoutDot(name).empty() && name.find_first_of(":/@[], \t") == std::string_view::npos;
}

}  // namespace h4mk::server
