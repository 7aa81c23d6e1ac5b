#define _GNU_SOURCE
#include "CLinuxProcess.h"
#include "filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
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
#define MOST_CGROUPS 8

// Between fork and exec only system calls are allowed: other threads of the parent may have held any lock.

static void tell(int pipe, int step, int value) {
  struct linux_report report = {step, value};
  // A lost report is seen by the parent as an early end of the pipe.
  (void)!write(pipe, &report, sizeof report);
}

static _Noreturn void fail(int pipe, int step) {
  tell(pipe, step, errno);
  _exit(127);
}

// Where the words lie that this program was started with: its arguments, then its environment.
static struct { char *start, *end; } words[2];

static void learn_words(void) {
  char text[4096];
  int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  ssize_t size = file < 0 ? 0 : read(file, text, sizeof text - 1);
  if (file >= 0) close(file);
  text[size > 0 ? size : 0] = 0;
  // The second field is a name in parentheses that may hold anything; those that are meant are 48 to 51 (proc(5)).
  char *rest = strrchr(text, ')');
  if (!rest) return;
  rest = strchr(rest, ' ');
  for (int field = 3; rest && field < 48; field++) rest = strchr(rest + 1, ' ');
  for (int i = 0; rest && i < 4; i++) {
    char *place = (char *)strtoul(rest + 1, &rest, 10);
    *(i % 2 == 0 ? &words[i / 2].start : &words[i / 2].end) = place;
  }
  for (int i = 0; i < 2; i++)
    if (!words[i].start || words[i].end < words[i].start) words[i].start = words[i].end = NULL;
}

// The kernel shows everybody a process's arguments, whatever else is closed to them: in a copy of us they are wiped,
// with the environment behind them. Others have this memory as it was.
static pthread_once_t have_learned = PTHREAD_ONCE_INIT;

static void forget_words(void) {
  for (int i = 0; i < 2; i++)
    if (words[i].start) memset(words[i].start, 0, (size_t)(words[i].end - words[i].start));
  prctl(PR_SET_NAME, "starting", 0, 0, 0);
}

static int close_all_but(int *kept, int count) {
  for (int i = 1; i < count; i++)
    for (int j = i; j > 0 && kept[j - 1] > kept[j]; j--) {
      int higher = kept[j - 1];
      kept[j - 1] = kept[j];
      kept[j] = higher;
    }
  unsigned next = 0;
  for (int i = 0; i < count; i++) {
    unsigned number = (unsigned)kept[i];
    if (number > next && syscall(SYS_close_range, next, number - 1, 0) != 0) return -1;
    if (number >= next) next = number + 1;
  }
  return (int)syscall(SYS_close_range, next, ~0U, 0);
}

// What of our files a new process still has: those of the program, parked, and the pipe for reports.
struct files {
  int pipe;
  int parked[PARKING];
};

// Everything else is closed before the process is where an agent could halt it: as long as it stands, it would hold
// the ends of other programs' pipes and connections open.
static int keep_files(const struct linux_launch *launch, struct files *files) {
  int kept[PARKING + MOST_CGROUPS + 2];
  int count = 0;
  // What only lives until the program runs lies above every target, and not far: few files may be open.
  int above = 0;
  for (int i = 0; i < launch->descriptor_count; i++)
    if (launch->targets[i] >= above) above = launch->targets[i] + 1;
  for (int i = 0; i < launch->descriptor_count; i++) {
    int parked = fcntl(launch->sources[i], F_DUPFD_CLOEXEC, above);
    if (parked < 0) return -1;
    files->parked[i] = kept[count++] = parked;
  }
  int home = fcntl(files->pipe, F_DUPFD_CLOEXEC, above);
  if (home < 0) return -1;
  files->pipe = kept[count++] = home;
  for (int i = 0; i < launch->cgroup_count; i++) kept[count++] = launch->cgroups[i];
  if (launch->sandbox >= 0) kept[count++] = launch->sandbox;
  return close_all_but(kept, count);
}

