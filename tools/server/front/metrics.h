// SPDX-License-Identifier: MIT
// What is counted, and how Prometheus reads it.
#ifndef H4MK_SERVER_FRONT_METRICS_H_
#define H4MK_SERVER_FRONT_METRICS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

namespace h4mk::server {

struct Metrics {
  std::array<std::atomic<uint64_t>, 6> requests{};  // by the first digit of the status
  std::atomic<uint64_t> bytes_sent{0};
  std::atomic<uint64_t> microseconds{0};  // from the request to the end of its answer, all together
  std::atomic<uint64_t> connections_accepted{0}, connections_refused{0}, connections_timed_out{0};
  std::atomic<int64_t> connections_open{0}, requests_waiting{0}, slow_running{0};
  std::atomic<uint64_t> folder_scans{0};
};

std::string MetricsText(const Metrics& metrics, size_t files);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_FRONT_METRICS_H_
