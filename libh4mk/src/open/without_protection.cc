// SPDX-License-Identifier: MIT
// What a build without protection has in its place. Options still have members for keys, whose
// memory is wiped here too.
#include <new>

#include "crypto/secret.h"
#include "open/protection.h"

namespace h4mk {
namespace {

Status NoProtection() {
  return Status(Code::kUnsupported,
                "this build of the library has no protection: no ciphers and no signatures");
}

}  // namespace

void* AllocateSecret(size_t size) { return ::operator new(size); }

void FreeSecret(void* memory, size_t size) {
  if (memory == nullptr) return;
  Wipe(memory, size);
  ::operator delete(memory);
}

void Wipe(void* memory, size_t size) {
  volatile auto* bytes = static_cast<volatile uint8_t*>(memory);  // or compilers leave it out
  for (size_t i = 0; i < size; ++i) bytes[i] = 0;
}

Result<SignatureKey> SignatureKey::Private(std::string_view) { return NoProtection(); }
Result<SignatureKey> SignatureKey::Public(std::string_view) { return NoProtection(); }

Status OpenSignature(Io&, std::optional<SignatureKey>, SignatureStage::Strictness,
                     std::shared_ptr<SignatureStage>*) {
  return NoProtection();
}

Status MakeDecryptStage(std::vector<MasterKey>, std::shared_ptr<BlockStage>*) {
  return NoProtection();
}

Status WhyEncrypted(const Json&) { return NoProtection(); }

Status MakeSigner(SignatureKey, std::unique_ptr<WriterExtension>*) { return NoProtection(); }

Status MakeEncryptStage(std::string_view, const MasterKey&, const std::vector<Track>&,
                        std::unique_ptr<WriteStage>*) {
  return NoProtection();
}

}  // namespace h4mk
