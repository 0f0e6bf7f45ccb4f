// SPDX-License-Identifier: MIT
#include "front/front.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/sendfile.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <csignal>
#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "core/hosts.h"
#include "core/secret_file.h"
#include "core/text.h"
#include "core/work.h"
#include "front/access_log.h"
#include "front/http_head.h"
#include "front/metrics.h"
#include "front/watch.h"

namespace h4mk::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using Timer =
    asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, asio::io_context::executor_type>;
using TlsStream = asio::ssl::stream<Socket>;
template <typename T>
using Awaitable = asio::awaitable<T, asio::io_context::executor_type>;
constexpr asio::use_awaitable_t<asio::io_context::executor_type> kAwait;

constexpr size_t kCopyBytes = 64 << 10;       // a chunk of a file that cannot be sent by sendfile
constexpr size_t kSendfileBytes = 512 << 10;  // then others of this thread have their turn
constexpr std::string_view kHeadEnd = "\r\n\r\n";
// Two verifications may run at once, and cuts, pictures and the folder's walk beside them.
constexpr unsigned kSlowThreads = 4;
constexpr int64_t kMostSlow = 64;
constexpr unsigned kOriginThreads = 32;           // that wait for another server
constexpr uint64_t kMostUploads = 4;              // of the largest size, in memory at once
constexpr size_t kOriginBytes = 256 << 10;        // that it is asked for at once
constexpr uint64_t kMostAnswerBytes = 512 << 20;  // of large texts of answers, in memory at once

// What has a deadline: closed when it has passed.
struct Watched {
  Clock::time_point deadline = Clock::time_point::max();
  bool is_idle = false;  // between two requests
  virtual Socket& socket() = 0;

  void Close() {
    error_code ignored;
    socket().close(ignored);
  }
  // What was not sent yet is thrown away: else the kernel would keep it for a client that does not
  // read, long after the server has forgotten it.
  void Reset() {
    error_code ignored;
    socket().set_option(tcp::socket::linger(true, 0), ignored);
    Close();
  }

 protected:
  ~Watched() = default;
};

// Requests that wait for the same answer: thousands of players want one part, which is asked for
// once whenever files have changed.
struct Waiting {
  Request request;
  std::list<Timer*> timers;  // one a connection
  std::shared_ptr<const Response> answer;
  bool is_asked = false;   // a worker makes the answer
  bool ask_again = false;  // files have changed since it began
};

// A core: its connections, and what they wait for.
struct Core {
  Core(Service& answers, Metrics& counters, asio::thread_pool& threads)
      : service(answers), metrics(counters), workers(threads) {}
  Service& service;
  Metrics& metrics;
  asio::thread_pool& workers;
  std::list<Watched*> connections;
  std::unordered_map<std::string, std::shared_ptr<Waiting>> waiting;
  // Declared last, so destroyed first: its coroutines use the lists above.
  asio::io_context context{1};

  // Answers those whose answer is there by now.
  void AskAgain() {
    for (const auto& [key, group] : waiting) AskFor(key, group);
  }
  void AskFor(const std::string& key, const std::shared_ptr<Waiting>& group) {
    group->ask_again = group->is_asked;
    if (std::exchange(group->is_asked, true)) return;
    asio::post(workers, [this, key, group] {
      auto answer = std::make_shared<const Response>(service.Handle(group->request));
      asio::post(context, [this, key, group, answer] { Take(key, group, answer); });
    });
  }
  void Take(const std::string& key, const std::shared_ptr<Waiting>& group,
            std::shared_ptr<const Response> answer) {
    group->is_asked = false;
    if (answer->wait.count() > 0) {
      if (group->ask_again) AskFor(key, group);
      return;
    }
    group->answer = std::move(answer);
    for (Timer* timer : group->timers) timer->cancel();
    const auto found = waiting.find(key);
    if (found != waiting.end() && found->second == group) waiting.erase(found);
  }
  void StopWaiting() {
    for (const auto& [key, group] : waiting)
      for (Timer* timer : group->timers) timer->cancel();
  }
  Awaitable<void> Sweep() {
    Timer timer(context.get_executor());
    for (;;) {
      timer.expires_after(std::chrono::seconds(1));
      co_await timer.async_wait(kAwait);
      // Where no event tells of changes (network file systems) this is how they are noticed.
      AskAgain();
      const auto now = Clock::now();
      for (Watched* connection : connections)
        if (connection->deadline < now) {
          connection->deadline = Clock::time_point::max();
          ++metrics.connections_timed_out;
          connection->Reset();
        }
    }
  }
};

