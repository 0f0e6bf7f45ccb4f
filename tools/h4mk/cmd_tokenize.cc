// SPDX-License-Identifier: MIT
// h4mk tokenize: sound and pictures of a media file as tracks of tokens.
#include "audio_fft_track.h"
#include "base/base64.h"
#include "child.h"
#include "command.h"
#include "recording.h"
#include "text.h"
#include "wav.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct TokenizeOptions {
  CommonOptions common;
  std::string output, ffmpeg;
  WriteOptions write;
  uint32_t frame_size = 2048, top_k = 32;
  uint32_t sample_rate = 0;  // 0: that of the input
  uint32_t gop = 30;
  bool compress = false;
};

void Describe(CLI::App* command, TokenizeOptions* options) {
  command->add_option("INPUT", options->common.file, "A media file")->required();
  command->add_flag("--json", options->common.json, "One JSON object instead of text");
  AddQuietOption(command);
  command->add_option("--output,-o", options->output, "The H4MK file, or - for standard output")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--frame-size", options->frame_size,
                   "Samples of a frame of sound, default 2048; half of it apart")
      ->type_name("N");
  command
      ->add_option("--top-k", options->top_k,
                   "Tokens of a frame at most, default 32; N / 2 + 1 are all that there are")
      ->type_name("K");
  command
      ->add_option("--gop", options->gop,
                   "Blocks of sound from one seek point to the next, default 30")
      ->type_name("BLOCKS")
      ->check(CLI::Range(1u, 1000000000u).description(""));
  command
      ->add_option("--sample-rate", options->sample_rate,
                   "Samples a second, default those of INPUT")
      ->type_name("HZ");
  command->add_flag("--compress", options->compress, "Store blocks compressed");
  AddForceOption(command, &options->write);
  AddFfmpegOption(command, &options->ffmpeg);
  command->footer(
      "The first track of sound becomes one of audio_fft, the first of pictures one of "
      "video_token. WAV files with 16-bit samples are read\n"
      "directly, all others by ffmpeg and ffprobe.");
}

// A packet of pictures, as its token says it.
struct Picture {
  int64_t pts = kNoTime, dts = kNoTime, duration = 0;
  bool key = false;
};

struct Pictures {
  std::vector<Picture> packets;
  TimeBase time_base;
};

// Where the sound comes from: INPUT itself, or ffmpeg.
class SoundInput {
 public:
  // *found is false where the input has no sound.
  Status Open(const TokenizeOptions& options, bool has_sound, bool* found) {
    *found = true;
    InputFile& file = file_.emplace();
    H4MK_TRY(file.Open(options.common.file, InputFile::Kind::kAny));
    reader_.emplace(file.NewIo());
    const Status direct = reader_->Open();
    if (direct.ok() && (options.sample_rate == 0 || options.sample_rate == reader_->sample_rate()))
      return {};
    *found = has_sound || direct.ok();
    if (!*found) return {};
    std::vector<std::string> words = {
        options.ffmpeg, "-v",    "error", "-nostdin", "-i",   "file:" + options.common.file,
        "-map",         "0:a:0", "-ac",   "1",        "-c:a", "pcm_s16le",
        "-f",           "wav"};
    if (options.sample_rate != 0)
      words.insert(words.end(), {"-ar", std::to_string(options.sample_rate)});
    words.push_back("-");
    H4MK_TRY(child_.emplace().Start(std::move(words)));
    reader_.emplace(child_->output());
    return reader_->Open();
  }
  // Whether INPUT is a WAV file, of which ffprobe need not be asked.
  static bool IsWav(const std::string& path) {
    InputFile file;
    return file.Open(path, InputFile::Kind::kAny).ok() && WavReader(file.NewIo()).Open().ok();
  }
  WavReader& reader() { return *reader_; }
  Status Finish() { return child_ ? child_->Finish() : Status(); }

 private:
  std::optional<InputFile> file_;
  std::optional<Child> child_;
  std::optional<WavReader> reader_;
};

