// SPDX-License-Identifier: MIT
#include "verify_protection.h"

#include "block_source.h"
#include "progress.h"
#include "protect/proof.h"
#include "text.h"

namespace h4mk::tool {
namespace {

constexpr size_t kStep = 1 << 20;
constexpr uint64_t kMaxProofSize = 256u << 20;  // pieces of the largest cluster, in base64

// Reads all there is through what verifies it: whatever is not as it was signed becomes a warning.
Status ReadThrough(VerifyingIo& io) {
  const auto progress = MakeProgress("verify");
  Bytes buffer(kStep);
  const auto size = static_cast<uint64_t>(io.Size());
  for (uint64_t at = 0; at < size;) {
    const int64_t got = io.ReadAt(at, buffer.data(), buffer.size());
    if (got < 0) return Status(Code::kIo, "cannot read at byte " + std::to_string(at));
    if (got == 0) return {};
    at += static_cast<uint64_t>(got);
    if (progress) progress(at, size);
  }
  return {};
}

Status VerifyAll(InputFile& file, const std::string& key_path, OpenedFile* opened) {
  Result<SignatureKey> key = ReadVerifyKey(key_path);
  if (!key.ok()) return key.status();
  ReadOptions read = KeepEncrypted();
  read.verify_key = std::move(key.value());
  H4MK_TRY(file.OpenReader(std::move(read), opened));
  return ReadThrough(opened->signature->io());
}

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

bool VerifySignature(InputFile& file, const std::string& key_path, Output& output) {
  OpenedFile opened;
  const Status status = VerifyAll(file, key_path, &opened);
  bool ok = status.ok();
  if (!ok) output.Problem(status);
  Json result = Json::object();
  if (opened.signature && opened.reader) {
    std::string warning;
    while (opened.reader->NextWarning(&warning)) {
      ok = false;
      output.Problem(std::nullopt, Code::kCorrupt, warning);
    }
    const Checkpoint& last = opened.signature->io().last();
    const uint64_t until = opened.signature->io().signed_until();
    result["final"] = last.final;
    result["chunks"] = last.size();
    result["signed_until"] = until;
    result["descriptions_unsigned"] = opened.signature->io().has_unsigned_descriptions();
    output.Text("signature: {}, {} chunks, {}\n", ok ? "good" : "NOT GOOD", Grouped(last.size()),
                last.final ? "up to the end" : fmt::format("up to byte {}", Grouped(until)));
  }
  result["ok"] = ok;
  output.Set("signature", std::move(result));
  return ok;
}

bool VerifyEncryption(InputFile& file, const KeyOptions& options, Output& output) {
  ReadOptions read;
  OpenedFile opened;
  Status status = ReadMasterKey(options, "", &read.keys.emplace_back());
  if (status.ok()) status = file.OpenReader(std::move(read), &opened);
  uint64_t blocks = 0;
  bool ok = status.ok();
  const auto progress = MakeProgress("decrypt");
  while (status.ok()) {
    ReadBlock block;
    status = opened.reader->Next(&block);
    if (status.ok()) ++blocks;
    if (status.ok() && progress) progress(static_cast<uint64_t>(block.offset), file.size());
    if (status.code() != Code::kCorrupt) continue;
    ok = false;
    output.Problem(status);
    status = {};
  }
  if (status.code() != Code::kEnd && status.code() != Code::kAgain) {
    ok = false;
    output.Problem(status);
  }
  output.Set("decrypted", {{"ok", ok}, {"blocks", blocks}});
  output.Text("decryption: {}, {} blocks\n", ok ? "good" : "NOT GOOD", Grouped(blocks));
  return ok;
}

int VerifyBlockProof(const std::string& proof_path, const std::string& key_path,
                     const std::string& block_path, Output& output) {
  if (key_path.empty())
    return output.Fail(Status(Code::kArgument, "--proof needs the public key: --key PUB"));
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
