// SPDX-License-Identifier: MIT
//
// A file of any version through h4mk.h: open, everything that can be asked, read to the end, seek,
// read on. The input is 32 bytes that say how (Script), then the file.

#include <h4mk/h4mk.h>

#include <algorithm>
#include <vector>

#include "fuzz/file_mutator.h"
#include "fuzz/fuzz.h"
#include "fuzz/input.h"

using h4mk_fuzz::ByteSpan;

namespace {

constexpr size_t kScriptSize = 32;
constexpr size_t kMostBlocks = 1 << 17;  // a few bytes can say "65535 empty blocks"
constexpr size_t kBlocksAfterSeek = 50;
constexpr size_t kMostTimes = 4096;

struct Script {
  struct Seek {
    uint8_t track;
    uint8_t mode;
    int64_t time;
  };
  bool pipe, keep_corrupt, short_reads;
  uint8_t discard;  // a track that is left out
  Seek seeks[3];

  explicit Script(const uint8_t* p)
      : pipe(p[0] & 1), keep_corrupt(p[0] & 2), short_reads(p[0] & 4), discard(p[1]) {
    for (size_t i = 0; i < 3; ++i) {
      const uint8_t* q = p + 2 + 10 * i;
      seeks[i] = {q[0], static_cast<uint8_t>(q[1] & 3), h4mk::LoadLe<int64_t>(q + 2)};
    }
  }
};

class Session {
 public:
  Session(ByteSpan file, const Script& script) : input_{file}, script_(script) {
    if (script.short_reads) input_.most = 100;
    const h4mk_io io = input_.Io(script.pipe);
    h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
    options.keep_corrupt = script.keep_corrupt;
    status_ = h4mk_reader_open(&io, &options, &reader_);
    FUZZ_CHECK(status_ == H4MK_OK || *h4mk_reader_message(reader_) != 0);
  }
  ~Session() { h4mk_reader_free(reader_); }

  bool is_open() const { return status_ == H4MK_OK; }

  void AskEverything() {
    FUZZ_CHECK(h4mk_value_to_json(h4mk_reader_meta(reader_)) != nullptr);
    track_count_ = h4mk_reader_track_count(reader_);
    for (uint32_t i = 0; i < std::min(track_count_, 16u); ++i) {
      h4mk_track_info info = H4MK_TRACK_INFO_INIT;
      FUZZ_CHECK(h4mk_reader_track_info(reader_, i, &info) == H4MK_OK);
      FUZZ_CHECK(info.time_base_num >= 1 && info.time_base_den >= 1);
      FUZZ_CHECK(h4mk_value_to_json(h4mk_reader_track(reader_, i)) != nullptr);
      const uint8_t* data = nullptr;
      size_t size = 0;
      if (h4mk_reader_attachment(reader_, i, &data, &size) == H4MK_OK)
        h4mk_fuzz::Touch({data, size});
      AskIndex(i);
    }
    while (h4mk_reader_next_warning(reader_) != nullptr) {
    }
  }

  // Reads at most so many blocks. Whatever is damaged, it goes on.
  void Read(size_t most_blocks) {
    size_t blocks = 0, reports = 0;
    h4mk_block block = H4MK_BLOCK_INIT;
    while (blocks < most_blocks) {
      const h4mk_status status = h4mk_reader_next(reader_, &block);
      if (status == H4MK_OK) {
        ++blocks;
        FUZZ_CHECK(block.track < track_count_);
        h4mk_fuzz::Touch({block.data, block.size});
        for (size_t i = 0; i < block.side_data_count; ++i)
          h4mk_fuzz::Touch({block.side_data[i].data, block.side_data[i].size});
        continue;
      }
      if (status != H4MK_ERR_CORRUPT) break;
      FUZZ_CHECK(*h4mk_reader_message(reader_) != 0);
      // Each report passes over some bytes: more than there are means going round in circles.
      FUZZ_CHECK(++reports <= input_.bytes.size());
    }
  }

  void Seek(uint32_t track, int64_t time, int mode) {
    if (h4mk_reader_seek(reader_, track, time, mode) == H4MK_OK) FUZZ_CHECK(track < track_count_);
    Read(kBlocksAfterSeek);
  }

  void Run() {
    AskEverything();
    Read(kMostBlocks);
    for (const Script::Seek& seek : script_.seeks)
      Seek(track_count_ == 0 ? 0 : seek.track % track_count_, seek.time, seek.mode);
    for (uint32_t track = 0; track < std::min(track_count_, 4u); ++track)
      for (const int64_t time : {int64_t{0}, INT64_MAX, INT64_MIN + 1})
        Seek(track, time, H4MK_SEEK_BACKWARD);
    for (uint32_t track = 0; track < std::min(track_count_, 4u); ++track)
      for (const Script::Seek& seek : script_.seeks) LookUp(track, seek.time);
    if (h4mk_reader_discard(reader_, script_.discard, 1) == H4MK_OK &&
        h4mk_reader_rewind(reader_) == H4MK_OK)
      Read(kMostBlocks);
  }

  // What an index says of frames may be a lie, but what is handed out is a block of the track.
  void LookUp(uint32_t track, int64_t time) {
    uint64_t frames = 0, number = 0, total = 0;
    FUZZ_CHECK(h4mk_reader_frame_count(reader_, track, &frames) == H4MK_OK);
    std::vector<int64_t> times(kMostTimes);
    size_t copied = 0;
    if (h4mk_reader_frame_times(reader_, track, frames / 2, times.data(), times.size(), &copied) ==
        H4MK_OK)
      FUZZ_CHECK(copied <= times.size());
    h4mk_block_info info = H4MK_BLOCK_INFO_INIT, chain[4] = {H4MK_BLOCK_INFO_INIT};
    if (h4mk_reader_frame(reader_, track, static_cast<uint64_t>(time) % (frames + 1), &info) ==
        H4MK_OK)
      FUZZ_CHECK(!(info.flags & H4MK_BLOCK_DISCARD));
    if (h4mk_reader_frame_at(reader_, track, time, &number, &info) == H4MK_OK &&
        h4mk_reader_frame_chain(reader_, track, number, chain, 4, &total) == H4MK_OK && total > 0)
      FUZZ_CHECK(chain[0].flags & H4MK_BLOCK_KEY);
    if (h4mk_reader_block_info(reader_, track, info.ordinal / 2, &info) == H4MK_OK)
      FUZZ_CHECK(info.offset > info.chunk);
  }

 private:
  void AskIndex(uint32_t track) {
    uint64_t entries = 0, bytes = 0;
    FUZZ_CHECK(h4mk_reader_index_size(reader_, track, &entries, &bytes) == H4MK_OK);
    std::vector<h4mk_index_entry> out(1000, h4mk_index_entry(H4MK_INDEX_ENTRY_INIT));
    size_t copied = 0;
    if (h4mk_reader_index_entries(reader_, track, 0, out.data(), out.size(), &copied) == H4MK_OK)
      FUZZ_CHECK(copied <= out.size());
  }

  h4mk_fuzz::Input input_;
  const Script script_;
  h4mk_reader* reader_ = nullptr;
  h4mk_status status_ = H4MK_OK;
  uint32_t track_count_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kScriptSize) return 0;
  const ByteSpan file(data + kScriptSize, size - kScriptSize);
  h4mk_probe(file.data(), file.size());
  Session session(file, Script(data));
  if (session.is_open()) session.Run();
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  return h4mk_fuzz::MutateFile(data, size, max_size, seed, kScriptSize);
}
