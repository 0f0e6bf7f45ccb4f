// SPDX-License-Identifier: MIT
//
// h4mk.hpp: h4mk.h for C++20. Objects own what they open, errors are exceptions, bytes are spans.
// Header only: a program links to the C library. h4mk.h documents what each call does; here stands
// what is different.
//
//     h4mk::Reader reader(h4mk::Io::Read("film.h4mk"));
//     reader.Seek(0, 90 * 1000, H4MK_SEEK_BACKWARD);
//     for (const h4mk_block* block = nullptr;;) try {
//         if ((block = reader.Next()) == nullptr) break;    // the end, or no more yet
//         use(block->track, block->pts, h4mk::DataOf(*block));
//       } catch (const h4mk::Error& error) {
//         if (!H4MK_GOES_ON(error.status())) throw;
//         report(error.what(), error.offset());  // damage: the next call goes on behind it
//       }
//
// A call that fails throws h4mk::Error, and std::bad_alloc when out of memory. Threads: as h4mk.h
// says, one at a time for each object. Objects can be moved, not copied; one that was moved from
// can only be destroyed or assigned to.
#ifndef H4MK_H4MK_HPP
#define H4MK_H4MK_HPP

#include <h4mk/h4mk.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace h4mk {
inline namespace cpp {  // apart from the insides of the library, which are linked statically

/// What a call failed with.
class Error : public std::runtime_error {
 public:
  Error(h4mk_status status, const std::string& message, int64_t offset = -1)
      : std::runtime_error(message.empty() ? h4mk_strerror(status) : message),
        status_(status),
        offset_(offset) {}
  h4mk_status status() const noexcept { return status_; }
  /// The byte of the file that the message is about; -1 if it is about none.
  int64_t offset() const noexcept { return offset_; }

 private:
  h4mk_status status_;
  int64_t offset_;
};

/// Throws for every status from 100 on, and for H4MK_END and H4MK_AGAIN too.
inline void Check(h4mk_status status, const char* message = "", int64_t offset = -1) {
  if (status == H4MK_ERR_MEMORY) throw std::bad_alloc();
  if (status != H4MK_OK) throw Error(status, message, offset);
}

/// A JSON value that belongs to somebody else: an object of this class is valid as long as that one
/// is not changed.
class ValueView {
 public:
  ValueView(const h4mk_value* value = nullptr) : value_(value) {}  // NOLINT: a view
  const h4mk_value* get() const { return value_; }
  explicit operator bool() const { return value_ != nullptr; }

  h4mk_value_type type() const { return h4mk_value_get_type(value_); }
  size_t size() const { return h4mk_value_count(value_); }
  /// Member by key, element or member by position; empty if there is none.
  ValueView operator[](const char* key) const { return h4mk_value_get(value_, key); }
  ValueView operator[](const std::string& key) const { return (*this)[key.c_str()]; }
  ValueView at(size_t index) const { return h4mk_value_at(value_, index); }
  std::string_view key(size_t index) const { return View(h4mk_value_key_at(value_, index)); }

  int64_t Int(int64_t fallback = 0) const { return h4mk_value_int(value_, fallback); }
  double Real(double fallback = 0) const { return h4mk_value_real(value_, fallback); }
  /// The text, or fallback where the value is none.
  std::string Text(std::string_view fallback = {}) const {
    const char* text = h4mk_value_text(value_);
    return std::string(text == nullptr ? fallback : std::string_view(text));
  }
  /// Bytes that were stored as base64; none if the member is absent.
  std::span<const uint8_t> Bytes(const char* key) const {
    const uint8_t* data = nullptr;
    size_t size = 0;
    const h4mk_status status = h4mk_value_get_bytes(value_, key, &data, &size);
    if (status != H4MK_ERR_NOT_FOUND && status != H4MK_ERR_ARGUMENT) Check(status);
    return {data, size};
  }
  std::string Json() const {
    const char* text = h4mk_value_to_json(value_);
    if (text == nullptr) throw std::bad_alloc();
    return text;
  }

 private:
  static std::string_view View(const char* text) { return text == nullptr ? "" : text; }
  const h4mk_value* value_;
};

/// A JSON value of one's own; at first an empty object.
class Value {
 public:
  Value() : Value(h4mk_value_new()) {}
  /// Takes what h4mk.h hands out to be freed.
  explicit Value(h4mk_value* owned) : value_(owned) {
    if (owned == nullptr) throw std::bad_alloc();
  }
  explicit Value(std::string_view json) : value_(Parse(json)) {}
  /// A copy of any value.
  explicit Value(ValueView other) : Value(std::string_view(other.Json())) {}

  ValueView view() const { return value_.get(); }
  operator ValueView() const { return view(); }  // NOLINT: as strings and their views
  h4mk_value* get() const { return value_.get(); }
  ValueView operator[](const char* key) const { return view()[key]; }
  std::string Json() const { return view().Json(); }

  Value& Set(const char* key, const char* text) {
    return Done(h4mk_value_set_text(get(), key, text));
  }
  Value& Set(const char* key, const std::string& text) { return Set(key, text.c_str()); }
  Value& Set(const char* key, int64_t number) {
    return Done(h4mk_value_set_int(get(), key, number));
  }
  Value& Set(const char* key, int number) { return Set(key, int64_t{number}); }
  Value& Set(const char* key, ValueView value) {
    return Done(h4mk_value_set_value(get(), key, value.get()));
  }
  Value& Set(const char* key, const Value& value) { return Set(key, value.view()); }
  Value& SetBytes(const char* key, std::span<const uint8_t> bytes) {
    return Done(h4mk_value_set_bytes(get(), key, bytes.data(), bytes.size()));
  }

 private:
  struct Free {
    void operator()(h4mk_value* value) const { h4mk_value_free(value); }
  };
  static h4mk_value* Parse(std::string_view json) {
    h4mk_value* value = nullptr;
    Check(h4mk_value_from_json(json.data(), json.size(), &value), "this is no JSON");
    return value;
  }
  Value& Done(h4mk_status status) {
    Check(status);
    return *this;
  }
  std::unique_ptr<h4mk_value, Free> value_;
};

/// An open h4mk_io. A system error while opening is std::system_error.
class Io {
 public:
  static Io Read(const std::filesystem::path& path) { return Open(path, H4MK_OPEN_READ); }
  static Io Write(const std::filesystem::path& path) { return Open(path, H4MK_OPEN_WRITE); }
  static Io Edit(const std::filesystem::path& path) { return Open(path, H4MK_OPEN_EDIT); }
  /// Bytes that must outlive the object.
  static Io Memory(std::span<const uint8_t> bytes) {
    Io io;
    Check(h4mk_io_open_memory(bytes.data(), bytes.size(), &io.io_));
    return io;
  }
  /// Memory that grows; bytes() are what was written.
  static Io NewMemory() {
    Io io;
    Check(h4mk_io_new_memory(&io.io_));
    return io;
  }
  /// Callbacks of one's own; io.close is called when the object goes.
  explicit Io(const h4mk_io& io) : io_(io) {}
  Io(Io&& other) noexcept : io_(std::exchange(other.io_, h4mk_io(H4MK_IO_INIT))) {}
  Io& operator=(Io&& other) noexcept {
    std::swap(io_, other.io_);
    return *this;
  }
  ~Io() { h4mk_io_close(&io_); }

  const h4mk_io* get() const { return &io_; }
  /// Of NewMemory(); valid until the next write.
  std::span<const uint8_t> bytes() const {
    const uint8_t* data = nullptr;
    size_t size = 0;
    Check(h4mk_io_memory(&io_, &data, &size));
    return {data, size};
  }

 private:
  Io() = default;
  static Io Open(const std::filesystem::path& path, int mode) {
    Io io;
    const std::u8string name = path.u8string();  // the C interface takes UTF-8
    const h4mk_status status =
        h4mk_io_open_file(reinterpret_cast<const char*>(name.c_str()), mode, &io.io_);
    if (status == H4MK_ERR_IO)
      throw std::system_error(errno, std::generic_category(), "cannot open " + path.string());
    Check(status);
    return io;
  }
  h4mk_io io_ = H4MK_IO_INIT;
};

/// The bytes of a block.
inline std::span<const uint8_t> DataOf(const h4mk_block& block) { return {block.data, block.size}; }
/// What is stored beside them.
inline std::span<const h4mk_side_data> SideDataOf(const h4mk_block& block) {
  return {block.side_data, block.side_data_count};
}

/// A file that is read.
class Reader {
 public:
  explicit Reader(Io io, const h4mk_reader_options& options = H4MK_READER_OPTIONS_INIT)
      : io_(std::make_unique<Io>(std::move(io))) {
    h4mk_reader* reader = nullptr;
    const h4mk_status status = h4mk_reader_open(io_->get(), &options, &reader);
    reader_.reset(reader);
    Ask(status);
  }

  h4mk_reader* get() const { return reader_.get(); }
  int version() const { return h4mk_reader_version(get()); }
  bool is_closed() const { return h4mk_reader_is_closed(get()) != 0; }
  /// Valid until Changes() says something, or the reader goes.
  ValueView meta() const { return h4mk_reader_meta(get()); }
  uint32_t track_count() const { return h4mk_reader_track_count(get()); }
  ValueView track(uint32_t track) const { return h4mk_reader_track(get(), track); }
  unsigned Changes() { return h4mk_reader_changes(get()); }
  h4mk_track_info info(uint32_t track) const {
    h4mk_track_info info = H4MK_TRACK_INFO_INIT;
    Ask(h4mk_reader_track_info(get(), track, &info));
    return info;
  }
  std::span<const uint8_t> Attachment(uint32_t track) {
    const uint8_t* data = nullptr;
    size_t size = 0;
    Ask(h4mk_reader_attachment(get(), track, &data, &size));
    return {data, size};
  }
  /// Notes of what did not stop the reader, since they were asked for last.
  std::vector<std::string> Warnings() {
    std::vector<std::string> warnings;
    while (const char* warning = h4mk_reader_next_warning(get())) warnings.emplace_back(warning);
    return warnings;
  }

  /// The next block; null at the end, and where a file has no end yet. Valid until the next call.
  /// After an Error the next call goes on behind what was damaged.
  const h4mk_block* Next() {
    const h4mk_status status = h4mk_reader_next(get(), &block_);
    if (status == H4MK_END || status == H4MK_AGAIN) return nullptr;
    Ask(status);
    return &block_;
  }
  const h4mk_block& Read(uint32_t track, uint64_t ordinal) {
    Ask(h4mk_reader_read_block(get(), track, ordinal, &block_));
    return block_;
  }
  void Seek(uint32_t track, int64_t time, int mode = H4MK_SEEK_BACKWARD) {
    Ask(h4mk_reader_seek(get(), track, time, mode));
  }
  void Rewind() { Ask(h4mk_reader_rewind(get())); }
  void Discard(uint32_t track, bool discard = true) {
    Ask(h4mk_reader_discard(get(), track, discard));
  }
  void SetPreroll(uint32_t track, uint32_t blocks) {
    Ask(h4mk_reader_set_preroll(get(), track, blocks));
  }

  /// Lookups. Those that may find nothing are empty then.
  std::optional<h4mk_block_info> Block(uint32_t track, uint64_t ordinal) {
    return Find(
        [&](h4mk_block_info* info) { return h4mk_reader_block_info(get(), track, ordinal, info); });
  }
  std::optional<h4mk_block_info> Keyframe(uint32_t track, int64_t time) {
    return Find(
        [&](h4mk_block_info* info) { return h4mk_reader_keyframe(get(), track, time, info); });
  }
  std::optional<h4mk_block_info> Frame(uint32_t track, uint64_t number) {
    return Find(
        [&](h4mk_block_info* info) { return h4mk_reader_frame(get(), track, number, info); });
  }
  std::optional<std::pair<uint64_t, h4mk_block_info>> FrameAt(uint32_t track, int64_t time) {
    uint64_t number = 0;
    const auto info = Find([&](h4mk_block_info* found) {
      return h4mk_reader_frame_at(get(), track, time, &number, found);
    });
    if (!info) return std::nullopt;
    return std::pair(number, *info);
  }
  uint64_t FrameCount(uint32_t track) const {
    uint64_t count = 0;
    Ask(h4mk_reader_frame_count(get(), track, &count));
    return count;
  }
  /// Up to `most` blocks of a track from number `first` on.
  std::vector<h4mk_block_info> Blocks(uint32_t track, uint64_t first, size_t most) {
    std::vector<h4mk_block_info> blocks(most, h4mk_block_info(H4MK_BLOCK_INFO_INIT));
    size_t copied = 0;
    Ask(h4mk_reader_blocks(get(), track, first, blocks.data(), most, &copied));
    blocks.resize(copied);
    return blocks;
  }
  std::vector<int64_t> FrameTimes(uint32_t track, uint64_t first, size_t most) {
    std::vector<int64_t> times(most);
    size_t copied = 0;
    Ask(h4mk_reader_frame_times(get(), track, first, times.data(), most, &copied));
    times.resize(copied);
    return times;
  }
  std::vector<h4mk_block_info> FrameChain(uint32_t track, uint64_t number) {
    return List([&](h4mk_block_info* blocks, size_t count, uint64_t* total) {
      return h4mk_reader_frame_chain(get(), track, number, blocks, count, total);
    });
  }
  std::vector<h4mk_block_info> DecodeChain(uint32_t track, int64_t time) {
    return List([&](h4mk_block_info* blocks, size_t count, uint64_t* total) {
      return h4mk_reader_decode_chain(get(), track, time, blocks, count, total);
    });
  }
  std::vector<h4mk_block_info> KeyframesBetween(uint32_t track, int64_t from, int64_t to) {
    return List([&](h4mk_block_info* blocks, size_t count, uint64_t* total) {
      return h4mk_reader_keyframes_between(get(), track, from, to, blocks, count, total);
    });
  }
  /// The chunk at a byte offset; empty at the end of the file.
  std::optional<h4mk_chunk> Chunk(int64_t offset) {
    h4mk_chunk chunk = H4MK_CHUNK_INIT;
    const h4mk_status status = h4mk_reader_chunk(get(), offset, &chunk);
    if (status == H4MK_END) return std::nullopt;
    Ask(status);
    return chunk;
  }
  std::span<const uint8_t> ChunkPayload(const h4mk_chunk& chunk) {
    const uint8_t* data = nullptr;
    size_t size = 0;
    Ask(h4mk_reader_chunk_payload(get(), &chunk, &data, &size));
    return {data, size};
  }

 private:
  struct Free {
    void operator()(h4mk_reader* reader) const { h4mk_reader_free(reader); }
  };
  void Ask(h4mk_status status) const {
    Check(status, h4mk_reader_message(get()), h4mk_reader_error_offset(get()));
  }
  template <typename Lookup>
  std::optional<h4mk_block_info> Find(Lookup lookup) {
    h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
    const h4mk_status status = lookup(&info);
    if (status == H4MK_ERR_NOT_FOUND) return std::nullopt;
    Ask(status);
    return info;
  }
  template <typename Lookup>
  std::vector<h4mk_block_info> List(Lookup lookup) {
    uint64_t total = 0;
    Ask(lookup(nullptr, 0, &total));
    std::vector<h4mk_block_info> blocks(static_cast<size_t>(total),
                                        h4mk_block_info(H4MK_BLOCK_INFO_INIT));
    Ask(lookup(blocks.data(), blocks.size(), &total));
    blocks.resize(static_cast<size_t>(total < blocks.size() ? total : blocks.size()));
    return blocks;
  }

  std::unique_ptr<Io> io_;  // outlives the reader
  std::unique_ptr<h4mk_reader, Free> reader_;
  h4mk_block block_ = H4MK_BLOCK_INIT;
};

/// A file that is written. Finish() must be called: what was not written until then is lost.
class Writer {
 public:
  explicit Writer(Io io, const h4mk_writer_options& options = H4MK_WRITER_OPTIONS_INIT)
      : io_(std::make_unique<Io>(std::move(io))) {
    h4mk_writer* writer = nullptr;
    const h4mk_status status = h4mk_writer_open(io_->get(), &options, &writer);
    writer_.reset(writer);
    Ask(status);
  }

  h4mk_writer* get() const { return writer_.get(); }
  const Io& io() const { return *io_; }
  uint32_t AddTrack(ValueView description) {
    uint32_t track = 0;
    Ask(h4mk_writer_add_track(get(), description.get(), &track));
    return track;
  }
  void UpdateTrack(uint32_t track, ValueView description) {
    Ask(h4mk_writer_update_track(get(), track, description.get()));
  }
  void SetMeta(ValueView meta) { Ask(h4mk_writer_set_meta(get(), meta.get())); }
  void SetAttachment(uint32_t track, std::span<const uint8_t> bytes) {
    Ask(h4mk_writer_set_attachment(get(), track, bytes.data(), bytes.size()));
  }
  void AddChunk(const char* tag, std::span<const uint8_t> payload, uint32_t flags = 0) {
    Ask(h4mk_writer_add_chunk(get(), tag, flags, payload.data(), payload.size()));
  }
  void Write(const h4mk_block& block) { Ask(h4mk_writer_write(get(), &block)); }
  void Flush() { Ask(h4mk_writer_flush(get())); }
  void Finish() { Ask(h4mk_writer_finish(get())); }

 private:
  struct Free {
    void operator()(h4mk_writer* writer) const { h4mk_writer_free(writer); }
  };
  void Ask(h4mk_status status) const { Check(status, h4mk_writer_message(get())); }

  std::unique_ptr<Io> io_;  // outlives the writer
  std::unique_ptr<h4mk_writer, Free> writer_;
};

}  // namespace cpp
}  // namespace h4mk

#endif  // H4MK_H4MK_HPP