// Connections of each address.
class AddressCount {
 public:
  bool Enter(const asio::ip::address& address, uint32_t most) {
    const std::lock_guard lock(mutex_);
    uint32_t& count = counts_[address];
    if (most != 0 && count >= most) return false;
    ++count;
    return true;
  }
  void Leave(const asio::ip::address& address) {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(address);
    if (found != counts_.end() && --found->second == 0) counts_.erase(found);
  }

 private:
  std::mutex mutex_;
  std::map<asio::ip::address, uint32_t> counts_;
};

// What a connection has of the bodies that are in memory: slow clients send the largest for hours.
class BodyBytes {
 public:
  BodyBytes(std::atomic<uint64_t>& all, uint64_t most) : all_(all), most_(most) {}
  ~BodyBytes() { GiveBack(); }
  bool Take(uint64_t bytes) {
    own_ += bytes;
    return (all_ += bytes) <= most_;
  }
  void GiveBack() { all_ -= std::exchange(own_, 0); }

 private:
  std::atomic<uint64_t>& all_;
  const uint64_t most_;
  uint64_t own_ = 0;
};

// The large texts of answers that are sent: slow clients hold them for hours. A text counts once
// however many get it.
class AnswerTexts {
 public:
  // The answer, counted until its last pointer is gone; 503 if that would be too much.
  std::shared_ptr<const Response> Hold(std::shared_ptr<const Response> answer) {
    if (LargeTexts(*answer).empty()) return answer;
    if (!Count(*answer))
      return std::make_shared<const Response>(
          ErrorResponse(503, "too many large answers at once; try again"));
    const Response* const response = answer.get();
    return {response, [this, answer](const Response*) { Forget(*answer); }};
  }

 private:
  static std::vector<const std::string*> LargeTexts(const Response& answer) {
    std::vector<const std::string*> texts;
    for (const Part& part : answer.body.parts())
      if (const auto* memory = std::get_if<MemorySpan>(&part);
          memory != nullptr && memory->text->size() > kCopyBytes)
        texts.push_back(memory->text.get());
    return texts;
  }
  // False: that would be too much, and is not counted.
  bool Count(const Response& answer) {
    const std::lock_guard lock(mutex_);
    for (const std::string* text : LargeTexts(answer))
      if (++holders_[text] == 1) bytes_ += text->size();
    if (bytes_ <= kMostAnswerBytes) return true;
    TakeOff(answer);
    return false;
  }
  void Forget(const Response& answer) {
    const std::lock_guard lock(mutex_);
    TakeOff(answer);
  }
  // REQUIRES: mutex_ is held.
  void TakeOff(const Response& answer) {
    for (const std::string* text : LargeTexts(answer)) {
      const auto found = holders_.find(text);
      if (--found->second > 0) continue;
      bytes_ -= text->size();
      holders_.erase(found);
    }
  }

  std::mutex mutex_;
  std::unordered_map<const std::string*, uint32_t> holders_;
  uint64_t bytes_ = 0;
};

struct Shared {
  Service& service;
  const FrontOptions& options;
  Metrics metrics;
  AccessLog log;
  AddressCount addresses;
  std::atomic<uint64_t> body_bytes{0};
  AnswerTexts texts;
  std::vector<std::unique_ptr<Core>> cores;
  // Declared behind the cores, so destroyed before them: jobs that were never begun hold on to
  // coroutines of theirs.
  asio::thread_pool workers{std::max(2u, std::thread::hardware_concurrency())};
  asio::thread_pool slow{kSlowThreads};
  asio::thread_pool origin;
  std::atomic<bool> stopping{false};

  Shared(Service& s, const FrontOptions& o)
      : service(s),
        options(o),
        log(o.access_log),
        origin(s.options().has_origin ? kOriginThreads : 1) {}
};

std::string HttpDate() {
  thread_local std::time_t last = 0;
  thread_local char text[40];
  const std::time_t now = std::time(nullptr);
  if (now != last) {
    std::tm parts = {};
    gmtime_r(&now, &parts);
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    last = now;
  }
  return text;
}

bool HasBody(const Response& response) { return response.status != 204 && response.status != 304; }

std::string HeadOf(const Response& response, bool keep_alive) {
  std::string head;
  head.reserve(512);
  head += "HTTP/1.1 " + std::to_string(response.status) + " " + ReasonOf(response.status) + "\r\n";
  for (const auto& [name, value] : response.headers) {
    head += name + ": ";
    for (const char c : value) head.push_back(c == '\r' || c == '\n' ? ' ' : c);
    head += "\r\n";
  }
  if (response.source != nullptr)
    head += "Transfer-Encoding: chunked\r\n";
  else if (HasBody(response))
    head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  head += "Date: " + HttpDate() + "\r\n";
  return head + (keep_alive ? "\r\n" : "Connection: close\r\n\r\n");
}

