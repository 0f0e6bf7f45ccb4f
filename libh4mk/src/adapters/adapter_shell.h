// SPDX-License-Identifier: MIT
// Makes an h4mk_adapter of a C++ class, with the exception barrier that the C interface asks for.
// The class has
//
//   struct State;
//   static bool Claims(const h4mk_adapter_track& track);
//   explicit Class(const h4mk_adapter_track& track);
//   Status DecodeI(const h4mk_adapter_block& block, State* state);
//   Status ApplyP(const State& previous, const h4mk_adapter_block& block, State* state);
//   Status Render(const State& state, h4mk_output* output);
//   Json Describe(const State& state) const;
//
// It may have two more: one if it does not decode B blocks as P blocks, one if sound of a block
// goes on in the next one:
//
//   Status ApplyB(const State& previous, const State* next, const h4mk_adapter_block& block,
//                 State* state);
//   void Reset();
#ifndef H4MK_ADAPTERS_ADAPTER_SHELL_H_
#define H4MK_ADAPTERS_ADAPTER_SHELL_H_

#include <h4mk/adapter.h>

#include <memory>
#include <new>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"

namespace h4mk {

template <typename Class>
struct AdapterShell {
  using State = typename Class::State;

  explicit AdapterShell(const h4mk_adapter_track& track) : object(track) {}

  Class object;
  std::string message;
  std::string json;

  template <typename Body>
  h4mk_status Guard(Body body) {
    try {
      const Status status = body();
      message = status.message();
      return static_cast<h4mk_status>(status.code());
    } catch (const std::bad_alloc&) {
      message.clear();
      return H4MK_ERR_MEMORY;
    } catch (...) {
      message.clear();
      return H4MK_ERR_ADAPTER;
    }
  }

  template <typename Body>
  h4mk_status Make(void** state, Body body) {
    return Guard([&]() -> Status {
      auto made = std::make_unique<State>();
      H4MK_TRY(body(made.get()));
      *state = made.release();
      return {};
    });
  }

  static AdapterShell* Of(void* instance) { return static_cast<AdapterShell*>(instance); }
  static const State* StateOf(const void* state) { return static_cast<const State*>(state); }

  static int Claims(const h4mk_adapter_track* track) { return Class::Claims(*track); }

  static h4mk_status Open(const h4mk_adapter_track* track, void** instance) {
    try {
      *instance = new AdapterShell(*track);
      return H4MK_OK;
    } catch (const std::bad_alloc&) {
      return H4MK_ERR_MEMORY;
    }
  }

  static h4mk_status DecodeI(void* instance, const h4mk_adapter_block* block, void** state) {
    return Of(instance)->Make(
        state, [&](State* made) { return Of(instance)->object.DecodeI(*block, made); });
  }

  static h4mk_status ApplyP(void* instance, const void* previous, const h4mk_adapter_block* block,
                            void** state) {
    return Of(instance)->Make(state, [&](State* made) {
      return Of(instance)->object.ApplyP(*StateOf(previous), *block, made);
    });
  }

  static h4mk_status ApplyB(void* instance, const void* previous, const void* next,
                            const h4mk_adapter_block* block, void** state) {
    Class& object = Of(instance)->object;
    return Of(instance)->Make(state, [&](State* made) {
      if constexpr (requires { &Class::ApplyB; })
        return object.ApplyB(*StateOf(previous), StateOf(next), *block, made);
      else
        return object.ApplyP(*StateOf(previous), *block, made);
    });
  }

  static h4mk_status Render(void* instance, const void* state, h4mk_output* output) {
    return Of(instance)->Guard(
        [&] { return Of(instance)->object.Render(*StateOf(state), output); });
  }

  static h4mk_status Describe(void* instance, const void* state, const char** json) {
    AdapterShell* shell = Of(instance);
    return shell->Guard([&]() -> Status {
      shell->json = DumpJson(shell->object.Describe(*StateOf(state)));
      *json = shell->json.c_str();
      return {};
    });
  }

  static void FreeState(void*, void* state) { delete static_cast<State*>(state); }
  static void Reset(void* instance) {
    if constexpr (requires { &Class::Reset; }) Of(instance)->object.Reset();
  }
  static const char* Message(void* instance) { return Of(instance)->message.c_str(); }
  static void Close(void* instance) { delete Of(instance); }
};

template <typename Class>
constexpr h4mk_adapter MakeAdapter(const char* name, const char* description, uint32_t preroll) {
  using Shell = AdapterShell<Class>;
  return {H4MK_ADAPTER_ABI, sizeof(h4mk_adapter), name,           description,
          preroll,          Shell::Claims,        Shell::Open,    Shell::DecodeI,
          Shell::ApplyP,    Shell::ApplyB,        Shell::Render,  Shell::Describe,
          Shell::FreeState, Shell::Reset,         Shell::Message, Shell::Close};
}

// Built-in adapters are for tracks whose codec has their name.
inline bool HasCodec(const h4mk_adapter_track& track, std::string_view name) {
  return track.codec == name;
}

}  // namespace h4mk

#endif  // H4MK_ADAPTERS_ADAPTER_SHELL_H_
