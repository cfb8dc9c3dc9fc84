#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

int64_t pgb_clock_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t pgb_clock_ms(void)
{
    return pgb_clock_us() / 1000;
}

void pgb_clock_sleep_ms(int64_t ms)
{
    if (ms > 0) {
        struct timespec t = {ms / 1000, (ms % 1000) * 1000000};

        nanosleep(&t, NULL);
    }
}

int64_t pgb_deadline_in(int64_t ms)
{
    return ms < 0 ? PGB_DEADLINE_NEVER : pgb_clock_ms() + ms;
}

int64_t pgb_deadline_left(int64_t deadline)
{
    int64_t left;

    if (deadline == PGB_DEADLINE_NEVER) {
        return INT64_MAX;
    }
    left = deadline - pgb_clock_ms();
    return left > 0 ? left : 0;
}

static void random_bytes(void *at, size_t len)
{
    unsigned char *p = at;

    while (len > 0) {
        ssize_t got = getrandom(p, len, 0);

        if (got > 0) {
            p += got;
            len -= (size_t)got;
        } else if (errno != EINTR) {
            /* no getrandom(2) here (a seccomp filter): the clock differs between runs at least */
            for (size_t i = 0; i < len; i++) {
                p[i] = (unsigned char)((uint64_t)pgb_clock_us() * 0x9E3779B97F4A7C15u >>
                                       (8 * (i % 8)));
            }
            return;
        }
    }
}

uint64_t pgb_random_u64(void)
{
    uint64_t n;

    random_bytes(&n, sizeof n);
    return n;
}

uint64_t pgb_random_below(uint64_t n)
{
    return n != 0 ? pgb_random_u64() % n : 0;
}

void pgb_random_uuid(char uuid[PGB_UUID_SIZE])
{
    unsigned char b[16];

    random_bytes(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    snprintf(uuid, PGB_UUID_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}
