// SPDX-License-Identifier: MIT
// Opening a file of the transport dialect: its chunks, and what META, SEEK and the index of many
// tracks say of its blocks.
#include <algorithm>
#include <set>

#include "base/base64.h"
#include "base/crc32.h"
#include "base/fault.h"
#include "chunk/chunk_reader.h"
#include "legacy/run_length.h"
#include "legacy/transport/transport_reader.h"
#include "legacy/v1/v1_block.h"

namespace h4mk {
namespace {

constexpr size_t kMaxDamage = 10000;
constexpr size_t kScanWindow = 64 << 10;
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
  TakeMeta();
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
  const auto size = static_cast<uint64_t>(source_.Size());
  checks_left_ = 4 * size;
  uint64_t position = kTransportHeaderSize;
  closed_ = true;
  while (size - position >= kTransportChunkHeaderSize) {
    uint8_t bytes[kTransportChunkHeaderSize];
    size_t got = 0;
    H4MK_TRY(source_.ReadAt(position, bytes, sizeof bytes, &got));
    if (got < sizeof bytes) break;
    const TransportChunk chunk = ParseTransportChunk(position, bytes);
    bool valid = chunk.length <= size - chunk.offset;
    std::string what = "chunk_overrun: " + TagText(chunk.tag) + " chunk of " +
                       std::to_string(chunk.length) + " bytes at byte " + std::to_string(position) +
                       " extends past the file";
    if (valid) {
      what = "chunk_crc: " + TagText(chunk.tag) + " chunk at byte " + std::to_string(position) +
             " does not match its CRC";
      H4MK_TRY(ReadChunk(chunk, &valid));
    }
    if (valid) {
      position = chunk.offset + chunk.length;
      chunk_before_ = chunk;
      continue;
    }
    const Status status = PassOverDamage(what, &position);
    if (status.code() == Code::kEnd) {
      closed_ = false;
      Warn(what + "; nothing can be read behind it");
      return {};
    }
    if (!status.ok()) return status;
  }
  return {};
}

// Takes in a chunk that fits into the file; *valid is false where its header cannot be believed.
Status TransportReader::ReadChunk(const TransportChunk& chunk, bool* valid) {
  *valid = true;
  if (chunk.tag == kTagCore) {
    if (chunk.length > kMaxBlockSize || cores_.size() == kMaxBlocks) {
      *valid = false;
      return {};
    }
    cores_.push_back({chunk.offset, chunk.length, chunk.crc});
    return {};
  }
  if (!IsPlausibleTag(chunk.tag)) return IsValid(chunk, valid);
  if (!IsTransportTag(chunk.tag) || chunk.tag == kTagSafe || chunk.tag == kTagVeri ||
      small_chunks_.contains(chunk.tag))
    return {};  // not needed for playing
  Bytes payload;
  H4MK_TRY(ReadPayload(chunk, &payload, valid));
  if (*valid) {
    small_chunks_.emplace(chunk.tag, std::move(payload));
    if (chunk.tag == kTagSeek) index_bytes_ += chunk.length + kTransportChunkHeaderSize;
    return {};
  }
  // Its payload is damaged, or its length: then no chunk begins where it says.
  *valid = true;
  Warn(TagText(chunk.tag) + " chunk at byte " +
       std::to_string(chunk.offset - kTransportChunkHeaderSize) +
       " does not match its CRC; it is left out");
  return {};
}

Status TransportReader::ReadPayload(const TransportChunk& chunk, Bytes* payload, bool* valid) {
  *valid = false;
  if (chunk.length > kMaxSmallChunk) return {};
  payload->resize(chunk.length);  // no more than the file has
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(chunk.offset, payload->data(), payload->size(), &got));
  *valid = got == payload->size() && Crc32(0, *payload) == chunk.crc;
  return {};
}

Status TransportReader::IsValid(const TransportChunk& chunk, bool* valid) {
  Bytes payload;
  *valid = false;
  if (chunk.length > checks_left_) return {};
  checks_left_ -= chunk.length;
  return ReadPayload(chunk, &payload, valid);
}

// Finds the next chunk behind damage at *position. kEnd: there is none.
Status TransportReader::PassOverDamage(const std::string& what, uint64_t* position) {
  uint64_t from = *position;
  if (chunk_before_) {
    // What stands here may be wrong because the length of the chunk before is.
    bool valid = false;
    H4MK_TRY(IsValid(*chunk_before_, &valid));
    if (!valid) {
      from = chunk_before_->offset - kTransportChunkHeaderSize;
      if (!cores_.empty() && cores_.back().offset == chunk_before_->offset) cores_.pop_back();
    }
  }
  const auto size = static_cast<uint64_t>(source_.Size());
  Bytes window(kScanWindow);
  for (uint64_t at = from + 1; at < size; at += kScanWindow - kTransportChunkHeaderSize + 1) {
    size_t got = 0;
    H4MK_TRY(source_.ReadAt(at, window.data(), window.size(), &got));
    for (size_t i = 0; i + kTransportChunkHeaderSize <= got; ++i) {
      if (!IsTransportTag(LoadLe<uint32_t>(window.data() + i))) continue;
      const TransportChunk chunk = ParseTransportChunk(at + i, window.data() + i);
      bool valid = false;
      if (chunk.length <= size - chunk.offset) H4MK_TRY(IsValid(chunk, &valid));
      if (!valid) continue;
      if (damage_.size() < kMaxDamage)
        damage_.push_back({from, what + "; reading goes on at byte " + std::to_string(at + i)});
      *position = at + i;
      chunk_before_.reset();
      return {};
    }
  }
  return Status(Code::kEnd, "no further chunk found");
}