static int give_up_ways_to_privileges(void) {
  for (int capability = 0; capability <= 63; capability++)
    // EINVAL ends the list of those the kernel knows; EPERM means there is none left to drop with.
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
      if (errno == EINVAL || errno == EPERM) break;
      return -1;
    }
  // Refused by kernels older than 4.3, which have no ambient set.
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  // Fails where the kernel has no keyrings, and then there is nothing to leave behind.
  syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static int drop_capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {{0}};
  return (int)syscall(SYS_capset, &header, none);
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
//
// In a sandbox of root's, agents see this process, and cannot reach it until it has their user. From then on they can
// halt and end it, so that comes last, with only what cannot be done before it.
static _Noreturn void become(const struct linux_launch *launch, const struct files *files, pid_t parent) {
  int pipe = files->pipe;
  if (setsid() < 0) fail(pipe, LINUX_STEP_FORK);
  if (launch->directory && chdir(launch->directory) != 0) fail(pipe, LINUX_STEP_DIRECTORY);
  umask(022);
  for (int i = 0; i < launch->descriptor_count; i++)
    if (dup2(files->parked[i], launch->targets[i]) < 0) fail(pipe, LINUX_STEP_DESCRIPTORS);
  // After the files, since their number may be limited to less than is open here. Changing the user looks at the
  // number of processes, and would have the program refused where they are many.
  for (int i = 0; i < launch->limit_count; i++)
    if (launch->limits[i].resource != RLIMIT_NPROC && limit(&launch->limits[i]) != 0)
      fail(pipe, LINUX_STEP_LIMITS);
  struct sigaction standard;
  memset(&standard, 0, sizeof standard);
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &standard, NULL);
  if (launch->gives_up_privileges && give_up_ways_to_privileges() != 0) fail(pipe, LINUX_STEP_PRIVILEGES);
  if (launch->filters_calls && filter_calls() != 0) fail(pipe, LINUX_STEP_FILTER);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);

  if (launch->changes_identity) {
    // Without the C library, which would tell threads that are not here.
    if (syscall(SYS_setresgid, launch->group, launch->group, launch->group) != 0 ||
        syscall(SYS_setresuid, launch->user, launch->user, launch->user) != 0)
      fail(pipe, LINUX_STEP_IDENTITY);
    // A change of the user sets it anew, on some machines to what lets others look in.
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) fail(pipe, LINUX_STEP_PRIVILEGES);
  }
  if (launch->dies_with_parent) {
    // After the change of identity, which clears it.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) fail(pipe, LINUX_STEP_PRIVILEGES);
    // In a sandbox the parent's pid reads as 0; there the sandbox's own end covers this race.
    if (launch->sandbox < 0 && getppid() != parent) _exit(127);
  }
  if (launch->gives_up_privileges && drop_capabilities() != 0) fail(pipe, LINUX_STEP_PRIVILEGES);
  for (int i = 0; i < launch->limit_count; i++)
    if (launch->limits[i].resource == RLIMIT_NPROC && limit(&launch->limits[i]) != 0)
      fail(pipe, LINUX_STEP_LIMITS);
  execve(launch->path, launch->arguments, launch->environment);
  fail(pipe, LINUX_STEP_EXECUTE);
}

