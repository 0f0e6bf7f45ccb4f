// SPDX-License-Identifier: MIT
#include "core/file_keys.h"

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "core/secret_file.h"
#include "core/text.h"

namespace h4mk::server {

void FileKeys::LoadDecryption(const std::string& path) {
  const Secret text = ReadSecretFile(path);
  for (const auto& [number, words] : LinesOf(text)) {
    Key key;
    if (words.size() > 2 || (words.size() == 2 && !ParseHex(words[0], &key.id)) ||
        !ParseSecretHex(words.back(), &key.bytes) || key.bytes.bytes().size() < H4MK_MIN_KEY_SIZE ||
        key.bytes.bytes().size() > H4MK_MAX_KEY_SIZE || key.id.size() > 32)
      throw std::runtime_error(
          path + ", line " + std::to_string(number) +
          ": a key is [ID] KEY in hexadecimal digits, KEY of 32 digits or more");
    decryption_.push_back(std::move(key));
  }
  if (decryption_.empty()) throw std::runtime_error(path + " has no key");
}

void FileKeys::LoadVerification(const std::string& path) {
  std::ifstream file(path);
  verification_.assign(std::istreambuf_iterator<char>(file), {});
  if (verification_.find("-----BEGIN PUBLIC KEY-----") == std::string::npos)
    throw std::runtime_error(path + " has no public key in PEM");
}

std::vector<h4mk_key> FileKeys::decryption() const {
  std::vector<h4mk_key> list;
  for (const Key& key : decryption_) {
    h4mk_key one = H4MK_KEY_INIT;
    one.kid = key.id.empty() ? nullptr : reinterpret_cast<const uint8_t*>(key.id.data());
    one.kid_size = key.id.size();
    one.key = key.bytes.bytes().data();
    one.key_size = key.bytes.bytes().size();
    list.push_back(one);
  }
  return list;
}

}  // namespace h4mk::server
