/** What things took: clocks, CPU time and memory of processes, percentiles. Threads: pure, or the caller's own data. */
#ifndef MUSTER_BENCH_MEASURE_H
#define MUSTER_BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

double measure_wall_s(void);    /**< steady clock */
double measure_own_cpu_s(void); /**< user and system, all threads of this process */
/** User and system time of a process of ours with all its threads, in steps of 10 ms; 0 when it is gone. */
double measure_cpu_s(pid_t pid);
/** Largest resident size so far in bytes; 0 when it is gone. */
double measure_memory(pid_t pid);
/** Its share of what is resident, in bytes: a page that n processes share counts as 1/n; 0 when it cannot be read. */
double measure_share(pid_t pid);
/** The value below which `share` (0..1) of all lie; sorts `values`. */
double measure_percentile(double *values, size_t count, double share);

#endif
