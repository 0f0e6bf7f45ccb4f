// SPDX-License-Identifier: MIT
// The HTTP API of the first programs, request for request; tests/server/vectors has them. Where the
// old one could never answer (an error for every file that its own writer makes), this one answers
// what was meant.
#include <h4mk/token.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cmath>

#include "core/service.h"
#include "legacy/audio.h"
#include "legacy/container.h"
#include "legacy/export.h"
#include "legacy/form.h"
#include "legacy/python_text.h"

namespace h4mk::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kJson = "application/json";
constexpr const char* kProject = "HarmonyØ4";
constexpr const char* kBinary = "application/octet-stream";
constexpr const char* kDone = "event:done\ndata:{\"ok\":true,\"project\":\"HarmonyØ4\"}\n\n";

Response JsonAnswer(std::string text, int status = 200) {
  return TextResponse(kJson, std::move(text), status);
}
Response Detail(int status, const std::string& message) {
  return JsonAnswer("{\"detail\":" + JsonText(message) + "}", status);
}
Response Crash() { return TextResponse("text/plain; charset=utf-8", "Internal Server Error", 500); }

// Without a Content-Type.
Response Plain(int status, const std::string& text) {
  Response response;
  response.status = status;
  response.body.Append(text);
  return response;
}

Response Attachment(std::string bytes, const char* name) {
  Response response = TextResponse(kBinary, std::move(bytes));
  response.Set("Content-Disposition", std::string("attachment; filename=\"Harmony\xD8"
                                                  "4_") +
                                          name + "\"");
  return response;
}

// The events are ready; they are sent as the old one sent them, in chunks.
class ReadyEvents final : public BodySource {
 public:
  ReadyEvents(std::string text, bool breaks_off)
      : text_(std::move(text)), breaks_off_(breaks_off) {}
  bool Next(std::string* text) override {
    if (text_.empty() && breaks_off_) throw std::runtime_error("an odd number of bytes");
    *text = std::exchange(text_, {});
    return breaks_off_;
  }

 private:
  std::string text_;
  const bool breaks_off_;
};

Response Events(std::string text, bool breaks_off = false) {
  Response response;
  response.Set("Content-Type", "text/event-stream; charset=utf-8");
  response.source = std::make_shared<ReadyEvents>(std::move(text), breaks_off);
  return response;
}

// Anything that a handler throws, as the old one told it.
template <typename Handler>
std::function<Response(Call&)> Guard(Handler handler) {
  return [handler](Call& call) {
    Response response;
    try {
      response = handler(call);
    } catch (const FieldError& error) {
      response = JsonAnswer("{\"detail\":[" + error.text + "]}", 422);
    } catch (const HttpError&) {
      throw;
    } catch (const std::exception&) {
      response = Crash();
    }
    // Any origin, with credentials: that API has no secrets of its own, and nothing else does this.
    if (const std::string_view origin = call.request.Header("Origin"); !origin.empty()) {
      response.Set("Access-Control-Allow-Origin", std::string(origin));
      response.Set("Access-Control-Allow-Credentials", "true");
      response.Set("Vary", "Origin");
    }
    return response;
  };
}

// ------------------------------------------------------------------------------ streams and
// exports

struct VideoForm {
  size_t block_size;
  double fps;
  int64_t gop;
  std::string_view file;
};

VideoForm ReadVideoForm(const Call& call) {
  VideoForm form;
  form.block_size =
      static_cast<size_t>(ReadInteger(call, "block_size", 524288, 65536, 8388608).value);
  form.fps = ReadReal(call, "fps_hint", 30, 1, 240);
  form.gop = ReadInteger(call, "gop", 30, 1, 600).value;
  form.file = ReadFile(call);
  return form;
}

