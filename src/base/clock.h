/* Time: monotonic milliseconds for waits and durations, random numbers for jitter and run ids.
 * Floor 0. */
#ifndef PGB_BASE_CLOCK_H
#define PGB_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

int64_t pgb_clock_ms(void);          /* monotonic */
int64_t pgb_clock_us(void);          /* monotonic */
void pgb_clock_sleep_ms(int64_t ms); /* ends early on a signal */

/* A deadline: a point of pgb_clock_ms, or PGB_DEADLINE_NEVER. */
#define PGB_DEADLINE_NEVER INT64_MAX
int64_t pgb_deadline_in(int64_t ms);         /* ms < 0: never */
int64_t pgb_deadline_left(int64_t deadline); /* ms, 0 when past, INT64_MAX for never */

uint64_t pgb_random_u64(void);
uint64_t pgb_random_below(uint64_t n); /* 0 for n = 0 */
enum { PGB_UUID_SIZE = 37 };
void pgb_random_uuid(char uuid[PGB_UUID_SIZE]); /* version 4, RFC 9562 */

#endif
