// Runs a program and disturbs it at one of its operations on files.
//
//     tracer LOG ACTION -- PROGRAM ARGUMENTS...
//
// The library opens and renames files by system calls of its own (cap-std, rustix), which no LD_PRELOAD reaches. Therefore the
// program is traced: a seccomp filter stops each of its threads at the calls below, and nowhere else.
//
// ACTION  count                     nothing is disturbed
//         kill K TEAR               SIGKILL at the K-th operation, before it is done; TEAR = 1: a write is cut in half and done before
//         killend K TEAR            the same of the K-th operation from the first write to a file of `.partial` on, where a run ends
//         fail KINDS K ERRNO LAST   the K-th operation of these kinds fails, and so do those after it, up to LAST in all
//         space BYTES ERRNO         writes succeed up to so many bytes in all, cut short at the last one, and fail from then on
//
// KINDS is made of the letters w (writing to a regular file), s (synchronising), e (a new entry of a directory: creating, making,
// renaming, linking) and r (removing). LOG is written at the end as JSON: how many operations of each kind there were, how many
// from the first write to a file of `.partial` on, how many bytes were asked to be written, and what was struck. The exit code is that of the program, or 128 + signal.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
#error "the registers are those of x86-64"
#endif

static const int CALLS[] = {
    SYS_write,  SYS_pwrite64, SYS_writev,  SYS_pwritev, SYS_copy_file_range, SYS_sendfile, SYS_ftruncate, SYS_fallocate,
    SYS_fsync,  SYS_fdatasync, SYS_open,   SYS_creat,   SYS_openat,          SYS_openat2,  SYS_mkdir,     SYS_mkdirat,
    SYS_rename, SYS_renameat, SYS_renameat2, SYS_link,  SYS_linkat,          SYS_symlink,  SYS_symlinkat, SYS_unlink,
    SYS_unlinkat, SYS_rmdir,
};
enum { COUNT_OF_CALLS = sizeof CALLS / sizeof *CALLS };

typedef struct user_regs_struct Registers;
typedef unsigned long long Number;

static Number counts[128], at_end, bytes_asked, bytes_given;
static char struck_kind, struck_path[1024];
static Number struck_times, struck_at;

static Number read_number(pid_t thread, Number address) {
    Number value = 0;
    struct iovec here = {&value, sizeof value}, there = {(void *)address, sizeof value};
    return process_vm_readv(thread, &here, 1, &there, 1, 0) == sizeof value ? value : 0;
}

static void read_text(pid_t thread, Number address, char *text, size_t size) {
    struct iovec here = {text, size - 1}, there = {(void *)address, size - 1};
    // A page at a time: what follows the text need not be there.
    size_t in_page = 4096 - address % 4096;
    if (in_page < size - 1) here.iov_len = there.iov_len = in_page;
    ssize_t got = process_vm_readv(thread, &here, 1, &there, 1, 0);
    text[got > 0 ? got : 0] = 0;
}

static int is_regular(pid_t thread, Number file) {
    char path[64];
    struct stat data;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", thread, (int)file);
    return !stat(path, &data) && S_ISREG(data.st_mode);
}

static Number output_of(const Registers *call) {
    return call->orig_rax == SYS_copy_file_range ? call->rdx : call->rdi;
}

// The kind of an operation, 0 if it is none.
static char kind_of(pid_t thread, const Registers *call) {
    char name[8];
    switch (call->orig_rax) {
    case SYS_write: case SYS_pwrite64: case SYS_writev: case SYS_pwritev: case SYS_copy_file_range: case SYS_sendfile:
    case SYS_ftruncate: case SYS_fallocate:
        return is_regular(thread, output_of(call)) ? 'w' : 0;
    case SYS_fsync: case SYS_fdatasync: return 's';
    case SYS_open: return call->rsi & O_CREAT ? 'e' : 0;
    case SYS_openat: return call->rdx & O_CREAT ? 'e' : 0;
    // The flags stand at the head of a structure.
    case SYS_openat2: return read_number(thread, call->rdx) & O_CREAT ? 'e' : 0;
    case SYS_unlink: case SYS_unlinkat: case SYS_rmdir: return 'r';
    // A look at whether a directory of /proc is mounted on, which always fails (rustix-linux-procfs).
    case SYS_renameat: case SYS_renameat2: read_text(thread, call->r10, name, sizeof name); return strcmp(name, ".") ? 'e' : 0;
    default: return 'e';
    }
}

