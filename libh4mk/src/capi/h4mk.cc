// SPDX-License-Identifier: MIT
// Readers and writers behind the C ABI: argument checks, exception barrier, status and message. No
// logic of its own.
#include <h4mk/h4mk.h>
#include <h4mk/protection.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/fault.h"
#include "capi/handles.h"
#include "capi/keys.h"
#include "capi/value.h"
#include "chunk/chunk_format.h"
#include "file/file_end.h"
#include "open/make_writer.h"
#include "open/open_file.h"

using h4mk::Call;
using h4mk::Code;
using h4mk::CopyStruct;
using h4mk::Status;

static_assert(static_cast<int>(Code::kAgain) == H4MK_AGAIN);
static_assert(static_cast<int>(Code::kLimit) == H4MK_ERR_LIMIT);
static_assert(static_cast<int>(Code::kCancelled) == H4MK_ERR_CANCELLED);
static_assert(static_cast<int>(Code::kNotSeekable) == H4MK_ERR_NOT_SEEKABLE);
static_assert(static_cast<int>(Code::kNotFound) == H4MK_ERR_NOT_FOUND);
static_assert(h4mk::kNoTime == H4MK_NO_TIME);
static_assert(h4mk::kBlockPublicFlags ==
              (H4MK_BLOCK_TYPE_MASK | H4MK_BLOCK_KEY | H4MK_BLOCK_DISCARD | H4MK_BLOCK_CORRUPT |
               H4MK_BLOCK_DISPOSABLE | H4MK_BLOCK_ENCRYPTED | H4MK_BLOCK_COMPRESSED |
               H4MK_BLOCK_EXTERNAL));
static_assert(h4mk::kBlockKey == H4MK_BLOCK_KEY && h4mk::kBlockDiscard == H4MK_BLOCK_DISCARD &&
              h4mk::kBlockCorrupt == H4MK_BLOCK_CORRUPT);

unsigned h4mk_version(void) {
  return H4MK_VERSION_MAJOR << 16 | H4MK_VERSION_MINOR << 8 | H4MK_VERSION_PATCH;
}

unsigned h4mk_features(void) {
  unsigned features = 0;
#ifdef H4MK_WITH_PROTECTION
  features |= H4MK_FEATURE_PROTECTION;
#endif
#ifdef H4MK_WITH_ZSTD
  features |= H4MK_FEATURE_ZSTD;
#endif
#ifdef H4MK_WITH_ADAPTERS
  features |= H4MK_FEATURE_ADAPTERS;
#endif
#ifdef H4MK_WITH_LEGACY
  features |= H4MK_FEATURE_LEGACY;
#endif
  return features;
}

const char* h4mk_strerror(h4mk_status status) {
  switch (status) {
    case H4MK_OK:
      return "Success";
    case H4MK_END:
      return "End of file";
    case H4MK_AGAIN:
      return "The file has no end yet: it is still growing or was cut";
    case H4MK_ERR_ARGUMENT:
      return "Invalid argument";
    case H4MK_ERR_MEMORY:
      return "Out of memory";
    case H4MK_ERR_STATE:
      return "Call not allowed in this state";
    case H4MK_ERR_LIMIT:
      return "A limit of the format would be exceeded";
    case H4MK_ERR_CANCELLED:
      return "The caller asked to stop";
    case H4MK_ERR_IO:
      return "Input or output failed";
    case H4MK_ERR_NOT_SEEKABLE:
      return "The input cannot seek";
    case H4MK_ERR_NOT_H4MK:
      return "Not an H4MK file";
    case H4MK_ERR_VERSION:
      return "Version of the file is not supported";
    case H4MK_ERR_TRUNCATED:
      return "The file ends inside its header";
    case H4MK_ERR_CORRUPT:
      return "The file is damaged";
    case H4MK_ERR_NOT_FOUND:
      return "Not found in the file";
    case H4MK_ERR_KEY:
      return "A key is missing or is the wrong one";
    case H4MK_ERR_UNSUPPORTED:
      return "The file or the call needs a feature that this library does not have";
    case H4MK_ERR_ADAPTER:
      return "An adapter failed";
  }
  return "Unknown status";
}

