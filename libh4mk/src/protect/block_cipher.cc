// SPDX-License-Identifier: MIT
#include "protect/block_cipher.h"

#include <algorithm>

#include "base/base64.h"
#include "base/hex.h"
#include "crypto/hkdf.h"

namespace h4mk {
namespace {

constexpr unsigned kEpochShift = 20;  // blocks of a track under one key, as a power of two
constexpr size_t kMaxSessions = 4096;

Status Unusable(const std::string& key) {
  return Status(Code::kCorrupt, "META: \"" + key + "\" of \"protection\" cannot be used");
}

// Bytes of a fixed size as base64.
bool ReadBytes(const Json& object, const char* key, std::span<uint8_t> out) {
  const auto member = object.find(key);
  Bytes bytes;
  if (member == object.end() || !member->is_string() ||
      !DecodeBase64(member->get_ref<const std::string&>(), &bytes) || bytes.size() != out.size())
    return false;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return true;
}

// Takes a list of TrackCount, or of pairs of a track id and a count.
Json CountsToJson(const auto& counts) {
  Json list = Json::array();
  for (const auto& [track_id, blocks] : counts) list.push_back({track_id, blocks});
  return list;
}

// Whether it is an integer of 0 or more. Those that come through h4mk_value are signed.
bool IsCount(const Json& number) { return number.is_number_integer() && number >= 0; }

bool CountsFromJson(const Json& list, std::vector<TrackCount>* counts) {
  if (!list.is_array() || list.size() > kMaxTracks) return false;
  for (const Json& entry : list) {
    if (!entry.is_array() || entry.size() != 2 || !IsCount(entry[0]) || !IsCount(entry[1]) ||
        entry[0] > kMaxTrackId)
      return false;
    counts->push_back({entry[0].get<uint32_t>(), entry[1].get<uint64_t>()});
  }
  return true;
}

GcmNonce NonceOf(const BlockContext& block, BlockPart part) {
  GcmNonce nonce;
  StoreLe(nonce.data(), static_cast<uint32_t>(part));
  StoreLe(nonce.data() + 4, block.ordinal);
  return nonce;
}

constexpr std::string_view kAadLabel{"H4MK/2 block\0", 13};
constexpr size_t kAadSize = 13 + 4 + 2 * kIdSize + 3 * 4 + 4 * 8 + 4;

// protection.md, "Encrypted blocks": associated data.
std::array<uint8_t, kAadSize> AadOf(const BlockContext& block, BlockPart part, const Id& file_id,
                                    const Id& session_id) {
  std::array<uint8_t, kAadSize> aad;
  uint8_t* at = std::copy(kAadLabel.begin(), kAadLabel.end(), aad.data());
  const auto put = [&at](auto value) {
    StoreLe(at, value);
    at += sizeof value;
  };
  put(static_cast<uint32_t>(part));
  at = std::copy(file_id.begin(), file_id.end(), at);
  at = std::copy(session_id.begin(), session_id.end(), at);
  put(block.track_id);
  put(block.time_base.num);
  put(block.time_base.den);
  put(block.ordinal);
  put(block.pts);
  put(block.dts);
  put(block.duration);
  put(block.flags);
  return aad;
}

bool IsScheme(std::string_view scheme) { return scheme == kSchemeGcm || scheme == kSchemeLiving; }

Status CheckKeyLength(const MasterKey& key) {
  const size_t size = key.key.bytes().size();
  if (size >= kMinMasterKey && size <= kMaxMasterKey && key.kid.size() <= kMaxKeyId) return {};
  return Status(Code::kArgument, "a key has 16 to 1024 bytes, and its id at most 32");
}

}  // namespace

Result<std::unique_ptr<BlockCipher>> BlockCipher::New(std::string_view scheme, const MasterKey& key,
                                                      const std::optional<Id>& file_id) {
  if (!IsScheme(scheme))
    return Status(Code::kArgument, "no encryption scheme \"" + std::string(scheme) +
                                       "\": there are aes-256-gcm and living");
  H4MK_TRY(CheckKeyLength(key));
  std::unique_ptr<BlockCipher> cipher(new BlockCipher);
  cipher->scheme_ = scheme;
  cipher->kid_ = key.kid;
  if (file_id) {
    cipher->file_id_ = *file_id;
  } else {
    RandomBytes(cipher->file_id_);
  }
  cipher->SetKey(key.key.bytes());
  cipher->sessions_.push_back(std::make_unique<Session>());
  return cipher;
}

Result<std::unique_ptr<BlockCipher>> BlockCipher::Open(const Json& protection,
                                                       std::span<const MasterKey> keys) {
  if (!protection.is_object()) return Unusable("scheme");
  const Json scheme = protection.value("scheme", Json());
  if (!scheme.is_string()) return Unusable("scheme");
  if (!IsScheme(scheme.get_ref<const std::string&>()))
    return Status(Code::kUnsupported, "blocks are encrypted by the scheme " + scheme.dump() +
                                          ", which this version of the library does not know");
  std::unique_ptr<BlockCipher> cipher(new BlockCipher);
  cipher->scheme_ = scheme.get<std::string>();
  const Json kid = protection.value("kid", Json(""));
  if (!kid.is_string() || !DecodeHex(kid.get_ref<const std::string&>(), &cipher->kid_) ||
      cipher->kid_.size() > kMaxKeyId)
    return Unusable("kid");
  Key check;
  if (!ReadBytes(protection, "file_id", cipher->file_id_)) return Unusable("file_id");
  if (!ReadBytes(protection, "key_check", check)) return Unusable("key_check");
  H4MK_ASSIGN(cipher->sessions_, ReadSessions(protection));

  const std::string named = cipher->kid_.empty() ? "" : " " + EncodeHex(cipher->kid_);
  bool tried = false;
  for (const MasterKey& key : keys) {
    if (!key.kid.empty() && !cipher->kid_.empty() && key.kid != cipher->kid_) continue;
    H4MK_TRY(CheckKeyLength(key));
    tried = true;
    cipher->SetKey(key.key.bytes());
    if (EqualInConstantTime(cipher->check_, check)) return cipher;
  }
  return Status(Code::kKey, tried ? "the key is not the one that the file was encrypted with"
                                  : "the file is encrypted; its key" + named + " is needed");
}

void BlockCipher::SetKey(ByteSpan master_key) {
  root_ = HkdfExtract(file_id_, master_key);
  check_ = ExpandLabel(root_, "key check", AsBytes(scheme_));
  descriptions_key_ = ExpandLabel(root_, "descriptions key");
  end_key_ = ExpandLabel(root_, "end key");
}

void BlockCipher::ForgetMasterKey(std::span<const uint32_t> track_ids) {
  if (scheme_ != kSchemeLiving) return;
  for (const uint32_t track_id : track_ids) {
    TrackState& track = tracks_[track_id];
    track.session = sessions_.back().get();
    track.living = LivingTrack(LivingTop(track_id, *track.session), true);
    track.run = UINT64_MAX;
  }
  root_ = Key();
}

Key BlockCipher::LivingTop(uint32_t track_id, const Session& session) const {
  Bytes data(session.id.begin(), session.id.end());
  AppendLe(data, track_id);
  return ExpandLabel(root_, "living track", data);
}

Key BlockCipher::DescriptionsMac(const DescriptionDigests& descriptions) const {
  Bytes data;
  AppendBytes(data, descriptions.tracks);
  AppendBytes(data, descriptions.meta);
  return ExpandLabel(descriptions_key_, "descriptions", data);
}

Key BlockCipher::EndMac(const Key& descriptions, std::span<const TrackCount> counts) const {
  Bytes data;
  AppendBytes(data, descriptions);
  AppendLe(data, static_cast<uint32_t>(counts.size()));
  for (const TrackCount& count : counts) {
    AppendLe(data, count.track_id);
    AppendLe(data, count.blocks);
  }
  return ExpandLabel(end_key_, "end", data);
}

Json BlockCipher::Describe() const {
  Json protection = {{"scheme", scheme_}};
  if (!kid_.empty()) protection["kid"] = EncodeHex(kid_);
  protection["file_id"] = EncodeBase64(file_id_);
  protection["key_check"] = EncodeBase64(check_);
  for (size_t i = 1; i < sessions_.size(); ++i)
    protection["sessions"].push_back(
        {{"id", EncodeBase64(sessions_[i]->id)}, {"first", CountsToJson(sessions_[i]->first)}});
  return protection;
}

Json BlockCipher::Describe(const DescriptionDigests& descriptions,
                           const std::optional<std::vector<TrackCount>>& counts) const {
  Json protection = Describe();
  const Key mac = DescriptionsMac(descriptions);
  protection["descriptions"] = EncodeBase64(mac);
  if (counts)
    protection["end"] = {{"blocks", CountsToJson(*counts)},
                         {"mac", EncodeBase64(EndMac(mac, *counts))}};
  return protection;
}

Status BlockCipher::CheckDescriptions(const Json& protection,
                                      const DescriptionDigests& descriptions) const {
  Key mac;
  if (ReadBytes(protection, "descriptions", mac) &&
      EqualInConstantTime(mac, DescriptionsMac(descriptions)))
    return {};
  return Status(
      Code::kCorrupt,
      "the descriptions in TRAK and META are not those that were written with the encrypted "
      "blocks");
}

Result<std::vector<TrackCount>> BlockCipher::CheckEnd(const Json& protection) const {
  const auto end = protection.find("end");
  Key mac, descriptions;
  std::vector<TrackCount> counts;
  if (end == protection.end() || !end->is_object() || !ReadBytes(*end, "mac", mac) ||
      !ReadBytes(protection, "descriptions", descriptions) ||
      !CountsFromJson(end->value("blocks", Json()), &counts))
    return Status(Code::kCorrupt,
                  "META: the file is closed, but \"protection\" does not tell its end");
  if (!EqualInConstantTime(mac, EndMac(descriptions, counts)))
    return Status(Code::kCorrupt, "META: the end of the file in \"protection\" is not authentic");
  return counts;
}

Result<BlockCipher::Sessions> BlockCipher::ReadSessions(const Json& protection) {
  Sessions sessions;
  sessions.push_back(std::make_unique<Session>());
  const auto list = protection.find("sessions");
  if (list == protection.end()) return sessions;
  if (!list->is_array() || list->size() >= kMaxSessions) return Unusable("sessions");
  for (const Json& entry : *list) {
    auto session = std::make_unique<Session>();
    std::vector<TrackCount> first;
    if (!entry.is_object() || !ReadBytes(entry, "id", session->id) ||
        !CountsFromJson(entry.value("first", Json()), &first))
      return Unusable("sessions");
    for (const TrackCount& count : first) session->first[count.track_id] = count.blocks;
    sessions.push_back(std::move(session));
  }
  return sessions;
}

Status BlockCipher::AddSessions(const Json& protection) {
  H4MK_ASSIGN(Sessions now, ReadSessions(protection));
  const auto is_same = [](const auto& a, const auto& b) { return *a == *b; };
  const auto [added, others] = std::ranges::mismatch(now, sessions_, is_same);
  if (added == now.end()) return {};
  if (others != sessions_.end()) return Unusable("sessions");
  std::move(added, now.end(), std::back_inserter(sessions_));
  for (auto& [track_id, track] : tracks_) track.since.clear();
  return {};
}

// protection.md, "Encrypted blocks": a block belongs to the last session that begins at or before
// it. A session has no block if a later one begins where it does, or before it.
std::vector<BlockCipher::Since> BlockCipher::SessionsOf(uint32_t track_id) const {
  std::vector<Since> since;
  uint64_t later = UINT64_MAX;
  for (size_t i = sessions_.size(); i-- > 0 && later > 0;) {
    const auto first = sessions_[i]->first.find(track_id);
    const uint64_t ordinal = first == sessions_[i]->first.end() ? 0 : first->second;
    if (ordinal >= later) continue;
    since.push_back({ordinal, sessions_[i].get()});
    later = ordinal;
  }
  std::ranges::reverse(since);
  return since;
}

const BlockCipher::Session& BlockCipher::SessionOf(uint32_t track_id, uint64_t ordinal) {
  std::vector<Since>& since = tracks_[track_id].since;
  if (since.empty()) since = SessionsOf(track_id);
  return *std::ranges::upper_bound(since, ordinal, {}, &Since::ordinal)[-1].session;
}

Gcm& BlockCipher::CipherFor(const BlockContext& block, const Session& session) {
  TrackState& track = tracks_[block.track_id];
  const bool is_living = scheme_ == kSchemeLiving;
  const uint64_t run = is_living ? block.ordinal : block.ordinal >> kEpochShift;
  if (track.session == &session && track.run == run) return track.cipher;
  if (is_living) {
    if (track.session != &session || track.living.IsPast(block.ordinal))
      track.living = LivingTrack(LivingTop(block.track_id, session), false);
    track.cipher.SetKey(track.living.Take(block.ordinal));
  } else {
    Bytes data(session.id.begin(), session.id.end());
    AppendLe(data, block.track_id);
    AppendLe(data, run);
    track.cipher.SetKey(ExpandLabel(root_, "block key", data));
  }
  track.session = &session;
  track.run = run;
  return track.cipher;
}

void BlockCipher::Seal(const BlockContext& block, BlockPart part, ByteSpan data, uint8_t* out) {
  const Session& session = SessionOf(block.track_id, block.ordinal);
  CipherFor(block, session)
      .Seal(NonceOf(block, part), AadOf(block, part, file_id_, session.id), data, out);
}

bool BlockCipher::Open(const BlockContext& block, BlockPart part, ByteSpan sealed, uint8_t* out) {
  const Session& session = SessionOf(block.track_id, block.ordinal);
  return CipherFor(block, session)
      .Open(NonceOf(block, part), AadOf(block, part, file_id_, session.id), sealed, out);
}

}  // namespace h4mk
