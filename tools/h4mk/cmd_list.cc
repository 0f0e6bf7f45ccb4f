// SPDX-License-Identifier: MIT
// h4mk list: every block, or every chunk, of a file in the order of the file.
#include "api.h"
#include "block_source.h"
#include "command.h"
#include "files_option.h"
#include "key_option.h"
#include "text.h"
#include "track_option.h"

namespace h4mk::tool {
namespace {

struct ListOptions {
  FilesOptions files;
  int64_t track_id = kNoTrack;
  bool chunks = false;
  bool hash = false;
  KeyOptions key;
};

void Describe(CLI::App* command, ListOptions* options) {
  AddFilesOptions(command, &options->files);
  AddTrackOption(command, &options->track_id, false);
  command->add_flag("--chunks", options->chunks, "List chunks instead of blocks")
      ->excludes("--track");
  command
      ->add_flag("--hash", options->hash,
                 "Read the blocks, and list those that are good with the SHA-256 of what they hold")
      ->excludes("--chunks");
  AddDecryptionKeyOptions(command, &options->key);
  // Nothing else is decrypted, and a key that was not tried must not look as if it fitted.
  for (const char* key : {"--key-file", "--key-env"})
    command->get_option(key)->needs(command->get_option("--hash"));
}

void ListChunk(void* opaque, const h4mk_chunk* chunk, int is_good) {
  auto& output = *static_cast<Output*>(opaque);
  const std::string crc = fmt::format("{:08x}", chunk->crc);
  output.Row([&] {
    return Json{{"offset", chunk->offset}, {"tag", chunk->tag}, {"flags", chunk->flags},
                {"length", chunk->length}, {"crc", crc},        {"good", is_good != 0}};
  });
  output.Text("{:12}  {:4}  {:08x}  {:10}  {}\n", chunk->offset, Printable(chunk->tag),
              chunk->flags, chunk->length, crc);
}

void ListChunks(InputFile& file, Output& output) {
  output.BeginRows("chunks");
  output.Text("{:>12}  {:4}  {:>8}  {:>10}  {}\n", "offset", "tag", "flags", "length", "crc");
  const h4mk_io input = CallbacksOf(file.NewIo());
  h4mk_task task = H4MK_TASK_INIT;
  task.opaque = &output;
  task.problem = [](void* to, const h4mk_problem* told) {
    const Status problem(static_cast<Code>(told->code), told->message);
    static_cast<Output*>(to)->Problem(
        told->offset < 0 ? problem : problem.At(static_cast<uint64_t>(told->offset)));
  };
  (void)h4mk_list_chunks(&input, ListChunk, &output, &task);  // why it failed was told
}

std::string TimeText(int64_t time) { return time == kNoTime ? "-" : std::to_string(time); }

void ListBlocks(Recording& recording, int64_t wanted, Output& output) {
  output.BeginRows("blocks");
  output.Text("{:>12}  {:>5}  {:>8}  {:>12}  {:>12}  {:>12}  {:>8}  {:4}  {}\n", "offset", "track",
              "ordinal", "time", "pts", "dts", "duration", "type", "size");
  ForEachBlock(recording, output, [&](const h4mk_block& block) -> Status {
    const RecordedTrack& track = recording.tracks()[block.track];
    if (wanted != kNoTrack && track.id() != wanted) return {};
    output.Row([&] { return BlockJson(block, track); });
    output.Text("{:12}  {:5}  {:8}  {:>12}  {:>12}  {:>12}  {:8}  {}{:3}  {}\n", block.offset,
                track.id(), block.ordinal, Clock(TimeOf(block), track.time_base()),
                TimeText(block.pts), TimeText(block.dts), block.duration,
                TypeLetter(block.flags, track), block.flags & H4MK_BLOCK_KEY ? "*" : "",
                block.size);
    return {};
  });
}

Json SideDataJson(std::span<const h4mk_side_data> pieces) {
  Json list = Json::array();
  for (const h4mk_side_data& piece : pieces)
    list.push_back({{"name", piece.name},
                    {"size", piece.size},
                    {"sha256", Sha256Hex(piece.data, piece.size)}});
  return list;
}

// What a copy in another form must have as well: the blocks as they are handed out.
void ListHashes(Recording& recording, Output& output) {
  output.BeginRows("blocks");
  output.Text("{:>5}  {:>8}  {:>12}  {:>10}  {}\n", "track", "ordinal", "pts", "size", "sha256");
  uint64_t hashed = 0;  // compressed blocks may hold much more than the files that are read
  ForEachBlock(recording, output, [&](const h4mk_block& block) -> Status {
    hashed += block.size;
    if (const uint64_t most = WriteOptions().MostOutput(); hashed > most)
      return Status(Code::kLimit,
                    fmt::format("the blocks hold more than {}, more than is to be expected of this "
                                "input: the list ends here",
                                HumanBytes(most)));
    const RecordedTrack& track = recording.tracks()[block.track];
    const std::string hash = Sha256Hex(block.data, block.size);
    output.Row([&] {
      Json json = BlockJson(block, track);
      json["sha256"] = hash;
      if (block.side_data_count > 0)
        json["side_data"] = SideDataJson({block.side_data, block.side_data_count});
      return json;
    });
    output.Text("{:5}  {:8}  {:>12}  {:10}  {}\n", track.id(), block.ordinal, TimeText(block.pts),
                block.size, hash);
    return {};
  });
}

int ListFile(const ListOptions& options, const std::string& path, Output& output) {
  InputFile file;
  ShowFileName(options.files, path, output);
  if (const Status status = file.Open(path); !status.ok()) return output.Fail(status);
  if (options.chunks && (file.version() == 1 || file.version() == 2)) {
    ListChunks(file, output);
    return output.Finish();
  }
  Recording recording;
  Reading reading;
  reading.key = options.hash ? &options.key : nullptr;
  reading.asks_key = true;
  reading.without_data = reading.keep_corrupt = !options.hash;
  if (const Status status = recording.Open(file, reading); !status.ok()) return output.Fail(status);
  if (options.track_id != kNoTrack) {
    Result<uint32_t> track = FindTrack(recording, options.track_id);
    if (!track.ok()) return output.Fail(track.status());
    if (options.hash) recording.KeepOnly(track.value());
  }
  if (options.hash)
    ListHashes(recording, output);
  else
    ListBlocks(recording, options.track_id, output);
  return output.Finish();
}

int Run(const ListOptions& options) {
  return ForEachFile(options.files, [&](const std::string& path, Output& output) {
    return ListFile(options, path, output);
  });
}

}  // namespace

void AddList(CLI::App& app, int* exit_code) {
  AddCommand<ListOptions>(app, exit_code, "list", "List all blocks, or all chunks, in file order",
                          Describe, Run);
}

}  // namespace h4mk::tool
