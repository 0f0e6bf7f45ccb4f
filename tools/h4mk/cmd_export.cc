// SPDX-License-Identifier: MIT
// h4mk export: any file, cut into blocks of one size, as H4MK; or the packets of a media file, by
// ffmpeg.
#include <h4mk/legacy.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>

#include "base/hex.h"
#include "child.h"
#include "command.h"
#include "file.h"
#include "key_option.h"
#include "progress.h"
#include "recording.h"
#include "text.h"
#include "version_option.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct ExportOptions {
  CommonOptions common;
  std::string output;
  int version = 2;
  uint32_t block_size = 524288;
  double fps = 30;
  uint32_t gop = 30;
  bool allow_b = false;
  bool packets = false;
  std::string scheme, kid;
  WriteOptions write;
  KeyOptions key;
};

void Describe(CLI::App* command, ExportOptions* options) {
  command
      ->add_option("INPUT", options->common.file, "One file of any kind, or - for standard input")
      ->required();
  command->add_flag("--json", options->common.json, "One JSON object instead of text");
  AddQuietOption(command);
  command->add_option("--output,-o", options->output, "The H4MK file, or - for standard output")
      ->required();
  AddForceOption(command, &options->write);
  AddVersionOption(command, &options->version);
  command->add_option("--block-size", options->block_size, "Bytes a block, default 524288")
      ->check(CLI::Range(1u, 1u << 30));
  command->add_option("--fps", options->fps, "Blocks a second, default 30")
      ->check(Between(0.001, 1e6));
  command->add_option("--gop", options->gop, "Blocks from one seek point to the next, default 30")
      ->check(CLI::Range(1u, 1000000000u));
  command->add_flag("--allow-b", options->allow_b,
                    "Every other block between seek points is a B block");
  command->add_flag(
      "--packets", options->packets,
      "INPUT is a media file: copy its packets, with the ffmpeg that is in PATH or $FFMPEG");
  command
      ->add_option_function<std::string>(
          "--cipher",
          [options](const std::string& name) {
            options->scheme = name == "aead" ? H4MK_SCHEME_GCM : name;
          },
          "Encrypt: aead (AES-256-GCM, for files), living (keys are forgotten once used, for live "
          "streams) or, for the\n"
          "transport dialect and for what exists only, living-v3")
      ->type_name("NAME")
      ->check(CLI::IsMember({"aead", "living", "living-v3"}).description(""));
  AddKeyOptions(command, &options->key, "The key for --cipher, hexadecimal");
  command
      ->add_option("--kid", options->kid,
                   "An id to find the key by, hexadecimal; says nothing of the key")
      ->type_name("HEX");
  command->footer(
      "A key is made by `openssl rand -hex 32 > key`. The transport dialect takes blocks whose "
      "sizes are multiples of 256 only, the last one included.");
}

// How the new file is encrypted.
struct Encryption {
  Secret secret;
  Bytes kid;
  h4mk_key key = H4MK_KEY_INIT;
};

Status ReadEncryption(const ExportOptions& options, Encryption* encryption) {
  if (options.scheme.empty() && (options.key.given() || !options.kid.empty()))
    return Status(Code::kArgument, "a key is for --cipher, which says how to encrypt");
  if (options.scheme.empty()) return {};
  const bool is_living_v3 = options.scheme == H4MK_SCHEME_LIVING_V3;
  if (options.version != (is_living_v3 ? H4MK_VERSION_TRANSPORT : 2))
    return Status(Code::kArgument, is_living_v3 ? "living-v3 is for --to transport only"
                                                : "only version 2 can be encrypted");
  H4MK_TRY(ReadSecret(options.key, "Key (hexadecimal): ", &encryption->secret));
  encryption->key.key = encryption->secret.bytes().data();
  encryption->key.key_size = encryption->secret.bytes().size();
  if (!DecodeHex(options.kid, &encryption->kid) || encryption->kid.size() > 32)
    return Status(Code::kArgument, "--kid is hexadecimal, at most 64 digits");
  encryption->key.kid = encryption->kid.data();
  encryption->key.kid_size = encryption->kid.size();
  return {};
}

// The clients of the transport dialect count like this.
int64_t BlockTime(const ExportOptions& options, uint64_t index) {
  return static_cast<int64_t>(index) * static_cast<int64_t>(1000000 / options.fps);
}

