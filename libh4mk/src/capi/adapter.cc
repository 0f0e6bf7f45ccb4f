// SPDX-License-Identifier: MIT
// Adapters, sessions and decoders behind the C ABI.
#include <h4mk/adapter.h>

#include "capi/handles.h"
#include "decode/adapter_registry.h"
#include "decode/chain_decoder.h"
#include "decode/decode_ahead.h"
#include "decode/session.h"
#include "decode/track_parameters.h"

using h4mk::Call;
using h4mk::CopyStruct;
using h4mk::Status;

static_assert(static_cast<int>(h4mk::Code::kAdapter) == H4MK_ERR_ADAPTER);

struct h4mk_adapters {
  h4mk::AdapterRegistry registry;
  std::string message;
};

struct h4mk_session {
  std::unique_ptr<h4mk::DecodeSession> session;  // null: it could not be opened
  std::string message;
};

struct h4mk_decoder {
  h4mk::AdapterRegistry builtin;  // for those who bring no adapters
  std::unique_ptr<h4mk::ChainDecoder> chain;
  std::unique_ptr<h4mk::DecodeAhead> ahead;  // then it has the chain
  std::string message;
};

namespace h4mk {
namespace {

bool ReadTrackStruct(const h4mk_adapter_track* from, h4mk_adapter_track* to) {
  *to = H4MK_ADAPTER_TRACK_INIT;
  return from != nullptr && CopyStruct(from, to) && to->kind != nullptr && to->codec != nullptr &&
         to->time_base_num >= 1 && to->time_base_den >= 1 &&
         (to->extradata != nullptr || to->extradata_size == 0);
}

}  // namespace
}  // namespace h4mk

// --------------------------------------------------------------------------------------------------------------
// adapters

h4mk_adapters* h4mk_adapters_new(void) { return h4mk::NewHandle<h4mk_adapters>(); }
void h4mk_adapters_free(h4mk_adapters* adapters) { delete adapters; }

const char* h4mk_adapters_message(const h4mk_adapters* adapters) {
  return adapters ? adapters->message.c_str() : "";
}

h4mk_status h4mk_adapters_add(h4mk_adapters* adapters, const h4mk_adapter* adapter) {
  if (adapters == nullptr) return H4MK_ERR_ARGUMENT;
  return Call(adapters, [&] { return adapters->registry.Add(adapter); });
}

h4mk_status h4mk_adapters_load(h4mk_adapters* adapters, const char* path) {
  if (adapters == nullptr || path == nullptr) return H4MK_ERR_ARGUMENT;
  return Call(adapters, [&] { return adapters->registry.Load(path); });
}

h4mk_status h4mk_adapters_load_folder(h4mk_adapters* adapters, const char* folder) {
  if (adapters == nullptr || folder == nullptr) return H4MK_ERR_ARGUMENT;
  return Call(adapters, [&] { return adapters->registry.LoadFolder(folder, &adapters->message); });
}

size_t h4mk_adapters_count(const h4mk_adapters* adapters) {
  return adapters ? adapters->registry.entries().size() : 0;
}

const h4mk_adapter* h4mk_adapters_at(const h4mk_adapters* adapters, size_t index) {
  return index < h4mk_adapters_count(adapters) ? adapters->registry.entries()[index].adapter
                                               : nullptr;
}

const char* h4mk_adapters_path_at(const h4mk_adapters* adapters, size_t index) {
  if (index >= h4mk_adapters_count(adapters)) return nullptr;
  const std::string& path = adapters->registry.entries()[index].path;
  return path.empty() ? nullptr : path.c_str();
}

const h4mk_adapter* h4mk_adapters_find(const h4mk_adapters* adapters, const char* name) {
  return adapters && name ? adapters->registry.Find(name) : nullptr;
}

const h4mk_adapter* h4mk_adapters_for_track(const h4mk_adapters* adapters,
                                            const h4mk_adapter_track* track) {
  h4mk_adapter_track given;
  if (adapters == nullptr || !h4mk::ReadTrackStruct(track, &given)) return nullptr;
  return adapters->registry.ForTrack(given);
}

const h4mk_adapter* h4mk_adapters_for_description(const h4mk_adapters* adapters,
                                                  const h4mk_value* track) {
  if (adapters == nullptr || track == nullptr) return nullptr;
  const h4mk_adapter* found = nullptr;
  h4mk::Guard([&] {
    h4mk::Track described;
    if (h4mk::ReadTrack(h4mk::ValueToJson(*track), &described).ok())
      found = adapters->registry.ForTrack(h4mk::TrackParameters(described).ToC());
    return H4MK_OK;
  });
  return found;
}

// ---------------------------------------------------------------------------------------------------------------
// session

namespace h4mk {
namespace {

// open(h4mk_session*): opens what the new handle holds.
template <typename Open>
h4mk_status NewSession(h4mk_session** session, Open open) {
  h4mk_session* opened = NewHandle<h4mk_session>();
  if (opened == nullptr) return H4MK_ERR_MEMORY;
  *session = opened;
  return Call(opened, [&] { return open(opened); });
}

}  // namespace
}  // namespace h4mk

h4mk_status h4mk_session_open(const h4mk_adapter* adapter, const h4mk_adapter_track* track,
                              h4mk_session** session) {
  h4mk_adapter_track given;
  if (adapter == nullptr || session == nullptr || !h4mk::ReadTrackStruct(track, &given))
    return H4MK_ERR_ARGUMENT;
  return h4mk::NewSession(session, [&](h4mk_session* opened) {
    return h4mk::DecodeSession::Open(*adapter, given, &opened->session);
  });
}

