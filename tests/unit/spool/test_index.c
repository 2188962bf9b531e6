#include "services/gateway/spool/index.h"

#include <criterion/criterion.h>

static const unsigned all = 0xff;

static void add(struct index *ix, uint64_t id, uint64_t device, enum upload_kind kind)
{
    cr_assert_eq(index_reserve(ix, 1), ST_OK);
    index_add(ix, &(struct indexed){.id = {id, 0}, .device_hash = device, .kind = (uint8_t)kind});
}

static uint64_t give(struct index *ix, uint32_t *ref)
{
    *ref = index_give(ix, all);
    return *ref == REF_NONE ? 0 : index_get(ix, *ref)->id.hi;
}

Test(index, gives_the_oldest_of_each_device_only)
{
    AUTO(index_destroy) struct index *ix = index_new();
    uint32_t a, b, none;
    add(ix, 1, 10, UPLOAD_INVENTORY);
    add(ix, 2, 10, UPLOAD_CONTACT);
    add(ix, 3, 11, UPLOAD_INVENTORY);
    cr_expect_eq(give(ix, &a), 1);
    cr_expect_eq(give(ix, &b), 3);
    cr_expect_eq(give(ix, &none), 0);
    index_remove(ix, b);
    cr_expect_eq(give(ix, &none), 0);
    index_remove(ix, a);
    cr_expect_eq(give(ix, &a), 2);
    index_remove(ix, a);
    cr_expect_eq(index_count(ix), 0);
    cr_expect_eq(index_oldest_us(ix), 0);
}

Test(index, what_is_returned_is_given_again_in_its_old_place)
{
    AUTO(index_destroy) struct index *ix = index_new();
    uint32_t refs[4], ref;
    for (uint64_t i = 1; i <= 6; i++)
        add(ix, i, i, UPLOAD_INVENTORY);
    for (int i = 0; i < 4; i++)
        give(ix, &refs[i]);
    index_return(ix, refs[2]);
    index_return(ix, refs[0]);
    index_return(ix, refs[3]);
    for (uint64_t want = 1; want <= 6; want++)
        if (want != 2)
            cr_expect_eq(give(ix, &ref), want);
    cr_expect_eq(index_find_out(ix, (struct upload_id){2, 0}), refs[1]);
    cr_expect_eq(index_oldest_us(ix), 1);
}

Test(index, delays_end_in_their_order)
{
    AUTO(index_destroy) struct index *ix = index_new();
    uint32_t ref;
    static const int64_t due[] = {300, 100, 200, 100, 500};
    for (uint64_t i = 1; i <= COUNT(due); i++)
        add(ix, i, i, UPLOAD_INVENTORY);
    for (size_t i = 0; i < COUNT(due); i++) {
        give(ix, &ref);
        index_delay(ix, ref, due[i]);
    }
    cr_expect_eq(index_next_due(ix), 100);
    cr_expect_not(index_wake_due(ix, 99));
    cr_expect(index_wake_due(ix, 200));
    cr_expect_eq(index_next_due(ix), 300);
    cr_expect_eq(give(ix, &ref), 2);
    cr_expect_eq(give(ix, &ref), 3);
    cr_expect_eq(give(ix, &ref), 4);
    cr_expect_eq(give(ix, &ref), 0);
    cr_expect(index_wake_due(ix, 1000));
    cr_expect_eq(index_next_due(ix), INT64_MAX);
    cr_expect_eq(give(ix, &ref), 1);
}

Test(index, remembers_the_newest_inventory_of_a_device)
{
    AUTO(index_destroy) struct index *ix = index_new();
    static const struct {
        uint64_t id;
        enum upload_kind kind;
    } uploads[] = {{1, UPLOAD_CONTACT}, {2, UPLOAD_INVENTORY}, {3, UPLOAD_INVENTORY}, {4, UPLOAD_CONTACT}};
    for (size_t i = 0; i < COUNT(uploads); i++)
        add(ix, uploads[i].id, 77, uploads[i].kind);
    for (int i = 0; i < 3; i++) {
        int64_t received = 0;
        uint32_t ref;
        cr_expect(index_has_inventory(ix, 77, &received));
        cr_expect_eq(received, 3);
        give(ix, &ref);
        index_remove(ix, ref);
    }
    cr_expect_not(index_has_inventory(ix, 77, NULL));
}

/* A small generator, so that a failure comes again. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Many devices, many moves: per device the order must hold, nothing may be lost or given twice. */
Test(index, a_crowd_stays_in_order)
{
    enum { UPLOADS = 20000, DEVICES = 3000 };
    AUTO(index_destroy) struct index *ix = index_new();
    static uint64_t last[DEVICES];
    uint32_t state = 1, held[64];
    size_t done = 0, held_count = 0;
    int64_t now = 0;
    for (uint64_t i = 1; i <= UPLOADS; i++)
        add(ix, i, next_random(&state) % DEVICES, UPLOAD_INVENTORY);
    while (index_count(ix) > 0) {
        uint32_t ref = held_count < COUNT(held) ? index_give(ix, all) : REF_NONE;
        if (ref != REF_NONE)
            held[held_count++] = ref;
        else
            index_wake_due(ix, now += 10);
        if (held_count == 0)
            continue;
        size_t which = next_random(&state) % held_count;
        ref = held[which];
        const struct indexed *upload = index_get(ix, ref);
        cr_assert_gt(upload->id.hi, last[upload->device_hash]);
        switch (next_random(&state) % 4) {
        case 0: index_return(ix, ref); break;
        case 1: index_delay(ix, ref, now + next_random(&state) % 50); break;
        default:
            last[upload->device_hash] = upload->id.hi;
            index_remove(ix, ref);
            done++;
        }
        held[which] = held[--held_count];
    }
    cr_expect_eq(done, UPLOADS);
}