Json TrackDescription() {
  return {{"track_id", 1},    {"name", ""},    {"kind", "data"}, {"codec", "none"},
          {"sample_rate", 0}, {"channels", 0}, {"note", ""},     {"time_base", "1/1000000"}};
}

// Reads the next block; shorter only at the end.
Status ReadBlockOf(Source& source, uint64_t offset, const ExportOptions& options, Bytes* bytes) {
  bytes->resize(options.block_size);
  size_t got = 0;
  H4MK_TRY(source.ReadAt(offset, bytes->data(), bytes->size(), &got));
  bytes->resize(got);
  return {};
}

struct Exported {
  uint64_t blocks = 0, bytes = 0;
};

// As the exports of the transport dialect have it: META tells how the file was cut.
Status DescribeTransport(const ExportOptions& options, NewRecording& writer) {
  Json meta = {
      {"project", "HarmonyØ4"},  {"domain", "video-transport"}, {"block_size", options.block_size},
      {"fps_hint", options.fps}, {"gop", options.gop},          {"masked", false}};
  if (!options.scheme.empty()) meta["encrypted"] = true;
  const std::string safe = DumpJson({{"scope", "container+transport-only"},
                                     {"no_video_synthesis", true},
                                     {"no_pixel_semantics", true},
                                     {"no_visual_ml", true}});
  H4MK_TRY(writer.SetMeta(meta));
  return writer.AddChunk("SAFE", 0, {reinterpret_cast<const uint8_t*>(safe.data()), safe.size()});
}

Status ExportFile(InputFile& input, Io& output, const ExportOptions& options,
                  const Encryption& encryption, Exported* counts) {
  h4mk_writer_options settings = H4MK_WRITER_OPTIONS_INIT;
  settings.version = options.version;
  settings.encryption_scheme = options.scheme.empty() ? nullptr : options.scheme.c_str();
  settings.encryption_key = &encryption.key;
  NewRecording writer;
  uint32_t track = 0;
  H4MK_TRY(writer.Open(output, settings));
  H4MK_TRY(writer.AddTrack(TrackDescription(), &track));
  if (options.version == H4MK_VERSION_TRANSPORT) H4MK_TRY(DescribeTransport(options, writer));
  Source source(input.NewIo());
  Bytes bytes;
  const auto progress = MakeProgress("export");
  for (;; ++counts->blocks) {
    H4MK_TRY(ReadBlockOf(source, counts->bytes, options, &bytes));
    if (bytes.empty()) break;
    h4mk_block block = H4MK_BLOCK_INIT;
    (void)h4mk_gop_flags(options.gop, options.allow_b, counts->blocks, &block.flags);
    block.pts = block.dts = BlockTime(options, counts->blocks);
    block.duration = static_cast<int64_t>(1000000 / options.fps);
    block.data = bytes.data();
    block.size = bytes.size();
    H4MK_TRY(writer.Write(block));
    counts->bytes += bytes.size();
    if (progress) progress(counts->bytes, input.size());
  }
  return writer.Finish();
}

// A file in memory that holds a key in hex, for a child: its command line can be read by others.
// -1: it cannot be made.
int KeyForChild(const Secret& key) {
  const int fd = memfd_create("key", 0);
  std::string text = EncodeHex(key.bytes());
  const bool written =
      fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  Wipe(text.data(), text.size());
  return written ? fd : -1;
}

// The words of a command that copies the packets of every stream as they are. Names are never
// options, protocols or lists for ffmpeg.
std::vector<std::string> CopyCommand(const ExportOptions& options) {
  const char* ffmpeg = std::getenv("FFMPEG");
  const std::string& input = options.common.file;
  std::vector<std::string> words = {ffmpeg ? ffmpeg : "ffmpeg", "-hide_banner", "-loglevel",
                                    "error", "-nostdin"};
  for (std::string& word :
       input == "-" ? std::vector<std::string>{"-i", "pipe:0"} : FfmpegInput(input))
    words.push_back(std::move(word));
  words.insert(words.end(), {"-map", "0", "-c", "copy", "-f", "h4mk"});
  if (options.version == 1) words.insert(words.end(), {"-format_version", "1"});
  return words;
}

