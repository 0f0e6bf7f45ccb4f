// SPDX-License-Identifier: MIT
#include "core/media_file.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "core/file_input.h"
#include "core/text.h"

namespace h4mk::server {
namespace {

std::string TextOf(const h4mk_value* object, const char* key) {
  const char* text = h4mk_value_get_text(object, key);
  return text == nullptr ? std::string() : std::string(text);
}

Rational RationalOf(const h4mk_value* object, const char* key) {
  const std::string text = TextOf(object, key);
  const size_t slash = text.find('/');
  Rational value;
  if (slash == std::string::npos ||
      !ParseNumber(std::string_view(text).substr(0, slash), &value.num) ||
      !ParseNumber(std::string_view(text).substr(slash + 1), &value.den) || value.den <= 0 ||
      value.num < 0)
    return {};
  return value;
}

// A tag by its name in any case; of an array the first text.
std::string TagOf(const h4mk_value* tags, std::string_view name) {
  for (size_t i = 0; i < h4mk_value_count(tags); ++i) {
    const char* key = h4mk_value_key_at(tags, i);
    if (key == nullptr || !SameName(key, name)) continue;
    const h4mk_value* value = h4mk_value_at(tags, i);
    if (h4mk_value_get_type(value) == H4MK_VALUE_ARRAY) value = h4mk_value_at(value, 0);
    if (const char* text = h4mk_value_text(value)) return text;
  }
  return {};
}

bool HasDisposition(const h4mk_value* track, std::string_view name) {
  const h4mk_value* list = h4mk_value_get(track, "disposition");
  for (size_t i = 0; i < h4mk_value_count(list); ++i)
    if (const char* text = h4mk_value_text(h4mk_value_at(list, i)); text != nullptr && text == name)
      return true;
  return false;
}

int64_t InRange(int64_t value, int64_t low, int64_t high, int64_t otherwise) {
  return value < low || value > high ? otherwise : value;
}

int HttpStatusOf(h4mk_status status, const OpenedFile& file) {
  switch (status) {
    case H4MK_ERR_ARGUMENT:
    case H4MK_ERR_NOT_FOUND:
      return 404;
    case H4MK_ERR_MEMORY:
      return 503;
    case H4MK_ERR_KEY:
      return 403;
    case H4MK_ERR_NOT_H4MK:
    case H4MK_ERR_VERSION:
    case H4MK_ERR_TRUNCATED:
    case H4MK_ERR_CORRUPT:
    case H4MK_ERR_UNSUPPORTED:
      return 422;
    case H4MK_ERR_IO:
      return file.fd() < 0 ? 502 : 500;
    default:
      return 500;
  }
}

}  // namespace

bool TrackInfo::IsTimeOfFilm(int64_t ticks) const {
  constexpr __int128 kMost = 1'000'000'000'000'000'000, kMostSeconds = 1'000'000'000'000;
  const __int128 size = static_cast<__int128>(ticks < 0 ? -__int128{ticks} : ticks) * time_base_num;
  return size <= kMost && size <= kMostSeconds * time_base_den;
}

int64_t TrackInfo::TimeOfFilm(int64_t ticks) const {
  if (!IsTimeOfFilm(ticks)) throw HttpError(422, "the track has times that no film has");
  return ticks;
}

void TrackInfo::CheckTimesOfFilm() const {
  for (const int64_t ticks : {start_pts, end_pts})
    if (ticks != H4MK_NO_TIME) TimeOfFilm(ticks);
}

double TrackInfo::DurationSeconds() const {
  if (start_pts == H4MK_NO_TIME || end_pts == H4MK_NO_TIME) return 0;
  return static_cast<double>(__int128{end_pts} - start_pts) * static_cast<double>(time_base_num) /
         static_cast<double>(time_base_den);
}

h4mk_status MediaFile::BesideCallback(void* opaque, const char* name, h4mk_io* io) {
  return OpenInput(static_cast<MediaFile*>(opaque)->open_beside_(name), io);
}

std::unique_ptr<MediaFile::OwnedReader> MediaFile::OpenReader(h4mk_reader_options options) {
  auto reader = std::make_unique<OwnedReader>();
  reader->io = FileInput(file_, state_.size);
  if (open_beside_) {
    options.open_beside = BesideCallback;
    options.beside_opaque = this;
  }
  const h4mk_status status = h4mk_reader_open(&reader->io, &options, &reader->handle);
  if (status == H4MK_OK) return reader;
  const char* message = reader->handle == nullptr ? "" : h4mk_reader_message(reader->handle);
  throw HttpError(HttpStatusOf(status, *file_), *message ? message : h4mk_strerror(status));
}

std::unique_ptr<MediaFile::OwnedReader> MediaFile::OpenReader() {
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.keep_encrypted = !decrypts_;
  const std::vector<h4mk_key> keys = decrypts_ ? keys_.decryption() : std::vector<h4mk_key>();
  options.keys = keys.data();
  options.key_count = keys.size();
  return OpenReader(options);
}

std::unique_ptr<MediaFile::OwnedReader> MediaFile::OpenSigned() {
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.keep_encrypted = 1;
  options.verify_key = keys_.verification().c_str();
  return OpenReader(options);
}

MediaFile::MediaFile(std::string name, std::shared_ptr<const OpenedFile> file, FileState state,
                     OpenBeside open_beside, const FileKeys& keys,
                     std::shared_ptr<LargeResults> large)
    : name_(std::move(name)),
      file_(std::move(file)),
      state_(state),
      open_beside_(std::move(open_beside)),
      keys_(keys),
      large_(std::move(large)) {
  idle_.push_back(OpenReader());
  ReadMeta(idle_.back()->handle);
  if (encrypted_ && keys_.can_decrypt()) Unlock();
  h4mk_reader* reader = idle_.back()->handle;
  closed_ = h4mk_reader_is_closed(reader);
  version_ = h4mk_reader_version(reader);
  ReadTracks(reader);
  MakeTokens(reader);
}

// Reads with the keys from now on, if one of them fits.
void MediaFile::Unlock() {
  decrypts_ = true;
  try {
    idle_.back() = OpenReader();
  } catch (const HttpError& error) {
    if (error.status() != 403) throw;
    decrypts_ = false;
  }
}

void MediaFile::ReadTracks(h4mk_reader* reader) {
  for (uint32_t i = 0; i < h4mk_reader_track_count(reader); ++i) {
    const h4mk_value* track = h4mk_reader_track(reader, i);
    h4mk_track_info info = H4MK_TRACK_INFO_INIT;
    TrackInfo t;
    t.index = i;
    if (h4mk_reader_track_info(reader, i, &info) != H4MK_OK)
      throw HttpError(422, "a track cannot be read");
    t.id = info.track_id;
    t.time_base_num = info.time_base_num;
    t.time_base_den = info.time_base_den;
    t.start_pts = info.start_pts;
    t.first_dts = info.first_dts;
    t.end_pts = info.end_pts;
    t.block_count = info.block_count;
    t.byte_count = info.byte_count;
    if (h4mk_reader_frame_count(reader, i, &t.frame_count) != H4MK_OK) t.frame_count = 0;
    t.kind = TextOf(track, "kind");
    t.codec = TextOf(track, "codec");
    t.beside = TextOf(track, "beside");
    const h4mk_value* tags = h4mk_value_get(track, "tags");
    t.title = TextOf(track, "name");
    if (t.title.empty()) t.title = TagOf(tags, "title");
    t.language = TagOf(tags, "language");
    const uint8_t* data = nullptr;
    size_t size = 0;
    if (h4mk_value_get_bytes(track, "extradata", &data, &size) == H4MK_OK && size < (1 << 24))
      t.extradata.assign(reinterpret_cast<const char*>(data), size);
    t.width = InRange(h4mk_value_get_int(track, "width", 0), 0, 65535, 0);
    t.height = InRange(h4mk_value_get_int(track, "height", 0), 0, 65535, 0);
    t.sample_rate = InRange(h4mk_value_get_int(track, "sample_rate", 0), 0, 1 << 26, 0);
    t.channels = InRange(h4mk_value_get_int(track, "channels", 0), 0, 65535, 0);
    t.profile = InRange(h4mk_value_get_int(track, "profile", -99), -99, 65535, -99);
    t.level = InRange(h4mk_value_get_int(track, "level", -99), -99, 65535, -99);
    t.bit_rate = InRange(h4mk_value_get_int(track, "bit_rate", 0), 0, int64_t{1} << 48, 0);
    t.pixel_format = TextOf(track, "pixel_format");
    t.color_primaries = TextOf(track, "color_primaries");
    t.color_transfer = TextOf(track, "color_transfer");
    t.color_space = TextOf(track, "color_space");
    t.color_range = TextOf(track, "color_range");
    t.frame_rate = RationalOf(track, "avg_frame_rate");
    if (t.frame_rate.num == 0) t.frame_rate = RationalOf(track, "framerate");
    t.sample_aspect_ratio = RationalOf(track, "sample_aspect_ratio");
    t.is_default = HasDisposition(track, "default");
    t.is_forced = HasDisposition(track, "forced");
    t.is_picture = HasDisposition(track, "attached_pic");
    t.is_hearing_impaired = HasDisposition(track, "hearing_impaired");
    if ((t.is_video() || t.is_audio()) && t.IsTimeOfFilm(t.start_pts) && t.IsTimeOfFilm(t.end_pts))
      duration_ = std::max(duration_, t.DurationSeconds());
    const char* json = h4mk_value_to_json(track);
    descriptions_.push_back(json == nullptr ? "{}" : json);
    tracks_.push_back(std::move(t));
  }
}

void MediaFile::ReadMeta(h4mk_reader* reader) {
  const h4mk_value* meta = h4mk_reader_meta(reader);
  const char* json = h4mk_value_to_json(meta);
  meta_ = json == nullptr ? "{}" : json;
  encrypted_ = h4mk_value_get(meta, "protection") != nullptr;
  title_ = TagOf(h4mk_value_get(meta, "tags"), "title");
  const h4mk_value* chapters = h4mk_value_get(meta, "chapters");
  for (size_t i = 0; i < h4mk_value_count(chapters); ++i) {
    const h4mk_value* chapter = h4mk_value_at(chapters, i);
    const Rational base = RationalOf(chapter, "time_base");
    if (base.num == 0) continue;
    const double tick = static_cast<double>(base.num) / static_cast<double>(base.den);
    Chapter c;
    c.start = static_cast<double>(h4mk_value_get_int(chapter, "start", 0)) * tick;
    c.end = static_cast<double>(h4mk_value_get_int(chapter, "end", 0)) * tick;
    c.title = TagOf(h4mk_value_get(chapter, "tags"), "title");
    chapters_.push_back(std::move(c));
  }
}

// The header and the first TRAK and cluster never change while a file grows or is edited.
void MediaFile::MakeTokens(h4mk_reader* reader) {
  uint8_t header[16] = {}, end[4] = {};
  if (!file_->ReadAll(0, header, sizeof header)) throw HttpError(422, "the file is too short");
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  const auto mix = [&](const void* data, size_t size) {
    for (size_t i = 0; i < size; ++i)
      hash = (hash ^ static_cast<const uint8_t*>(data)[i]) * 0x100000001b3;
  };
  mix(header, sizeof header);
  h4mk_chunk chunk = H4MK_CHUNK_INIT;
  int64_t offset = 0;
  for (int i = 0; i < 1000 && h4mk_reader_chunk(reader, offset, &chunk) == H4MK_OK; ++i) {
    const bool is_cluster = std::strcmp(chunk.tag, "CORE") == 0;
    if (is_cluster || std::strcmp(chunk.tag, "TRAK") == 0) mix(&chunk.crc, sizeof chunk.crc);
    if (is_cluster) {
      token_ = Hex(hash, 16);
      break;
    }
    offset = chunk.next;
  }
  if (state_.size >= 4 && !file_->ReadAll(state_.size - 4, end, sizeof end))
    throw HttpError(503, "the file became shorter while it was opened");
  if (closed_) {
    mix(end, sizeof end);  // the container checksum
    etag_ = "\"" + Hex(hash, 16) + "-" + Hex(state_.size, 10) + "\"";
  } else {
    // What is there of a growing file stays as it is, but a file that was cut may be written anew.
    mix(&state_.inode, sizeof state_.inode);
    mix(&state_.modified_ns, sizeof state_.modified_ns);
    etag_ = "\"" + Hex(hash, 16) + "-" + Hex(state_.size, 10) + "-g\"";
  }
}

const TrackInfo& MediaFile::track(uint64_t index) const {
  if (index >= tracks_.size())
    throw HttpError(404, "the file has no track " + std::to_string(index));
  return tracks_[static_cast<size_t>(index)];
}

MediaFile::Lease::Lease(MediaFile& file) : file_(file) {
  Work::Begin();
  {
    const std::lock_guard lock(file_.mutex_);
    if (!file_.idle_.empty()) {
      reader_ = std::move(file_.idle_.back());
      file_.idle_.pop_back();
    }
  }
  if (reader_ != nullptr) return;
  Work::BeginLong();
  reader_ = file_.OpenReader();
}

MediaFile::Lease::~Lease() {
  const std::lock_guard lock(file_.mutex_);
  if (file_.idle_.size() < kIdleReaders) file_.idle_.push_back(std::move(reader_));
}

void MediaFile::Lease::Check(h4mk_status status) const {
  if (status == H4MK_OK) return;
  const char* message = h4mk_reader_message(reader_->handle);
  throw HttpError(HttpStatusOf(status, *file_.file_), *message ? message : h4mk_strerror(status));
}

std::shared_ptr<const void> MediaFile::FindOrBegin(const std::string& key, Work::Dearest* dearest,
                                                   std::optional<Work::Piece>* piece) {
  const auto deadline = std::chrono::steady_clock::now() + Work::kLongestWait;
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto found = cache_.find(key);
    if (found != cache_.end()) {
      order_.splice(order_.begin(), order_, found->second.place);
      return found->second.value;
    }
    if (std::shared_ptr<const void> large = large_->Find(this, key)) return large;
    if (dearest != nullptr && !*piece) piece->emplace(*dearest);
    Work::Begin();
    if (being_made_.insert(key).second) return nullptr;
    Work::BeginLong();
    Work::CheckWaiting();
    if (std::chrono::steady_clock::now() >= deadline)
      throw HttpError(503, "another request works at this for long; try again");
    made_.wait_for(lock, Work::kBetweenLooks);
  }
}