// Where the length of a write stands, if it can be cut short.
static unsigned long long *length_of(Registers *call) {
    switch (call->orig_rax) {
    case SYS_write: case SYS_pwrite64: return &call->rdx;
    case SYS_copy_file_range: return &call->r8;
    case SYS_sendfile: return &call->r10;
    default: return NULL;
    }
}

static Number bytes_of(pid_t thread, Registers *call) {
    Number *length = length_of(call), sum = 0;
    if (length) return *length;
    if (call->orig_rax == SYS_writev || call->orig_rax == SYS_pwritev)
        for (Number k = 0; k < call->rdx; k++) sum += read_number(thread, call->rsi + 16 * k + 8);
    return sum;
}

static void describe(pid_t thread, const Registers *call, char kind) {
    char link[64], *path = struck_path;
    if (kind == 'w' || kind == 's') {
        snprintf(link, sizeof link, "/proc/%d/fd/%d", thread, (int)output_of(call));
        ssize_t length = readlink(link, path, sizeof struck_path - 1);
        path[length > 0 ? length : 0] = 0;
        return;
    }
    Number name = call->rsi, to = 0;
    switch (call->orig_rax) {
    case SYS_open: case SYS_creat: case SYS_mkdir: case SYS_unlink: case SYS_rmdir: name = call->rdi; break;
    case SYS_rename: name = call->rdi; to = call->rsi; break;
    case SYS_renameat: case SYS_renameat2: to = call->r10; break;
    }
    read_text(thread, name, path, 400);
    if (to) {
        strcat(path, " to ");
        read_text(thread, to, path + strlen(path), 400);
    }
}

static int is_partial(pid_t thread, const Registers *call) {
    char link[64], path[1024];
    snprintf(link, sizeof link, "/proc/%d/fd/%d", thread, (int)output_of(call));
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    return strstr(path, ".partial/") != NULL;
}

static void strike(pid_t thread, const Registers *call, char kind, Number at) {
    if (!struck_times++) {
        struck_kind = kind;
        struck_at = at;
        describe(thread, call, kind);
    }
}

static void fail(pid_t thread, Registers *call, int code) {
    call->orig_rax = -1;
    call->rax = -code;
    ptrace(PTRACE_SETREGS, thread, 0, call);
}

static enum { COUNT, KILL, FAIL, SPACE } action;
static const char *kinds = "wser";
static Number place, last, space;
static int tear, code, from_end;
static pid_t child;

// What becomes of a thread that stops at a call; whether it is to stop again at its end.
static int at_call(pid_t thread) {
    Registers call;
    if (ptrace(PTRACE_GETREGS, thread, 0, &call)) return 0;
    char kind = kind_of(thread, &call);
    if (!kind) return 0;
    counts[(int)kind]++;
    Number bytes = kind == 'w' ? bytes_of(thread, &call) : 0, *length = length_of(&call);
    bytes_asked += bytes;
    Number at = 0;
    for (const char *k = kinds; *k; k++) at += counts[(int)*k];
    if (at_end || (kind == 'w' && is_partial(thread, &call))) at_end++;
    if (from_end) at = at_end;
    int is_of_kind = strchr(kinds, kind) != NULL;
    if (action == KILL && at == place) {
        strike(thread, &call, kind, at);
        if (tear && kind == 'w' && length && *length > 1) {
            *length /= 2;
            ptrace(PTRACE_SETREGS, thread, 0, &call);
            return 1;
        }
        kill(child, SIGKILL);
    } else if (action == FAIL && is_of_kind && at >= place && struck_times < last) {
        strike(thread, &call, kind, at);
        fail(thread, &call, code);
    } else if (action == SPACE && kind == 'w' && bytes_given + bytes > space) {
        Number left = space - bytes_given;
        if (left && length) {
            *length = left;
            bytes_given = space;
            ptrace(PTRACE_SETREGS, thread, 0, &call);
        } else {
            strike(thread, &call, kind, at);
            fail(thread, &call, code);
        }
    } else {
        bytes_given += bytes;
    }
    return 0;
}