Response Misdirected(std::string_view host) {
  Response response = ErrorResponse(
      421, "requests for " + std::string(host) +
               " are not answered here, unless h4mkd is started with --allowed-host and this name");
  response.Set("X-Content-Type-Options", "nosniff");
  return response;
}

// Runs a function on threads that serve no connections, and comes back.
template <typename F>
Awaitable<std::invoke_result_t<F>> OnThread(asio::thread_pool& threads, F function) {
  std::optional<std::invoke_result_t<F>> result;
  std::exception_ptr error;
  co_await asio::async_initiate<decltype(kAwait), void()>(
      [&](auto handler) {
        auto work = std::make_shared<decltype(handler)>(std::move(handler));
        const auto executor = asio::get_associated_executor(*work);
        asio::post(threads, [&, work, guard = asio::make_work_guard(executor), executor] {
          try {
            result.emplace(function());
          } catch (...) {
            error = std::current_exception();
          }
          asio::post(executor, [work] { std::move (*work)(); });
        });
      },
      kAwait);
  if (error) std::rethrow_exception(error);
  co_return std::move(*result);
}

// The same for those few that read much.
template <typename F>
Awaitable<std::invoke_result_t<F>> OnSlowThread(Shared& shared, asio::thread_pool& threads,
                                                F function) {
  struct Running {
    Metrics& metrics;
    ~Running() { --metrics.slow_running; }
  };
  ++shared.metrics.slow_running;
  const Running running{shared.metrics};
  co_return co_await OnThread(threads, std::move(function));
}

Socket& SocketOf(Socket& socket) { return socket; }
Socket& SocketOf(TlsStream& stream) { return stream.next_layer(); }

template <typename Stream>
class Connection final : public Watched {
 public:
  Connection(Shared& shared, Core& core, Stream& stream, std::string peer,
             const AllowedHosts& hosts, std::function<Response(const Request&)> handler)
      : shared_(shared),
        core_(core),
        stream_(stream),
        peer_(std::move(peer)),
        hosts_(hosts),
        handler_(std::move(handler)) {
    place_ = core_.connections.insert(core_.connections.end(), this);
  }
  ~Connection() { core_.connections.erase(place_); }
  Socket& socket() override { return SocketOf(stream_); }

  Awaitable<void> Run() {
    std::string input;
    if constexpr (std::is_same_v<Stream, Socket>) stream_.non_blocking(true);
    while (!shared_.stopping) {
      error_code error;
      is_idle = input.empty();
      SetDeadline(shared_.options.idle_timeout);
      // The time for the head counts from its first byte.
      if (input.empty()) co_await ReadSome(&input, &error);
      is_idle = false;
      SetDeadline(shared_.options.head_timeout);
      size_t end = input.find(kHeadEnd);
      while (!error && end == std::string::npos && input.size() < kMostHeadBytes) {
        const size_t had = input.size();
        co_await ReadSome(&input, &error);
        end = input.find(kHeadEnd, had - std::min(had, kHeadEnd.size() - 1));
      }
      if (error) co_return;
      const size_t size = end + kHeadEnd.size();
      if (end == std::string::npos || size > kMostHeadBytes) {
        co_await Refuse(431, "the head of the request is larger than 8 KiB");
        co_return;
      }
      std::optional<Head> head;
      int refused = 0;
      std::string why;
      try {
        head = ParseHead(std::string_view(input).substr(0, size));
      } catch (const HttpError& e) {
        refused = e.status();
        why = e.what();
      }
      if (refused != 0) {
        co_await Refuse(refused, why);
        co_return;
      }
      input.erase(0, size);
      if (head->content_length > 0 && !co_await ReadBody(&*head, &input)) co_return;
      if (input.empty()) std::string().swap(input);
      const bool complete = co_await Answer(&*head);
      body_bytes_.GiveBack();
      if (!complete || !head->keep_alive) break;
    }
    co_await Finish();
  }

 private:
  void SetDeadline(std::chrono::seconds seconds) { deadline = Clock::now() + seconds; }

  // Appends what comes next. A connection that waits for it needs no memory, unless it is one of
  // TLS.
  Awaitable<void> ReadSome(std::string* input, error_code* error) {
    constexpr size_t kMost = 1024;
    const size_t had = input->size();
    size_t n = 0;
    if constexpr (std::is_same_v<Stream, Socket>) {
      co_await stream_.async_wait(tcp::socket::wait_read, asio::redirect_error(kAwait, *error));
      if (*error) co_return;
      input->resize(had + kMost);
      n = stream_.read_some(asio::buffer(input->data() + had, kMost), *error);
      if (*error == asio::error::would_block) error->clear();
    } else {
      input->resize(had + kMost);
      n = co_await stream_.async_read_some(asio::buffer(input->data() + had, kMost),
                                           asio::redirect_error(kAwait, *error));
    }
    input->resize(had + n);
  }

