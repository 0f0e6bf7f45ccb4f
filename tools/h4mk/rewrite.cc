// SPDX-License-Identifier: MIT
#include "rewrite.h"

#include <algorithm>
#include <cstring>

#include "describe.h"
#include "progress.h"
#include "recording.h"
#include "text.h"

namespace h4mk::tool {
namespace {

constexpr uint64_t kMaxAddition = 256u << 20;

// The kinds of files that people attach, as FFmpeg names them.
struct Kind {
  const char *extension, *codec, *mime;
};
constexpr Kind kKinds[] = {
    {".ttf", "ttf", "font/ttf"},           {".otf", "otf", "font/otf"},
    {".txt", "text", "text/plain"},        {".xml", "none", "text/xml"},
    {".json", "none", "application/json"}, {".pdf", "none", "application/pdf"},
    {".jpg", "mjpeg", "image/jpeg"},       {".jpeg", "mjpeg", "image/jpeg"},
    {".png", "png", "image/png"}};

Status ReadAddition(const std::string& path, Bytes* bytes) {
  InputFile file;
  if (const Status status = file.Open(path, InputFile::Kind::kAny); !status.ok())
    return status.Saying(path + ": " + status.message());
  if (file.size() > kMaxAddition) return Status(Code::kLimit, path + ": is larger than 256 MiB");
  bytes->resize(static_cast<size_t>(file.size()));
  Io& io = file.NewIo();
  for (size_t done = 0; done < bytes->size();) {
    const int64_t got = io.Read(bytes->data() + done, bytes->size() - done);
    if (got <= 0) return SystemError("cannot read " + path);
    done += static_cast<size_t>(got);
  }
  return {};
}

Json NewTrack(int64_t id, const char* kind, const char* codec) {
  return {{"track_id", id},   {"name", ""},    {"kind", kind}, {"codec", codec},
          {"sample_rate", 0}, {"channels", 0}, {"note", ""},   {"time_base", "1/1000"}};
}

std::string FileName(const Json& description) {
  const auto tags = description.find("tags");
  return tags != description.end() && tags->is_object() ? TextOf(*tags, "filename") : "";
}

class Rewriter {
 public:
  Rewriter(const std::string& path, const Additions& additions)
      : path_(path), additions_(additions) {}

  Status Run(const DescriptionChange& change, bool force) {
    H4MK_TRY(input_.Open(path_));
    meta_ = input_.meta();
    for (const RecordedTrack& track : input_.tracks()) descriptions_.push_back(track.description);
    H4MK_TRY(change(&meta_, &descriptions_));
    if (input_.is_encrypted())
      return Status(Code::kArgument,
                    "the file is encrypted: attachments and covers go in before that");
    if (!force && input_.contents().is_signed)
      return Status(Code::kState,
                    "the file is signed, and would be no more; --force (-y) does it all the same, "
                    "then `h4mk sign` it again");
    H4MK_TRY(ChooseTracks());
    OutputFile out;
    H4MK_TRY(out.OpenInPlace(path_));
    Status status = Copy(out);
    if (status.ok()) status = out.Commit();
    return out.Explain(std::move(status));
  }

 private:
  // Which of the old tracks stay.
  Status ChooseTracks() {
    for (uint32_t i = 0; i < input_.tracks().size(); ++i) {
      const RecordedTrack& track = input_.tracks()[i];
      stays_.push_back(!track.is_cover || !(additions_.remove_cover || !additions_.cover.empty()));
      removed_cover_ |= !stays_.back();
      next_id_ = std::max<int64_t>(next_id_, track.info.track_id + 1);
    }
    if (additions_.remove_cover && !removed_cover_)
      return Status(Code::kArgument, "the file has no cover");
    for (const std::string& name : additions_.remove_attachments) {
      bool found = false;
      for (uint32_t i = 0; i < stays_.size(); ++i)
        if (input_.tracks()[i].is_attachment && FileName(input_.tracks()[i].description) == name) {
          stays_[i] = false;
          found = true;
        }
      if (!found) return Status(Code::kArgument, "no attachment \"" + name + "\"");
    }
    return {};
  }

  Status Copy(OutputFile& out) {
    H4MK_TRY(writer_.Open(out.io()));
    targets_.assign(input_.tracks().size(), -1);
    for (uint32_t i = 0; i < input_.tracks().size(); ++i)
      if (stays_[i]) H4MK_TRY(CopyTrack(i));
    for (const std::string& path : additions_.attach) H4MK_TRY(Attach(path));
    if (!meta_.empty()) H4MK_TRY(writer_.SetMeta(meta_));
    H4MK_TRY(CopyChunks());
    if (!additions_.cover.empty()) H4MK_TRY(AddCover());
    H4MK_TRY(CopyBlocks());
    return writer_.Finish();
  }

