// SPDX-License-Identifier: MIT
// Files with keys and tokens. What is read of them is in memory that is wiped, and nowhere else.
#ifndef H4MK_SERVER_CORE_SECRET_FILE_H_
#define H4MK_SERVER_CORE_SECRET_FILE_H_

#include <string>
#include <string_view>
#include <vector>

#include "crypto/secret.h"

namespace h4mk::server {

// Comes before the first key is read: no core dumps, no debugger of the same user.
void ForbidCoreDumps();

// Throws std::runtime_error.
Secret ReadSecretFile(const std::string& path);

std::string_view TextOf(const Secret& secret);

// Words between blanks of the lines that have any; # begins a comment. They refer to text.
struct SecretLine {
  int number = 0;  // from 1
  std::vector<std::string_view> words;
};
std::vector<SecretLine> LinesOf(const Secret& text);

// Bytes of hexadecimal digits, two each. False: they are none.
bool ParseSecretHex(std::string_view digits, Secret* bytes);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_SECRET_FILE_H_
