// SPDX-License-Identifier: MIT
// Bytes as hex text: key ids.
#ifndef H4MK_BASE_HEX_H_
#define H4MK_BASE_HEX_H_

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace h4mk {

std::string EncodeHex(ByteSpan bytes);
// False if text is no sequence of pairs of hex digits.
bool DecodeHex(std::string_view text, Bytes* bytes);

}  // namespace h4mk

#endif  // H4MK_BASE_HEX_H_
