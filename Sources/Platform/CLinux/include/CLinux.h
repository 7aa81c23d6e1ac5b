// What Linux offers and Swift's Glibc module leaves out. Every function returns a negative errno on
// failure, because errno does not survive an allocation or a suspension on the Swift side.
#ifndef CLINUX_H
#define CLINUX_H

#include <stdint.h>
#include <sys/types.h>

#include "CLinuxEpoll.h"
#include "CLinuxNames.h"
#include "CLinuxProcess.h"

/// Names the calling thread, as debuggers and `top -H` show it; longer names are cut to 15 bytes.
void linux_name_thread(const char *name);

#endif
