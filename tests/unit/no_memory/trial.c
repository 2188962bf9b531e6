#include "tests/unit/no_memory/trial.h"

#include <criterion/criterion.h>

enum { ALLOCATIONS_MAX = 20000 };

void digest_number(struct digest *d, uint64_t n)
{
    d->sum = (d->sum ^ n) * 0x9e3779b97f4a7c15u + 1;
    d->sum ^= d->sum >> 29;
}

void digest_add(struct digest *d, struct view v)
{
    digest_number(d, v.data ? v.len + 1 : 0);
    for (size_t i = 0; i < v.len; i++)
        digest_number(d, (uint8_t)v.data[i]);
}

/* Objects that a failing begin() did not make are made now, so that every run can be repeated. */
static status begin(const struct trial *t)
{
    return t->begin ? t->begin(t->what) : ST_OK;
}

static void end(const struct trial *t)
{
    if (t->end)
        t->end();
}

static struct digest run_calmly(const struct trial *t, const char *when)
{
    struct digest out = {0};
    status st = t->run(t->what, &out);
    cr_assert_eq(st, ST_OK, "%s, %s: %s", t->name, when, status_name(st));
    cr_expect_null(out.fault, "%s, %s: %s", t->name, when, out.fault);
    return out;
}

static struct digest result_of(const struct trial *t)
{
    cr_assert_eq(begin(t), ST_OK, "%s cannot begin", t->name);
    struct digest want = run_calmly(t, "the first time");
    struct digest again = run_calmly(t, "again");
    end(t);
    cr_assert_eq(want.sum, again.sum, "%s has two results", t->name);
    return want;
}

/* @return whether there was an allocation number `n` */
static bool fail_one(const struct trial *t, size_t n, bool stays, struct digest want)
{
    struct digest seen = {0};
    failing_begin(n, stays, t->threads);
    status begun = begin(t);
    status st = begun == ST_OK ? t->run(t->what, &seen) : begun;
    size_t failed = failing_end();
    cr_expect_null(seen.fault, "%s, allocation %zu: %s", t->name, n, seen.fault);
    const char *mode = stays ? "and all after it" : "alone";
    if (st == ST_OK)
        cr_expect_eq(seen.sum, want.sum, "%s, allocation %zu %s: another result", t->name, n, mode);
    else
        cr_expect(st == ST_NO_MEMORY && failed, "%s, allocation %zu %s: %s", t->name, n, mode, status_name(st));
    if (begun != ST_OK) {
        end(t);
        cr_assert_eq(begin(t), ST_OK, "%s, after allocation %zu %s: cannot begin", t->name, n, mode);
    }
    struct digest after = run_calmly(t, "after a failure");
    cr_expect_eq(after.sum, want.sum, "%s, after allocation %zu %s: another result", t->name, n, mode);
    end(t);
    return failed > 0;
}

static void run_one(const struct trial *t)
{
    struct digest want = result_of(t);
    for (int stays = 0; stays < 2; stays++) {
        size_t n = 1;
        while (fail_one(t, n, stays, want))
            cr_assert_lt(n++, ALLOCATIONS_MAX, "%s never ends", t->name);
        cr_expect_geq(n - 1, t->at_least, "%s has %zu allocations only", t->name, n - 1);
        cr_expect(t->at_least || n == 1, "%s allocates", t->name);
        if (!stays)
            cr_log_info("%s: %zu allocations", t->name, n - 1);
    }
}

void trials_run(const struct trial *trials, size_t count)
{
    for (size_t i = 0; i < count; i++)
        run_one(&trials[i]);
}