// ----------------------------------------------------------------------------------------------------------------
// reader

int h4mk_probe(const uint8_t* data, size_t size) {
  return data == nullptr ? 0 : h4mk::FileVersion({data, size});
}

static h4mk::SignatureStage::Strictness StrictnessOf(int refuse_unsigned) {
  using enum h4mk::SignatureStage::Strictness;
  return refuse_unsigned == 0 ? kReport : refuse_unsigned == 2 ? kRefuseButGrow : kRefuse;
}

h4mk_status h4mk_reader_open(const h4mk_io* io, const h4mk_reader_options* options,
                             h4mk_reader** reader) {
  h4mk_io callbacks = H4MK_IO_INIT;
  h4mk_reader_options settings = H4MK_READER_OPTIONS_INIT;
  h4mk_buffers buffers = H4MK_BUFFERS_INIT;
  if (io == nullptr || reader == nullptr || !CopyStruct(io, &callbacks) ||
      !CopyStruct(options, &settings) || callbacks.read == nullptr ||
      !CopyStruct(settings.buffers, &buffers) ||
      (buffers.alloc == nullptr) != (buffers.release == nullptr) ||
      (settings.without_data != 0 && (settings.key_count > 0 || settings.verify_key != nullptr)))
    return H4MK_ERR_ARGUMENT;
  h4mk_reader* opened = nullptr;
  const h4mk_status created = h4mk::Guard([&] {
    opened = new h4mk_reader(callbacks, buffers);
    if (settings.cancel != nullptr)
      opened->io.SetCancel([cancel = settings.cancel, opaque = settings.cancel_opaque] {
        return cancel(opaque) != 0;
      });
    return H4MK_OK;
  });
  if (created != H4MK_OK) return created;
  *reader = opened;
  return Call(opened, [&]() -> Status {
    h4mk::ReadOptions read;
    read.keep_corrupt = settings.keep_corrupt != 0;
    read.keep_encrypted = settings.keep_encrypted != 0;
    read.without_data = settings.without_data != 0;
    read.with_proofs = settings.with_proofs != 0;
    opened->keeps_stored = read.keep_encrypted || read.without_data;
    H4MK_TRY(h4mk::CopyKeys(settings.keys, settings.key_count, &read.keys));
    read.open_beside = h4mk::BesideOpener(settings.open_beside, settings.beside_opaque);
    if (settings.verify_key != nullptr) {
      auto key = h4mk::SignatureKey::Public(settings.verify_key);
      if (!key.ok()) return key.status();
      read.verify_key = std::move(key.value());
      read.strictness = StrictnessOf(settings.refuse_unsigned);
    }
    H4MK_TRY(h4mk::OpenFile(opened->io, opened->allocator, std::move(read), &opened->file));
    opened->file.reader->file().TakeChanges();  // so far
    opened->opened = true;
    return {};
  });
}

void h4mk_reader_free(h4mk_reader* reader) { delete reader; }

const char* h4mk_reader_message(const h4mk_reader* reader) {
  return reader ? reader->message.c_str() : "";
}

int64_t h4mk_reader_error_offset(const h4mk_reader* reader) {
  return reader ? reader->error_offset : -1;
}

int64_t h4mk_reader_io_error(const h4mk_reader* reader) { return reader ? reader->io.error() : 0; }

const char* h4mk_reader_next_warning(h4mk_reader* reader) {
  if (reader == nullptr || !reader->file.reader ||
      !reader->file.reader->NextWarning(&reader->warning))
    return nullptr;
  reader->error_offset = static_cast<int64_t>(reader->warning.offset().value_or(-1));
  return reader->warning.message().c_str();
}

