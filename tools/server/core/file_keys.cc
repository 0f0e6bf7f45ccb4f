// SPDX-License-Identifier: MIT
#include "core/file_keys.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "core/text.h"

namespace h4mk::server {

void FileKeys::LoadDecryption(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + " cannot be read");
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string first, second, more;
    if (!(words >> first)) continue;
    words >> second >> more;
    Key key;
    const bool has_id = !second.empty();
    if (!more.empty() || (has_id && !ParseHex(first, &key.id)) ||
        !ParseHex(has_id ? second : first, &key.bytes) || key.bytes.size() < H4MK_MIN_KEY_SIZE ||
        key.bytes.size() > H4MK_MAX_KEY_SIZE || key.id.size() > 32)
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
    one.key = reinterpret_cast<const uint8_t*>(key.bytes.data());
    one.key_size = key.bytes.size();
    list.push_back(one);
  }
  return list;
}

}  // namespace h4mk::server
