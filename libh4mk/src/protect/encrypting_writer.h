// SPDX-License-Identifier: MIT
// Between a caller and a Writer: encrypts every block, and keeps "protection" in META (FORMAT.md,
// "Encrypted blocks").
#ifndef H4MK_PROTECT_ENCRYPTING_WRITER_H_
#define H4MK_PROTECT_ENCRYPTING_WRITER_H_

#include <memory>
#include <vector>

#include "file/writer.h"
#include "protect/block_cipher.h"

namespace h4mk {

class EncryptingWriter {
 public:
  // The writer must outlive this object, and must have no blocks yet.
  EncryptingWriter(Writer& writer, std::unique_ptr<BlockCipher> cipher);

  Status SetMeta(const Json& meta);
  Status Write(const Block& block);
  Status Finish();

 private:
  Status UpdateMeta(bool at_end);
  void ForgetMasterKey();
  BlockContext ContextOf(const Block& block) const;

  Writer& writer_;
  BlockPacker packer_;
  std::unique_ptr<BlockCipher> cipher_;
  Json meta_ = Json::object();
  bool started_ = false;
  bool has_blocks_ = false;
  std::vector<uint64_t> counts_;  // by track: blocks that were written
  Bytes data_, side_data_;
};

// FORMAT.md, "Encrypted blocks": the side data of a block as one piece, and its name when it is
// encrypted.
inline constexpr std::string_view kEncryptedSideData = "encrypted";
Bytes PackSideData(std::span<const SideData> entries);
// The entries point into `packed`. False if it is none.
bool UnpackSideData(ByteSpan packed, std::vector<SideData>* entries);

}  // namespace h4mk

#endif  // H4MK_PROTECT_ENCRYPTING_WRITER_H_
