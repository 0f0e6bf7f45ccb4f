// SPDX-License-Identifier: MIT
#include "core/secret_file.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "core/text.h"

namespace h4mk::server {
namespace {

constexpr size_t kMostKeys = 1 << 20;  // bytes: some 10,000 keys

std::vector<std::string_view> WordsOf(std::string_view line) {
  constexpr char kBlanks[] = " \t\r\v\f";
  std::vector<std::string_view> words;
  for (size_t at = line.find_first_not_of(kBlanks); at != std::string_view::npos;
       at = line.find_first_not_of(kBlanks, at)) {
    const size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

}  // namespace

void ForbidCoreDumps() {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  // A program that takes core dumps (core_pattern) gets them whatever the limit is.
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

// Without a stream, whose buffer would not be wiped.
Secret ReadSecretFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw std::runtime_error(path + " cannot be read");
  std::vector<uint8_t, SecretAllocator<uint8_t>> text(4096);
  size_t size = 0;
  ssize_t got = 0;
  while ((got = read(fd, text.data() + size, text.size() - size)) > 0) {
    size += static_cast<size_t>(got);
    if (size > kMostKeys) break;
    if (size == text.size()) text.resize(2 * size);
  }
  close(fd);
  if (got < 0) throw std::runtime_error(path + " cannot be read");
  if (size > kMostKeys) throw std::runtime_error(path + " is too large for a file of keys");
  return Secret(ByteSpan(text).first(size));
}

std::string_view TextOf(const Secret& secret) {
  return {reinterpret_cast<const char*>(secret.bytes().data()), secret.bytes().size()};
}

std::vector<SecretLine> LinesOf(const Secret& text) {
  std::vector<SecretLine> lines;
  int number = 0;
  for (const std::string_view line : Split(TextOf(text), '\n')) {
    ++number;
    SecretLine found{number, WordsOf(line.substr(0, line.find('#')))};
    if (!found.words.empty()) lines.push_back(std::move(found));
  }
  return lines;
}

bool ParseSecretHex(std::string_view digits, Secret* bytes) {
  std::string plain;
  plain.reserve(digits.size() / 2);  // so that it leaves no copy where it was
  const bool is_hex = ParseHex(digits, &plain);
  *bytes = Secret({reinterpret_cast<const uint8_t*>(plain.data()), plain.size()});
  Wipe(plain.data(), plain.size());
  return is_hex;
}

}  // namespace h4mk::server
