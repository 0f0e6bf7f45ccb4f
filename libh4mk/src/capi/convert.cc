// SPDX-License-Identifier: MIT
// Conversion, and the two readings of VERI in the transport dialect, behind the C ABI.
#include "convert/convert.h"

#include <h4mk/legacy.h>

#include <utility>

#include "capi/handles.h"
#include "capi/keys.h"
#include "capi/task.h"
#include "legacy/transport/transport_file.h"
#include "open/open_file.h"

using h4mk::Call;
using h4mk::CopyStruct;
using h4mk::Status;

h4mk_status h4mk_reader_transport_veri(h4mk_reader* reader, h4mk_transport_veri* veri) {
  if (reader == nullptr || veri == nullptr) return H4MK_ERR_ARGUMENT;
  if (!reader->opened || reader->file.reader->version() != H4MK_VERSION_TRANSPORT)
    return H4MK_ERR_STATE;
  return Call(reader, [&]() -> Status {
    const auto file = h4mk::TransportFile::Open(reader->file.reader->source(), /*check=*/false);
    if (!file.ok()) return file.status();
    const auto checked = file.value().CheckVeri();
    if (!checked.ok()) return checked.status();
    *veri = {checked.value().present, checked.value().as_written, checked.value().as_checked};
    return {};
  });
}

h4mk_status h4mk_convert(const h4mk_io* input, const h4mk_io* output,
                         const h4mk_convert_options* options) {
  h4mk_io from = H4MK_IO_INIT, to = H4MK_IO_INIT;
  h4mk_convert_options settings = H4MK_CONVERT_OPTIONS_INIT;
  h4mk::Task work;
  if (!h4mk::ReadInput(input, &from) || !h4mk::ReadOutput(output, &to) ||
      !CopyStruct(options, &settings) || !work.Read(settings.task))
    return H4MK_ERR_ARGUMENT;
  return work.Run([&]() -> Status {
    h4mk::CallbackIo in(from), out(to);
    h4mk::CallbackAllocator allocator{h4mk_buffers{}};
    work.Watch(in);
    work.Watch(out);
    h4mk::OpenedFile opened;
    h4mk::ReadOptions read;
    read.keep_encrypted = settings.keep_encrypted != 0;
    read.open_beside = h4mk::BesideOpener(settings.open_beside, settings.beside_opaque);
    H4MK_TRY(h4mk::CopyKeys(settings.keys, settings.key_count, &read.keys));
    H4MK_TRY(h4mk::OpenFile(in, allocator, std::move(read), &opened));
    h4mk::ConvertOptions chosen;
    if (settings.signing_key != nullptr) {
      auto key = h4mk::SignatureKey::Private(settings.signing_key);
      if (!key.ok()) return key.status();
      chosen.protect.signing_key = std::move(key.value());
    }
    if (settings.payload_limit != 0) chosen.max_payload = settings.payload_limit;
    chosen.version = settings.version == 0 ? 2 : settings.version;
    chosen.keep_original = settings.drop_original == 0;
    chosen.progress = work.Progress();
    chosen.message = [&](const std::string& text) { work.Tell(H4MK_OK, std::nullopt, 0, text); };
    return h4mk::Convert(*opened.reader, out, std::move(chosen));
  });
}
