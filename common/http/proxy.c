#include "common/http/proxy.h"

#include <stdio.h>
#include <strings.h>

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
        return end && address_read((struct view){text.data + 1, (size_t)(end - text.data) - 1}, out);
    }
    const char *colon = memchr(text.data, ':', text.len);
    bool has_port = colon && memchr(text.data, '.', (size_t)(colon - text.data)); /* no IPv6 has a dot before a colon */
    return address_read((struct view){text.data, has_port ? (size_t)(colon - text.data) : text.len}, out);
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