h4mk_status h4mk_session_open_description(const h4mk_adapter* adapter, const h4mk_value* track,
                                          h4mk_session** session) {
  if (adapter == nullptr || track == nullptr || session == nullptr) return H4MK_ERR_ARGUMENT;
  return h4mk::NewSession(session, [&](h4mk_session* opened) -> Status {
    h4mk::Track described;
    H4MK_TRY(h4mk::ReadTrack(h4mk::ValueToJson(*track), &described));
    return h4mk::DecodeSession::Open(*adapter, h4mk::TrackParameters(described).ToC(),
                                     &opened->session);
  });
}

void h4mk_session_free(h4mk_session* session) { delete session; }

const char* h4mk_session_message(const h4mk_session* session) {
  return session ? session->message.c_str() : "";
}

h4mk_status h4mk_session_send(h4mk_session* session, const h4mk_adapter_block* block) {
  h4mk_adapter_block given = H4MK_ADAPTER_BLOCK_INIT;
  if (session == nullptr || !CopyStruct(block, &given) ||
      (given.data == nullptr && given.size > 0) || given.size > h4mk::kMaxBlockSize)
    return H4MK_ERR_ARGUMENT;
  if (!session->session) return H4MK_ERR_STATE;
  return Call(session, [&]() -> Status {
    if (block != nullptr) return session->session->Send(given);
    session->session->SendEnd();
    return {};
  });
}

h4mk_status h4mk_session_receive(h4mk_session* session, h4mk_output* output) {
  if (session == nullptr || output == nullptr || output->struct_size < sizeof(size_t))
    return H4MK_ERR_ARGUMENT;
  if (!session->session) return H4MK_ERR_STATE;
  return Call(session, [&]() -> Status {
    h4mk_output received;
    H4MK_TRY(session->session->Receive(&received));
    h4mk::CopyOut(received, output);
    return {};
  });
}

void h4mk_session_flush(h4mk_session* session) {
  if (session != nullptr && session->session) session->session->Flush();
}

h4mk_status h4mk_session_describe(h4mk_session* session, const char** json) {
  if (session == nullptr || json == nullptr) return H4MK_ERR_ARGUMENT;
  if (!session->session) return H4MK_ERR_STATE;
  return Call(session, [&] { return session->session->Describe(json); });
}

// ---------------------------------------------------------------------------------------------------------------
// decoder

h4mk_status h4mk_decoder_open(h4mk_reader* reader, uint32_t track,
                              const h4mk_decoder_options* options, h4mk_decoder** decoder) {
  h4mk_decoder_options settings = H4MK_DECODER_OPTIONS_INIT;
  if (decoder == nullptr || track >= h4mk_reader_track_count(reader) ||
      !CopyStruct(options, &settings) || settings.decode_ahead > h4mk::kMaxDecodeAhead)
    return H4MK_ERR_ARGUMENT;
  if (reader->file.reader->is_ready()) return H4MK_ERR_STATE;
  h4mk_decoder* opened = h4mk::NewHandle<h4mk_decoder>();
  if (opened == nullptr) return H4MK_ERR_MEMORY;
  *decoder = opened;
  return Call(opened, [&]() -> Status {
    const h4mk::TrackParameters parameters(reader->file.reader->tracks()[track]);
    const h4mk::AdapterRegistry& registry =
        settings.adapters != nullptr ? settings.adapters->registry : opened->builtin;
    const h4mk_adapter* adapter = nullptr;
    H4MK_TRY(registry.Choose(settings.adapter, parameters.ToC(), &adapter));
    std::unique_ptr<h4mk::DecodeSession> session;
    H4MK_TRY(h4mk::DecodeSession::Open(*adapter, parameters.ToC(), &session));
    auto chain =
        std::make_unique<h4mk::ChainDecoder>(*reader->file.reader, track, std::move(session));
    if (settings.decode_ahead == 0)
      opened->chain = std::move(chain);
    else
      opened->ahead = std::make_unique<h4mk::DecodeAhead>(std::move(chain), settings.decode_ahead);
    return {};
  });
}

void h4mk_decoder_free(h4mk_decoder* decoder) { delete decoder; }

const char* h4mk_decoder_message(const h4mk_decoder* decoder) {
  return decoder ? decoder->message.c_str() : "";
}

h4mk_status h4mk_decoder_seek(h4mk_decoder* decoder, int64_t time) {
  if (decoder == nullptr || time == H4MK_NO_TIME) return H4MK_ERR_ARGUMENT;
  if (!decoder->chain && !decoder->ahead) return H4MK_ERR_STATE;
  return Call(decoder, [&] {
    return decoder->ahead ? decoder->ahead->Seek(time) : decoder->chain->Seek(time);
  });
}

h4mk_status h4mk_decoder_next(h4mk_decoder* decoder, h4mk_output* output) {
  if (decoder == nullptr || output == nullptr || output->struct_size < sizeof(size_t))
    return H4MK_ERR_ARGUMENT;
  if (!decoder->chain && !decoder->ahead) return H4MK_ERR_STATE;
  return Call(decoder, [&]() -> Status {
    h4mk_output next;
    H4MK_TRY(decoder->ahead ? decoder->ahead->Next(&next) : decoder->chain->Next(&next));
    h4mk::CopyOut(next, output);
    return {};
  });
}

h4mk_status h4mk_decoder_describe(h4mk_decoder* decoder, const char** json) {
  if (decoder == nullptr || json == nullptr) return H4MK_ERR_ARGUMENT;
  if (!decoder->chain) return H4MK_ERR_STATE;
  return Call(decoder, [&] { return decoder->chain->Describe(json); });
}
