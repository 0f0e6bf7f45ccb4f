// SPDX-License-Identifier: MIT
// adapters.md, "Adapter null" and "Adapter pass_through".
#include "adapters/adapter_shell.h"
#include "adapters/builtin_adapters.h"
#include "adapters/concatenation.h"

namespace h4mk {
namespace {

class NullDecoder {
 public:
  using State = Concatenation;

  static bool Claims(const h4mk_adapter_track& track) { return HasCodec(track, "null"); }
  explicit NullDecoder(const h4mk_adapter_track&) {}

  Status DecodeI(const h4mk_adapter_block& block, State* state) {
    return State().Add(block, state);
  }
  Status ApplyP(const State& previous, const h4mk_adapter_block& block, State* state) {
    return previous.Add(block, state);
  }
  Status Render(const State& state, h4mk_output* output) {
    state.CopyTo(&bytes_);
    output->data = bytes_.data();
    output->size = bytes_.size();
    return {};
  }
  Json Describe(const State& state) const { return Describe("NullState", state); }

 protected:
  static Json Describe(const char* type, const State& state) {
    return {{"type", type}, {"block_count", state.count()}, {"total_bytes", state.size()}};
  }

 private:
  Bytes bytes_;
};

class PassThroughDecoder : public NullDecoder {
 public:
  using NullDecoder::NullDecoder;

  static bool Claims(const h4mk_adapter_track& track) { return HasCodec(track, "pass_through"); }

  Status ApplyB(const State&, const State* next, const h4mk_adapter_block&, State* state) {
    if (next == nullptr)
      return Status(Code::kCorrupt, "a B block without a block behind it that is none");
    *state = *next;
    return {};
  }
  Json Describe(const State& state) const {
    return NullDecoder::Describe("PassThroughState", state);
  }
};

}  // namespace

const h4mk_adapter kNullAdapter =
    MakeAdapter<NullDecoder>("null", "the blocks of a chain, one behind the other", 0);
const h4mk_adapter kPassThroughAdapter = MakeAdapter<PassThroughDecoder>(
    "pass_through", "as null, but a B block shows what its next neighbour shows", 0);

}  // namespace h4mk
