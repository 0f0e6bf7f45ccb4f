// SPDX-License-Identifier: MIT
#include "open/make_writer.h"

#include "legacy/legacy.h"
#include "open/protection.h"
#include "pipeline/pack_stage.h"
#include "pipeline/write_pipeline.h"

namespace h4mk {
namespace {

Status MakeV2Writer(Io& io, const WriterOptions& options, ProtectOptions protect,
                    std::unique_ptr<FileWriter>* writer) {
  std::unique_ptr<WriterExtension> signer;
  if (protect.signing_key) H4MK_TRY(MakeSigner(std::move(*protect.signing_key), &signer));
  auto made =
      std::make_unique<WritePipeline>(std::make_unique<Writer>(io, options, std::move(signer)));
  made->Add(std::make_unique<PackStage>(made->tracks()));
  if (!protect.encryption_scheme.empty()) {
    std::unique_ptr<WriteStage> encrypt;
    H4MK_TRY(MakeEncryptStage(protect.encryption_scheme, protect.encryption_key, made->tracks(),
                              &encrypt));
    made->Add(std::move(encrypt));
  }
  *writer = std::move(made);
  return {};
}

}  // namespace

Status MakeWriter(Io& io, int version, const WriterOptions& options, ProtectOptions protect,
                  std::unique_ptr<FileWriter>* writer) {
  if (version == 0 || version == 2) return MakeV2Writer(io, options, std::move(protect), writer);
  const bool is_living_v3 =
      version == kTransportVersion && protect.encryption_scheme == kSchemeLivingV3;
  if ((!protect.encryption_scheme.empty() && !is_living_v3) || protect.signing_key)
    return Status(Code::kArgument, "only version 2 can be encrypted or signed");
  if (IsLegacy(version))
    return MakeLegacyWriter(version, io, std::move(protect.encryption_key.key), writer);
  return Status(Code::kArgument, "version " + std::to_string(version) + " cannot be written");
}

}  // namespace h4mk
