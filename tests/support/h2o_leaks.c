/* For programs that run h2o's loops on threads of their own under LeakSanitizer: what such a thread keeps for recycling is
 * never released, and h2o_multithread_destroy_queue() forgets the queue itself, 88 bytes per loop (h2o 2.2.5). */
const char *__lsan_default_suppressions(void);

__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
    return "leak:h2o_mem_alloc_recycle\nleak:h2o_multithread_create_queue\n";
}