Response VideoStream(Call& call) {
  const VideoForm form = ReadVideoForm(call);
  const size_t blocks = (form.file.size() + form.block_size - 1) / form.block_size;
  const auto step = static_cast<uint64_t>(1'000'000 / form.fps);
  std::string text = "event:meta\ndata:{\"blocks\":" + std::to_string(blocks) +
                     ",\"block_size\":" + std::to_string(form.block_size) +
                     ",\"fps_hint\":" + PythonFloat(form.fps) +
                     ",\"gop\":" + std::to_string(form.gop) + "}\n\n";
  for (size_t i = 0; i < blocks; ++i) {
    const bool key = i % static_cast<size_t>(form.gop) == 0;
    const h4mk_video_token token = {i * step, static_cast<uint32_t>(i), key};
    uint8_t bytes[H4MK_VIDEO_TOKEN_SIZE];
    if (h4mk_video_token_encode(&token, bytes) != H4MK_OK) throw std::runtime_error("a token");
    text += "event:token\ndata:{\"pts_us\":" + std::to_string(i * step) +
            ",\"block_index\":" + std::to_string(i) + ",\"is_key\":" + (key ? "true" : "false") +
            ",\"token_hex\":\"";
    for (const uint8_t byte : bytes) text += Hex(byte, 2);
    text += "\"}\n\n";
  }
  return Events(text + kDone);
}

// The key of a mask, or the answer to a wrong one.
std::optional<Response> ReadKey(const std::string& hex, std::string* key, const char* too_short) {
  const auto bytes = ParseHex(hex);
  if (!bytes) return Plain(400, "master_key_hex must be valid hex.");
  if (bytes->size() < H4MK_MIN_KEY_SIZE) return Plain(400, too_short);
  *key = *bytes;
  return std::nullopt;
}

Response Export(Call& call, bool encrypted) {
  ExportForm form;
  form.block_size =
      static_cast<size_t>(ReadInteger(call, "block_size", 524288, 65536, 8388608).value);
  form.fps = ReadReal(call, "fps_hint", 30, 1, 240);
  form.gop = ReadInteger(call, "gop", 30, 1, 600).value;
  form.masked = ReadBool(call, "mask", false);
  form.file = ReadFile(call);
  if (encrypted) {
    const std::string secret = call.Text("shared_secret_hex", "");
    if (secret.empty()) {
      static constexpr std::string_view kDefault = "Harmony4_default_shared_secret";
      form.secret.resize(32);
      SHA256(reinterpret_cast<const unsigned char*>(kDefault.data()), kDefault.size(),
             reinterpret_cast<unsigned char*>(form.secret.data()));
    } else {
      if (secret.size() < 64)
        return Plain(400, "shared_secret_hex must be 64 hex characters (32 bytes).");
      const auto bytes = ParseHex(secret);
      if (!bytes) return Plain(400, "shared_secret_hex must be valid hex.");
      if (bytes->size() < 32)
        return Plain(400, "shared_secret_hex must represent at least 32 bytes.");
      form.secret = *bytes;
    }
  }
  if (form.masked) {
    const std::string hex = call.Text("master_key_hex", "");
    if (hex.size() < 32)
      return Plain(400, "mask=true requires master_key_hex (minimum 16 bytes, 32 hex chars).");
    if (auto refused = ReadKey(hex, &form.key, "master_key_hex must represent at least 16 bytes."))
      return *refused;
  }
  return Attachment(ExportTransport(form), encrypted ? "video_encrypted.h4mk" : "video.h4mk");
}

Response AudioStream(Call& call) {
  AudioForm form;
  form.rate = static_cast<uint32_t>(ReadInteger(call, "sample_rate", 48000, 8000, 192000).value);
  form.frame_size = static_cast<uint32_t>(ReadInteger(call, "frame_size", 2048, 256, 16384).value);
  form.top_k = static_cast<uint32_t>(ReadInteger(call, "top_k", 32, 1, 256).value);
  const std::string_view pcm = ReadFile(call);
  std::string text = "event:meta\ndata:{\"sample_rate\":" + std::to_string(form.rate) +
                     ",\"frame_size\":" + std::to_string(form.frame_size) +
                     ",\"top_k\":" + std::to_string(form.top_k) + "}\n\n";
  if (pcm.size() % 2 != 0) return Events(text, /*breaks_off=*/true);
  return Events(text + AudioTokenEvents(form, pcm) + kDone);
}

