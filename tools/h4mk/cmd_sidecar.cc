// SPDX-License-Identifier: MIT
// h4mk sidecar: a small H4MK beside a media file, whose blocks are ranges of that file.
#include <filesystem>
#include <set>

#include "child.h"
#include "command.h"
#include "files_option.h"
#include "open/make_writer.h"
#include "open/open_file.h"
#include "progress.h"
#include "reader/external_data.h"
#include "text.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct SidecarOptions {
  FilesOptions files;
  std::string output, ffmpeg;
  WriteOptions write;
};

void Describe(CLI::App* command, SidecarOptions* options) {
  options->files.takes = IsMediaName;
  AddFilesOptions(command, &options->files, "Media files; they are not touched");
  command->get_option("--recursive")
      ->description("Take folders too, with all files in them whose names are those of media");
  command
      ->add_option("--output,-o", options->output,
                   "The H4MK file, in the folder of FILE; default its name with .h4mk at the end. "
                   "Not for several files")
      ->type_name("OUT");
  AddForceOption(command, &options->write);
  AddFfmpegOption(command, &options->ffmpeg);
  command->footer(
      "Index, chains, verification and editing work on the sidecar as on any file; blocks are read "
      "from FILE and compared with their\n"
      "hash. What FILE has in pieces is stored in the sidecar: almost all of an MPEG transport "
      "stream, so that it has no use for one.\n"
      "ffmpeg must be one that writes H4MK.");
}

// Where ffprobe says that the packets of a stream are, in their order.
struct Place {
  uint64_t offset = 0;
  uint64_t size = 0;
};
struct StreamPlaces {
  std::vector<Place> places;
  size_t next = 0;
  uint32_t misses = 0;  // since the last block that was found
};

// Finds blocks in the file that they were read from. What a demuxer says of places is not believed:
// bytes are compared.
class BlockFinder {
 public:
  Status OpenFile(const std::string& path) {
    H4MK_TRY(file_.Open(path));
    source_.emplace(file_.NewIo());
    return {};
  }

  Status FindPlaces(const std::string& path, const std::string& ffmpeg) {
    return ForEachLine({FfprobeBeside(ffmpeg), "-v", "error", "-show_entries",
                        "packet=stream_index,pos,size", "-of", "compact", "file:" + path},
                       [this](const Fields& fields) {
                         int64_t stream = -1, offset = -1, size = -1;
                         if (!fields.Number("stream_index", &stream) || stream < 0 ||
                             stream >= static_cast<int64_t>(kMaxTracks))
                           return;
                         if (streams_.size() <= static_cast<size_t>(stream))
                           streams_.resize(static_cast<size_t>(stream) + 1);
                         if (!fields.Number("pos", &offset) || !fields.Number("size", &size) ||
                             offset < 0 || size < 0)
                           return;
                         streams_[static_cast<size_t>(stream)].places.push_back(
                             {static_cast<uint64_t>(offset), static_cast<uint64_t>(size)});
                       });
  }

  uint64_t file_size() const { return file_.size(); }

  // *found is false where the block is not in the file in one piece.
  Status Find(uint32_t stream, ByteSpan block, uint64_t* offset, bool* found) {
    constexpr size_t kLookAhead = 32;  // packets that ffmpeg may have left out
    constexpr uint32_t kGiveUp = 256;  // what has so many blocks in pieces has all of them so
    *found = false;
    if (stream >= streams_.size() || streams_[stream].misses == kGiveUp) return {};
    StreamPlaces& places = streams_[stream];
    const size_t end = std::min(places.places.size(), places.next + kLookAhead);
    for (size_t i = places.next; i < end && !*found; ++i) {
      H4MK_TRY(FindAt(places.places[i], block, offset, found));
      if (*found) places.next = i + 1;
    }
    places.misses = *found ? 0 : places.misses + 1;
    return {};
  }

 private:
  // Demuxers name the place of a packet, or of the few bytes that introduce it.
  Status FindAt(const Place& place, ByteSpan block, uint64_t* offset, bool* found) {
    constexpr uint64_t kIntroduction = 64;
    if (place.size < block.size() || place.size > block.size() + kIntroduction ||
        place.offset >= file_.size())
      return {};
    bytes_.resize(static_cast<size_t>(
        std::min<uint64_t>(place.size + kIntroduction, file_.size() - place.offset)));
    size_t got = 0;
    H4MK_TRY(source_->ReadAt(place.offset, bytes_.data(), bytes_.size(), &got));
    const auto end = bytes_.begin() + static_cast<ptrdiff_t>(got);
    const auto at = std::search(bytes_.begin(), end, block.begin(), block.end());
    if (at == end) return {};
    *offset = place.offset + static_cast<uint64_t>(at - bytes_.begin());
    *found = true;
    return {};
  }

