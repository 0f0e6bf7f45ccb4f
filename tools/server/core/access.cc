// SPDX-License-Identifier: MIT
#include "core/access.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdexcept>
#include <vector>

#include "core/secret_file.h"
#include "core/text.h"

namespace h4mk::server {
namespace {

constexpr size_t kLeastSecret = 32;

std::string Mac(const Secret& secret, const std::string& scope, const std::string& expiry) {
  const std::string text = "h4mkd-1\nGET\n" + expiry + "\n" + scope;
  unsigned char mac[EVP_MAX_MD_SIZE] = {};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.bytes().data(), static_cast<int>(secret.bytes().size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += Hex(mac[i], 2);
  return hex;
}

}  // namespace

bool SameSecret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void AccessKeys::Load(const std::string& path) {
  const Secret text = ReadSecretFile(path);
  for (const auto& [number, words] : LinesOf(text)) {
    Secret secret;
    if (words.size() != 2 || !ParseSecretHex(words[1], &secret) ||
        secret.bytes().size() < kLeastSecret || words[0].find_first_of("./") != std::string::npos)
      throw std::runtime_error(path + ", line " + std::to_string(number) +
                               ": must be a name and a secret of 64 hexadecimal digits or more");
    keys_[std::string(words[0])] = std::move(secret);
  }
  if (keys_.empty()) throw std::runtime_error(path + " has no key");
}

std::string AccessKeys::Sign(const std::string& key, const std::string& scope,
                             uint64_t expiry) const {
  const auto found = key.empty() ? keys_.begin() : keys_.find(key);
  if (found == keys_.end()) throw std::runtime_error("there is no key " + key);
  return "/s/" + found->first + "." + std::to_string(expiry) + "." +
         Mac(found->second, scope, std::to_string(expiry));
}

uint64_t AccessKeys::SecondsLeft(std::string_view signature, const std::string& name,
                                 uint64_t now) const {
  const std::vector<std::string_view> parts = Split(signature, '.');
  uint64_t expiry = 0;
  if (parts.size() != 3 || !ParseNumber(parts[1], &expiry) || expiry <= now) return 0;
  const auto key = keys_.find(std::string(parts[0]));
  if (key == keys_.end()) return 0;
  // The file itself, then the folders that it is in, then all.
  bool allowed = SameSecret(parts[2], Mac(key->second, name, std::string(parts[1])));
  for (size_t i = 0; i < name.size(); ++i)
    if (name[i] == '/')
      allowed |=
          SameSecret(parts[2], Mac(key->second, name.substr(0, i + 1), std::string(parts[1])));
  allowed |= SameSecret(parts[2], Mac(key->second, "", std::string(parts[1])));
  return allowed ? expiry - now : 0;
}

}  // namespace h4mk::server
