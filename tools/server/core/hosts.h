// SPDX-License-Identifier: MIT
// Whom requests may be for. A page that binds a name of its own to this address (DNS rebinding) is
// of the same origin as this server for its browser, and could read all answers; but its requests
// still name it in Host.
#ifndef H4MK_SERVER_CORE_HOSTS_H_
#define H4MK_SERVER_CORE_HOSTS_H_

#include <string>
#include <string_view>
#include <vector>

namespace h4mk::server {

class AllowedHosts {
 public:
  // names: hosts without a port, or "*" for any. None: any too, unless only this computer is
  // listened to.
  AllowedHosts(const std::vector<std::string>& names, bool is_loopback);
  // host: the value of Host. "": nobody is named, which no browser does.
  bool Has(std::string_view host) const;

 private:
  const bool any_;
  const std::vector<std::string> names_;
};

// Whether a name can be given to AllowedHosts: no URL, no port.
bool IsHostName(std::string_view name);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_HOSTS_H_