// The first stretch. A process enters a pid namespace only with its children, so for a sandbox a second
// process is made, as a sibling: it is the launcher's own child and can be waited for. Nobody in the sandbox sees
// the first.
static _Noreturn void prepare(const struct linux_launch *launch, int pipe, pid_t parent) {
  // Until it runs its program, the process holds a copy of our memory, secrets too. Inside a sandbox others
  // run as the same user; none may trace it or read its /proc entries. Running the program ends this.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) fail(pipe, LINUX_STEP_PRIVILEGES);
  forget_words();
  struct files files = {.pipe = pipe};
  if (keep_files(launch, &files) != 0) fail(files.pipe, LINUX_STEP_DESCRIPTORS);
  pipe = files.pipe;
  for (int i = 0; i < launch->cgroup_count; i++) {
    if (write(launch->cgroups[i], "0", 1) != 1) fail(pipe, LINUX_STEP_CGROUP);
    close(launch->cgroups[i]);
  }
  if (launch->stage_source && stage(launch->stage_source, launch->stage_target) != 0)
    fail(pipe, LINUX_STEP_STAGE);
  // Inside a user namespace the list of groups can no longer be emptied.
  if (launch->changes_identity && geteuid() == 0 && syscall(SYS_setgroups, 0, NULL) != 0)
    fail(pipe, LINUX_STEP_IDENTITY);
  if (launch->sandbox < 0) {
    tell(pipe, 0, getpid());
    become(launch, &files, parent);
  }
  int all = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
            CLONE_NEWCGROUP;
  if (setns(launch->sandbox, all) != 0) fail(pipe, LINUX_STEP_ENTER);
  close(launch->sandbox);
  // Entering gave it capabilities in there, which sets this anew too.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) fail(pipe, LINUX_STEP_PRIVILEGES);
  long child = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
  if (child < 0) fail(pipe, LINUX_STEP_FORK);
  if (child == 0) become(launch, &files, parent);
  tell(pipe, 0, (int)child);
  _exit(0);
}

int linux_launch_begin(const struct linux_launch *launch, struct linux_starting *starting) {
  if (launch->descriptor_count > PARKING || launch->cgroup_count > MOST_CGROUPS) return -EINVAL;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
  // Ours only: the process writes as it comes.
  fcntl(ends[0], F_SETFL, fcntl(ends[0], F_GETFL) | O_NONBLOCK);
  pthread_once(&have_learned, learn_words);
  pid_t parent = getpid();
  int pidfd = -1;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // Not `fork`, which waits for locks of other threads: nothing here uses what they guard.
  long first = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0);
  if (first == 0) prepare(launch, ends[1], parent);
  int failure = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  close(ends[1]);
  if (first < 0) {
    close(ends[0]);
    return -failure;
  }
  starting->reports = ends[0];
  starting->pid = (pid_t)first;
  starting->pidfd = pidfd;
  return 0;
}

int linux_launch_read(int reports, struct linux_report *report) {
  for (;;) {
    ssize_t size = read(reports, report, sizeof *report);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return -errno;
    return size == sizeof *report;
  }
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
  forget_words();
  if (setns(sandbox, CLONE_NEWUSER | CLONE_NEWNET) != 0) return -errno;
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return -errno;
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

// Waits until a child has ended, kills it when that takes too long, and takes its exit.
static bool ended(int pidfd, int milliseconds) {
  struct pollfd end = {.fd = pidfd, .events = POLLIN};
  int code, status;
  for (int round = 0; round < 2; round++) {
    int ready;
    while ((ready = poll(&end, 1, milliseconds)) < 0 && errno == EINTR) {
    }
    if (ready > 0) return linux_reap(pidfd, &code, &status) && round == 0;
    linux_pidfd_kill(pidfd, SIGKILL);
  }
  return false;
}

int linux_listen_inside(int sandbox, uint16_t port, int backlog, int milliseconds) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return -errno;
  pthread_once(&have_learned, learn_words);
  int pidfd = -1;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // A namespace of users can only be entered by a process with one thread. It stays in our namespace of processes,
  // where nobody in the sandbox sees it.
  long child = syscall(SYS_clone, CLONE_FILES | CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0);
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
    if (!ended(pidfd, milliseconds))
      made = -ETIMEDOUT;
    else if (read(ends[0], &made, sizeof made) != sizeof made)
      made = -ECHILD;
    close(pidfd);
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

int linux_rename_new(int folder, const char *name, const char *final) {
  if (renameat2(folder, name, folder, final, RENAME_NOREPLACE) == 0) return 0;
  // Some file systems know no such thing; there, a folder replaces nothing but an empty folder.
  if (errno != EINVAL && errno != ENOSYS) return errno;
  return renameat(folder, name, folder, final) == 0 ? 0 : errno;
}

int linux_unnamed_file(const char *folder) {
  int opened = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  return opened < 0 ? -errno : opened;
}
