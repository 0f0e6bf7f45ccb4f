// SPDX-License-Identifier: MIT
// Keys in memory: what a core dump of the process would hold of them. The test looks through its
// own memory, and keeps the key itself inverted.
#include "crypto/secret.h"

#include <gtest/gtest.h>
#include <h4mk/protection.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "base/base64.h"
#include "crypto/signature.h"
#include "protect/block_cipher.h"

namespace h4mk {
namespace {

Bytes Inverted(ByteSpan bytes) {
  Bytes out(bytes.begin(), bytes.end());
  for (uint8_t& byte : out) byte ^= 0xFF;
  return out;
}

struct Mapping {
  uint64_t begin = 0, end = 0;
  bool is_dumped = true, is_locked = false;
};

// The memory of this process that can be written to. Empty where the system does not tell.
std::vector<Mapping> Mappings() {
  std::vector<Mapping> mappings;
  std::ifstream file("/proc/self/smaps");
  for (std::string line; std::getline(file, line);) {
    Mapping mapping;
    char permissions[8] = {};
    unsigned long begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx %7s", &begin, &end, permissions) == 3 &&
        permissions[1] != '\0' && permissions[4] == '\0') {
      mapping.begin = begin;
      mapping.end = permissions[1] == 'w' && permissions[0] == 'r' ? end : begin;
      mappings.push_back(mapping);
    } else if (line.starts_with("VmFlags:") && !mappings.empty()) {
      mappings.back().is_dumped = line.find(" dd") == line.npos;
      mappings.back().is_locked = line.find(" lo") != line.npos;
    }
  }
  return mappings;
}

Mapping MappingOf(const void* memory) {
  const auto at = reinterpret_cast<uint64_t>(memory);
  for (const Mapping& mapping : Mappings())
    if (at >= mapping.begin && at < mapping.end) return mapping;
  return {};
}
bool IsDumped(const void* memory) { return MappingOf(memory).is_dumped; }

// Places of a key in memory, in all of it or in what is dumped, without making copies of it.
size_t Copies(const Bytes& inverted, bool everywhere) {
  size_t copies = 0;
  for (const Mapping& mapping : Mappings()) {
    if (!(mapping.is_dumped || everywhere) || mapping.end < mapping.begin + inverted.size())
      continue;
    const auto* memory = reinterpret_cast<const uint8_t*>(mapping.begin);
    const size_t last = mapping.end - mapping.begin - inverted.size();
    for (size_t i = 0; i <= last; ++i) {
      size_t same = 0;
      while (same < inverted.size() &&
             static_cast<uint8_t>(memory[i + same] ^ 0xFF) == inverted[same])
        ++same;
      if (same == inverted.size()) ++copies;
    }
  }
  return copies;
}

size_t CopiesInADump(const Bytes& inverted) { return Copies(inverted, false); }
size_t CopiesInMemory(const Bytes& inverted) { return Copies(inverted, true); }

class SecretTest : public testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer's own memory cannot be looked through";
#endif
    if (Mappings().empty()) GTEST_SKIP() << "the system does not show a process its memory";
  }
};

// Makes a private key in PEM form: der is what PKCS #8 puts before the 32 bytes of the key.
std::string PemOf(Bytes der, const Bytes& inverted) {
  der.reserve(der.size() + inverted.size());
  for (const uint8_t byte : inverted) der.push_back(byte ^ 0xFF);
  const std::string text = EncodeBase64(der);
  Wipe(der.data(), der.size());
  return "-----BEGIN PRIVATE KEY-----\n" + text + "\n-----END PRIVATE KEY-----\n";
}

// The first test: nothing else has made the heap of secrets yet, as in a program that only signs.
TEST_F(SecretTest, AKeyThatSignsIsInNoDump) {
  const Bytes ed25519 = {0x30, 0x2E, 2, 1, 0, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 4, 0x22, 4, 0x20};
  const Bytes p256 = {0x30, 0x41, 2, 1,    0,    0x30, 0x13, 6,    7,    0x2A, 0x86, 0x48,
                      0xCE, 0x3D, 2, 1,    6,    8,    0x2A, 0x86, 0x48, 0xCE, 0x3D, 3,
                      1,    7,    4, 0x27, 0x30, 0x25, 2,    1,    1,    4,    0x20};
  for (const Bytes& begin : {ed25519, p256}) {
    Bytes inverted(32);
    RandomBytes(inverted);
    const Bytes reversed(inverted.rbegin(), inverted.rend());  // as a large number has it
    {
      const Result<SignatureKey> key = SignatureKey::Private(PemOf(begin, inverted));
      ASSERT_TRUE(key.ok());
      EXPECT_GE(key.value().Sign(inverted).size(), 64u);
      EXPECT_EQ(CopiesInADump(inverted) + CopiesInADump(reversed), 0u) << "at work";
    }
    EXPECT_EQ(CopiesInADump(inverted) + CopiesInADump(reversed), 0u) << "afterwards";
  }
}

