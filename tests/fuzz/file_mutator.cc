// SPDX-License-Identifier: MIT
#include "fuzz/file_mutator.h"

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "base/crc32.h"
#include "chunk/chunk_format.h"
#include "fuzz/fuzz.h"
#include "legacy/transport/transport_file.h"

namespace h4mk_fuzz {
namespace {

using namespace h4mk;  // NOLINT: a test

struct Piece {  // a chunk
  uint32_t tag = 0;
  uint32_t flags = 0;  // not in the transport dialect
  Bytes payload;
  size_t origin = 0;  // where it stood
};

class File {
 public:
  explicit File(ByteSpan bytes);
  void Mutate(std::mt19937& random, size_t room);
  Bytes Serialize();

 private:
  size_t overhead() const { return transport_ ? kTransportChunkHeaderSize : kChunkOverhead; }
  void MutatePayload(std::mt19937& random, size_t room);
  void MendIndexes();
  void MendCluster(Bytes* payload);
  void MendDistance(Piece* piece, size_t field, size_t at);

  // core.md, "File": what the CRCs of version 2 start from.
  uint32_t salt() const {
    return header_.size() >= 12 && header_[4] == 2 ? LoadLe<uint32_t>(header_.data() + 8) : 0;
  }

  bool transport_ = false;
  Bytes header_;
  std::vector<Piece> pieces_;
  Bytes rest_;
  std::map<size_t, size_t> moved_;  // from where a chunk stood to where it stands
};

File::File(ByteSpan bytes) {
  transport_ = bytes.size() > 5 && bytes[4] == 0 && bytes[5] == 1;
  size_t at = std::min(bytes.size(), transport_ ? kTransportHeaderSize : kFileHeaderSize);
  header_.assign(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(at));
  while (bytes.size() - at >= overhead()) {
    const uint8_t* p = bytes.data() + at;
    const uint64_t length = transport_ ? LoadBe<uint32_t>(p + 4) : LoadLe<uint32_t>(p + 8);
    if (length > bytes.size() - at - overhead()) break;
    const ByteSpan payload = bytes.subspan(at + 12, static_cast<size_t>(length));
    pieces_.push_back(
        {LoadLe<uint32_t>(p), LoadLe<uint32_t>(p + 4), Bytes(payload.begin(), payload.end()), at});
    at += payload.size() + overhead();
  }
  rest_.assign(bytes.begin() + static_cast<ptrdiff_t>(at), bytes.end());
}

void File::MutatePayload(std::mt19937& random, size_t room) {
  Piece& piece = pieces_[random() % pieces_.size()];
  // The front, where structures are, more often than the rest.
  const size_t from = random() % 4 ? 0 : random() % (piece.payload.size() + 1);
  size_t count = piece.payload.size() - from;
  if (random() % 2) count = std::min<size_t>(count, 8 + random() % 64);
  const bool keep_size = random() % 2;
  Bytes part(count + (keep_size ? 0 : std::min<size_t>(room, 64)));
  std::copy_n(piece.payload.begin() + static_cast<ptrdiff_t>(from), count, part.begin());
  if (part.empty()) return;
  part.resize(LLVMFuzzerMutate(part.data(), count, part.size()));
  if (keep_size) part.resize(count);
  const auto begin = piece.payload.begin() + static_cast<ptrdiff_t>(from);
  piece.payload.erase(begin, begin + static_cast<ptrdiff_t>(count));
  piece.payload.insert(piece.payload.begin() + static_cast<ptrdiff_t>(from), part.begin(),
                       part.end());
}

void File::Mutate(std::mt19937& random, size_t room) {
  if (pieces_.empty()) return;
  const size_t one = random() % pieces_.size();
  const size_t other = random() % pieces_.size();
  switch (random() % 16) {
    case 0:
      if (pieces_[one].payload.size() + overhead() <= room)
        pieces_.insert(pieces_.begin() + static_cast<ptrdiff_t>(other), Piece(pieces_[one]));
      break;
    case 1:
      pieces_.erase(pieces_.begin() + static_cast<ptrdiff_t>(one));
      break;
    case 2:
      std::swap(pieces_[one], pieces_[other]);
      break;
    case 3:
      pieces_[one].flags ^= 1u << random() % 32;
      break;
    case 4:
      pieces_[one].tag = kKnownTags[random() % kKnownTags.size()];
      break;
    case 5:
      if (header_.size() > 4)
        LLVMFuzzerMutate(header_.data() + 4, header_.size() - 4, header_.size() - 4);
      break;
    case 6:
      pieces_.resize(one + 1);  // no end
      rest_.clear();
      break;
    default:
      MutatePayload(random, room);
  }
}

// core.md, "Cluster": the CRC of index_size and index.
void File::MendCluster(Bytes* payload) {
  ByteReader reader{ByteSpan(*payload)};
  const uint64_t index_size = reader.Varint();
  const size_t covered = reader.position() + static_cast<size_t>(index_size);
  if (reader.failed() || index_size > payload->size() || covered + kCrcSize > payload->size())
    return;
  StoreLe(payload->data() + covered, Crc32(salt(), ByteSpan(*payload).first(covered)));
}

// A distance in an index keeps its meaning where the chunk it leads to has moved.
void File::MendDistance(Piece* piece, size_t field, size_t at) {
  if (piece->payload.size() < field + 8) return;
  const auto target =
      piece->origin - static_cast<size_t>(LoadLe<uint64_t>(piece->payload.data() + field));
  if (const auto moved = moved_.find(target); moved != moved_.end())
    StoreLe(piece->payload.data() + field, static_cast<uint64_t>(at - moved->second));
}

void File::MendIndexes() {
  size_t end = header_.size() + rest_.size();
  moved_.clear();
  size_t at = header_.size();
  for (const Piece& piece : pieces_) {
    moved_[piece.origin] = at;
    at += piece.payload.size() + overhead();
    end += piece.payload.size() + overhead();
  }
  at = header_.size();
  for (Piece& piece : pieces_) {
    if (piece.tag == kTagCore && piece.flags & kCoreIsCluster) MendCluster(&piece.payload);
    const uint32_t magic = piece.payload.size() < 4 ? 0 : LoadLe<uint32_t>(piece.payload.data());
    if (magic == Tag("H4TP"))
      for (size_t field : {4, 12, 20, 28}) MendDistance(&piece, field, at);
    if (magic == Tag("H4TT")) {
      if (piece.payload.size() >= 12) StoreLe(piece.payload.data() + 4, uint64_t{end - at});
      for (size_t field : {12, 20}) MendDistance(&piece, field, at);
    }
    if (magic == Tag("H4TL")) MendDistance(&piece, 4, at);
    at += piece.payload.size() + overhead();
  }
}

Bytes File::Serialize() {
  Bytes out = header_;
  if (transport_) {
    for (const Piece& piece : pieces_) {
      AppendLe(out, piece.tag);
      AppendBe(out, static_cast<uint32_t>(piece.payload.size()));
      AppendBe(out, Crc32(0, piece.payload));
      AppendBytes(out, piece.payload);
    }
    AppendBytes(out, rest_);
    return out;
  }
  MendIndexes();
  Bytes checksummed = header_;
  for (const Piece& piece : pieces_) {
    const size_t at = out.size();
    AppendLe(out, piece.tag);
    AppendLe(out, piece.flags);
    AppendLe(out, static_cast<uint32_t>(piece.payload.size()));
    AppendBytes(out, piece.payload);
    AppendLe(out, Crc32(salt(), ByteSpan(out).subspan(at)));
    AppendBytes(checksummed, ByteSpan(out).last(kCrcSize));
  }
  // The container checksum: version 1 takes it of all bytes, version 2 of header and CRCs.
  if (rest_.size() >= kCrcSize) {
    const bool version_1 = header_.size() > 4 && header_[4] == 1;
    if (version_1) AppendBytes(out, ByteSpan(rest_).first(rest_.size() - kCrcSize));
    AppendLe(out, Crc32(salt(), version_1 ? out : checksummed));
  } else {
    AppendBytes(out, rest_);
  }
  return out;
}

}  // namespace

size_t MutateFile(uint8_t* data, size_t size, size_t max_size, unsigned int seed, size_t prefix) {
  std::mt19937 random(seed);
  if (size < prefix || random() % 16 == 0) return LLVMFuzzerMutate(data, size, max_size);
  if (prefix > 0 && random() % 4 == 0) LLVMFuzzerMutate(data, prefix, prefix);
  File file(ByteSpan(data + prefix, size - prefix));
  for (uint32_t i = 0; i <= random() % 3; ++i) file.Mutate(random, max_size - size);
  Bytes bytes = file.Serialize();
  if (random() % 8 == 0 && !bytes.empty()) bytes[random() % bytes.size()] ^= 1 << random() % 8;
  bytes.resize(std::min(bytes.size(), max_size - prefix));
  std::copy(bytes.begin(), bytes.end(), data + prefix);
  return prefix + bytes.size();
}

}  // namespace h4mk_fuzz