void TransportReader::TakeMeta() {
  const auto chunk = small_chunks_.find(kTagMeta);
  if (chunk == small_chunks_.end()) return;
  Result<Json> meta = ParseLegacyJson(AsText(chunk->second), "META");
  if (meta.ok() && meta.value().is_object()) {
    meta_ = std::move(meta.value());
  } else {
    Warn("META is no JSON object; it is left out");
  }
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
  const auto key = std::find_if(keys_.begin(), keys_.end(),
                                [](const MasterKey& candidate) { return candidate.kid.empty(); });
  if (key == keys_.end())
    return Status(Code::kKey,
                  "the file names no key; give the one that it was encrypted with without an id");
  cipher_.emplace(key->key.bytes(), meta_);
  keys_.clear();
  UnmarkEncryptedTransport(&meta_);
  for (uint32_t number = 0; number < cores_.size(); ++number) {
    const Core& core = cores_[number];
    Bytes stored;
    bool valid = false;
    H4MK_TRY(ReadPayload({core.offset, kTagCore, core.length, core.crc}, &stored, &valid));
    if (!valid) continue;
    if (cipher_->Open(number, stored).ok()) return {};
    return Status(Code::kKey, "the key is not the one that the file was encrypted with");
  }
  return {};
}

void TransportReader::AddTrack(const std::string& name) {
  Track track;
  const Json description = {{"track_id", tracks_.size() + 1},
                            {"name", name},
                            {"kind", "data"},
                            {"codec", "none"},
                            {"sample_rate", 0},
                            {"channels", 0},
                            {"note", ""},
                            {"time_base", "1/1000000"}};
  if (ReadTrack(description, &track).ok()) tracks_.push_back(std::move(track));
}

// Tracks, times and kinds of blocks from TRAK, which META has as base64 and a file may have as a
// chunk.
bool TransportReader::TakeTrackIndex() {
  Bytes text;
  if (const auto in_meta = meta_.find("trak_b64"); in_meta != meta_.end() && in_meta->is_string()) {
    if (!DecodeBase64(in_meta->get_ref<const std::string&>(), &text)) text.clear();
    index_bytes_ += in_meta->get_ref<const std::string&>().size();
  }
  if (const Json& seekm = meta_.value("seekm_b64", Json()); seekm.is_string())
    index_bytes_ += seekm.get_ref<const std::string&>().size();
  for (const char* key : {"tracks", "seekm_b64", "trak_b64"}) meta_.erase(key);
  if (const auto chunk = small_chunks_.find(kTagTracks);
      text.empty() && chunk != small_chunks_.end())
    text = chunk->second;
  if (text.empty()) return false;
  const auto entries = DecodeTransportTrak(AsText(text), cores_.size());
  if (!entries.ok()) {
    Warn(entries.status());
    return false;
  }
  std::set<std::string> ids;
  for (const TransportTrackEntry& entry : entries.value()) ids.insert(entry.track_id);
  for (const std::string& id : ids)
    if (tracks_.size() < kMaxTracks - 1) AddTrack(id);
  size_t unknown = cores_.size();
  for (const TransportTrackEntry& entry : entries.value()) {
    if (entry.core_index >= cores_.size()) continue;
    Core& core = cores_[static_cast<size_t>(entry.core_index)];
    const auto place = std::distance(ids.begin(), ids.find(entry.track_id));
    if (core.track >= 0 || place >= static_cast<ptrdiff_t>(tracks_.size())) continue;
    core.track = static_cast<int32_t>(place);
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
      if (core.track < 0) core.track = static_cast<int32_t>(tracks_.size() - 1);
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
  Bytes payload;
  for (const Core& core : cores_) {
    offsets->push_back(offset);
    if (is_regular) {
      offset += block_size.get<uint64_t>();
      continue;
    }
    payload.resize(core.length);
    size_t got = 0;
    H4MK_TRY(source_.ReadAt(core.offset, payload.data(), payload.size(), &got));
    if (cipher_) {
      const auto number = static_cast<uint32_t>(offsets->size() - 1);
      Result<Bytes> opened = cipher_->Open(number, payload);
      payload = opened.ok() ? std::move(opened.value()) : Bytes();
    }
    offset += decompress_ ? RunLengthSize(payload) : payload.size();
  }
  return {};
}

void TransportReader::NumberBlocks() {
  std::vector<uint32_t> ordinals(tracks_.size());
  totals_.assign(tracks_.size(), {});
  discarded_.assign(tracks_.size(), false);
  for (uint32_t number = 0; number < cores_.size(); ++number) {
    Core& core = cores_[number];
    if (core.track < 0) continue;
    core.ordinal = ordinals[static_cast<size_t>(core.track)]++;
    totals_[static_cast<size_t>(core.track)].Add(Record(number));
  }
}

}  // namespace h4mk
