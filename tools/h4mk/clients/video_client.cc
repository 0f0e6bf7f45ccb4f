// SPDX-License-Identifier: MIT
// manifest, seek and block as the video client of the transport dialect has them.
#include <fmt/format.h>

#include "base/base64.h"
#include "chunk/chunk_format.h"
#include "clients/old_clients.h"
#include "clients/transport_open.h"
#include "command.h"
#include "file.h"
#include "legacy/run_length.h"
#include "legacy/transport/transport_tables.h"
#include "text.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

// META, an object.
int ReadMeta(const TransportClient& client, Json* meta) {
  Result<std::optional<Bytes>> payload = client.file().First(kTagMeta);
  if (!payload.ok()) return client.Error(payload.status().message());
  if (!payload.value()) return client.Error("no META chunk");
  const Bytes& bytes = *payload.value();
  Result<Json> parsed =
      ParseJson({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, 0, "META");
  if (!parsed.ok()) return client.Error(parsed.status().message());
  if (!parsed.value().is_object()) return client.Error("META is no JSON object");
  *meta = std::move(parsed.value());
  return kExitDone;
}

Result<std::vector<TransportSeekmTable>> ReadSeekm(const Json& meta) {
  Bytes bytes;
  const auto text = meta.find("seekm_b64");
  if (text == meta.end()) return std::vector<TransportSeekmTable>();
  if (!text->is_string() || !DecodeBase64(text->get_ref<const std::string&>(), &bytes))
    return Status(Code::kCorrupt, "seekm_b64 is no base64");
  if (bytes.empty()) return std::vector<TransportSeekmTable>();
  return DecodeSeekm(bytes);
}

}  // namespace

int VideoManifest(const std::string& path) {
  TransportClient client("error");
  Json meta;
  if (const int code = client.Open(path); code != kExitDone) return code;
  if (const int code = ReadMeta(client, &meta); code != kExitDone) return code;
  Result<std::vector<TransportSeekmTable>> tables = ReadSeekm(meta);
  if (!tables.ok()) return client.Error(tables.status().message());
  Json manifest = Json::object();
  manifest["tracks"] = meta.contains("tracks") ? meta["tracks"] : Json::array();
  manifest["compression"] = meta.contains("compression") ? meta["compression"] : Json::object();
  Json& seek_tracks = manifest["seek_tracks"] = Json::array();
  for (const TransportSeekmTable& table : tables.value()) seek_tracks.push_back(table.track_id);
  manifest["core_blocks"] = client.file().cores().size();
  fmt::print("{}\n", manifest.dump(2, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace));
  return kExitDone;
}

int VideoSeek(const std::string& path, const std::string& track_id, int64_t pts_us) {
  TransportClient client("error");
  Json meta;
  if (const int code = client.Open(path); code != kExitDone) return code;
  if (const int code = ReadMeta(client, &meta); code != kExitDone) return code;
  Result<std::vector<TransportSeekmTable>> tables = ReadSeekm(meta);
  if (!tables.ok()) return client.Error(tables.status().message());
  for (const TransportSeekmTable& table : tables.value()) {
    const TransportSeekmTable::Entry* entry =
        table.track_id == track_id ? FindSeekmEntry(table, pts_us) : nullptr;
    if (entry == nullptr) continue;
    fmt::print("track={} pts_us={} -> keyframe_pts_us={} core_index={}\n", Printable(track_id),
               pts_us, entry->pts_us, entry->core_index);
    return kExitDone;
  }
  return client.Error(fmt::format("no seek entries for track '{}'", track_id));
}

int VideoBlock(const std::string& path, int64_t index, bool raw, const std::string& output,
               const WriteOptions& write) {
  TransportClient client("error");
  if (const int code = client.Open(path); code != kExitDone) return code;
  const std::vector<ChunkInfo>& cores = client.file().cores();
  Bytes wanted;
  const auto count = static_cast<int64_t>(cores.size());
  const int64_t place = index < 0 ? index + count : index;
  // All blocks are decompressed: one that cannot be is an error whichever was asked for.
  for (int64_t i = 0; i < count; ++i) {
    if (raw && i != place) continue;
    Bytes payload;
    if (const Status status = client.file().ReadPayload(cores[static_cast<size_t>(i)], &payload);
        !status.ok())
      return client.Error(status.message());
    Result<Bytes> plain = raw ? Result<Bytes>(payload) : DecodeRunLength(payload);
    if (!plain.ok()) return client.Error(plain.status().message());
    if (i == place) wanted = std::move(plain.value());
  }
  if (place < 0 || place >= count)
    return client.Error(fmt::format("core_index {} out of range", index));
  OutputFile file;
  Status status = file.Open(output, write);
  if (!status.ok()) return client.Error(status.message());
  Sink sink(file.io());
  status = file.Commit(sink.Write(wanted));
  if (!status.ok()) return client.Error(status.message());
  const std::string done = fmt::format("wrote {} ({}, {} bytes)\n", Printable(output),
                                       raw ? "raw CORE bytes" : "decompressed", wanted.size());
  std::fputs(done.c_str(), output == "-" ? stderr : stdout);
  return kExitDone;
}

void AddVideo(CLI::App& app, int* exit_code) {
  CLI::App* client = app.add_subcommand(
      "video", "manifest, seek and block as the video client of the transport dialect has them");
  client->require_subcommand(1);
  struct Options {
    std::string file, track, output = "block.bin";
    int64_t pts_us = 0, index = 0;
    bool raw = false;
    WriteOptions write;
  };
  auto options = std::make_shared<Options>();
  CLI::App* manifest = client->add_subcommand("manifest", "Tracks and numbers");
  manifest->add_option("FILE", options->file)->required();
  manifest->callback([=] { *exit_code = VideoManifest(options->file); });
  CLI::App* seek = client->add_subcommand("seek", "The keyframe of a track for a time");
  seek->add_option("FILE", options->file)->required();
  seek->add_option("--track", options->track)->required();
  seek->add_option("--pts_us", options->pts_us)->required();
  seek->callback([=] { *exit_code = VideoSeek(options->file, options->track, options->pts_us); });
  CLI::App* block = client->add_subcommand("block", "One block");
  block->add_option("FILE", options->file)->required();
  block->add_option("--index", options->index)->required();
  block->add_flag("--raw", options->raw);
  block->add_option("--output,-o", options->output);
  AddForceOption(block, &options->write);
  block->callback([=] {
    *exit_code =
        VideoBlock(options->file, options->index, options->raw, options->output, options->write);
  });
}

}  // namespace h4mk::tool
