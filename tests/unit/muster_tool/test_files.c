#include "tools/muster/import/files.h"

#include <criterion/criterion.h>
#include <zlib.h>

static const struct {
    const char *what;
    struct view content;
    status want;
    bool is_kept; /* sent as it is */
} cases[] = {
    {"XML", {"<REQUEST/>", 10}, ST_OK, false},
    {"XML behind a byte order mark and blanks", {"\xef\xbb\xbf \r\n<REQUEST/>", 16}, ST_OK, false},
    {"zlib", {"\x78\x9c\x03\x00\x00\x00\x00\x01", 8}, ST_OK, true},
    {"gzip", {"\x1f\x8b\x08\x00", 4}, ST_OK, true},
    {"nothing", {"", 0}, ST_MALFORMED, false},
    {"blanks", {"   ", 3}, ST_MALFORMED, false},
    {"text", {"hello", 5}, ST_MALFORMED, false},
    {"a NUL byte", {"\0<a/>", 5}, ST_MALFORMED, false},
};

Test(files, xml_is_compressed_and_what_is_compressed_stays)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(buffer_clear) struct buffer body = BUFFER_INIT(1 << 20);
        cr_expect_eq(files_encode(cases[i].content, &body), cases[i].want, "%s", cases[i].what);
        if (cases[i].want != ST_OK)
            continue;
        if (cases[i].is_kept) {
            cr_expect(view_equal(buffer_view(&body), cases[i].content), "%s", cases[i].what);
            continue;
        }
        char plain[64];
        uLongf len = sizeof plain;
        cr_assert_eq(uncompress((Bytef *)plain, &len, (const Bytef *)body.data, body.len), Z_OK);
        cr_expect(view_equal((struct view){plain, len}, cases[i].content), "%s", cases[i].what);
    }
}

Test(files, a_path_that_is_not_there_is_named)
{
    struct files files = {0};
    struct reason why = {0};
    cr_expect_eq(files_add(&files, "/nonexistent/x.ocs", &why), ST_NOT_FOUND);
    cr_expect(strstr(why.text, "/nonexistent/x.ocs"));
    files_clear(&files);
}
