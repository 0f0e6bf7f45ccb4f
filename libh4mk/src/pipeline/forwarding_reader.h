// SPDX-License-Identifier: MIT
// A FileReader that hands every call on to another: the base of those that add something to it.
#ifndef H4MK_PIPELINE_FORWARDING_READER_H_
#define H4MK_PIPELINE_FORWARDING_READER_H_

#include <memory>
#include <string>
#include <vector>

#include "file/file_reader.h"

namespace h4mk {

class ForwardingReader : public FileReader {
 public:
  explicit ForwardingReader(std::unique_ptr<FileReader> file) : file_(std::move(file)) {}

  Status Open() override { return file_->Open(); }
  int version() const override { return file_->version(); }
  bool is_closed() const override { return file_->is_closed(); }
  const std::vector<Track>& tracks() const override { return file_->tracks(); }
  const Json& meta() const override { return file_->meta(); }
  const TrackTotals& totals(uint32_t track) const override { return file_->totals(track); }
  Status Attachment(uint32_t track, ByteSpan* bytes) override {
    return file_->Attachment(track, bytes);
  }
  void Discard(uint32_t track, bool discard) override { file_->Discard(track, discard); }
  unsigned TakeChanges() override { return file_->TakeChanges(); }
  Status Next(ReadBlock* block) override { return file_->Next(block); }
  Status Seek(uint32_t track, int64_t time, SeekMode mode, bool any) override {
    return file_->Seek(track, time, mode, any);
  }
  Status Rewind() override { return file_->Rewind(); }
  void IndexSize(uint32_t track, uint64_t* entries, uint64_t* bytes) override {
    file_->IndexSize(track, entries, bytes);
  }
  Status IndexEntries(uint32_t track, uint64_t first, std::span<IndexEntry> out,
                      size_t* copied) override {
    return file_->IndexEntries(track, first, out, copied);
  }
  Status FindKeyframe(uint32_t track, int64_t time, BlockInfo* info) override {
    return file_->FindKeyframe(track, time, info);
  }
  Status DecodeChain(uint32_t track, int64_t time, std::span<BlockInfo> out,
                     uint64_t* total) override {
    return file_->DecodeChain(track, time, out, total);
  }
  Status KeyframesBetween(uint32_t track, int64_t from, int64_t to, std::span<BlockInfo> out,
                          uint64_t* total) override {
    return file_->KeyframesBetween(track, from, to, out, total);
  }
  Status BlockAt(uint32_t track, uint64_t ordinal, BlockInfo* info) override {
    return file_->BlockAt(track, ordinal, info);
  }
  Status Blocks(uint32_t track, uint64_t first, std::span<BlockInfo> out,
                size_t* copied) override {
    return file_->Blocks(track, first, out, copied);
  }
  Status ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) override {
    return file_->ReadBlockAt(track, ordinal, block);
  }
  Status FindFrame(uint32_t track, uint64_t number, BlockInfo* info) override {
    return file_->FindFrame(track, number, info);
  }
  Status FrameChain(uint32_t track, uint64_t number, std::span<BlockInfo> out,
                    uint64_t* total) override {
    return file_->FrameChain(track, number, out, total);
  }
  Status FindFrameAt(uint32_t track, int64_t time, uint64_t* number, BlockInfo* info) override {
    return file_->FindFrameAt(track, time, number, info);
  }
  Status FrameTimes(uint32_t track, uint64_t first, std::span<int64_t> out,
                    size_t* copied) override {
    return file_->FrameTimes(track, first, out, copied);
  }
  Source& source() override { return file_->source(); }
  bool NextWarning(std::string* text) override { return file_->NextWarning(text); }

 protected:
  FileReader& file() { return *file_; }
  const FileReader& file() const { return *file_; }

 private:
  std::unique_ptr<FileReader> file_;
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_FORWARDING_READER_H_
