#include "common/db/db.h"

#include <criterion/criterion.h>

static const struct {
    struct view in;
    const char *want;
} cases[] = {
    {VIEW_ABSENT, "NULL"},
    {VIEW_LITERAL(""), "''"},
    {VIEW_LITERAL("plain"), "'plain'"},
    {VIEW_LITERAL("it's"), "'it\\'s'"},
    {VIEW_LITERAL("\\"), "'\\\\'"},
    {VIEW_LITERAL("a\0b"), "'a\\0b'"},
    {VIEW_LITERAL("\n\r\032\""), "'\\n\\r\\Z\\\"'"},
    {VIEW_LITERAL("' OR 1=1 -- "), "'\\' OR 1=1 -- '"},
    {VIEW_LITERAL("\xf0'"), "'\xf0\\''"},
};

Test(db_quote, escapes_what_ends_or_changes_a_literal)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(100);
        db_quote(NULL, &sql, cases[i].in);
        cr_expect_str_eq(sql.data, cases[i].want);
    }
}

Test(db_quote, bytes_are_hexadecimal)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(100);
    db_bytes(&sql, VIEW_LITERAL("\0'\xff"));
    db_bytes(&sql, VIEW_ABSENT);
    cr_expect_str_eq(sql.data, "X'0027FF'NULL");
}

Test(db_quote, a_name_keeps_its_backquotes)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(100);
    db_name(&sql, VIEW_LITERAL("a`b"));
    cr_expect_str_eq(sql.data, "`a``b`");
}

Test(db_number, is_zero_for_anything_but_a_number)
{
    cr_expect_eq(db_number(VIEW_LITERAL("18446744073709551615")), UINT64_MAX);
    cr_expect_eq(db_number(VIEW_LITERAL("18446744073709551616")), 0);
    cr_expect_eq(db_number(VIEW_LITERAL("12a")), 0);
    cr_expect_eq(db_number(VIEW_LITERAL("-1")), 0);
    cr_expect_eq(db_number(VIEW_ABSENT), 0);
}
