/* Looking for a server's answer for a while before sleeping until it comes, as socket(7)'s SO_BUSY_POLL has network
 * cards do: to be put to sleep and woken up takes longer than a short statement (docs/architecture.md has figures).
 *
 * libmariadb waits by busy_poll_wait() once it was told to (MARIADB_OPT_IO_WAIT, Connector/C 3.3). Between
 * busy_poll_begin() and busy_poll_end() a thread may look for one answer. It does where that is worth it:
 * - the last BUSY_POLL_CALM waits of the process were its own: threads beside it would want the processor;
 * - after a look in vain, or one during which something else had the processor, the next 1, 3, 7, ... 255 are left out. */
#ifndef RHO_BUSY_POLL_H
#define RHO_BUSY_POLL_H

#define MARIADB_OPT_IO_WAIT 7024 /* mysql.h; its callback's timeout is in ms, 0: none (ma_pvio.c) */

typedef struct busy_poll {
    long window;      /* ns to look for an answer; 0: not at all */
    unsigned backoff; /* looks in vain, less those that were not; at most BUSY_POLL_BACKOFF */
    unsigned skip;    /* answers to sleep for before the next look */
    unsigned long looks;
} busy_poll;

#ifdef _WIN32
/* There is no client library to look in: mysql_abi.h. */
static inline void busy_poll_begin(busy_poll *who) { (void)who; }
static inline void busy_poll_end(void) {}
static inline void *busy_poll_callback(void) { return 0; }
#else
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <time.h>

#define BUSY_POLL_BACKOFF 8
#define BUSY_POLL_CALM 16
#define BUSY_POLL_GAP 20000 /* ns between two looks: something else ran meanwhile */

static _Thread_local busy_poll *busy_poll_of_thread;
/* The thread that waited last, told by where its busy_poll_of_thread is, and how often in a row. */
static _Atomic(void *) busy_poll_last;
static _Atomic unsigned busy_poll_in_a_row;

static inline void busy_poll_begin(busy_poll *who) { busy_poll_of_thread = who->window ? who : 0; }
static inline void busy_poll_end(void) { busy_poll_of_thread = 0; }

static inline int busy_poll_calm(void) {
    void *me = &busy_poll_of_thread;
    if (atomic_exchange_explicit(&busy_poll_last, me, memory_order_relaxed) != me)
        atomic_store_explicit(&busy_poll_in_a_row, 0, memory_order_relaxed);
    return atomic_fetch_add_explicit(&busy_poll_in_a_row, 1, memory_order_relaxed) >= BUSY_POLL_CALM;
}

static inline int busy_poll_alone(void) {
    return atomic_load_explicit(&busy_poll_last, memory_order_relaxed) == (void *)&busy_poll_of_thread;
}

static long long busy_poll_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Whether the socket became ready within the window. */
static int busy_poll_look(busy_poll *who, struct pollfd *socket) {
    long long start, before, now;
    if (who->skip) {
        who->skip--;
        return 0;
    }
    who->looks++;
    now = start = busy_poll_now();
    do {
        if (poll(socket, 1, 0) > 0) {
            if (who->backoff)
                who->backoff--;
            return 1;
        }
        before = now;
        now = busy_poll_now();
    } while (now - before < BUSY_POLL_GAP && now - start < who->window && busy_poll_alone());
    if (who->backoff < BUSY_POLL_BACKOFF)
        who->backoff++;
    who->skip = (1u << who->backoff) - 1;
    return 0;
}

/* As the client library's own wait: > 0 ready, 0 (ETIMEDOUT) not within the timeout, -1 failed. */
static int busy_poll_wait(int descriptor, char is_read, int timeout) {
    struct pollfd socket = {descriptor, is_read ? POLLIN : POLLOUT, 0};
    busy_poll *who = busy_poll_of_thread;
    long long end = timeout > 0 ? busy_poll_now() + timeout * 1000000LL : 0;
    int calm = busy_poll_calm(), ready;
    busy_poll_of_thread = 0; /* what comes after the beginning of an answer is slept for */
    if (who && is_read && calm && busy_poll_look(who, &socket))
        return 1;
    while ((ready = poll(&socket, 1, timeout > 0 ? timeout : -1)) == -1 && errno == EINTR)
        if (timeout > 0) {
            long long left = (end - busy_poll_now()) / 1000000;
            timeout = left > 1 ? (int)left : 1;
        }
    if (ready == 0)
        errno = ETIMEDOUT;
    return ready;
}

static inline void *busy_poll_callback(void) { return (void *)busy_poll_wait; }
#endif

#endif
