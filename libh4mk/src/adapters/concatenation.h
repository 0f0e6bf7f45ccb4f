// SPDX-License-Identifier: MIT
// Bytes that grow at the end and share what they have in common: what a chain of blocks is, one
// behind the other.
#ifndef H4MK_ADAPTERS_CONCATENATION_H_
#define H4MK_ADAPTERS_CONCATENATION_H_

#include <h4mk/adapter.h>

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/status.h"

namespace h4mk {

class Concatenation {
 public:
  uint64_t count() const { return last_ ? last_->count : 0; }
  uint64_t size() const { return last_ ? last_->size : 0; }

  // These bytes and the block's. kLimit: more than one output may have. They are not kept, then:
  // blocks that were compressed to almost nothing can be a lot of bytes.
  Status Add(const h4mk_adapter_block& block, Concatenation* longer) const {
    if (block.size > H4MK_MAX_OUTPUT - size())
      return Status(Code::kLimit, "a chain of " + std::to_string(size() + block.size) + " bytes");
    longer->last_ = std::make_shared<Piece>(last_, ByteSpan(block.data, block.size));
    return {};
  }

  void CopyTo(Bytes* bytes) const {
    bytes->resize(static_cast<size_t>(size()));
    size_t end = bytes->size();
    for (const Piece* piece = last_.get(); piece != nullptr; piece = piece->before.get()) {
      end -= piece->data.size();
      std::copy(piece->data.begin(), piece->data.end(),
                bytes->begin() + static_cast<ptrdiff_t>(end));
    }
  }

 private:
  struct Piece {
    Piece(std::shared_ptr<Piece> pieces_before, ByteSpan bytes)
        : before(std::move(pieces_before)),
          data(bytes.begin(), bytes.end()),
          count(before ? before->count + 1 : 1),
          size((before ? before->size : 0) + bytes.size()) {}
    // One by one: a chain may be longer than the stack is deep.
    ~Piece() {
      while (before && before.use_count() == 1) before = std::exchange(before->before, nullptr);
    }
    std::shared_ptr<Piece> before;
    const Bytes data;
    const uint64_t count, size;
  };
  std::shared_ptr<Piece> last_;
};

}  // namespace h4mk

#endif  // H4MK_ADAPTERS_CONCATENATION_H_
