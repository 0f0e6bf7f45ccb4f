// SPDX-License-Identifier: MIT
#include "core/cut.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <set>

#include "core/service.h"
#include "media/hls.h"
#include "media/progressive.h"

namespace h4mk::server {
namespace {

constexpr uint64_t kMostCutBytes = uint64_t{8} << 30;  // of a temporary file

struct Range {
  double from = 0, to = 1e12;
};

Range RangeOf(const Call& call) {
  Range range{call.Seconds("from", 0), call.Seconds("to", 1e12)};
  if (range.from < 0 || range.to <= range.from)
    throw HttpError(400, "from and to must be seconds, 0 <= from < to");
  return range;
}

std::string KeyOf(const char* what, const Range& range) {
  return std::string(what) + std::to_string(static_cast<int64_t>(range.from * 1e6)) + "-" +
         std::to_string(static_cast<int64_t>(range.to * 1e6));
}

Response Download(const MediaFile& file, const std::string& key, const char* type,
                  const char* extension, Body body) {
  Response response;
  response.Set("Content-Type", type);
  response.Set("Cache-Control", "no-cache");
  std::string etag = file.etag();
  etag.insert(etag.size() - 1, "-" + key);
  response.Set("ETag", etag);
  const size_t slash = file.name().rfind('/');
  response.Set(
      "Content-Disposition",
      std::string("inline; filename*=UTF-8''") +
          PercentEncode(slash == std::string::npos ? file.name() : file.name().substr(slash + 1)) +
          extension);
  response.accepts_ranges = true;
  response.body = std::move(body);
  return response;
}

Response ServeMp4(Call& call) {
  const auto file = call.File();
  const Range range = RangeOf(call);
  const std::string key = KeyOf("mp4-", range);
  const Body body =
      *file->Cached<Body>(key, [&]() -> std::pair<std::shared_ptr<const Body>, size_t> {
        auto made = std::make_shared<const Body>(ProgressiveMp4(*file, range.from, range.to));
        size_t size = made->parts().size() * sizeof(Part);
        for (const Part& part : made->parts())
          if (std::holds_alternative<MemorySpan>(part)) size += static_cast<size_t>(SizeOf(part));
        return {made, size};
      });
  return Download(*file, key, "video/mp4", ".mp4", body);
}

// A file without a name, which is gone when the last answer from it was sent.
std::shared_ptr<const OpenedFile> TemporaryFile() {
  const char* folder = getenv("TMPDIR");
  const int fd =
      open(folder != nullptr && *folder ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) throw HttpError(503, "no temporary file can be made");
  return std::make_shared<const LocalFile>(fd);
}

struct Output {
  int fd;
  uint64_t size = 0;
  static int64_t Write(void* opaque, const uint8_t* data, size_t size) {
    auto& output = *static_cast<Output*>(opaque);
    if (output.size + size > kMostCutBytes) return -ENOSPC;
    const ssize_t n = write(output.fd, data, size);
    if (n < 0) return -errno;
    output.size += static_cast<uint64_t>(n);
    return n;
  }
};

struct WriterHandle {
  h4mk_writer* handle = nullptr;
  ~WriterHandle() { h4mk_writer_free(handle); }
  void Check(h4mk_status status) const {
    if (status == H4MK_OK) return;
    throw HttpError(status == H4MK_ERR_IO ? 503 : 422,
                    std::string("the range cannot be written: ") + h4mk_writer_message(handle));
  }
};

using ValueHandle = std::unique_ptr<h4mk_value, decltype(&h4mk_value_free)>;

ValueHandle Without(const h4mk_value* description, const char* key) {
  const char* text = h4mk_value_to_json(description);
  nlohmann::ordered_json json =
      nlohmann::ordered_json::parse(text == nullptr ? "{}" : text, nullptr, false);
  if (json.is_object()) json.erase(key);
  const std::string changed = json.dump();
  h4mk_value* value = nullptr;
  if (h4mk_value_from_json(changed.data(), changed.size(), &value) != H4MK_OK)
    throw HttpError(422, "the cut cannot be described");
  return {value, h4mk_value_free};
}

// Copies the blocks that are shown in the range, and those that they need, to a new file. The same
// range of the same file is always the same bytes.
FileSpan WriteCut(MediaFile& file, const Range& range) {
  auto temporary = TemporaryFile();
  Output output{temporary->fd()};
  h4mk_io io = H4MK_IO_INIT;
  io.opaque = &output;
  io.write = Output::Write;
  h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
  options.repeatable = 1;
  WriterHandle writer;
  writer.Check(h4mk_writer_open(&io, &options, &writer.handle));
  MediaFile::Lease lease(file);
  for (const TrackInfo& track : file.tracks()) {
    uint32_t index = 0;
    // Times stay, but the track begins elsewhere.
    const ValueHandle description =
        Without(h4mk_reader_track(lease.get(), track.index), "start_time");
    writer.Check(h4mk_writer_add_track(writer.handle, description.get(), &index));
    const uint8_t* data = nullptr;
    size_t size = 0;
    if (h4mk_reader_attachment(lease.get(), track.index, &data, &size) == H4MK_OK)
      writer.Check(h4mk_writer_set_attachment(writer.handle, index, data, size));
  }
  // Blocks of an encrypted file come decrypted here.
  const ValueHandle meta = Without(h4mk_reader_meta(lease.get()), "protection");
  writer.Check(h4mk_writer_set_meta(writer.handle, meta.get()));
  const size_t lead = [&] {
    for (const TrackInfo& track : file.tracks())
      if (track.is_video() && track.block_count > 0) return static_cast<size_t>(track.index);
    for (const TrackInfo& track : file.tracks())
      if (track.block_count > 0) return static_cast<size_t>(track.index);
    throw HttpError(409, "the file has no blocks");
  }();
  const TrackInfo& lead_track = file.tracks()[lead];
  const auto ticks = [](double seconds, const TrackInfo& track) {
    return static_cast<int64_t>(std::min(seconds, 1e9) * static_cast<double>(track.time_base_den) /
                                static_cast<double>(track.time_base_num));
  };
  lease.Check(h4mk_reader_seek(lease.get(), static_cast<uint32_t>(lead),
                               ticks(range.from, lead_track), H4MK_SEEK_BACKWARD));
  std::set<uint32_t> ended;
  size_t tracks_with_blocks = 0;
  for (const TrackInfo& track : file.tracks()) tracks_with_blocks += track.block_count > 0;
  for (;;) {
    h4mk_block block = H4MK_BLOCK_INIT;
    const h4mk_status status = h4mk_reader_next(lease.get(), &block);
    if (status == H4MK_END || status == H4MK_AGAIN) break;
    lease.Check(status);
    const TrackInfo& track = file.tracks().at(block.track);
    const int64_t order = block.dts != H4MK_NO_TIME ? block.dts : block.pts;
    if (order != H4MK_NO_TIME && track.Seconds(order) >= range.to) ended.insert(block.track);
    // Blocks come interleaved: some seconds behind the end nothing that is asked for follows.
    if (ended.size() == tracks_with_blocks ||
        (order != H4MK_NO_TIME && track.Seconds(order) >= range.to + 10))
      break;
    if (ended.count(block.track) ||
        (block.pts != H4MK_NO_TIME && track.Seconds(block.pts) >= range.to &&
         (block.flags & H4MK_BLOCK_KEY)))
      continue;
    writer.Check(h4mk_writer_write(writer.handle, &block));
  }
  writer.Check(h4mk_writer_finish(writer.handle));
  return {temporary, 0, output.size};
}

Response ServeH4mk(Call& call) {
  const auto file = call.File();
  const Range range = RangeOf(call);
  if (file->is_locked()) throw HttpError(403, kLockedMessage);
  const std::string key = KeyOf("h4mk-", range);
  // One cut is as large as it may be in memory here, so that few temporary files are kept.
  const FileSpan span =
      *file->Cached<FileSpan>(key, [&]() -> std::pair<std::shared_ptr<const FileSpan>, size_t> {
        auto made = std::make_shared<const FileSpan>(WriteCut(*file, range));
        return {made, 4 << 20};
      });
  Body body;
  body.Append(span);
  return Download(*file, key, "video/x-h4mk", ".h4mk", std::move(body));
}

}  // namespace

void AddCutRoutes(Router* router) {
  const Parameter from{"from", "number", "seconds; begins at the key block before"};
  const Parameter to{"to", "number", "seconds"};
  router->GetSlow("Files", "/api/files/{name...}/range.mp4",
                  "A range of time as MP4, index first; ranges work", "video/mp4", ServeMp4,
                  {from, to});
  router->GetSlow("Files", "/api/files/{name...}/range.h4mk",
                  "A range of time as H4MK; ranges work", "video/x-h4mk", ServeH4mk, {from, to});
}

}  // namespace h4mk::server
