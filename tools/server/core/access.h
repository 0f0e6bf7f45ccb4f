// SPDX-License-Identifier: MIT
// Who may ask. A bearer token opens everything. A signed prefix, /s/KEY.EXPIRY.MAC/…, opens GET and
// HEAD for one file, or for all files below a folder, until a time: players resolve URLs of
// segments against that of the playlist, so they inherit the prefix, and nothing else of the player
// must know of it.
//
// MAC: HMAC-SHA256, as 64 hexadecimal digits, of "h4mkd-1\nGET\nEXPIRY\nSCOPE"; EXPIRY: seconds
// since 1970; SCOPE: the name of the file, or a folder with "/" at its end, or "" for all.
#ifndef H4MK_SERVER_CORE_ACCESS_H_
#define H4MK_SERVER_CORE_ACCESS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "crypto/secret.h"

namespace h4mk::server {

class AccessKeys {
 public:
  // A line a key: its name, blanks, its secret of 32 bytes or more in hexadecimal digits. # begins
  // a comment. Throws std::runtime_error.
  void Load(const std::string& path);
  bool empty() const { return keys_.empty(); }
  // "/s/KEY.EXPIRY.MAC". Throws std::runtime_error if there is no such key; "": the first one.
  std::string Sign(const std::string& key, const std::string& scope, uint64_t expiry) const;
  // How long a signature, "KEY.EXPIRY.MAC", still opens a file; 0: it does not. In constant time
  // for one key.
  uint64_t SecondsLeft(std::string_view signature, const std::string& name, uint64_t now) const;

 private:
  std::map<std::string, Secret> keys_;
};

// Compares without telling where the first difference is.
bool SameSecret(std::string_view a, std::string_view b);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_ACCESS_H_
