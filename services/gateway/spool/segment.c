#include "services/gateway/spool/segment.h"

#include <stdio.h>
#include <stdlib.h>

static const uint8_t head_magic[4] = {'M', 'S', 'P', 'L'};
static const uint8_t record_magic[4] = {'U', 'P', 'L', 'D'};

void segment_head_encode(const struct segment_head *head, uint8_t out[SEGMENT_HEAD])
{
    memset(out, 0, SEGMENT_HEAD);
    memcpy(out, head_magic, sizeof head_magic);
    put_be32(out + 4, SEGMENT_FORMAT);
    put_be64(out + 8, head->number);
    put_be64(out + 16, head->nonce);
    put_be64(out + 24, (uint64_t)head->size);
    put_be64(out + 32, (uint64_t)head->made_us);
    put_be16(out + 40, head->gateway_id);
    put_be32(out + 60, crc32c(0, out, 60));
}

status segment_head_decode(const uint8_t in[SEGMENT_HEAD], struct segment_head *out)
{
    if (memcmp(in, head_magic, sizeof head_magic) != 0 || get_be32(in + 60) != crc32c(0, in, 60))
        return ST_MALFORMED;
    if (get_be32(in + 4) != SEGMENT_FORMAT)
        return ST_REFUSED;
    *out = (struct segment_head){
        .number = get_be64(in + 8),
        .nonce = get_be64(in + 16),
        .size = (int64_t)get_be64(in + 24),
        .made_us = (int64_t)get_be64(in + 32),
        .gateway_id = get_be16(in + 40),
    };
    return ST_OK;
}

void record_encode(const struct record *r, uint64_t number, uint64_t nonce, uint8_t out[RECORD_HEAD])
{
    memset(out, 0, RECORD_HEAD);
    memcpy(out, record_magic, sizeof record_magic);
    put_be32(out + 4, r->payload_len);
    put_be64(out + 8, r->id.hi);
    put_be64(out + 16, r->id.lo);
    put_be64(out + 24, number);
    put_be64(out + 32, nonce);
    put_be64(out + 40, r->device_hash);
    put_be32(out + 48, r->batch);
    out[52] = (uint8_t)r->kind;
    out[53] = r->is_again;
    put_be32(out + 56, r->payload_crc);
    put_be32(out + 60, crc32c(0, out, 60));
}

static bool is_sealed(const uint8_t in[RECORD_HEAD])
{
    return memcmp(in, record_magic, sizeof record_magic) == 0 && get_be32(in + 60) == crc32c(0, in, 60);
}

/* The nonce before the checksum: a scan over megabytes of agents' bytes must not compute one for every magic it meets. */
status record_decode(const uint8_t in[RECORD_HEAD], uint64_t number, uint64_t nonce, struct record *out)
{
    if (get_be64(in + 32) != nonce || get_be64(in + 24) != number || !is_sealed(in))
        return ST_MALFORMED;
    if (in[52] == 0 || in[52] >= UPLOAD_KIND_END)
        return ST_MALFORMED;
    *out = (struct record){
        .id = {get_be64(in + 8), get_be64(in + 16)},
        .device_hash = get_be64(in + 40),
        .kind = (enum upload_kind)in[52],
        .payload_len = get_be32(in + 4),
        .payload_crc = get_be32(in + 56),
        .batch = get_be32(in + 48),
        .is_again = (in[53] & 1) != 0,
    };
    return ST_OK;
}

bool record_is_damaged(const uint8_t in[RECORD_HEAD], uint64_t number, uint64_t nonce)
{
    bool has_magic = memcmp(in, record_magic, sizeof record_magic) == 0;
    bool has_number = get_be64(in + 24) == number, has_nonce = get_be64(in + 32) == nonce;
    return (has_magic && (has_number || has_nonce)) || (has_number && has_nonce);
}

status record_origin(const uint8_t in[RECORD_HEAD], uint64_t *number, uint64_t *nonce)
{
    if (!is_sealed(in))
        return ST_MALFORMED;
    *number = get_be64(in + 24);
    *nonce = get_be64(in + 32);
    return ST_OK;
}

static uint32_t ack_crc(const uint8_t place[4], uint64_t nonce)
{
    uint8_t seed[8];
    put_be64(seed, nonce);
    return crc32c(crc32c(0, seed, sizeof seed), place, 4);
}

void ack_encode(uint32_t place, uint64_t nonce, uint8_t out[ACK_SIZE])
{
    put_be32(out, place);
    put_be32(out + 4, ack_crc(out, nonce));
}

status ack_decode(const uint8_t in[ACK_SIZE], uint64_t nonce, uint32_t *place)
{
    if (get_be32(in + 4) != ack_crc(in, nonce))
        return ST_MALFORMED;
    *place = get_be32(in);
    return ST_OK;
}

const char *segment_name(uint64_t number, const char *suffix, char *out)
{
    snprintf(out, SEGMENT_NAME, "%016llx.%.8s", (unsigned long long)number, suffix);
    return out;
}

bool segment_name_parse(const char *name, const char *suffix, uint64_t *number)
{
    if (strspn(name, "0123456789abcdef") != 16 || name[16] != '.' || strcmp(name + 17, suffix) != 0)
        return false;
    uint64_t n = strtoull(name, NULL, 16);
    if (n > SEGMENT_NUMBER_MAX)
        return false;
    *number = n;
    return true;
}
