// SPDX-License-Identifier: MIT
#include "legacy/transport/transport_cipher.h"

#include "base/fault.h"

namespace h4mk {
namespace {

// What the first writer puts where the hash of the container should be: SHA-256("temp").
constexpr std::string_view kContainerHash =
    "a6864eb339b0e1f6e00d75293a8840abf069a2c0fe82e6e53af6ac099793c1d5";

}  // namespace

bool IsEncryptedTransport(const Json& meta) {
  return meta.contains("encryption") || meta.value("encrypted", Json()) == true;
}

TransportCipher::TransportCipher(ByteSpan secret, const Json& meta)
    : sender_(secret, kLivingV3Context, {}) {
  if (const Json id = meta.value("track_id", Json()); id.is_string())
    track_id_ = id.get<std::string>();
  if (const Json pts = meta.value("pts_us", Json()); pts.is_number_integer())
    pts_us_ = pts.get<int64_t>();
  first_ = chain_ = sender_.state().chain_key_send;
}

Bytes TransportCipher::Binding(uint64_t number) const {
  return LivingV3Binding("unknown", "unknown", kContainerHash, track_id_, pts_us_,
                         static_cast<int64_t>(number));
}

Bytes TransportCipher::Seal(ByteSpan coded) {
  LivingV3Message message = sender_.Encrypt(coded, Binding(sender_.state().send_counter));
  AppendBytes(message.header, message.ciphertext);
  return std::move(message.header);
}

Result<Bytes> TransportCipher::Open(uint64_t number, ByteSpan stored) {
  H4MK_ASSIGN(const LivingV3Header header, ParseLivingV3Header(stored));
  if (header.counter != number || header.suite != kLivingV3Suite)
    return Fault("unexpected_counter", "the block is not in its place");
  if (number < next_) {
    chain_ = first_;
    next_ = 0;
  }
  for (; next_ < number; ++next_) LivingV3::Step(&chain_, next_);
  // A public key in the header is not mixed in: a sender that was told none did not, either.
  const Key key = LivingV3::Step(&chain_, next_++);
  const size_t size = LivingV3HeaderSize(header);
  return LivingV3::OpenMessage(key, number, stored.first(size), stored.subspan(size),
                               Binding(number));
}

}  // namespace h4mk
