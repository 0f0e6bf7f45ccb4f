// SPDX-License-Identifier: MIT
#include "front/metrics.h"

#include <unistd.h>

#include <fstream>

namespace h4mk::server {
namespace {

void Append(std::string* text, const char* name, const char* type, const char* help,
            const std::string& value) {
  *text += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n" +
           name + " " + value + "\n";
}

uint64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

std::string MetricsText(const Metrics& m, size_t files) {
  std::string text =
      "# HELP h4mkd_requests_total Requests by the first digit of their status.\n# TYPE "
      "h4mkd_requests_total counter\n";
  for (size_t i = 1; i < m.requests.size(); ++i)
    text += "h4mkd_requests_total{status=\"" + std::to_string(i) + "xx\"} " +
            std::to_string(m.requests[i]) + "\n";
  Append(&text, "h4mkd_sent_bytes_total", "counter", "Bytes of bodies.",
         std::to_string(m.bytes_sent));
  Append(&text, "h4mkd_request_seconds_total", "counter",
         "Time from requests to the ends of their answers.",
         std::to_string(static_cast<double>(m.microseconds) / 1e6));
  Append(&text, "h4mkd_connections_accepted_total", "counter", "Connections.",
         std::to_string(m.connections_accepted));
  Append(&text, "h4mkd_connections_refused_total", "counter", "Connections beyond a limit.",
         std::to_string(m.connections_refused));
  Append(&text, "h4mkd_connections_timed_out_total", "counter", "Connections that were too slow.",
         std::to_string(m.connections_timed_out));
  Append(&text, "h4mkd_connections_open", "gauge", "Connections now.",
         std::to_string(m.connections_open));
  Append(&text, "h4mkd_requests_waiting", "gauge", "Requests that wait for a file to grow.",
         std::to_string(m.requests_waiting));
  Append(&text, "h4mkd_slow_requests", "gauge", "Requests that read much or compute long.",
         std::to_string(m.slow_running));
  Append(&text, "h4mkd_files", "gauge", "Files of the folder.", std::to_string(files));
  Append(&text, "h4mkd_folder_scans_total", "counter", "How often the folder was read.",
         std::to_string(m.folder_scans));
  Append(&text, "process_resident_memory_bytes", "gauge", "Resident memory.",
         std::to_string(ResidentBytes()));
  return text;
}

}  // namespace h4mk::server