  Status CopyTrack(uint32_t i) {
    ByteSpan attachment;
    if (input_.tracks()[i].is_attachment && input_.Attachment(i, &attachment).ok())
      return writer_.AddAttachment(descriptions_[i], attachment);
    uint32_t track = 0;
    H4MK_TRY(writer_.AddTrack(WithOwnData(descriptions_[i]), &track));
    targets_[i] = track;
    return {};
  }

  Status Attach(const std::string& path) {
    Bytes bytes;
    H4MK_TRY(ReadAddition(path, &bytes));
    const std::string name = path.substr(path.rfind('/') + 1);
    if (!IsUtf8(name)) return Status(Code::kArgument, path + ": the name is not UTF-8");
    for (uint32_t i = 0; i < stays_.size(); ++i)
      if (stays_[i] && input_.tracks()[i].is_attachment && FileName(descriptions_[i]) == name)
        return Status(Code::kArgument, "there is an attachment \"" + name +
                                           "\" already; --remove-attachment takes it out");
    const auto kind = std::ranges::find_if(
        kKinds, [&](const Kind& known) { return name.ends_with(known.extension); });
    const bool is_known = kind != std::end(kKinds);
    Json description = NewTrack(next_id_++, "attachment", is_known ? kind->codec : "none");
    description["tags"] = {{"filename", name},
                           {"mimetype", is_known ? kind->mime : "application/octet-stream"}};
    return writer_.AddAttachment(description, bytes);
  }

  // One block, before all others.
  Status AddCover() {
    Bytes bytes;
    H4MK_TRY(ReadAddition(additions_.cover, &bytes));
    const bool is_png = bytes.size() > 8 && std::memcmp(bytes.data(), "\x89PNG", 4) == 0;
    const bool is_jpeg = bytes.size() > 3 && std::memcmp(bytes.data(), "\xFF\xD8\xFF", 3) == 0;
    if (!is_png && !is_jpeg)
      return Status(Code::kArgument, additions_.cover + ": a cover is a JPEG or a PNG");
    Json description = NewTrack(next_id_++, "video", is_png ? "png" : "mjpeg");
    description["disposition"] = {"attached_pic"};
    h4mk_block block = H4MK_BLOCK_INIT;
    H4MK_TRY(writer_.AddTrack(description, &block.track));
    block.flags = H4MK_BLOCK_KEY;
    block.pts = block.dts = 0;
    block.data = bytes.data();
    block.size = bytes.size();
    return writer_.Write(block);
  }

  // Those that only their owner understands. What this file was converted from it is no more.
  Status CopyChunks() {
    for (const h4mk_chunk& chunk : input_.contents().others) {
      const uint8_t* data = nullptr;
      size_t size = 0;
      if (h4mk_reader_chunk_payload(input_.get(), &chunk, &data, &size) != H4MK_OK) continue;
      H4MK_TRY(writer_.AddChunk(chunk.tag, chunk.flags, ByteSpan(data, size)));
    }
    return {};
  }

  // A damaged file stays as it is.
  Status CopyBlocks() {
    Output silent(path_, /*json=*/false);
    silent.SetSilent();
    const auto progress = MakeProgress("edit");
    h4mk_block block = H4MK_BLOCK_INIT;
    for (;;) {
      const Status status = input_.Next(silent, &block);
      if (silent.problem_count() > 0)
        return Status(Code::kCorrupt, silent.problems().front() + "; see `h4mk recover`");
      if (status.code() == Code::kEnd) return {};
      if (!status.ok()) return status;
      if (progress) progress(static_cast<uint64_t>(block.offset), input_.size());
      if (targets_[block.track] < 0) continue;
      block.track = static_cast<uint32_t>(targets_[block.track]);
      H4MK_TRY(writer_.Write(block));
    }
  }

  const std::string& path_;
  const Additions& additions_;
  Recording input_;
  Json meta_;  // of the new file, as are the descriptions
  std::vector<Json> descriptions_;
  NewRecording writer_;
  std::vector<bool> stays_;
  std::vector<int64_t> targets_;  // tracks of the new file; -1: none
  bool removed_cover_ = false;
  int64_t next_id_ = 1;
};

}  // namespace

Status RewriteFile(const std::string& path, const DescriptionChange& change,
                   const Additions& additions, bool force) {
  return Rewriter(path, additions).Run(change, force);
}

}  // namespace h4mk::tool
