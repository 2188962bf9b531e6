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

/* What is formatted goes into the room that there is, grows it, or is above the cap: 1 to 600 characters at every fill. */
Test(buffer, a_format_is_whole_or_not_there)
{
    enum { CAP = 600 };
    for (int fill = 0; fill <= CAP; fill += 7)
        for (int width = 1; width <= CAP; width += 5) {
            struct buffer b = BUFFER_INIT(CAP);
            for (int i = 0; i < fill; i++)
                buffer_char(&b, 'a');
            buffer_format(&b, "%*d", width, 7);
            bool fits = fill + width <= CAP;
            cr_assert_eq(buffer_status(&b), fits ? ST_OK : ST_TOO_BIG);
            cr_assert_eq(b.len, (size_t)(fits ? fill + width : fill));
            cr_assert(b.data == NULL ? b.len == 0 : strlen(b.data) == b.len, "fill %d, width %d", fill, width);
            cr_assert(!fits || (b.data[b.len - 1] == '7' && (width == 1 || b.data[b.len - 2] == ' ')));
            buffer_clear(&b);
        }
}

Test(buffer, numbers_are_decimal)
{
    static const uint64_t numbers[] = {0, 9, 10, 4294967295, UINT64_MAX};
    struct buffer b = BUFFER_INIT(100);
    for (size_t i = 0; i < COUNT(numbers); i++) {
        buffer_number(&b, numbers[i]);
        buffer_char(&b, ' ');
    }
    cr_expect_str_eq(b.data, "0 9 10 4294967295 18446744073709551615 ");
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