Response AudioMask(Call& call) {
  const auto block_size =
      static_cast<size_t>(ReadInteger(call, "block_size", 262144, 16384, 4194304).value);
  const std::string hex = ReadText(call, "master_key_hex");
  const std::string_view file = ReadFile(call);
  std::string key;
  if (auto refused = ReadKey(hex, &key, "master_key must be at least 16 bytes.")) return *refused;
  return Attachment(MaskBlocks(file, block_size, key), "audio.masked");
}

// ------------------------------------------------------------------------------ range, seek, info

// The file as hexadecimal digits in the query.
std::optional<Response> ReadContainer(const Call& call, std::string* bytes,
                                      std::optional<Container>* container) {
  const auto parsed = ParseHex(ReadText(call, "h4mk"));
  if (!parsed) return Plain(400, "Invalid hex encoding");
  *bytes = *parsed;
  try {
    container->emplace(*bytes);
  } catch (const BadContainer& error) {
    return Plain(400, std::string("Invalid H4MK: ") + error.what());
  }
  return std::nullopt;
}

struct OldRange {
  uint64_t first = 0, last = 0;
};

// Throws std::invalid_argument with the words of Python.
OldRange ParseOldRange(std::string_view header, uint64_t size) {
  const auto number = [](std::string_view text) {
    WholeNumber value;
    if (!ParsePythonInteger(text, &value))
      throw std::invalid_argument("invalid literal for int() with base 10: '" + std::string(text) +
                                  "'");
    return value.value;
  };
  const size_t dash = header.find('-');
  if (!header.starts_with("bytes=") || dash == header.npos)
    throw std::invalid_argument("Invalid Range header format");
  const std::string_view first = header.substr(6, dash - 6), last = header.substr(dash + 1);
  const auto total = static_cast<int64_t>(size);
  int64_t from = 0, to = total - 1;
  if (first.empty()) {
    const int64_t count = number(last);
    if (count <= 0) throw std::invalid_argument("Invalid range");
    from = std::max<int64_t>(0, total - count);
  } else {
    from = number(first);
    if (!last.empty()) to = std::min(number(last), total - 1);
  }
  if (from < 0 || from >= total || from > to) throw std::invalid_argument("Invalid range");
  return {static_cast<uint64_t>(from), static_cast<uint64_t>(to)};
}

Response VideoRange(Call& call) {
  std::string bytes;
  std::optional<Container> container;
  if (auto refused = ReadContainer(call, &bytes, &container)) return *refused;
  if (container->cores().empty()) return Plain(400, "No CORE chunk");
  std::string data;
  for (const std::string_view core : container->cores()) data += core;
  const std::string_view header = call.request.Header("Range");
  Response response;
  if (header.empty()) {
    response.Set("Accept-Ranges", "bytes");
    response.body.Append(std::move(data));
    return response;
  }
  try {
    const OldRange range = ParseOldRange(header, data.size());
    response.status = 206;
    response.Set("Content-Range", "bytes " + std::to_string(range.first) + "-" +
                                      std::to_string(range.last) + "/" +
                                      std::to_string(data.size()));
    response.Set("Accept-Ranges", "bytes");
    response.body.Append(data.substr(static_cast<size_t>(range.first),
                                     static_cast<size_t>(range.last - range.first + 1)));
    return response;
  } catch (const std::invalid_argument& error) {
    response = Plain(416, std::string("Invalid range: ") + error.what());
    response.Set("Content-Range", "bytes */" + std::to_string(data.size()));
    return response;
  }
}

