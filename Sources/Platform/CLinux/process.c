#define _GNU_SOURCE
#include "CLinuxProcess.h"
#include "filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// The most descriptors that a program is handed.
#define PARKING 256

// Between fork and exec only system calls are allowed: other threads of the parent may have held any lock.

struct report {
  int32_t step;  // 0: `value` is the pid of the process that will run the program
  int32_t value; // errno of the step otherwise
};

static void tell(int pipe, int step, int value) {
  struct report report = {step, value};
  // A lost report is seen by the parent as an early end of the pipe.
  (void)!write(pipe, &report, sizeof report);
}

static _Noreturn void fail(int pipe, int step) {
  tell(pipe, step, errno);
  _exit(127);
}

static int drop_privileges(void) {
  for (int capability = 0; capability <= 63; capability++)
    // EINVAL ends the list of those the kernel knows; EPERM means there is none left to drop with.
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
      if (errno == EINVAL || errno == EPERM) break;
      return -1;
    }
  // Refused by kernels older than 4.3, which have no ambient set.
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {{0}};
  if (syscall(SYS_capset, &header, none) != 0) return -1;
  // Fails where the kernel has no keyrings, and then there is nothing to leave behind.
  syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static int limit(const struct linux_limit *limit) {
  struct rlimit now;
  if (getrlimit(limit->resource, &now) != 0) return -1;
  rlim_t value = limit->value;
  if (now.rlim_max != RLIM_INFINITY && value > now.rlim_max) value = now.rlim_max;
  struct rlimit then = {value, value};
  return setrlimit(limit->resource, &then);
}

static int stage(const char *source, const char *target) {
  if (unshare(CLONE_NEWNS) != 0) return -1;
  if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0) return -1;
  return mount(source, target, NULL, MS_BIND | MS_REC, NULL);
}

// The last stretch, in the process that becomes the program.
static _Noreturn void become(const struct linux_launch *launch, int pipe, pid_t parent) {
  if (setsid() < 0) fail(pipe, LINUX_STEP_FORK);
  if (launch->changes_identity) {
    if (setresgid(launch->group, launch->group, launch->group) != 0) fail(pipe, LINUX_STEP_IDENTITY);
    if (setresuid(launch->user, launch->user, launch->user) != 0) fail(pipe, LINUX_STEP_IDENTITY);
  }
  if (launch->dies_with_parent) {
    // After the change of identity, which clears it.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) fail(pipe, LINUX_STEP_PRIVILEGES);
    // In a sandbox the parent's pid reads as 0; there the sandbox's own end covers this race.
    if (launch->sandbox < 0 && getppid() != parent) _exit(127);
  }
  if (launch->gives_up_privileges && drop_privileges() != 0) fail(pipe, LINUX_STEP_PRIVILEGES);
  if (launch->filters_calls && filter_calls() != 0) fail(pipe, LINUX_STEP_FILTER);
  if (launch->directory && chdir(launch->directory) != 0) fail(pipe, LINUX_STEP_DIRECTORY);
  umask(022);

  // What only lives until the program runs lies above every target, and not far: few files may be open.
  int above = 0;
  for (int i = 0; i < launch->descriptor_count; i++)
    if (launch->targets[i] >= above) above = launch->targets[i] + 1;
  int parked[PARKING];
  for (int i = 0; i < launch->descriptor_count; i++)
    if ((parked[i] = fcntl(launch->sources[i], F_DUPFD_CLOEXEC, above)) < 0)
      fail(pipe, LINUX_STEP_DESCRIPTORS);
  int home = fcntl(pipe, F_DUPFD_CLOEXEC, above);
  if (home < 0) fail(pipe, LINUX_STEP_DESCRIPTORS);
  if (syscall(SYS_close_range, 0, ~0U, CLOSE_RANGE_CLOEXEC) != 0) fail(home, LINUX_STEP_DESCRIPTORS);
  for (int i = 0; i < launch->descriptor_count; i++)
    if (dup2(parked[i], launch->targets[i]) < 0) fail(home, LINUX_STEP_DESCRIPTORS);
  // Last, since the number of open files may be limited to less than is open here.
  for (int i = 0; i < launch->limit_count; i++)
    if (limit(&launch->limits[i]) != 0) fail(home, LINUX_STEP_LIMITS);

  struct sigaction standard;
  memset(&standard, 0, sizeof standard);
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &standard, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execve(launch->path, launch->arguments, launch->environment);
  fail(home, LINUX_STEP_EXECUTE);
}

