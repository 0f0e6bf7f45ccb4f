// SPDX-License-Identifier: MIT
#include "convert/original.h"

#include <algorithm>
#include <map>

#include "base/crc32.h"
#include "base/fault.h"
#include "base/sha256.h"
#include "chunk/chunk_format.h"
#include "chunk/chunk_writer.h"
#include "file/chunk_list.h"
#include "legacy/run_length.h"
#include "legacy/transport/transport_file.h"
#include "legacy/v1/v1_block.h"
#include "open/open_file.h"
#include "protect/checkpoint.h"

namespace h4mk {
namespace {

// legacy.md, "ORIG".
constexpr uint32_t kOriginalMagic = Tag("H4OR");
enum Op : uint8_t {
  kLiteral = 0,
  kV1Blocks = 1,
  kTransportBlocks = 2,
  kBlockBytes = 3,
  kChunk = 4
};

constexpr size_t kMaxKept = 256u << 20;
constexpr size_t kMaxPart = 32u << 20;
constexpr size_t kMaxHeld = 64u << 20;  // bytes of blocks that wait for their turn

// Changes when somebody edits tracks or metadata of the file.
uint32_t DescriptionsCrc(const BlockPipeline& reader) {
  return Crc32(Crc32(0, AsBytes(EncodeTracks(reader.tracks()))), AsBytes(DumpJson(reader.meta())));
}

// A CORE chunk of version 1 as its writer makes it; empty if it cannot.
Bytes V1CoreFront(const BlockRecord& record, uint32_t track_id, V1Clock& clock) {
  Bytes front;
  const Result<uint32_t> flags =
      MakeV1Flags(clock.TimeMs(record.pts, record.dts), V1TypeOf(record.flags));
  if (!flags.ok() || record.size > kMaxBlockSize) return front;
  const auto header = ChunkHeaderBytes(
      {kTagCore, flags.value(), record.size + static_cast<uint32_t>(kV1RoutingSize)});
  AppendBytes(front, header);
  AppendV1Routing(track_id, front);
  return front;
}

}  // namespace

OriginalRecorder::OriginalRecorder(BlockPipeline& reader)
    : reader_(reader), source_(reader.source()), clocks_(V1Clocks(reader.tracks())) {}

Status OriginalRecorder::AddBlock(const ReadBlock& block) {
  Piece piece;
  piece.number = block_count_++;
  if (block.corrupt) return {};
  H4MK_TRY(reader_.version() == 1 ? AddV1Block(block, &piece) : AddTransportBlock(block, &piece));
  if (piece.end > piece.begin) pieces_.push_back(piece);
  return {};
}

Status OriginalRecorder::AddV1Block(const ReadBlock& block, Piece* piece) {
  const auto data = static_cast<uint64_t>(block.offset);
  const auto track = static_cast<size_t>(block.record->track);
  const Bytes expected = V1CoreFront(*block.record, reader_.tracks()[track].id, clocks_[track]);
  Bytes front(kChunkHeaderSize + kV1RoutingSize);
  H4MK_TRY(source_.ReadAll(data - front.size(), front));
  piece->op = kBlockBytes;
  piece->begin = data;
  piece->end = data + block.record->size;
  if (front != expected) return {};
  piece->op = kV1Blocks;
  piece->begin -= front.size();
  piece->end += kCrcSize;  // it fits: the block was checked with it
  return {};
}

Status OriginalRecorder::AddTransportBlock(const ReadBlock& block, Piece* piece) {
  ChunkInfo chunk;
  H4MK_TRY(ReadChunkInfo(source_, kTransportVersion,
                         static_cast<uint64_t>(block.offset) - kTransportChunkHeaderSize, &chunk));
  Bytes bytes(static_cast<size_t>(chunk.next - chunk.offset));
  H4MK_TRY(source_.ReadAll(chunk.offset, bytes));
  const ByteSpan data(block.data, block.record->size);
  if (MakeTransportChunk(kTagCore, EncodeRuns(data)) == bytes) {
    *piece = {chunk.offset, chunk.next, piece->number, kTransportBlocks};
  } else if (std::ranges::equal(data, ByteSpan(bytes).subspan(kTransportChunkHeaderSize))) {
    *piece = {chunk.payload, chunk.next, piece->number, kBlockBytes};
  }
  return {};
}

void OriginalRecorder::EndRun() {
  if (run_ == 0) return;
  ops_.push_back(run_start_.op);
  AppendSigned(ops_, int64_t{run_start_.number} - expected_);
  AppendVarint(ops_, run_);
  expected_ = run_start_.number + run_;
  run_ = 0;
}

void OriginalRecorder::AddPiece(const Piece& piece) {
  if (run_ > 0 && (piece.op != run_start_.op || piece.number != run_start_.number + run_)) EndRun();
  if (run_ == 0) run_start_ = piece;
  ++run_;
}

// Everything that is no block: chunks that the new file has too, and bytes.
Status OriginalRecorder::AddLiteral(uint64_t begin, uint64_t end) {
  while (begin < end) {
    while (next_chunk_ < chunks_.size() && chunks_[next_chunk_].begin < begin) ++next_chunk_;
    EndRun();
    uint64_t until = end;
    if (next_chunk_ < chunks_.size() && chunks_[next_chunk_].end <= end) {
      if (chunks_[next_chunk_].begin == begin) {
        ops_.push_back(kChunk);
        AppendVarint(ops_, next_chunk_);
        begin = chunks_[next_chunk_++].end;
        continue;
      }
      until = chunks_[next_chunk_].begin;
    }
    if (until - begin > kMaxKept - std::min(ops_.size(), kMaxKept))
      return Status(Code::kLimit, "more than 256 MiB beside the blocks");
    ops_.push_back(kLiteral);
    AppendVarint(ops_, until - begin);
    H4MK_TRY(ForBytes(source_, begin, until, [&](ByteSpan bytes) { AppendBytes(ops_, bytes); }));
    begin = until;
  }
  return {};
}

Status OriginalRecorder::Finish(std::vector<Bytes>* payloads) {
  const auto size = static_cast<uint64_t>(source_.Size());
  std::ranges::sort(pieces_, {}, &Piece::begin);
  AppendLe(ops_, kOriginalMagic);
  AppendVarint(ops_, static_cast<uint64_t>(reader_.version()));
  AppendLe(ops_, size);
  Sha256 hash;
  H4MK_TRY(ForBytes(source_, 0, size, [&](ByteSpan bytes) { hash.Add(bytes); }));
  AppendBytes(ops_, hash.Finish());
  AppendLe(ops_, DescriptionsCrc(reader_));
  uint64_t position = 0;
  for (const Piece& piece : pieces_) {
    if (piece.begin < position) continue;
    H4MK_TRY(AddLiteral(position, piece.begin));
    AddPiece(piece);
    position = piece.end;
  }
  H4MK_TRY(AddLiteral(position, size));
  EndRun();
  for (ByteSpan left = ops_; !left.empty();) {
    const ByteSpan part = left.first(std::min(left.size(), kMaxPart));
    payloads->emplace_back(part.begin(), part.end());
    left = left.subspan(part.size());
  }
  return {};
}

namespace {

// What a file of version 2 has in its ORIG chunks.
struct Recipe {
  uint64_t version = 0, size = 0;
  ByteSpan digest;
  uint32_t descriptions_crc = 0;
  ByteSpan ops;
};

// Puts the original together from its recipe, the blocks of the file in their order, and its
// chunks.
class Builder {
 public:
  // sink: null where nothing is written, to see whether all fits.
  Builder(BlockPipeline& reader, const Recipe& recipe, const std::vector<ChunkInfo>& chunks,
          Sink* sink)
      : reader_(reader),
        recipe_(recipe),
        chunks_(chunks),
        is_written_(chunks.size()),
        sink_(sink),
        clocks_(V1Clocks(reader.tracks())) {}

