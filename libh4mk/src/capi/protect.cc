// SPDX-License-Identifier: MIT
// Ciphers behind the C ABI.
#include <h4mk/protection.h>

#include <algorithm>
#include <string>

#include "capi/handles.h"
#include "capi/keys.h"
#include "capi/value.h"

using h4mk::BlockCipher;
using h4mk::Result;
using h4mk::Status;

static_assert(h4mk::kBlockEncrypted == H4MK_BLOCK_ENCRYPTED);
static_assert(h4mk::kGcmTagSize == H4MK_CIPHER_OVERHEAD);
static_assert(h4mk::kIdSize == H4MK_FILE_ID_SIZE);

struct h4mk_cipher {
  std::unique_ptr<BlockCipher> cipher;
  std::string message;
};

namespace h4mk {
namespace {

// What h4mk_cipher_new() and h4mk_cipher_open_description() have in common.
template <typename Make>
h4mk_status MakeCipher(const h4mk_key* keys, size_t count, h4mk_cipher** out, Make make) {
  return Guard([&] {
    auto made = std::make_unique<h4mk_cipher>();
    std::vector<MasterKey> copies;
    Status status = CopyKeys(keys, count, &copies);
    if (status.ok()) {
      Result<std::unique_ptr<BlockCipher>> cipher = make(copies);
      if (cipher.ok()) {
        made->cipher = std::move(cipher.value());
      } else {
        status = cipher.status();
      }
    }
    made->message = status.message();
    *out = made.release();
    return static_cast<h4mk_status>(status.code());
  });
}

bool ContextFromC(const h4mk_cipher_block* given, BlockContext* context) {
  h4mk_cipher_block known = H4MK_CIPHER_BLOCK_INIT;
  if (given == nullptr || !CopyStruct(given, &known) || known.time_base_num < 1 ||
      known.time_base_den < 1)
    return false;
  const h4mk_cipher_block* block = &known;
  *context = {.track_id = block->track_id,
              .time_base = {block->time_base_num, block->time_base_den},
              .ordinal = block->ordinal,
              .pts = block->pts,
              .dts = block->dts,
              .duration = block->duration,
              .flags = block->flags};
  return true;
}

}  // namespace
}  // namespace h4mk

h4mk_status h4mk_cipher_new(const char* scheme, const h4mk_key* key,
                            const uint8_t file_id[H4MK_FILE_ID_SIZE], h4mk_cipher** cipher) {
  if (scheme == nullptr || key == nullptr || cipher == nullptr) return H4MK_ERR_ARGUMENT;
  return h4mk::MakeCipher(key, 1, cipher, [&](const std::vector<h4mk::MasterKey>& keys) {
    std::optional<h4mk::Id> id;
    if (file_id != nullptr) std::copy_n(file_id, id.emplace().size(), id->begin());
    return BlockCipher::New(scheme, keys[0], id);
  });
}

h4mk_status h4mk_cipher_from_description(const h4mk_value* protection, const h4mk_key* keys,
                                         size_t key_count, h4mk_cipher** cipher) {
  if (protection == nullptr || cipher == nullptr) return H4MK_ERR_ARGUMENT;
  return h4mk::MakeCipher(keys, key_count, cipher, [&](const std::vector<h4mk::MasterKey>& copies) {
    return BlockCipher::Open(h4mk::ValueToJson(*protection), copies);
  });
}

void h4mk_cipher_free(h4mk_cipher* cipher) { delete cipher; }

const char* h4mk_cipher_message(const h4mk_cipher* cipher) {
  return cipher ? cipher->message.c_str() : "";
}

h4mk_status h4mk_cipher_describe(const h4mk_cipher* cipher, h4mk_value** protection) {
  if (cipher == nullptr || !cipher->cipher || protection == nullptr) return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    *protection = h4mk::ValueFromJson(cipher->cipher->Describe()).release();
    return H4MK_OK;
  });
}

h4mk_status h4mk_cipher_seal(h4mk_cipher* cipher, const h4mk_cipher_block* block,
                             const uint8_t* data, size_t size, uint8_t* out) {
  h4mk::BlockContext context;
  if (cipher == nullptr || !cipher->cipher || (data == nullptr && size > 0) || out == nullptr ||
      size > h4mk::kMaxBlockSize - h4mk::kGcmTagSize || !h4mk::ContextFromC(block, &context))
    return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    cipher->cipher->Seal(context, h4mk::BlockPart::kData, {data, size}, out);
    return H4MK_OK;
  });
}

h4mk_status h4mk_cipher_open(h4mk_cipher* cipher, const h4mk_cipher_block* block,
                             const uint8_t* data, size_t size, uint8_t* out) {
  h4mk::BlockContext context;
  if (cipher == nullptr || !cipher->cipher || data == nullptr || out == nullptr ||
      size > h4mk::kMaxBlockSize || !h4mk::ContextFromC(block, &context))
    return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    if (size >= h4mk::kGcmTagSize &&
        cipher->cipher->Open(context, h4mk::BlockPart::kData, {data, size}, out))
      return H4MK_OK;
    if (size > h4mk::kGcmTagSize) std::fill_n(out, size - h4mk::kGcmTagSize, uint8_t{0});
    cipher->message = "block " + std::to_string(context.ordinal) + " of track " +
                      std::to_string(context.track_id) + " is not what was encrypted";
    return H4MK_ERR_CORRUPT;
  });
}