int h4mk_reader_version(const h4mk_reader* reader) {
  return reader && reader->file.reader ? reader->file.reader->version() : 0;
}

int h4mk_reader_is_closed(const h4mk_reader* reader) {
  return reader && reader->file.reader && reader->file.reader->is_closed();
}

// Callers see the descriptions as values, which are made when they are asked for: a reader whose
// caller wants blocks alone is opened sooner.
const h4mk_value* h4mk_reader_meta(const h4mk_reader* reader) {
  if (reader == nullptr || !reader->opened) return nullptr;
  h4mk::Guard([&]() -> h4mk_status {
    if (!reader->meta) reader->meta = h4mk::ValueFromJson(reader->file.reader->meta());
    return H4MK_OK;
  });
  return reader->meta.get();
}

// Kept apart, so that asking costs little where nothing has changed: callers ask at every block.
[[gnu::noinline]] static unsigned ForgetDescriptions(h4mk_reader* reader, unsigned changes) {
  if (changes & H4MK_CHANGED_META) reader->meta.reset();
  if (changes & H4MK_CHANGED_TRACKS) reader->tracks.clear();
  return changes;
}

unsigned h4mk_reader_changes(h4mk_reader* reader) {
  if (reader == nullptr || !reader->opened) return 0;
  const unsigned changes = reader->file.reader->file().TakeChanges();
  return changes ? ForgetDescriptions(reader, changes) : 0;
}

uint32_t h4mk_reader_track_count(const h4mk_reader* reader) {
  if (reader == nullptr || !reader->opened) return 0;
  return static_cast<uint32_t>(reader->file.reader->tracks().size());
}

const h4mk_value* h4mk_reader_track(const h4mk_reader* reader, uint32_t track) {
  const uint32_t count = h4mk_reader_track_count(reader);
  if (track >= count) return nullptr;
  const h4mk_status made = h4mk::Guard([&]() -> h4mk_status {
    reader->tracks.resize(count);
    auto& value = reader->tracks[track];
    if (!value) value = h4mk::ValueFromJson(reader->file.reader->tracks()[track].description);
    return H4MK_OK;
  });
  return made == H4MK_OK ? reader->tracks[track].get() : nullptr;
}

h4mk_status h4mk_reader_track_info(const h4mk_reader* reader, uint32_t track,
                                   h4mk_track_info* info) {
  if (!h4mk::IsSized(info) || track >= h4mk_reader_track_count(reader)) return H4MK_ERR_ARGUMENT;
  const h4mk::Track& known = reader->file.reader->tracks()[track];
  const h4mk::TrackTotals totals = reader->file.reader->totals(track);
  h4mk::CopyOut(h4mk_track_info{sizeof *info, known.id, known.time_base.num, known.time_base.den,
                                totals.start_pts, totals.first_dts, totals.end_pts, totals.blocks,
                                totals.bytes, totals.all_key},
                info);
  return H4MK_OK;
}

h4mk_status h4mk_reader_attachment(h4mk_reader* reader, uint32_t track, const uint8_t** data,
                                   size_t* size) {
  if (data == nullptr || size == nullptr || track >= h4mk_reader_track_count(reader))
    return H4MK_ERR_ARGUMENT;
  return Call(reader, [&]() -> Status {
    h4mk::ByteSpan bytes;
    H4MK_TRY(reader->file.reader->Attachment(track, &bytes));
    *data = bytes.data();
    *size = bytes.size();
    return {};
  });
}

h4mk_status h4mk_reader_discard(h4mk_reader* reader, uint32_t track, int discard) {
  if (track >= h4mk_reader_track_count(reader)) return H4MK_ERR_ARGUMENT;
  reader->file.reader->Discard(track, discard != 0);
  return H4MK_OK;
}

