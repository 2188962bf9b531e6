/* What identifies a device and its agent: DEVICEID and User-Agent. */
#define XXH_INLINE_ALL
#include "common/upload/upload.h"

#include <xxhash.h>

uint64_t upload_device_hash(struct view deviceid)
{
    char lower[UPLOAD_DEVICEID_MAX];
    size_t len = deviceid.len < sizeof lower ? deviceid.len : sizeof lower;
    for (size_t i = 0; i < len; i++) {
        char c = deviceid.data[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    return XXH3_64bits(lower, len);
}

/* Bytes 00-08, 0B, 0C, 0E-1F. */
static bool is_control(char c)
{
    unsigned char u = (unsigned char)c;
    return u < 0x20 && u != '\t' && u != '\n' && u != '\r';
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static bool has_markup(struct view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != '\0' && strchr("<>\"';", text.data[i]))
            return true;
    return false;
}

size_t upload_clean_agent(struct view header, char out[UPLOAD_AGENT_MAX])
{
    if (has_markup(header))
        header = VIEW_LITERAL("Invalid_agent");
    size_t len = 0;
    for (size_t i = 0; i < header.len; i++) {
        if (is_control(header.data[i]))
            continue;
        if (len == UPLOAD_AGENT_MAX) {
            if (is_continuation(header.data[i])) { /* the character does not fit: take away its beginning, too */
                while (is_continuation(out[len - 1]) && len > 1)
                    len--;
                len--;
            }
            break;
        }
        out[len++] = header.data[i];
    }
    return len;
}

/* The shape of the end, from the back: '-' where there is a dash, '9' where there is a digit. */
static const char date_shape[] = "-9999-99-99-99-99-99";

static bool has_date_shape(const char *p)
{
    for (size_t i = 0; i < sizeof date_shape - 1; i++)
        if (date_shape[i] == '9' ? p[i] < '0' || p[i] > '9' : p[i] != '-')
            return false;
    return true;
}

bool upload_deviceid_is_valid(struct view deviceid)
{
    size_t len = deviceid.len, shape = sizeof date_shape - 1;
    if (!deviceid.data || len > UPLOAD_DEVICEID_MAX)
        return false;
    if (len && deviceid.data[len - 1] == '\n') /* one newline behind it is taken, and kept */
        len--;
    if (len <= shape || !has_date_shape(deviceid.data + len - shape))
        return false;
    return memchr(deviceid.data, '\n', len) == NULL;
}
