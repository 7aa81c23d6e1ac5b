// Which system calls a process in a sandbox may make.
#ifndef FILTER_H
#define FILTER_H

/// Holds the calling process, and all that it will start, to the filter. It must have given up the way to new
/// privileges. Returns -1 and sets errno on failure. Only makes a system call.
int filter_calls(void);

#endif
