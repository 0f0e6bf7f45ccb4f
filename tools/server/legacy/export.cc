// SPDX-License-Identifier: MIT
#include "legacy/export.h"

#include <h4mk/legacy.h>

#include <memory>
#include <stdexcept>

#include "core/work.h"
#include "legacy/python_text.h"

namespace h4mk::server {
namespace {

void Check(h4mk_status status) {
  if (status != H4MK_OK) throw std::runtime_error(h4mk_strerror(status));
}

struct MemoryOutput {
  h4mk_io io = H4MK_IO_INIT;
  MemoryOutput() { Check(h4mk_io_new_memory(&io)); }
  ~MemoryOutput() { h4mk_io_close(&io); }
};

using Value = std::unique_ptr<h4mk_value, decltype(&h4mk_value_free)>;
Value Parse(const std::string& json) {
  h4mk_value* value = nullptr;
  Check(h4mk_value_from_json(json.data(), json.size(), &value));
  return {value, h4mk_value_free};
}

Value MetaOf(const ExportForm& form) {
  return Parse(R"({"project":"HarmonyØ4","domain":"video-transport","block_size":)" +
               std::to_string(form.block_size) + ",\"fps_hint\":" + PythonFloat(form.fps) +
               ",\"gop\":" + std::to_string(form.gop) +
               ",\"masked\":" + (form.masked ? "true" : "false") +
               (form.secret.empty() ? "}" : ",\"encrypted\":true}"));
}

uint32_t AddTrack(h4mk_writer* writer) {
  const Value track =
      Parse(R"({"track_id":1,"name":"","kind":"video","codec":"none","time_base":"1/1000000"})");
  uint32_t index = 0;
  Check(h4mk_writer_add_track(writer, track.get(), &index));
  return index;
}

}  // namespace

std::string MaskBlocks(std::string_view file, size_t block_size, const std::string& key) {
  std::string masked(file);
  for (size_t at = 0, i = 0; at < masked.size(); at += block_size, ++i) {
    Work::Check(file.size());
    auto* data = reinterpret_cast<uint8_t*>(masked.data()) + at;
    Check(h4mk_mask(reinterpret_cast<const uint8_t*>(key.data()), key.size(), i, data,
                    std::min(block_size, masked.size() - at), data));
  }
  return masked;
}

std::optional<std::string> EncodeRuns(std::string_view plain) {
  if (plain.size() % 256 != 0) return std::nullopt;
  std::string coded;
  for (size_t i = 0; i < plain.size();) {
    size_t run = 1;
    while (run < 255 && i + run < plain.size() && plain[i + run] == plain[i]) ++run;
    coded.push_back(plain[i]);
    coded.push_back(static_cast<char>(run));
    i += run;
  }
  return coded;
}

std::string ExportTransport(const ExportForm& form) {
  const std::string masked =
      form.masked ? MaskBlocks(form.file, form.block_size, form.key) : std::string();
  const std::string_view file = form.masked ? std::string_view(masked) : form.file;
  MemoryOutput output;
  h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
  options.version = H4MK_VERSION_TRANSPORT;
  h4mk_key key = H4MK_KEY_INIT;
  key.key = reinterpret_cast<const uint8_t*>(form.secret.data());
  key.key_size = form.secret.size();
  if (!form.secret.empty()) {
    options.encryption_scheme = H4MK_SCHEME_LIVING_V3;
    options.encryption_key = &key;
  }
  h4mk_writer* handle = nullptr;
  const h4mk_status opened = h4mk_writer_open(&output.io, &options, &handle);
  const std::unique_ptr<h4mk_writer, decltype(&h4mk_writer_free)> writer(handle, h4mk_writer_free);
  Check(opened);
  const uint32_t track = AddTrack(handle);
  Check(h4mk_writer_set_meta(handle, MetaOf(form).get()));
  static constexpr std::string_view kSafe =
      R"({"scope":"container+transport-only","no_video_synthesis":true,"no_pixel_semantics":true,"no_visual_ml":true})";
  Check(h4mk_writer_add_chunk(handle, "SAFE", 0, kSafe.data(), kSafe.size()));
  const auto step = static_cast<int64_t>(1'000'000 / form.fps);
  for (size_t at = 0, i = 0; at < file.size(); at += form.block_size, ++i) {
    Work::Check(file.size());
    h4mk_block block = H4MK_BLOCK_INIT;
    const bool is_key = static_cast<int64_t>(i) % form.gop == 0;
    block.track = track;
    block.flags = is_key ? H4MK_BLOCK_KEY | H4MK_BLOCK_TYPE_I : H4MK_BLOCK_TYPE_P;
    block.pts = static_cast<int64_t>(i) * step;
    block.data = reinterpret_cast<const uint8_t*>(file.data()) + at;
    block.size = std::min(form.block_size, file.size() - at);
    Check(h4mk_writer_write(handle, &block));
  }
  Check(h4mk_writer_finish(handle));
  const uint8_t* data = nullptr;
  size_t size = 0;
  Check(h4mk_io_memory(&output.io, &data, &size));
  return std::string(reinterpret_cast<const char*>(data), size);
}

}  // namespace h4mk::server
