// SPDX-License-Identifier: MIT
//
// Signed and encrypted files of the conformance suite, changed in any way: what still counts as
// wholly good, read with the right key, must show what the file showed before.

#include <fstream>
#include <iterator>

#include "fuzz/file_mutator.h"
#include "fuzz/fuzz.h"
#include "support/observe.h"

using namespace h4mk_test;  // NOLINT: a test

namespace {

struct Original {
  std::string verify_key;  // or:
  h4mk_test::Bytes master;
  std::string seen;

  std::string Observe(const h4mk_test::Bytes& bytes) const {
    h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
    const h4mk_key key = {sizeof(h4mk_key), nullptr, 0, master.data(), master.size()};
    if (!verify_key.empty()) {
      options.verify_key = verify_key.c_str();
      return ObserveSigned(bytes, options);
    }
    options.keys = &key;
    options.key_count = 1;
    return ObserveEncrypted(bytes, options);
  }
};

std::string Load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  FUZZ_CHECK(file.good());
  return std::string(std::istreambuf_iterator<char>(file), {});
}

h4mk_test::Bytes FromHex(const std::string& text) {
  h4mk_test::Bytes bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

// Sets the key with which the suite says that the file can be read.
void SetKey(const h4mk::Json& expected, Original* original) {
  for (const h4mk::Json& row : expected.at("keyed")) {
    const std::string option = row.at("options")[0], key = row.at("options")[1];
    if (option == "--verify-key")
      original->verify_key = "-----BEGIN PUBLIC KEY-----\n" + key + "\n-----END PUBLIC KEY-----\n";
    else if (row.at("expect").value("outcome", "read") == "read")
      original->master = FromHex(key);
  }
}

std::vector<Original> Originals() {
  std::vector<Original> originals;
  for (const char* name : {"signed", "signed-front-index", "encrypted", "encrypted-living",
                           "encrypted-sessions", "encrypted-and-compressed"}) {
    const std::string path = std::string(H4MK_SOURCE_DIR "/tests/conformance/valid/") + name;
    const std::string file = Load(path + ".h4mk");
    Original original;
    SetKey(h4mk::Json::parse(Load(path + ".json")), &original);
    original.seen = original.Observe({file.begin(), file.end()});
    FUZZ_CHECK(!original.seen.empty());
    originals.push_back(std::move(original));
  }
  return originals;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<Original> originals = Originals();
  const h4mk_test::Bytes bytes(data, data + size);
  for (const Original& original : originals) {
    const std::string seen = original.Observe(bytes);
    FUZZ_CHECK(seen.empty() || seen == original.seen);
  }
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  return h4mk_fuzz::MutateFile(data, size, max_size, seed, 0);
}