  // kCorrupt: the recipe does not fit the file.
  Status Build() {
    H4MK_TRY(reader_.Rewind());
    ByteReader ops(recipe_.ops);
    while (ops.left() > 0) {
      H4MK_TRY(Step(ops));
      if (ops.failed()) return Bad();
    }
    return std::ranges::equal(hash_.Finish(), recipe_.digest) ? Status() : Bad();
  }

 private:
  struct Held {
    Bytes front;  // of a CORE chunk of version 1
    Bytes data;
    // In memory, which a block without data takes too.
    size_t size() const { return sizeof(Held) + front.size() + data.size(); }
  };

  static Status Bad() {
    return Status(Code::kCorrupt, "ORIG does not fit the file: it was changed since");
  }

  Status Step(ByteReader& ops) {
    const uint8_t op = ops.Le<uint8_t>();
    if (op == kLiteral) return Write(ops.Take(ops.Varint()));
    if (op == kChunk) return WriteChunk(ops.Varint());
    if (op > kChunk) return Bad();
    const auto first =
        static_cast<uint64_t>(WrapAdd(static_cast<int64_t>(expected_), ops.Signed()));
    const uint64_t count = ops.Varint();
    if (ops.failed()) return Bad();
    for (uint64_t i = 0; i < count; ++i) H4MK_TRY(WriteBlock(op, first + i));
    expected_ = first + count;
    return {};
  }

  // No more than the recipe promises: what is written is hashed only when all of it is there.
  Status Write(ByteSpan bytes) {
    if (bytes.size() > recipe_.size - written_) return Bad();
    written_ += bytes.size();
    hash_.Add(bytes);
    return sink_ ? sink_->Write(bytes) : Status();
  }

  // Each chunk once, as it was in the original: a recipe of two bytes would else be as many bytes
  // as the chunk has, as often as it likes.
  Status WriteChunk(uint64_t number) {
    if (number >= chunks_.size() || is_written_[static_cast<size_t>(number)]) return Bad();
    is_written_[static_cast<size_t>(number)] = true;
    const ChunkInfo& chunk = chunks_[static_cast<size_t>(number)];
    Bytes payload;
    H4MK_TRY(ReadChunkPayload(reader_.source(), reader_.version(), chunk, &payload));
    if (recipe_.version == kTransportVersion) return Write(MakeTransportChunk(chunk.tag, payload));
    return Write(MakeChunk(chunk.tag, chunk.flags, payload, /*salt=*/0));
  }