  InputFile file_;
  std::optional<Source> source_;
  std::vector<StreamPlaces> streams_;
  Bytes bytes_;
};

struct SidecarCounts {
  uint64_t beside = 0, beside_bytes = 0, stored = 0, stored_bytes = 0;
};

// Copies what ffmpeg made of a file, without the data of the blocks that are in that file.
class SidecarWriter {
 public:
  SidecarWriter(BlockFinder& finder, FileWriter& writer, SidecarCounts* counts)
      : finder_(finder), writer_(writer), counts_(*counts) {}

  Status CopyDescriptions(BlockPipeline& input, const std::string& name) {
    for (uint32_t i = 0; i < input.tracks().size(); ++i) {
      uint32_t track = 0;
      Json description = input.tracks()[i].description;
      ByteSpan attachment;
      const bool is_attachment = input.Attachment(i, &attachment).ok();
      if (!is_attachment) description[kBesideKey] = name;
      H4MK_TRY(writer_.AddTrack(description, &track));
      if (is_attachment) H4MK_TRY(writer_.SetAttachment(track, attachment));
    }
    return writer_.SetMeta(input.meta());
  }

  // What is known of the tracks when all was read.
  Status UpdateDescriptions(BlockPipeline& input, const std::string& name) {
    for (uint32_t i = 0; i < input.tracks().size(); ++i) {
      Json description = input.tracks()[i].description;
      ByteSpan attachment;
      if (!input.Attachment(i, &attachment).ok()) description[kBesideKey] = name;
      H4MK_TRY(writer_.UpdateTrack(i, description));
    }
    return writer_.SetMeta(input.meta());
  }

  Status CopyBlocks(BlockPipeline& input) {
    const auto progress = MakeProgress("sidecar");
    for (;;) {
      ReadBlock read;
      Status status = input.Next(&read);
      if (status.code() == Code::kEnd || status.code() == Code::kAgain) return {};
      if (!status.ok()) return status;
      H4MK_TRY(CopyBlock(read));
      if (progress) progress(counts_.beside_bytes, finder_.file_size());
    }
  }

 private:
  Status CopyBlock(const ReadBlock& read) {
    const BlockRecord& record = *read.record;
    Block block;
    block.track = static_cast<uint32_t>(record.track);
    block.flags = record.flags & kBlockPublicFlags;
    block.pts = record.pts;
    block.dts = record.dts;
    block.duration = record.duration;
    block.data = {read.data, record.size};
    block.side_data = read.side_data;
    bool found = false;
    if (!block.data.empty())
      H4MK_TRY(finder_.Find(block.track, block.data, &block.external_offset, &found));
    ++(found ? counts_.beside : counts_.stored);
    (found ? counts_.beside_bytes : counts_.stored_bytes) += block.data.size();
    if (found) block.flags |= kBlockExternal;
    return writer_.Write(block);
  }

  BlockFinder& finder_;
  FileWriter& writer_;
  SidecarCounts& counts_;
};

class PlainAllocator final : public BufferAllocator {
 public:
  void* Alloc(size_t size, uint8_t** data) override {
    *data = static_cast<uint8_t*>(std::malloc(size));
    return *data;
  }
  void Release(void* handle) override { std::free(handle); }
};

// Where the sidecar goes.
Status OutputPath(const std::filesystem::path& input, const std::string& wanted,
                  std::filesystem::path* path) {
  *path = wanted;
  if (wanted.empty()) (*path = input).replace_extension(".h4mk");
  if (!IsNameOfFileBeside(input.filename().string()))
    return Status(Code::kArgument,
                  "the name of the file cannot be kept in a sidecar: 1 to 255 bytes of UTF-8, no "
                  "\\ : % ? # or control characters, no - "
                  "at the beginning");
  const auto folder = [](const std::filesystem::path& of) {
    return std::filesystem::absolute(of).lexically_normal().parent_path();
  };
  if (folder(*path) != folder(input))
    return Status(Code::kArgument,
                  fmt::format("a sidecar lies in the folder of its file: write it to {}",
                              (input.parent_path() / path->filename()).string()));
  if (path->filename() == input.filename())
    return Status(Code::kArgument, "the sidecar would take the place of its file; say --output");
  return {};
}