MediaFile::Making::~Making() {
  const std::lock_guard lock(file.mutex_);
  file.being_made_.erase(key);
  file.made_.notify_all();
}

void MediaFile::Keep(const std::string& key, std::shared_ptr<const void> value, size_t size) {
  if (size > kCacheBytes) return large_->Keep(this, key, std::move(value), size);
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = cache_.try_emplace(key);
  if (!is_new) return;
  order_.push_front(key);
  place->second = {value, size, order_.begin()};
  cache_bytes_ += size;
  while (cache_bytes_ > kCacheBytes) {
    const auto oldest = cache_.find(order_.back());
    cache_bytes_ -= oldest->second.size;
    cache_.erase(oldest);
    order_.pop_back();
  }
}

std::shared_ptr<MediaFile> MediaFiles::Get(const std::string& name) {
  FileState state;
  const std::shared_ptr<const OpenedFile> file = catalogue_.Open(name, &state);
  std::shared_ptr<Slot> slot;
  bool is_new = false;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Slot>& place = slots_[name];
    is_new = place == nullptr;
    if (is_new) place = std::make_shared<Slot>();
    slot = place;
    slot->used = ++clock_;
  }
  std::shared_ptr<MediaFile> media;
  {
    const auto lock = Work::Lock(slot->opening);
    if (slot->file == nullptr || slot->file->state() != state) {
      Work::BeginLong();
      slot->file = std::make_shared<MediaFile>(
          name, file, state,
          [this, name](const std::string& other) { return catalogue_.OpenBeside(name, other); },
          keys_, large_);
    }
    media = slot->file;
  }
  if (is_new) Trim();
  return media;
}

void MediaFiles::Trim() {
  const std::lock_guard lock(mutex_);
  for (auto i = slots_.begin(); i != slots_.end();)
    i = catalogue_.Has(i->first) ? std::next(i) : slots_.erase(i);
  while (slots_.size() > kMostOpen) {
    auto oldest = slots_.begin();
    for (auto i = slots_.begin(); i != slots_.end(); ++i)
      if (i->second->used < oldest->second->used) oldest = i;
    slots_.erase(oldest);
  }
}

}  // namespace h4mk::server
