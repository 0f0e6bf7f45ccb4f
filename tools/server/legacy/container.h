// SPDX-License-Identifier: MIT
// A file of the transport dialect (legacy.md, "Transport dialect") in memory, read as the first
// reader does, with its messages.
#ifndef H4MK_SERVER_LEGACY_CONTAINER_H_
#define H4MK_SERVER_LEGACY_CONTAINER_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace h4mk::server {

// The message is what the first reader says.
struct BadContainer : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ContainerChunk {
  std::string_view tag;
  uint64_t offset = 0;  // of the payload
  uint32_t crc = 0;
  std::string_view payload;
};

class Container {
 public:
  struct SeekEntry {
    uint64_t pts = 0, offset = 0;
  };
  struct TrackSeek {
    std::string track;
    std::vector<std::pair<uint64_t, uint32_t>> entries;  // pts_us, core_index
  };

  // Throws BadContainer. What bytes refers to must outlive it.
  explicit Container(std::string_view bytes);
  const std::vector<ContainerChunk>& chunks() const { return chunks_; }
  const std::vector<std::string_view>& cores() const { return cores_; }
  std::optional<std::string_view> First(std::string_view tag) const;
  std::vector<SeekEntry> Seek() const;  // throws BadContainer
  // The last entry at or before a time, by the first reader's binary search.
  static std::optional<SeekEntry> Find(const std::vector<SeekEntry>& table, int64_t pts);
  // The check of VERI that the first reader makes.
  bool Integrity() const;
  // META or SAFE as JSON; nothing if there is none or it cannot be read.
  std::optional<nlohmann::ordered_json> Json(std::string_view tag) const;
  // The tables in META: "seekm_b64" and "trak_b64". Throw BadContainer.
  static std::vector<TrackSeek> TrackSeeks(const nlohmann::ordered_json& meta);
  static nlohmann::ordered_json TrackEntries(const nlohmann::ordered_json& meta);

 private:
  std::vector<ContainerChunk> chunks_;
  std::vector<std::string_view> cores_;
};

// Pairs of value and run. Throws BadContainer: an odd length, or more than `most` bytes.
std::string DecodeRuns(std::string_view coded, size_t most);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_LEGACY_CONTAINER_H_
