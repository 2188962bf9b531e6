#include "common/base/buffer.h"

#include <criterion/criterion.h>

Test(buffer, keeps_what_was_appended)
{
    struct buffer b = BUFFER_INIT(10000);
    for (int i = 0; i < 1000; i++)
        buffer_format(&b, "%d,", i % 10);
    cr_assert_eq(buffer_status(&b), ST_OK);
    cr_expect_eq(b.len, 2000);
    cr_expect_eq(strlen(b.data), 2000);
    buffer_clear(&b);
}

Test(buffer, reaching_the_cap_fails_once_and_stays_failed)
{
    struct buffer b = BUFFER_INIT(4);
    buffer_text(&b, "abcd");
    cr_expect_eq(buffer_status(&b), ST_OK);
    buffer_char(&b, 'e');
    buffer_text(&b, "");
    cr_expect_eq(buffer_status(&b), ST_TOO_BIG);
    cr_expect_eq(b.len, 4);
    buffer_reset(&b);
    buffer_be32(&b, 1);
    cr_expect_eq(buffer_status(&b), ST_OK);
    buffer_clear(&b);
}