Status ReadPictures(const TokenizeOptions& options, Pictures* pictures, bool* has_sound) {
  bool has_time_base = false;
  int64_t wanted = -1;  // the first stream of pictures; ffprobe prints streams behind packets
  std::vector<std::pair<int64_t, Picture>> packets;
  H4MK_TRY(ForEachLine(
      {FfprobeBeside(options.ffmpeg), "-v", "error", "-select_streams", "v", "-show_entries",
       "packet=stream_index,pts,dts,duration,flags:stream=index,time_base:stream_disposition="
       "attached_pic",
       "-of", "compact", "file:" + options.common.file},
      [&](const Fields& fields) {
        int64_t stream = 0, attached = 0;
        if (fields.StartsWith("packet|") && fields.Number("stream_index", &stream)) {
          Picture picture;
          fields.Number("pts", &picture.pts);
          fields.Number("dts", &picture.dts);
          fields.Number("duration", &picture.duration);
          picture.key = fields.Text("flags").starts_with('K');
          packets.push_back({stream, picture});
        } else if (fields.StartsWith("stream|") && !has_time_base &&
                   fields.Number("index", &stream) &&
                   !(fields.Number("disposition:attached_pic", &attached) && attached)) {
          has_time_base = ParseTimeBase(fields.Text("time_base"), &pictures->time_base);
          wanted = stream;
        }
      }));
  for (const auto& [stream, picture] : packets)
    if (stream == wanted) pictures->packets.push_back(picture);
  return ForEachLine(
      {FfprobeBeside(options.ffmpeg), "-v", "error", "-select_streams", "a:0", "-show_entries",
       "stream=index", "-of", "compact", "file:" + options.common.file},
      [&](const Fields&) { *has_sound = true; });
}

Json TrackDescription(uint32_t id, const char* kind, const char* codec, uint32_t sample_rate,
                      TimeBase time_base, bool compress) {
  Json description = {{"track_id", id},
                      {"name", ""},
                      {"kind", kind},
                      {"codec", codec},
                      {"sample_rate", sample_rate},
                      {"channels", sample_rate ? 1 : 0},
                      {"note", ""},
                      {"time_base", fmt::format("{}/{}", time_base.num, time_base.den)}};
  if (compress) description["compression"] = "zstd";
  return description;
}

struct Tokenized {
  uint64_t pictures = 0, blocks = 0, samples = 0;
  uint32_t sample_rate = 0;
};

class TokenWriter {
 public:
  TokenWriter(const TokenizeOptions& options, NewRecording& writer, Tokenized* counts)
      : options_(options), writer_(writer), counts_(*counts) {}

  Status AddTracks(const Pictures& pictures, uint32_t sample_rate) {
    uint32_t id = 0;
    if (!pictures.packets.empty())
      H4MK_TRY(writer_.AddTrack(
          TrackDescription(++id, "data", "video_token", 0, pictures.time_base, options_.compress),
          &picture_track_));
    if (sample_rate == 0) return {};
    counts_.sample_rate = sample_rate;
    h4mk_audio_fft* sound = nullptr;
    const h4mk_status status =
        h4mk_audio_fft_new(sample_rate, options_.frame_size, options_.top_k, &sound);
    sound_.reset(sound);
    H4MK_TRY(ResultOf(status, sound_));
    const uint8_t* extradata = nullptr;
    size_t size = 0;
    H4MK_TRY(ResultOf(h4mk_audio_fft_extradata(sound, &extradata, &size), sound_));
    Json description = TrackDescription(++id, "audio", kAudioFftCodec, sample_rate,
                                        {1, static_cast<int32_t>(sample_rate)}, options_.compress);
    description["extradata"] = EncodeBase64({extradata, size});
    return writer_.AddTrack(description, &sound_track_);
  }

  // Pictures up to a time in seconds.
  Status WritePictures(const Pictures& pictures, double until) {
    for (; counts_.pictures < pictures.packets.size(); ++counts_.pictures) {
      const Picture& picture = pictures.packets[static_cast<size_t>(counts_.pictures)];
      const int64_t time = SeekTime(picture.dts, picture.pts);
      if (time != kNoTime && Seconds(time, pictures.time_base) >= until) return {};
      H4MK_TRY(WritePicture(picture, pictures.time_base));
    }
    return {};
  }

  Status WriteSound(WavReader& reader, const Pictures& pictures) {
    const size_t size = options_.frame_size, hop = size / 2;
    std::vector<float> window(size);  // of the frame that comes next
    size_t held = 0;                  // samples of the sound in it
    H4MK_TRY(reader.Read(std::span(window).subspan(hop), &held));
    H4MK_TRY(ResultOf(h4mk_audio_fft_begin(sound_.get(), window.data()), sound_));
    std::move(window.begin() + static_cast<ptrdiff_t>(hop), window.end(), window.begin());
    while (held > 0) {
      std::fill(window.end() - static_cast<ptrdiff_t>(hop), window.end(), 0.0f);
      size_t got = 0;
      if (held == size - hop) H4MK_TRY(reader.Read(std::span(window).last(hop), &got));
      held += got;
      H4MK_TRY(WritePictures(pictures, static_cast<double>(counts_.samples) / counts_.sample_rate));
      const bool whole = counts_.blocks % options_.gop == 0;
      const size_t duration = std::min(held, hop);
      const auto time = static_cast<int64_t>(counts_.samples);
      const uint8_t* block = nullptr;
      size_t block_size = 0;
      H4MK_TRY(ResultOf(
          h4mk_audio_fft_encode(sound_.get(), window.data(), whole, &block, &block_size), sound_));
      H4MK_TRY(WriteBlock(sound_track_, whole, time, time, static_cast<int64_t>(duration),
                          {block, block_size}));
      ++counts_.blocks;
      counts_.samples += duration;
      held -= duration;
      std::move(window.begin() + static_cast<ptrdiff_t>(hop), window.end(), window.begin());
    }
    return {};
  }