h4mk_status h4mk_reader_next(h4mk_reader* reader, h4mk_block* block) {
  if (reader == nullptr || !h4mk::IsSized(block)) return H4MK_ERR_ARGUMENT;
  if (!reader->opened) return H4MK_ERR_STATE;
  return Call(reader, [&]() -> Status {
    h4mk::BlockPipeline& blocks = *reader->file.reader;
    const h4mk::ReadBlock* read = nullptr;
    H4MK_TRY(blocks.Peek(&read));
    Status status = h4mk::FillBlock(reader, *read, block);  // if it throws, the block stays
    blocks.Pop();
    return status;
  });
}

h4mk_status h4mk_reader_seek(h4mk_reader* reader, uint32_t track, int64_t time, int mode) {
  if (track >= h4mk_reader_track_count(reader) || (mode & ~(H4MK_SEEK_FORWARD | H4MK_SEEK_ANY)))
    return H4MK_ERR_ARGUMENT;
  return Call(reader, [&] {
    return reader->file.reader->Seek(
        track, time,
        mode & H4MK_SEEK_FORWARD ? h4mk::SeekMode::kForward : h4mk::SeekMode::kBackward,
        (mode & H4MK_SEEK_ANY) != 0);
  });
}

h4mk_status h4mk_reader_set_preroll(h4mk_reader* reader, uint32_t track, uint32_t blocks) {
  if (track >= h4mk_reader_track_count(reader) || blocks > 1 << 16) return H4MK_ERR_ARGUMENT;
  return Call(reader, [&]() -> Status {
    reader->file.reader->SetPreroll(track, blocks);
    return {};
  });
}

h4mk_status h4mk_reader_rewind(h4mk_reader* reader) {
  if (reader == nullptr) return H4MK_ERR_ARGUMENT;
  if (!reader->opened) return H4MK_ERR_STATE;
  return Call(reader, [&] { return reader->file.reader->Rewind(); });
}

h4mk_status h4mk_reader_index_size(const h4mk_reader* reader, uint32_t track, uint64_t* entries,
                                   uint64_t* bytes) {
  if (entries == nullptr || bytes == nullptr || track >= h4mk_reader_track_count(reader))
    return H4MK_ERR_ARGUMENT;
  reader->file.reader->file().IndexSize(track, entries, bytes);
  return H4MK_OK;
}

h4mk_status h4mk_reader_index_info(h4mk_reader* reader, h4mk_index_info* info) {
  if (reader == nullptr || !h4mk::IsSized(info)) return H4MK_ERR_ARGUMENT;
  if (!reader->opened) return H4MK_ERR_STATE;
  return Call(reader, [&]() -> Status {
    h4mk_index_info known = H4MK_INDEX_INFO_INIT;
    h4mk::FileEnd end;
    const Status status = reader->file.reader->version() == 2
                              ? h4mk::ReadFileEnd(reader->file.reader->source(), &end)
                              : Status(Code::kNotFound, "");
    if (status.code() == Code::kIo) return status;
    if (status.ok()) {
      known.top = static_cast<int64_t>(end.top_offset);
      known.bytes = end.tail_offset - end.top_offset;
      known.pages = end.top.pages.size();
      for (const h4mk::PageRef& page : end.top.pages) {
        known.clusters += page.clusters;
        known.bytes += page.size;
      }
    }
    h4mk::CopyOut(known, info);
    return {};
  });
}

h4mk_status h4mk_reader_index_entries(h4mk_reader* reader, uint32_t track, uint64_t first,
                                      h4mk_index_entry* entries, size_t count, size_t* copied) {
  if (copied == nullptr || !h4mk::IsSized(entries, count) ||
      track >= h4mk_reader_track_count(reader))
    return H4MK_ERR_ARGUMENT;
  return Call(reader, [&]() -> Status {
    h4mk::IndexEntry batch[256];
    size_t done = 0, got = 0;
    do {
      const size_t wanted = std::min(count - done, std::size(batch));
      H4MK_TRY(reader->file.reader->file().IndexEntries(track, first + done,
                                                        std::span(batch, wanted), &got));
      for (size_t i = 0; i < got; ++i)
        h4mk::CopyOut(
            {sizeof(h4mk_index_entry), static_cast<int64_t>(batch[i].offset), batch[i].time},
            entries, done++);
    } while (got == std::size(batch) && done < count);
    *copied = done;
    return {};
  });
}

