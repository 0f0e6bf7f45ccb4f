// SPDX-License-Identifier: MIT
#include "core/verify.h"

#include <h4mk/protection.h>

#include <atomic>
#include <condition_variable>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/file_input.h"
#include "core/service.h"

namespace h4mk::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMostVerifications = 2;  // at once: each reads a whole file
constexpr size_t kMostProblems = 100;  // that are told one by one
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

// h4mk_verify() of a file, with what it tells on the way.
class Verification {
 public:
  explicit Verification(Call& call)
      : catalogue_(call.service.catalogue()),
        keys_(call.service.options().file_keys),
        name_(call.Path("name")) {
    FileState state;
    const auto file = catalogue_.Open(name_, &state);
    size_ = state.size;
    io_ = FileInput(file, size_);
  }
  ~Verification() { h4mk_io_close(&io_); }
  Verification(const Verification&) = delete;
  Verification& operator=(const Verification&) = delete;

  // On a thread that does a request's work. Throws HttpError where that has to end.
  std::string Run() {
    h4mk_task task = H4MK_TASK_INIT;
    task.opaque = this;
    task.progress = [](void* opaque, int64_t done, int64_t total) {
      auto& self = *static_cast<Verification*>(opaque);
      if (total > 0) self.progress_ = static_cast<double>(done) / static_cast<double>(total);
      try {
        Work::Check(self.size_);
        return 0;
      } catch (const HttpError&) {
        self.ended_ = std::current_exception();
        return 1;
      }
    };
    task.problem = [](void* opaque, const h4mk_problem* problem) {
      static_cast<Verification*>(opaque)->Add(*problem);
    };
    h4mk_verify_options options = H4MK_VERIFY_OPTIONS_INIT;
    options.task = &task;
    if (!keys_.verification().empty()) options.verify_key = keys_.verification().c_str();
    options.open_beside = [](void* opaque, const char* other, h4mk_io* io) {
      const auto& self = *static_cast<Verification*>(opaque);
      return OpenInput(self.catalogue_.OpenBeside(self.name_, other), io);
    };
    options.beside_opaque = this;
    h4mk_value* report = nullptr;
    const h4mk_status status = h4mk_verify(&io_, &options, &report);
    const std::unique_ptr<h4mk_value, decltype(&h4mk_value_free)> owner(report, h4mk_value_free);
    if (ended_) std::rethrow_exception(ended_);
    Json json = {{"ok", status == H4MK_OK}, {"status", h4mk_strerror(status)}};
    json["problems"] = problems_;
    if (report != nullptr) json["report"] = Json::parse(h4mk_value_to_json(report), nullptr, false);
    return EscapeHidden(json.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  double progress() const { return progress_; }

 private:
  void Add(const h4mk_problem& problem) {
    if (problems_.size() < kMostProblems && problem.code != H4MK_OK)
      problems_.push_back({{"offset", problem.offset}, {"message", problem.message}});
  }

  const Ticket ticket_;
  const Catalogue& catalogue_;
  const FileKeys& keys_;
  const std::string name_;
  uint64_t size_ = 0;
  h4mk_io io_ = H4MK_IO_INIT;
  std::atomic<double> progress_{0};
  std::exception_ptr ended_;
  Json problems_ = Json::array();
};

// The verification runs in a thread of its own, which ends when nobody wants to know any more.
class VerifyEvents final : public BodySource {
 public:
  explicit VerifyEvents(Call& call) : verification_(call) {
    thread_ = std::thread([this] {
      std::string result;
      try {
        const IsAbandoned is_abandoned = [this] { return is_abandoned_.load(); };
        const Work work(is_abandoned);
        result = verification_.Run();
      } catch (const std::exception& error) {
        result = Json{{"ok", false}, {"status", error.what()}}.dump();
      }
      const std::lock_guard lock(mutex_);
      result_ = std::move(result);
      ended_.notify_one();
    });
  }
  ~VerifyEvents() override {
    is_abandoned_ = true;
    thread_.join();
  }
  bool Next(std::string* text) override {
    std::unique_lock lock(mutex_);
    if (ended_.wait_for(lock, std::chrono::milliseconds(200),
                        [this] { return !result_.empty(); })) {
      *text += "event: done\ndata: " + result_ + "\n\n";
      return false;
    }
    char progress[64];
    std::snprintf(progress, sizeof progress, "event: progress\ndata: {\"progress\":%.4f}\n\n",
                  verification_.progress());
    *text += progress;
    return true;
  }

 private:
  Verification verification_;
  std::atomic<bool> is_abandoned_{false};
  std::mutex mutex_;
  std::condition_variable ended_;
  std::string result_;
  std::thread thread_;
};

Response Verify(Call& call) {
  Response response;
  if (call.request.method == "HEAD") {
    response = TextResponse("application/json", "");
  } else if (call.request.Header("Accept").find("text/event-stream") != std::string_view::npos ||
             call.Flag("events")) {
    response.Set("Content-Type", "text/event-stream");
    response.source = std::make_shared<VerifyEvents>(call);
  } else {
    response = TextResponse("application/json", Verification(call).Run() + "\n");
  }
  response.Set("Cache-Control", "no-store");
  return response;
}

// That a block is in the file that was signed, for whoever has the public key and not the file.
Response Prove(Call& call) {
  const auto file = call.File();
  if (call.service.options().file_keys.verification().empty())
    throw HttpError(404, "proofs need the public key of the files (--verify-key)");
  const auto reader = file->OpenSigned();
  const auto check = [&](h4mk_status status) {
    if (status != H4MK_OK)
      throw HttpError(status == H4MK_ERR_NOT_FOUND || status == H4MK_ERR_ARGUMENT ? 404 : 422,
                      h4mk_reader_message(reader->handle));
  };
  h4mk_block block = H4MK_BLOCK_INIT;
  check(h4mk_reader_read_block(reader->handle,
                               static_cast<uint32_t>(file->track(call.PathNumber("track")).index),
                               call.PathNumber("number"), &block));
  h4mk_value* proof = nullptr;
  check(h4mk_reader_prove(reader->handle, &proof));
  const std::unique_ptr<h4mk_value, decltype(&h4mk_value_free)> owner(proof, h4mk_value_free);
  Response response =
      TextResponse("application/json", h4mk_value_to_json(proof) + std::string("\n"));
  response.Set("Cache-Control", "no-cache");
  return response;
}

}  // namespace

void AddVerifyRoutes(Router* router) {
  router->GetSlow("Files", "/api/files/{name...}/verify",
                  "Every checksum of the file; with Accept: text/event-stream (or events=1) "
                  "progress comes while it is read",
                  "application/json", Verify,
                  {{"events", "boolean", "answer with server-sent events"}});
  router->GetSlow("Tracks", "/api/files/{name...}/tracks/{track}/blocks/{number}/proof",
                  "A proof that the block is in the signed file: h4mk verify --proof reads it",
                  "application/json", Prove);
}

}  // namespace h4mk::server