  Awaitable<bool> ReadBody(Head* head, std::string* input) {
    const uint64_t most = shared_.service.MostBody(head->request);
    if (head->content_length > most) {
      co_await Refuse(413, "a body may have " + std::to_string(most) + " bytes");
      co_return false;
    }
    error_code error;
    if (head->expects_continue) {
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      co_await asio::async_write(stream_, asio::buffer(kContinue),
                                 asio::redirect_error(kAwait, error));
      if (error) co_return false;
    }
    const auto length = static_cast<size_t>(head->content_length);
    std::string& body = head->request.body;
    body = input->substr(0, length);
    input->erase(0, body.size());
    const auto start = Clock::now();
    // Memory is taken as bytes come, not as the length promises.
    while (body.size() < length) {
      const size_t had = body.size();
      SetDeadlineOfTransfer(start, had);
      body.resize(std::min(length, had + kCopyBytes));
      const size_t n = co_await stream_.async_read_some(
          asio::buffer(body.data() + had, body.size() - had), asio::redirect_error(kAwait, error));
      if (error) co_return false;
      body.resize(had + n);
      if (!body_bytes_.Take(n)) {
        co_await Refuse(503, "too many uploads at once; try again");
        co_return false;
      }
    }
    co_return true;
  }

  Awaitable<void> Refuse(int status, std::string why) {
    Request request;
    request.method = "-";
    request.peer = peer_;
    Response response = ErrorResponse(status, why);
    sent_ = 0;
    send_start_ = Clock::now();
    co_await Send(response, false, false);
    Count(request, response, send_start_, true);
    co_await Finish();
  }

  // Answers are read by slow clients too: the end is sent first, then what still comes is thrown
  // away for a while, so that no reset destroys the answer on its way.
  Awaitable<void> Finish() {
    error_code error;
    if constexpr (!std::is_same_v<Stream, Socket>) {
      SetDeadline(std::chrono::seconds(2));
      co_await stream_.async_shutdown(asio::redirect_error(kAwait, error));
    }
    SocketOf(stream_).shutdown(tcp::socket::shutdown_send, error);
    SetDeadline(std::chrono::seconds(2));
    char trash[1024];
    while (!error)
      co_await SocketOf(stream_).async_read_some(asio::buffer(trash),
                                                 asio::redirect_error(kAwait, error));
  }

  Awaitable<Response> Ask(const Request& request) {
    if (const std::string_view host = request.Header("Host"); !hosts_.Has(host))
      co_return Misdirected(host);
    if (handler_) co_return handler_(request);
    Load load;
    if (std::optional<Response> quick = shared_.service.HandleQuickly(request, &load))
      co_return std::move(*quick);
    // The connection stays open meanwhile, so its descriptor stays its own.
    const IsAbandoned is_abandoned = [fd = SocketOf(stream_).native_handle()] {
      pollfd hung_up = {fd, POLLRDHUP, 0};
      return poll(&hung_up, 1, 0) != 0;
    };
    const auto handle = [&] { return shared_.service.Handle(request, is_abandoned); };
    if (!load.reads_much)
      co_return co_await OnThread(load.waits_for_origin ? shared_.origin : shared_.workers, handle);
    if (shared_.metrics.slow_running >= kMostSlow)
      co_return ErrorResponse(503, "too many long requests; try again");
    co_return co_await OnSlowThread(shared_, load.waits_for_origin ? shared_.origin : shared_.slow,
                                    handle);
  }

  Awaitable<std::shared_ptr<const Response>> WaitFor(Request* request, Clock::time_point end) {
    const std::string key = KeyOf(*request);
    std::shared_ptr<Waiting>& place = core_.waiting[key];
    const bool is_new = place == nullptr;
    if (is_new) place = std::make_shared<Waiting>(Waiting{*request, {}, nullptr});
    const std::shared_ptr<Waiting> group = place;
    // What came while the first of them was answered on another thread was told to nobody.
    if (is_new) core_.AskFor(key, group);
    Timer timer(core_.context.get_executor());
    timer.expires_at(end);
    const auto here = group->timers.insert(group->timers.end(), &timer);
    ++shared_.metrics.requests_waiting;
    error_code woken;
    co_await timer.async_wait(asio::redirect_error(kAwait, woken));
    --shared_.metrics.requests_waiting;
    group->timers.erase(here);
    if (group->answer != nullptr) co_return group->answer;
    const auto found = core_.waiting.find(key);
    if (group->timers.empty() && found != core_.waiting.end() && found->second == group)
      core_.waiting.erase(found);
    request->deadline_passed = true;
    co_return std::make_shared<const Response>(co_await Ask(*request));
  }

