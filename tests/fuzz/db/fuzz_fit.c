/** Any bytes as a value for every type of column: the result fits, and fitting it again changes nothing. */
#include "common/db/db.h"

#include <stdlib.h>

enum { CAP = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): a build with NDEBUG would test nothing. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

static const struct db_column columns[] = {
    {.type = DB_INTEGER, .min = INT32_MIN, .max = INT32_MAX},
    {.type = DB_INTEGER, .min = INT64_MIN, .max = INT64_MAX},
    {.type = DB_INTEGER, .min = 0, .max = UINT64_MAX},
    {.type = DB_DECIMAL, .precision = 7, .scale = 4},
    {.type = DB_DECIMAL, .precision = 65, .scale = 30, .is_unsigned = true},
    {.type = DB_DECIMAL, .precision = 5},
    {.type = DB_DATE},
    {.type = DB_DATETIME},
    {.type = DB_TEXT, .length = 10, .byte_max = 30},
    {.type = DB_TEXT, .length = 10, .byte_max = 40, .utf8mb4 = true},
    {.type = DB_TEXT, .length = 10, .byte_max = 10, .latin = true},
    {.type = DB_TEXT, .length = 65535, .byte_max = 7},
    {.type = DB_TEXT, .length = 6, .byte_max = 18, .padded = true},
    {.type = DB_BYTES, .length = 4, .byte_max = 4},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_destroy) struct arena *arena = arena_new(CAP);
    struct view value = {size ? (const char *)data : "", size};
    for (size_t i = 0; i < COUNT(columns); i++) {
        bool adjusted = false, again = false;
        struct view fitted = db_fit(&columns[i], value, arena, &adjusted);
        must(fitted.data != NULL);
        must(adjusted == !view_equal(fitted, value));
        if (columns[i].type == DB_TEXT || columns[i].type == DB_BYTES)
            must(fitted.len <= (size_t)columns[i].byte_max * 3); /* a byte of latin1 is up to three of UTF-8 */
        must(view_equal(db_fit(&columns[i], fitted, arena, &again), fitted) && !again);
    }
    AUTO(mem_free) char *url = malloc(size + 16);
    memcpy(url, "mysql://", 8);
    memcpy(url + 8, value.data, size);
    url[8 + size] = '\0';
    struct db_target target;
    struct reason why;
    (void)!db_target_parse(url, &target, &why);
    return 0;
}
