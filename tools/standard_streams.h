// SPDX-License-Identifier: MIT
// Programs that are started with closed standard streams.
#ifndef H4MK_TOOLS_STANDARD_STREAMS_H_
#define H4MK_TOOLS_STANDARD_STREAMS_H_

#include <fcntl.h>
#include <unistd.h>

#include <initializer_list>

namespace h4mk {

// The next files that are opened would get the numbers of closed standard streams, and messages
// would be written into them. So something else takes these numbers: input and output that fail, as
// they would have, and a place where errors vanish.
inline void OccupyStandardStreams() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(number, F_GETFD) >= 0) continue;
    // The lowest number that is free is this one.
    (void)(number == STDERR_FILENO ? open("/dev/null", O_WRONLY) : open("/", O_PATH));
  }
}

}  // namespace h4mk

#endif  // H4MK_TOOLS_STANDARD_STREAMS_H_
