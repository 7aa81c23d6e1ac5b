#define _GNU_SOURCE
#include "CLinux.h"

#include <resolv.h>

void linux_hurry_lookups(int seconds, int attempts) {
  // `_res` belongs to the thread. Where it cannot be filled, the thread asks as any other.
  if (res_init() != 0) return;
  if (_res.retrans > seconds) _res.retrans = seconds;
  if (_res.retry > attempts) _res.retry = attempts;
}
