// SPDX-License-Identifier: MIT
// Sockets around a Service: an io_context and a thread a core, limits for everything, TLS, access
// log, metrics, graceful stop, and the folder watched by inotify.
#ifndef H4MK_SERVER_FRONT_FRONT_H_
#define H4MK_SERVER_FRONT_FRONT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/service.h"

namespace h4mk::server {

struct FrontOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 8080;
  std::string metrics_address;  // "": no metrics
  uint16_t metrics_port = 0;
  std::vector<std::string> allowed_hosts;  // see AllowedHosts
  std::string certificate, private_key;    // PEM files; both "": no TLS
  std::string access_log;                  // file, "-" for stdout, "": none
  unsigned threads = 0;                    // 0: as many as cores
  uint32_t most_connections = 16384;
  uint32_t most_per_address = 1024;
  std::chrono::seconds head_timeout{10};
  std::chrono::seconds idle_timeout{60};
  std::chrono::seconds send_grace{30};
  uint64_t least_send_rate = 4096;  // bytes a second, behind the grace
  std::chrono::seconds stop_grace{10};
};

// Serves until SIGINT or SIGTERM; SIGHUP opens the access log anew. started(url) is called once
// connections are accepted. Throws std::exception if it cannot listen.
void RunFront(Service& service, const FrontOptions& options,
              const std::function<void(const std::string&)>& started);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_FRONT_FRONT_H_
