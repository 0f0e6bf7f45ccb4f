// SPDX-License-Identifier: MIT
#include "verify_protection.h"

#include <h4mk/protection.h>

#include <algorithm>

#include "api.h"
#include "file.h"
#include "key_option.h"
#include "text.h"

namespace h4mk::tool {
namespace {

constexpr uint64_t kMaxProofSize = 256u << 20;  // pieces of the largest cluster, in base64

Status ReadWhole(const std::string& path, Bytes* bytes) {
  InputFile file;
  H4MK_TRY(file.Open(path, InputFile::Kind::kAny));
  if (file.size() > kMaxProofSize) return Status(Code::kLimit, "is larger than 256 MiB");
  bytes->resize(static_cast<size_t>(file.size()));
  size_t got = 0;
  H4MK_TRY(Source(file.NewIo()).ReadAt(0, bytes->data(), bytes->size(), &got));
  bytes->resize(got);
  return {};
}

// What is proved, as h4mk_proof_verify() describes it.
Status ReadAndVerify(const std::string& proof_path, const std::string& key_path, Value* block) {
  std::string pem;
  H4MK_TRY(ReadPublicKey(key_path, &pem));
  Bytes text;
  H4MK_TRY(ReadWhole(proof_path, &text));
  h4mk_value* made = nullptr;
  h4mk_status status =
      h4mk_value_from_json(reinterpret_cast<const char*>(text.data()), text.size(), &made);
  const Value proof(made);
  if (status != H4MK_OK || h4mk_value_get_type(made) != H4MK_VALUE_OBJECT)
    return Status(Code::kNotFound, "the proof is no JSON object");
  h4mk_value* proven = nullptr;
  const Work work("verify");
  status = h4mk_proof_verify(made, pem.c_str(), work.task(), &proven);
  block->reset(proven);
  return work.Result(status);
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
  Value proven;
  if (const Status status = ReadAndVerify(proof_path, key_path, &proven); !status.ok()) {
    output.Problem(status);
    output.Set("proved", false);
    const int exit_code = output.Finish();
    return status.code() == Code::kCorrupt || status.code() == Code::kKey ? kExitNo : exit_code;
  }
  const uint8_t* data = nullptr;
  size_t size = 0;
  if (h4mk_value_get_bytes(proven.get(), "data", &data, &size) != H4MK_OK)
    return output.Fail(Status(Code::kMemory, "out of memory"));
  const int64_t track = h4mk_value_get_int(proven.get(), "track_id", 0);
  const int64_t ordinal = h4mk_value_get_int(proven.get(), "ordinal", 0);
  const bool same = block_path.empty() || std::ranges::equal(ByteSpan(data, size), expected);
  output.Set("proved", same);
  output.Set("track_id", track);
  output.Set("ordinal", ordinal);
  output.Set("size", size);
  if (same)
    output.Text("OK: block {} of track {}, {} bytes, is in the file that was signed\n",
                Grouped(static_cast<uint64_t>(ordinal)), track, Grouped(size));
  else
    output.Text(
        "NOT OK: {} holds other bytes than block {} of track {}, of which the proof speaks{}\n",
        Printable(block_path), Grouped(static_cast<uint64_t>(ordinal)), track,
        h4mk_value_get_int(proven.get(), "flags", 0) & H4MK_BLOCK_ENCRYPTED
            ? "; what is proved is encrypted, as `h4mk block --raw` has it"
            : "");
  return output.Finish(same ? kExitDone : kExitNo);
}

}  // namespace h4mk::tool
