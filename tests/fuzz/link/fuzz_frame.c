/* A frame that decodes is encoded again and must be the same; addresses are parsed from the same bytes. */
#include "common/link/addresses.h"
#include "common/link/frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_frame(const uint8_t *data, size_t size)
{
    struct frame f, again;
    uint8_t raw[FRAME_SIZE];
    if (frame_decode(data, size, 1 + size % 3, &f) != ST_OK)
        return;
    frame_encode(&f, raw);
    if (frame_decode(raw, sizeof raw, 1 + size % 3, &again) != ST_OK || again.lease != f.lease ||
        again.kind != f.kind || again.body_len != f.body_len || again.number != f.number ||
        upload_id_compare(again.id, f.id) != 0)
        abort();
}

/* The checksum is put right, so that what is behind it is reached, too. */
static void check_sealed(const uint8_t *data, size_t size)
{
    uint8_t raw[FRAME_SIZE];
    if (size < FRAME_SIZE)
        return;
    memcpy(raw, data, sizeof raw);
    put_be32(raw + 44, crc32c(0, raw, 44));
    check_frame(raw, sizeof raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct address a;
    struct reason why;
    check_frame(data, size);
    check_sealed(data, size);
    if (address_parse((struct view){(const char *)data, size}, size % 2, &a, &why) == ST_OK &&
        (strlen(a.text) != size || strlen(a.host) > size))
        abort();
    return 0;
}
