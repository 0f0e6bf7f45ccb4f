// SPDX-License-Identifier: MIT
// Base64 with padding (RFC 4648, section 4), as the bytes of JSON members are written.
#ifndef H4MK_BASE_BASE64_H_
#define H4MK_BASE_BASE64_H_

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace h4mk {

std::string EncodeBase64(ByteSpan bytes);
// False if text is no padded base64 of the standard alphabet.
bool DecodeBase64(std::string_view text, Bytes* bytes);

}  // namespace h4mk

#endif  // H4MK_BASE_BASE64_H_