Status WriteSidecar(const std::string& path, const std::string& program, BlockFinder& finder,
                    Io& output, SidecarCounts* counts) {
  Child ffmpeg;
  H4MK_TRY(ffmpeg.Start({program, "-v", "error", "-nostdin", "-fflags", "+genpts", "-i",
                         "file:" + path, "-map", "0", "-c", "copy", "-copy_unknown", "-copyts",
                         "-copyinkf", "-f", "h4mk", "-"}));
  PlainAllocator allocator;
  OpenedFile opened;
  const Status status = h4mk::OpenFile(ffmpeg.output(), allocator, {}, &opened);
  if (status.code() == Code::kNotH4mk)
    return status.Saying(program + " wrote no H4MK file; --ffmpeg names one that can");
  H4MK_TRY(status);
  BlockPipeline& input = *opened.reader;
  std::unique_ptr<FileWriter> writer;
  H4MK_TRY(MakeWriter(output, 2, {}, {}, &writer));
  SidecarWriter sidecar(finder, *writer, counts);
  const std::string name = std::filesystem::path(path).filename().string();
  H4MK_TRY(sidecar.CopyDescriptions(input, name));
  H4MK_TRY(sidecar.CopyBlocks(input));
  H4MK_TRY(ffmpeg.Finish());
  H4MK_TRY(sidecar.UpdateDescriptions(input, name));
  return writer->Finish();
}

// made: sidecars of this run. A film.mkv and a film.mp4 would have the same.
Status MakeSidecar(const std::string& path, const SidecarOptions& options,
                   std::set<std::filesystem::path>* made, std::filesystem::path* sidecar,
                   SidecarCounts* counts) {
  H4MK_TRY(OutputPath(path, options.output, sidecar));
  if (!made->insert(sidecar->lexically_normal()).second)
    return Status(Code::kArgument, "another of the files has got " + sidecar->string() +
                                       "; give this one a name of its own with --output");
  BlockFinder finder;
  OutputFile out;
  H4MK_TRY(finder.OpenFile(path));
  H4MK_TRY(out.Open(sidecar->string(), options.write));
  H4MK_TRY(finder.FindPlaces(path, options.ffmpeg));
  return out.Commit(WriteSidecar(path, options.ffmpeg, finder, out.io(), counts));
}

int RunOne(const std::string& path, const SidecarOptions& options,
           std::set<std::filesystem::path>* made, Output& output) {
  std::filesystem::path sidecar;
  SidecarCounts counts;
  if (const Status status = MakeSidecar(path, options, made, &sidecar, &counts); !status.ok())
    return output.Fail(status);
  ClearProgress();
  output.Set("sidecar", sidecar.string());
  output.Set("blocks_beside", counts.beside);
  output.Set("bytes_beside", counts.beside_bytes);
  output.Set("blocks_stored", counts.stored);
  output.Set("bytes_stored", counts.stored_bytes);
  output.Text("{}: {} blocks, {} bytes, are in {}; {} blocks, {} bytes, are stored{}\n",
              Printable(sidecar.string()), Grouped(counts.beside), Grouped(counts.beside_bytes),
              Printable(path), Grouped(counts.stored), Grouped(counts.stored_bytes),
              counts.stored > 0 ? ", which it does not have in one piece" : "");
  return output.Finish();
}

int Run(const SidecarOptions& options) {
  if (AreSeveral(options.files) && !options.output.empty())
    return Output(options.files.paths[0], options.files.json)
        .Fail(
            Status(Code::kArgument,
                   "of several files each sidecar gets the name of its file: leave --output out"));
  std::set<std::filesystem::path> made;
  return ForEachFile(options.files, [&](const std::string& path, Output& output) {
    return RunOne(path, options, &made, output);
  });
}

}  // namespace

void AddSidecar(CLI::App& app, int* exit_code) {
  AddCommand<SidecarOptions>(app, exit_code, "sidecar",
                             "A small H4MK beside a media file, whose blocks are ranges of it",
                             Describe, Run);
}

}  // namespace h4mk::tool
