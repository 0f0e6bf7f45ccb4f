// SPDX-License-Identifier: MIT
// Recovering, editing and the index behind the C ABI.
#include "capi/task.h"
#include "capi/value.h"
#include "chunk/chunk_reader.h"
#include "maintain/edit.h"
#include "maintain/reindex.h"
#include "open/whole_file.h"

namespace h4mk {
namespace {

// A file that is changed where it is.
class CallbackFile final : public EditableFile {
 public:
  CallbackFile(const h4mk_io& callbacks, Task& task) : callbacks_(callbacks), io_(callbacks) {
    task.Watch(io_);
  }
  int64_t Read(uint8_t* buffer, size_t size) override { return io_.Read(buffer, size); }
  int64_t Write(const uint8_t* buffer, size_t size) override { return io_.Write(buffer, size); }
  bool CanSeek() const override { return io_.CanSeek(); }
  int64_t Seek(int64_t offset) override { return io_.Seek(offset); }
  int64_t Size() override { return io_.Size(); }
  int64_t Sync() override { return callbacks_.sync ? callbacks_.sync(callbacks_.opaque) : 0; }
  int64_t Truncate(uint64_t size) override {
    return callbacks_.truncate(callbacks_.opaque, static_cast<int64_t>(size));
  }

 private:
  const h4mk_io callbacks_;
  CallbackIo io_;
};

bool CanEdit(const h4mk_io& io) { return io.read && io.write && io.seek && io.size && io.truncate; }

Status CheckVersion2(Io& io) {
  int version = 0;
  H4MK_TRY(ReadVersion(io, &version));
  if (version == 2) return {};
  if (version == 0) return NotH4mk(io.Size() == 0);
  return Status(Code::kVersion, "only files of version 2 can be changed; conversion makes one");
}

// A file without an end cannot be edited.
Status WithoutEnd(const Status& status) {
  return status.code() == Code::kNotFound ? Status(Code::kState, status.message()) : status;
}

Status Edit(const h4mk_edit_options& options, EditableFile& file) {
  if (options.undo) return UndoEdit(file);
  Editor editor(file);
  H4MK_TRY(WithoutEnd(editor.Open()));
  if (options.track_count > editor.tracks().size())
    return Status(Code::kArgument, "the file has fewer tracks");
  if (options.meta != nullptr) H4MK_TRY(editor.SetMeta(ValueToJson(*options.meta)));
  for (uint32_t i = 0; i < options.track_count; ++i)
    if (options.tracks[i] != nullptr) H4MK_TRY(editor.SetTrack(i, ValueToJson(*options.tracks[i])));
  return editor.Commit();
}

h4mk_chunk ChunkOf(const Piece& piece) {
  h4mk_chunk chunk = H4MK_CHUNK_INIT;
  chunk.offset = static_cast<int64_t>(piece.offset);
  chunk.payload = chunk.offset + static_cast<int64_t>(kChunkHeaderSize);
  chunk.next = static_cast<int64_t>(piece.end);
  StoreLe(reinterpret_cast<uint8_t*>(chunk.tag), piece.header.tag);
  chunk.flags = piece.header.flags;
  chunk.length = piece.header.length;
  chunk.crc = piece.crc;
  return chunk;
}

Json Describe(const RecoverReport& report) {
  Json losses = Json::array();
  for (const RecoverReport::Loss& loss : report.losses)
    losses.push_back({{"offset", loss.offset}, {"bytes", loss.bytes}, {"message", loss.message}});
  return {{"clusters", report.clusters},
          {"blocks", report.blocks},
          {"payload_bytes", report.payload_bytes},
          {"lost_blocks", report.lost_blocks},
          {"lost_any_blocks", report.lost_any_blocks()},
          {"lost", std::move(losses)}};
}

// Work that reads one file and writes another: work(task, in, out).
template <typename Work>
h4mk_status FromTo(const h4mk_io* input, const h4mk_io* output, const h4mk_task* task, Work work) {
  h4mk_io from = H4MK_IO_INIT, to = H4MK_IO_INIT;
  Task running;
  if (!ReadInput(input, &from) || !ReadOutput(output, &to) || !running.Read(task))
    return H4MK_ERR_ARGUMENT;
  return running.Run([&]() -> Status {
    CallbackIo in(from), out(to);
    running.Watch(in);
    running.Watch(out);
    return work(running, in, out);
  });
}

// Work that changes a file where it is: work(task, file).
template <typename Work>
h4mk_status InPlace(const h4mk_io* io, const h4mk_task* task, Work work) {
  h4mk_io callbacks = H4MK_IO_INIT;
  Task running;
  if (io == nullptr || !CopyStruct(io, &callbacks) || !running.Read(task) || !CanEdit(callbacks))
    return H4MK_ERR_ARGUMENT;
  return running.Run([&]() -> Status {
    CallbackFile file(callbacks, running);
    H4MK_TRY(CheckVersion2(file));
    return work(running, file);
  });
}

}  // namespace
}  // namespace h4mk