  // Two requests with the same key get the same answer.
  static std::string KeyOf(const Request& request) {
    std::string key = request.method + " " + request.target;
    for (const auto& [name, value] : request.headers)
      if (!SameName(name, "User-Agent")) key += "\n" + name + ":" + value;
    return key;
  }

  Awaitable<bool> Answer(Head* head) {
    const auto start = Clock::now();
    head->request.peer = peer_;
    deadline = Clock::time_point::max();
    auto response = std::make_shared<const Response>(co_await Ask(head->request));
    if (response->wait.count() > 0)
      response = co_await WaitFor(&head->request, start + response->wait);
    response = shared_.texts.Hold(std::move(response));
    head->keep_alive = head->keep_alive && !shared_.stopping;
    sent_ = 0;
    send_start_ = Clock::now();
    const bool complete =
        co_await Send(*response, head->keep_alive, head->request.method == "HEAD");
    Count(head->request, *response, start, complete);
    // The end of a source waits for its thread, which this one must not.
    if (response->source != nullptr)
      asio::post(shared_.slow, [last = std::exchange(response, nullptr)] {});
    co_return complete;
  }

  void Count(const Request& request, const Response& response, Clock::time_point start,
             bool complete) {
    const auto us = static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count());
    ++shared_.metrics.requests[static_cast<size_t>(response.status / 100) % 6];
    shared_.metrics.bytes_sent += sent_;
    shared_.metrics.microseconds += us;
    shared_.log.Write(request, response.status, sent_, us, complete);
  }

  // A client is cut off that takes or gives nothing for the grace, or less than the least rate
  // altogether. The rate alone would not do: buffers of the kernel take megabytes at once, and with
  // them half an hour.
  void SetDeadlineOfTransfer(Clock::time_point start, uint64_t bytes) {
    const FrontOptions& o = shared_.options;
    deadline = std::min(Clock::now(), start + std::chrono::seconds(bytes / o.least_send_rate)) +
               o.send_grace;
  }
  void Progress(uint64_t bytes) {
    sent_ += bytes;
    SetDeadlineOfTransfer(send_start_, sent_);
  }

  Awaitable<bool> Send(const Response& response, bool keep_alive, bool head_only) {
    Progress(0);
    std::string head = HeadOf(response, keep_alive);
    head_only |= !HasBody(response);
    if (response.source != nullptr) {
      if (!co_await Write(head, false) || head_only) co_return head_only;
      co_return co_await SendSource(*response.source);
    }
    if (head_only) co_return co_await Write(head, false);
    // Short bytes from memory go with the head, in one packet.
    size_t part = 0;
    const std::vector<Part>& parts = response.body.parts();
    uint64_t with_head = 0;
    for (; part < parts.size() && SizeOf(parts[part]) <= kCopyBytes && head.size() < kCopyBytes;
         ++part) {
      const auto* memory = std::get_if<MemorySpan>(&parts[part]);
      if (memory == nullptr) break;
      head.append(*memory->text, memory->offset, memory->size);
      with_head += memory->size;
    }
    if (!co_await Write(head, part < parts.size())) co_return false;
    sent_ += with_head;
    std::string().swap(head);
    for (; part < parts.size(); ++part) {
      bool ok = false;
      const bool more = part + 1 < parts.size();
      if (const auto* memory = std::get_if<MemorySpan>(&parts[part])) {
        ok = co_await Write(std::string_view(*memory->text).substr(memory->offset, memory->size),
                            more);
        sent_ += ok ? memory->size : 0;
      } else {
        ok = co_await SendFile(std::get<FileSpan>(parts[part]), more);
      }
      if (!ok) co_return false;
    }
    co_return true;
  }

  Awaitable<bool> Write(std::string_view bytes, bool more) {
    error_code error;
    const auto start = sent_;
    while (!bytes.empty()) {
      size_t n = 0;
      if constexpr (std::is_same_v<Stream, Socket>) {
        // Mostly the kernel takes all at once.
        n = stream_.send(asio::buffer(bytes), more ? MSG_MORE : 0, error);
        if (error == asio::error::would_block)
          co_await stream_.async_wait(tcp::socket::wait_write, asio::redirect_error(kAwait, error));
      } else {
        n = co_await stream_.async_write_some(asio::buffer(bytes),
                                              asio::redirect_error(kAwait, error));
      }
      if (error) co_return false;
      bytes.remove_prefix(n);
      Progress(n);
    }
    sent_ = start;  // only bodies count, and callers count them
    co_return true;
  }

  Awaitable<bool> SendFile(FileSpan span, bool more) {
    if constexpr (std::is_same_v<Stream, Socket>)
      if (span.file->fd() >= 0) co_return co_await SendByKernel(std::move(span));
    co_return co_await SendCopies(std::move(span), more);
  }

  Awaitable<bool> SendByKernel(FileSpan span) {
    error_code error;
    size_t turn = 0;
    while (span.size > 0) {
      off_t offset = static_cast<off_t>(span.offset);
      const size_t want = static_cast<size_t>(std::min<uint64_t>(span.size, kSendfileBytes));
      const ssize_t n = ::sendfile(stream_.native_handle(), span.file->fd(), &offset, want);
      if (n == 0) co_return false;  // the file became shorter
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno != EAGAIN) co_return false;
      if (n > 0) {
        span.offset += static_cast<uint64_t>(n);
        span.size -= static_cast<uint64_t>(n);
        turn += static_cast<size_t>(n);
        Progress(static_cast<uint64_t>(n));
        if (turn < kSendfileBytes) continue;
      }
      turn = 0;
      if (span.size == 0) break;
      co_await stream_.async_wait(tcp::socket::wait_write, asio::redirect_error(kAwait, error));
      if (error) co_return false;
    }
    co_return true;
  }

  // What TLS encrypts, and what another server has.
  Awaitable<bool> SendCopies(FileSpan span, bool more) {
    const bool is_remote = span.file->fd() < 0;
    std::string buffer;
    while (span.size > 0) {
      buffer.resize(static_cast<size_t>(
          std::min<uint64_t>(span.size, is_remote ? kOriginBytes : kCopyBytes)));
      const auto read = [&] {
        return span.file->ReadAt(span.offset, buffer.data(), buffer.size());
      };
      int64_t n = 0;
      if (is_remote) {
        const auto start = Clock::now();
        deadline = Clock::time_point::max();
        n = co_await OnThread(shared_.origin, read);
        send_start_ += Clock::now() - start;  // it is not the client that was slow
      } else {
        n = read();
      }
      if (n <= 0) co_return false;
      buffer.resize(static_cast<size_t>(n));
      span.offset += static_cast<uint64_t>(n);
      span.size -= static_cast<uint64_t>(n);
      Progress(0);
      if (!co_await Write(buffer, more || span.size > 0)) co_return false;
      Progress(static_cast<uint64_t>(n));
    }
    co_return true;
  }

  Awaitable<bool> SendSource(BodySource& source) {
    for (;;) {
      std::string text;
      bool more = false, failed = false;
      deadline = Clock::time_point::max();
      try {
        more = co_await OnSlowThread(shared_, shared_.slow, [&] { return source.Next(&text); });
      } catch (const std::exception&) {
        failed = true;
      }
      std::string chunk;
      char size[20];
      std::snprintf(size, sizeof size, "%zx\r\n", text.size());
      if (!text.empty()) chunk.append(size).append(text).append("\r\n");
      if (!more && !failed) chunk += "0\r\n\r\n";
      send_start_ = Clock::now();
      if (!co_await Write(chunk, false)) co_return false;
      Progress(text.size());
      if (failed) co_return false;
      if (!more) co_return true;
    }
  }

  Shared& shared_;
  Core& core_;
  Stream& stream_;
  const std::string peer_;
  const AllowedHosts& hosts_;
  const std::function<Response(const Request&)> handler_;
  std::list<Watched*>::iterator place_;
  BodyBytes body_bytes_{shared_.body_bytes, kMostUploads* shared_.service.options().most_upload};
  uint64_t sent_ = 0;
  Clock::time_point send_start_;
};

