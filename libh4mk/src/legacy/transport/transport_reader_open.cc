// SPDX-License-Identifier: MIT
// Opening a file of the transport dialect: its chunks, and what META, SEEK and the index of many
// tracks say of its blocks.
#include <algorithm>

#include "base/base64.h"
#include "chunk/chunk_reader.h"
#include "legacy/run_length.h"
#include "legacy/transport/transport_reader.h"
#include "legacy/v1/v1_block.h"

namespace h4mk {
namespace {

constexpr uint64_t kMaxBlocks = UINT32_MAX - 1;

int64_t AsTime(uint64_t pts_us) {
  return pts_us > static_cast<uint64_t>(INT64_MAX) ? kNoTime : static_cast<int64_t>(pts_us);
}

}  // namespace

Status TransportReader::Open() {
  if (!source_.seekable() || source_.Size() < 0)
    return Status(Code::kNotSeekable,
                  "a file of the transport dialect has its index at the end: the input must seek");
  H4MK_TRY(ReadChunks());
  if (const auto meta = small_chunks_.find(kTagMeta); meta != small_chunks_.end())
    TakeMeta(meta->second);
  ChooseDecoder();
  if (!keys_.empty()) H4MK_TRY(StartDecryption());
  if (!TakeTrackIndex()) H4MK_TRY(TakeSeekTable());
  NumberBlocks();
  small_chunks_.clear();
  return {};
}

// Goes through the headers of all chunks. Tag and length have no CRC of their own: what they lead
// to must make sense.
Status TransportReader::ReadChunks() {
  TransportScan scan(source_);
  std::optional<ChunkInfo> before;
  ChunkInfo chunk;
  uint64_t position = kTransportHeaderSize;
  closed_ = true;
  for (;;) {
    Status status = ReadChunkInfo(source_, kTransportVersion, position, &chunk);
    if (status.code() == Code::kEnd) return {};
    if (status.ok()) status = TakeChunk(chunk, scan);
    if (status.ok()) {
      position = chunk.next;
      before = chunk;
      continue;
    }
    if (status.code() != Code::kCorrupt) return status;
    const Status passed = PassOverDamage(status, before, scan, &position);
    if (passed.code() == Code::kEnd) {
      closed_ = false;
      Warn(status.message() + "; nothing can be read behind it");
      return {};
    }
    H4MK_TRY(passed);
    before.reset();
  }
}

// Takes in a chunk that fits into the file. kCorrupt: its header cannot be believed.
Status TransportReader::TakeChunk(const ChunkInfo& chunk, TransportScan& scan) {
  if (chunk.tag == kTagCore) {
    if (chunk.length > kMaxBlockSize || cores_.size() == kMaxBlocks)
      return WrongCrc(chunk.offset, chunk.tag);
    cores_.push_back({chunk.payload, chunk.length, chunk.crc});
    return {};
  }
  if (!IsPlausibleTag(chunk.tag)) {
    bool whole = false;
    H4MK_TRY(scan.IsWhole(chunk, &whole));
    return whole ? Status() : WrongCrc(chunk.offset, chunk.tag);
  }
  const bool is_needed = chunk.tag == kTagMeta || chunk.tag == kTagSeek || chunk.tag == kTagTracks;
  if (!is_needed || small_chunks_.contains(chunk.tag)) return {};
  Bytes payload;
  const Status status = chunk.length > kMaxSmallChunk
                            ? WrongCrc(chunk.offset, chunk.tag)
                            : ReadChunkPayload(source_, kTransportVersion, chunk, &payload);
  if (status.code() == Code::kCorrupt) {
    // Its payload is damaged, or its length: then no chunk begins where it says.
    Warn(status.message() + "; it is left out");
    return {};
  }
  H4MK_TRY(status);
  small_chunks_.emplace(chunk.tag, std::move(payload));
  if (chunk.tag == kTagSeek) index_bytes_ += chunk.next - chunk.offset;
  return {};
}

// Finds the next chunk behind damage at *position. before: the chunk that led there. kEnd: none.
Status TransportReader::PassOverDamage(const Status& damage, const std::optional<ChunkInfo>& before,
                                       TransportScan& scan, uint64_t* position) {
  uint64_t from = *position;
  if (before) {
    // What stands here may be wrong because the length of the chunk before is.
    bool whole = false;
    H4MK_TRY(scan.IsWhole(*before, &whole));
    if (!whole) {
      from = before->offset;
      if (!cores_.empty() && cores_.back().offset == before->payload) cores_.pop_back();
    }
  }
  H4MK_TRY(scan.FindNext(from, position));
  AddDamage(from, damage.message() + "; reading goes on at byte " + std::to_string(*position));
  return {};
}

// Blocks are decompressed unless META says that they are encrypted, or made by a compressor that is
// not known here.
void TransportReader::ChooseDecoder() {
  const bool is_encrypted = IsEncryptedTransport(meta_) && keys_.empty();
  const Json compression = meta_.value("compression", Json());
  const Json engine = compression.is_object() ? compression.value("engine", Json()) : Json();
  const bool is_foreign = engine.is_string() && engine != "geometric-reference";
  decompress_ = !is_encrypted && !is_foreign;
  if (is_encrypted) Warn("the blocks are encrypted; they are handed out as they are stored");
  if (is_foreign)
    Warn("the blocks were compressed by \"" + engine.get<std::string>() +
         "\", which is not known here; they are handed out as they are stored");
}

// The first block that is whole shows whether the key is the one.
Status TransportReader::StartDecryption() {
  if (!IsEncryptedTransport(meta_))
    return Status(Code::kKey, "a key was given, but the file does not say that it is encrypted");
  const auto key =
      std::ranges::find_if(keys_, [](const MasterKey& candidate) { return candidate.kid.empty(); });
  if (key == keys_.end())
    return Status(Code::kKey,
                  "the file names no key; give the one that it was encrypted with without an id");
  cipher_.emplace(key->key.bytes(), meta_);
  keys_.clear();
  for (const char* mark : {"encryption", "encrypted"}) meta_.erase(mark);
  for (uint32_t number = 0; number < cores_.size(); ++number) {
    Bytes stored;
    const Status status = ReadStored(cores_[number], &stored);
    if (status.code() == Code::kCorrupt) continue;
    H4MK_TRY(status);
    if (cipher_->Open(number, stored).ok()) return {};
    return Status(Code::kKey, "the key is not the one that the file was encrypted with");
  }
  return {};
}

void TransportReader::AddTrack(const std::string& name) {
  Track track;
  const Json description = {{"track_id", tracks().size() + 1},
                            {"name", name},
                            {"kind", "data"},
                            {"codec", "none"},
                            {"sample_rate", 0},
                            {"channels", 0},
                            {"note", ""},
                            {"time_base", "1/1000000"}};
  if (ReadTrack(description, &track).ok()) list_.tracks.push_back(std::move(track));
}

// TRAK, which META has as base64 and a file may have as a chunk. No part of the index is metadata.
Bytes TransportReader::TakeTrackIndexText() {
  const Json trak = meta_.value("trak_b64", Json()), seekm = meta_.value("seekm_b64", Json());
  for (const char* key : {"tracks", "seekm_b64", "trak_b64"}) meta_.erase(key);
  for (const Json& part : {trak, seekm})
    if (part.is_string()) index_bytes_ += part.get_ref<const std::string&>().size();
  Bytes text;
  if (!trak.is_string() || !DecodeBase64(trak.get_ref<const std::string&>(), &text)) text.clear();
  const auto chunk = small_chunks_.find(kTagTracks);
  return text.empty() && chunk != small_chunks_.end() ? chunk->second : text;
}

// Tracks, times and kinds of blocks from TRAK. False: there is none.
bool TransportReader::TakeTrackIndex() {
  const Bytes text = TakeTrackIndexText();
  if (text.empty()) return false;
  const auto entries = DecodeTransportTrak(AsText(text), cores_.size());
  if (!entries.ok()) {
    Warn(entries.status());
    return false;
  }
  std::map<std::string, int32_t> ids;  // and the places of their tracks
  for (const TransportTrackEntry& entry : entries.value()) ids.emplace(entry.track_id, -1);
  for (auto& [id, track] : ids) {
    if (tracks().size() == kMaxTracks - 1) break;
    track = static_cast<int32_t>(tracks().size());
    AddTrack(id);
  }
  size_t unknown = cores_.size();
  for (const TransportTrackEntry& entry : entries.value()) {
    const int32_t track = ids[entry.track_id];
    if (entry.core_index >= cores_.size() || track < 0) continue;
    Core& core = cores_[static_cast<size_t>(entry.core_index)];
    if (core.track >= 0) continue;
    core.track = track;
    core.pts = AsTime(entry.pts_us);
    core.flags = (entry.keyframe ? kBlockKey : 0) | (entry.kind == "I"   ? kV1TypeI
                                                     : entry.kind == "B" ? kV1TypeB
                                                                         : kV1TypeP);
    --unknown;
  }
  if (unknown > 0) {
    Warn(std::to_string(unknown) + " blocks are not in TRAK; they have a track of their own");
    AddTrack("");
    for (Core& core : cores_)
      if (core.track < 0) core.track = static_cast<int32_t>(tracks().size() - 1);
  }
  return true;
}

// A file of one track: SEEK tells times and places of its seek points, fps_hint the times
// of all blocks.
Status TransportReader::TakeSeekTable() {
  const Json name = meta_.value("track_id", Json());
  AddTrack(name.is_string() ? name.get<std::string>() : "");
  duration_us_ = TransportDuration(meta_);
  std::vector<TransportSeekEntry> entries;
  if (const auto chunk = small_chunks_.find(kTagSeek); chunk != small_chunks_.end()) {
    auto decoded = DecodeTransportSeek(chunk->second);
    if (decoded.ok()) entries = std::move(decoded.value());
    if (!decoded.ok()) Warn(decoded.status());
  }
  // Without a table nothing tells where decoding can start: then everywhere.
  for (size_t i = 0; i < cores_.size(); ++i) {
    cores_[i].track = 0;
    cores_[i].flags = entries.empty() ? kBlockKey | kV1TypeI : kV1TypeP;
    if (duration_us_ > 0) cores_[i].pts = static_cast<int64_t>(i) * duration_us_;
  }
  if (entries.empty()) return {};
  std::vector<uint64_t> offsets;
  H4MK_TRY(PlainOffsets(&offsets));
  size_t lost = 0;
  for (const TransportSeekEntry& entry : entries) {
    const auto place = std::lower_bound(offsets.begin(), offsets.end(), entry.offset);
    if (place == offsets.end() || *place != entry.offset) {
      ++lost;
      continue;
    }
    Core& core = cores_[static_cast<size_t>(place - offsets.begin())];
    core.flags = kBlockKey | kV1TypeI;
    core.pts = AsTime(entry.pts_us);
  }
  if (lost > 0)
    Warn(std::to_string(lost) + " of " + std::to_string(entries.size()) +
         " entries of SEEK do not lead to the start of a block");
  return {};
}

// Where each block begins in the plain blocks one behind the other, which is what SEEK counts in.
Status TransportReader::PlainOffsets(std::vector<uint64_t>* offsets) {
  const Json block_size = meta_.value("block_size", Json());
  const bool is_regular =
      block_size.is_number_integer() && block_size > 0 && block_size < kMaxBlockSize;
  uint64_t offset = 0;
  for (uint32_t number = 0; number < cores_.size(); ++number) {
    offsets->push_back(offset);
    if (is_regular) {
      offset += block_size.get<uint64_t>();
      continue;
    }
    Bytes stored;
    const Status status = ReadStored(cores_[number], &stored);
    if (!status.ok() && status.code() != Code::kCorrupt) return status;
    const Result<Bytes> coded = Decrypt(number, std::move(stored));
    if (coded.ok()) offset += decompress_ ? RunLengthSize(coded.value()) : coded.value().size();
  }
  return {};
}

void TransportReader::NumberBlocks() {
  std::vector<uint32_t> ordinals(tracks().size());
  for (Core& core : cores_)
    if (core.track >= 0) core.ordinal = ordinals[static_cast<size_t>(core.track)]++;
  CountTotals();
}

}  // namespace h4mk
