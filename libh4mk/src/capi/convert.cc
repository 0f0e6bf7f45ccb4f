// SPDX-License-Identifier: MIT
// Conversion, and the two readings of VERI in the transport dialect, behind the C ABI.
#include "convert/convert.h"

#include <h4mk/legacy.h>

#include <utility>

#include "capi/handles.h"
#include "legacy/transport/transport_file.h"

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
  h4mk_io callbacks = H4MK_IO_INIT;
  h4mk_convert_options settings = H4MK_CONVERT_OPTIONS_INIT;
  if (output == nullptr || !CopyStruct(output, &callbacks) || !CopyStruct(options, &settings) ||
      callbacks.write == nullptr)
    return H4MK_ERR_ARGUMENT;
  h4mk_reader_options reader_options = H4MK_READER_OPTIONS_INIT;
  h4mk_reader* reader = nullptr;
  h4mk_status status = h4mk_reader_open(input, &reader_options, &reader);
  if (status == H4MK_OK)
    status = Call(reader, [&]() -> Status {
      h4mk::ConvertOptions chosen;
      chosen.version = settings.version == 0 ? 2 : settings.version;
      chosen.keep_original = settings.drop_original == 0;
      if (settings.progress)
        chosen.progress = [&](uint64_t done, uint64_t total) {
          return settings.progress(settings.opaque, static_cast<int64_t>(done),
                                   static_cast<int64_t>(total)) == 0;
        };
      if (settings.message)
        chosen.message = [&](const std::string& text) {
          settings.message(settings.opaque, text.c_str());
        };
      h4mk::CallbackIo io(callbacks);
      return h4mk::Convert(*reader->file.reader, io, std::move(chosen));
    });
  if (status != H4MK_OK && settings.message)
    settings.message(settings.opaque, *h4mk_reader_message(reader) != '\0'
                                          ? h4mk_reader_message(reader)
                                          : h4mk_strerror(status));
  h4mk_reader_free(reader);
  return status;
}
