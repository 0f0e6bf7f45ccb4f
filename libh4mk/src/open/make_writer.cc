// SPDX-License-Identifier: MIT
#include "open/make_writer.h"

#include "legacy/legacy.h"
#include "open/open_file.h"
#include "pipeline/encrypt_stage.h"
#include "pipeline/pack_stage.h"
#include "pipeline/write_pipeline.h"
#include "protect/tree_signer.h"

namespace h4mk {
namespace {

Status MakeProtectedWriter(Io& io, const WriterOptions& options, ProtectOptions protect,
                           std::unique_ptr<FileWriter>* writer) {
  std::unique_ptr<WriterExtension> signer;
  if (protect.signing_key) signer = std::make_unique<TreeSigner>(std::move(*protect.signing_key));
  auto made =
      std::make_unique<WritePipeline>(std::make_unique<Writer>(io, options, std::move(signer)));
  made->Add(std::make_unique<PackStage>(made->tracks()));
  if (!protect.encryption_scheme.empty()) {
    auto cipher = BlockCipher::New(protect.encryption_scheme, protect.encryption_key);
    if (!cipher.ok()) return cipher.status();
    made->Add(std::make_unique<EncryptStage>(made->tracks(), std::move(cipher.value())));
  }
  *writer = std::move(made);
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
