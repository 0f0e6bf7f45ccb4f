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

// The side data of a block as h4mk_proof_verify() tells it.
Json SideDataOf(const h4mk_block& block) {
  Json list = Json::array();
  for (size_t i = 0; i < block.side_data_count; ++i) {
    const Value entry(h4mk_value_new());
    h4mk_value_set_text(entry.get(), "name", block.side_data[i].name);
    h4mk_value_set_bytes(entry.get(), "data", block.side_data[i].data, block.side_data[i].size);
    list.push_back(ToJson(entry.get()));
  }
  return list;
}

// Why the proof is not one of this block; "" if it is.
std::string Compare(const std::string& line, const std::string& pem, const h4mk_block& block,
                    uint32_t track_id) {
  h4mk_value *parsed = nullptr, *proved = nullptr;
  if (h4mk_value_from_json(line.data(), line.size(), &parsed) != H4MK_OK)
    return "its proof is no JSON";
  const Value proof(parsed);
  const Work work("verify");
  const h4mk_status status = h4mk_proof_verify(proof.get(), pem.c_str(), work.task(), &proved);
  if (status != H4MK_OK) return work.Result(status).message();
  const Value known(proved);
  const uint8_t* data = nullptr;
  size_t size = 0;
  if (h4mk_value_get_bytes(known.get(), "data", &data, &size) != H4MK_OK)
    return "its proof has no bytes";
  const auto is = [&](const char* key, int64_t value) {
    return h4mk_value_get_int(known.get(), key, H4MK_NO_TIME) == value;
  };
  if (!is("track_id", track_id)) return "its proof speaks of another track";
  if (!is("pts", block.pts) || !is("dts", block.dts) || !is("duration", block.duration))
    return "its times are not those that were signed";
  if (!is("flags", block.flags)) return "its type and flags are not those that were signed";
  if (ToJson(known.get()).value("side_data", Json::array()) != SideDataOf(block))
    return "its side data is not what was signed";
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
    return output.Fail(Status(Code::kArgument, "--proofs needs the public key: --public-key PUB"));
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
    output.Text(
        "OK: all {} blocks are in the file that was signed, with their times, flags and side data\n"
        "not proved: what their tracks are (codec, time base and all else that describes them)\n",
        Grouped(blocks));
  else
    output.Text("NOT OK: {} blocks, of which {} are not proved\n", Grouped(blocks), Grouped(bad));
  output.Finish();
  return ok ? kExitDone : kExitNo;
}

}  // namespace h4mk::tool
