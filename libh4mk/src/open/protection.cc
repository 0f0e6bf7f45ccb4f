// SPDX-License-Identifier: MIT
#include "open/protection.h"

#include <utility>

#include "pipeline/decrypt_stage.h"
#include "pipeline/encrypt_stage.h"
#include "protect/tree_signer.h"

namespace h4mk {

Status OpenSignature(Io& io, std::optional<SignatureKey> key, SignatureStage::Strictness strictness,
                     std::shared_ptr<SignatureStage>* stage) {
  *stage = std::make_shared<SignatureStage>(io, std::move(key), strictness);
  return (*stage)->io().Open();
}

Status MakeDecryptStage(std::vector<MasterKey> keys, std::shared_ptr<BlockStage>* stage) {
  *stage = std::make_shared<DecryptStage>(std::move(keys));
  return {};
}

Status WhyEncrypted(const Json& protection) { return BlockCipher::Open(protection, {}).status(); }

Status MakeSigner(SignatureKey key, std::unique_ptr<WriterExtension>* signer) {
  *signer = std::make_unique<TreeSigner>(std::move(key));
  return {};
}

Status MakeEncryptStage(std::string_view scheme, const MasterKey& key,
                        const std::vector<Track>& tracks, std::unique_ptr<WriteStage>* stage) {
  H4MK_ASSIGN(auto cipher, BlockCipher::New(scheme, key));
  *stage = std::make_unique<EncryptStage>(tracks, std::move(cipher));
  return {};
}

}  // namespace h4mk
