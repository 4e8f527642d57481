/* SPDX-License-Identifier: MIT */
/* See sandbox.h. A filter is a program for the kernel's packet filter, which sees the
 * number and the arguments of a call, not what pointers point to. */

#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOAD_ARGUMENT(n) LOAD(args[n]) /* the low half; little-endian machines */
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)
#define IF_EQUAL(value, then, otherwise)                                                 \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, then, otherwise)
#define IF_ANY_BIT(bits, then, otherwise)                                                \
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, then, otherwise)

enum { MOST = 512 };

struct program {
    struct sock_filter code[MOST];
    unsigned short n;
};

static void add(struct program *p, const struct sock_filter *code, size_t n)
{
    memcpy(p->code + p->n, code, n * sizeof *code);
    p->n += (unsigned short)n;
}

#define ADD(p, ...)                                                                      \
    do {                                                                                 \
        const struct sock_filter code_[] = {__VA_ARGS__};                                \
        add(p, code_, sizeof code_ / sizeof *code_);                                     \
    } while (0)

/* The number of the call is loaded before and after. */
static void forbid(struct program *p, long call)
{
    ADD(p, IF_EQUAL((unsigned)call, 0, 1), RETURN(SECCOMP_RET_KILL_PROCESS));
}

static void forbid_bits(struct program *p, long call, int argument, unsigned bits)
{
    ADD(p, IF_EQUAL((unsigned)call, 0, 4), LOAD_ARGUMENT(argument), IF_ANY_BIT(bits, 0, 1),
        RETURN(SECCOMP_RET_KILL_PROCESS), LOAD(nr));
}

static void answer(struct program *p, long call, unsigned number)
{
    ADD(p, IF_EQUAL((unsigned)call, 0, 1), RETURN(SECCOMP_RET_ERRNO | number));
}

static const long never[] = {
    SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4,
    SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_recvfrom, SYS_recvmsg, SYS_execve,
    SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kill,
    SYS_unlinkat, SYS_renameat2, SYS_mkdirat, SYS_mknodat, SYS_linkat, SYS_symlinkat,
    SYS_fchmod, SYS_fchmodat, SYS_fchown, SYS_fchownat, SYS_truncate, SYS_ftruncate,
    SYS_fallocate, SYS_pwrite64, SYS_pwritev, SYS_setxattr, SYS_mount, SYS_init_module,
    SYS_bpf, SYS_io_uring_setup, SYS_memfd_create,
#ifdef SYS_open /* what newer machines do not have */
    SYS_creat, SYS_fork, SYS_vfork, SYS_unlink, SYS_rename, SYS_renameat, SYS_mkdir,
    SYS_rmdir, SYS_mknod, SYS_link, SYS_symlink, SYS_chmod, SYS_chown,
#endif
};

/* Threads are made by clone; clone3 hides its flags behind a pointer, and C libraries go
 * back to clone where it is not there. */
static void forbid_processes(struct program *p)
{
    answer(p, SYS_clone3, ENOSYS);
    ADD(p, IF_EQUAL((unsigned)SYS_clone, 0, 4), LOAD_ARGUMENT(0),
        IF_ANY_BIT(CLONE_THREAD, 1, 0), RETURN(SECCOMP_RET_KILL_PROCESS), LOAD(nr));
}

static void forbid_opening(struct program *p, enum sandbox kind)
{
    const unsigned writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
    if (kind == SANDBOX_CLOSED) {
        forbid(p, SYS_openat);
        forbid(p, SYS_openat2);
#ifdef SYS_open
        forbid(p, SYS_open);
#endif
        forbid_bits(p, SYS_mmap, 2, PROT_EXEC);
        forbid_bits(p, SYS_mprotect, 2, PROT_EXEC);
        return;
    }
    forbid_bits(p, SYS_openat, 2, writing);
    answer(p, SYS_openat2, ENOSYS); /* its flags lie behind a pointer; openat does it too */
#ifdef SYS_open
    forbid_bits(p, SYS_open, 1, writing);
#endif
}

bool sandbox_enter(enum sandbox kind)
{
    struct program p = {.n = 0};
    ADD(&p, LOAD(nr));
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        forbid(&p, never[i]);
    forbid_processes(&p);
    forbid_opening(&p, kind);
    ADD(&p, RETURN(SECCOMP_RET_ALLOW));
    const struct sock_fprog filter = {.len = p.n, .filter = p.code};
    return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
           !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
}

unsigned sandbox_count_code(bool *writable)
{
    FILE *const maps = fopen("/proc/self/maps", "r");
    char line[4096], rights[8];
    unsigned n = 0;
    *writable = false;
    while (maps && fgets(line, sizeof line, maps))
        if (sscanf(line, "%*s %7s", rights) == 1 && rights[2] == 'x') {
            n++;
            *writable = *writable || rights[1] == 'w';
        }
    if (maps)
        fclose(maps);
    return n;
}