// A handshake that must end in time.
class Handshake final : public Watched {
 public:
  Handshake(Core& core, TlsStream& stream, std::chrono::seconds limit)
      : core_(core), stream_(stream) {
    deadline = Clock::now() + limit;
    place_ = core.connections.insert(core.connections.end(), this);
  }
  ~Handshake() { core_.connections.erase(place_); }
  Socket& socket() override { return stream_.next_layer(); }

 private:
  Core& core_;
  TlsStream& stream_;
  std::list<Watched*>::iterator place_;
};

struct Listener {
  Shared& shared;
  std::vector<std::unique_ptr<Core>>& cores;
  asio::basic_socket_acceptor<tcp, asio::io_context::executor_type> acceptor;
  asio::ssl::context* tls;
  const AllowedHosts hosts;
  std::function<Response(const Request&)> handler;  // null: the service
  size_t next = 0;

  Awaitable<void> Accept() {
    while (acceptor.is_open()) {
      Core& core = *cores[next++ % cores.size()];
      Socket socket(core.context.get_executor());
      tcp::endpoint peer;
      error_code error;
      co_await acceptor.async_accept(socket, peer, asio::redirect_error(kAwait, error));
      if (error == asio::error::operation_aborted || !acceptor.is_open()) co_return;
      if (error) {
        // Out of descriptors or memory: others must end first.
        Timer timer(acceptor.get_executor());
        timer.expires_after(std::chrono::milliseconds(50));
        co_await timer.async_wait(asio::redirect_error(kAwait, error));
        continue;
      }
      Metrics& metrics = shared.metrics;
      ++metrics.connections_accepted;
      const auto address = peer.address();
      if (metrics.connections_open >= shared.options.most_connections ||
          !shared.addresses.Enter(address, shared.options.most_per_address)) {
        ++metrics.connections_refused;
        continue;  // closed by its destructor
      }
      ++metrics.connections_open;
      asio::co_spawn(core.context.get_executor(), Serve(core, std::move(socket), address),
                     asio::detached);
    }
  }

