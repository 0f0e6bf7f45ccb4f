// SPDX-License-Identifier: MIT
// h4mk_verify(): the checksums, and what needs a key or other files.
#include <set>
#include <string>

#include "capi/keys.h"
#include "capi/task.h"
#include "capi/value.h"
#include "open/open_file.h"
#include "open/whole_file.h"

namespace h4mk {
namespace {

constexpr size_t kStep = 1 << 20;

class Verifier {
 public:
  Verifier(const h4mk_verify_options& options, Task& task, CallbackIo& io)
      : options_(options), task_(task), io_(io) {}

  // kCorrupt: problems were found, and told.
  Status Run() {
    if (Status status = VerifyFile(io_, task_.Progress(), &checked_); !status.ok()) {
      OpenedFile opened;  // opening says what is wrong with the header
      Status why = status.code() == Code::kNotH4mk ? Open({}, &opened) : Status();
      return why.ok() ? status : why;
    }
    for (const Finding& finding : checked_.findings) {
      if (finding.is_error) damaged_.insert(finding.offset);
      task_.Tell(finding.is_error ? H4MK_ERR_CORRUPT : H4MK_OK, finding.offset, 0, finding.message);
    }
    problems_ = checked_.errors;
    H4MK_TRY(ReadMore());
    if (options_.verify_key != nullptr) H4MK_TRY(VerifySignature());
    if (options_.key_count > 0) H4MK_TRY(Decrypt());
    return {};
  }

  uint64_t problems() const { return problems_; }

  Json Report() {
    Json report = {{"version", checked_.version},
                   {"file_size", checked_.file_size},
                   {"closed", checked_.closed},
                   {"chunks", Json::object()},
                   {"clusters", checked_.clusters},
                   {"blocks", checked_.blocks},
                   {"payload_bytes", checked_.payload_bytes},
                   {"signed", checked_.is_signed},
                   {"index_checked", checked_.index_checked},
                   {"problems", problems_},
                   {"damage", checked_.errors}};
    for (const auto& [tag, count] : checked_.chunks) report["chunks"][tag] = count;
    for (const auto& [key, value] : more_.items()) report[key] = value;
    return report;
  }

 private:
  void Problem(const Status& status) {
    ++problems_;
    task_.Tell(status);
  }

  Status Open(ReadOptions options, OpenedFile* opened) {
    if (io_.Seek(0) < 0) return Status(Code::kIo, "cannot seek to byte 0");
    return OpenFile(io_, allocator_, std::move(options), opened);
  }

  // Reads all blocks; what is wrong with one of them is a problem. *all_good: nothing was wrong,
  // told here or before.
  Status ReadAll(BlockPipeline& reader, uint64_t* blocks, bool* all_good) {
    *all_good = true;
    for (*blocks = 0;;) {
      ReadBlock block;
      Status status = reader.Next(&block);
      if (status.ok()) {
        ++*blocks;
        task_.Step(static_cast<uint64_t>(block.offset), checked_.file_size);
        continue;
      }
      if (status.code() == Code::kEnd || status.code() == Code::kAgain) return {};
      if (status.code() == Code::kIo) return status;
      *all_good = false;
      // Report a missing file beside this one once, not for each cluster that names it. The check
      // of the checksums has reported damage already.
      const bool told = status.code() == Code::kNotFound
                            ? !missing_.insert(status.message()).second
                            : status.offset() && damaged_.contains(*status.offset());
      if (!told) Problem(status);
      if (!CostsBlock(status.code())) return {};
    }
  }

  // Blocks that checksums do not tell all about: those in files beside this one, and compressed
  // ones.
  Status ReadMore() {
    ReadOptions read;
    read.keep_encrypted = true;
    read.open_beside = BesideOpener(options_.open_beside, options_.beside_opaque);
    OpenedFile opened;
    if (checked_.version != 2) return {};
    if (const Status status = Open(std::move(read), &opened); !status.ok())
      return status.code() == Code::kIo ? status : Status();  // what else is wrong was told
    const auto& tracks = opened.reader->tracks();
    bool has_beside = false, has_compressed = false;
    for (uint32_t i = 0; i < tracks.size(); ++i) {
      const bool is_beside = NamesFileBeside(tracks[i]);
      if (is_beside && options_.open_beside == nullptr)
        opened.reader->Discard(i, true);
      else
        has_beside |= is_beside;
      has_compressed |= tracks[i].compression != Compression::kNone;
    }
    if (!has_beside && !has_compressed) return {};
    uint64_t blocks = 0;
    bool all_good = false;
    H4MK_TRY(ReadAll(*opened.reader, &blocks, &all_good));
    if (has_beside) more_["readable_blocks"] = blocks;
    return {};
  }

