// SPDX-License-Identifier: MIT
// What the operator trusts the server with: keys of encrypted files, and the public key of signed
// ones. Without them nothing is decrypted, and no proof is made.
#ifndef H4MK_SERVER_CORE_FILE_KEYS_H_
#define H4MK_SERVER_CORE_FILE_KEYS_H_

#include <h4mk/h4mk.h>

#include <string>
#include <vector>

#include "crypto/secret.h"

namespace h4mk::server {

class FileKeys {
 public:
  // A line a key: its id, if files name it by one, and the key, both in hexadecimal digits. #
  // begins a comment. Throws std::runtime_error.
  void LoadDecryption(const std::string& path);
  // A public key in PEM. Throws std::runtime_error.
  void LoadVerification(const std::string& path);

  bool can_decrypt() const { return !decryption_.empty(); }
  // For h4mk_reader_options; refer to this object.
  std::vector<h4mk_key> decryption() const;
  const std::string& verification() const { return verification_; }  // "": none

 private:
  struct Key {
    std::string id;
    Secret bytes;
  };
  std::vector<Key> decryption_;
  std::string verification_;
};

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_FILE_KEYS_H_
