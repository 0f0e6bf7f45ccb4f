// SPDX-License-Identifier: MIT
#include "open/make_writer.h"

#include "legacy/legacy.h"
#include "open/open_file.h"
#include "pipeline/encrypting_writer.h"
#include "protect/tree_signer.h"
#include "writer/writer.h"

namespace h4mk {
namespace {

Status MakeProtectedWriter(Io& io, const WriterOptions& options, ProtectOptions protect,
                           std::unique_ptr<FileWriter>* writer) {
  auto made = std::make_unique<Writer>(io, options);
  if (protect.signing_key)
    made->SetSigner(std::make_unique<TreeSigner>(std::move(*protect.signing_key)));
  if (protect.encryption_scheme.empty()) {
    *writer = std::move(made);
    return {};
  }
  auto cipher = BlockCipher::New(protect.encryption_scheme, protect.encryption_key);
  if (!cipher.ok()) return cipher.status();
  *writer = std::make_unique<EncryptingWriter>(std::move(made), std::move(cipher.value()));
  return {};
}

}  // namespace

Status MakeWriter(Io& io, int version, const WriterOptions& options, ProtectOptions protect,
                  std::unique_ptr<FileWriter>* writer) {
  if (version == 0 || version == 2)
    return MakeProtectedWriter(io, options, std::move(protect), writer);
  const bool is_living_v3 =
      version == kTransportVersion && protect.encryption_scheme == kSchemeLivingV3;
  if ((!protect.encryption_scheme.empty() && !is_living_v3) || protect.signing_key)
    return Status(Code::kArgument, "only version 2 can be encrypted or signed");
  if (IsLegacy(version))
    return MakeLegacyWriter(version, io, std::move(protect.encryption_key.key), writer);
  return Status(Code::kArgument, "version " + std::to_string(version) + " cannot be written");
}

}  // namespace h4mk
