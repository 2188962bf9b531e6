#include "common/link/frame.h"
#include "common/link/link.h"

#include <criterion/criterion.h>

static const struct frame good = {
    .kind = FRAME_MESSAGE,
    .id = {0x0102030405060708, 0x1112131415161718},
    .upload_kind = UPLOAD_SNMP,
    .attempt = 3,
    .number = 0xa1b2c3d4,
    .lease = 0x2122232425262728,
    .body_len = 77,
};

Test(frame, comes_back_as_it_was)
{
    uint8_t raw[FRAME_SIZE];
    frame_encode(&good, raw);
    struct frame f = {0};
    cr_assert_eq(frame_decode(raw, sizeof raw, LINK_VERSION, &f), ST_OK);
    cr_expect_eq(f.kind, good.kind);
    cr_expect(f.id.hi == good.id.hi && f.id.lo == good.id.lo);
    cr_expect_eq(f.upload_kind, good.upload_kind);
    cr_expect_eq(f.attempt, good.attempt);
    cr_expect_eq(f.number, good.number);
    cr_expect_eq(f.lease, good.lease);
    cr_expect_eq(f.body_len, good.body_len);
}

/* One byte of a good frame is replaced; `reseals` says whether the checksum is put right again. */
static const struct {
    const char *what;
    size_t len, at;
    uint8_t byte;
    bool reseals;
    status want;
} cases[] = {
    {"untouched", FRAME_SIZE, 0, 'M', false, ST_OK},
    {"one byte short", FRAME_SIZE - 1, 0, 'M', false, ST_MALFORMED},
    {"empty", 0, 0, 'M', false, ST_MALFORMED},
    {"wrong magic", FRAME_SIZE, 3, 'X', true, ST_MALFORMED},
    {"version 0", FRAME_SIZE, 4, 0, true, ST_REFUSED},
    {"version from the future", FRAME_SIZE, 4, LINK_VERSION + 1, true, ST_REFUSED},
    {"version from the future, another checksum", FRAME_SIZE, 4, LINK_VERSION + 1, false, ST_REFUSED},
    {"kind 0", FRAME_SIZE, 5, 0, true, ST_MALFORMED},
    {"unknown kind", FRAME_SIZE, 5, FRAME_KIND_END, true, ST_MALFORMED},
    {"a flag from the future", FRAME_SIZE, 6, 0x80, true, ST_OK},
    {"message without upload kind", FRAME_SIZE, 24, 0, true, ST_MALFORMED},
    {"unknown upload kind", FRAME_SIZE, 24, UPLOAD_KIND_END, true, ST_MALFORMED},
    {"flipped bit in the upload id", FRAME_SIZE, 12, 0x15, false, ST_MALFORMED},
    {"flipped bit in the checksum", FRAME_SIZE, 47, 0, false, ST_MALFORMED},
};

Test(frame, decode_checks_every_field)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t raw[FRAME_SIZE];
        frame_encode(&good, raw);
        raw[cases[i].at] = cases[i].at == 47 ? raw[47] ^ 1 : cases[i].byte;
        if (cases[i].reseals)
            put_be32(raw + 44, crc32c(0, raw, 44));
        struct frame f = {.body_len = 5};
        status st = frame_decode(raw, cases[i].len, LINK_VERSION, &f);
        cr_expect_eq(st, cases[i].want, "%s: got %s", cases[i].what, status_name(st));
        cr_expect_eq(f.body_len, st == ST_OK ? good.body_len : 5, "%s: output touched", cases[i].what);
    }
}
