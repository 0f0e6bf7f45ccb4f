// SPDX-License-Identifier: MIT
#include "core/verify.h"

#include <unistd.h>

#include <atomic>

#include "core/service.h"

namespace h4mk::server {
namespace {

constexpr int kMostVerifications = 2;  // at once: each reads a whole file
std::atomic<int> g_running{0};

struct Ticket {
  Ticket() {
    if (++g_running > kMostVerifications) {
      --g_running;
      throw HttpError(503, "other files are being verified; try again");
    }
  }
  ~Ticket() { --g_running; }
};

// Goes through all chunks, then through all blocks: a chunk whose bytes do not match its checksum,
// and each block that is damaged, is a problem. The state of the verification between two pieces of
// it.
class Verification {
 public:
  explicit Verification(std::shared_ptr<MediaFile> file) : file_(std::move(file)), lease_(*file_) {}

  // Some work; false when nothing is left to do.
  bool Step() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
    while (std::chrono::steady_clock::now() < until)
      if (!(in_chunks_ ? StepChunk() : StepBlock())) return false;
    return true;
  }
  double progress() const {
    const double part = static_cast<double>(offset_) /
                        static_cast<double>(std::max<uint64_t>(1, file_->state().size));
    return std::min(1.0, in_chunks_ ? part / 2 : 0.5 + part / 2);
  }
  std::string Json() const {
    std::string json =
        "{\"ok\":" + std::string(problems_ == 0 && file_->is_closed() ? "true" : "false") +
        ",\"closed\":" + (file_->is_closed() ? "true" : "false") +
        ",\"chunks\":" + std::to_string(chunks_) + ",\"blocks\":" + std::to_string(blocks_) +
        ",\"problems\":" + std::to_string(problems_) + ",\"messages\":[";
    for (size_t i = 0; i < messages_.size(); ++i) json += (i ? "," : "") + JsonText(messages_[i]);
    return json + "]}";
  }

 private:
  static constexpr size_t kMostMessages = 100;

  void Problem(std::string message) {
    ++problems_;
    if (messages_.size() < kMostMessages) messages_.push_back(std::move(message));
  }

  bool StepChunk() {
    h4mk_chunk chunk = {};
    const h4mk_status status =
        h4mk_reader_chunk(lease_.get(), static_cast<int64_t>(offset_), &chunk);
    if (status != H4MK_OK) {
      if (status != H4MK_END) Problem(h4mk_reader_message(lease_.get()));
      in_chunks_ = false;
      offset_ = 0;
      return true;
    }
    const uint8_t* data = nullptr;
    size_t size = 0;
    // Clusters are read with their blocks; what the checksum of the chunk sees besides is its
    // index.
    if (h4mk_reader_chunk_payload(lease_.get(), &chunk, &data, &size) != H4MK_OK)
      Problem(h4mk_reader_message(lease_.get()));
    ++chunks_;
    offset_ = static_cast<uint64_t>(chunk.next);
    return true;
  }

  bool StepBlock() {
    h4mk_block block = H4MK_BLOCK_INIT;
    const h4mk_status status = h4mk_reader_next(lease_.get(), &block);
    if (status == H4MK_END || status == H4MK_AGAIN) return false;
    if (status == H4MK_OK) {
      ++blocks_;
      if (block.offset > 0) offset_ = std::max(offset_, static_cast<uint64_t>(block.offset));
      return true;
    }
    Problem(h4mk_reader_message(lease_.get()));
    // Each report passes over some bytes; an input that cannot be read at all reports for ever.
    return (status == H4MK_ERR_CORRUPT || status == H4MK_ERR_UNSUPPORTED ||
            status == H4MK_ERR_NOT_FOUND) &&
           problems_ <= file_->state().size;
  }

  std::shared_ptr<MediaFile> file_;
  MediaFile::Lease lease_;
  bool in_chunks_ = true;
  uint64_t offset_ = 0, chunks_ = 0, blocks_ = 0, problems_ = 0;
  std::vector<std::string> messages_;
};

class VerifyEvents final : public BodySource {
 public:
  explicit VerifyEvents(std::shared_ptr<MediaFile> file) : verification_(std::move(file)) {}
  bool Next(std::string* text) override {
    const bool more = verification_.Step();
    if (more) {
      char progress[64];
      std::snprintf(progress, sizeof progress, "event: progress\ndata: {\"progress\":%.4f}\n\n",
                    verification_.progress());
      *text += progress;
      return true;
    }
    *text += "event: done\ndata: " + verification_.Json() + "\n\n";
    return false;
  }

 private:
  Ticket ticket_;
  Verification verification_;
};

// Readers of a MediaFile keep what they have read; a verification reads anew, so it opens the file
// for itself.
std::shared_ptr<MediaFile> Fresh(Call& call) {
  FileState state;
  const std::string name = call.Path("name");
  const auto file = call.service.catalogue().Open(name, &state);
  const Catalogue& catalogue = call.service.catalogue();
  return std::make_shared<MediaFile>(
      name, file, state,
      [&catalogue, name](const std::string& other) { return catalogue.OpenBeside(name, other); });
}

Response Verify(Call& call) {
  const auto file = Fresh(call);
  if (call.request.method == "HEAD") return TextResponse("application/json", "");
  if (call.request.Header("Accept").find("text/event-stream") != std::string_view::npos ||
      call.Flag("events")) {
    Response response;
    response.Set("Content-Type", "text/event-stream");
    response.Set("Cache-Control", "no-store");
    response.source = std::make_shared<VerifyEvents>(file);
    return response;
  }
  const Ticket ticket;
  Verification verification(file);
  while (verification.Step()) {
  }
  Response response = TextResponse("application/json", verification.Json() + "\n");
  response.Set("Cache-Control", "no-store");
  return response;
}

}  // namespace

void AddVerifyRoutes(Router* router) {
  router->Add({"GET",
               "/api/files/{name...}/verify",
               "Every checksum of the file; with Accept: text/event-stream (or events=1) progress "
               "comes while it is read",
               "application/json",
               {{Parameter::kPath, "name", "string", "path below the folder, without .h4mk"},
                {Parameter::kQuery, "events", "boolean", "answer with server-sent events"}},
               Verify,
               true,
               "Files"});
}

}  // namespace h4mk::server
