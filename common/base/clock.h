/** The two clocks: wall time for what people read, monotonic time for every time-out and lease. */
#ifndef MUSTER_COMMON_BASE_CLOCK_H
#define MUSTER_COMMON_BASE_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

int64_t clock_wall_us(void);   /**< microseconds since 1970, UTC; may jump */
int64_t clock_steady_ms(void); /**< milliseconds since some moment; never jumps */
int64_t clock_steady_us(void); /**< the same in microseconds: for what something took */

/** The moment `ms` from now, of the steady clock: for what waits until then. */
struct timespec clock_after(int64_t ms);
/** A condition whose time-outs are moments of the steady clock. */
void clock_cond_init(pthread_cond_t *c);

#endif