// ffmpeg shows its own errors.
Status ExportPackets(const ExportOptions& options, const Encryption& encryption) {
  InputFile input;  // not to be overwritten
  OutputFile out;
  const bool is_stdin = options.common.file == "-";
  if (!is_stdin) H4MK_TRY(input.Open(options.common.file, InputFile::Kind::kAny));
  H4MK_TRY(out.Open(options.output, options.write));
  std::vector<std::string> words = CopyCommand(options);
  OwnedFd key;
  if (!options.scheme.empty()) {
    key = OwnedFd(KeyForChild(encryption.secret));
    if (!key.ok()) return SystemError("cannot hand the key on");
    words.insert(words.end(), {"-encryption_scheme", options.scheme, "-encryption_key_file",
                               "/dev/fd/" + std::to_string(key.get())});
    if (!options.kid.empty()) words.insert(words.end(), {"-encryption_kid", options.kid});
  }
  words.push_back("pipe:1");
  Child ffmpeg;
  H4MK_TRY(ffmpeg.Start(std::move(words), is_stdin));
  Sink sink(out.io());
  return out.Commit(ffmpeg.ReadAll([&](ByteSpan bytes) { return sink.Write(bytes); }));
}

Status Export(const ExportOptions& options, const Encryption& encryption, Exported* counts) {
  InputFile input;
  H4MK_TRY(input.Open(options.common.file, InputFile::Kind::kAny));
  OutputFile out;
  H4MK_TRY(out.Open(options.output, options.write));
  return out.Commit(ExportFile(input, out.io(), options, encryption, counts));
}

// The name of a kind of media file, by its first bytes; null if they are none that is known.
const char* MediaName(const std::string& path) {
  struct Magic {
    size_t offset;
    std::string_view bytes;
    const char* name;
  };
  constexpr Magic kMagic[] = {
      {4, "ftyp", "MP4"},    {4, "moov", "MOV"},         {0, "\x1A\x45\xDF\xA3", "Matroska"},
      {8, "AVI ", "AVI"},    {8, "WAVE", "WAV"},         {0, "OggS", "Ogg"},
      {0, "fLaC", "FLAC"},   {0, "ID3", "MP3"},          {0, "nut/multimedia container", "NUT"},
      {0, "FLV\x01", "FLV"}, {0, "\x47\x40", "MPEG-TS"}, {0, "H4MK", "H4MK"}};
  InputFile file;
  char front[32] = {};
  if (path == "-" || !file.Open(path, InputFile::Kind::kAny).ok()) return nullptr;
  (void)file.NewIo().Read(reinterpret_cast<uint8_t*>(front), sizeof front);
  const std::string_view text(front, sizeof front);
  for (const Magic& magic : kMagic)
    if (text.substr(magic.offset).starts_with(magic.bytes)) return magic.name;
  return nullptr;
}

int Run(const ExportOptions& options) {
  Output output(options.common.file, options.common.json, options.output == "-" ? stderr : stdout);
  Exported counts;
  if (options.packets && options.version == H4MK_VERSION_TRANSPORT)
    return output.Fail(Status(Code::kArgument,
                              "packets go into version 1 or 2; `h4mk convert` goes on from there"));
  Encryption encryption;
  if (const Status status = ReadEncryption(options, &encryption); !status.ok())
    return output.Fail(status);
  if (options.scheme == H4MK_SCHEME_LIVING_V3)
    output.Note(std::nullopt,
                "living-v3 encrypts all files of one key with the same keystream: whoever has two "
                "of them reads both. Use "
                "--cipher living or aead for anything new");
  const Status status =
      options.packets ? ExportPackets(options, encryption) : Export(options, encryption, &counts);
  if (!status.ok()) return output.Fail(status);
  if (options.packets) return output.Finish();
  output.Set("blocks", counts.blocks);
  output.Set("bytes", counts.bytes);
  output.Text("{} blocks, {} bytes\n", Grouped(counts.blocks), Grouped(counts.bytes));
  if (const char* name = MediaName(options.common.file))
    output.Note(std::nullopt, fmt::format("this is a media file ({}), which was cut into blocks of "
                                          "{} bytes as it is; --packets takes its packets "
                                          "instead, so that it plays",
                                          name, Grouped(options.block_size)));
  return output.Finish();
}

}  // namespace

void AddExport(CLI::App& app, int* exit_code) {
  AddCommand<ExportOptions>(app, exit_code, "export",
                            "Any bytes, or the packets of a media file, as H4MK", Describe, Run);
}

}  // namespace h4mk::tool