// ----------------------------------------------------------------------------------------------------------------
// writer

static Status ReadProtection(const h4mk_writer_options& options, h4mk::ProtectOptions* protect) {
  if (options.encryption_scheme != nullptr) {
    std::vector<h4mk::MasterKey> keys;
    H4MK_TRY(h4mk::CopyKeys(options.encryption_key, 1, &keys));
    protect->encryption_scheme = options.encryption_scheme;
    protect->encryption_key = std::move(keys[0]);
  }
  if (options.signing_key == nullptr) return {};
  auto key = h4mk::SignatureKey::Private(options.signing_key);
  if (!key.ok()) return key.status();
  protect->signing_key = std::move(key.value());
  return {};
}

h4mk_status h4mk_writer_open(const h4mk_io* io, const h4mk_writer_options* options,
                             h4mk_writer** writer) {
  h4mk_io callbacks = H4MK_IO_INIT;
  h4mk_writer_options settings = H4MK_WRITER_OPTIONS_INIT;
  if (io == nullptr || writer == nullptr || !CopyStruct(io, &callbacks) ||
      !CopyStruct(options, &settings) || callbacks.write == nullptr)
    return H4MK_ERR_ARGUMENT;
  h4mk::WriterOptions chosen;
  if (settings.cluster_size_limit) chosen.cluster_size_limit = settings.cluster_size_limit;
  if (settings.cluster_time_limit_ms) chosen.cluster_time_limit_ms = settings.cluster_time_limit_ms;
  chosen.reserve_index_space = settings.reserve_index_space;
  chosen.repeatable = settings.repeatable != 0;
  h4mk_writer* opened = nullptr;
  const h4mk_status created = h4mk::Guard([&] {
    opened = new h4mk_writer(callbacks);
    return H4MK_OK;
  });
  if (created != H4MK_OK) return created;
  *writer = opened;
  return Call(opened, [&]() -> Status {
    h4mk::ProtectOptions protect;
    H4MK_TRY(ReadProtection(settings, &protect));
    H4MK_TRY(h4mk::MakeWriter(opened->io, settings.version, chosen, std::move(protect),
                              &opened->writer));
    if (chosen.reserve_index_space > 0 && callbacks.seek == nullptr)
      return Status(Code::kNotSeekable,
                    "space for an index can only be reserved where the output can seek");
    return {};
  });
}

void h4mk_writer_free(h4mk_writer* writer) { delete writer; }

const char* h4mk_writer_message(const h4mk_writer* writer) {
  return writer ? writer->message.c_str() : "";
}

int64_t h4mk_writer_io_error(const h4mk_writer* writer) {
  return writer && writer->writer ? writer->writer->io_error() : 0;
}

h4mk_status h4mk_writer_add_track(h4mk_writer* writer, const h4mk_value* description,
                                  uint32_t* track) {
  if (!h4mk::IsOpen(writer) || description == nullptr || track == nullptr) return H4MK_ERR_ARGUMENT;
  return Call(writer,
              [&] { return writer->writer->AddTrack(h4mk::ValueToJson(*description), track); });
}

h4mk_status h4mk_writer_update_track(h4mk_writer* writer, uint32_t track,
                                     const h4mk_value* description) {
  if (!h4mk::IsOpen(writer) || description == nullptr) return H4MK_ERR_ARGUMENT;
  return Call(writer,
              [&] { return writer->writer->UpdateTrack(track, h4mk::ValueToJson(*description)); });
}

h4mk_status h4mk_writer_set_attachment(h4mk_writer* writer, uint32_t track, const void* data,
                                       size_t size) {
  if (!h4mk::IsOpen(writer) || (data == nullptr && size > 0)) return H4MK_ERR_ARGUMENT;
  return Call(writer, [&] {
    return writer->writer->SetAttachment(track, {static_cast<const uint8_t*>(data), size});
  });
}

