// Looking names up.
#ifndef CLINUX_NAMES_H
#define CLINUX_NAMES_H

/// From now on the calling thread asks each name server at most so often and waits so many seconds for it, or less
/// where the machine's configuration says less. Other threads, and libraries in them, ask as before.
void linux_hurry_lookups(int seconds, int attempts);

#endif
