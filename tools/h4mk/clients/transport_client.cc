// SPDX-License-Identifier: MIT
// inspect, seek and export as the transport dialect's first client has them.
#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "chunk/chunk_format.h"
#include "clients/old_clients.h"
#include "clients/old_messages.h"
#include "clients/transport_open.h"
#include "command.h"
#include "file.h"
#include "legacy/transport/transport_tables.h"
#include "say.h"
#include "text.h"

namespace h4mk::tool {
namespace {

constexpr char kWord[] = "Error";

// The tag as text, and by the order of its bytes.
std::string TagBytes(uint32_t tag) {
  std::string text(4, '\0');
  for (size_t i = 0; i < 4; ++i) text[i] = static_cast<char>(tag >> (8 * i));
  return text;
}

void ShowChunks(const TransportFile& file) {
  std::map<std::string, std::vector<ChunkInfo>> by_tag;
  for (const ChunkInfo& chunk : file.chunks())
    by_tag[Printable(TagBytes(chunk.tag))].push_back(chunk);
  fmt::print("\nChunks:\n");
  for (const auto& [tag, chunks] : by_tag) {
    uint64_t bytes = 0;
    for (const ChunkInfo& chunk : chunks) bytes += chunk.length;
    fmt::print("  {:>4}: {:2} chunk(s), {:8} bytes\n", tag, chunks.size(), bytes);
    for (size_t i = 0; i < chunks.size(); ++i)
      fmt::print("         [{}] offset={:8} size={:8} crc={:08x}\n", i, chunks[i].payload,
                 chunks[i].length, chunks[i].crc);
  }
}

bool Exists(const std::string& path) { return std::filesystem::exists(path); }

}  // namespace

int TransportInspect(const std::string& path) {
  TransportClient client(kWord);
  if (!Exists(path) && path != "-") return client.Error(path + " not found");
  if (const int code = client.Open(path); code != kExitDone) return code;
  fmt::print("📦 HarmonyØ4 Container: {}\n   Size: {:.1f} KB\n",
             Printable(std::filesystem::path(path).filename().string()),
             static_cast<double>(client.size()) / 1024);
  ShowChunks(client.file());
  Result<std::optional<TransportFile::Metadata>> metadata = client.file().ReadMetadata();
  if (metadata.ok() && metadata.value()) {
    const TransportFile::Metadata& data = *metadata.value();
    fmt::print("\nMetadata:\n  Duration: {:.2f}s ({} µs)\n  Frames: {}\n",
               static_cast<double>(data.duration_us) / 1000000, data.duration_us, data.frame_count);
  }
  Result<TransportVeri> veri = client.file().CheckVeri();
  if (!veri.ok()) return client.Error(veri.status().message());
  fmt::print("\nIntegrity: {}\n", veri.value().as_checked ? "✅ PASS" : "❌ FAIL");
  return kExitDone;
}

int TransportSeek(const std::string& path, int64_t pts_us) {
  TransportClient client(kWord);
  if (!Exists(path) && path != "-") return client.Error(path + " not found");
  if (pts_us < 0) return client.Error("PTS must be >= 0");
  if (const int code = client.Open(path); code != kExitDone) return code;
  Result<std::vector<TransportSeekEntry>> table = client.file().Seek();
  if (!table.ok()) return client.Error(OldTransportMessage(table.status(), client.source()));
  if (table.value().empty()) return client.Error("No SEEK table in container");
  const TransportSeekEntry* found =
      FindTransportEntry(table.value(), static_cast<uint64_t>(pts_us));
  if (found == nullptr) {
    Say("No keyframe found at or before {} µs\n", pts_us);
    return kExitNo;
  }
  fmt::print("🎯 Seek to {} µs\n   Found: PTS {} µs @ offset {} bytes\n\nFull SEEK table:\n", pts_us,
             found->pts_us, found->offset);
  for (size_t i = 0; i < table.value().size(); ++i) {
    const TransportSeekEntry& entry = table.value()[i];
    fmt::print("   [{:3}] {:12} µs @ offset {:8} B{}\n", i, entry.pts_us, entry.offset,
               entry.pts_us == found->pts_us ? " ← HERE" : "");
  }
  return kExitDone;
}

// The client has such a command, which never worked.
int TransportExport(const std::string& path) {
  return TransportClient(kWord).Error(Exists(path) ? "this client cannot export; see `h4mk export`"
                                                   : path + " not found");
}

void AddTransport(CLI::App& app, int* exit_code) {
  CLI::App* client = app.add_subcommand(
      "transport", "inspect and seek as the first client of that dialect has them");
  client->require_subcommand(0, 1);
  struct Options {
    std::string file, output;
    int64_t pts_us = 0;
  };
  auto options = std::make_shared<Options>();
  CLI::App* inspect = client->add_subcommand("inspect", "Chunks and integrity");
  inspect->add_option("FILE", options->file)->required();
  inspect->callback([=] { *exit_code = TransportInspect(options->file); });
  CLI::App* seek = client->add_subcommand("seek", "The keyframe for a time");
  seek->add_option("FILE", options->file)->required();
  seek->add_option("PTS_US", options->pts_us)->required();
  seek->callback([=] { *exit_code = TransportSeek(options->file, options->pts_us); });
  CLI::App* export_ = client->add_subcommand("export", "Not available in this client");
  export_->add_option("INPUT", options->file)->required();
  export_->add_option("-o,--output", options->output);
  export_->callback([=] { *exit_code = TransportExport(options->file); });
  client->callback([=] {
    if (!client->get_subcommands().empty()) return;
    fmt::print("{}", client->help());
    *exit_code = kExitNo;
  });
}

}  // namespace h4mk::tool
