// SPDX-License-Identifier: MIT
#include "progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "say.h"
#include "text.h"

namespace h4mk::tool {
namespace {

using Monotonic = std::chrono::steady_clock;
constexpr auto kDelay = std::chrono::milliseconds(300);
constexpr auto kInterval = std::chrono::milliseconds(100);
constexpr size_t kWidth = 30;

bool g_shown = false;

void Show(const char* what, uint64_t done, uint64_t total) {
  const double share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 1;
  const auto filled = static_cast<size_t>(share * kWidth);
  Say("\r{} [{}{}] {:3.0f} %  {} of {}\x1b[K", what, std::string(filled, '='),
      std::string(kWidth - filled, ' '), share * 100, HumanBytes(done), HumanBytes(total));
  std::fflush(stderr);
  g_shown = true;
}

}  // namespace

std::function<void(uint64_t done, uint64_t total)> MakeProgress(const char* what) {
  if (!isatty(STDERR_FILENO)) return nullptr;
  return [what, next = Monotonic::now() + kDelay](uint64_t done, uint64_t total) mutable {
    if (Monotonic::now() < next) return;
    Show(what, done < total ? done : total, total);
    next = Monotonic::now() + kInterval;
  };
}

void ClearProgress() {
  if (!g_shown) return;
  std::fputs("\r\x1b[K", stderr);
  g_shown = false;
}

}  // namespace h4mk::tool
