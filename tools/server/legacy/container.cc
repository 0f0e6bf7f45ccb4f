// SPDX-License-Identifier: MIT
#include "legacy/container.h"

#include <openssl/evp.h>

#include <array>

#include "core/text.h"
#include "legacy/python_text.h"

namespace h4mk::server {
namespace {

uint64_t Big(std::string_view bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

uint32_t Crc32(std::string_view bytes) {
  static const std::array<uint32_t, 256> table = [] {
    std::array<uint32_t, 256> t{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t c = i;
      for (int k = 0; k < 8; ++k) c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1;
      t[i] = c;
    }
    return t;
  }();
  uint32_t crc = ~0u;
  for (const char c : bytes) crc = table[(crc ^ static_cast<uint8_t>(c)) & 255] ^ crc >> 8;
  return ~crc;
}

std::optional<std::string> Base64(const nlohmann::ordered_json& meta, const char* key) {
  if (!meta.is_object() || !meta.contains(key) || !meta[key].is_string()) return std::nullopt;
  const auto& text = meta[key].get_ref<const std::string&>();
  if (text.size() % 4 != 0) throw BadContainer(std::string(key) + " is no base64");
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) throw BadContainer(std::string(key) + " is no base64");
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes.resize(static_cast<size_t>(size) - padding);
  return bytes;
}

}  // namespace

Container::Container(std::string_view bytes) {
  if (bytes.size() < 8) throw BadContainer("H4MK file too short");
  if (bytes.substr(0, 4) != "H4MK")
    throw BadContainer("Invalid magic bytes: " + PythonBytes(bytes.substr(0, 4)));
  if (Big(bytes, 4, 2) != 1)
    throw BadContainer("Unsupported H4MK version: " + std::to_string(Big(bytes, 4, 2)));
  for (size_t at = 8; bytes.size() - at >= 12;) {
    ContainerChunk chunk;
    chunk.tag = bytes.substr(at, 4);
    const uint64_t length = Big(bytes, at + 4, 4);
    chunk.crc = static_cast<uint32_t>(Big(bytes, at + 8, 4));
    chunk.offset = at + 12;
    if (length > bytes.size() - at - 12)
      throw BadContainer("Chunk " + PythonBytes(chunk.tag) + " claims size " +
                         std::to_string(length) + " but file too short");
    chunk.payload = bytes.substr(at + 12, static_cast<size_t>(length));
    if (const uint32_t crc = Crc32(chunk.payload); crc != chunk.crc)
      throw BadContainer("CRC mismatch for chunk " + PythonBytes(chunk.tag) + ": expected " +
                         Hex(chunk.crc, 8) + ", got " + Hex(crc, 8));
    if (chunk.tag == "CORE") cores_.push_back(chunk.payload);
    chunks_.push_back(chunk);
    at += 12 + static_cast<size_t>(length);
  }
}

std::optional<std::string_view> Container::First(std::string_view tag) const {
  for (const ContainerChunk& chunk : chunks_)
    if (chunk.tag == tag) return chunk.payload;
  return std::nullopt;
}

std::vector<Container::SeekEntry> Container::Seek() const {
  std::vector<SeekEntry> table;
  const auto payload = First("SEEK");
  if (!payload) return table;
  if (payload->size() < 4) throw BadContainer("SEEK chunk too short");
  const uint64_t count = Big(*payload, 0, 4);
  if (count > (payload->size() - 4) / 16) throw BadContainer("SEEK chunk is incomplete");
  for (size_t i = 0; i < count; ++i)
    table.push_back({Big(*payload, 4 + 16 * i, 8), Big(*payload, 12 + 16 * i, 8)});
  return table;
}

std::optional<Container::SeekEntry> Container::Find(const std::vector<SeekEntry>& table,
                                                    int64_t pts) {
  std::optional<SeekEntry> found;
  for (ptrdiff_t low = 0, high = static_cast<ptrdiff_t>(table.size()) - 1; low <= high;) {
    const ptrdiff_t middle = (low + high) / 2;
    if (pts >= 0 && table[static_cast<size_t>(middle)].pts <= static_cast<uint64_t>(pts)) {
      found = table[static_cast<size_t>(middle)];
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  return found;
}

bool Container::Integrity() const {
  const auto veri = First("VERI");
  if (!veri) return true;
  if (veri->size() != 32) return false;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  unsigned char digest[EVP_MAX_MD_SIZE] = {};
  bool ok = context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1;
  for (const char* tag : {"CORE", "SEEK", "META", "SAFE"})
    for (const ContainerChunk& chunk : chunks_)
      if (ok && chunk.tag == tag)
        ok = EVP_DigestUpdate(context, chunk.payload.data(), chunk.payload.size()) == 1;
  ok = ok && EVP_DigestFinal_ex(context, digest, nullptr) == 1;
  EVP_MD_CTX_free(context);
  return ok && std::string_view(reinterpret_cast<const char*>(digest), 32) == *veri;
}

std::optional<nlohmann::ordered_json> Container::Json(std::string_view tag) const {
  const auto payload = First(tag);
  if (!payload) return std::nullopt;
  int depth = 0;  // a parser that calls itself must not be led too deep
  for (const char c : *payload) {
    depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
    if (depth > 500) return std::nullopt;
  }
  auto json = nlohmann::ordered_json::parse(*payload, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

std::vector<Container::TrackSeek> Container::TrackSeeks(const nlohmann::ordered_json& meta) {
  std::vector<TrackSeek> tables;
  const auto bytes = Base64(meta, "seekm_b64");
  if (!bytes || bytes->empty()) return tables;
  size_t at = 0;
  const auto take = [&](size_t size) {
    if (bytes->size() - at < size) throw BadContainer("SEEKM is too short");
    at += size;
    return at - size;
  };
  const uint64_t count = Big(*bytes, take(4), 4);
  for (uint64_t i = 0; i < count; ++i) {
    TrackSeek table;
    const auto length = static_cast<size_t>(Big(*bytes, take(2), 2));
    table.track = bytes->substr(take(length), length);
    const uint64_t entries = Big(*bytes, take(4), 4);
    for (uint64_t k = 0; k < entries; ++k) {
      const size_t entry = take(12);
      table.entries.emplace_back(Big(*bytes, entry, 8),
                                 static_cast<uint32_t>(Big(*bytes, entry + 8, 4)));
    }
    tables.push_back(std::move(table));
  }
  return tables;
}

nlohmann::ordered_json Container::TrackEntries(const nlohmann::ordered_json& meta) {
  const auto bytes = Base64(meta, "trak_b64");
  if (!bytes) return nlohmann::ordered_json::array();
  const auto json = nlohmann::ordered_json::parse(*bytes, nullptr, false);
  if (!json.is_object() || !json.contains("trak")) throw BadContainer("TRAK cannot be read");
  return json["trak"];
}

std::string DecodeRuns(std::string_view coded, size_t most) {
  if (coded.size() % 2 != 0)
    throw BadContainer("Compressed data length must be even, got " + std::to_string(coded.size()));
  std::string plain;
  for (size_t i = 0; i < coded.size(); i += 2) {
    plain.append(static_cast<uint8_t>(coded[i + 1]), coded[i]);
    if (plain.size() > most) throw BadContainer("the block is larger than this server unpacks");
  }
  return plain;
}

}  // namespace h4mk::server
