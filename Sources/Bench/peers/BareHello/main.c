// The least that libmicrohttpd can be asked to do: every request is answered with the same 26 bytes. What
// Errand's own requests cost is told as a ratio to this. Prints its port and serves until it is killed.
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char body[] = "{\"message\":\"hello, world\"}";

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload, size_t *size,
                              void **state) {
  static int seen;
  (void)context, (void)url, (void)method, (void)version, (void)upload;
  if (!*state) {
    *state = &seen;
    return MHD_YES;
  }
  if (*size) {
    *size = 0;
    return MHD_YES;
  }
  struct MHD_Response *response =
      MHD_create_response_from_buffer(strlen(body), (void *)body, MHD_RESPMEM_PERSISTENT);
  MHD_add_response_header(response, "content-type", "application/json");
  enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
  MHD_destroy_response(response);
  return result;
}

int main(void) {
  // The polling mode with one thread: the epoll thread of this library stalls with many connections.
  struct MHD_Daemon *daemon =
      MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD, 0, NULL, NULL, answer, NULL, MHD_OPTION_END);
  if (!daemon) return 1;
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
  printf("%u\n", info->port);
  fflush(stdout);
  for (;;) pause();
}
