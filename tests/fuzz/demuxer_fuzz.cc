// SPDX-License-Identifier: MIT
//
// The demuxer through libavformat: open, find stream information, read, seek, read on, with and without a seekable input. The input is
// as for the target `reader`: 32 bytes that say how, then the file.

#include <algorithm>
#include <cstring>

extern "C" {
#include <libavformat/avformat.h>
}

#include "fuzz/file_mutator.h"
#include "fuzz/fuzz.h"

using h4mk_fuzz::ByteSpan;

namespace {

constexpr size_t kScriptSize = 32;
constexpr int kMostPackets = 1 << 14;  // a few bytes can say "65535 empty packets"
constexpr int kPacketsAfterSeek = 50;
constexpr int kBufferSize = 4096;

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

// A demuxer over an input in memory; null where it cannot be opened.
class Demuxer {
 public:
  Demuxer(ByteSpan file, bool seekable, bool keep_corrupt) : input_{file} {
    io_ = avio_alloc_context(static_cast<uint8_t*>(av_malloc(kBufferSize)), kBufferSize, 0, &input_, Read,
                             nullptr, seekable ? Seek : nullptr);
    context_ = avformat_alloc_context();
    FUZZ_CHECK(io_ != nullptr && context_ != nullptr);
    context_->pb = io_;
    if (keep_corrupt) context_->error_recognition |= AV_EF_IGNORE_ERR;
    // On failure the context is freed, the input is not.
    if (avformat_open_input(&context_, nullptr, av_find_input_format("h4mk"), nullptr) < 0) context_ = nullptr;
    packet_ = av_packet_alloc();
  }
  ~Demuxer() {
    av_packet_free(&packet_);
    avformat_close_input(&context_);
    av_freep(&io_->buffer);
    avio_context_free(&io_);
  }

  bool is_open() const { return context_ != nullptr; }
  int stream_count() const { return static_cast<int>(context_->nb_streams); }

  void ReadPackets(int most) {
    while (most-- > 0 && av_read_frame(context_, packet_) >= 0) {
      FUZZ_CHECK(packet_->stream_index >= 0 && packet_->stream_index < stream_count());
      FUZZ_CHECK(packet_->size >= 0);
      h4mk_fuzz::Touch({packet_->data, static_cast<size_t>(packet_->size)});
      for (int i = 0; i < packet_->side_data_elems; ++i)
        h4mk_fuzz::Touch({packet_->side_data[i].data, packet_->side_data[i].size});
      av_packet_unref(packet_);
    }
  }

  void Run(const uint8_t* script) {
    avformat_find_stream_info(context_, nullptr);
    ReadPackets(kMostPackets);
    for (int i = 0; i < 3 && stream_count() > 0; ++i) {
      const uint8_t* seek = script + 2 + 10 * i;
      const int64_t time = h4mk::LoadLe<int64_t>(seek + 2);
      const int stream = seek[0] % stream_count();
      const int flags = (seek[1] & 1 ? AVSEEK_FLAG_BACKWARD : 0) | (seek[1] & 2 ? AVSEEK_FLAG_ANY : 0);
      av_seek_frame(context_, stream, time, flags);
      ReadPackets(kPacketsAfterSeek);
      avformat_seek_file(context_, stream, INT64_MIN, time / 2, INT64_MAX, flags & AVSEEK_FLAG_ANY);
      ReadPackets(kPacketsAfterSeek);
    }
  }

 private:
  Input input_;
  AVIOContext* io_ = nullptr;
  AVFormatContext* context_ = nullptr;
  AVPacket* packet_ = nullptr;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kScriptSize) return 0;
  av_log_set_level(AV_LOG_QUIET);
  Demuxer demuxer({data + kScriptSize, size - kScriptSize}, !(data[0] & 1), data[0] & 2);
  if (demuxer.is_open()) demuxer.Run(data);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  return h4mk_fuzz::MutateFile(data, size, max_size, seed, kScriptSize);
}