Response VideoSeek(Call& call) {
  const WholeNumber pts = ReadInteger(call, "pts", std::nullopt, std::nullopt, std::nullopt);
  std::string bytes;
  std::optional<Container> container;
  if (auto refused = ReadContainer(call, &bytes, &container)) return *refused;
  const auto found = Container::Find(container->Seek(), pts.value);
  if (!found) return Plain(404, "No keyframe found before that PTS");
  const std::string p = std::to_string(found->pts), o = std::to_string(found->offset);
  return JsonAnswer("{\"pts\": " + p + ", \"offset\": " + o + ", \"message\": \"Keyframe at PTS " +
                    p + "us, offset " + o + " bytes\"}");
}

Response VideoInfo(Call& call) {
  std::string bytes;
  std::optional<Container> container;
  if (auto refused = ReadContainer(call, &bytes, &container)) return *refused;
  Json chunks = Json::object();
  for (const ContainerChunk& chunk : container->chunks()) {
    std::string tag(chunk.tag);
    std::erase_if(tag, [](char c) { return static_cast<unsigned char>(c) >= 128; });
    chunks[tag].push_back(
        {{"offset", chunk.offset}, {"size", chunk.payload.size()}, {"crc", Hex(chunk.crc, 8)}});
  }
  // The old one takes META of 12 bytes or more for two numbers and fails; what was meant is META.
  Json metadata = Json::object();
  if (const auto meta = container->First("META"); meta && meta->size() >= 12)
    if (const auto json = container->Json("META")) metadata = *json;
  return JsonAnswer(
      Json{{"chunks", chunks}, {"metadata", metadata}, {"integrity", container->Integrity()}}.dump(
          2));
}

// --------------------------------------------------------------------------- the mounted /video/…

// A file of a form, and `what` for errors that come later.
template <typename Handler>
std::function<Response(Call&)> WithContainer(const char* what, Handler handler) {
  return Guard([what, handler](Call& call) -> Response {
    const std::function<Response(const Container&)> answer = handler(call);
    const std::string_view file = ReadFile(call);
    std::optional<Container> container;
    try {
      container.emplace(file);
    } catch (const BadContainer& error) {
      return Detail(422, std::string("Invalid H4MK container: ") + error.what());
    }
    try {
      return answer(*container);
    } catch (const std::exception& error) {
      return Detail(500, std::string(what) + " failed: " + error.what());
    }
  });
}

Json MetaOrRaw(const Container& container, const char* tag) {
  if (const auto json = container.Json(tag)) return *json;
  const auto payload = container.First(tag);
  return payload ? Json{{"_raw", payload->size()}} : Json::object();
}

Response Manifest(const Container& container) {
  const Json meta = MetaOrRaw(container, "META"), safe = MetaOrRaw(container, "SAFE");
  if (!meta.is_object()) throw std::runtime_error("'list' object has no attribute 'get'");
  const auto member = [&](const char* key, Json otherwise) {
    return meta.contains(key) ? meta[key] : otherwise;
  };
  Json seek = Json::array();
  for (const Container::SeekEntry& entry : container.Seek())
    seek.push_back({{"pts_us", entry.pts}, {"block_offset", entry.offset}});
  return JsonAnswer(PythonJson({{"container", "H4MK"},
                                {"project", member("project", kProject)},
                                {"domain", member("domain", "video-transport")},
                                {"blocks", container.cores().size()},
                                {"seek", seek},
                                {"compression", member("compression", Json::object())},
                                {"safe", safe}}));
}

constexpr size_t kMostPlainBytes = 256 << 20;

std::function<Response(const Container&)> Block(Call& call) {
  WholeNumber index;
  if (!ParsePythonInteger(call.Path("index"), &index))
    throw FieldError{
        R"({"loc":["path","index"],"msg":"value is not a valid integer","type":"type_error.integer"})"};
  const bool decompress = ReadBool(call, "decompress", true);
  return [index, decompress](const Container& container) {
    const auto count = static_cast<int64_t>(container.cores().size());
    if (index.value < 0 || index.value >= count)
      return Detail(416, "Block index " + index.digits + " out of range (0-" +
                             std::to_string(count - 1) + ")");
    std::string data(container.cores()[static_cast<size_t>(index.value)]);
    if (decompress) {
      // One bad block anywhere spoils all, as it did.
      size_t left = kMostPlainBytes;
      for (size_t i = 0; i < container.cores().size(); ++i) {
        std::string plain = DecodeRuns(container.cores()[i], left);
        left -= plain.size();
        if (static_cast<int64_t>(i) == index.value) data = std::move(plain);
      }
    }
    Response response = TextResponse(kBinary, std::move(data));
    response.Set("X-Block-Index", index.digits);
    response.Set("X-Decompressed", decompress ? "true" : "false");
    return response;
  };
}

