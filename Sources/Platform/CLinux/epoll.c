#define _GNU_SOURCE
#include "CLinuxEpoll.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { MOST_EVENTS = 256 };

static int watch(int epoll, int fd, uint32_t events, uint64_t key) {
  struct epoll_event event = {.events = events, .data = {.u64 = key}};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

int linux_epoll_create(void) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  return epoll >= 0 ? epoll : -errno;
}

int linux_epoll_watch_readable(int epoll, int fd, uint64_t key) { return watch(epoll, fd, EPOLLIN, key); }

int linux_epoll_watch_hangup(int epoll, int fd, uint64_t key) {
  return watch(epoll, fd, EPOLLRDHUP | EPOLLET, key);
}

int linux_epoll_wait(int epoll, uint64_t *keys, int capacity, int milliseconds) {
  struct epoll_event events[MOST_EVENTS];
  int count = epoll_wait(epoll, events, capacity < MOST_EVENTS ? capacity : MOST_EVENTS, milliseconds);
  if (count < 0) return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < count; i++) keys[i] = events[i].data.u64;
  return count;
}

int linux_bell_create(void) {
  int bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return bell >= 0 ? bell : -errno;
}

void linux_bell_ring(int bell) {
  // Fails only when the count is full, and then the bell is ringing already.
  (void)!eventfd_write(bell, 1);
}

void linux_bell_hush(int bell) {
  eventfd_t count;
  // Fails only when nobody rang.
  (void)!eventfd_read(bell, &count);
}
