// SPDX-License-Identifier: MIT
// A file on a web server: what is known of it, and the pieces of it that were fetched.
#ifndef H4MK_FRAMES_REMOTE_FILE_H_
#define H4MK_FRAMES_REMOTE_FILE_H_

#include <h4mk/frames.h>

#include <cstdint>
#include <string>
#include <vector>

namespace h4mk::frames {

class RemoteFile {
 public:
  explicit RemoteFile(std::string url) : url_(std::move(url)) {}

  const std::string& url() const { return url_; }

  // Of the first answer; "" if it had none.
  const std::string& tag() const { return tag_; }

  // -1 until the first answer.
  int64_t size() const { return size_; }
  void set_size(int64_t size) { size_ = size; }

  // Whether an entity tag is that of the answers before. The first one is kept; a server may send
  // none.
  bool IsSameVersion(const std::string& tag);

  // Keeps bytes of the file, and drops others that were not used for longest if all together are
  // more than `limit`. The front and the end, where opening reads, stay.
  void Keep(int64_t offset, std::vector<uint8_t> bytes, uint64_t limit);

  // Copies bytes that are there at an offset; 0 if there are none.
  int64_t Copy(int64_t offset, uint8_t* out, size_t size);

  // The parts of ranges that are not there and that the file has.
  std::vector<h4mk_range> Missing(std::vector<h4mk_range> ranges) const;

  // The range to fetch when a read needs bytes that are not there. It is larger than the read, so
  // that the next one needs no request, and doubles while reads follow each other. At the end of
  // the file it also takes the bytes before the read, where the index is. REQUIRES: the size is
  // known, and the offset below it.
  h4mk_range ToFetch(int64_t offset, int64_t size);

 private:
  struct Piece {
    int64_t offset = 0;
    std::vector<uint8_t> bytes;
    uint64_t used = 0;  // when

    int64_t end() const { return offset + static_cast<int64_t>(bytes.size()); }
  };

  void MakeRoom(uint64_t limit);

  std::string url_, tag_;
  int64_t size_ = -1;
  std::vector<Piece> pieces_;  // by offset; they do not overlap
  uint64_t clock_ = 0;
  int64_t expected_ = 0;  // where the next read is if it follows the last one
  int64_t read_ahead_ = 0;
};

}  // namespace h4mk::frames

#endif  // H4MK_FRAMES_REMOTE_FILE_H_