h4mk_status h4mk_writer_set_meta(h4mk_writer* writer, const h4mk_value* meta) {
  if (!h4mk::IsOpen(writer) || meta == nullptr) return H4MK_ERR_ARGUMENT;
  return Call(writer, [&] { return writer->writer->SetMeta(h4mk::ValueToJson(*meta)); });
}

h4mk_status h4mk_writer_add_chunk(h4mk_writer* writer, const char tag[4], uint32_t flags,
                                  const void* data, size_t size) {
  if (!h4mk::IsOpen(writer) || tag == nullptr || (data == nullptr && size > 0))
    return H4MK_ERR_ARGUMENT;
  const auto number = h4mk::LoadLe<uint32_t>(reinterpret_cast<const uint8_t*>(tag));
  return Call(writer, [&] {
    return writer->writer->AddChunk(number, flags, {static_cast<const uint8_t*>(data), size});
  });
}

h4mk_status h4mk_writer_write(h4mk_writer* writer, const h4mk_block* given) {
  h4mk_block known = H4MK_BLOCK_INIT;
  const h4mk_block* const block = &known;
  if (!h4mk::IsOpen(writer) || given == nullptr || !CopyStruct(given, &known) ||
      (block->data == nullptr && block->size > 0) ||
      (block->side_data == nullptr && block->side_data_count > 0))
    return H4MK_ERR_ARGUMENT;
  if ((block->flags & H4MK_BLOCK_COMPRESSED) && !(block->flags & H4MK_BLOCK_ENCRYPTED))
    return H4MK_ERR_ARGUMENT;
  return Call(writer, [&]() -> Status {
    h4mk::Block copy;
    copy.track = block->track;
    copy.flags = block->flags;
    copy.pts = block->pts;
    copy.dts = block->dts;
    copy.duration = block->duration;
    copy.data = {block->data, block->size};
    // CheckBlock() refuses what is negative.
    if (block->flags & H4MK_BLOCK_EXTERNAL)
      copy.external_offset = static_cast<uint64_t>(block->offset);
    writer->side_data.clear();
    for (size_t i = 0; i < block->side_data_count; ++i) {
      const h4mk_side_data& entry = block->side_data[i];
      if (entry.name == nullptr || (entry.data == nullptr && entry.size > 0))
        return Status(Code::kArgument, "side data without name or data");
      writer->side_data.push_back({entry.name, {entry.data, entry.size}});
    }
    copy.side_data = writer->side_data;
    // Its number is part of what the block was encrypted with.
    if (block->flags & H4MK_BLOCK_ENCRYPTED) copy.ordinal = block->ordinal;
    return writer->writer->Write(copy);
  });
}

h4mk_status h4mk_writer_flush(h4mk_writer* writer) {
  if (!h4mk::IsOpen(writer)) return H4MK_ERR_ARGUMENT;
  return Call(writer, [&] { return writer->writer->Flush(); });
}

h4mk_status h4mk_writer_finish(h4mk_writer* writer) {
  if (!h4mk::IsOpen(writer)) return H4MK_ERR_ARGUMENT;
  return Call(writer, [&] { return writer->writer->Finish(); });
}

h4mk_status h4mk_writer_front_index(h4mk_writer* writer, const uint8_t** data, size_t* size,
                                    uint8_t checksum[4]) {
  if (!h4mk::IsOpen(writer) || data == nullptr || size == nullptr || checksum == nullptr)
    return H4MK_ERR_ARGUMENT;
  return Call(writer, [&]() -> Status {
    uint32_t crc = 0;
    H4MK_TRY(writer->writer->FrontIndex(&writer->front_index, &crc));
    *data = writer->front_index.data();
    *size = writer->front_index.size();
    h4mk::StoreLe(checksum, crc);
    return {};
  });
}
