// SPDX-License-Identifier: MIT
//
// Compressed blocks: bytes as they are stored, and bytes that are to be stored.

#include "file/block_compression.h"
#include "fuzz/fuzz.h"

using namespace h4mk;  // NOLINT: a test

namespace {

constexpr size_t kMostUnpacked = 1 << 20;  // what a few bytes may say; more only takes time

void CheckStored(ByteSpan stored) {
  size_t size = 0;
  if (!BlockUnpacker::UnpackedSize(stored, &size).ok()) return;
  FUZZ_CHECK(IsUnpackedSizeAllowed(stored.size(), size));
  if (size > kMostUnpacked) return;
  static BlockUnpacker unpacker;  // what one block leaves behind must not matter for the next
  Bytes data(size), again(size);
  const Status status = unpacker.Unpack(stored, data);
  FUZZ_CHECK(status.ok() || status.code() == Code::kCorrupt);
  BlockUnpacker fresh;
  FUZZ_CHECK(fresh.Unpack(stored, again).ok() == status.ok());
  FUZZ_CHECK(!status.ok() || data == again);
}

void CheckPacked(ByteSpan data) {
  static BlockPacker packer;
  Block plain, packed;
  plain.data = data;
  FUZZ_CHECK(packer.Pack(plain, &packed).ok());
  if (!(packed.flags & kBlockCompressed)) {
    FUZZ_CHECK(packed.data.data() == data.data() && packed.data.size() == data.size());
    return;
  }
  FUZZ_CHECK(packed.data.size() < data.size());
  size_t size = 0;
  FUZZ_CHECK(BlockUnpacker::UnpackedSize(packed.data, &size).ok() && size == data.size());
  Bytes unpacked(size);
  BlockUnpacker unpacker;
  FUZZ_CHECK(unpacker.Unpack(packed.data, unpacked).ok());
  FUZZ_CHECK(std::equal(unpacked.begin(), unpacked.end(), data.begin()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  CheckStored({data, size});
  CheckPacked({data, size});
  return 0;
}