// Stops at the calls that are listed, lets all others be.
static void install_filter(void) {
    struct sock_filter filter[COUNT_OF_CALLS + 3];
    int n = 0;
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int k = 0; k < COUNT_OF_CALLS; k++)
        filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CALLS[k], COUNT_OF_CALLS - k, 0);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    struct sock_fprog all = {n, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all)) {
        perror("tracer: seccomp");
        _exit(125);
    }
}

static void write_log(const char *path) {
    FILE *log = fopen(path, "w");
    if (!log) return;
    fprintf(log, "{\"w\": %llu, \"s\": %llu, \"e\": %llu, \"r\": %llu, \"end\": %llu, \"bytes\": %llu, \"struck\": ", counts['w'], counts['s'],
            counts['e'], counts['r'], at_end, bytes_asked);
    if (struck_times) {
        fprintf(log, "{\"kind\": \"%c\", \"at\": %llu, \"times\": %llu, \"path\": \"", struck_kind, struck_at, struck_times);
        for (const char *c = struck_path; *c; c++)
            if (*c == '"' || *c == '\\' || *c < ' ') fputc('?', log);
            else fputc(*c, log);
        fprintf(log, "\"}}\n");
    } else {
        fprintf(log, "null}\n");
    }
    fclose(log);
}

int main(int argc, char **argv) {
    int program = 1;
    while (program < argc && strcmp(argv[program], "--")) program++;
    if (++program >= argc || argc < 4) return fprintf(stderr, "usage: tracer LOG ACTION -- PROGRAM\n"), 125;
    char **given = argv + 3;
    from_end = !strcmp(argv[2], "killend");
    if (from_end || !strcmp(argv[2], "kill")) {
        action = KILL, place = strtoull(given[0], 0, 10), tear = atoi(given[1]);
    } else if (!strcmp(argv[2], "fail")) {
        action = FAIL, kinds = given[0], place = strtoull(given[1], 0, 10), code = atoi(given[2]);
        last = strtoull(given[3], 0, 10);
    } else if (!strcmp(argv[2], "space")) {
        action = SPACE, space = strtoull(given[0], 0, 10), code = atoi(given[1]);
    }
    child = fork();
    if (!child) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        install_filter();
        execv(argv[program], argv + program);
        perror(argv[program]);
        _exit(127);
    }
    int status, end = 0;
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return 125;
    long followed = PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
    ptrace(PTRACE_SETOPTIONS, child, 0, followed | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
    ptrace(PTRACE_CONT, child, 0, 0);
    for (pid_t thread; (thread = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR;) {
        if (thread < 0) continue;
        if (!WIFSTOPPED(status)) {
            if (thread == child) end = status;
            continue;
        }
        int event = status >> 16, signal = WSTOPSIG(status), stops_again = 0;
        if (event == PTRACE_EVENT_SECCOMP) stops_again = at_call(thread);
        else if (signal == (SIGTRAP | 0x80)) kill(child, SIGKILL);
        // A new thread stops once before it runs.
        if (event || signal == SIGSTOP || signal & 0x80 || signal == SIGTRAP) signal = 0;
        ptrace(stops_again ? PTRACE_SYSCALL : PTRACE_CONT, thread, 0, signal);
    }
    write_log(argv[1]);
    return WIFSIGNALED(end) ? 128 + WTERMSIG(end) : WEXITSTATUS(end);
}
