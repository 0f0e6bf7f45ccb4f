// SPDX-License-Identifier: MIT
// A file as it was at one moment, opened once and shared by all requests for it: its tracks, its
// segments, and readers of libh4mk that threads borrow. A file that has changed since is another
// MediaFile; a growing one thus is a new MediaFile each time it has grown.
#ifndef H4MK_SERVER_CORE_MEDIA_FILE_H_
#define H4MK_SERVER_CORE_MEDIA_FILE_H_

#include <h4mk/h4mk.h>

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/catalogue.h"
#include "core/file_keys.h"
#include "core/large_results.h"
#include "core/message.h"
#include "core/work.h"

namespace h4mk::server {

struct Rational {
  int64_t num = 0, den = 1;
};

// A track as far as serving needs it.
struct TrackInfo {
  uint32_t index = 0;
  uint32_t id = 0;
  std::string kind, codec, title, language, beside;
  int64_t time_base_num = 1, time_base_den = 1;
  int64_t start_pts = H4MK_NO_TIME, first_dts = H4MK_NO_TIME, end_pts = H4MK_NO_TIME;
  uint64_t block_count = 0, byte_count = 0, frame_count = 0;
  std::string extradata;
  int64_t width = 0, height = 0, sample_rate = 0, channels = 0;
  int64_t profile = -99, level = -99, bit_rate = 0;
  std::string pixel_format, color_primaries, color_transfer, color_space, color_range;
  Rational frame_rate, sample_aspect_ratio;
  bool is_default = false, is_forced = false, is_picture = false, is_hearing_impaired = false;

  bool is_video() const { return kind == "video" && !is_picture; }
  bool is_audio() const { return kind == "audio"; }
  bool is_subtitle() const { return kind == "subtitle" || kind == "captions"; }
  double Seconds(int64_t ticks) const {
    return static_cast<double>(ticks) * static_cast<double>(time_base_num) /
           static_cast<double>(time_base_den);
  }
  // Whether a time is below 10^12 seconds and 10^18 units of the time base's numerator, so that
  // sums of a few of them overflow in none of the units that are used here. A file may say any.
  bool IsTimeOfFilm(int64_t ticks) const;
  // Throws HttpError if this time is another one.
  int64_t TimeOfFilm(int64_t ticks) const;
  // The same for its start and its end, if it has them.
  void CheckTimesOfFilm() const;
  double DurationSeconds() const;
};

constexpr const char* kLockedMessage = "the file is encrypted, and this server has no key for it";

struct Chapter {
  double start = 0, end = 0;  // seconds
  std::string title;
};

class MediaFile {
 public:
  using OpenBeside = std::function<std::shared_ptr<const OpenedFile>(const std::string&)>;

  // Throws HttpError: 422 if it is no file that can be read, 503 without memory. keys must outlive
  // it.
  MediaFile(std::string name, std::shared_ptr<const OpenedFile> file, FileState state,
            OpenBeside open_beside, const FileKeys& keys, std::shared_ptr<LargeResults> large);
  ~MediaFile() { large_->Forget(this); }
  MediaFile(const MediaFile&) = delete;
  MediaFile& operator=(const MediaFile&) = delete;

  const std::string& name() const { return name_; }
  const FileState& state() const { return state_; }
  const std::shared_ptr<const OpenedFile>& file() const { return file_; }
  bool is_closed() const { return closed_; }
  int version() const { return version_; }
  // The same for all states of one recording, and another for another file: part of URLs that may
  // be cached for ever. "" before a file has its first cluster.
  const std::string& token() const { return token_; }
  // Changes with each state.
  const std::string& etag() const { return etag_; }
  const std::vector<TrackInfo>& tracks() const { return tracks_; }
  const std::vector<Chapter>& chapters() const { return chapters_; }
  // META and the tracks, as JSON.
  const std::string& meta() const { return meta_; }
  const std::vector<std::string>& descriptions() const { return descriptions_; }
  const std::string& title() const { return title_; }
  double duration() const { return duration_; }
  bool is_encrypted() const { return encrypted_; }
  // Encrypted, and none of the keys opens it: blocks are handed out as they are stored.
  bool is_locked() const { return encrypted_ && !decrypts_; }
  const TrackInfo& track(uint64_t index) const;  // throws HttpError 404

  // A reader and the input that it reads from.
  struct OwnedReader {
    h4mk_io io = H4MK_IO_INIT;
    h4mk_reader* handle = nullptr;
    OwnedReader() = default;
    OwnedReader(const OwnedReader&) = delete;
    OwnedReader& operator=(const OwnedReader&) = delete;
    ~OwnedReader() {
      h4mk_reader_free(handle);
      h4mk_io_close(&io);
    }
  };

