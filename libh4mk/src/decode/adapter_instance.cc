// SPDX-License-Identifier: MIT
#include "decode/adapter_instance.h"

#include <cstring>
#include <new>
#include <string_view>

#include "base/callback.h"

namespace h4mk {
namespace {

constexpr uint32_t kMaxPreroll = 64;
constexpr int32_t kMaxChannels = 64, kMaxPictureSide = 32768;
constexpr size_t kMaxAdapterName = 32, kMaxWord = 32;

bool IsAdapterName(const char* name) {
  const std::string_view text(name, strnlen(name, kMaxAdapterName + 1));
  return !text.empty() && text.size() <= kMaxAdapterName &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == text.npos;
}

// The codes that an adapter may fail with; all others say nothing to a caller.
Code CodeOfAdapter(h4mk_status status) {
  switch (status) {
    case H4MK_ERR_CORRUPT:
      return Code::kCorrupt;
    case H4MK_ERR_MEMORY:
      return Code::kMemory;
    case H4MK_ERR_LIMIT:
      return Code::kLimit;
    default:
      return Code::kAdapter;
  }
}

// Empty: the output is what adapter.h asks for.
std::string OutputFault(const h4mk_output& output) {
  if (output.size > H4MK_MAX_OUTPUT)
    return "gave " + std::to_string(output.size) + " bytes, more than one output may have";
  if (output.size > 0 && output.data == nullptr) return "gave an output without data";
  switch (output.type) {
    case H4MK_OUTPUT_BYTES:
      return {};
    case H4MK_OUTPUT_AUDIO:
      if (output.sample_rate < 1 || output.channels < 1 || output.channels > kMaxChannels ||
          output.size % (sizeof(float) * static_cast<size_t>(output.channels)) != 0)
        return "gave audio of " + std::to_string(output.channels) + " channels, " +
               std::to_string(output.sample_rate) + " Hz, " + std::to_string(output.size) +
               " bytes";
      if (reinterpret_cast<uintptr_t>(output.data) % alignof(float) != 0)
        return "gave audio that is not aligned as floats are";
      return {};
    case H4MK_OUTPUT_VIDEO:
      if (output.width < 1 || output.height < 1 || output.width > kMaxPictureSide ||
          output.height > kMaxPictureSide || output.pixel_format == nullptr ||
          strnlen(output.pixel_format, kMaxWord) == kMaxWord)
        return "gave a picture of " + std::to_string(output.width) + " x " +
               std::to_string(output.height) + " without a size or pixel format that can be";
      return {};
  }
  return "gave an output of type " + std::to_string(output.type);
}

}  // namespace

Status CheckAdapter(const h4mk_adapter* adapter) {
  const auto bad = [](const std::string& what) {
    return Status(Code::kAdapter, "the adapter " + what);
  };
  if (adapter == nullptr) return bad("is null");
  if (adapter->abi_version != H4MK_ADAPTER_ABI)
    return bad("has version " + std::to_string(adapter->abi_version) + " of the interface; " +
               std::to_string(H4MK_ADAPTER_ABI) + " expected");
  if (adapter->struct_size < sizeof(h4mk_adapter))
    return bad("has a struct_size of " + std::to_string(adapter->struct_size) + "; " +
               std::to_string(sizeof(h4mk_adapter)) + " expected");
  if (adapter->name == nullptr || !IsAdapterName(adapter->name))
    return bad("has no name of 1 to 32 letters a-z, digits and _");
  if (adapter->description == nullptr) return bad("has no description");
  if (adapter->preroll > kMaxPreroll) return bad("has a preroll of more than 64");
  const std::pair<const char*, bool> entries[] = {
      {"claims", adapter->claims != nullptr},     {"open", adapter->open != nullptr},
      {"decode_I", adapter->decode_I != nullptr}, {"apply_P", adapter->apply_P != nullptr},
      {"render", adapter->render != nullptr},     {"free_state", adapter->free_state != nullptr},
      {"close", adapter->close != nullptr},
  };
  for (const auto& [entry, present] : entries)
    if (!present) return bad(std::string(adapter->name) + " has no " + entry);
  return {};
}

Status AdapterInstance::Broken(const char* function, const std::string& what) const {
  return Status(Code::kAdapter,
                "adapter " + std::string(adapter_.name) + ": " + function + " " + what);
}

template <typename Call>
Status AdapterInstance::Run(const char* function, Call call) {
  h4mk_status status = H4MK_OK;
  try {
    status = call();
  } catch (const std::bad_alloc&) {
    status = H4MK_ERR_MEMORY;
  } catch (...) {
    return Broken(function, "threw an exception");
  }
  if (status == H4MK_OK) return {};
  const char* words = nullptr;
  if (instance_ != nullptr && adapter_.message != nullptr)
    words = CallBack(words, [&] { return adapter_.message(instance_); });
  return Status(CodeOfAdapter(status), "adapter " + std::string(adapter_.name) + ": " +
                                           (words != nullptr && *words != '\0'
                                                ? std::string(words)
                                                : std::string(function) + " failed with status " +
                                                      std::to_string(static_cast<int>(status))));
}

template <typename Call>
Status AdapterInstance::MakeState(const char* function, State* state, Call call) {
  void* made = nullptr;
  H4MK_TRY(Run(function, [&] { return call(&made); }));
  if (made == nullptr) return Broken(function, "gave no state");
  *state =
      State(made, [this](void* old) { CallBack([&] { adapter_.free_state(instance_, old); }); });
  return {};
}

Status AdapterInstance::Open(const h4mk_adapter& adapter, const h4mk_adapter_track& track,
                             std::unique_ptr<AdapterInstance>* instance) {
  std::unique_ptr<AdapterInstance> made(new AdapterInstance(adapter));
  H4MK_TRY(made->Run("open", [&] { return adapter.open(&track, &made->instance_); }));
  if (made->instance_ == nullptr) return made->Broken("open", "gave no instance");
  *instance = std::move(made);
  return {};
}

AdapterInstance::~AdapterInstance() {
  if (instance_ != nullptr) CallBack([&] { adapter_.close(instance_); });
}

Status AdapterInstance::DecodeI(const h4mk_adapter_block& block, State* state) {
  return MakeState("decode_I", state,
                   [&](void** made) { return adapter_.decode_I(instance_, &block, made); });
}

Status AdapterInstance::ApplyP(const State& previous, const h4mk_adapter_block& block,
                               State* state) {
  return MakeState("apply_P", state, [&](void** made) {
    return adapter_.apply_P(instance_, previous.get(), &block, made);
  });
}

Status AdapterInstance::ApplyB(const State& previous, const State& next,
                               const h4mk_adapter_block& block, State* state) {
  if (adapter_.apply_B == nullptr)
    return Status(Code::kAdapter,
                  "adapter " + std::string(adapter_.name) + " does not decode B blocks");
  return MakeState("apply_B", state, [&](void** made) {
    return adapter_.apply_B(instance_, previous.get(), next.get(), &block, made);
  });
}

Status AdapterInstance::Render(const State& state, h4mk_output* output) {
  *output = H4MK_OUTPUT_INIT;
  H4MK_TRY(Run("render", [&] { return adapter_.render(instance_, state.get(), output); }));
  output->struct_size = sizeof *output;  // adapters in C like to clear it all
  const std::string fault = OutputFault(*output);
  return fault.empty() ? Status() : Broken("render", fault);
}

Status AdapterInstance::Describe(const State& state, const char** json) {
  if (adapter_.describe == nullptr)
    return Status(Code::kNotFound,
                  "adapter " + std::string(adapter_.name) + " does not describe its states");
  const char* text = nullptr;
  H4MK_TRY(Run("describe", [&] { return adapter_.describe(instance_, state.get(), &text); }));
  if (text == nullptr) return Broken("describe", "gave no text");
  *json = text;
  return {};
}

void AdapterInstance::Reset() {
  if (adapter_.reset != nullptr) CallBack([&] { adapter_.reset(instance_); });
}

}  // namespace h4mk
