// SPDX-License-Identifier: MIT
//
// main() of a fuzz target that is built without libFuzzer: runs the inputs in the files and folders
// that are named, and a few mutations of each that are always the same.
//
//     fuzz_reader [--mutations=N] PATH…

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz/fuzz.h"

namespace {

constexpr size_t kRoom = 4096;  // by which a mutation may be larger than its seed

std::mt19937 g_random;  // NOLINT: seeded before each mutation

std::vector<std::string> FilesIn(const std::string& path) {
  std::vector<std::string> files;
  if (!std::filesystem::is_directory(path)) return {path};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

h4mk::Bytes Load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(1);
  }
  return h4mk::Bytes(std::istreambuf_iterator<char>(file), {});
}

// A copy of exactly that size, so that a sanitizer sees reads behind it.
void RunOne(const h4mk::Bytes& input) {
  const h4mk::Bytes exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void RunMutations(const h4mk::Bytes& seed, unsigned int count) {
  for (unsigned int i = 1; i <= count; ++i) {
    g_random.seed(i);
    h4mk::Bytes input = seed;
    input.resize(seed.size() + kRoom);
    input.resize(LLVMFuzzerCustomMutator(input.data(), seed.size(), input.size(), i));
    RunOne(input);
  }
}

}  // namespace

// Changes, inserts or removes a few bytes.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size) {
  static const uint8_t interesting[] = {0, 1, 0x7F, 0x80, 0xFF};
  for (uint32_t i = 0; i <= g_random() % 3; ++i) {
    const size_t at = size == 0 ? 0 : g_random() % size;
    const uint32_t action = g_random() % 8;
    if (action == 0 && size < max_size) {
      std::copy_backward(data + at, data + size, data + size + 1);
      data[at] = static_cast<uint8_t>(g_random());
      ++size;
    } else if (action == 1 && size > 1) {
      std::copy(data + at + 1, data + size, data + at);
      --size;
    } else if (size > 0) {
      data[at] = action < 4   ? interesting[g_random() % std::size(interesting)]
                 : action < 6 ? static_cast<uint8_t>(data[at] ^ 1u << g_random() % 8)
                              : static_cast<uint8_t>(g_random());
    }
  }
  return size;
}

#ifndef H4MK_FUZZ_OWN_MUTATOR
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int) {
  return LLVMFuzzerMutate(data, size, max_size);
}
#endif

int main(int argc, char** argv) {
  unsigned int mutations = 0;
  size_t inputs = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--mutations=")) {
      mutations = static_cast<unsigned int>(std::stoul(argument.substr(12)));
      continue;
    }
    for (const std::string& path : FilesIn(argument)) {
      std::printf("%s\n", path.c_str());
      std::fflush(stdout);  // tells which one, if it ends the program
      const h4mk::Bytes input = Load(path);
      RunOne(input);
      RunMutations(input, mutations);
      ++inputs;
    }
  }
  std::printf("%zu inputs, %u mutations of each\n", inputs, mutations);
  return inputs == 0;
}
