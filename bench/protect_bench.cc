// SPDX-License-Identifier: MIT
// Protection beside the raw primitive, in the same run:
//   MaskOneDigestAtATime, Mask    mask v1: a plain loop, and the library
//   RawGcm, Seal, Open            AES-256-GCM of a buffer by OpenSSL as `openssl speed` does it,
//   and whole blocks
#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "cluster/cluster_encoder.h"
#include "legacy/mask.h"
#include "protect/block_cipher.h"
#include "protect/checkpoint.h"

namespace h4mk {
namespace {

Bytes Input(size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 131 >> 3);
  return bytes;
}

// One context for all digests: the best that a plain loop can do.
void MaskSlowly(const Key& key, ByteSpan in, std::span<uint8_t> out) {
  EVP_MD_CTX* hash = EVP_MD_CTX_new();
  EVP_DigestInit_ex(hash, EVP_sha256(), nullptr);
  uint8_t message[kKeySize + 4], digest[32];
  std::copy(key.begin(), key.end(), message);
  uint32_t counter = 0;
  for (size_t at = 0; at < in.size(); at += sizeof digest, ++counter) {
    StoreLe(message + kKeySize, __builtin_bswap32(counter));
    EVP_DigestInit_ex(hash, nullptr, nullptr);
    EVP_DigestUpdate(hash, message, sizeof message);
    EVP_DigestFinal_ex(hash, digest, nullptr);
    for (size_t i = at; i < std::min(in.size(), at + sizeof digest); ++i)
      out[i] = in[i] ^ digest[i - at];
  }
  EVP_MD_CTX_free(hash);
}

void MaskOneDigestAtATime(benchmark::State& state) {
  const Bytes in = Input(static_cast<size_t>(state.range(0)));
  Bytes out(in.size());
  const Key key;
  for (auto _ : state) {
    MaskSlowly(key, in, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(MaskOneDigestAtATime)->Arg(64 << 10);

void Mask(benchmark::State& state) {
  const Bytes in = Input(static_cast<size_t>(state.range(0)));
  Bytes out(in.size()), expected(in.size());
  const Key key;
  MaskSlowly(key, in, expected);
  ApplyMask(key, in, out);
  if (out != expected) state.SkipWithError("wrong result");
  for (auto _ : state) {
    ApplyMask(key, in, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Mask)->Arg(1 << 10)->Arg(64 << 10);

void RawGcm(benchmark::State& state) {
  const Bytes in = Input(static_cast<size_t>(state.range(0)));
  Bytes out(in.size() + 16);
  const Key key;
  const uint8_t nonce[12] = {};
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nullptr, key.data(), nonce);
  int written = 0;
  for (auto _ : state) {
    EVP_EncryptUpdate(context, out.data(), &written, in.data(), static_cast<int>(in.size()));
    benchmark::DoNotOptimize(out.data());
  }
  EVP_CIPHER_CTX_free(context);
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(RawGcm)->Arg(1 << 10)->Arg(64 << 10);

std::unique_ptr<BlockCipher> MakeCipher() {
  const Bytes key(32, 1);
  return std::move(BlockCipher::New(kSchemeGcm, {{}, Secret(key)}).value());
}

void Seal(benchmark::State& state) {
  const Bytes in = Input(static_cast<size_t>(state.range(0)));
  Bytes out(in.size() + kGcmTagSize);
  const auto cipher = MakeCipher();
  BlockContext block;
  for (auto _ : state) {
    cipher->Seal(block, BlockPart::kData, in, out.data());
    ++block.ordinal;
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Seal)->Arg(1 << 10)->Arg(64 << 10);

void Open(benchmark::State& state) {
  const Bytes in = Input(static_cast<size_t>(state.range(0)));
  Bytes sealed(in.size() + kGcmTagSize), out(in.size());
  const auto cipher = MakeCipher();
  const BlockContext block;
  cipher->Seal(block, BlockPart::kData, in, sealed.data());
  bool opened = true;
  for (auto _ : state) {
    opened &= cipher->Open(block, BlockPart::kData, sealed, out.data());
    benchmark::DoNotOptimize(out.data());
  }
  if (!opened || out != in) state.SkipWithError("wrong result");
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Open)->Arg(1 << 10)->Arg(64 << 10);

void RawSha256(benchmark::State& state) {
  const Bytes in = Input(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    Sha256 hash;
    hash.Add(in);
    benchmark::DoNotOptimize(hash.Finish());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(RawSha256)->Arg(1 << 20);

void HashCluster(benchmark::State& state) {
  ClusterEncoder encoder;
  encoder.AddTrack(1);
  const Bytes in = Input(static_cast<size_t>(state.range(0)));
  Block block;
  block.data = in;
  encoder.Add(block);
  const ClusterEncoder::Encoded encoded = encoder.Encode(0);
  const ByteSpan chunk[] = {encoded.head, encoded.data[0]};
  for (auto _ : state) benchmark::DoNotOptimize(ChunkLeafHash(chunk));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(HashCluster)->Arg(1 << 20);

}  // namespace
}  // namespace h4mk
