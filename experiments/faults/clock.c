// Clocks that jump, for LD_PRELOAD. The environment says which one, when and how:
//
// CLOCK         "wall" or "monotonic"
// CLOCK_AFTER   milliseconds after which it is disturbed
// CLOCK_HOW     "by S": it jumps by so many seconds; "to S": it jumps to so many seconds and runs on from there; "still": it stands still;
//               "leaps": it jumps ahead by up to 2000 s at one look in 50; "erratic": it shows another time of 0 to 2^33 s at every look
// CLOCK_LOG     file that is told at the end how often each clock was looked at, and how often while it was disturbed
//
// A wait until a time (futex) counts from what the clock shows: its deadline is translated to the true clock.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

typedef long long Nanoseconds;
static const Nanoseconds SECOND = 1000000000;

static int (*real)(clockid_t, struct timespec *);
static long (*real_syscall)(long, ...);
static Nanoseconds began, after, number, jumped_from, leapt;
static int is_wall, is_monotonic;
static char how[16];
static const char *log_path;
static atomic_ullong looks[2], disturbed;
static atomic_ullong state = 1;

static Nanoseconds true_time(clockid_t clock) {
    struct timespec time;
    real(clock, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

__attribute__((constructor)) static void begin(void) {
    real = dlsym(RTLD_NEXT, "clock_gettime");
    real_syscall = dlsym(RTLD_NEXT, "syscall");
    const char *name = getenv("CLOCK"), *when = getenv("CLOCK_AFTER"), *what = getenv("CLOCK_HOW");
    is_wall = name && !strcmp(name, "wall");
    is_monotonic = name && !strcmp(name, "monotonic");
    after = when ? atoll(when) * (SECOND / 1000) : 0;
    log_path = getenv("CLOCK_LOG");
    if (what) sscanf(what, "%15s %lld", how, &number);
    began = true_time(CLOCK_MONOTONIC);
    jumped_from = true_time(is_wall ? CLOCK_REALTIME : CLOCK_MONOTONIC) + after;
}

__attribute__((destructor)) static void end(void) {
    FILE *log = log_path ? fopen(log_path, "w") : NULL;
    if (!log) return;
    fprintf(log, "{\"wall\": %llu, \"monotonic\": %llu, \"disturbed\": %llu}\n", looks[0], looks[1], disturbed);
    fclose(log);
}

static unsigned long long draw(void) {
    unsigned long long x = atomic_fetch_add(&state, 0x9e3779b97f4a7c15ull);
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

// What a clock that is disturbed shows at some time; looks that count make it leap.
static Nanoseconds shown(Nanoseconds time, int counts) {
    if (true_time(CLOCK_MONOTONIC) - began < after) return time;
    if (counts) disturbed++;
    if (!strcmp(how, "by")) return time + number * SECOND;
    if (!strcmp(how, "to")) return time - jumped_from + number * SECOND;
    if (!strcmp(how, "still")) return jumped_from;
    if (!strcmp(how, "erratic")) return draw() % (SECOND << 33);
    if (counts && draw() % 50 == 0) __atomic_add_fetch(&leapt, draw() % (2000 * SECOND), __ATOMIC_SEQ_CST);
    return time + __atomic_load_n(&leapt, __ATOMIC_SEQ_CST);
}

static int is_disturbed(clockid_t clock) {
    int of_wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
    int of_monotonic = clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_BOOTTIME;
    return (is_wall && of_wall) || (is_monotonic && of_monotonic);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    if (!real) begin();
    int result = real(clock, time);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) looks[0]++;
    if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE) looks[1]++;
    if (!result && is_disturbed(clock)) {
        Nanoseconds now = shown(time->tv_sec * SECOND + time->tv_nsec, 1);
        time->tv_sec = now / SECOND - (now % SECOND < 0);
        time->tv_nsec = now - time->tv_sec * SECOND;
    }
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    (void)zone;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    if (time) *time = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return result;
}

time_t time(time_t *place) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (place) *place = now.tv_sec;
    return now.tv_sec;
}

long syscall(long call, ...) {
    if (!real_syscall) begin();
    va_list list;
    long a[6];
    va_start(list, call);
    for (int k = 0; k < 6; k++) a[k] = va_arg(list, long);
    va_end(list);
    int waits_until = call == SYS_futex && (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET && a[3];
    clockid_t clock = a[1] & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    struct timespec until;
    if (waits_until && is_disturbed(clock) && strcmp(how, "erratic")) {
        const struct timespec *asked = (const struct timespec *)a[3];
        Nanoseconds now = true_time(clock), left = asked->tv_sec * SECOND + asked->tv_nsec - shown(now, 0);
        Nanoseconds deadline = now + (left > 0 ? left : 0);
        until = (struct timespec){deadline / SECOND, deadline % SECOND};
        a[3] = (long)&until;
    }
    return real_syscall(call, a[0], a[1], a[2], a[3], a[4], a[5]);
}
