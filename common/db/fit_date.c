/* Dates as the database reads them from a text: 2020-01-03, 2020/1/3 10:11:12, 20200103, 20200103101112 and the like; two
 * digits of a year stand for 1970 to 2069. Anything else is the zero date. */
#include "common/db/fit.h"

enum { PARTS = 6 };

struct scan {
    const char *at, *end;
    unsigned part[PARTS]; /* year month day hour minute second */
    int count;
    size_t year_digits;
};

static bool is_digit(const struct scan *s)
{
    return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

static bool is_blank(const struct scan *s)
{
    return s->at < s->end && (*s->at == ' ' || (*s->at >= '\t' && *s->at <= '\r'));
}

static bool is_punct(const struct scan *s)
{
    return s->at<s->end && * s->at> ' ' && *s->at < 127 && !is_digit(s) &&
           !(((*s->at | 0x20) >= 'a') && ((*s->at | 0x20) <= 'z'));
}

/* At most `max` digits as the next part; false when there is none. */
static bool take_number(struct scan *s, size_t max)
{
    if (!is_digit(s) || s->count == PARTS)
        return false;
    unsigned n = 0;
    for (; is_digit(s) && max > 0; s->at++, max--)
        n = n > 100000 ? n : n * 10 + (unsigned)(*s->at - '0');
    s->part[s->count++] = n;
    return true;
}

/* Between date and time: a T, one other sign, or any number of blanks. */
static bool take_separator(struct scan *s)
{
    if (s->at < s->end && *s->at == 'T') {
        s->at++;
        return true;
    }
    if (is_punct(s)) {
        s->at++;
        return true;
    }
    if (!is_blank(s))
        return false;
    while (is_blank(s))
        s->at++;
    return true;
}

static bool take_punct(struct scan *s)
{
    if (!is_punct(s))
        return false;
    s->at++;
    return true;
}

/* 20200103, 200103, 20200103T101112 ... : `digits` digits in one run */
static void read_run(struct scan *s, size_t digits)
{
    s->year_digits = digits == 4 || digits == 8 || digits >= 14 ? 4 : 2;
    if (!take_number(s, s->year_digits) || !take_number(s, 2) || !take_number(s, 2))
        return;
    if (s->at < s->end && *s->at == 'T')
        s->at++;
    while (s->count < PARTS && take_number(s, 2))
        ;
}

static void read_parts(struct scan *s)
{
    const char *start = s->at;
    bool more = take_number(s, SIZE_MAX);
    s->year_digits = (size_t)(s->at - start);
    while (more && s->count < PARTS)
        more = (s->count == 3 ? take_separator(s) : take_punct(s)) && take_number(s, SIZE_MAX);
}

static unsigned days_of(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool is_possible(const unsigned part[PARTS])
{
    static const unsigned max[PARTS] = {9999, 12, 31, 23, 59, 59};
    for (int i = 0; i < PARTS; i++)
        if (part[i] > max[i])
            return false;
    /* zeros in place of month or day are allowed without NO_ZERO_IN_DATE */
    return part[1] == 0 || part[2] <= days_of(part[0], part[1]);
}

static bool read_date(struct scan *s)
{
    while (is_blank(s))
        s->at++;
    const char *run = s->at;
    while (run < s->end && ((*run >= '0' && *run <= '9') || (*run == 'T' && run > s->at)))
        run++;
    /* 2020.1.3 is a date in parts, 20200103101112.5 a run with a fraction */
    if (run == s->end || (*run == '.' && run - s->at >= 12))
        read_run(s, (size_t)(run - s->at));
    else
        read_parts(s);
    if (s->count < 3)
        return false;
    bool zero = true;
    for (int i = 0; i < PARTS; i++)
        zero &= s->part[i] == 0;
    if (s->year_digits == 2 && !zero)
        s->part[0] += s->part[0] < 70 ? 2000 : 1900;
    return is_possible(s->part);
}

size_t fit_date(const struct db_column *column, struct view value, char out[FIT_TEXT_MAX])
{
    static const char form[] = "0000-00-00 00:00:00";
    static const unsigned char ends[PARTS] = {3, 6, 9, 12, 15, 18};
    struct scan s = {.at = value.data, .end = value.data + value.len};
    if (!read_date(&s))
        memset(s.part, 0, sizeof s.part);
    memcpy(out, form, sizeof form);
    for (int i = 0; i < PARTS; i++)
        for (unsigned n = s.part[i], at = ends[i]; n > 0; n /= 10)
            out[at--] = (char)('0' + n % 10);
    return column->type == DB_DATE ? sizeof "0000-00-00" - 1 : sizeof form - 1;
}
