/**
 * How this process keeps freed memory.
 *
 * Threads: once, in main, before threads.
 */
#ifndef MUSTER_COMMON_BASE_MEMORY_H
#define MUSTER_COMMON_BASE_MEMORY_H

/**
 * Settle the C library's allocator for work that comes in uploads of some hundred KB: what one has freed stays for the next one. By default
 * its pages go back to the kernel at once, and every upload pays for getting them again (a tenth of a gateway's time). Each thread keeps
 * at most 2 MiB; blocks from 1 MiB are mapped, and unmapped when freed.
 */
void memory_settle(void);

#endif
