/** Any bytes as a body: the cap holds, every byte of the text may be read, and the text coded again is the same text. */
#include "common/base/buffer.h"
#include "common/inflate/inflate.h"

#include <stdlib.h>

enum { CAP = 256 * 1024, RATIO = 100 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): a build with NDEBUG would test nothing. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_way_back(struct inflater *inf, struct view text, enum inflate_coding coding)
{
    AUTO(buffer_clear) struct buffer copy = BUFFER_INIT(CAP), coded = BUFFER_INIT(2 * CAP);
    buffer_add(&copy, text.data, text.len); /* reads all of it; the next run takes the view away */
    must(inflate_code_reply(NULL, buffer_view(&copy), coding, &coded) == ST_OK);
    struct view back;
    enum inflate_coding coding_back;
    status st = inflater_run(inf, buffer_view(&coded), &back, &coding_back, NULL);
    must(st == ST_OK || st == ST_TOO_BIG); /* too big: the text alone compresses better than the ratio allows */
    must(st != ST_OK || view_equal(back, buffer_view(&copy)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(inflater_destroy) struct inflater *inf = inflater_new(CAP, RATIO);
    struct view text;
    enum inflate_coding coding;
    struct reason why = {0};
    status st = inflater_run(inf, (struct view){(const char *)data, size}, &text, &coding, &why);
    must((st == ST_OK) == (why.code[0] == '\0'));
    if (st != ST_OK)
        return 0;
    must(text.len > 0 && text.len <= CAP);
    check_way_back(inf, text, coding);
    return 0;
}
