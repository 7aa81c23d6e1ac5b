// libmicrohttpd as Swift can call it: its variadic functions behind typed ones. A wrong type in a variadic
// call is silent memory corruption; in the struct below it is a compile error.
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>

/// What a daemon is started with. Every callback gets `context` as its first argument.
struct errand_mhd_settings {
  int listener;
  unsigned int connection_limit;
  /// Seconds without progress after which a connection is closed.
  unsigned int timeout;
  /// Bytes for the head of a request and the buffers of a connection.
  size_t memory;
  void *context;
  MHD_AccessHandlerCallback access;
  MHD_RequestCompletedCallback completed;
  MHD_NotifyConnectionCallback connection;
  void *(*target)(void *context, const char *target, struct MHD_Connection *connection);
  /// The library is about to refuse somebody's request by itself, with this status and page.
  void (*refusing)(void *context, unsigned int status, const char *page);
};

/// Leaves percent-encodings as they are: the library would decode `%2F` in the path into a slash.
static size_t errand_mhd_keep(void *context, struct MHD_Connection *connection, char *text) {
  (void)context;
  (void)connection;
  return strlen(text);
}

/// Whether this version parses heads in place and accepts bare LF line ends; later ones refuse them when
/// they are told to be strict.
static inline int errand_mhd_parses_in_place(void) { return MHD_VERSION < 0x00097700; }

/// Keeps the library from parsing the query, in a target callback. It would copy every field into the
/// connection's memory, and once that is full it neither answers nor closes. The target lies in the
/// connection's own buffer, which the library is about to cut up anyway.
static inline void errand_mhd_hide_query(const char *target) {
  char *mark = strchr((char *)target, '?');
  if (errand_mhd_parses_in_place() && mark && mark[1]) mark[1] = 0;
}

/// Takes the library's log, which has a line for every client that leaves early, and passes on the one kind of
/// line that nothing else tells of.
static void errand_mhd_note(void *context, const char *format, va_list arguments) {
  static const char refusing[] = "Error processing request";
  const struct errand_mhd_settings *settings = (const struct errand_mhd_settings *)context;
  if (strncmp(format, refusing, sizeof refusing - 1) != 0) return;
  unsigned int status = va_arg(arguments, unsigned int);
  settings->refusing(settings->context, status, va_arg(arguments, const char *));
}

/// A daemon in external epoll mode, on the calling thread; null when memory ran out or a setting is invalid.
/// The settings must live as long as it.
static inline struct MHD_Daemon *errand_mhd_start(const struct errand_mhd_settings *settings) {
  struct MHD_OptionItem options[] = {
    {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)errand_mhd_note, (void *)settings},
    {MHD_OPTION_LISTEN_SOCKET, settings->listener, NULL},
    {MHD_OPTION_CONNECTION_LIMIT, settings->connection_limit, NULL},
    {MHD_OPTION_CONNECTION_TIMEOUT, settings->timeout, NULL},
    {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)settings->memory, NULL},
    {MHD_OPTION_STRICT_FOR_CLIENT, errand_mhd_parses_in_place() ? 0 : 1, NULL},
    {MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL},
    {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)settings->completed, settings->context},
    {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)settings->connection, settings->context},
    {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)settings->target, settings->context},
    {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)errand_mhd_keep, NULL},
    {MHD_OPTION_END, 0, NULL},
  };
  return MHD_start_daemon(
    MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, settings->access, settings->context,
    MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

/// The descriptor that can be read when `MHD_run` has something to do.
static inline int errand_mhd_epoll(struct MHD_Daemon *daemon) {
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
  return info ? info->epoll_fd : -1;
}

static inline int errand_mhd_socket(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info ? info->connect_fd : -1;
}

/// What the connection callback stored when the connection started.
static inline void *errand_mhd_context(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info ? info->socket_context : NULL;
}

/// Bytes of the request's head, from its method to the empty line; 0 before it is complete.
static inline size_t errand_mhd_head_size(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  return info ? info->header_size : 0;
}

/// Writes the client's address as text; an IPv4 address that came over IPv6 is written as IPv4.
static inline void errand_mhd_peer(struct MHD_Connection *connection, char *text, unsigned int size) {
  const union MHD_ConnectionInfo *info =
    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  text[0] = 0;
  if (!info || !info->client_addr) return;
  if (info->client_addr->sa_family == AF_INET) {
    inet_ntop(AF_INET, &((const struct sockaddr_in *)info->client_addr)->sin_addr, text, size);
  } else if (info->client_addr->sa_family == AF_INET6) {
    const struct in6_addr *address = &((const struct sockaddr_in6 *)info->client_addr)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(address)) inet_ntop(AF_INET, &address->s6_addr[12], text, size);
    else inet_ntop(AF_INET6, address, text, size);
  }
}
