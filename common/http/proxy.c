#include "common/http/proxy.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

void address_unmap(struct upload_address *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (address->len != 16 || memcmp(address->bytes, mapped, sizeof mapped) != 0)
        return;
    memmove(address->bytes, address->bytes + 12, 4);
    memset(address->bytes + 4, 0, 12);
    address->len = 4;
}

static bool parse_address(struct view text, struct upload_address *out)
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

/* ---- trusted networks ---- */

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
    if (!parse_address(address, &out->address))
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
        reason_set(why, "proxies_too_many", "more than %d trusted proxies; use networks like 10.0.0.0/8", NETWORKS_MAX);
        return ST_INVALID;
    }
    if (!parse_network(entry, &networks->list[networks->count])) {
        reason_set(why, "proxies_invalid", "\"%.*s\" is no address, network (10.0.0.0/8, fd00::/8) or \"unix\"",
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

/* ---- headers ---- */

enum { HOPS_MAX = 64 /* entries of one list that are looked at; a chain of proxies is a few long */ };

static struct view trim(struct view v)
{
    while (v.len > 0 && (v.data[0] == ' ' || v.data[0] == '\t'))
        v.data++, v.len--;
    while (v.len > 0 && (v.data[v.len - 1] == ' ' || v.data[v.len - 1] == '\t'))
        v.len--;
    return v;
}

/* Cuts the last entry off a list. */
static struct view take_last(struct view *list, char separator)
{
    const char *cut = memrchr(list->data, separator, list->len);
    size_t begin = cut ? (size_t)(cut - list->data) + 1 : 0;
    struct view entry = {list->data + begin, list->len - begin};
    list->len = cut ? begin - 1 : 0;
    return trim(entry);
}

static struct view take_first(struct view *list, char separator)
{
    const char *cut = memchr(list->data, separator, list->len);
    struct view entry = {list->data, cut ? (size_t)(cut - list->data) : list->len};
    size_t used = cut ? entry.len + 1 : entry.len;
    list->data += used;
    list->len -= used;
    return trim(entry);
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80"; ports are not looked at. */
static bool parse_node(struct view text, struct upload_address *out)
{
    if (text.len == 0)
        return false;
    if (text.data[0] == '[') {
        const char *end = memchr(text.data, ']', text.len);
        return end && parse_address((struct view){text.data + 1, (size_t)(end - text.data) - 1}, out);
    }
    const char *colon = memchr(text.data, ':', text.len);
    bool has_port = colon && memchr(text.data, '.', (size_t)(colon - text.data)); /* no IPv6 has a dot before a colon */
    return parse_address((struct view){text.data, has_port ? (size_t)(colon - text.data) : text.len}, out);
}

static struct view unquote(struct view v)
{
    if (v.len >= 2 && v.data[0] == '"' && v.data[v.len - 1] == '"')
        return (struct view){v.data + 1, v.len - 2};
    return v;
}

/* Value of one parameter in an element of Forwarded: for=192.0.2.60;proto=http;by=203.0.113.43 */
static struct view parameter(struct view element, const char *name)
{
    size_t name_len = strlen(name);
    while (element.len > 0) {
        struct view pair = take_first(&element, ';');
        if (pair.len > name_len && pair.data[name_len] == '=' && strncasecmp(pair.data, name, name_len) == 0)
            return unquote((struct view){pair.data + name_len + 1, pair.len - name_len - 1});
    }
    return VIEW_ABSENT;
}

static void apply_proto(struct view proto, bool *https)
{
    if (proto.data && proto.len > 0)
        *https = proto.len == 5 && strncasecmp(proto.data, "https", 5) == 0;
}

/* One walk for both lists; @retval false  the list names no address. */
static bool walk_hops(const struct networks *trusted, struct view list, bool has_parameters,
                      struct upload_address *from, bool *https)
{
    bool found = false;
    for (int hops = 0; list.len > 0 && hops < HOPS_MAX; hops++) {
        struct view entry = take_last(&list, ',');
        struct upload_address hop = {0};
        if (!parse_node(has_parameters ? parameter(entry, "for") : entry, &hop))
            break; /* what stands to the left of it was written by we know not whom */
        *from = hop;
        found = true;
        if (has_parameters)
            apply_proto(parameter(entry, "proto"), https);
        if (!networks_contain(trusted, &hop))
            break;
    }
    return found;
}

void forwarded_apply(const struct networks *trusted, const struct forwarded *said, struct upload_address *from,
                     bool *https)
{
    if (said->forwarded_proto.data) {
        struct view list = said->forwarded_proto;
        apply_proto(take_last(&list, ','), https);
    }
    if (said->forwarded.data && walk_hops(trusted, said->forwarded, true, from, https))
        return;
    if (said->forwarded_for.data && walk_hops(trusted, said->forwarded_for, false, from, https))
        return;
    struct upload_address real;
    if (said->real_ip.data && parse_node(trim(said->real_ip), &real))
        *from = real;
}
