// SPDX-License-Identifier: MIT
// Changes that cannot be appended to a file: attachments and covers come and go by writing it anew.
#ifndef H4MK_TOOLS_REWRITE_H_
#define H4MK_TOOLS_REWRITE_H_

#include <functional>
#include <string>
#include <vector>

#include "output.h"

namespace h4mk::tool {

struct Additions {
  std::vector<std::string> attach;              // paths
  std::vector<std::string> remove_attachments;  // names
  std::string cover;                            // path of a JPEG or PNG
  bool remove_cover = false;

  bool any() const {
    return !attach.empty() || !remove_attachments.empty() || !cover.empty() || remove_cover;
  }
};

// Changes what a file says of itself and of its tracks.
using DescriptionChange = std::function<Status(Json* meta, std::vector<Json>* tracks)>;

// Writes the file at a path anew with changed descriptions, all its blocks as they are, and what is
// added; the new one takes its place when it is complete. kState: the file is signed, and `force`
// does not say that it may lose that.
Status RewriteFile(const std::string& path, const DescriptionChange& change,
                   const Additions& additions, bool force);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_REWRITE_H_
