// Starting, watching and ending processes. Every function returns a negative errno on failure.
#ifndef CLINUX_PROCESS_H
#define CLINUX_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/// One resource limit, soft and hard; never more than what the process already has.
struct linux_limit {
  int resource;
  uint64_t value;
};

/// The step of a launch that failed.
enum linux_step {
  LINUX_STEP_FORK = 1,
  LINUX_STEP_CGROUP,
  LINUX_STEP_STAGE,
  LINUX_STEP_ENTER,
  LINUX_STEP_IDENTITY,
  LINUX_STEP_PRIVILEGES,
  LINUX_STEP_FILTER,
  LINUX_STEP_DIRECTORY,
  LINUX_STEP_LIMITS,
  LINUX_STEP_DESCRIPTORS,
  LINUX_STEP_EXECUTE,
};

/// What to start. Nothing is inherited but what is listed here: not the environment, not descriptors, not
/// the signal mask. The process leads a session and a process group of its own.
struct linux_launch {
  const char *path;
  char *const *arguments;
  char *const *environment;
  /// Null keeps the caller's, or the root of an entered sandbox.
  const char *directory;
  /// Descriptor `sources[i]` becomes number `targets[i]` in the process; targets lie below 256.
  const int *sources;
  const int *targets;
  int descriptor_count;
  const struct linux_limit *limits;
  int limit_count;
  /// Open `cgroup.procs` files the process joins.
  const int *cgroups;
  int cgroup_count;
  /// A pidfd of a process whose namespaces (user, mount, pid, network, ipc, uts, cgroup) are entered,
  /// or -1.
  int sandbox;
  /// With `changes_identity`: the ids the process takes, as the entered sandbox counts them.
  bool changes_identity;
  uid_t user;
  gid_t group;
  /// Gives up all capabilities and the way to new ones, and starts an empty session keyring.
  bool gives_up_privileges;
  /// Makes only the system calls that a sandbox needs, for good; with `gives_up_privileges`.
  bool filters_calls;
  /// The process is killed when the launching *thread* ends.
  bool dies_with_parent;
  /// When not null: a private mount namespace in which the folder `stage_source` covers `stage_target`.
  const char *stage_source;
  const char *stage_target;
};

/// A start that is under way.
struct linux_starting {
  /// What `linux_launch_read` reads, non-blocking. It ends when the program runs, and when it never will.
  int reports;
  /// The process that was made first, and a pidfd of it: the one that runs the program, or for a sandbox the one that
  /// makes that and ends.
  pid_t pid;
  int pidfd;
};

struct linux_report {
  /// 0, or the `linux_step` that failed.
  int32_t step;
  /// The pid of the process that will run the program; the errno of a step that failed.
  int32_t value;
};

/// Begins to start a process, and does not wait for it. What is given is copied.
int linux_launch_begin(const struct linux_launch *launch, struct linux_starting *starting);

/// Takes the next report: 1, or 0 at the end, or -EAGAIN while there is none.
int linux_launch_read(int reports, struct linux_report *report);

/// Takes the exit of a child that has ended: true and the `si_code` (CLD_EXITED, CLD_KILLED, CLD_DUMPED) and
/// status, or false while it runs.
bool linux_reap(int pidfd, int *code, int *status);

/// A file in memory, close-on-exec, with the filter of `filters_calls` as the kernel takes it.
int linux_filter_file(void);

/// A pidfd of any process, close-on-exec.
int linux_pidfd(pid_t pid);
int linux_pidfd_kill(int pidfd, int signal);

/// A pipe, both ends close-on-exec; `nonblocking` is 0, 1 (the reading end) or 2 (the writing end).
int linux_pipe(int ends[2], int nonblocking, int capacity);

/// A socket that listens on a port of 127.0.0.1 as the namespaces of a process see it: made inside, used from
/// here, close-on-exec and non-blocking. `sandbox` is a pidfd. Blocks for a few milliseconds; -ETIMEDOUT when it was not
/// made within `milliseconds`.
int linux_listen_inside(int sandbox, uint16_t port, int backlog, int milliseconds);

/// A connection of a listening socket, close-on-exec and non-blocking; -EAGAIN when none waits.
int linux_accept(int listener);

/// An epoll instance, and what it watches: `events` are EPOLLIN (1) and EPOLLOUT (4), level-triggered.
int linux_watch_make(void);
int linux_watch_add(int watch, int descriptor, uint32_t events, uint64_t token);
int linux_watch_remove(int watch, int descriptor);
/// Waits without limit for up to `count` tokens.
int linux_watch_wait(int watch, uint64_t *tokens, int count);

/// Keeps every signal away from the calling thread, SIGPIPE among them: a write to a closed pipe then only
/// returns EPIPE.
void linux_block_signals(void);

/// `open` relative to a folder, close-on-exec, never through a symbolic link as last part, never blocking
/// on a FIFO.
int linux_open_at(int folder, const char *name, int flags, mode_t mode);

/// Copies up to `count` bytes between two files where they stand; 0 at the end.
ssize_t linux_copy(int source, int target, size_t count);

/// `rename` within a folder that never replaces anything. Returns 0, or an errno.
int linux_rename_new(int folder, const char *name, const char *final);

/// An unnamed file in a folder that vanishes when it is closed.
int linux_unnamed_file(const char *folder);

#endif