  Awaitable<void> Serve(Core& core, Socket socket, asio::ip::address address) {
    error_code error;
    socket.set_option(tcp::no_delay(true), error);
    try {
      if (tls == nullptr) {
        Connection<Socket> connection(shared, core, socket, address.to_string(), hosts, handler);
        co_await connection.Run();
      } else {
        TlsStream stream(std::move(socket), *tls);
        {
          Handshake handshake(core, stream, shared.options.head_timeout);
          co_await stream.async_handshake(asio::ssl::stream_base::server,
                                          asio::redirect_error(kAwait, error));
        }
        if (!error) {
          Connection<TlsStream> connection(shared, core, stream, address.to_string(), hosts,
                                           handler);
          co_await connection.Run();
        }
      }
    } catch (const std::exception&) {
      // A connection that cannot go on (no memory) ends alone.
    }
    --shared.metrics.connections_open;
    shared.addresses.Leave(address);
  }
};

// option: the command-line option that an error names.
tcp::acceptor MakeAcceptor(asio::io_context& context, const std::string& address, uint16_t port,
                           const std::string& option) {
  tcp::acceptor acceptor(context);
  error_code error;
  const tcp::endpoint endpoint(asio::ip::make_address(address, error), port);
  if (!error) acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(4096, error);
  if (error)
    throw std::runtime_error("cannot listen at " + address + ":" + std::to_string(port) + ": " +
                             error.message() + "; " + option + " ADDRESS:PORT takes another");
  return acceptor;
}

bool IsLoopback(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
  return address.is_loopback();
}

void RaiseFileLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void SetUpTls(asio::ssl::context* tls, const FrontOptions& options) {
  tls->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                   asio::ssl::context::no_tlsv1_1 | asio::ssl::context::no_sslv3);
  SSL_CTX_set_mode(tls->native_handle(), SSL_MODE_RELEASE_BUFFERS);  // idle connections hold none
  tls->use_certificate_chain_file(options.certificate);
  const Secret key = ReadSecretFile(options.private_key);  // OpenSSL would leave it in a buffer
  tls->use_private_key(asio::buffer(key.bytes().data(), key.bytes().size()),
                       asio::ssl::context::pem);
}

std::string UrlOf(const tcp::endpoint& endpoint, bool tls) {
  const std::string address = endpoint.address().to_string();
  return std::string(tls ? "https://" : "http://") +
         (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
         std::to_string(endpoint.port()) + "/";
}

// Waits for what inotify tells; wakes those who wait, and reads the folder anew soon after.
class Follower {
 public:
  Follower(Shared& shared, std::vector<std::unique_ptr<Core>>& cores)
      : shared_(shared), cores_(cores) {
    watch_.Add(shared.service.catalogue().Folders());
  }
  Awaitable<void> Events() {
    if (watch_.fd() < 0) co_return;
    asio::posix::basic_stream_descriptor<asio::io_context::executor_type> descriptor(
        cores_[0]->context.get_executor(), dup(watch_.fd()));
    error_code error;
    while (!error) {
      co_await descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                                     asio::redirect_error(kAwait, error));
      const FolderWatch::Changes changes = watch_.Read();
      listing_ |= changes.listing;
      if (changes.grown || changes.listing) Wake();
    }
  }
  // Several changes at once are one walk; without any the folder is walked every minute.
  Awaitable<void> Scans() {
    Timer timer(cores_[0]->context.get_executor());
    for (int quarter = 0;; ++quarter) {
      timer.expires_after(std::chrono::milliseconds(250));
      co_await timer.async_wait(kAwait);
      if (!listing_ && quarter % 240 != 239) continue;
      listing_ = false;
      co_await OnSlowThread(shared_, shared_.slow,
                            [this] { return shared_.service.catalogue().Scan(); });
      ++shared_.metrics.folder_scans;
      watch_.Add(shared_.service.catalogue().Folders());
      shared_.service.files().Trim();
      Wake();
    }
  }

 private:
  void Wake() {
    for (auto& core : cores_) asio::post(core->context, [&c = *core] { c.AskAgain(); });
  }
  Shared& shared_;
  std::vector<std::unique_ptr<Core>>& cores_;
  FolderWatch watch_;
  bool listing_ = false;
};

}  // namespace

