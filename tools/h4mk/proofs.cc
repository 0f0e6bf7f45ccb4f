// SPDX-License-Identifier: MIT
#include "proofs.h"

#include <h4mk/protection.h>

#include <cstring>
#include <fstream>

#include "recording.h"
#include "text.h"

namespace h4mk::tool {
namespace {

constexpr size_t kMaxProof = 256u << 20;  // pieces of the largest cluster, in base64

// A line of at most kMaxProof bytes. False: there is no more, or it is longer.
bool ReadLine(std::istream& in, std::string* line) {
  line->clear();
  for (int c = in.get(); c != std::istream::traits_type::eof(); c = in.get()) {
    if (c == '\n') return true;
    if (line->size() == kMaxProof) return false;
    line->push_back(static_cast<char>(c));
  }
  return !line->empty();
}

// Why the proof is not one of this block; "" if it is.
std::string Compare(const std::string& line, const std::string& pem, const h4mk_block& block,
                    uint32_t track_id) {
  h4mk_value *parsed = nullptr, *proved = nullptr;
  if (h4mk_value_from_json(line.data(), line.size(), &parsed) != H4MK_OK)
    return "its proof is no JSON";
  const Value proof(parsed);
  const h4mk_status status = h4mk_proof_verify(proof.get(), pem.c_str(), &proved);
  if (status == H4MK_ERR_KEY) return "its proof was signed with another key";
  if (status != H4MK_OK) return "its proof proves nothing";
  const Value known(proved);
  const uint8_t* data = nullptr;
  size_t size = 0;
  if (h4mk_value_get_bytes(known.get(), "data", &data, &size) != H4MK_OK) return "";
  const auto is = [&](const char* key, int64_t value) {
    return h4mk_value_get_int(known.get(), key, H4MK_NO_TIME) == value;
  };
  if (!is("track_id", track_id)) return "its proof speaks of another track";
  if (!is("pts", block.pts) || !is("dts", block.dts) || !is("duration", block.duration))
    return "its times are not those that were signed";
  if (size != block.size || std::memcmp(data, block.data, size) != 0)
    return "its bytes are not those that were signed";
  return "";
}

}  // namespace

int VerifyProofs(const std::string& proofs, const std::string& public_key, const std::string& path,
                 Output& output) {
  std::string pem, line;
  Recording file;
  if (public_key.empty())
    return output.Fail(Status(Code::kArgument, "--proofs needs the public key: --key PUB"));
  Status status = ReadPublicKey(public_key, &pem);
  if (status.ok()) status = file.Open(path);
  std::ifstream in(proofs, std::ios::binary);
  if (status.ok() && !in) status = SystemError("cannot open " + proofs);
  if (!status.ok()) return output.Fail(status);
  uint64_t blocks = 0, bad = 0;
  h4mk_block block = H4MK_BLOCK_INIT;
  for (; file.Next(output, &block).ok(); ++blocks) {
    const RecordedTrack& track = file.tracks()[block.track];
    const std::string fault =
        ReadLine(in, &line) ? Compare(line, pem, block, track.info.track_id) : "it has no proof";
    if (fault.empty()) continue;
    ++bad;
    output.Problem(static_cast<uint64_t>(block.offset), Code::kCorrupt,
                   fmt::format("block {} of track {} at {}: {}", block.ordinal, track.info.track_id,
                               Clock(TimeOf(block), track.time_base()), fault));
  }
  if (ReadLine(in, &line)) {
    ++bad;
    output.Problem(std::nullopt, Code::kCorrupt, "there are proofs of more blocks");
  }
  const bool ok = bad == 0 && blocks > 0 && output.problem_count() == 0;
  output.Set("blocks", blocks);
  output.Set("proved", ok);
  if (ok)
    output.Text("OK: all {} blocks are in the file that was signed\n", Grouped(blocks));
  else
    output.Text("NOT OK: {} blocks, of which {} are not proved\n", Grouped(blocks), Grouped(bad));
  output.Finish();
  return ok ? kExitDone : kExitNo;
}

}  // namespace h4mk::tool
