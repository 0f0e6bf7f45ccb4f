// SPDX-License-Identifier: MIT
// Signed files for tests: a pair of keys, files signed with it, what a verifying reader finds.
#ifndef H4MK_TESTS_SUPPORT_SIGNING_H_
#define H4MK_TESTS_SUPPORT_SIGNING_H_

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "support/chunks.h"
#include "support/container.h"

namespace h4mk_test {

struct KeyPair {
  std::string secret, open;  // PEM
};

inline std::string Pem(EVP_PKEY* key, bool secret) {
  BIO* bio = BIO_new(BIO_s_mem());
  if (secret) {
    PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  } else {
    PEM_write_bio_PUBKEY(bio, key);
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string pem(text, static_cast<size_t>(size));
  BIO_free(bio);
  return pem;
}

inline KeyPair MakeKey(bool ed25519 = true) {
  EVP_PKEY* key = ed25519 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                          : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  KeyPair pair{Pem(key, true), Pem(key, false)};
  EVP_PKEY_free(key);
  return pair;
}

inline const KeyPair& SigningKey() {
  static const KeyPair pair = MakeKey();
  return pair;
}

inline h4mk_writer_options Signing(const KeyPair& key = SigningKey()) {
  h4mk_writer_options options = ClusterLimits(3000, 500);
  options.signing_key = key.secret.c_str();
  return options;
}

inline h4mk_reader_options Verifying(const KeyPair& key = SigningKey()) {
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.verify_key = key.open.c_str();
  return options;
}

struct Verified {
  h4mk_status status;
  std::string message;
  Reading reading;
  std::vector<std::string> warnings;

  bool intact() const {
    return status == H4MK_OK && reading.damage.empty() && warnings.empty() &&
           reading.end == H4MK_END;
  }
};

inline Verified Verify(Bytes bytes, const KeyPair& key = SigningKey()) {
  TestFile file(std::move(bytes));
  Reader reader(&file, Verifying(key));
  Verified verified{reader.status(), reader.message(), {}, {}};
  if (verified.status == H4MK_OK) verified.reading = reader.ReadOn();
  verified.warnings = reader.Warnings();
  return verified;
}

// Makes the container checksum fit, too.
inline void FixChecksum(Bytes* file, const std::vector<Chunk>& chunks) {
  Bytes summed(file->begin(), file->begin() + 16);
  for (const Chunk& chunk : chunks)
    summed.insert(summed.end(), file->begin() + chunk.crc(), file->begin() + chunk.end());
  PutU32(file, file->size() - 4, Crc32(summed.data(), summed.size(), SaltOf(*file)));
}

}  // namespace h4mk_test

#endif  // H4MK_TESTS_SUPPORT_SIGNING_H_
