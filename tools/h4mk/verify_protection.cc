// SPDX-License-Identifier: MIT
#include "verify_protection.h"

#include "protect/proof.h"
#include "text.h"

namespace h4mk::tool {
namespace {

constexpr uint64_t kMaxProofSize = 256u << 20;  // pieces of the largest cluster, in base64

Status ReadWhole(const std::string& path, Bytes* bytes) {
  InputFile file;
  H4MK_TRY(file.Open(path));
  if (file.size() > kMaxProofSize) return Status(Code::kLimit, "is larger than 256 MiB");
  bytes->resize(static_cast<size_t>(file.size()));
  size_t got = 0;
  H4MK_TRY(Source(file.NewIo()).ReadAt(0, bytes->data(), bytes->size(), &got));
  bytes->resize(got);
  return {};
}

Result<ProvenBlock> ReadAndVerify(const std::string& proof_path, const std::string& key_path) {
  Result<SignatureKey> key = ReadVerifyKey(key_path);
  if (!key.ok()) return key.status();
  Bytes text;
  if (Status status = ReadWhole(proof_path, &text); !status.ok()) return status;
  Result<Json> proof =
      ParseJson({reinterpret_cast<const char*>(text.data()), text.size()}, 0, "proof");
  if (!proof.ok() || !proof.value().is_object())
    return Status(Code::kNotFound, "the proof is no JSON object");
  return VerifyProof(proof.value(), key.value());
}

}  // namespace

int VerifyBlockProof(const std::string& proof_path, const std::string& key_path,
                     const std::string& block_path, Output& output) {
  if (key_path.empty())
    return output.Fail(Status(Code::kArgument, "--proof needs the public key: --public-key PUB"));
  Bytes expected;
  if (!block_path.empty())
    if (const Status status = ReadWhole(block_path, &expected); !status.ok())
      return output.Fail(status.Saying(block_path + ": " + status.message()));
  const Result<ProvenBlock> proven = ReadAndVerify(proof_path, key_path);
  if (!proven.ok()) {
    output.Problem(proven.status());
    output.Set("proved", false);
    const Code code = proven.status().code();
    const int exit_code = output.Finish();
    return code == Code::kCorrupt || code == Code::kKey ? kExitNo : exit_code;
  }
  const ProvenBlock& block = proven.value();
  const bool same = block_path.empty() || block.data == expected;
  output.Set("proved", same);
  output.Set("track_id", block.track_id);
  output.Set("ordinal", block.record.ordinal);
  output.Set("size", block.data.size());
  if (same)
    output.Text("OK: block {} of track {}, {} bytes, is in the file that was signed\n",
                Grouped(block.record.ordinal), block.track_id, Grouped(block.data.size()));
  else
    output.Text(
        "NOT OK: {} holds other bytes than block {} of track {}, of which the proof speaks{}\n",
        Printable(block_path), Grouped(block.record.ordinal), block.track_id,
        block.record.flags & kBlockEncrypted
            ? "; what is proved is encrypted, as `h4mk block --raw` has it"
            : "");
  return output.Finish(same ? kExitDone : kExitNo);
}

}  // namespace h4mk::tool
