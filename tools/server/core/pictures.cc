// SPDX-License-Identifier: MIT
#include "core/pictures.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/service.h"
#include "media/fmp4.h"
#include "media/hls.h"

namespace h4mk::server {
namespace {

constexpr int kMostMilliseconds = 10'000;  // of one run of the decoder
constexpr rlim_t kMostMemory = 2u << 30;
constexpr uint64_t kMostFilmBytes = 64 << 20;  // of key frames for one picture, in memory
constexpr uint64_t kCellWidth = 160, kColumns = 5, kCells = kColumns * kColumns;

// A file in memory.
class MemoryFile {
 public:
  MemoryFile() : fd_(memfd_create("h4mkd", MFD_CLOEXEC)) {
    if (fd_ < 0) throw HttpError(503, "no memory for a picture");
  }
  ~MemoryFile() { close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  int fd() const { return fd_; }
  void Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = write(fd_, bytes.data(), bytes.size());
      if (n <= 0) throw HttpError(503, "no memory for a picture");
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  std::string Read() const {
    std::string bytes(static_cast<size_t>(lseek(fd_, 0, SEEK_END)), '\0');
    const ssize_t n = pread(fd_, bytes.data(), bytes.size(), 0);
    bytes.resize(n < 0 ? 0 : static_cast<size_t>(n));
    return bytes;
  }

 private:
  const int fd_;
};

// Sockets of clients, and the one that takes new ones: not all of them are closed by exec.
void CloseOthers() {
  if (syscall(SYS_close_range, 3, ~0u, 0) == 0) return;
  rlimit most = {};  // a kernel before 5.9
  getrlimit(RLIMIT_NOFILE, &most);
  for (rlim_t fd = 3; fd < most.rlim_cur; ++fd) close(static_cast<int>(fd));
}

// Between fork and exec: only calls that are safe there. The decoder gets no environment, no files
// but these two, no new privileges, and bounded time and memory.
[[noreturn]] void RunChild(const char* program, char* const* arguments, int input, int output,
                           int null) {
  const rlimit cpu = {10, 10}, memory = {kMostMemory, kMostMemory}, core = {0, 0},
               size = {64 << 20, 64 << 20};
  setrlimit(RLIMIT_CPU, &cpu);
  setrlimit(RLIMIT_AS, &memory);
  setrlimit(RLIMIT_CORE, &core);
  setrlimit(RLIMIT_FSIZE, &size);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (dup2(input, 0) >= 0 && dup2(output, 1) >= 0 && dup2(null, 2) >= 0) {
    CloseOthers();
    static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
    char* const environment[] = {path, nullptr};
    execvpe(program, arguments, environment);
  }
  _exit(127);
}

// Pictures of an MP4, through a filter, as one JPEG. Throws HttpError: 422 if they cannot be
// decoded, 503 if that could not be tried.
std::string MakeJpeg(const std::string& program, const std::string& mp4,
                     const std::string& filter) {
  if (program.empty()) throw HttpError(501, "pictures need FFmpeg (--ffmpeg)");
  MemoryFile input, output;
  input.Write(mp4);
  lseek(input.fd(), 0, SEEK_SET);
  std::vector<std::string> words = {"ffmpeg",
                                    "-v",
                                    "error",
                                    "-nostdin",
                                    "-threads",
                                    "1",
                                    "-protocol_whitelist",
                                    "fd,file,pipe",
                                    "-f",
                                    "mov",
                                    "-i",
                                    "pipe:0",
                                    "-map",
                                    "0:v:0",
                                    "-fps_mode",
                                    "passthrough",
                                    "-vf",
                                    filter,
                                    "-frames:v",
                                    "1",
                                    "-q:v",
                                    "4",
                                    "-c:v",
                                    "mjpeg",
                                    "-strict",
                                    "-1",
                                    "-f",
                                    "image2pipe",
                                    "pipe:1"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  const pid_t child = fork();
  if (child == 0) RunChild(program.c_str(), arguments.data(), input.fd(), output.fd(), null);
  close(null);
  if (child < 0) throw HttpError(503, "no process for a picture");
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  pollfd wait = {handle, POLLIN, 0};
  if (handle < 0 || poll(&wait, 1, kMostMilliseconds) != 1) kill(child, SIGKILL);
  if (handle >= 0) close(handle);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  std::string jpeg = output.Read();
  if (!WIFEXITED(status)) throw HttpError(503, "decoding the picture took too long");
  if (WEXITSTATUS(status) == 127) throw HttpError(503, "there is no FFmpeg to decode the picture");
  if (WEXITSTATUS(status) != 0 || !jpeg.starts_with("\xFF\xD8"))
    throw HttpError(422, "the picture cannot be decoded");
  return jpeg;
}

size_t PictureTrack(MediaFile& file) {
  const Streams streams = StreamsOf(file);
  if (streams.video.empty()) throw HttpError(404, "the file has no pictures that can be decoded");
  return streams.video[0];
}

// A film of some key frames.
std::string KeyFrameFilm(MediaFile& file, size_t track, const std::vector<int64_t>& times) {
  std::string film = InitSegment(file, track);
  uint32_t number = 0;
  for (const int64_t time : times) {
    h4mk_block_info block = H4MK_BLOCK_INFO_INIT;
    {
      MediaFile::Lease lease(file);
      lease.Check(h4mk_reader_keyframe(lease.get(), static_cast<uint32_t>(track), time, &block));
    }
    const Body segment = MediaSegment(
        file, track, ReadSamples(file, track, {block.ordinal, block.ordinal + 1}), ++number);
    if (film.size() + segment.size() > kMostFilmBytes)
      throw HttpError(422, "the pictures have more than 64 MiB");
    film += segment.Read();
  }
  return film;
}

std::shared_ptr<const std::string> CachedJpeg(MediaFile& file, const std::string& key,
                                              const std::function<std::string()>& make) {
  return file.Cached<std::string>(key,
                                  [&]() -> std::pair<std::shared_ptr<const std::string>, size_t> {
                                    auto jpeg = std::make_shared<const std::string>(make());
                                    return {jpeg, jpeg->size()};
                                  });
}

Response Jpeg(const MediaFile& file, const std::string& key,
              std::shared_ptr<const std::string> jpeg) {
  Response response;
  response.Set("Content-Type", "image/jpeg");
  response.Set("Cache-Control", "no-cache");
  std::string etag = file.etag();
  etag.insert(etag.size() - 1, "-" + key);
  response.Set("ETag", etag);
  response.body.Append(std::move(jpeg));
  return response;
}

Response PictureAt(Call& call, MediaFile& file, double seconds, uint64_t width) {
  const size_t track = PictureTrack(file);
  const TrackInfo& info = file.track(track);
  const auto keys = KeyFramesOf(file, track);
  if (keys->times.empty()) throw HttpError(404, "the file has no key frames");
  const auto ticks =
      static_cast<int64_t>(std::clamp(seconds, 0.0, 1e9) * static_cast<double>(info.time_base_den) /
                           static_cast<double>(info.time_base_num));
  const auto behind = std::upper_bound(keys->times.begin(), keys->times.end(), ticks);
  const int64_t time = behind == keys->times.begin() ? keys->times.front() : *std::prev(behind);
  const std::string key = "jpeg" + std::to_string(time) + "-" + std::to_string(width);
  return Jpeg(file, key, CachedJpeg(file, key, [&] {
                return MakeJpeg(call.service.options().ffmpeg, KeyFrameFilm(file, track, {time}),
                                "scale=" + std::to_string(width) + ":-2");
              }));
}

Response Thumbnail(Call& call) {
  const auto file = call.File();
  const uint64_t width = call.Number("width", 320, 1920);
  if (width < 16) throw HttpError(400, "width must be 16 to 1920");
  return PictureAt(call, *file, call.Seconds("t", 0), width / 2 * 2);
}

// A cover, if the file has one; else a picture from a tenth of the film on, which is rarely black.
Response Poster(Call& call) {
  const auto file = call.File();
  for (const TrackInfo& track : file->tracks()) {
    const bool is_jpeg = track.codec == "mjpeg";
    if (!track.is_picture || track.block_count == 0 || (!is_jpeg && track.codec != "png") ||
        file->is_locked())
      continue;
    MediaFile::Lease lease(*file);
    h4mk_block block = H4MK_BLOCK_INIT;
    lease.Check(h4mk_reader_read_block(lease.get(), track.index, 0, &block));
    Response response = Jpeg(
        *file, "cover",
        std::make_shared<const std::string>(reinterpret_cast<const char*>(block.data), block.size));
    response.Set("Content-Type", is_jpeg ? "image/jpeg" : "image/png");
    return response;
  }
  return PictureAt(call, *file, file->duration() / 10, 480);
}

// The times of pictures for scrubbing: the begins of segments, each second one and so on of long
// films, so that there are at most 400.
std::vector<int64_t> SpriteTimes(MediaFile& file, size_t track) {
  const auto table = SegmentsOf(file, track);
  const size_t step = table->segments.size() / 400 + 1;
  std::vector<int64_t> times;
  for (size_t i = 0; i < table->segments.size(); i += step)
    times.push_back(table->segments[i].start);
  return times;
}

uint64_t CellHeight(const TrackInfo& track) {
  return track.width > 0 ? std::clamp<uint64_t>(kCellWidth * static_cast<uint64_t>(track.height) /
                                                    static_cast<uint64_t>(track.width) / 2 * 2,
                                                2, 640)
                         : 90;
}

Response Sprite(Call& call) {
  const auto file = call.File();
  const uint64_t number = call.PathNumber("number");
  const size_t track = PictureTrack(*file);
  const std::vector<int64_t> times = SpriteTimes(*file, track);
  if (number * kCells >= times.size()) throw HttpError(404, "there is no such sheet of pictures");
  const std::string key = "sprite" + std::to_string(number);
  return Jpeg(*file, key, CachedJpeg(*file, key, [&] {
    const auto begin = times.begin() + static_cast<ptrdiff_t>(number * kCells);
    const std::vector<int64_t> chosen(
        begin, begin + std::min<ptrdiff_t>(static_cast<ptrdiff_t>(kCells), times.end() - begin));
    return MakeJpeg(call.service.options().ffmpeg, KeyFrameFilm(*file, track, chosen),
                    "scale=" + std::to_string(kCellWidth) + ":" +
                        std::to_string(CellHeight(file->track(track))) +
                        ",tile=5x5:nb_frames=" + std::to_string(chosen.size()));
  }));
}

std::string Stamp(double seconds) {
  char text[40];
  const auto ms = static_cast<int64_t>(std::max(0.0, seconds) * 1000);
  std::snprintf(text, sizeof text, "%02lld:%02lld:%02lld.%03lld",
                static_cast<long long>(ms / 3'600'000), static_cast<long long>(ms / 60'000 % 60),
                static_cast<long long>(ms / 1000 % 60), static_cast<long long>(ms % 1000));
  return text;
}

Response Sprites(Call& call) {
  const auto file = call.File();
  const size_t track = PictureTrack(*file);
  const TrackInfo& info = file->track(track);
  const std::vector<int64_t> times = SpriteTimes(*file, track);
  const uint64_t height = CellHeight(info);
  std::string text = "WEBVTT\n";
  for (size_t i = 0; i < times.size(); ++i) {
    const uint64_t cell = i % kCells;
    text += "\n" + Stamp(info.Seconds(times[i])) + " --> " +
            Stamp(info.Seconds(i + 1 < times.size() ? times[i + 1] : info.end_pts)) + "\nsprite-" +
            std::to_string(i / kCells) +
            ".jpg#xywh=" + std::to_string(cell % kColumns * kCellWidth) + "," +
            std::to_string(cell / kColumns * height) + "," + std::to_string(kCellWidth) + "," +
            std::to_string(height) + "\n";
  }
  Response response = TextResponse("text/vtt; charset=utf-8", std::move(text));
  response.Set("Cache-Control", "no-cache");
  return response;
}

}  // namespace

void AddPictureRoutes(Router* router) {
  const std::string file = "/api/files/{name...}/";
  router->GetSlow("Pictures", file + "poster.jpg", "The cover, or a picture of the film",
                  "image/jpeg", Poster);
  router->GetSlow("Pictures", file + "thumbnail.jpg", "The key frame for a time", "image/jpeg",
                  Thumbnail,
                  {{"t", "number", "seconds"}, {"width", "integer", "16 to 1920, default 320"}});
  router->GetSlow("Pictures", file + "sprites.vtt",
                  "WebVTT that names a picture for each time, for scrubbing", "text/vtt", Sprites);
  router->GetSlow("Pictures", file + "sprite-{number}.jpg", "A sheet of these pictures",
                  "image/jpeg", Sprite);
}

}  // namespace h4mk::server
