// SPDX-License-Identifier: MIT
// Living Cipher behind the C ABI: messages of version 4.
#include <h4mk/protection.h>

#include <algorithm>
#include <string>

#include "base/fault.h"
#include "capi/guard.h"
#include "capi/handles.h"
#include "crypto/gcm.h"
#include "crypto/hkdf.h"
#include "crypto/x25519.h"
#include "protect/living_v4.h"

using h4mk::Bytes;
using h4mk::ByteSpan;
using h4mk::LivingV4;
using h4mk::Result;

static_assert(LivingV4::kMinSecret == H4MK_LIVING_MIN_SECRET);
static_assert(LivingV4::kHelloSize == H4MK_LIVING_HELLO_SIZE);
static_assert(LivingV4::kOverhead == H4MK_LIVING_OVERHEAD);
static_assert(h4mk::kKeySize == H4MK_X25519_KEY_SIZE);

struct h4mk_living : h4mk::InSecretMemory {
  explicit h4mk_living(LivingV4 made) : end(std::move(made)) {}

  LivingV4 end;
};

namespace h4mk {
namespace {

constexpr uint32_t kMaxWindow = 65536;

bool SettingsFromC(const h4mk_living_options* options, LivingV4::Settings* settings) {
  h4mk_living_options given = H4MK_LIVING_OPTIONS_INIT;
  if (!CopyStruct(options, &given) || given.window > kMaxWindow) return false;
  if (given.window > 0) settings->window = given.window;
  const auto copy = [](const uint8_t* bytes, std::optional<Key>* key) {
    if (bytes != nullptr) std::copy_n(bytes, kKeySize, key->emplace().begin());
  };
  copy(given.responder_public, &settings->responder_public);
  copy(given.responder_private, &settings->responder_private);
  return true;
}

bool BindingFromC(const h4mk_living_binding* given, LivingV4::Binding* binding) {
  if (given == nullptr || given->struct_size < sizeof *given) return false;
  std::ranges::copy(given->file_id, binding->file_id.begin());
  binding->track_id = given->track_id;
  binding->ordinal = given->ordinal;
  binding->pts = given->pts;
  binding->dts = given->dts;
  binding->duration = given->duration;
  binding->flags = given->flags;
  return true;
}

}  // namespace
}  // namespace h4mk

h4mk_status h4mk_living_new_keys(uint8_t* private_key, uint8_t* public_key) {
  if (private_key == nullptr || public_key == nullptr) return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    h4mk::Key key;
    h4mk::RandomBytes(key);
    std::ranges::copy(key, private_key);
    std::ranges::copy(h4mk::X25519Public(key), public_key);
    return H4MK_OK;
  });
}

h4mk_status h4mk_living_start(const uint8_t* secret, size_t secret_size,
                              const h4mk_living_options* options, uint8_t* hello,
                              h4mk_living** living) {
  LivingV4::Settings settings;
  if (!h4mk::IsSpan(secret, secret_size) || hello == nullptr || living == nullptr ||
      !h4mk::SettingsFromC(options, &settings))
    return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    Bytes sent;
    Result<LivingV4> end = LivingV4::Start({secret, secret_size}, std::move(settings), &sent);
    if (!end.ok()) return static_cast<h4mk_status>(end.status().code());
    *living = new h4mk_living(std::move(end.value()));
    std::ranges::copy(sent, hello);
    return H4MK_OK;
  });
}

h4mk_status h4mk_living_accept(const uint8_t* secret, size_t secret_size,
                               const h4mk_living_options* options, const uint8_t* hello,
                               size_t hello_size, h4mk_living** living) {
  LivingV4::Settings settings;
  if (!h4mk::IsSpan(secret, secret_size) || !h4mk::IsSpan(hello, hello_size) || living == nullptr ||
      !h4mk::SettingsFromC(options, &settings))
    return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    Result<LivingV4> end =
        LivingV4::Accept({secret, secret_size}, std::move(settings), {hello, hello_size});
    if (!end.ok()) return static_cast<h4mk_status>(end.status().code());
    *living = new h4mk_living(std::move(end.value()));
    return H4MK_OK;
  });
}

void h4mk_living_free(h4mk_living* living) { delete living; }

h4mk_status h4mk_living_encrypt(h4mk_living* living, const h4mk_living_binding* binding,
                                const uint8_t* data, size_t size, uint8_t* out) {
  LivingV4::Binding bound;
  if (living == nullptr || !h4mk::IsSpan(data, size) || out == nullptr ||
      size > h4mk::kMaxBlockSize || !h4mk::BindingFromC(binding, &bound))
    return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    std::ranges::copy(living->end.Encrypt(bound, {data, size}), out);
    return H4MK_OK;
  });
}

h4mk_status h4mk_living_decrypt(h4mk_living* living, const h4mk_living_binding* binding,
                                const uint8_t* message, size_t size, uint8_t* out) {
  LivingV4::Binding bound;
  if (living == nullptr || !h4mk::IsSpan(message, size) || out == nullptr ||
      !h4mk::BindingFromC(binding, &bound))
    return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    const Result<Bytes> plain = living->end.Decrypt(bound, {message, size});
    if (!plain.ok()) return static_cast<h4mk_status>(plain.status().code());
    std::ranges::copy(plain.value(), out);
    return H4MK_OK;
  });
}
