// SPDX-License-Identifier: MIT
// The first ciphers behind the C ABI: Living Cipher v3 and mask v1.
#include <h4mk/legacy.h>

#include <algorithm>
#include <memory>
#include <string>

#include "capi/guard.h"
#include "capi/handles.h"
#include "legacy/living_v3.h"
#include "legacy/mask.h"

using h4mk::Bytes;
using h4mk::ByteSpan;
using h4mk::LivingV3;
using h4mk::Result;

struct h4mk_living_v3 : h4mk::InSecretMemory {
  explicit h4mk_living_v3(LivingV3 made) : end(std::move(made)) {}

  LivingV3 end;
  std::string message;
};

namespace h4mk {
namespace {

h4mk_status NewV3(const uint8_t* secret, size_t size, bool reads, h4mk_living_v3** living) {
  if (!IsSpan(secret, size) || living == nullptr) return H4MK_ERR_ARGUMENT;
  return Guard([&] {
    auto made = std::make_unique<h4mk_living_v3>(
        h4mk_living_v3(LivingV3({secret, size}, kLivingV3Context, {})));
    LivingV3::State& state = made->end.state();
    if (reads) state.chain_key_recv = state.chain_key_send;  // v3 has no roles
    *living = made.release();
    return H4MK_OK;
  });
}

}  // namespace
}  // namespace h4mk

h4mk_status h4mk_living_v3_reader(const uint8_t* secret, size_t secret_size,
                                  h4mk_living_v3** living) {
  return h4mk::NewV3(secret, secret_size, /*reads=*/true, living);
}

h4mk_status h4mk_living_v3_sender(const uint8_t* secret, size_t secret_size,
                                  h4mk_living_v3** living) {
  return h4mk::NewV3(secret, secret_size, /*reads=*/false, living);
}

void h4mk_living_v3_free(h4mk_living_v3* living) { delete living; }

const char* h4mk_living_v3_message(const h4mk_living_v3* living) {
  return living ? living->message.c_str() : "";
}

h4mk_status h4mk_living_v3_encrypt(h4mk_living_v3* living, const uint8_t* associated,
                                   size_t associated_size, const uint8_t* data, size_t size,
                                   uint8_t* out, size_t* out_size) {
  if (living == nullptr || !h4mk::IsSpan(associated, associated_size) ||
      !h4mk::IsSpan(data, size) || out == nullptr || out_size == nullptr ||
      size > h4mk::kMaxBlockSize)
    return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    const auto message = living->end.Encrypt({data, size}, {associated, associated_size});
    uint8_t* const end = std::ranges::copy(message.header, out).out;
    *out_size = static_cast<size_t>(std::ranges::copy(message.ciphertext, end).out - out);
    return H4MK_OK;
  });
}

h4mk_status h4mk_living_v3_decrypt(h4mk_living_v3* living, const uint8_t* associated,
                                   size_t associated_size, const uint8_t* message, size_t size,
                                   uint8_t* out, size_t* out_size) {
  if (living == nullptr || !h4mk::IsSpan(associated, associated_size) ||
      !h4mk::IsSpan(message, size) || out == nullptr || out_size == nullptr)
    return H4MK_ERR_ARGUMENT;
  return h4mk::Call(living, [&]() -> h4mk::Status {
    const ByteSpan bytes(message, size);
    const auto header = h4mk::ParseLivingV3Header(bytes);
    if (!header.ok()) return header.status();
    const size_t front = h4mk::LivingV3HeaderSize(header.value());
    Result<Bytes> plain = living->end.Decrypt(bytes.first(front), bytes.subspan(front),
                                              {associated, associated_size});
    if (!plain.ok()) return plain.status();
    std::ranges::copy(plain.value(), out);
    *out_size = plain.value().size();
    return {};
  });
}

h4mk_status h4mk_mask(const uint8_t* key, size_t key_size, uint64_t block, const uint8_t* data,
                      size_t size, uint8_t* out) {
  if ((key == nullptr && key_size > 0) || (size > 0 && (data == nullptr || out == nullptr)))
    return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    h4mk::Key block_key;
    h4mk::MaskBlockKey({key, key_size}, block, h4mk::kMaskContext, block_key);
    h4mk::ApplyMask(block_key, {data, size}, {out, size});
    return H4MK_OK;
  });
}