std::function<Response(const Container&)> SeekToBlock(Call& call) {
  const WholeNumber pts = ReadInteger(call, "pts_us", std::nullopt, 0, std::nullopt);
  return [pts](const Container& container) {
    const std::vector<Container::SeekEntry> table = container.Seek();
    if (table.empty()) return Detail(400, "No seek table in container");
    // The old one fails here whatever the table holds; this is what was meant.
    const auto found = Container::Find(table, pts.value);
    if (!found) return Detail(404, "No keyframe found before that PTS");
    size_t index = 0;
    for (size_t i = 0; i < table.size(); ++i)
      if (table[i].pts == found->pts) index = i;
    return JsonAnswer("{\"pts_us\":" + pts.digits +
                      ",\"keyframe_entry_index\":" + std::to_string(index) +
                      ",\"keyframe_pts_us\":" + std::to_string(found->pts) + "}");
  };
}

Response VerifyIntegrity(const Container& container) {
  Json answer = {{"valid", true}};
  const auto veris = std::count_if(container.chunks().begin(), container.chunks().end(),
                                   [](const ContainerChunk& c) { return c.tag == "VERI"; });
  if (!container.First("VERI")) {
    answer["hash_algorithm"] = nullptr;
    answer["info"] = "No VERI chunk; container structure is valid";
  } else if (const auto json = container.Json("VERI"); json && json->is_object()) {
    answer["hash_algorithm"] = json->contains("algorithm") ? (*json)["algorithm"] : Json("unknown");
    answer["info"] = "VERI check passed; " + std::to_string(veris) + " block(s) verified";
  } else {
    answer["hash_algorithm"] = "unknown";
    answer["info"] = "VERI chunk present but undecodable; structure valid";
  }
  return JsonAnswer(PythonJson(answer));
}

// ------------------------------------------------------------------------------ the tracks'
// /video/…

Response TracksManifest(Call& call) {
  const Container container(ReadFile(call));
  if (!container.First("META") || !container.First("SAFE"))
    return JsonAnswer("{\"error\":\"missing META or SAFE chunk\"}", 400);
  const auto meta = container.Json("META"), safe = container.Json("SAFE");
  if (!meta || !safe || !meta->is_object()) return Crash();
  Json seek = Json::object();
  for (const Container::TrackSeek& table : Container::TrackSeeks(*meta)) {
    Json entries = Json::array();
    for (const auto& [pts, core] : table.entries)
      entries.push_back({{"pts_us", pts}, {"core_index", core}});
    seek[table.track] = std::move(entries);
  }
  Json shown = *meta;
  shown.erase("seekm_b64");
  shown.erase("trak_b64");
  return JsonAnswer(
      PythonJson({{"container", "H4MK"},
                  {"meta", shown},
                  {"tracks", meta->contains("tracks") ? (*meta)["tracks"] : Json::array()},
                  {"seek", seek},
                  {"trak", Container::TrackEntries(*meta)},
                  {"safe", *safe},
                  {"core_blocks", container.cores().size()}}));
}

