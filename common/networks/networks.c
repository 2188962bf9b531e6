#include "common/networks/networks.h"

#include <ctype.h>

void address_unmap(struct upload_address *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (address->len != 16 || memcmp(address->bytes, mapped, sizeof mapped) != 0)
        return;
    memmove(address->bytes, address->bytes + 12, 4);
    memset(address->bytes + 4, 0, 12);
    address->len = 4;
}

bool address_read(struct view text, struct upload_address *out)
{
    char copy[UPLOAD_ADDRESS_TEXT];
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, 0, text.len))
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = 0;
    if (upload_address_parse(copy, out) != ST_OK || out->len == 0)
        return false;
    address_unmap(out);
    return true;
}

/* Digits only, at most `max`: strtoul would take signs and blanks. */
static bool parse_bits(struct view text, unsigned max, unsigned *out)
{
    unsigned value = 0;
    if (text.len == 0 || text.len > 3)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!isdigit((unsigned char)text.data[i]))
            return false;
        value = value * 10 + (unsigned)(text.data[i] - '0');
    }
    *out = value;
    return value <= max;
}

static bool parse_network(struct view text, struct network *out)
{
    const char *slash = memchr(text.data, '/', text.len);
    struct view address = {text.data, slash ? (size_t)(slash - text.data) : text.len};
    if (!address_read(address, &out->address))
        return false;
    bool is_mapped = out->address.len == 4 && memchr(address.data, ':', address.len);
    unsigned max = is_mapped ? 128 : out->address.len * 8u;
    out->bits = max;
    if (slash && !parse_bits((struct view){slash + 1, text.len - address.len - 1}, max, &out->bits))
        return false;
    if (is_mapped && out->bits < 96)
        return false; /* wider than all of IPv4: surely a slip */
    if (is_mapped)
        out->bits -= 96;
    return true;
}

static status add_entry(struct networks *networks, struct view entry, struct reason *why)
{
    if (view_is(entry, "unix")) {
        networks->unix_peers = true;
        return ST_OK;
    }
    if (networks->count == NETWORKS_MAX) {
        reason_set(why, "networks_too_many", "more than %d addresses; use networks like 10.0.0.0/8", NETWORKS_MAX);
        return ST_INVALID;
    }
    if (!parse_network(entry, &networks->list[networks->count])) {
        reason_set(why, "networks_invalid", "\"%.*s\" is no address, network (10.0.0.0/8, fd00::/8) or \"unix\"",
                   (int)(entry.len < 60 ? entry.len : 60), entry.data);
        return ST_INVALID;
    }
    networks->count++;
    return ST_OK;
}

status networks_parse(const char *text, struct networks *out, struct reason *why)
{
    static const char separators[] = ", \t\r\n;";
    struct networks got = {0};
    for (const char *p = text ? text : ""; *(p += strspn(p, separators)) != 0;) {
        size_t len = strcspn(p, separators);
        status st = add_entry(&got, (struct view){p, len}, why);
        if (st != ST_OK)
            return st;
        p += len;
    }
    *out = got;
    return ST_OK;
}

static bool network_contains(const struct network *network, const struct upload_address *address)
{
    if (network->address.len != address->len)
        return false;
    unsigned whole = network->bits / 8, rest = network->bits % 8;
    if (memcmp(network->address.bytes, address->bytes, whole) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xff00u >> rest);
    return rest == 0 || ((network->address.bytes[whole] ^ address->bytes[whole]) & mask) == 0;
}

bool networks_contain(const struct networks *networks, const struct upload_address *address)
{
    if (address->len == 0)
        return networks->unix_peers;
    struct upload_address plain = *address;
    address_unmap(&plain);
    for (size_t i = 0; i < networks->count; i++)
        if (network_contains(&networks->list[i], &plain))
            return true;
    return false;
}
