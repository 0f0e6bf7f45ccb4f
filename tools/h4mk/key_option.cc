// SPDX-License-Identifier: MIT
#include "key_option.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <h4mk/h4mk.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/hex.h"
#include "file.h"
#include "say.h"
#include "text.h"

namespace h4mk::tool {
namespace {

constexpr size_t kMaxKeyText = 16 << 10;

std::string_view View(const Secret& text) {
  return {reinterpret_cast<const char*>(text.bytes().data()), text.bytes().size()};
}

// Without the blanks and the end of line around it, which editors and shells leave there.
Secret Trimmed(ByteSpan text) {
  const auto is_blank = [](uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_blank(text.back())) text = text.first(text.size() - 1);
  while (!text.empty() && is_blank(text.front())) text = text.subspan(1);
  return Secret(text);
}

// As ssh does, but it is left at a warning: a key in a file that all can read may be what a
// container has.
void WarnIfOpen(const std::string& path, int fd, mode_t forbidden, const char* what) {
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || (info.st_mode & forbidden) == 0) return;
  Say("h4mk: {}: warning: others can {} this key (mode {:04o}); `chmod {} FILE` mends that\n",
      Printable(path), what, info.st_mode & 0777, (forbidden & 044) != 0 ? "600" : "go-w");
}

Status ReadKeyFile(const std::string& path, bool is_secret, Secret* text) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return SystemError("cannot open " + path);
  KeepInput(path);
  WarnIfOpen(path, fd, is_secret ? 077 : 022, is_secret ? "read" : "exchange");
  FdIo io(fd, /*seekable=*/false);
  Bytes buffer(kMaxKeyText);
  size_t size = 0;
  int64_t got = 0;
  while (size < buffer.size() && (got = io.Read(buffer.data() + size, buffer.size() - size)) > 0)
    size += static_cast<size_t>(got);
  close(fd);
  *text = Trimmed(ByteSpan(buffer).first(size));
  Wipe(buffer.data(), buffer.size());
  if (got < 0) return SystemError("cannot read " + path);
  return size < buffer.size() ? Status() : Status(Code::kKey, path + " is too large for a key");
}

Status ReadKeyText(const KeyOptions& options, Secret* text) {
  if (!options.file.empty()) return ReadKeyFile(options.file, /*is_secret=*/true, text);
  const char* value = std::getenv(options.env.c_str());
  if (value == nullptr)
    return Status(Code::kKey, "there is no environment variable " + options.env);
  const std::string_view view(value);
  *text = Trimmed({reinterpret_cast<const uint8_t*>(view.data()), view.size()});
  return {};
}

// Asks at the terminal, without showing what is typed.
Status Prompt(const std::string& prompt, Secret* text) {
  Bytes typed(2 * H4MK_MAX_KEY_SIZE + 2);
  const int failed =
      EVP_read_pw_string(reinterpret_cast<char*>(typed.data()), static_cast<int>(typed.size()),
                         prompt.c_str(), /*verify=*/0);
  if (failed == 0)
    *text = Trimmed(
        ByteSpan(typed).first(strnlen(reinterpret_cast<char*>(typed.data()), typed.size())));
  Wipe(typed.data(), typed.size());
  return failed == 0 ? Status() : Status(Code::kKey, "no key was typed");
}

}  // namespace

void AddKeyOptions(CLI::App* command, KeyOptions* options, const std::string& what) {
  CLI::Option* file =
      command->add_option("--key-file", options->file, what + ", in this file")->type_name("FILE");
  command->add_option("--key-env", options->env, "… or in this environment variable")
      ->type_name("NAME")
      ->excludes(file);
}

void AddDecryptionKeyOptions(CLI::App* command, KeyOptions* options) {
  AddKeyOptions(command, options, "The key of an encrypted file, hexadecimal");
}

Status ReadSecret(const KeyOptions& options, const std::string& prompt, Secret* key) {
  Secret text;
  if (!options.given() && !isatty(STDIN_FILENO))
    return Status(Code::kKey, "no key: give --key-file or --key-env");
  H4MK_TRY(options.given() ? ReadKeyText(options, &text) : Prompt(prompt, &text));
  Bytes bytes;
  const bool is_hex = DecodeHex(View(text), &bytes);
  *key = Secret(bytes);
  Wipe(bytes.data(), bytes.size());
  if (is_hex && key->bytes().size() >= H4MK_MIN_KEY_SIZE &&
      key->bytes().size() <= H4MK_MAX_KEY_SIZE)
    return {};
  const bool is_pem = View(text).starts_with("-----BEGIN");
  return Status(Code::kKey, std::string("the key is not hexadecimal with 32 to 2048 digits") +
                                (is_pem ? "; --public-key takes the key of a signature" : ""));
}

// Behind its last byte stands a NUL, as h4mk.h takes it.
Status ReadSigningKey(const KeyOptions& options, Secret* pem) {
  Secret text;
  if (!options.given())
    return Status(Code::kKey,
                  "no key: give --key-file or --key-env; `h4mk sign --help` tells how one is made");
  H4MK_TRY(ReadKeyText(options, &text));
  Bytes ended(text.bytes().begin(), text.bytes().end());
  ended.push_back(0);
  *pem = Secret(ended);
  Wipe(ended.data(), ended.size());
  return {};
}

Status ReadPublicKey(const std::string& path, std::string* pem) {
  Secret text;
  H4MK_TRY(ReadKeyFile(path, /*is_secret=*/false, &text));
  *pem = View(text);
  return {};
}

}  // namespace h4mk::tool
