// SPDX-License-Identifier: MIT
#include "recording.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "describe.h"
#include "text.h"

namespace h4mk::tool {
namespace {

bool HasDisposition(const Json& description, const char* name) {
  const auto list = description.find("disposition");
  return list != description.end() && list->is_array() &&
         std::find(list->begin(), list->end(), name) != list->end();
}

Status NoEnd() {
  return Status(Code::kAgain, "the file has no end: it was cut, or is still being written");
}

}  // namespace

Status Recording::Told(h4mk_status status) const {
  if (status == H4MK_OK) return {};
  const std::string message = h4mk_reader_message(get());
  const Status told(static_cast<Code>(status), message.empty() ? h4mk_strerror(status) : message);
  const int64_t offset = h4mk_reader_error_offset(get());
  return offset < 0 ? told : told.At(static_cast<uint64_t>(offset));
}

Status Recording::Open(const std::string& path, const Reading& reading) {
  own_ = std::make_unique<InputFile>();
  H4MK_TRY(own_->Open(path));
  return Open(*own_, reading);
}

// With its key an encrypted file looks as if it were none. So it is opened without the key first,
// where META says how it is encrypted.
Status Recording::Open(InputFile& file, const Reading& reading) {
  file_ = &file;
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.open_beside = file_->open_beside();
  options.beside_opaque = file_->beside_opaque();
  options.keep_encrypted = 1;
  options.keep_corrupt = reading.keep_corrupt;
  options.without_data = reading.without_data;
  options.with_proofs = reading.with_proofs;
  if (!reading.verify_key.empty()) options.verify_key = reading.verify_key.c_str();
  H4MK_TRY(OpenReader(options));
  const bool asks = reading.asks_key && is_encrypted() && isatty(STDIN_FILENO);
  if (reading.key != nullptr && (reading.key->given() || asks)) {
    H4MK_TRY(ReadSecret(*reading.key, "Key (hexadecimal): ", &secret_));
    key_.key = secret_.bytes().data();
    key_.key_size = secret_.bytes().size();
    options.keys = &key_;
    options.key_count = 1;
    options.keep_encrypted = 0;
    H4MK_TRY(OpenReader(options));
  }
  return ReadDescriptions();
}

Status Recording::OpenReader(const h4mk_reader_options& options) {
  io_ = &file_->NewIo();
  const h4mk_io io = CallbacksOf(*io_);
  h4mk_reader* opened = nullptr;
  const h4mk_status status = h4mk_reader_open(&io, &options, &opened);
  reader_.reset(opened);
  H4MK_TRY(Told(status));
  meta_ = ToJson(h4mk_reader_meta(get()));
  if (meta_.contains("protection")) scheme_ = TextOf(meta_["protection"], "scheme");
  return {};
}

Status Recording::ReadDescriptions() {
  for (uint32_t i = 0; i < h4mk_reader_track_count(get()); ++i) {
    RecordedTrack& track = tracks_.emplace_back();
    track.description = ToJson(h4mk_reader_track(get(), i));
    file_->NoteFileBeside(track.description);
    H4MK_TRY(Told(h4mk_reader_track_info(get(), i, &track.info)));
    track.kind = TextOf(track.description, "kind");
    track.is_attachment = track.kind == "attachment";
    track.is_cover = HasDisposition(track.description, "attached_pic");
  }
  return {};
}

const Recording::Contents& Recording::contents() {
  if (contents_) return *contents_;
  contents_.emplace();
  h4mk_chunk chunk = H4MK_CHUNK_INIT;
  while (h4mk_reader_chunk(get(), chunk.next, &chunk) == H4MK_OK) {
    if (!IsInterpreted(chunk.tag)) contents_->others.push_back(chunk);
    contents_->is_signed = contents_->is_signed || IsCheckpoint(chunk);
  }
  return *contents_;
}

// A signed file of version 2 has checkpoints among its chunks (protection.md, "Signed files").
bool Recording::IsCheckpoint(const h4mk_chunk& chunk) const {
  const uint8_t* data = nullptr;
  size_t size = 0;
  return h4mk_reader_version(get()) == 2 && std::strcmp(chunk.tag, "VERI") == 0 &&
         h4mk_reader_chunk_payload(get(), &chunk, &data, &size) == H4MK_OK && size >= 4 &&
         std::memcmp(data, "H4VC", 4) == 0;
}

Result<uint32_t> Recording::Find(int64_t track_id) const {
  std::string ids;
  for (uint32_t i = 0; i < tracks_.size(); ++i) {
    if (tracks_[i].info.track_id == track_id) return i;
    ids += fmt::format("{}{}", ids.empty() ? "" : ", ", tracks_[i].info.track_id);
  }
  return Status(Code::kArgument,
                fmt::format("no track {}; the file has {}", track_id, ids.empty() ? "none" : ids));
}

void Recording::KeepOnly(uint32_t track) {
  for (uint32_t i = 0; i < tracks_.size(); ++i) h4mk_reader_discard(get(), i, i != track);
}

Status Recording::Attachment(uint32_t track, ByteSpan* bytes) const {
  const uint8_t* data = nullptr;
  size_t size = 0;
  H4MK_TRY(Told(h4mk_reader_attachment(get(), track, &data, &size)));
  *bytes = ByteSpan(data, size);
  return {};
}

Status Recording::Next(Output& output, h4mk_block* block) {
  for (;;) {
    const h4mk_status status = h4mk_reader_next(get(), block);
    if (status == H4MK_OK) return {};
    if (status != H4MK_END && status != H4MK_AGAIN) output.Problem(Told(status));
    if (H4MK_GOES_ON(status)) continue;
    const bool told = TellWarnings(output);
    if (status == H4MK_AGAIN && !told) output.Problem(NoEnd());
    return Status(Code::kEnd, "no more blocks");
  }
}

bool Recording::TellWarnings(Output& output) {
  bool any = false;
  while (const char* warning = h4mk_reader_next_warning(get())) {
    const int64_t offset = h4mk_reader_error_offset(get());
    output.Problem(offset < 0 ? std::nullopt : std::optional(static_cast<uint64_t>(offset)),
                   is_closed() ? Code::kCorrupt : Code::kAgain, warning);
    any = true;
  }
  return any;
}

void Recording::TellState(Output& output) {
  if (!TellWarnings(output) && !is_closed()) output.Problem(NoEnd());
}

h4mk_writer_options Recording::WriterOptions() const {
  h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
  if (scheme_.empty() || key_.key == nullptr) return options;
  options.encryption_scheme = scheme_.c_str();
  options.encryption_key = &key_;
  return options;
}

h4mk_convert_options Recording::ConvertOptions() const {
  h4mk_convert_options options = H4MK_CONVERT_OPTIONS_INIT;
  options.open_beside = file_->open_beside();
  options.beside_opaque = file_->beside_opaque();
  options.keep_encrypted = key_.key == nullptr;
  options.keys = &key_;
  options.key_count = key_.key == nullptr ? 0 : 1;
  return options;
}

Status Recording::Convert(OutputFile& out, const h4mk_convert_options& options, const Work& work,
                          Output& output) {
  const h4mk_io from = CallbacksOf(file_->NewIo()), to = CallbacksOf(out.io());
  const h4mk_status status = h4mk_convert(&from, &to, &options);
  for (const Work::Problem& problem : work.problems())
    if (problem.code == Code::kOk) output.Note(std::nullopt, problem.message);
  return work.Result(status);
}

Status NoEndYet() {
  return Status(Code::kAgain,
                "the file has no end: it was cut, or is still being written; see `h4mk recover`");
}

bool IsInterpreted(std::string_view tag) {
  constexpr std::string_view kOwn = "TRAK META CORE TSEK ATTA FREE ORIG TAIL VERI";
  return kOwn.find(tag) != kOwn.npos;
}

void NoteLeftOut(Recording& input, Output& output, const std::string& where) {
  if (!IsUrl(input.path())) NoteLeftOut(input.contents().others.size(), output, where);
}

void NoteLeftOut(size_t count, Output& output, const std::string& where) {
  if (count > 0)
    output.Note(std::nullopt,
                fmt::format("{}{} that this program does not interpret {} left out: whether {} the "
                            "new file is not known",
                            where, Counted(count, "chunk"), count == 1 ? "is" : "are",
                            count == 1 ? "it fits" : "they fit"));
}

Status CheckCopied(uint64_t blocks, Output& output) {
  if (output.problem_count() == 0) return {};
  if (blocks == 0) return Status(Code::kCorrupt, "no block could be read: nothing is written");
  output.Note(std::nullopt, "the new file has the blocks that could be read, and not the others");
  return {};
}

Status NewRecording::Told(h4mk_status status) const {
  if (status == H4MK_OK) return {};
  const std::string message = h4mk_writer_message(writer_.get());
  return Status(static_cast<Code>(status), message.empty() ? h4mk_strerror(status) : message);
}

Status NewRecording::Open(Io& out, const h4mk_writer_options& options) {
  const h4mk_io io = CallbacksOf(out);
  h4mk_writer* opened = nullptr;
  const h4mk_status status = h4mk_writer_open(&io, &options, &opened);
  writer_.reset(opened);
  return Told(status);
}

Json WithOwnData(Json description) {
  description.erase(kBesideKey);
  return description;
}

Status NewRecording::AddTrack(const Json& description, uint32_t* track) {
  Value value;
  H4MK_TRY(ToValue(description, "the description of a track", &value));
  return Told(h4mk_writer_add_track(writer_.get(), value.get(), track));
}

Status NewRecording::UpdateTrack(uint32_t track, const Json& description) {
  Value value;
  H4MK_TRY(ToValue(description, "the description of a track", &value));
  return Told(h4mk_writer_update_track(writer_.get(), track, value.get()));
}

Status NewRecording::AddAttachment(const Json& description, ByteSpan bytes) {
  uint32_t track = 0;
  H4MK_TRY(AddTrack(description, &track));
  return SetAttachment(track, bytes);
}

Status NewRecording::SetAttachment(uint32_t track, ByteSpan bytes) {
  return Told(h4mk_writer_set_attachment(writer_.get(), track, bytes.data(), bytes.size()));
}

Status NewRecording::SetMeta(const Json& meta) {
  Value value;
  H4MK_TRY(ToValue(meta, "metadata", &value));
  return Told(h4mk_writer_set_meta(writer_.get(), value.get()));
}

Status NewRecording::AddChunk(const char* tag, uint32_t flags, ByteSpan bytes) {
  return Told(h4mk_writer_add_chunk(writer_.get(), tag, flags, bytes.data(), bytes.size()));
}

Status NewRecording::Write(const h4mk_block& block) {
  return Told(h4mk_writer_write(writer_.get(), &block));
}

Status NewRecording::Finish() { return Told(h4mk_writer_finish(writer_.get())); }

}  // namespace h4mk::tool