TEST_F(SecretTest, KeysAreLeftOutOfDumps) {
  const Secret secret(Bytes(32, 7));
  EXPECT_FALSE(IsDumped(secret.bytes().data()));
  const std::vector<Key, SecretAllocator<Key>> keys(3);
  EXPECT_FALSE(IsDumped(keys.data()));
  auto cipher = BlockCipher::New(kSchemeGcm, {{}, Secret(Bytes(32, 7))});
  ASSERT_TRUE(cipher.ok());
  EXPECT_FALSE(IsDumped(cipher.value().get()));
}

TEST_F(SecretTest, KeysStayOutOfSwap) {
  alignas(4096) static char page[4096];
  if (mlock(page, sizeof page) != 0) GTEST_SKIP() << "the system locks no memory";
  munlock(page, sizeof page);
  const Secret secret(Bytes(32, 7));
  EXPECT_TRUE(MappingOf(secret.bytes().data()).is_locked);
}

TEST_F(SecretTest, TheSearchFindsWhatIsThere) {
  Bytes inverted(32);
  RandomBytes(inverted);
  const Bytes plain = Inverted(inverted);
  EXPECT_GE(CopiesInADump(inverted), 1u) << plain.size();
}

TEST_F(SecretTest, WhatIsGivenBackIsWiped) {
  Bytes inverted(64);
  RandomBytes(inverted);
  {
    Bytes plain = Inverted(inverted);
    Secret secret(plain);
    Wipe(plain.data(), plain.size());
    Secret moved(std::move(secret));
    EXPECT_EQ(moved.bytes().size(), 64u);
    EXPECT_EQ(CopiesInMemory(inverted), 1u) << "control";
  }
  EXPECT_EQ(CopiesInMemory(inverted), 0u);
}

// More than the heap has room for: keys are wiped, wherever they are.
TEST_F(SecretTest, AFullHeapIsNoError) {
  std::vector<Secret> secrets;
  for (int i = 0; i < 2000; ++i) secrets.emplace_back(Bytes(1024, 7));
  EXPECT_TRUE(IsDumped(secrets.back().bytes().data())) << "the heap was not full";
  Bytes inverted(1024);
  RandomBytes(inverted);
  {
    Bytes plain = Inverted(inverted);
    const Secret secret(plain);
    Wipe(plain.data(), plain.size());
    EXPECT_EQ(CopiesInADump(inverted), 1u) << "control";
  }
  EXPECT_EQ(CopiesInMemory(inverted), 0u);
  secrets.clear();
  EXPECT_FALSE(IsDumped(Secret(Bytes(32, 7)).bytes().data()));
}

// A cipher at work, and after it.
TEST_F(SecretTest, ACipherLeavesNoMasterKeyInADump) {
  for (const char* scheme : {H4MK_SCHEME_GCM, H4MK_SCHEME_LIVING}) {
    Bytes inverted(32);
    RandomBytes(inverted);
    h4mk_cipher* cipher = nullptr;
    {
      Bytes plain = Inverted(inverted);
      const h4mk_key key = {sizeof(h4mk_key), nullptr, 0, plain.data(), plain.size()};
      ASSERT_EQ(h4mk_cipher_new(scheme, &key, nullptr, &cipher), H4MK_OK);
      Wipe(plain.data(), plain.size());
    }
    h4mk_cipher_block block = H4MK_CIPHER_BLOCK_INIT;
    uint8_t data[100] = {};
    ASSERT_EQ(h4mk_cipher_seal(cipher, &block, data, 50, data), H4MK_OK);
    EXPECT_EQ(CopiesInADump(inverted), 0u) << scheme << ", at work";
    h4mk_cipher_free(cipher);
    EXPECT_EQ(CopiesInADump(inverted), 0u) << scheme << ", afterwards";
  }
}

}  // namespace
}  // namespace h4mk
