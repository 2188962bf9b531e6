/**
 * Any bytes as a document and as an upload at rest: read or refused with a reason, every view lies in the bytes or in the scratch, and
 * a head that was read is written the same way. A document means the same with blanks behind it.
 */
#include "common/base/cleanup.h"
#include "common/upload/upload.h"

enum { SCRATCH = 64 << 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): a build with NDEBUG would test nothing. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

static void must_lie_in(struct view v, const char *text, size_t len, const char *scratch)
{
    uintptr_t at = (uintptr_t)v.data, in_text = at - (uintptr_t)text, in_scratch = at - (uintptr_t)scratch;
    must(v.len == 0 || (in_text <= len && v.len <= len - in_text) ||
         (in_scratch <= SCRATCH && v.len <= SCRATCH - in_scratch));
}

static void check_values(const struct upload_envelope *e, const char *text, size_t len, const char *scratch)
{
    const struct view values[] = {e->query, e->deviceid, e->platform, e->agent, e->dmi, e->ipdiscover};
    for (size_t i = 0; i < COUNT(values); i++)
        must_lie_in(values[i], text, len, scratch);
    must(e->account_count <= UPLOAD_ACCOUNTS_MAX);
    for (size_t i = 0; i < e->account_count; i++) {
        must(e->accounts[i].name.data || e->accounts[i].value.data);
        must_lie_in(e->accounts[i].name, text, len, scratch);
        must_lie_in(e->accounts[i].value, text, len, scratch);
    }
    must(!e->query_repeated || e->query.len == 0);
    if (upload_deviceid_is_valid(e->deviceid))
        (void)upload_device_hash(e->deviceid); /* must end, whatever the bytes */
}

static void try_envelope(const char *text, size_t len)
{
    AUTO(mem_free) char *scratch = malloc(SCRATCH);
    struct upload_envelope e;
    struct reason why = {0};
    status st = upload_envelope_read(text, len, scratch, SCRATCH, &e, &why);
    must(st == ST_OK || st == ST_MALFORMED || st == ST_TOO_BIG);
    must((st == ST_OK) == (why.code[0] == '\0'));
    if (st == ST_OK)
        check_values(&e, text, len, scratch);
}

/* The reader takes its short way only while there is more text ahead: with blanks behind it, all of the document goes that way. Not for
 * documents that the blanks make longer than a tag may be. */
static void try_with_blanks(const char *text, size_t len)
{
    enum { BLANKS = 200, TAG_MAX = 4096 };
    static char longer[TAG_MAX], scratch[2][SCRATCH];
    static struct upload_envelope e[2];
    if (len < 2 || len > sizeof longer - BLANKS)
        return;
    memcpy(longer, text, len);
    memset(longer + len, ' ', BLANKS);
    struct reason why[2] = {0};
    status st = upload_envelope_read(text, len, scratch[0], SCRATCH, &e[0], &why[0]);
    must(upload_envelope_read(longer, len + BLANKS, scratch[1], SCRATCH, &e[1], &why[1]) == st);
    must(strcmp(why[0].code, why[1].code) == 0);
    if (st != ST_OK)
        return;
    must(view_equal(e[0].query, e[1].query) && view_equal(e[0].deviceid, e[1].deviceid));
    must(e[0].account_count == e[1].account_count);
    for (size_t i = 0; i < e[0].account_count; i++)
        must(view_equal(e[0].accounts[i].name, e[1].accounts[i].name) &&
             view_equal(e[0].accounts[i].value, e[1].accounts[i].value));
}

static void try_head(const void *in, size_t len)
{
    struct upload_head head, again;
    struct view body, body_again;
    if (upload_head_decode(in, len, &head, &body) != ST_OK)
        return;
    must(body.len <= len && body.data + body.len == (const char *)in + len);
    uint8_t bytes[UPLOAD_HEAD_MAX];
    size_t written = upload_head_encode(&head, bytes);
    must(written == len - body.len);
    must(upload_head_decode(bytes, written, &again, &body_again) == ST_OK);
    must(body_again.len == 0 && view_equal(again.agent, head.agent) && upload_id_compare(again.id, head.id) == 0);
    must(again.kind == head.kind && again.https == head.https && again.device_hash == head.device_hash);
    char text[UPLOAD_ADDRESS_TEXT];
    must(strlen(upload_address_text(&head.from, text)) < sizeof text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_envelope((const char *)data, size);
    try_with_blanks((const char *)data, size);
    try_head(data, size);
    char agent[UPLOAD_AGENT_MAX];
    must(upload_clean_agent((struct view){(const char *)data, size}, agent) <= UPLOAD_AGENT_MAX);
    return 0;
}