  // Reads all there is through what verifies it: whatever is not as it was signed becomes a
  // warning.
  Status ReadThrough(Io& io) {
    Bytes buffer(kStep);
    const auto size = static_cast<uint64_t>(io.Size());
    if (io.Seek(0) < 0) return Status(Code::kIo, "cannot seek to byte 0").At(0);
    for (uint64_t at = 0; at < size;) {
      const int64_t got = io.Read(buffer.data(), buffer.size());
      if (got < 0) return Status(Code::kIo, "cannot read at byte " + std::to_string(at)).At(at);
      if (got == 0) return {};
      at += static_cast<uint64_t>(got);
      task_.Step(at, size);
    }
    return {};
  }

  Status VerifySignature() {
    const uint64_t before = problems_;
    OpenedFile opened;
    auto key = SignatureKey::Public(options_.verify_key);
    if (!key.ok()) return key.status();
    ReadOptions read;
    read.keep_encrypted = true;
    read.verify_key = std::move(key.value());
    Status status = Open(std::move(read), &opened);
    if (status.ok()) status = ReadThrough(opened.signature->io());
    if (status.code() == Code::kIo) return status;
    if (!status.ok()) Problem(status);
    Json result = Json::object();
    if (opened.signature && opened.reader) {
      Status warning;
      while (opened.reader->NextWarning(&warning)) Problem(warning);
      const VerifyingIo& io = opened.signature->io();
      result["final"] = io.last().final;
      result["chunks"] = io.last().size();
      result["signed_until"] = io.signed_until();
      result["descriptions_unsigned"] = io.has_unsigned_descriptions();
    }
    result["ok"] = problems_ == before;
    more_["signature"] = std::move(result);
    return {};
  }

  Status Decrypt() {
    uint64_t blocks = 0;
    bool all_good = false;
    OpenedFile opened;
    ReadOptions read;
    H4MK_TRY(CopyKeys(options_.keys, options_.key_count, &read.keys));
    const Status status = Open(std::move(read), &opened);
    if (status.code() == Code::kIo) return status;
    if (!status.ok())
      Problem(status);
    else
      H4MK_TRY(ReadAll(*opened.reader, &blocks, &all_good));
    more_["decrypted"] = {{"ok", all_good}, {"blocks", blocks}};
    return {};
  }

  const h4mk_verify_options& options_;
  Task& task_;
  CallbackIo& io_;
  CallbackAllocator allocator_{h4mk_buffers{}};
  VerifyReport checked_;
  uint64_t problems_ = 0;
  std::set<uint64_t> damaged_;     // offsets
  std::set<std::string> missing_;  // messages of files beside this one that were not found
  Json more_ = Json::object();
};

}  // namespace
}  // namespace h4mk

h4mk_status h4mk_verify(const h4mk_io* io, const h4mk_verify_options* options,
                        h4mk_value** report) {
  h4mk_io callbacks = H4MK_IO_INIT;
  h4mk_verify_options settings = H4MK_VERIFY_OPTIONS_INIT;
  h4mk::Task work;
  if (!h4mk::ReadInput(io, &callbacks) || !h4mk::CopyStruct(options, &settings) ||
      !work.Read(settings.task))
    return H4MK_ERR_ARGUMENT;
  std::unique_ptr<h4mk_value> made;
  bool whole = false;
  const h4mk_status status = work.Run([&]() -> h4mk::Status {
    h4mk::CallbackIo in(callbacks);
    work.Watch(in);
    h4mk::Verifier verifier(settings, work, in);
    H4MK_TRY(verifier.Run());
    made = h4mk::ValueFromJson(verifier.Report());
    whole = verifier.problems() == 0;
    return {};
  });
  if (status == H4MK_OK && report != nullptr) *report = made.release();
  return status == H4MK_OK && !whole ? H4MK_ERR_CORRUPT : status;
}