  Status WriteBlock(uint8_t op, uint64_t number) {
    Held block;
    H4MK_TRY(Take(number, &block));
    if (op == kBlockBytes) return Write(block.data);
    if (op == kTransportBlocks) return Write(MakeTransportChunk(kTagCore, EncodeRuns(block.data)));
    if (block.front.empty()) return Bad();
    uint8_t crc[kCrcSize];
    StoreLe(crc, Crc32(Crc32(0, block.front), block.data));
    H4MK_TRY(Write(block.front));
    H4MK_TRY(Write(block.data));
    return Write(crc);
  }

  // Blocks are read in their order; those that come before their turn are held.
  Status Take(uint64_t number, Held* block) {
    while (!held_.contains(number)) {
      ReadBlock read;
      const Status status = reader_.Next(&read);
      if (status.code() == Code::kEnd || status.code() == Code::kAgain) return Bad();
      if (!status.ok()) return status;
      Held& next = held_[read_++];
      const auto track = static_cast<size_t>(read.record->track);
      next.front = V1CoreFront(*read.record, reader_.tracks()[track].id, clocks_[track]);
      next.data.assign(read.data, read.data + read.record->size);
      held_bytes_ += next.size();
      if (held_bytes_ > kMaxHeld + next.size()) return Bad();
    }
    const auto found = held_.find(number);
    *block = std::move(found->second);
    held_bytes_ -= block->size();
    held_.erase(found);
    return {};
  }

  BlockPipeline& reader_;
  const Recipe& recipe_;
  const std::vector<ChunkInfo>& chunks_;
  std::vector<bool> is_written_;  // by number of the chunk
  Sink* const sink_;
  Sha256 hash_;  // of what was written
  uint64_t written_ = 0;
  std::vector<V1Clock> clocks_;
  uint64_t expected_ = 0, read_ = 0;
  std::map<uint64_t, Held> held_;
  size_t held_bytes_ = 0;
};

// All ORIG chunks as one, and the chunks that it can name.
Status FindOriginal(BlockPipeline& reader, Bytes* original, std::vector<ChunkInfo>* kept) {
  ChunkInfo chunk;
  for (uint64_t offset = 0;; offset = chunk.next) {
    Status status = ReadChunkInfo(reader.source(), reader.version(), offset, &chunk);
    if (status.code() == Code::kEnd || status.code() == Code::kCorrupt) return {};
    if (!status.ok()) return status;
    bool is_signature = false;
    if (chunk.tag == kTagVeri && chunk.length <= kMaxPart) {
      Bytes payload;
      status = ReadChunkPayload(reader.source(), reader.version(), chunk, &payload);
      if (!status.ok() && status.code() != Code::kCorrupt) return status;
      is_signature = IsCheckpoint(payload);
    }
    if (IsKeptTag(chunk.tag) && !is_signature) kept->push_back(chunk);
    if (chunk.tag != kTagOriginal) continue;
    if (chunk.length > kMaxPart || original->size() > kMaxKept + kMaxPart) return {};
    Bytes part;
    H4MK_TRY(ReadChunkPayload(reader.source(), reader.version(), chunk, &part));
    AppendBytes(*original, part);
  }
}

bool ParseRecipe(ByteSpan bytes, Recipe* recipe) {
  ByteReader reader(bytes);
  if (reader.Le<uint32_t>() != kOriginalMagic) return false;
  recipe->version = reader.Varint();
  recipe->size = reader.Le<uint64_t>();
  recipe->digest = reader.Take(sizeof(Sha256Digest));
  recipe->descriptions_crc = reader.Le<uint32_t>();
  recipe->ops = {reader.data(), reader.left()};
  return !reader.failed();
}

}  // namespace

Status RebuildOriginal(BlockPipeline& reader, int version, Sink& sink, bool* rebuilt) {
  *rebuilt = false;
  if (!reader.source().seekable() || reader.source().Size() < 0) return {};
  Bytes original;
  std::vector<ChunkInfo> kept;
  Status status = FindOriginal(reader, &original, &kept);
  if (status.code() == Code::kCorrupt) return {};
  if (!status.ok()) return status;
  Recipe recipe;
  if (!ParseRecipe(original, &recipe) || recipe.version != static_cast<uint64_t>(version) ||
      recipe.descriptions_crc != DescriptionsCrc(reader))
    return {};
  for (Sink* to : {static_cast<Sink*>(nullptr), &sink}) {
    status = Builder(reader, recipe, kept, to).Build();
    if (status.code() == Code::kCorrupt && to == nullptr) return reader.Rewind();
    if (!status.ok()) return status;
  }
  *rebuilt = true;
  return {};
}

}  // namespace h4mk
