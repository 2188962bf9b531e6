/* Identity and head of an upload: ids, kinds, addresses, and their form in bytes. */
#include "common/upload/upload.h"

#include <arpa/inet.h>
#include <stdio.h>

int upload_id_compare(struct upload_id a, struct upload_id b)
{
    if (a.hi != b.hi)
        return a.hi < b.hi ? -1 : 1;
    return a.lo == b.lo ? 0 : a.lo < b.lo ? -1 : 1;
}

const char *upload_id_text(struct upload_id id, char *out)
{
    snprintf(out, UPLOAD_ID_TEXT, "%016llx-%016llx", (unsigned long long)id.hi, (unsigned long long)id.lo);
    return out;
}

/* Exactly sixteen hexadecimal digits: strtoull alone would take signs, blanks and fewer of them. */
static bool read_hex16(const char *text, uint64_t *out)
{
    uint64_t value = 0;
    for (int i = 0; i < 16; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9')
            value = value << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *out = value;
    return true;
}

status upload_id_parse(const char *text, struct upload_id *out)
{
    struct upload_id id;
    if (strlen(text) != UPLOAD_ID_TEXT - 1 || text[16] != '-' || !read_hex16(text, &id.hi) ||
        !read_hex16(text + 17, &id.lo))
        return ST_MALFORMED;
    *out = id;
    return ST_OK;
}

const char *upload_kind_name(enum upload_kind kind)
{
    static const char *const names[UPLOAD_KIND_END] = {
        [UPLOAD_INVENTORY] = "inventory", [UPLOAD_CONTACT] = "contact", [UPLOAD_SNMP] = "snmp",
        [UPLOAD_DOWNLOAD] = "download",   [UPLOAD_NOTIFY] = "notify",
    };
    return (unsigned)kind < UPLOAD_KIND_END && names[kind] ? names[kind] : "unknown";
}

static bool is_mapped_ipv4(const struct upload_address *a)
{
    static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return a->len == 16 && memcmp(a->bytes, prefix, sizeof prefix) == 0;
}

const char *upload_address_text(const struct upload_address *address, char *out)
{
    out[0] = '\0';
    if (is_mapped_ipv4(address))
        inet_ntop(AF_INET, address->bytes + 12, out, UPLOAD_ADDRESS_TEXT);
    else if (address->len)
        inet_ntop(address->len == 4 ? AF_INET : AF_INET6, address->bytes, out, UPLOAD_ADDRESS_TEXT);
    return out;
}

status upload_address_parse(const char *text, struct upload_address *out)
{
    struct upload_address got = {.len = 4};
    if (inet_pton(AF_INET, text, got.bytes) != 1) {
        got.len = 16;
        if (inet_pton(AF_INET6, text, got.bytes) != 1)
            return ST_MALFORMED;
    }
    *out = got;
    return ST_OK;
}

enum { HEAD_FORMAT = 1, FLAG_HTTPS = 1, FLAG_AGENT = 2 };

size_t upload_head_encode(const struct upload_head *head, uint8_t *out)
{
    size_t agent_len = head->agent.len < UPLOAD_AGENT_MAX ? head->agent.len : UPLOAD_AGENT_MAX;
    memset(out, 0, UPLOAD_HEAD_SIZE);
    out[0] = HEAD_FORMAT;
    out[1] = (uint8_t)head->kind;
    out[2] = (uint8_t)((head->https ? FLAG_HTTPS : 0) | (head->agent.data ? FLAG_AGENT : 0));
    out[3] = head->from.len;
    memcpy(out + 4, head->from.bytes, sizeof head->from.bytes);
    put_be64(out + 20, head->id.hi);
    put_be64(out + 28, head->id.lo);
    put_be64(out + 36, head->device_hash);
    put_be16(out + 44, (uint16_t)agent_len);
    if (agent_len)
        memcpy(out + UPLOAD_HEAD_SIZE, head->agent.data, agent_len);
    return UPLOAD_HEAD_SIZE + agent_len;
}

status upload_head_decode(const void *in, size_t len, struct upload_head *head, struct view *body)
{
    const uint8_t *p = in;
    if (len < UPLOAD_HEAD_SIZE || p[0] != HEAD_FORMAT || p[1] == 0 || p[1] >= UPLOAD_KIND_END)
        return ST_MALFORMED;
    size_t agent_len = get_be16(p + 44);
    bool has_agent = p[2] & FLAG_AGENT;
    if ((p[3] != 0 && p[3] != 4 && p[3] != 16) || agent_len > UPLOAD_AGENT_MAX || agent_len > len - UPLOAD_HEAD_SIZE ||
        (agent_len && !has_agent))
        return ST_MALFORMED;
    struct upload_head got = {
        .id = {get_be64(p + 20), get_be64(p + 28)},
        .kind = (enum upload_kind)p[1],
        .from = {.len = p[3]},
        .https = p[2] & FLAG_HTTPS,
        .device_hash = get_be64(p + 36),
        .agent = has_agent ? (struct view){(const char *)p + UPLOAD_HEAD_SIZE, agent_len} : VIEW_ABSENT,
    };
    memcpy(got.from.bytes, p + 4, sizeof got.from.bytes);
    *head = got;
    *body = (struct view){(const char *)p + UPLOAD_HEAD_SIZE + agent_len, len - UPLOAD_HEAD_SIZE - agent_len};
    return ST_OK;
}
