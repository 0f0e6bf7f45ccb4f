// SPDX-License-Identifier: MIT
#include "protect/living_v4.h"

#include <algorithm>

#include "base/fault.h"
#include "crypto/gcm.h"
#include "crypto/hkdf.h"
#include "crypto/x25519.h"

namespace h4mk {
namespace {

constexpr std::string_view kHelloMagic = "H4LC4";
constexpr uint8_t kUsesDh = 1;

// Header of a message: direction, counter, value of the epoch.
constexpr size_t kHeaderSize = 1 + 8 + kKeySize;

// So many messages may be lost in a row. It bounds the work that a forged counter makes for a
// receiver.
constexpr uint64_t kMaxAhead = 1u << 20;

constexpr uint8_t kFromInitiator = 0, kFromResponder = 1;

Key Commitment(const Key& root, ByteSpan hello_front) {
  return ExpandLabel(root, "living commitment", hello_front);
}

Status Check(ByteSpan secret, const LivingV4::Settings& settings) {
  if (settings.rekey_every == 0) return Status(Code::kArgument, "keys must be renewed");
  if (secret.size() >= LivingV4::kMinSecret) return {};
  return Status(Code::kKey, "a secret of at least 32 bytes is needed");
}

}  // namespace

void LivingV4::SetKeys(const Key& root) {
  const Key initiator = ExpandLabel(root, "living initiator");
  const Key responder = ExpandLabel(root, "living responder");
  send_.epochs = KeyChain(is_initiator_ ? initiator : responder);
  receive_.epochs = KeyChain(is_initiator_ ? responder : initiator);
}

Result<LivingV4> LivingV4::Start(ByteSpan secret, Settings settings, Bytes* hello) {
  H4MK_TRY(Check(secret, settings));
  LivingV4 session;
  session.settings_ = std::move(settings);
  session.is_initiator_ = true;
  session.uses_dh_ = session.settings_.responder_public.has_value();
  RandomBytes(session.salt_);
  hello->clear();
  AppendText(*hello, kHelloMagic);
  hello->push_back(session.uses_dh_ ? kUsesDh : 0);
  AppendBytes(*hello, session.salt_);
  const Key root = HkdfExtract(session.salt_, secret);
  AppendBytes(*hello, Commitment(root, *hello));
  session.SetKeys(root);
  return session;
}

Result<LivingV4> LivingV4::Accept(ByteSpan secret, Settings settings, ByteSpan hello) {
  H4MK_TRY(Check(secret, settings));
  ByteReader reader(hello);
  const ByteSpan magic = reader.Take(kHelloMagic.size());
  if (hello.size() != kHelloSize || !std::equal(magic.begin(), magic.end(), kHelloMagic.begin()))
    return Fault("not_v4_hello", "the first message of a session expected");
  LivingV4 session;
  session.settings_ = std::move(settings);
  session.uses_dh_ = reader.Le<uint8_t>() & kUsesDh;
  std::ranges::copy(reader.Take(kKeySize), session.salt_.begin());
  const Key root = HkdfExtract(session.salt_, secret);
  const ByteSpan front = hello.first(kHelloSize - kKeySize);
  if (!EqualInConstantTime(Commitment(root, front), hello.last(kKeySize)))
    return Status(Code::kKey, "the secret is not that of the session");
  if (session.uses_dh_ && !session.settings_.responder_private)
    return Status(Code::kKey, "the session needs the private key of its responder");
  session.SetKeys(root);
  return session;
}

// The receiver's way to a message that is ahead. False: its value gives no shared secret.
bool LivingV4::MoveTo(uint64_t counter, const Value& value, Direction* direction, Key* key) const {
  const uint64_t epoch = counter / settings_.rekey_every;
  const uint64_t window = settings_.window;
  const auto keep = [&](uint64_t number, const Key& passed) {
    if (window > 0 && counter - number <= window) direction->late[number] = passed;
  };
  if (epoch >= direction->epochs_taken) {
    // Messages of the epoch before may still come: their keys are kept.
    const uint64_t end = direction->epochs_taken * settings_.rekey_every;
    for (; direction->next < end; ++direction->next)
      keep(direction->next, direction->messages.Next());
    Key epoch_key;
    for (; direction->epochs_taken <= epoch; ++direction->epochs_taken)
      epoch_key = direction->epochs.Next();
    Key shared;
    std::ranges::copy(value, shared.begin());
    if (uses_dh_ && !is_initiator_ && !X25519(*settings_.responder_private, Key(shared), &shared))
      return false;
    direction->messages = KeyChain(HkdfExtract(epoch_key, shared));
    direction->next = epoch * settings_.rekey_every;
  }
  for (; direction->next < counter; ++direction->next)
    keep(direction->next, direction->messages.Next());
  *key = direction->messages.Next();
  ++direction->next;
  std::erase_if(direction->late,
                [&](const auto& entry) { return direction->next - entry.first > window + 1; });
  return true;
}

Bytes LivingV4::Associated(ByteSpan header, const Binding& binding) const {
  Bytes out;  // every field has a fixed size
  AppendText(out, std::string_view("H4MK/2 living\0", 14));
  AppendBytes(out, salt_);
  AppendBytes(out, header);
  AppendBytes(out, binding.file_id);
  AppendLe(out, binding.track_id);
  AppendLe(out, binding.ordinal);
  AppendLe(out, binding.pts);
  AppendLe(out, binding.dts);
  AppendLe(out, binding.duration);
  AppendLe(out, binding.flags);
  return out;
}

Bytes LivingV4::Encrypt(const Binding& binding, ByteSpan plain) {
  if (send_.next % settings_.rekey_every == 0) {
    Key fresh;
    RandomBytes(fresh);
    const bool by_dh = uses_dh_ && is_initiator_;
    const Key sent = by_dh ? X25519Public(fresh) : fresh;
    std::ranges::copy(sent, send_value_.begin());
    const Key epoch_key = send_.epochs.Next();
    Key shared = sent;
    if (by_dh) X25519(fresh, *settings_.responder_public, &shared);
    send_.messages = KeyChain(HkdfExtract(epoch_key, shared));
  }
  const Key key = send_.messages.Next();
  Bytes message;
  message.push_back(is_initiator_ ? kFromInitiator : kFromResponder);
  AppendLe(message, send_.next++);
  AppendBytes(message, send_value_);
  const Bytes associated = Associated(message, binding);
  message.resize(kHeaderSize + plain.size() + kGcmTagSize);
  Gcm gcm;
  gcm.SetKey(key);  // for one message only: the nonce need not differ
  gcm.Seal({}, associated, plain, message.data() + kHeaderSize);
  return message;
}

Result<Bytes> LivingV4::Decrypt(const Binding& binding, ByteSpan message) {
  if (message.size() < kHeaderSize + kGcmTagSize)
    return Fault("short_message", "a message has 57 bytes or more");
  ByteReader reader(message);
  const auto direction = reader.Le<uint8_t>();
  const auto counter = reader.Le<uint64_t>();
  Value value;
  std::ranges::copy(reader.Take(value.size()), value.begin());
  if (direction != (is_initiator_ ? kFromResponder : kFromInitiator))
    return Fault("other_direction", "message was not sent to this end");
  if (counter >= receive_.next && counter - receive_.next > kMaxAhead)
    return Fault("too_far_ahead", "more messages are missing than can be passed over");

  // Nothing of this is kept unless the message turns out to be genuine.
  Direction moved = receive_;
  Key key;
  if (counter < moved.next) {
    const auto late = moved.late.extract(counter);
    if (late.empty()) return Fault("replayed", "message was read before, or comes too late");
    key = late.mapped();
  } else if (!MoveTo(counter, value, &moved, &key)) {
    return Fault("auth_failed", "message is not what was sent");
  }
  const ByteSpan sealed = message.subspan(kHeaderSize);
  Bytes plain(sealed.size() - kGcmTagSize);
  plain.reserve(1);
  Gcm gcm;
  gcm.SetKey(key);
  if (!gcm.Open({}, Associated(message.first(kHeaderSize), binding), sealed, plain.data()))
    return Fault("auth_failed", "message is not what was sent");
  receive_ = std::move(moved);
  return plain;
}

}  // namespace h4mk
