/* Numbers as the database reads them from a text: blanks, sign, digits, point, exponent; what follows is ignored; halves are
 * rounded away from zero. */
#include "common/db/fit.h"

#include <stdio.h>

enum { DIGITS_MAX = 72, EXPONENT_MAX = 100000 };

/* 0.d1d2d3... times 10 to the power of `point` */
struct decimal {
    bool negative;
    bool found; /* at least one digit */
    bool lost;  /* digits behind the last one kept */
    int count;
    long point;
    char digits[DIGITS_MAX];
};

static bool is_digit(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void take_digit(struct decimal *d, char digit, bool behind_point)
{
    d->found = true;
    if (d->count == 0 && digit == '0') { /* leading zeros only move the point */
        d->point -= behind_point;
        return;
    }
    if (d->count < DIGITS_MAX)
        d->digits[d->count++] = digit;
    else
        d->lost = true;
    d->point += !behind_point;
}

static const char *read_exponent(const char *p, const char *end, struct decimal *d)
{
    if (p >= end || (*p | 0x20) != 'e')
        return p;
    const char *at = p + 1;
    bool negative = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    long exponent = 0;
    for (; is_digit(at, end); at++)
        if (exponent < EXPONENT_MAX)
            exponent = exponent * 10 + (*at - '0');
    d->point += negative ? -exponent : exponent;
    return at;
}

/* Behind the point: digits. MariaDB and MySQL forget the point of a whole number when a second one follows, so that 1.2.3 is
 * 12 in an int column (and 1.2 in a decimal one). */
static const char *read_fraction(const char *p, const char *end, bool whole_number, struct decimal *d)
{
    struct decimal shifted = *d;
    for (; is_digit(p, end); p++) {
        take_digit(d, *p, true);
        take_digit(&shifted, *p, false);
    }
    if (whole_number && p < end && *p == '.')
        *d = shifted;
    return p;
}

static void read_decimal(struct view value, bool whole_number, struct decimal *d)
{
    *d = (struct decimal){0};
    const char *p = value.data, *end = p + value.len;
    while (p < end && is_blank(*p))
        p++;
    d->negative = p < end && *p == '-';
    p += p < end && (*p == '-' || *p == '+');
    for (; is_digit(p, end); p++)
        take_digit(d, *p, false);
    if (p < end && *p == '.')
        p = read_fraction(p + 1, end, whole_number, d);
    if (d->found)
        (void)read_exponent(p, end, d);
}

/* Digit number `i` of the value, '0' outside. */
static char digit_at(const struct decimal *d, long i)
{
    return i >= 0 && i < d->count ? d->digits[i] : '0';
}

/* Rounded size of the number, at most `limit` (what is above says so by returning `limit`). */
static uint64_t magnitude(const struct decimal *d, uint64_t limit)
{
    uint64_t n = 0;
    for (long i = 0; d->count && i < d->point; i++) {
        unsigned digit = (unsigned)(digit_at(d, i) - '0');
        if (n > (limit - digit) / 10 || digit > limit)
            return limit;
        n = n * 10 + digit;
    }
    if (d->count && d->point >= 0 && digit_at(d, d->point) >= '5' && n < limit)
        n++;
    return n;
}

size_t fit_integer(const struct db_column *column, struct view value, char out[FIT_TEXT_MAX])
{
    struct decimal d;
    read_decimal(value, true, &d);
    uint64_t low = column->min < 0 ? (uint64_t)0 - (uint64_t)column->min : 0;
    uint64_t n = magnitude(&d, d.negative ? low : column->max);
    size_t sign = d.negative && n;
    char room[DIGITS_ROOM];
    struct view digits = digits_of(n, room);
    out[0] = '-';
    memcpy(out + sign, digits.data, digits.len);
    return sign + digits.len;
}

/* Add one to the last of `count` digits; true when a digit more is needed in front. */
static bool round_up(char *digits, long count)
{
    for (long i = count - 1; i >= 0; i--) {
        if (digits[i] != '9') {
            digits[i]++;
            return false;
        }
        digits[i] = '0';
    }
    return true;
}

size_t fit_decimal(const struct db_column *column, struct view value, char out[FIT_TEXT_MAX])
{
    struct decimal d;
    read_decimal(value, false, &d);
    /* `whole` + `scale` digits and one in front of them for a carry */
    long whole = column->precision - column->scale, count = column->precision;
    char digits[FIT_TEXT_MAX] = {0};
    bool over = d.count && d.point > whole, zero = true;
    for (long i = 0; i < count; i++)
        digits[i] = d.count ? digit_at(&d, d.point - whole + i) : '0';
    if (!over && d.count && digit_at(&d, d.point + column->scale) >= '5')
        over = round_up(digits, count);
    if (over)
        memset(digits, '9', (size_t)count);
    for (long i = 0; i < count; i++)
        zero &= digits[i] == '0';
    bool negative = d.negative && !zero;
    if (negative && column->is_unsigned)
        memset(digits, '0', (size_t)count);
    long first = 0;
    while (first < whole - 1 && digits[first] == '0')
        first++;
    return (size_t)snprintf(out, FIT_TEXT_MAX, "%s%.*s%s%s%.*s", negative && !column->is_unsigned ? "-" : "",
                            (int)(whole - first), digits + first, whole ? "" : "0", column->scale ? "." : "",
                            (int)column->scale, digits + whole);
}
