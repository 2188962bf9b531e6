/* From a gateway's link to a writer's and back: what is given, and what is answered. */
#include "tests/unit/parser/line.h"

#include <criterion/criterion.h>

#define INVENTORY                                                                                                      \
    VIEW_LITERAL(                                                                                                      \
        "<REQUEST><DEVICEID>d-2025-01-02-03-04-05</DEVICEID><CONTENT><SOUNDS><NAME>a</NAME></SOUNDS></CONTENT>"        \
        "</REQUEST>")

Test(line, an_upload_becomes_a_record_and_the_writers_word_goes_back)
{
    static const struct {
        enum link_verdict verdict;
        const char *heard;
    } cases[] = {{LINK_ACK, "ack"}, {LINK_RETRY, "retry database_away"}, {LINK_REJECT, "reject database_away"}};
    const struct reason why = {"database_away", "it does not answer"};
    struct line l;
    line_start(&l, 2);
    struct link_consumer *writer = line_writer(&l, 4);
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t number = line_offer(&l, UPLOAD_INVENTORY, INVENTORY);
        struct link_delivery *d = link_consumer_take(writer, 5000);
        cr_assert_not_null(d);
        AUTO(record_close) struct record *r = NULL;
        cr_assert_eq(record_open(d->body, d->len, 1 << 20, &r, NULL), ST_OK);
        cr_expect_eq(record_head(r)->id.lo, number);
        cr_expect(record_head(r)->https);
        cr_expect(view_is(record_head(r)->deviceid, "d-2025-01-02-03-04-05"));
        cr_expect_not_null(record_section_find(r, "SOUNDS"));
        link_consumer_answer(writer, d, cases[i].verdict, cases[i].verdict == LINK_ACK ? NULL : &why);
        cr_expect_str_eq(line_verdict(&l, number), cases[i].heard);
    }
    link_consumer_destroy(writer);
    line_clear(&l);
}

Test(line, what_can_never_be_read_is_rejected_with_its_reason)
{
    static const struct {
        enum upload_kind kind;
        const char *body, *heard;
    } cases[] = {
        {UPLOAD_INVENTORY, "<REQUEST><DEVICEID>d</DEVICEID><CONTENT>", "reject xml_not_well_formed"},
        {UPLOAD_INVENTORY, "<REQUEST><CONTENT/></REQUEST>", "reject no_deviceid"},
        {UPLOAD_INVENTORY, "<!DOCTYPE REQUEST><REQUEST/>", "reject xml_doctype"},
        {UPLOAD_INVENTORY, "noise", "reject body_coding"},
        {UPLOAD_CONTACT, "no record", "reject record_magic"},
    };
    struct line l;
    line_start(&l, 2);
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t number = line_offer(&l, cases[i].kind, view_of(cases[i].body));
        cr_expect_str_eq(line_verdict(&l, number), cases[i].heard);
    }
    cr_expect_eq(relay_held(l.relay), 0);
    line_clear(&l);
}

Test(line, a_contact_is_passed_on_under_the_id_that_the_spool_gave_it)
{
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(1 << 20);
    const struct view field = VIEW_LITERAL("RESPONSE"), value = VIEW_LITERAL("SEND");
    record_begin(b, &(struct record_head){.kind = UPLOAD_CONTACT, .deviceid = VIEW_LITERAL("d"), .id = {7, 7}});
    record_section(b, VIEW_LITERAL("CONTACT"), &field, 1);
    record_row(b, &value);
    struct view contact;
    cr_assert_eq(record_finish(b, false, &contact), ST_OK);

    struct line l;
    line_start(&l, 2);
    struct link_consumer *writer = line_writer(&l, 4);
    size_t number = line_offer(&l, UPLOAD_CONTACT, contact);
    struct link_delivery *d = link_consumer_take(writer, 5000);
    cr_assert_not_null(d);
    AUTO(record_close) struct record *r = NULL;
    cr_assert_eq(record_open(d->body, d->len, 1 << 20, &r, NULL), ST_OK);
    cr_expect_eq(record_head(r)->id.hi, 1);
    cr_expect_eq(record_head(r)->id.lo, number);
    const struct record_section_view *s = record_section_find(r, "CONTACT");
    cr_assert_not_null(s);
    struct record_row_view row;
    const uint8_t *at = s->rows;
    cr_expect(record_next_row(s, &at, &row) && view_is(row.values[0], "SEND"));
    link_consumer_answer(writer, d, LINK_ACK, NULL);
    cr_expect_str_eq(line_verdict(&l, number), "ack");
    link_consumer_destroy(writer);
    line_clear(&l);
}

/* A writer that dies with a record is not told from a link that ends: here, the parser's. */
Test(line, a_record_that_was_lost_often_enough_goes_back_to_the_gateway)
{
    static const struct {
        unsigned lost_max;
        const char *heard;
    } cases[] = {{1, "retry consumer_lost"}, {2, "retry parser_stopped"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct line l;
        line_start(&l, cases[i].lost_max);
        struct link_consumer *writer = line_writer(&l, 1);
        size_t number = line_offer(&l, UPLOAD_INVENTORY, INVENTORY);
        struct link_delivery *d = link_consumer_take(writer, 5000);
        cr_assert_not_null(d);
        line_stop_parser(&l);
        cr_expect_str_eq(line_verdict(&l, number), cases[i].heard);
        link_consumer_answer(writer, d, LINK_ACK, NULL); /* too late: the gateway offers it to another parser */
        link_consumer_destroy(writer);
        line_clear(&l);
    }
}

Test(line, a_parser_that_stops_gives_back_what_it_holds)
{
    struct line l;
    line_start(&l, 2);
    size_t waiting = line_offer(&l, UPLOAD_INVENTORY, INVENTORY);
    for (int left_ms = 5000; left_ms > 0 && relay_held(l.relay) == 0; left_ms--)
        usleep(1000);
    cr_expect_eq(relay_held(l.relay), 1);
    line_stop_parser(&l);
    cr_expect_str_eq(line_verdict(&l, waiting), "retry parser_stopped");
    line_clear(&l);
}