 private:
  Status WritePicture(const Picture& picture, TimeBase time_base) {
    h4mk_video_token token;
    const int64_t time = SeekTime(picture.pts, picture.dts);
    token.pts_us =
        time == kNoTime
            ? 0
            : static_cast<uint64_t>(std::max<int64_t>(0, Rescale(time, time_base, {1, 1000000})));
    token.index = static_cast<uint32_t>(counts_.pictures);
    token.key = picture.key;
    uint8_t bytes[H4MK_VIDEO_TOKEN_SIZE];
    (void)h4mk_video_token_encode(&token, bytes);
    return WriteBlock(picture_track_, picture.key, picture.pts, picture.dts, picture.duration,
                      bytes);
  }

  Status WriteBlock(uint32_t track, bool key, int64_t pts, int64_t dts, int64_t duration,
                    ByteSpan data) {
    h4mk_block block = H4MK_BLOCK_INIT;
    block.track = track;
    block.flags = key ? H4MK_BLOCK_KEY : H4MK_BLOCK_TYPE_P;
    block.pts = pts;
    block.dts = dts;
    block.duration = duration;
    block.data = data.data();
    block.size = data.size();
    return writer_.Write(block);
  }

  const TokenizeOptions& options_;
  NewRecording& writer_;
  Tokenized& counts_;
  AudioFft sound_;
  uint32_t picture_track_ = 0, sound_track_ = 0;
};

Status WriteTokens(const TokenizeOptions& options, Io& output, Tokenized* counts) {
  Pictures pictures;
  bool has_sound = false;
  if (!SoundInput::IsWav(options.common.file))
    H4MK_TRY(ReadPictures(options, &pictures, &has_sound));
  SoundInput sound;
  bool found = false;
  H4MK_TRY(sound.Open(options, has_sound, &found));
  if (!found && pictures.packets.empty())
    return Status(Code::kNotFound, "neither sound nor pictures found");
  NewRecording writer;
  H4MK_TRY(writer.Open(output));
  TokenWriter tokens(options, writer, counts);
  H4MK_TRY(tokens.AddTracks(pictures, found ? sound.reader().sample_rate() : 0));
  if (found) {
    H4MK_TRY(tokens.WriteSound(sound.reader(), pictures));
    H4MK_TRY(sound.Finish());
  }
  H4MK_TRY(tokens.WritePictures(pictures, std::numeric_limits<double>::infinity()));
  return writer.Finish();
}

Status Tokenize(const TokenizeOptions& options, Tokenized* counts) {
  InputFile input;  // not to be overwritten
  OutputFile out;
  H4MK_TRY(input.Open(options.common.file, InputFile::Kind::kAny));
  H4MK_TRY(out.Open(options.output, options.write));
  return out.Commit(WriteTokens(options, out.io(), counts));
}

int Run(const TokenizeOptions& options) {
  Output output(options.common.file, options.common.json, options.output == "-" ? stderr : stdout);
  Tokenized counts;
  if (const Status status = Tokenize(options, &counts); !status.ok()) return output.Fail(status);
  output.Set("video_tokens", counts.pictures);
  output.Set("audio_blocks", counts.blocks);
  output.Set("samples", counts.samples);
  output.Set("sample_rate", counts.sample_rate);
  if (counts.pictures > 0) output.Text("{} video tokens\n", Grouped(counts.pictures));
  if (counts.blocks > 0)
    output.Text("{} blocks of audio tokens for {} samples at {} Hz\n", Grouped(counts.blocks),
                Grouped(counts.samples), counts.sample_rate);
  return output.Finish();
}

}  // namespace

void AddTokenize(CLI::App& app, int* exit_code) {
  AddCommand<TokenizeOptions>(app, exit_code, "tokenize",
                              "Sound and pictures of a media file as tracks of tokens", Describe,
                              Run);
}

}  // namespace h4mk::tool
