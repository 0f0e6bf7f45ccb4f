// SPDX-License-Identifier: MIT
// Signatures and proofs behind the C ABI.
#include <h4mk/protection.h>

#include <algorithm>

#include "capi/handles.h"
#include "capi/task.h"
#include "capi/value.h"
#include "protect/checkpoint_chain.h"
#include "protect/proof.h"

using h4mk::Call;
using h4mk::Status;

h4mk_status h4mk_reader_signature(const h4mk_reader* reader, h4mk_signature* signature) {
  if (reader == nullptr || !h4mk::IsSized(signature)) return H4MK_ERR_ARGUMENT;
  if (!reader->opened || !reader->file.signature) return H4MK_ERR_STATE;
  const h4mk::VerifyingIo& io = reader->file.signature->io();
  const h4mk_signature known = {sizeof known,
                                io.last().final,
                                io.has_unsigned_descriptions(),
                                io.last().size(),
                                static_cast<int64_t>(io.signed_until()),
                                io.problems()};
  h4mk::CopyOut(known, signature);
  return H4MK_OK;
}

h4mk_status h4mk_reader_signer(h4mk_reader* reader, h4mk_signer* signer) {
  if (reader == nullptr || !h4mk::IsSized(signer)) return H4MK_ERR_ARGUMENT;
  if (!reader->opened) return H4MK_ERR_STATE;
  return Call(reader, [&]() -> Status {
    if (reader->file.reader->version() != 2)
      return Status(h4mk::Code::kNotFound, "only files of version 2 can be signed");
    h4mk::Checkpoint last;
    H4MK_TRY(h4mk::FindCheckpoint(reader->file.reader->source(), &last));
    h4mk_signer known = H4MK_SIGNER_INIT;
    known.key_kind = last.kind == h4mk::SignatureKind::kEd25519 ? "Ed25519" : "ECDSA P-256";
    known.is_final = last.final;
    std::ranges::copy(last.fingerprint, known.fingerprint);
    h4mk::CopyOut(known, signer);
    return {};
  });
}

h4mk_status h4mk_reader_prove(h4mk_reader* reader, h4mk_value** proof) {
  if (reader == nullptr || proof == nullptr) return H4MK_ERR_ARGUMENT;
  if (!reader->opened || !reader->file.signature) return H4MK_ERR_STATE;
  return Call(reader, [&]() -> Status {
    auto made = reader->file.signature->ProveLast();
    if (!made.ok()) return made.status();
    *proof = h4mk::ValueFromJson(made.value()).release();
    return {};
  });
}

h4mk_status h4mk_proof_verify(const h4mk_value* proof, const char* verify_key,
                              const h4mk_task* task, h4mk_value** block) {
  h4mk::Task work;
  if (proof == nullptr || verify_key == nullptr || block == nullptr || !work.Read(task))
    return H4MK_ERR_ARGUMENT;
  return work.Run([&]() -> Status {
    const auto key = h4mk::SignatureKey::Public(verify_key);
    if (!key.ok()) return key.status();
    const auto proven = h4mk::VerifyProof(h4mk::ValueToJson(*proof), key.value());
    if (!proven.ok()) return proven.status();
    *block = h4mk::ValueFromJson(h4mk::DescribeProven(proven.value())).release();
    return {};
  });
}
