// Waiting for file descriptors with epoll, and being woken through an eventfd.
#ifndef CLINUX_EPOLL_H
#define CLINUX_EPOLL_H

#include <stdint.h>

/// A new epoll set, closed on exec.
int linux_epoll_create(void);

/// Reports `key` as long as `fd` can be read.
int linux_epoll_watch_readable(int epoll, int fd, uint64_t key);

/// Reports `key` once when the peer of the socket `fd` has closed its sending side, and once more when the
/// connection is gone. The watch ends when `fd` is closed.
int linux_epoll_watch_hangup(int epoll, int fd, uint64_t key);

/// Waits for at most `milliseconds` (-1: without end) and stores the keys that were reported. Returns how
/// many; 0 after a timeout or a signal.
int linux_epoll_wait(int epoll, uint64_t *keys, int capacity, int milliseconds);

/// A new bell: a descriptor that can be read once it has been rung, until it is hushed.
int linux_bell_create(void);
void linux_bell_ring(int bell);
void linux_bell_hush(int bell);

#endif
