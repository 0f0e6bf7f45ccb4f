// SPDX-License-Identifier: MIT
//
// An adapter whose states tell how they came to be. A block is one letter (what follows is
// ignored): I block a gives "a", P block b behind it "ab", B block c between the states ab and abd
// "(ab|c|abd)". Blocks of "!" fail.

#ifndef H4MK_TESTS_DECODE_TEXT_ADAPTER_H_
#define H4MK_TESTS_DECODE_TEXT_ADAPTER_H_

#include <h4mk/adapter.h>

#include <atomic>
#include <string>

namespace h4mk_test {

// What all instances together did.
inline std::atomic<int> g_decoded, g_rendered, g_states, g_instances, g_resets;

struct TextInstance {
  std::string json;
};

inline h4mk_status MakeTextState(const std::string& text, void** state) {
  ++g_decoded;
  if (text.find('!') != text.npos) return H4MK_ERR_CORRUPT;
  *state = new std::string(text);
  ++g_states;
  return H4MK_OK;
}

inline std::string TextOf(const void* state) {
  return state == nullptr ? "" : *static_cast<const std::string*>(state);
}

inline std::string Letter(const h4mk_adapter_block* block) {
  return block->size == 0 ? "" : std::string(1, static_cast<char>(block->data[0]));
}

inline h4mk_adapter TextAdapter() {
  h4mk_adapter adapter = {};
  adapter.abi_version = H4MK_ADAPTER_ABI;
  adapter.struct_size = sizeof adapter;
  adapter.name = "text";
  adapter.description = "states that tell how they came to be";
  adapter.claims = [](const h4mk_adapter_track* track) {
    return static_cast<int>(std::string(track->codec) == "text");
  };
  adapter.open = [](const h4mk_adapter_track*, void** instance) {
    *instance = new TextInstance;
    ++g_instances;
    return H4MK_OK;
  };
  adapter.decode_I = [](void*, const h4mk_adapter_block* block, void** state) {
    return MakeTextState(Letter(block), state);
  };
  adapter.apply_P = [](void*, const void* previous, const h4mk_adapter_block* block, void** state) {
    return MakeTextState(TextOf(previous) + Letter(block), state);
  };
  adapter.apply_B = [](void*, const void* previous, const void* next,
                       const h4mk_adapter_block* block, void** state) {
    return MakeTextState("(" + TextOf(previous) + "|" + Letter(block) + "|" + TextOf(next) + ")",
                         state);
  };
  adapter.render = [](void*, const void* state, h4mk_output* output) {
    const auto* text = static_cast<const std::string*>(state);
    ++g_rendered;
    output->data = reinterpret_cast<const uint8_t*>(text->data());
    output->size = text->size();
    return H4MK_OK;
  };
  adapter.describe = [](void* instance, const void* state, const char** json) {
    std::string& text = static_cast<TextInstance*>(instance)->json;
    text = "{\"text\":\"" + TextOf(state) + "\"}";
    *json = text.c_str();
    return H4MK_OK;
  };
  adapter.free_state = [](void*, void* state) {
    delete static_cast<std::string*>(state);
    --g_states;
  };
  adapter.reset = [](void*) { ++g_resets; };
  adapter.message = [](void*) { return "not a letter"; };
  adapter.close = [](void* instance) {
    delete static_cast<TextInstance*>(instance);
    --g_instances;
  };
  return adapter;
}

}  // namespace h4mk_test

#endif  // H4MK_TESTS_DECODE_TEXT_ADAPTER_H_