// The first stretch. A process enters a pid namespace only with its children, so for a sandbox a second
// process is made, as a sibling: it is the launcher's own child and can be waited for.
static _Noreturn void prepare(const struct linux_launch *launch, int pipe, pid_t parent) {
  // Until it runs its program, the process holds a copy of our memory, secrets too. Inside a sandbox others
  // run as the same user; none may trace it or read its /proc entries. Running the program ends this.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) fail(pipe, LINUX_STEP_PRIVILEGES);
  for (int i = 0; i < launch->cgroup_count; i++)
    if (write(launch->cgroups[i], "0", 1) != 1) fail(pipe, LINUX_STEP_CGROUP);
  if (launch->stage_source && stage(launch->stage_source, launch->stage_target) != 0)
    fail(pipe, LINUX_STEP_STAGE);
  // Inside a user namespace the list of groups can no longer be emptied.
  if (launch->changes_identity && geteuid() == 0 && setgroups(0, NULL) != 0)
    fail(pipe, LINUX_STEP_IDENTITY);
  if (launch->sandbox < 0) {
    tell(pipe, 0, getpid());
    become(launch, pipe, parent);
  }
  int all = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
            CLONE_NEWCGROUP;
  if (setns(launch->sandbox, all) != 0) fail(pipe, LINUX_STEP_ENTER);
  long child = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
  if (child < 0) fail(pipe, LINUX_STEP_FORK);
  if (child == 0) become(launch, pipe, parent);
  tell(pipe, 0, (int)child);
  _exit(0);
}

int linux_launch(const struct linux_launch *launch, struct linux_launched *launched) {
  launched->pid = -1;
  launched->pidfd = -1;
  launched->step = LINUX_STEP_FORK;
  if (launch->descriptor_count > PARKING) return -EINVAL;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
  pid_t parent = getpid();
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // Not `_Fork`: only `fork` makes the C library forget the other threads, which changing the user would
  // signal and wait for.
  pid_t first = fork();
  if (first == 0) prepare(launch, ends[1], parent);
  int failure = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  close(ends[1]);
  if (first < 0) {
    close(ends[0]);
    return -failure;
  }

  int step = 0, reason = 0;
  pid_t pid = -1;
  struct report report;
  for (;;) {
    ssize_t size = read(ends[0], &report, sizeof report);
    if (size < 0 && errno == EINTR) continue;
    if (size != sizeof report) break;
    if (report.step == 0) {
      pid = report.value;
    } else {
      step = report.step;
      reason = report.value;
    }
  }
  close(ends[0]);
  int ignored;
  if (first != pid) waitpid(first, &ignored, 0);
  if (pid < 0 && step == 0) {
    step = LINUX_STEP_FORK;
    reason = ECHILD;
  }
  if (step != 0) {
    if (pid > 0) waitpid(pid, &ignored, 0);
    launched->step = step;
    return -reason;
  }
  int pidfd = linux_pidfd(pid);
  if (pidfd < 0) {
    kill(pid, SIGKILL);
    waitpid(pid, &ignored, 0);
    return pidfd;
  }
  launched->pid = pid;
  launched->pidfd = pidfd;
  launched->step = 0;
  return 0;
}

bool linux_reap(int pidfd, int *code, int *status) {
  siginfo_t seen;
  memset(&seen, 0, sizeof seen);
  // ECHILD cannot happen: nobody else waits for this child, and SIGCHLD is never ignored.
  if (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &seen, WEXITED | WNOHANG) != 0 || seen.si_pid == 0) return false;
  *code = seen.si_code;
  *status = seen.si_status;
  return true;
}

