// SPDX-License-Identifier: MIT
// Names that files are given, and their folders: what content says never leads out of one.
#ifndef H4MK_TOOLS_FILE_NAME_H_
#define H4MK_TOOLS_FILE_NAME_H_

#include <string>
#include <string_view>

#include "output.h"

namespace h4mk::tool {

// A name of a file, from a text that anybody may have written: characters that paths, shells and
// terminals take for their own become _, and it begins with neither a dot nor a dash. At most 200
// bytes. "" if nothing is left.
std::string SafeName(std::string_view text);

// "film.h4mk" of "folder/film.h4mk", and of "http://server/film.h4mk?key=1".
std::string LastName(const std::string& path);

// "film" of the same.
std::string Stem(const std::string& path);

// "folder/film" of "folder/film.h4mk"; other names stay.
std::string WithoutH4mk(const std::string& path);

// A name in a folder; "" is the one we are in.
std::string InFolder(const std::string& folder, const std::string& name);

// Whether an output is a folder: one that is there, or a name that ends in a slash.
bool IsFolder(const std::string& path);

// Whether a file has a name as H4MK files have it, or one of the names that media files have.
bool IsH4mkName(const std::string& path);
bool IsMediaName(const std::string& path);

// Makes the folder that a new file is to lie in, and those above it.
Status MakeFolderOf(const std::string& path);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_FILE_NAME_H_
