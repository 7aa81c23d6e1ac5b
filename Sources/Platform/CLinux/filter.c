#define _GNU_SOURCE
#include "filter.h"

#include "CLinuxProcess.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// Both are little-endian, as the offsets of arguments below take for granted.
#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "Name this architecture as the kernel's audit does, and check where its clone has the flags."
#endif

// Younger than the headers of some systems; numbers from 424 on are the same on every architecture.
#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#define NAMESPACES                                                                                           \
  (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
// The kernel takes only the lower half of every argument that is judged here.
#define LOAD_ARGUMENT(number) LOAD(args[number])
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
#define ALLOW RETURN(SECCOMP_RET_ALLOW)
#define REFUSE(error) RETURN(SECCOMP_RET_ERRNO | (error))

// Each guards the statement, or the `count` statements, that follow it. These return, or what was loaded would
// no longer be the call's number.
#define IF(value) IF_THESE(value, 1)
#define IF_THESE(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count)
#define UNLESS(value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0)
#define IF_AT_LEAST(value) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, value, 0, 1)
#define IF_ANY_OF(bits) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1)

#define DENY(name) IF(SYS_##name), REFUSE(EPERM)
// As a kernel that has no such call, which programs are prepared for.
#define HIDE(name) IF(SYS_##name), REFUSE(ENOSYS)

#define FAMILIES(name)                                                                                       \
  IF_THESE(SYS_##name, 10), LOAD_ARGUMENT(0), IF(AF_UNIX), ALLOW, IF(AF_INET), ALLOW, IF(AF_INET6), ALLOW,   \
      IF(AF_NETLINK), ALLOW, REFUSE(EPERM)
#define FLAGS(name, refused)                                                                                 \
  IF_THESE(SYS_##name, 4), LOAD_ARGUMENT(0), IF_ANY_OF(refused), REFUSE(EPERM), ALLOW

static const struct sock_filter filter[] = {
    // Programs of another architecture number their calls otherwise: none of them would be judged.
    LOAD(arch),
    UNLESS(ARCHITECTURE),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
#if defined(__x86_64__)
    // Nor those of x32, which have this bit.
    IF_AT_LEAST(0x40000000),
    REFUSE(EPERM),
#endif

    // Keyrings belong to a user of the machine, in whatever namespaces: the keys of the service's user, and of
    // other sandboxes, would lie open.
    DENY(add_key),
    DENY(request_key),
    DENY(keyctl),

    // Families of sockets that no network namespace holds (AF_VSOCK reaches the machine below a virtual one), or
    // that lead into rarely used parts of the kernel (AF_ALG and others).
    FAMILIES(socket),
    FAMILIES(socketpair),

    // Its requests are carried out by the kernel and pass no filter.
    HIDE(io_uring_setup),
    HIDE(io_uring_enter),
    HIDE(io_uring_register),

    // In a user namespace of its own a process has every capability, and with them most of the kernel to try
    // weaknesses of. Flags of clone3 lie in memory, where a filter cannot see them; C libraries then use clone.
    HIDE(clone3),
    FLAGS(clone, NAMESPACES),
    // In clone this bit is part of a signal's number.
    FLAGS(unshare, NAMESPACES | CLONE_NEWTIME),
    DENY(setns),

    // What the sandbox sees of the disk is settled when it is made.
    DENY(mount),
    DENY(umount2),
    DENY(pivot_root),
    DENY(chroot),
    DENY(open_tree),
    DENY(open_tree_attr),
    DENY(move_mount),
    DENY(fsopen),
    DENY(fsconfig),
    DENY(fsmount),
    DENY(fspick),
    DENY(mount_setattr),
    DENY(open_by_handle_at),
    DENY(fanotify_init),
    DENY(quotactl),
    DENY(quotactl_fd),
    DENY(acct),
    DENY(swapon),
    DENY(swapoff),

    // Where the kernel was most often broken out of, and nothing that agents run needs. userfaultfd halts the
    // kernel at a moment of the process's choice. Debuggers have ptrace, which knows only the sandbox's own
    // processes, and may switch off the random layout of addresses.
    DENY(bpf),
    DENY(perf_event_open),
    DENY(userfaultfd),
    DENY(process_vm_readv),
    DENY(process_vm_writev),
    DENY(lookup_dcookie),
    IF_THESE(SYS_personality, 7),
    LOAD_ARGUMENT(0),
    IF(0xffffffff), // Only asks.
    ALLOW,
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~(unsigned)ADDR_NO_RANDOMIZE),
    IF(PER_LINUX),
    ALLOW,
    REFUSE(EPERM),

    // The machine itself: its log, which tells about others, its clock, its name, its kernel. The kernel refuses
    // most of this as well.
    DENY(syslog),
    DENY(settimeofday),
    DENY(clock_settime),
    DENY(sethostname),
    DENY(setdomainname),
    DENY(vhangup),
    DENY(reboot),
    DENY(kexec_load),
#if defined(SYS_kexec_file_load)
    DENY(kexec_file_load),
#endif
    DENY(init_module),
    DENY(finit_module),
    DENY(delete_module),
#if defined(__x86_64__)
    DENY(iopl),
    DENY(ioperm),
    DENY(modify_ldt),
#endif
    ALLOW,
};

int filter_calls(void) {
  struct sock_fprog program = {sizeof filter / sizeof filter[0], (struct sock_filter *)filter};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

int linux_filter_file(void) {
  int file = memfd_create("filter", MFD_CLOEXEC);
  if (file < 0) return -errno;
  // A short write, which memory has no reason for, would be a filter that the kernel does not take.
  if (write(file, filter, sizeof filter) < 0 || lseek(file, 0, SEEK_SET) != 0) {
    int failure = -errno;
    close(file);
    return failure;
  }
  return file;
}
