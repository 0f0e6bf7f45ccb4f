// SPDX-License-Identifier: MIT
//
// The demuxer through libavformat: open, find stream information, print it, read and write again as
// H4MK, seek, read on, with and without a seekable input. The input is as for the target `reader`:
// 32 bytes that say how, then the file.

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

extern "C" {
#include <libavformat/avformat.h>
#include <libavutil/mathematics.h>
}

#include "fuzz/file_mutator.h"
#include "fuzz/fuzz.h"

using h4mk_fuzz::ByteSpan;

namespace {

constexpr size_t kScriptSize = 32;
constexpr int kMostPackets = 1 << 14;  // a few bytes can say "65535 empty packets"
constexpr int kPacketsAfterSeek = 50;
constexpr int kBufferSize = 4096;

struct Script {
  struct Seek {
    uint8_t stream;
    bool any_stream, backward, any, near;
    int64_t time, distance;  // near: no further away than that
  };
  bool pipe, ignore_errors, keep_encrypted, discard, no_copy, block_numbers;
  uint8_t discarded;  // a stream, until the first seek
  Seek seeks[3];

  explicit Script(const uint8_t* p)
      : pipe(p[0] & 1),
        ignore_errors(p[0] & 2),
        keep_encrypted(p[0] & 4),
        discard(p[0] & 8),
        no_copy(p[0] & 16),
        block_numbers(p[0] & 32),
        discarded(p[1]) {
    for (size_t i = 0; i < 3; ++i) {
      const uint8_t* q = p + 2 + 10 * i;
      seeks[i] = {q[0],
                  (q[1] & 4) != 0,
                  (q[1] & 1) != 0,
                  (q[1] & 2) != 0,
                  (q[1] & 8) != 0,
                  h4mk::LoadLe<int64_t>(q + 2),
                  int64_t{1} << (q[1] >> 4) * 4};
    }
  }
};

// As a terminal does, so that every text that is printed is read.
void Print(void*, int, const char* format, va_list arguments) {
  char line[1024];
  std::vsnprintf(line, sizeof line, format, arguments);
  h4mk_fuzz::Touch({reinterpret_cast<const uint8_t*>(line), std::strlen(line)});
}

struct Input {
  ByteSpan bytes;
  size_t position = 0;
};

int Read(void* opaque, uint8_t* buffer, int size) {
  Input& input = *static_cast<Input*>(opaque);
  const size_t left = input.bytes.size() - std::min(input.position, input.bytes.size());
  const size_t count = std::min(static_cast<size_t>(size), left);
  if (count == 0) return AVERROR_EOF;
  std::memcpy(buffer, input.bytes.data() + input.position, count);
  input.position += count;
  return static_cast<int>(count);
}

int64_t Seek(void* opaque, int64_t offset, int whence) {
  Input& input = *static_cast<Input*>(opaque);
  if (whence == AVSEEK_SIZE) return static_cast<int64_t>(input.bytes.size());
  if (whence != SEEK_SET || offset < 0) return AVERROR(EINVAL);
  input.position = static_cast<size_t>(offset);
  return offset;
}

#if LIBAVFORMAT_VERSION_MAJOR >= 61
int Write(void*, const uint8_t* data, int size) {
#else
int Write(void*, uint8_t* data, int size) {
#endif
  h4mk_fuzz::Touch({data, static_cast<size_t>(size)});
  return size;
}

// Another H4MK file of what was read, as `ffmpeg -c copy` writes it: for structs whose members a
// reader has to be able to rely on.
class Copy {
 public:
  explicit Copy(AVFormatContext* from) {
    avformat_alloc_output_context2(&context_, nullptr, "h4mk", nullptr);
    if (context_ == nullptr) return;  // a libavformat without the muxer
    context_->pb = avio_alloc_context(static_cast<uint8_t*>(av_malloc(kBufferSize)), kBufferSize, 1,
                                      nullptr, nullptr, Write, nullptr);
    FUZZ_CHECK(context_->pb != nullptr);
    av_dict_copy(&context_->metadata, from->metadata, 0);
    for (unsigned int i = 0; i < from->nb_streams; ++i) AddStream(*from->streams[i]);
    is_open_ = avformat_write_header(context_, nullptr) >= 0;
  }
  ~Copy() {
    if (context_ == nullptr) return;
    if (is_open_) av_write_trailer(context_);
    av_freep(&context_->pb->buffer);
    avio_context_free(&context_->pb);
    avformat_free_context(context_);
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  // What cannot be written is left out.
  void WritePacket(AVPacket* packet) {
    if (is_open_) av_write_frame(context_, packet);
  }

 private:
  void AddStream(const AVStream& from) {
    AVStream* const stream = avformat_new_stream(context_, nullptr);
    FUZZ_CHECK(stream != nullptr);
    avcodec_parameters_copy(stream->codecpar, from.codecpar);
    av_dict_copy(&stream->metadata, from.metadata, 0);
    stream->time_base = from.time_base;
    stream->start_time = from.start_time;
    stream->disposition = from.disposition;
  }

  AVFormatContext* context_ = nullptr;
  bool is_open_ = false;
};

// A demuxer over an input in memory.
class Demuxer {
 public:
  Demuxer(ByteSpan file, const Script& script) : input_{file}, script_(script) {
    io_ = avio_alloc_context(static_cast<uint8_t*>(av_malloc(kBufferSize)), kBufferSize, 0, &input_,
                             Read, nullptr, script.pipe ? nullptr : Seek);
    context_ = avformat_alloc_context();
    packet_ = av_packet_alloc();
    FUZZ_CHECK(io_ != nullptr && context_ != nullptr && packet_ != nullptr);
    context_->pb = io_;
    if (script.ignore_errors) context_->error_recognition |= AV_EF_IGNORE_ERR;
    AVDictionary* options = nullptr;
    av_dict_set_int(&options, "keep_encrypted", script.keep_encrypted, 0);
    av_dict_set_int(&options, "block_numbers", script.block_numbers, 0);
    // On failure the context is freed, the input is not.
    if (avformat_open_input(&context_, nullptr, av_find_input_format("h4mk"), &options) < 0)
      context_ = nullptr;
    av_dict_free(&options);
  }
  ~Demuxer() {
    av_packet_free(&packet_);
    avformat_close_input(&context_);
    av_freep(&io_->buffer);
    avio_context_free(&io_);
  }
  Demuxer(const Demuxer&) = delete;
  Demuxer& operator=(const Demuxer&) = delete;

  bool is_open() const { return context_ != nullptr; }

  void Run() {
    avformat_find_stream_info(context_, nullptr);
    av_dump_format(context_, 0, "", 0);
    SetDiscard(AVDISCARD_ALL);
    CopyAll();
    SetDiscard(AVDISCARD_DEFAULT);
    for (const Script::Seek& seek : script_.seeks)
      if (stream_count() > 0) SeekAndRead(seek);
  }

 private:
  int stream_count() const { return static_cast<int>(context_->nb_streams); }

  void SetDiscard(AVDiscard discard) {
    if (script_.discard && stream_count() > 0)
      context_->streams[script_.discarded % stream_count()]->discard = discard;
  }

  // False at the end.
  bool ReadPacket() {
    av_packet_unref(packet_);
    if (av_read_frame(context_, packet_) < 0) return false;
    FUZZ_CHECK(packet_->stream_index >= 0 && packet_->stream_index < stream_count());
    FUZZ_CHECK(packet_->size >= 0);
    h4mk_fuzz::Touch({packet_->data, static_cast<size_t>(packet_->size)});
    for (int i = 0; i < packet_->side_data_elems; ++i)
      h4mk_fuzz::Touch({packet_->side_data[i].data, packet_->side_data[i].size});
    return true;
  }

  void ReadPackets(int most) {
    while (most-- > 0 && ReadPacket()) {
    }
  }

  void CopyAll() {
    if (script_.no_copy) return ReadPackets(kMostPackets);
    Copy copy(context_);
    for (int i = 0; i < kMostPackets && ReadPacket(); ++i) copy.WritePacket(packet_);
  }

  void SeekAndRead(const Script::Seek& seek) {
    const int stream = seek.any_stream ? -1 : seek.stream % stream_count();
    const int any = seek.any ? AVSEEK_FLAG_ANY : 0;
    av_seek_frame(context_, stream, seek.time, any | (seek.backward ? AVSEEK_FLAG_BACKWARD : 0));
    ReadPackets(kPacketsAfterSeek);
    if (seek.near)
      avformat_seek_file(context_, stream, av_sat_sub64(seek.time, seek.distance), seek.time,
                         av_sat_add64(seek.time, seek.distance), any);
    else
      avformat_seek_file(context_, stream, INT64_MIN, seek.time / 2, INT64_MAX, any);
    ReadPackets(kPacketsAfterSeek);
  }

  Input input_;
  const Script script_;
  AVIOContext* io_ = nullptr;
  AVFormatContext* context_ = nullptr;
  AVPacket* packet_ = nullptr;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kScriptSize) return 0;
  av_log_set_callback(Print);
  Demuxer demuxer({data + kScriptSize, size - kScriptSize}, Script(data));
  if (demuxer.is_open()) demuxer.Run();
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  return h4mk_fuzz::MutateFile(data, size, max_size, seed, kScriptSize);
}
