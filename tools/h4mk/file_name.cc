// SPDX-License-Identifier: MIT
#include "file_name.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "file.h"
#include "own_path.h"
#include "text.h"
#include "url_file.h"

namespace h4mk::tool {
namespace {

constexpr size_t kMaxName = 200;   // of 255 that most file systems take: others add to it
constexpr size_t kMaxEnding = 16;  // that a name which is cut keeps: .jpeg

constexpr const char* kMediaExtensions[] = {
    ".3g2",   ".3gp",  ".aac",  ".ac3",   ".aif", ".aifc", ".aiff", ".amr",  ".ape",   ".asf",
    ".au",    ".avi",  ".avif", ".avifs", ".awb", ".caf",  ".divx", ".dsf",  ".dts",   ".dv",
    ".eac3",  ".f4v",  ".flac", ".flv",   ".gxf", ".h264", ".h265", ".heic", ".heics", ".heif",
    ".heifs", ".hevc", ".hif",  ".ivf",   ".m1v", ".m2t",  ".m2ts", ".m2v",  ".m4a",   ".m4b",
    ".m4v",   ".mj2",  ".mk3d", ".mka",   ".mkv", ".mlp",  ".mov",  ".mp2",  ".mp3",   ".mp4",
    ".mpc",   ".mpe",  ".mpeg", ".mpg",   ".mts", ".mxf",  ".nut",  ".obu",  ".oga",   ".ogg",
    ".ogv",   ".ogx",  ".opus", ".qt",    ".ra",  ".rm",   ".rmvb", ".spx",  ".tak",   ".thd",
    ".tp",    ".trp",  ".ts",   ".tta",   ".vob", ".w64",  ".wav",  ".weba", ".webm",  ".wma",
    ".wmv",   ".wtv",  ".wv",   ".y4m"};

}  // namespace

std::string SafeName(std::string_view text) {
  if (!IsUtf8(text)) return "";
  std::string name;
  while (!text.empty()) {
    const std::string_view character = FirstCharacter(text);
    text.remove_prefix(character.size());
    const bool is_bad = IsHidden(character) ||
                        std::string_view("/\\:*?\"<>|").find(character) != std::string_view::npos;
    name += is_bad ? "_" : character;
  }
  if (!name.empty() && (name[0] == '.' || name[0] == '-')) name[0] = '_';
  if (name.size() > kMaxName) {
    const size_t dot = std::min(name.rfind('.'), name.size());
    const std::string ending = name.size() - dot <= kMaxEnding ? name.substr(dot) : "";
    size_t size = kMaxName - ending.size();
    while (size > 0 && (name[size] & 0xC0) == 0x80) --size;
    name.replace(size, name.npos, ending);
  }
  return name.find_first_not_of("_ ") == name.npos ? "" : name;
}

std::string LastName(const std::string& path) {
  const std::string of = IsUrl(path) ? path.substr(0, path.find_first_of("?#")) : path;
  return of.substr(of.rfind('/') + 1);
}

std::string Stem(const std::string& path) {
  std::string name = LastName(path);
  const size_t dot = name.rfind('.');
  if (dot != name.npos && dot > 0) name.resize(dot);
  return name;
}

std::string WithoutH4mk(const std::string& path) {
  return path.substr(0, path.size() - (path.ends_with(".h4mk") ? 5 : 0));
}

std::string InFolder(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder.ends_with('/') ? folder + name : folder + "/" + name;
}

bool IsFolder(const std::string& path) {
  std::error_code ignored;
  return path.ends_with('/') || std::filesystem::is_directory(path, ignored);
}

bool IsH4mkName(const std::string& path) {
  return std::filesystem::path(path).extension() == ".h4mk";
}

bool IsMediaName(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::ranges::find(kMediaExtensions, extension) != std::end(kMediaExtensions);
}

Status MakeFolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty() || folder == "/") return {};
  H4MK_TRY(MakeFolderOf(folder));
  Place place;
  H4MK_TRY(FindPlace(folder, &place));
  if (place.exists) {
    if (S_ISDIR(place.info.st_mode)) return {};
    errno = ENOTDIR;
  } else if (mkdirat(place.folder.get(), place.name.c_str(), 0777) == 0 || errno == EEXIST) {
    return {};
  }
  return SystemError("cannot make " + folder);
}

}  // namespace h4mk::tool
