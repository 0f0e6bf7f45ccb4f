// SPDX-License-Identifier: MIT
// A signed file as an Io (protection.md, "What a verifying reader uses"). Reads return bytes of
// verified chunks, and zeros in place of chunks that are not as they were signed, which readers
// take for damage; StartsChunk() refuses every other place that an offset may lead to. So no layer
// above can use a byte before it was verified.
#ifndef H4MK_PROTECT_VERIFYING_IO_H_
#define H4MK_PROTECT_VERIFYING_IO_H_

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/io.h"
#include "protect/checkpoint_chain.h"
#include "protect/index_digest.h"
#include "reader/warnings.h"

namespace h4mk {

// What is not as it was signed: each problem once, so many at most.
class ProblemLog {
 public:
  void Add(Status problem) {
    if (reported_.size() == kMost || !reported_.insert(problem.message()).second) return;
    if (first_.ok()) first_ = problem;
    waiting_.Add(std::move(problem));
  }
  uint64_t count() const { return reported_.size(); }
  // OK if there was none.
  const Status& first() const { return first_; }
  // The next one that was not handed out yet.
  bool Next(Status* problem) { return waiting_.Next(problem); }

 private:
  static constexpr size_t kMost = 1000;

  std::set<std::string> reported_;
  Warnings waiting_{kMost};
  Status first_;
};

class VerifyingIo final : public Io {
 public:
  // io must outlive this object, seek, and know its size. Without a key any signer is accepted:
  // enough to make proofs, which are verified elsewhere.
  VerifyingIo(Io& io, std::optional<SignatureKey> key);

  // Finds the last checkpoint and verifies it and the last chunk that it covers. kKey: signed with
  // another key, or not signed at all. kCorrupt, kIo, kNotSeekable.
  Status Open();

  int64_t Read(uint8_t* buffer, size_t size) override;
  int64_t Write(const uint8_t*, size_t) override { return -1; }
  bool CanSeek() const override { return true; }
  int64_t Seek(int64_t offset) override;
  // A file that is still written ends behind its last checkpoint.
  int64_t Size() override;
  int64_t StartsChunk(uint64_t offset) override;

  // As Read(), elsewhere, without moving.
  int64_t ReadAt(uint64_t offset, uint8_t* buffer, size_t size);

  CheckpointChain& chain() { return chain_; }
  const Checkpoint& last() const { return chain_.last(); }
  uint64_t signed_until() const { return chain_.signed_until(); }
  // Descriptions stand behind the last checkpoint: edited without the key.
  bool has_unsigned_descriptions() const { return !tail_.edits.empty(); }
  // The file ends as one does that was signed up to its end.
  bool has_signed_end() const { return last().final && tail_.has_end; }
  // How many differences from what was signed were found, up to a thousand.
  uint64_t problems() const { return log_.count(); }
  // kCorrupt, with the first of them, if there were any so far or descriptions are not signed.
  Status Verdict() const;

  // Next note of a chunk that is not what was signed.
  bool NextWarning(Status* warning) { return log_.Next(warning); }

 private:
  // A run of bytes that is verified as a whole: a chunk of the tree, or what stands between two
  // such.
  struct Region {
    uint64_t start = 0;
    uint64_t end = 0;
    std::optional<Sha256Digest> leaf;
    bool is_tail = false;  // from the last checkpoint on
    // A page of the index is accepted in this region if its digest is in one of these sets. pages_
    // owns them. Null: the region accepts no page.
    const std::set<Sha256Digest>*originals = nullptr, *copies = nullptr;
  };
  // Digests of the pages that the checkpoint at a position lists.
  struct Pages {
    uint64_t checkpoint = UINT64_MAX;  // none
    std::set<Sha256Digest> originals, copies;
  };
  struct Verified {
    uint64_t start = 0;
    Bytes bytes;
    std::vector<uint64_t> starts;  // of the chunks in it that may be read, in order
    uint64_t end() const { return start + bytes.size(); }
  };
  // A chunk where no leaf is, and whether it may be read.
  struct GapChunk {
    uint64_t offset = 0;
    std::span<uint8_t> bytes;
    bool is_allowed = false;
  };
  struct GapContent {
    std::vector<GapChunk> chunks;  // in order
    bool has_checksum = false;     // behind them, that of the container
    size_t refused_tops = 0;
  };

  // By offset, from the bytes behind the final checkpoint: the tags of edited descriptions, and the
  // sizes of the chunks of tops. From the checkpoint itself: the numbers of the pages that it
  // names.
  struct TailFacts {
    bool loaded = false;
    bool has_end = false;  // a locator and the container checksum, and nothing behind them
    std::map<uint64_t, uint32_t> edits;
    std::map<uint64_t, uint64_t> tops;
    std::map<uint64_t, size_t> page_numbers;
    // What edits of a description are compared with, by tag; each is read once.
    std::map<uint32_t, std::optional<Sha256Digest>> signed_descriptions;
  };

  uint64_t base() const { return chain_.base(); }
  Status FollowChain(uint64_t size);
  Status FollowGrowth();
  Region Gap(uint64_t start, uint64_t end, const Checkpoint& checkpoint);
  Status RegionAt(uint64_t offset, Region* region);
  Status LoadTail();
  Status Load(uint64_t offset);
  int64_t Find(uint64_t offset, const Verified** region);
  Status CheckHeader();
  void Blank(uint64_t offset, std::span<uint8_t> bytes);
  bool MatchesLeaf(const Region& region, ByteSpan bytes) const;
  Status TakeGap(const Region& region, Verified* gap);
  bool IsAllowedUnsigned(const Region& region, GapContent& gap, uint64_t offset, ByteSpan chunk);
  bool IsSignedPage(const Region& region, uint64_t offset, ByteSpan payload) const;
  bool NamesPages(const Region& region, const GapContent& gap, const IndexTop& top) const;
  bool IsSignedTop(const Region& region, GapContent& gap, uint64_t offset, ByteSpan payload);
  bool TellsWhatWasSigned(const Region& region, const GapContent& gap, const IndexTop& top);
  bool IsLocator(const Region& region, uint64_t offset, ByteSpan payload) const;
  bool IsEdit(uint64_t offset, uint32_t tag, ByteSpan payload);
  std::optional<Sha256Digest> SignedDescription(uint32_t tag);
  bool IsCurrentDescription(uint32_t tag, uint64_t description, uint64_t place);
  Status LeafHashAt(uint64_t offset, Sha256Digest* hash);
  bool IsRead(const Status& status);
  Status ReadSigned(uint64_t offset, uint32_t tag, Bytes* payload);

  Io& io_;
  Source input_;
  CheckpointChain chain_;
  TailFacts tail_;
  Pages pages_;  // of the checkpoint whose gap was read last
  uint64_t position_ = 0;
  std::deque<Verified> verified_;  // the last one that was used is first
  ProblemLog log_;
  Status failure_;  // of reading, in a check that only says yes or no
};

}  // namespace h4mk

#endif  // H4MK_PROTECT_VERIFYING_IO_H_
