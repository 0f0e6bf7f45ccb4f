// SPDX-License-Identifier: MIT
// Keys. What is secret comes from a file, an environment variable or a prompt, never from the
// command line, which others can read.
#ifndef H4MK_TOOLS_KEY_OPTION_H_
#define H4MK_TOOLS_KEY_OPTION_H_

#include <CLI/CLI.hpp>
#include <string>

#include "base/status.h"
#include "crypto/secret.h"

namespace h4mk::tool {

struct KeyOptions {
  std::string file, env;
  bool given() const { return !file.empty() || !env.empty(); }
};

// --key-file and --key-env. what: "The key, …", for --help.
void AddKeyOptions(CLI::App* command, KeyOptions* options, const std::string& what);
// The same for a key that opens encrypted blocks.
void AddDecryptionKeyOptions(CLI::App* command, KeyOptions* options);

// A key for blocks, in hex: what the options name, else what is typed at the terminal. kKey:
// neither is there.
Status ReadSecret(const KeyOptions& options, const std::string& prompt, Secret* key);

// What to say where the blocks of an encrypted file are wanted, and no key was given.
inline Status NoKey() {
  return Status(Code::kKey, "the file is encrypted: give --key-file or --key-env");
}

// A private key in PEM form.
Status ReadSigningKey(const KeyOptions& options, Secret* pem);
// A public key in PEM form, from a file.
Status ReadPublicKey(const std::string& path, std::string* pem);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_KEY_OPTION_H_
