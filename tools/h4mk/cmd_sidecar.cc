// SPDX-License-Identifier: MIT
// h4mk sidecar: a small H4MK beside a media file, whose blocks are ranges of that file.
#include <filesystem>
#include <set>

#include "child.h"
#include "command.h"
#include "files_option.h"
#include "progress.h"
#include "recording.h"
#include "text.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

constexpr int64_t kMaxStreams = 4096;  // as many tracks as a file can have (core.md, "Limits")

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
    H4MK_TRY(file_.Open(path, InputFile::Kind::kAny));
    source_.emplace(file_.NewIo());
    return {};
  }

  Status FindPlaces(const std::string& path, const std::string& ffmpeg) {
    return ForEachLine(
        {FfprobeBeside(ffmpeg), "-v", "error", "-show_entries", "packet=stream_index,pos,size",
         "-of", "compact", "file:" + path},
        [this](const Fields& fields) {
          int64_t stream = -1, offset = -1, size = -1;
          if (!fields.Number("stream_index", &stream) || stream < 0 || stream >= kMaxStreams)
            return;
          if (streams_.size() <= static_cast<size_t>(stream))
            streams_.resize(static_cast<size_t>(stream) + 1);
          if (!fields.Number("pos", &offset) || !fields.Number("size", &size) || offset < 0 ||
              size < 0)
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
  SidecarWriter(BlockFinder& finder, NewRecording& writer, SidecarCounts* counts)
      : finder_(finder), writer_(writer), counts_(*counts) {}

  Status CopyDescriptions(h4mk_reader* input, const std::string& name) {
    for (uint32_t i = 0; i < h4mk_reader_track_count(input); ++i) {
      uint32_t track = 0;
      ByteSpan attachment;
      H4MK_TRY(writer_.AddTrack(Describe(input, i, name, &attachment), &track));
      if (attachment.data() != nullptr) H4MK_TRY(writer_.SetAttachment(track, attachment));
    }
    return writer_.SetMeta(ToJson(h4mk_reader_meta(input)));
  }

  // What is known of the tracks when all was read.
  Status UpdateDescriptions(h4mk_reader* input, const std::string& name) {
    (void)h4mk_reader_changes(input);
    ByteSpan attachment;
    for (uint32_t i = 0; i < h4mk_reader_track_count(input); ++i)
      H4MK_TRY(writer_.UpdateTrack(i, Describe(input, i, name, &attachment)));
    return writer_.SetMeta(ToJson(h4mk_reader_meta(input)));
  }

  Status CopyBlocks(h4mk_reader* input) {
    const auto progress = MakeProgress("sidecar");
    h4mk_block block = H4MK_BLOCK_INIT;
    for (;;) {
      const h4mk_status status = h4mk_reader_next(input, &block);
      if (status == H4MK_END || status == H4MK_AGAIN) return {};
      if (status != H4MK_OK) return Status(static_cast<Code>(status), h4mk_reader_message(input));
      H4MK_TRY(CopyBlock(block));
      if (progress) progress(counts_.beside_bytes, finder_.file_size());
    }
  }

 private:
  // The description of a track as it goes into the sidecar, and the bytes of an attachment.
  static Json Describe(h4mk_reader* input, uint32_t track, const std::string& name,
                       ByteSpan* attachment) {
    const uint8_t* data = nullptr;
    size_t size = 0;
    Json description = ToJson(h4mk_reader_track(input, track));
    if (h4mk_reader_attachment(input, track, &data, &size) == H4MK_OK)
      *attachment = {data, size};
    else
      description[kBesideKey] = name;
    return description;
  }

  Status CopyBlock(h4mk_block block) {
    uint64_t offset = 0;
    bool found = false;
    if (block.size > 0)
      H4MK_TRY(finder_.Find(block.track, {block.data, block.size}, &offset, &found));
    ++(found ? counts_.beside : counts_.stored);
    (found ? counts_.beside_bytes : counts_.stored_bytes) += block.size;
    if (found) {
      block.flags |= H4MK_BLOCK_EXTERNAL;
      block.offset = static_cast<int64_t>(offset);
    }
    return writer_.Write(block);
  }

  BlockFinder& finder_;
  NewRecording& writer_;
  SidecarCounts& counts_;
};

// Whether a sidecar may have the name of this file (core.md, "External data").
bool CanBeNamed(const std::filesystem::path& file) {
  h4mk_io io = H4MK_IO_INIT;
  std::string path = file.string();
  const h4mk_status status =
      h4mk_io_open_beside(path.data(), file.filename().string().c_str(), &io);
  h4mk_io_close(&io);
  return status != H4MK_ERR_ARGUMENT;
}

// Where the sidecar goes.
Status OutputPath(const std::filesystem::path& input, const std::string& wanted,
                  std::filesystem::path* path) {
  *path = wanted;
  if (wanted.empty()) (*path = input).replace_extension(".h4mk");
  if (!CanBeNamed(input))
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
  const h4mk_io from = CallbacksOf(ffmpeg.output());
  h4mk_reader* opened = nullptr;
  const h4mk_status status = h4mk_reader_open(&from, nullptr, &opened);
  const std::unique_ptr<h4mk_reader, void (*)(h4mk_reader*)> input(opened, h4mk_reader_free);
  if (status == H4MK_ERR_NOT_H4MK)
    return Status(Code::kNotH4mk, program + " wrote no H4MK file; --ffmpeg names one that can");
  if (status != H4MK_OK) return Status(static_cast<Code>(status), h4mk_reader_message(opened));
  NewRecording writer;
  H4MK_TRY(writer.Open(output));
  SidecarWriter sidecar(finder, writer, counts);
  const std::string name = std::filesystem::path(path).filename().string();
  H4MK_TRY(sidecar.CopyDescriptions(opened, name));
  H4MK_TRY(sidecar.CopyBlocks(opened));
  H4MK_TRY(ffmpeg.Finish());
  H4MK_TRY(sidecar.UpdateDescriptions(opened, name));
  return writer.Finish();
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