int linux_pidfd(pid_t pid) {
  long pidfd = syscall(SYS_pidfd_open, pid, 0);
  return pidfd < 0 ? -errno : (int)pidfd;
}

int linux_pidfd_kill(int pidfd, int signal) {
  return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) != 0 ? -errno : 0;
}

int linux_pipe(int ends[2], int nonblocking, int capacity) {
  if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
  if (nonblocking) {
    int end = ends[nonblocking - 1];
    // Cannot fail on a pipe of our own.
    fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK);
  }
  // Refused when the user's pipes already hold much; the standard size then does as well, slower.
  if (capacity > 0) fcntl(ends[0], F_SETPIPE_SZ, capacity);
  return 0;
}

// In a process that shares our table of files: the socket it makes is ours as well.
static int listen_inside(int sandbox, uint16_t port, int backlog) {
  // As in `prepare`: it holds a copy of our memory.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return -errno;
  if (setns(sandbox, CLONE_NEWUSER | CLONE_NEWNET) != 0) return -errno;
  int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made < 0) return -errno;
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(made, (struct sockaddr *)&address, sizeof address) != 0 || listen(made, backlog) != 0) {
    int failure = -errno;
    close(made);
    return failure;
  }
  return made;
}

int linux_listen_inside(int sandbox, uint16_t port, int backlog) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return -errno;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // A namespace of users can only be entered by a process with one thread.
  long child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) {
    int made = listen_inside(sandbox, port, backlog);
    // A lost report reads as failure.
    (void)!write(ends[1], &made, sizeof made);
    _exit(0);
  }
  int failure = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  int made = -ECHILD;
  if (child < 0) {
    made = -failure;
  } else {
    int ignored;
    while (waitpid((pid_t)child, &ignored, 0) < 0 && errno == EINTR) {
    }
    if (read(ends[0], &made, sizeof made) != sizeof made) made = -ECHILD;
  }
  close(ends[0]);
  close(ends[1]);
  return made;
}

int linux_accept(int listener) {
  for (;;) {
    int accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (accepted >= 0) return accepted;
    if (errno == EINTR) continue;
    // Gone before it was taken, which is as good as not there.
    return errno == ECONNABORTED ? -EAGAIN : -errno;
  }
}

int linux_watch_make(void) {
  int watch = epoll_create1(EPOLL_CLOEXEC);
  return watch < 0 ? -errno : watch;
}

int linux_watch_add(int watch, int descriptor, uint32_t events, uint64_t token) {
  struct epoll_event event = {.events = events, .data.u64 = token};
  return epoll_ctl(watch, EPOLL_CTL_ADD, descriptor, &event) != 0 ? -errno : 0;
}

int linux_watch_remove(int watch, int descriptor) {
  return epoll_ctl(watch, EPOLL_CTL_DEL, descriptor, NULL) != 0 ? -errno : 0;
}

int linux_watch_wait(int watch, uint64_t *tokens, int count) {
  struct epoll_event events[64];
  if (count > 64) count = 64;
  int ready = epoll_wait(watch, events, count, -1);
  if (ready < 0) return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < ready; i++) tokens[i] = events[i].data.u64;
  return ready;
}

void linux_block_signals(void) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
}

int linux_open_at(int folder, const char *name, int flags, mode_t mode) {
  int opened = openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, mode);
  return opened < 0 ? -errno : opened;
}

ssize_t linux_copy(int source, int target, size_t count) {
  // Shares the blocks where the file system can; EXDEV and EINVAL are those that cannot.
  ssize_t copied = copy_file_range(source, NULL, target, NULL, count, 0);
  if (copied < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS))
    copied = sendfile(target, source, NULL, count);
  return copied < 0 ? -errno : copied;
}

int linux_unnamed_file(const char *folder) {
  int opened = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  return opened < 0 ? -errno : opened;
}
