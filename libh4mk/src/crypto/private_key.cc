// SPDX-License-Identifier: MIT
#include "crypto/private_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <new>
#include <string>
#include <vector>

namespace h4mk {
namespace {

struct KeyPartFree {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EC_GROUP* group) const { EC_GROUP_free(group); }
  void operator()(EC_POINT* point) const { EC_POINT_free(point); }
  void operator()(BN_CTX* context) const { BN_CTX_free(context); }
  void operator()(BIGNUM* number) const { BN_clear_free(number); }
};
template <typename T>
using KeyPart = std::unique_ptr<T, KeyPartFree>;

Status NoKey() {
  return Status(Code::kKey, "a private key in PEM form, without a password, is needed");
}
Status OtherKind() {
  return Status(Code::kKey, "a key must be of the kind Ed25519 or ECDSA on P-256");
}

// ------------------------------------------------------------------------------------------------
// PEM (RFC 7468)

constexpr std::string_view kPkcs8 = "PRIVATE KEY", kSec1 = "EC PRIVATE KEY";
constexpr size_t kMaxBlock = 4096;  // characters; keys of the two kinds take some 200

// What stands between the lines of the first block of a label; empty: there is none.
std::string_view BlockOf(std::string_view pem, std::string_view label) {
  const auto line = [&](const char* word) {
    return "-----" + std::string(word) + " " + std::string(label) + "-----";
  };
  const std::string begin = line("BEGIN");
  const size_t at = pem.find(begin);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = pem.substr(at + begin.size());
  const size_t end = rest.find(line("END"));
  return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

// The bytes of a block; empty: it is no base64, as with the header lines of one with a password.
Secret Decode(std::string_view block) {
  if (block.size() > kMaxBlock) return {};
  std::vector<uint8_t, SecretAllocator<uint8_t>> text, bytes;
  text.reserve(block.size());
  for (const char c : block)
    if (std::string_view(" \t\r\n").find(c) == std::string_view::npos)
      text.push_back(static_cast<uint8_t>(c));
  if (text.empty() || text.size() % 4 != 0) return {};
  bytes.resize(text.size() / 4 * 3);
  if (EVP_DecodeBlock(bytes.data(), text.data(), static_cast<int>(text.size())) < 0) return {};
  // OpenSSL makes zeros of the padding.
  bytes.resize(bytes.size() - static_cast<size_t>(std::count(text.end() - 2, text.end(), '=')));
  return Secret(bytes);
}

// ------------------------------------------------------------------------------------------------
// DER

constexpr uint8_t kInteger = 0x02, kOctets = 0x04, kSequence = 0x30;

// The content of the next element of a kind, which is taken from *der; an empty span without data:
// the next one is of another kind or reaches too far.
ByteSpan Take(ByteSpan* der, uint8_t kind) {
  if (der->size() < 2 || (*der)[0] != kind) return {};
  size_t size = (*der)[1], front = 2;
  if (size >= 0x80) {  // so many bytes say the size; no key needs more than two
    const size_t bytes = size & 0x7F;
    if (bytes == 0 || bytes > 2 || der->size() < front + bytes) return {};
    size = 0;
    while (front < 2 + bytes) size = size << 8 | (*der)[front++];
  }
  if (size > der->size() - front) return {};
  const ByteSpan content = der->subspan(front, size);
  *der = der->subspan(front + size);
  return content;
}

bool Is(ByteSpan a, std::initializer_list<uint8_t> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

bool IsEd25519(ByteSpan algorithm) { return Is(algorithm, {0x06, 0x03, 0x2B, 0x65, 0x70}); }
bool IsP256(ByteSpan curve) {
  return Is(curve, {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07});
}
bool IsEcdsaP256(ByteSpan algorithm) {
  const size_t front = 9;  // a key of elliptic curves
  return algorithm.size() > front && IsP256(algorithm.subspan(front)) &&
         Is(algorithm.first(front), {0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01});
}

constexpr uint8_t kCurve = 0xA0;  // [0]

Result<PrivateKey> Made(SignatureKind kind, ByteSpan bytes) {
  if (bytes.empty() || bytes.size() > kKeySize) return NoKey();
  return PrivateKey{kind, Secret(bytes)};
}

// RFC 5915: version, key, and as [0] which curve it is on.
Result<PrivateKey> FromSec1(ByteSpan der, bool is_p256) {
  ByteSpan fields = Take(&der, kSequence);
  Take(&fields, kInteger);
  const ByteSpan key = Take(&fields, kOctets);
  if (!is_p256 && !key.empty() && !IsP256(Take(&fields, kCurve))) return OtherKind();
  return Made(SignatureKind::kEcdsaP256, key);
}

// RFC 5958: version, algorithm, the key as its algorithm has it; attributes may follow.
Result<PrivateKey> FromPkcs8(ByteSpan der) {
  ByteSpan fields = Take(&der, kSequence);
  Take(&fields, kInteger);
  const ByteSpan algorithm = Take(&fields, kSequence);
  ByteSpan key = Take(&fields, kOctets);
  if (key.empty()) return NoKey();
  if (IsEd25519(algorithm)) return Made(SignatureKind::kEd25519, Take(&key, kOctets));
  if (IsEcdsaP256(algorithm)) return FromSec1(key, /*is_p256=*/true);
  return OtherKind();
}

// ------------------------------------------------------------------------------------------------
// keys of OpenSSL

// The public key of a private one on P-256; false: it is none.
using Point = std::array<uint8_t, 65>;
bool PublicOf(const BIGNUM* number, Point* encoded) {
  const KeyPart<EC_GROUP> group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  const KeyPart<BN_CTX> context(BN_CTX_secure_new());
  if (!group || !context) throw std::bad_alloc();
  if (BN_is_zero(number) || BN_cmp(number, EC_GROUP_get0_order(group.get())) >= 0) return false;
  const KeyPart<EC_POINT> point(EC_POINT_new(group.get()));
  if (!point ||
      EC_POINT_mul(group.get(), point.get(), number, nullptr, nullptr, context.get()) != 1)
    throw std::bad_alloc();
  return EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED,
                            encoded->data(), encoded->size(), context.get()) == encoded->size();
}

// Null: the number is no key.
EVP_PKEY* EcdsaP256(ByteSpan key) {
  const KeyPart<BIGNUM> number(BN_secure_new());
  if (!number || !BN_bin2bn(key.data(), static_cast<int>(key.size()), number.get()))
    throw std::bad_alloc();
  Point point;
  if (!PublicOf(number.get(), &point)) return nullptr;
  Key native;  // in the order of bytes that OpenSSL has numbers in
  char group[] = "prime256v1";
  BN_bn2nativepad(number.get(), native.data(), static_cast<int>(native.size()));
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native.data(), native.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  const KeyPart<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* made = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_KEYPAIR, params) != 1)
    throw std::bad_alloc();
  return made;
}

}  // namespace

bool HasPrivateKey(std::string_view pem) {
  return pem.find("PRIVATE KEY-----") != std::string_view::npos;
}

Result<PrivateKey> ReadPrivateKey(std::string_view pem) {
  if (const std::string_view block = BlockOf(pem, kPkcs8); !block.empty())
    return FromPkcs8(Decode(block).bytes());
  return FromSec1(Decode(BlockOf(pem, kSec1)).bytes(), /*is_p256=*/false);
}

Result<std::shared_ptr<EVP_PKEY>> ForOpenSsl(const PrivateKey& key) {
  MakeSecretHeap();
  const ByteSpan bytes = key.bytes.bytes();
  EVP_PKEY* made =
      key.kind == SignatureKind::kEcdsaP256
          ? EcdsaP256(bytes)
          : EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes.data(), bytes.size());
  if (made == nullptr) return NoKey();
  return std::shared_ptr<EVP_PKEY>(made, EVP_PKEY_free);
}

}  // namespace h4mk
