/* The values that OCS replaces, when its way is asked for (G-36). */
#include "services/parser/document.h"
#include "services/parser/suspicious.h"

#include <criterion/criterion.h>

static const struct {
    const char *value;
    bool suspicious;
} values[] = {
    {"a=(b)", true},
    {"a = ( b\n)", true},
    {"a=(b", false},
    {"a)=(b", false},
    {"a=b()", false},
    {"if (x)", true},
    {"IF(x)", true},
    {"x-sleep(5)", true},
    {"a;BenchMark (1,2)", true},
    {"see if (x)", false}, /* no word begins there once blanks are gone */
    {"1' AND SLEEP(5) AND 'x", false},
    {"C++ Runtime (x64)", false},
    {"\xc3\xa9if(x)", false},
    {"if(", false},
    {"if)(", false},
    {"(if)", false},
    {"", false},
};

Test(suspicious, is_what_ocs_takes_for_an_attack)
{
    for (size_t i = 0; i < COUNT(values); i++)
        cr_expect_eq(value_is_suspicious(view_of(values[i].value)), values[i].suspicious, "%s", values[i].value);
}

#define TEXT                                                                                                           \
    "<REQUEST><DEVICEID>d</DEVICEID><CONTENT><SOUNDS><NAME>a=(b)</NAME><DESCRIPTION>if &#40;x)</DESCRIPTION>"          \
    "<MANUFACTURER>m</MANUFACTURER></SOUNDS></CONTENT></REQUEST>"

static void expect_name(bool sanitizes, const char *name, unsigned count)
{
    const struct document_limits limits = {.sanitizes = sanitizes};
    AUTO(document_destroy) struct document *d = document_new(&limits);
    struct xml_repairs repairs = {0};
    struct reason why = {0};
    cr_assert_eq(document_read(d, UPLOAD_INVENTORY, view_of(TEXT), &repairs, &why), ST_OK, "%s", why.text);
    const struct document_section *s = document_section_at(d, 0);
    int field = section_field(section_find(s->name), VIEW_LITERAL("NAME"));
    cr_expect(view_is(s->first->values[field], name));
    cr_expect_eq(document_sanitized(d), count);
}

Test(suspicious, values_are_kept_unless_the_setting_says_otherwise)
{
    xml_library_init();
    expect_name(false, "a=(b)", 0);
    expect_name(true, "1", 2);
}
