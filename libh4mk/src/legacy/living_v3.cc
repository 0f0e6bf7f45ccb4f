// SPDX-License-Identifier: MIT
#include "legacy/living_v3.h"

#include <algorithm>

#include "base/fault.h"
#include "base/json.h"
#include "crypto/gcm.h"
#include "crypto/hkdf.h"
#include "crypto/x25519.h"

namespace h4mk {
namespace {

constexpr std::string_view kLivingV3Magic = "H4LC3";
constexpr size_t kMinHeader = 47;
constexpr uint8_t kHasKey = 1;

Bytes Joined(std::string_view first, std::string_view second) {
  Bytes bytes;
  AppendText(bytes, first);
  AppendText(bytes, second);
  return bytes;
}

Key Derive(ByteSpan key, ByteSpan info) {
  Key out;
  Hkdf({}, key, info, out);
  return out;
}

Key DeriveNumbered(const Key& key, std::string_view label, uint64_t number) {
  Bytes info = Joined(kLivingV3Suite, label);
  AppendBe(info, number);
  return Derive(key, info);
}

GcmNonce NonceOf(const Key& message_key, uint64_t counter) {
  Bytes info;
  AppendText(info, "nonce|");
  AppendBe(info, counter);
  GcmNonce nonce;
  Hkdf({}, message_key, info, nonce);
  return nonce;
}

// A text without the bytes that are not UTF-8.
std::string WithoutInvalidUtf8(std::string_view text) {
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::ignore));
}

Bytes Associated(ByteSpan associated, ByteSpan header) {
  Bytes all(associated.begin(), associated.end());
  AppendBytes(all, header);
  return all;
}

}  // namespace

Result<Bytes> EncodeLivingV3Header(const LivingV3Header& header) {
  if (header.suite.size() > 255) return Fault("suite_too_long", "more than 255 bytes");
  Bytes out;
  AppendText(out, kLivingV3Magic);
  out.push_back(static_cast<uint8_t>(header.suite.size()));
  AppendText(out, header.suite);
  AppendBe(out, header.counter);
  AppendBytes(out, header.transcript);
  out.push_back(header.dh_public ? kHasKey : 0);
  if (header.dh_public) AppendBytes(out, *header.dh_public);
  return out;
}

Result<LivingV3Header> ParseLivingV3Header(ByteSpan bytes) {
  if (bytes.size() < kMinHeader) return Fault("header_too_short", "a header has 47 bytes or more");
  if (!std::ranges::equal(bytes.first(kLivingV3Magic.size()), AsBytes(kLivingV3Magic)))
    return Fault("not_v3_header", "\"H4LC3\" expected");
  ByteReader reader(bytes.subspan(kLivingV3Magic.size()));
  LivingV3Header header;
  const ByteSpan suite = reader.Take(reader.Le<uint8_t>());
  header.suite = WithoutInvalidUtf8(AsText(suite));
  header.counter = reader.Be<uint64_t>();
  const ByteSpan transcript = reader.Take(header.transcript.size());
  std::ranges::copy(transcript, header.transcript.begin());
  header.flags = reader.Le<uint8_t>();
  if (reader.failed()) return Fault("short_or_out_of_range_struct", "header ends inside a field");
  if (header.flags & kHasKey) {
    const ByteSpan key = reader.Take(kKeySize);
    if (reader.failed()) return Fault("missing_dh_pub", "header ends inside its public key");
    std::ranges::copy(key, header.dh_public.emplace().begin());
  }
  return header;
}

size_t LivingV3HeaderSize(const LivingV3Header& header) {
  return kMinHeader + header.suite.size() + (header.dh_public ? kKeySize : 0);
}

LivingV3::LivingV3(ByteSpan secret, std::string_view context, Settings settings)
    : settings_(std::move(settings)) {
  state_.root_key = Derive(secret, Joined(context, "|root"));
  state_.chain_key_send = Derive(state_.root_key, Joined(context, "|ck_send"));
  state_.chain_key_recv = Derive(state_.root_key, Joined(context, "|ck_recv"));
  state_.dh_private = NewPrivateKey();
}

Key LivingV3::NewPrivateKey() const {
  if (settings_.new_private_key) return settings_.new_private_key();
  Key key;
  RandomBytes(key);
  return key;
}

Result<Bytes> LivingV3::OpenMessage(const Key& message_key, uint64_t counter, ByteSpan header,
                                    ByteSpan ciphertext, ByteSpan associated) {
  Gcm gcm;
  gcm.SetKey(message_key);
  Bytes plain(ciphertext.size());  // the tag's room keeps data() from being null
  if (ciphertext.size() < kGcmTagSize ||
      !gcm.Open(NonceOf(message_key, counter), Associated(associated, header), ciphertext,
                plain.data()))
    return Fault("auth_failed", "message is not what was encrypted");
  plain.resize(ciphertext.size() - kGcmTagSize);
  return plain;
}

Key LivingV3::Step(Key* chain, uint64_t counter) {
  const Key message_key = DeriveNumbered(*chain, "|ratchet|mk|", counter);
  *chain = DeriveNumbered(*chain, "|ratchet|ck|", counter);
  return message_key;
}

