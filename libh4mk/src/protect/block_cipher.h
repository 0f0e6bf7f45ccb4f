// SPDX-License-Identifier: MIT
// Encrypts and opens the blocks of a file (protection.md, "Encrypted blocks"): keys, nonces,
// associated data, and the member "protection" of META. Knows nothing of files; EncryptStage
// and DecryptStage bring the two together.
#ifndef H4MK_PROTECT_BLOCK_CIPHER_H_
#define H4MK_PROTECT_BLOCK_CIPHER_H_

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "cluster/block.h"
#include "crypto/gcm.h"
#include "crypto/key_chain.h"
#include "crypto/secret.h"
#include "file/tracks.h"
#include "protect/description.h"

namespace h4mk {

inline constexpr std::string_view kProtectionKey = "protection";  // in META
inline constexpr std::string_view kSchemeGcm = "aes-256-gcm";
inline constexpr std::string_view kSchemeLiving = "living";

inline constexpr size_t kMinMasterKey = 16;
inline constexpr size_t kMaxMasterKey = 1024;
inline constexpr size_t kMaxKeyId = 32;
inline constexpr size_t kIdSize = 16;  // of a file, of a session
using Id = std::array<uint8_t, kIdSize>;

// A master key and the id that files name it by; an empty id fits every file.
struct MasterKey {
  Bytes kid;
  Secret key;
};

// What a block's tag covers besides its bytes.
struct BlockContext {
  uint32_t track_id = 0;
  TimeBase time_base;
  uint64_t ordinal = 0;
  int64_t pts = kNoTime;
  int64_t dts = kNoTime;
  int64_t duration = 0;
  uint32_t flags = 0;  // as they are stored
};

enum class BlockPart : uint32_t { kData = 0, kSideData = 1 };

// Blocks of a track, counted.
struct TrackCount {
  uint32_t track_id = 0;
  uint64_t blocks = 0;
};

class BlockCipher : public InSecretMemory {
 public:
  // For a new file. The id is random unless one is given. kArgument: no such scheme, or a key of a
  // wrong length.
  static Result<std::unique_ptr<BlockCipher>> New(std::string_view scheme, const MasterKey& key,
                                                  const std::optional<Id>& file_id = {});

  // For a file with this member of META, with the first key whose id fits. kKey: no key, or the
  // wrong one. kCorrupt: the description cannot be used.
  static Result<std::unique_ptr<BlockCipher>> Open(const Json& protection,
                                                   std::span<const MasterKey> keys);

  // Whether ForgetMasterKey() forgets the key. Then there are no keys for other tracks later.
  bool forgets() const { return scheme_ == kSchemeLiving; }

  // What is needed to open blocks.
  Json Describe() const;
  // The member of META, of a file with these descriptions; with the end of a closed one if there
  // are counts, one for each track.
  Json Describe(const DescriptionDigests& descriptions,
                const std::optional<std::vector<TrackCount>>& counts) const;

  // Whether the descriptions are those that were written with the member; kCorrupt.
  Status CheckDescriptions(const Json& protection, const DescriptionDigests& descriptions) const;
  // Takes the sessions of a later description of the same file, which may add some; kCorrupt.
  Status AddSessions(const Json& protection);
  // Checks the end of a closed file, and gives its counts; kCorrupt.
  Result<std::vector<TrackCount>> CheckEnd(const Json& protection) const;

  // For writers of scheme living, before the first block: derives what these tracks need, and
  // forgets the master key. From then on this object cannot open what it has sealed.
  void ForgetMasterKey(std::span<const uint32_t> track_ids);

  // out has data.size() + kGcmTagSize bytes, and may be data.
  void Seal(const BlockContext& block, BlockPart part, ByteSpan data, uint8_t* out);
  // out has sealed.size() - kGcmTagSize bytes, and may be sealed. False: it is not what was sealed
  // for this context; what is in out then is worthless. REQUIRES: sealed.size() ≥ kGcmTagSize.
  bool Open(const BlockContext& block, BlockPart part, ByteSpan sealed, uint8_t* out);

 private:
  struct Session {
    Id id{};
    std::map<uint32_t, uint64_t> first;  // by track id; 0 for those that are not there
    bool operator==(const Session&) const = default;
  };
  // Blocks refer to them.
  using Sessions = std::vector<std::unique_ptr<Session>>;
  struct Since {  // a session holds for the blocks of a track from this number on
    uint64_t ordinal = 0;
    const Session* session = nullptr;
  };
  // The cipher for a run of blocks of a track: 2^kEpochShift of them, or one with scheme living.
  struct TrackState {
    const Session* session = nullptr;
    uint64_t run = 0;
    Gcm cipher;
    LivingTrack living;
    // Rising, the first one from number 0 on. Empty before the first block.
    std::vector<Since> since;
  };

  BlockCipher() = default;
  void SetKey(ByteSpan master_key);
  Key DescriptionsMac(const DescriptionDigests& descriptions) const;
  Key EndMac(const Key& descriptions, std::span<const TrackCount> counts) const;
  static Result<Sessions> ReadSessions(const Json& protection);
  std::vector<Since> SessionsOf(uint32_t track_id) const;
  const Session& SessionOf(uint32_t track_id, uint64_t ordinal);
  Gcm& CipherFor(const BlockContext& block, const Session& session);
  Key LivingTop(uint32_t track_id, const Session& session) const;

  std::string scheme_;
  Bytes kid_;
  Id file_id_{};
  Key root_, check_, descriptions_key_, end_key_;
  Sessions sessions_;
  std::map<uint32_t, TrackState, std::less<>,
           SecretAllocator<std::pair<const uint32_t, TrackState>>>
      tracks_;
};

}  // namespace h4mk

#endif  // H4MK_PROTECT_BLOCK_CIPHER_H_
