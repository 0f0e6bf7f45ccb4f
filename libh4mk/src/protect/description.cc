// SPDX-License-Identifier: MIT
#include "protect/description.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

namespace h4mk {
namespace {

// Hashes one value after the other. Each begins with a byte that tells its kind, and texts, arrays
// and objects with their size: no two values give the same bytes.
class JsonHasher {
 public:
  void Add(const Json& value) {
    switch (value.type()) {
      case Json::value_t::boolean:
        return AddKind(value.get<bool>() ? 't' : 'f');
      case Json::value_t::number_integer:
      case Json::value_t::number_unsigned:
        return AddInteger(value);
      case Json::value_t::number_float:
        return AddReal(value.get<double>());
      case Json::value_t::string:
        return AddText(value.get_ref<const std::string&>());
      case Json::value_t::array:
        AddKind('a');
        AddNumber(uint64_t{value.size()});
        for (const Json& element : value) Add(element);
        return;
      case Json::value_t::object:
        return AddObject(value);
      default:
        return AddKind('n');
    }
  }
  Sha256Digest Finish() { return hash_.Finish(); }

 private:
  void AddKind(char kind) {
    const auto byte = static_cast<uint8_t>(kind);
    hash_.Add({&byte, 1});
  }
  void AddNumber(uint64_t number) {
    uint8_t bytes[sizeof number];
    StoreLe(bytes, number);
    hash_.Add(bytes);
  }
  void AddInteger(const Json& value) {
    const bool is_negative = value.is_number_integer() && value < 0;
    AddKind(is_negative ? '-' : '+');
    AddNumber(is_negative ? static_cast<uint64_t>(value.get<int64_t>()) : value.get<uint64_t>());
  }
  void AddReal(double real) {
    if (!std::isfinite(real)) return AddKind('n');  // JSON has none: it is written as null
    AddKind('r');
    AddNumber(std::bit_cast<uint64_t>(real));
  }
  void AddText(const std::string& text) {
    AddKind('s');
    AddNumber(uint64_t{text.size()});
    hash_.Add(AsBytes(text));
  }
  void AddObject(const Json& object) {
    std::vector<const std::string*> keys;
    for (const auto& [key, value] : object.items()) keys.push_back(&key);
    std::ranges::sort(keys, [](const auto* a, const auto* b) { return *a < *b; });
    AddKind('o');
    AddNumber(uint64_t{keys.size()});
    for (const std::string* key : keys) {
      AddText(*key);
      Add(object.find(*key).value());
    }
  }

  Sha256 hash_;
};

// What is written may have texts and numbers that JSON does not have.
Json AsRead(const Json& value) { return Json::parse(DumpJson(value), nullptr, false); }

}  // namespace

Sha256Digest JsonDigest(const Json& value) {
  JsonHasher hasher;
  hasher.Add(value);
  return hasher.Finish();
}

Sha256Digest TracksDigest(Json tracks) {
  if (tracks.is_array())
    for (Json& track : tracks)
      if (track.is_object())
        for (const char* words : {"name", "note", "tags"}) track.erase(words);
  return JsonDigest(tracks);
}

// Texts beside the keys of META are tags.
Sha256Digest MetaDigest(const Json& meta) {
  Json kept = Json::object();
  if (meta.is_object())
    for (const auto& [key, value] : meta.items())
      if (key != "tags" && key != "chapters" && key != "protection" && !value.is_string())
        kept[key] = value;
  return JsonDigest(kept);
}

Sha256Digest DigestOf(const std::vector<Track>& tracks) {
  Json list = Json::array();
  for (const Track& track : tracks) list.push_back(track.description);
  return TracksDigest(AsRead(list));
}

Sha256Digest DigestOf(const Json& meta) { return MetaDigest(AsRead(meta)); }

}  // namespace h4mk
