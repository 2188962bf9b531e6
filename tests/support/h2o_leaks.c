/* For programs that run h2o's loops on threads of their own under LeakSanitizer: what such a thread keeps for recycling is
 * never released (h2o 2.2.5), some hundred KiB at most. */
const char *__lsan_default_suppressions(void);

__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
    return "leak:h2o_mem_alloc_recycle\n";
}
