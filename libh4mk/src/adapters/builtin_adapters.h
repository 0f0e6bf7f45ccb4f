// SPDX-License-Identifier: MIT
// The adapters that are part of the library (adapters.md).
#ifndef H4MK_ADAPTERS_BUILTIN_ADAPTERS_H_
#define H4MK_ADAPTERS_BUILTIN_ADAPTERS_H_

#include <h4mk/adapter.h>

namespace h4mk {

extern const h4mk_adapter kAudioFftAdapter;     // audio tokens to sound
extern const h4mk_adapter kDspAdapter;          // spectra to sound
extern const h4mk_adapter kNullAdapter;         // the blocks of a chain, one behind the other
extern const h4mk_adapter kPassThroughAdapter;  // the same, but a B block shows its next neighbour

}  // namespace h4mk

#endif  // H4MK_ADAPTERS_BUILTIN_ADAPTERS_H_
