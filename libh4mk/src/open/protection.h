// SPDX-License-Identifier: MIT
// The way into protection: all that opening and writing a file call of ciphers and signatures. A
// build without it (H4MK_WITH_PROTECTION=OFF) has without_protection.cc instead: there all of these
// are kUnsupported.
#ifndef H4MK_OPEN_PROTECTION_H_
#define H4MK_OPEN_PROTECTION_H_

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "pipeline/block_stage.h"
#include "pipeline/signature_stage.h"
#include "pipeline/write_stage.h"
#include "protect/block_cipher.h"
#include "writer/writer.h"

namespace h4mk {

// A stage that verifies a signed file, with its io() open. io must outlive it. As OpenFile().
Status OpenSignature(Io& io, std::optional<SignatureKey> key, SignatureStage::Strictness strictness,
                     std::shared_ptr<SignatureStage>* stage);

// A stage that decrypts with the key that fits.
Status MakeDecryptStage(std::vector<MasterKey> keys, std::shared_ptr<BlockStage>* stage);

// Why an encrypted file cannot be opened without keys. protection: of META.
Status WhyEncrypted(const Json& protection);

// What signs a file that is written. key: private.
Status MakeSigner(SignatureKey key, std::unique_ptr<WriterExtension>* signer);

// A stage that encrypts the blocks of tracks, which must outlive it. kArgument: no such scheme.
Status MakeEncryptStage(std::string_view scheme, const MasterKey& key,
                        const std::vector<Track>& tracks, std::unique_ptr<WriteStage>* stage);

}  // namespace h4mk

#endif  // H4MK_OPEN_PROTECTION_H_