  // A reader for one thread, given back by the destructor.
  class Lease {
   public:
    explicit Lease(MediaFile& file);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    // Throws HttpError where the request has had its time.
    h4mk_reader* get() const {
      Work::Check(file_.state().size);
      return reader_->handle;
    }
    // Throws HttpError for anything but H4MK_OK.
    void Check(h4mk_status status) const;

   private:
    MediaFile& file_;
    std::unique_ptr<OwnedReader> reader_;
  };

  // A reader that uses nothing but what is signed with the operator's key. Throws HttpError.
  std::unique_ptr<OwnedReader> OpenSigned();

  // What its segments and parts cost. Null: a file of another server, which takes time but no CPU
  // time.
  Work::Dearest* dearest_plan() { return file_->fd() < 0 ? nullptr : &dearest_plan_; }

  // Results that are made once for a state of the file and kept: playlists, plans of segments,
  // tables. Of two who want the same one makes it and the other waits. The least recently used go
  // first when they take more than kCacheBytes. What alone is larger is kept among the large ones
  // of all files. dearest: of others of the kind, if they are many.
  template <typename T>
  std::shared_ptr<const T> Cached(
      const std::string& key,
      const std::function<std::pair<std::shared_ptr<const T>, size_t>()>& make,
      Work::Dearest* dearest = nullptr) {
    std::optional<Work::Piece> piece;
    if (std::shared_ptr<const void> found = FindOrBegin(key, dearest, &piece))
      return std::static_pointer_cast<const T>(found);
    const Making making{*this, key};
    auto [made, size] = make();
    Keep(key, made, size);
    return made;
  }

 private:
  static constexpr size_t kCacheBytes = 16 << 20;
  static constexpr size_t kIdleReaders = 8;
  struct Kept {
    std::shared_ptr<const void> value;
    size_t size = 0;
    std::list<std::string>::iterator place;  // in order_
  };

  std::unique_ptr<OwnedReader> OpenReader();
  std::unique_ptr<OwnedReader> OpenReader(h4mk_reader_options options);
  static h4mk_status BesideCallback(void* opaque, const char* name, h4mk_io* io);
  void Unlock();
  void ReadTracks(h4mk_reader* reader);
  void ReadMeta(h4mk_reader* reader);
  void MakeTokens(h4mk_reader* reader);
  // What is kept, else null, and the caller makes it.
  std::shared_ptr<const void> FindOrBegin(const std::string& key, Work::Dearest* dearest,
                                          std::optional<Work::Piece>* piece);
  void Keep(const std::string& key, std::shared_ptr<const void> value, size_t size);
  struct Making {
    MediaFile& file;
    const std::string& key;
    ~Making();
  };

  const std::string name_;
  const std::shared_ptr<const OpenedFile> file_;
  const FileState state_;
  const OpenBeside open_beside_;
  const FileKeys& keys_;
  const std::shared_ptr<LargeResults> large_;
  bool closed_ = false, encrypted_ = false, decrypts_ = false;
  int version_ = 2;
  std::string token_, etag_, meta_, title_;
  std::vector<std::string> descriptions_;
  std::vector<TrackInfo> tracks_;
  std::vector<Chapter> chapters_;
  double duration_ = 0;
  Work::Dearest dearest_plan_{Work::kUnknown};
  std::mutex mutex_;
  std::vector<std::unique_ptr<OwnedReader>> idle_;
  std::unordered_map<std::string, Kept> cache_;
  std::list<std::string> order_;  // keys, the one that was used last in front
  size_t cache_bytes_ = 0;
  std::set<std::string> being_made_;
  std::condition_variable made_;
};

// The files that were opened last.
class MediaFiles {
 public:
  MediaFiles(const Catalogue& catalogue, const FileKeys& keys)
      : catalogue_(catalogue), keys_(keys) {}
  // The file as it is now. Throws HttpError. Of two requests for a new file one opens it, and the
  // other waits (Work::Lock).
  std::shared_ptr<MediaFile> Get(const std::string& name);
  // Forgets files that were not asked for lately, and those that are gone.
  void Trim();

 private:
  static constexpr size_t kMostOpen = 64;
  struct Slot {
    std::timed_mutex opening;
    std::shared_ptr<MediaFile> file;
    uint64_t used = 0;
  };
  const Catalogue& catalogue_;
  const FileKeys& keys_;
  const std::shared_ptr<LargeResults> large_ = std::make_shared<LargeResults>();
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Slot>> slots_;
  uint64_t clock_ = 0;
};

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_MEDIA_FILE_H_
