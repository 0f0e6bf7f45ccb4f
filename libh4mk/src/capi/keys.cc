// SPDX-License-Identifier: MIT
#include "capi/keys.h"

#include "capi/handles.h"

static_assert(static_cast<int>(h4mk::Code::kKey) == H4MK_ERR_KEY);
static_assert(h4mk::kMinMasterKey == H4MK_MIN_KEY_SIZE);

namespace h4mk {

Status CopyKeys(const h4mk_key* keys, size_t count, std::vector<MasterKey>* copies) {
  if (keys == nullptr && count > 0) return Status(Code::kArgument, "keys are NULL");
  for (size_t i = 0; i < count; ++i) {
    h4mk_key key = H4MK_KEY_INIT;
    const uint8_t* at = reinterpret_cast<const uint8_t*>(keys) + i * keys->struct_size;
    if (!CopyStruct(reinterpret_cast<const h4mk_key*>(at), &key))
      return Status(Code::kArgument, "a key without its struct_size");
    if (key.key == nullptr || (key.kid == nullptr && key.kid_size > 0) ||
        key.key_size < kMinMasterKey || key.key_size > kMaxMasterKey || key.kid_size > kMaxKeyId)
      return Status(Code::kArgument, "a key has 16 to 1024 bytes, and its id at most 32");
    MasterKey& copy = copies->emplace_back();
    if (key.kid_size > 0) copy.kid.assign(key.kid, key.kid + key.kid_size);
    copy.key = Secret({key.key, key.key_size});
  }
  return {};
}

}  // namespace h4mk
