/* Software and its dictionaries. */
#include "services/writer/writer_metrics.h"
#include "tests/database/writer/fixture.h"

#include <stdio.h>

static const char device[] = "pc-1-2025-11-22-08-00-00";
static const char names[] =
    "SELECT n.NAME,p.PUBLISHER,v.VERSION,FOLDER FROM software s JOIN software_name n ON n.ID=NAME_ID JOIN "
    "software_publisher p ON p.ID=PUBLISHER_ID JOIN software_version v ON v.ID=VERSION_ID ORDER BY s.ID";

Test(writer_software, is_a_set_and_the_first_entry_counts, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "soft_set");
    fixture_inventory(&f, device, 0,
                      ROWS("SOFTWARES NAME=a|VERSION=1|FOLDER=first", "SOFTWARES NAME=a|VERSION=1|FOLDER=second",
                           "SOFTWARES VERSION=9|FOLDER=nameless", "SOFTWARES NAME=b|VERSION= |PUBLISHER="));
    expect_table(&f, "a|Unavailable|1|first/b|Unavailable|Unavailable|", "%s", names);
}

Test(writer_software, attributes_are_those_of_the_first_sight, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "soft_first");
    fixture_inventory(&f, device, 0, ROWS("SOFTWARES NAME=a|VERSION=1|FOLDER=old"));
    fixture_inventory(&f, device, 60,
                      ROWS("SOFTWARES NAME=a|VERSION=1|FOLDER=new", "SOFTWARES NAME=b|VERSION=1|FOLDER=b"));
    expect_table(&f, "a|Unavailable|1|old/b|Unavailable|1|b", "%s", names);
    fixture_inventory(&f, device, 120, ROWS("SOFTWARES NAME=b|VERSION=1|FOLDER=b"));
    expect_table(&f, "b|Unavailable|1|b", "%s", names);
    fixture_inventory(&f, device, 180, ROWS("SOFTWARES VERSION=1"));
    expect_table(&f, "b|Unavailable|1|b", "%s", names);
}

Test(writer_software, words_are_what_the_collation_says, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "soft_words");
    fixture_inventory(&f, device, 0,
                      ROWS("SOFTWARES NAME=Foo", "SOFTWARES NAME=foo", "SOFTWARES NAME=f\xc3\xb3o",
                           "SOFTWARES NAME=Foo ", "SOFTWARES NAME=bar"));
    expect_table(&f, "bar/Foo", "SELECT NAME FROM software_name ORDER BY NAME");
    expect_sql(&f, "2", "SELECT COUNT(*) FROM software");
    fixture_inventory(&f, "pc-2-2025-11-22-08-00-00", 0,
                      ROWS("SOFTWARES NAME=FOO",
                           "SOFTWARES NAME=Stra\xc3\x9f"
                           "e",
                           "SOFTWARES NAME=Strasse"));
    expect_sql(&f, "4", "SELECT COUNT(*) FROM software_name");
}

Test(writer_software, words_that_do_not_fit_are_cut_and_found_again, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "soft_long");
    char row[512] = "SOFTWARES VERSION=1|NAME=emoji\xf0\x9f\x98\x80";
    memset(row + strlen(row), 'x', 300);
    for (int i = 0; i < 2; i++) {
        char id[64];
        snprintf(id, sizeof id, "long%d-2025-11-22-08-00-00", i);
        fixture_inventory(&f, id, 0, ROWS(row));
    }
    expect_table(&f, "255|emoji?xxxx", "SELECT CHAR_LENGTH(NAME),LEFT(NAME,10) FROM software_name");
    expect_sql(&f, "2", "SELECT COUNT(*) FROM software");
}

Test(writer_software, known_words_cost_no_ids, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "soft_ids");
    fixture_inventory(&f, device, 0, ROWS("SOFTWARES NAME=a", "SOFTWARES NAME=b", "SOFTWARES NAME=c"));
    applier_destroy(f.applier); /* a writer that remembers nothing */
    f.applier = applier_new(&(struct applier_settings){.target = f.target, .words_max = 1000, .memory_max = 64 << 20});
    fixture_inventory(&f, "pc-2-2025-11-22-08-00-00", 0,
                      ROWS("SOFTWARES NAME=a", "SOFTWARES NAME=B", "SOFTWARES NAME=c"));
    fixture_inventory(&f, "pc-3-2025-11-22-08-00-00", 0, ROWS("SOFTWARES NAME=a", "SOFTWARES NAME=d"));
    expect_table(&f, "1|a/2|b/3|c/4|d", "SELECT ID,NAME FROM software_name ORDER BY ID");
}

Test(writer_software, a_word_that_the_console_deleted_is_made_again, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "soft_gone");
    fixture_inventory(&f, device, 0, ROWS("SOFTWARES NAME=a", "SOFTWARES NAME=b"));
    fixture_inventory(&f, device, 60, ROWS("SOFTWARES NAME=b"));
    fixture_do(&f, "DELETE FROM software_name WHERE NAME='a'");
    fixture_inventory(&f, device, 120, ROWS("SOFTWARES NAME=b", "SOFTWARES NAME=a"));
    expect_table(&f, "b|Unavailable|Unavailable|/a|Unavailable|Unavailable|", "%s", names);
}

Test(writer_software, versions_without_their_parts_get_them, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    struct reason why = {0};
    fixture_open(&f, "soft_parts");
    fixture_inventory(&f, device, 0, ROWS("SOFTWARES NAME=a|VERSION=1:2.3-4"));
    fixture_do(&f, "UPDATE software_version SET PRETTYVERSION=NULL,MAJOR=NULL,MINOR=NULL,PATCH=NULL");
    fixture_do(&f, "INSERT INTO software_version (VERSION) VALUES ('v7'),('8.0')");
    applier_destroy(f.applier); /* a writer that starts */
    f.applier = applier_new(&(struct applier_settings){.target = f.target, .words_max = 1000, .memory_max = 64 << 20});
    cr_assert_eq(applier_connect(f.applier, &why), ST_OK, "%s", why.text);
    expect_table(&f, "Unavailable|Unavailable|0|0|0/1:2.3-4|2.3|2|3|0/v7|Unavailable|0|0|0/8.0|8.0|8|0|0",
                 "SELECT VERSION,PRETTYVERSION,MAJOR,MINOR,PATCH FROM software_version ORDER BY ID");
}