Response TracksSeek(Call& call) {
  const std::string track = ReadText(call, "track_id");
  const WholeNumber pts = ReadInteger(call, "pts_us", std::nullopt, 0, std::nullopt);
  const Container container(ReadFile(call));
  if (!container.First("META")) return JsonAnswer("{\"error\":\"missing META chunk\"}", 400);
  const auto meta = container.Json("META");
  if (!meta) return Crash();
  const std::string begin =
      "{\"track_id\":" + Json(track).dump(-1, ' ', false, Json::error_handler_t::replace) +
      ",\"pts_us\":" + pts.digits;
  for (const Container::TrackSeek& table : Container::TrackSeeks(*meta)) {
    if (table.track != track || table.entries.empty()) continue;
    auto found = table.entries.front();
    for (const auto& entry : table.entries)
      if (entry.first <= static_cast<uint64_t>(pts.value)) found = entry;
    return JsonAnswer(begin + ",\"keyframe_pts_us\":" + std::to_string(found.first) +
                      ",\"core_index\":" + std::to_string(found.second) + ",\"found\":true}");
  }
  return JsonAnswer(begin + ",\"found\":false}");
}

Response TracksBlock(Call& call) {
  const WholeNumber index = ReadInteger(call, "core_index", std::nullopt, 0, std::nullopt);
  const bool decompress = ReadBool(call, "decompress", true);
  const Container container(ReadFile(call));
  if (static_cast<uint64_t>(index.value) >= container.cores().size())
    return Plain(416, "core_index out of range");
  const std::string_view core = container.cores()[static_cast<size_t>(index.value)];
  return TextResponse(kBinary, decompress ? DecodeRuns(core, kMostPlainBytes) : std::string(core));
}

// ---------------------------------------------------------------------------------------------
// other

Response Health(Call&) {
  return JsonAnswer(
      "{\"status\":\"ok\",\"project\":\"HarmonyØ4\",\"service\":\"HarmonyØ4 Media API\"}");
}

// Browsers get the page of this server, all others what the old one said.
bool WantsPage(const Call& call) {
  return call.request.Header("Accept").find("text/html") != std::string_view::npos;
}

Json RootJson(const Router& router) {
  Json endpoints = Json::object();
  for (const Route& route : router.routes())
    if (route.tag == "First programs") endpoints[route.pattern] = route.method;
  return {
      {"project", kProject}, {"status", "running"}, {"version", "1.0.0"}, {"endpoints", endpoints}};
}

Response RawRuns(Call& call, bool decode) {
  if (decode) return TextResponse(kBinary, DecodeRuns(call.request.body, kMostPlainBytes));
  const auto coded = EncodeRuns(call.request.body);
  if (!coded) return Crash();
  return TextResponse(kBinary, *coded);
}

}  // namespace

Response OldNotFound(bool other_method, const std::string& allowed) {
  if (!other_method) return Detail(404, "Not Found");
  Response response = Detail(405, "Method Not Allowed");
  response.Set("Allow", allowed);
  return response;
}