void LivingV3::MixRoot(const Key& shared, State* state) {
  std::array<uint8_t, 2 * kKeySize> both;
  std::ranges::copy(state->root_key, both.begin());
  std::ranges::copy(shared, both.begin() + kKeySize);
  state->root_key = Derive(both, Joined(kLivingV3Suite, "|root_mix"));
  Wipe(both.data(), both.size());
  state->chain_key_send = Derive(state->root_key, Joined(kLivingV3Suite, "|ck_send"));
  state->chain_key_recv = Derive(state->root_key, Joined(kLivingV3Suite, "|ck_recv"));
  state->skipped_keys.clear();
}

void LivingV3::UpdateTranscript(ByteSpan header, ByteSpan ciphertext, Sha256Digest* transcript) {
  Sha256 of_header, of_ciphertext, all;
  of_header.Add(header);
  of_ciphertext.Add(ciphertext);
  all.Add(*transcript);
  all.Add(of_header.Finish());
  all.Add(of_ciphertext.Finish());
  *transcript = all.Finish();
}

LivingV3Message LivingV3::Encrypt(ByteSpan plain, ByteSpan associated) {
  LivingV3Header header;
  header.suite = kLivingV3Suite;
  const uint64_t counter = state_.send_counter;
  const uint64_t every = settings_.root_ratchet_every;
  if (every > 0 && counter > 0 && counter % every == 0) {
    state_.dh_private = NewPrivateKey();
    header.dh_public = X25519Public(state_.dh_private);
    Key shared;
    if (state_.remote_dh_public && X25519(state_.dh_private, *state_.remote_dh_public, &shared))
      MixRoot(shared, &state_);
  }
  const Key message_key = Step(&state_.chain_key_send, counter);
  header.counter = counter;
  header.transcript = state_.transcript;
  LivingV3Message message;
  message.header = std::move(EncodeLivingV3Header(header).value());
  message.ciphertext.resize(plain.size() + kGcmTagSize);
  Gcm gcm;
  gcm.SetKey(message_key);
  gcm.Seal(NonceOf(message_key, counter), Associated(associated, message.header), plain,
           message.ciphertext.data());
  UpdateTranscript(message.header, message.ciphertext, &state_.transcript);
  ++state_.send_counter;
  return message;
}

Status LivingV3::TakeRemoteKey(const Key& remote) {
  state_.remote_dh_public = remote;
  Key shared;
  if (!X25519(state_.dh_private, remote, &shared))
    return Fault("dh_failed", "the public key gives no shared secret");
  MixRoot(shared, &state_);
  return {};
}

// The keys for recv_counter … until; the chain itself stays.
void LivingV3::MakeSkippedKeys(uint64_t until) {
  Key chain = state_.chain_key_recv;
  for (uint64_t n = state_.recv_counter;; ++n) {
    state_.skipped_keys[n] = Step(&chain, n);
    if (n == until) break;
  }
  DropOldKeys();
}

void LivingV3::DropOldKeys() {
  const uint64_t recv = state_.recv_counter, window = settings_.window;
  std::erase_if(state_.skipped_keys, [&](const auto& entry) {
    return entry.first < recv ? recv - entry.first > window : entry.first - recv > window;
  });
}

Result<Bytes> LivingV3::Decrypt(ByteSpan header_bytes, ByteSpan ciphertext, ByteSpan associated) {
  H4MK_ASSIGN(const LivingV3Header header, ParseLivingV3Header(header_bytes));
  if (header.suite != kLivingV3Suite) return Fault("suite_mismatch", "another suite");
  if (header.dh_public) H4MK_TRY(TakeRemoteKey(*header.dh_public));

  const uint64_t counter = header.counter;
  State& state = state_;
  if (counter < state.recv_counter && state.recv_counter - counter > settings_.window)
    return Fault("replay_out_of_window", "message is older than the window");
  if (counter > state.recv_counter && counter - state.recv_counter > settings_.window &&
      !state.skipped_keys.contains(counter))
    return Fault("out_of_order_too_far", "message is further ahead than the window");
  if (counter > state.recv_counter && !state.skipped_keys.contains(counter))
    MakeSkippedKeys(counter);
  if (const auto key = state.skipped_keys.extract(counter); !key.empty())
    return OpenMessage(key.mapped(), counter, header_bytes, ciphertext, associated);
  if (counter < state.recv_counter) return Fault("unexpected_counter", "message was read before");

  if (header.transcript != state.transcript)
    return Fault("transcript_mismatch", "what was received before is not what was sent");
  const Key message_key = Step(&state.chain_key_recv, counter);
  Result<Bytes> plain = OpenMessage(message_key, counter, header_bytes, ciphertext, associated);
  if (!plain.ok()) return plain;
  UpdateTranscript(header_bytes, ciphertext, &state.transcript);
  ++state.recv_counter;
  DropOldKeys();
  return plain;
}

Bytes LivingV3Binding(std::string_view engine_id, std::string_view engine_fp,
                      std::string_view container_veri_hex, std::string_view track_id,
                      int64_t pts_us, int64_t chunk_index) {
  Bytes aad;
  AppendText(aad, "H4MK");
  for (const std::string& field :
       {std::string(engine_id), std::string(engine_fp), std::string(container_veri_hex),
        std::string(track_id), std::to_string(pts_us), std::to_string(chunk_index)}) {
    aad.push_back('|');
    AppendText(aad, field);
  }
  return aad;
}

}  // namespace h4mk