h4mk_status h4mk_list_chunks(const h4mk_io* io,
                             void (*visit)(void* opaque, const h4mk_chunk* chunk, int is_good),
                             void* opaque, const h4mk_task* task) {
  h4mk_io callbacks = H4MK_IO_INIT;
  h4mk::Task work;
  if (visit == nullptr || !h4mk::ReadInput(io, &callbacks) || !work.Read(task))
    return H4MK_ERR_ARGUMENT;
  return work.Run([&]() -> h4mk::Status {
    h4mk::CallbackIo in(callbacks);
    work.Watch(in);
    return h4mk::WalkFile(in, work.Progress(), [&](const h4mk::Piece& piece) {
      using Kind = h4mk::Piece::Kind;
      if (!piece.problem.empty())
        work.Tell(H4MK_ERR_CORRUPT, piece.offset, piece.end - piece.offset,
                  h4mk::Corrupt(piece.offset, piece.problem).message());
      if (piece.kind != Kind::kChunk && piece.kind != Kind::kDamagedData) return;
      const h4mk_chunk chunk = h4mk::ChunkOf(piece);
      visit(opaque, &chunk, piece.kind == Kind::kChunk);
    });
  });
}

h4mk_status h4mk_recover(const h4mk_io* input, const h4mk_io* output, const h4mk_task* task,
                         h4mk_value** report) {
  std::unique_ptr<h4mk_value> made;
  const h4mk_status status = h4mk::FromTo(
      input, output, task, [&](h4mk::Task& work, h4mk::Io& in, h4mk::Io& out) -> h4mk::Status {
        h4mk::RecoverReport found;
        H4MK_TRY(h4mk::RecoverFile(in, out, work.Progress(), &found));
        for (const auto& loss : found.losses)
          work.Tell(H4MK_ERR_CORRUPT, loss.offset, loss.bytes, loss.message);
        made = h4mk::ValueFromJson(h4mk::Describe(found));
        return {};
      });
  if (status == H4MK_OK && report != nullptr) *report = made.release();
  return status;
}

h4mk_status h4mk_edit(const h4mk_io* io, const h4mk_edit_options* options) {
  h4mk_edit_options settings = H4MK_EDIT_OPTIONS_INIT;
  if (options == nullptr || !h4mk::CopyStruct(options, &settings) ||
      (settings.tracks == nullptr && settings.track_count > 0))
    return H4MK_ERR_ARGUMENT;
  return h4mk::InPlace(io, settings.task, [&](h4mk::Task&, h4mk::EditableFile& file) {
    return h4mk::Edit(settings, file);
  });
}

h4mk_status h4mk_reindex(const h4mk_io* io, const h4mk_task* task, int* changed) {
  if (changed == nullptr) return H4MK_ERR_ARGUMENT;
  return h4mk::InPlace(io, task, [&](h4mk::Task& work, h4mk::EditableFile& file) -> h4mk::Status {
    bool made = false;
    H4MK_TRY(h4mk::RebuildIndex(file, work.Progress(), &made));
    *changed = made;
    return {};
  });
}

h4mk_status h4mk_index_to_front(const h4mk_io* input, const h4mk_io* output,
                                const h4mk_task* task) {
  return h4mk::FromTo(input, output, task,
                      [](h4mk::Task& work, h4mk::Io& in, h4mk::Io& out) -> h4mk::Status {
                        H4MK_TRY(h4mk::CheckVersion2(in));
                        return h4mk::WithoutEnd(h4mk::MoveIndexToFront(in, out, work.Progress()));
                      });
}