void RunFront(Service& service, const FrontOptions& options,
              const std::function<void(const std::string&)>& started) {
  std::signal(SIGPIPE, SIG_IGN);
  RaiseFileLimit();
  Shared shared(service, options);
  std::vector<std::unique_ptr<Core>>& cores = shared.cores;
  const unsigned count =
      options.threads != 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < count; ++i)
    cores.push_back(std::make_unique<Core>(service, shared.metrics, shared.workers));
  asio::io_context& first = cores[0]->context;

  std::optional<asio::ssl::context> tls;
  if (!options.certificate.empty()) SetUpTls(&tls.emplace(asio::ssl::context::tls_server), options);
  const auto listen = [&](const std::string& address, uint16_t port, asio::ssl::context* context,
                          std::function<Response(const Request&)> handler) {
    tcp::acceptor any = MakeAcceptor(first, address, port, handler ? "--metrics" : "--listen");
    const auto endpoint = any.local_endpoint();
    auto listener = std::make_unique<Listener>(
        Listener{shared,
                 cores,
                 {first.get_executor(), endpoint.protocol(), any.release()},
                 context,
                 AllowedHosts(options.allowed_hosts, IsLoopback(endpoint.address())),
                 std::move(handler)});
    asio::co_spawn(first.get_executor(), listener->Accept(), asio::detached);
    return std::pair(std::move(listener), endpoint);
  };
  auto [main_listener, endpoint] =
      listen(options.address, options.port, tls ? &*tls : nullptr, nullptr);
  std::unique_ptr<Listener> metrics_listener;
  if (!options.metrics_address.empty())
    metrics_listener =
        listen(options.metrics_address, options.metrics_port, nullptr, [&](const Request& request) {
          if (request.target != "/metrics")
            return ErrorResponse(404, "there is only /metrics here");
          return TextResponse("text/plain; version=0.0.4; charset=utf-8",
                              MetricsText(shared.metrics, service.catalogue().List().size()));
        }).first;

  Follower follower(shared, cores);
  asio::co_spawn(first.get_executor(), follower.Events(), asio::detached);
  asio::co_spawn(first.get_executor(), follower.Scans(), asio::detached);
  for (auto& core : cores)
    asio::co_spawn(core->context.get_executor(), core->Sweep(), asio::detached);

  // The first signal lets answers end, up to the grace; the second one does not.
  asio::signal_set signals(first, SIGINT, SIGTERM);
  Timer stop_timer(first.get_executor());
  const auto stop_now = [&] {
    Work::StopAll();
    for (auto& core : cores) core->context.stop();
  };
  std::function<void(error_code)> stop_when_empty = [&](error_code) {
    static const auto end = Clock::now() + options.stop_grace;
    for (auto& core : cores)
      asio::post(core->context, [&c = *core] {
        c.StopWaiting();
        for (Watched* connection : c.connections)
          if (connection->is_idle) connection->Close();
      });
    if (shared.metrics.connections_open == 0 || Clock::now() >= end) {
      stop_now();
      return;
    }
    stop_timer.expires_after(std::chrono::milliseconds(50));
    stop_timer.async_wait(stop_when_empty);
  };
  signals.async_wait([&](error_code error, int) {
    if (error) return;
    service.is_ready = false;
    shared.stopping = true;
    main_listener->acceptor.close();
    if (metrics_listener) metrics_listener->acceptor.close();
    stop_when_empty({});
    signals.async_wait([&](error_code again, int) {
      if (!again) stop_now();
    });
  });

  // As for nginx: logs were moved, they are opened anew.
  asio::signal_set hang_up(first, SIGHUP);
  std::function<void(error_code, int)> reopen = [&](error_code error, int) {
    if (error) return;
    shared.log.Reopen();
    hang_up.async_wait(reopen);
  };
  hang_up.async_wait(reopen);

  service.is_ready = true;
  started(UrlOf(endpoint, tls.has_value()));
  std::vector<std::thread> threads;
  for (size_t i = 1; i < cores.size(); ++i)
    threads.emplace_back([&core = *cores[i]] { core.context.run(); });
  first.run();
  for (std::thread& thread : threads) thread.join();
  for (asio::thread_pool* pool : {&shared.workers, &shared.slow, &shared.origin}) {
    pool->stop();
    pool->join();
  }
}

}  // namespace h4mk::server
