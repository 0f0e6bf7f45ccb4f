// SPDX-License-Identifier: MIT
// core.md, "External data": blocks whose data is in another file of the same folder.
#ifndef H4MK_READER_EXTERNAL_DATA_H_
#define H4MK_READER_EXTERNAL_DATA_H_

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/io.h"
#include "cluster/cluster_index.h"
#include "file/tracks.h"
#include "reader/cluster_loader.h"

namespace h4mk {

// The key of TRAK that names the other file.
inline constexpr const char* kBesideKey = "beside";

// Whether a name can only be that of a file in the same folder, also where it becomes part of a URL
// or of a command: 1 to 255 bytes of UTF-8 without / \ : % ? # and control characters, no - at its
// beginning, and neither . nor ..
bool IsNameOfFileBeside(std::string_view name);

// Whether blocks of a track may be in another file: it has a usable name.
bool NamesFileBeside(const Track& track);

// Opens a file by a name that IsNameOfFileBeside(), in the folder of the one that is read; nothing
// but a regular file, and no link. kNotFound, kIo.
using OpenBeside = std::function<Status(const std::string& name, std::unique_ptr<Io>* io)>;

// Reads external blocks. Those of a track in a cluster are hashed together, so they are read
// together, and kept while they are of use.
class ExternalData {
 public:
  // The allocator must outlive this.
  explicit ExternalData(BufferAllocator& allocator) : allocator_(allocator) {}
  ~ExternalData();
  ExternalData(const ExternalData&) = delete;
  ExternalData& operator=(const ExternalData&) = delete;

  // Without one, all blocks are kNotFound.
  void SetOpener(OpenBeside open) { open_ = std::move(open); }

  // Fetches a block of the cluster at an offset, which `index` describes. kNotFound: the other file
  // cannot be opened. kCorrupt: it is not what it was, or the sidecar is not what it should be.
  // Both cost all blocks of the group.
  Status Fetch(const Track& track, uint64_t cluster, const ClusterIndex& index,
               const BlockRecord& block);

  // Of the block that was fetched last, until the next call.
  const uint8_t* data() const { return data_; }
  void* buffer() const { return buffer_; }
  // Whether the last failure was not told of before: one message is enough for the blocks of a
  // group. True once.
  bool IsNews();

  // Reading begins anew somewhere: what was not found is looked for again. And what is read of a
  // file in between is limited, since a small file can name the same bytes again and again.
  void Restart();

 private:
  struct OtherFile {
    std::string name;
    std::unique_ptr<Io> io;
    std::unique_ptr<Source> source;
    uint64_t read = 0;  // bytes of groups since Restart()
  };
  // What is known of the external blocks of a track in the cluster that it was read from last.
  struct Group {
    bool known = false;
    uint64_t cluster = 0;
    Sha256Digest hash = {};
    Status failure;  // why they cannot be handed out: kNotFound or kCorrupt
    bool is_told = false;
    void* buffer = nullptr;  // their data; null where it is too much to be kept
    uint8_t* data = nullptr;
    size_t size = 0;
    std::vector<Sha256Digest> digests;  // of each, where they are not kept
  };

  Status Load(const Track& track, const ClusterIndex& index, const ExternalGroup& described,
              Group* group);
  Status Verify(OtherFile& other, const ClusterIndex& index, const ExternalGroup& described,
                Group* group);
  Status ReadRanges(OtherFile& other, std::span<const ExternalRange> ranges, uint8_t* out,
                    const std::function<void(ByteSpan)>& visit);
  Status ReadAgain(const Track& track, const ClusterIndex& index, const ExternalRange& range,
                   const Group& group);
  Result<OtherFile*> OtherFileOf(const Track& track);
  bool TakeRoom(uint64_t size, uint64_t cluster);
  void Drop(Group* group);

  BufferAllocator& allocator_;
  OpenBeside open_;
  std::list<OtherFile> others_;      // that are open
  std::map<int32_t, Group> groups_;  // by track
  uint64_t kept_ = 0;                // bytes in buffers of groups
  Group* failed_ = nullptr;          // that the last failure is of
  void* single_ = nullptr;           // buffer of a block whose group is not kept
  const uint8_t* data_ = nullptr;
  void* buffer_ = nullptr;
  Bytes window_;
};

}  // namespace h4mk

#endif  // H4MK_READER_EXTERNAL_DATA_H_