void AddLegacyRoutes(Router* router, bool tracks) {
  const auto add = [&](const char* method, const char* path, const char* summary, const char* type,
                       std::vector<Parameter> parameters, std::function<Response(Call&)> handler) {
    router->Add({method, path, summary, type, std::move(parameters), std::move(handler), true,
                 "First programs"});
  };
  const auto q = [](const char* name, const char* type, const char* text) {
    return Parameter{name, type, text};
  };
  const std::vector<Parameter> video = {
      q("block_size", "integer", "65536 to 8388608, default 524288"),
      q("fps_hint", "number", "1 to 240, default 30"), q("gop", "integer", "1 to 600, default 30")};
  std::vector<Parameter> masked = video, encrypted;
  masked.push_back(q("mask", "boolean", "mask the blocks"));
  masked.push_back(q("master_key_hex", "string", "key of the mask, 16 bytes or more"));
  encrypted = masked;
  encrypted.push_back(
      q("shared_secret_hex", "string", "32 bytes or more; none: a secret that everybody knows"));
  const std::vector<Parameter> hex = {
      q("h4mk", "string", "a file of the transport dialect as hexadecimal digits")};
  const std::vector<Parameter> pts_us = {q("pts_us", "integer", "microseconds, from 0")};
  if (tracks) {
    add("POST", "/video/manifest",
        "Tracks, seek tables and blocks of a file with an index of tracks", kJson, {},
        Guard(TracksManifest));
    add("POST", "/video/seek_to_block", "The keyframe of a track for a time", kJson,
        {q("track_id", "string", "the track"), pts_us[0]}, Guard(TracksSeek));
    add("POST", "/video/block", "A block by its number", kBinary,
        {q("core_index", "integer", "from 0"), q("decompress", "boolean", "default true")},
        Guard(TracksBlock));
    return;
  }
  add("GET", "/health", "The service answers", kJson, {}, Guard(Health));
  add("POST", "/video/stream", "Tokens of a file's blocks as server-sent events",
      "text/event-stream", video, Guard(VideoStream));
  add("POST", "/video/export", "A file as the transport dialect", kBinary, masked,
      Guard([](Call& call) { return Export(call, false); }));
  add("POST", "/video/export-encrypted", "The same, encrypted by Living Cipher v3", kBinary,
      encrypted, Guard([](Call& call) { return Export(call, true); }));
  add("POST", "/audio/stream", "Tokens of sound (mono, 16 bits) as server-sent events",
      "text/event-stream",
      {q("sample_rate", "integer", "8000 to 192000, default 48000"),
       q("frame_size", "integer", "256 to 16384, default 2048"),
       q("top_k", "integer", "1 to 256, default 32")},
      Guard(AudioStream));
  add("POST", "/audio/mask", "A file with its blocks masked", kBinary,
      {q("block_size", "integer", "16384 to 4194304, default 262144"),
       q("master_key_hex", "string", "16 bytes or more")},
      Guard(AudioMask));
  add("GET", "/video/range", "Bytes of the blocks as stored; one range", kBinary, hex,
      Guard(VideoRange));
  add("GET", "/video/seek", "The keyframe for a time", kJson,
      {q("pts", "integer", "microseconds"), hex[0]}, Guard(VideoSeek));
  add("GET", "/video/info",
      "Chunks, metadata and integrity. The old program failed for files with META; this one tells "
      "META",
      kJson, hex, Guard(VideoInfo));
  add("POST", "/video/manifest",
      "What is in a file. The old program failed for files with seek entries; this one lists them",
      kJson, {}, WithContainer("Manifest generation", [](Call&) {
        return std::function<Response(const Container&)>(Manifest);
      }));
  add("POST", "/video/block/{index}", "A block by its number", kBinary,
      {q("decompress", "boolean", "default true")}, WithContainer("Block fetch", Block));
  add("POST", "/video/seek_to_block",
      "The keyframe for a time. The old program never answered; this is what was meant", kJson,
      pts_us, WithContainer("Seek mapping", SeekToBlock));
  add("POST", "/video/verify_integrity", "Whether the structure is valid", kJson, {},
      WithContainer("Integrity check", [](Call&) {
        return std::function<Response(const Container&)>(VerifyIntegrity);
      }));
  add("POST", "/compress", "Bytes as runs; a multiple of 256", kBinary, {},
      Guard([](Call& call) { return RawRuns(call, false); }));
  add("POST", "/compress/decompress", "Runs as bytes", kBinary, {},
      Guard([](Call& call) { return RawRuns(call, true); }));
  const auto engine = [](Call&) {
    return JsonAnswer(
        R"({"engine":"geometric-reference","engine_id":"unknown","fingerprint":"unknown","deterministic":true,"identity_safe":true,"opaque":false,"sealed":false})");
  };
  add("GET", "/compress/info", "The engine", kJson, {}, Guard(engine));
  add("GET", "/compress/attest", "The engine", kJson, {}, Guard(engine));
  add("GET", "/", "What is here; browsers get the page", kJson, {}, [](Call& call) -> Response {
    if (WantsPage(call)) return IndexPage();
    return JsonAnswer(PythonJson(RootJson(call.service.router())));
  });
}

}  // namespace h4mk::server
