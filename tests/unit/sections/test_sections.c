/* The map against the facts of OCS Inventory server 2.12.5 (schema level 7081), written down a second time: path, table, bit of
 * CHECKSUM, fields. A difference is either a slip or a decision that has to be made in both places. */
#include "common/base/cleanup.h"
#include "common/record/record.h"
#include "common/sections/sections.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const struct {
    const char *path, *table;
    uint32_t mask;
    enum section_form form;
    const char *fields;
} facts[] = {
    {"BATTERIES", "batteries", 1048576, SECTION_ROWS,
     "CHEMISTRY CYCLES DESCRIPTION DESIGNCAPACITY DESIGNVOLTAGE ESTIMATEDCHARGEREMAINING MANUFACTURER NAME "
     "SERIALNUMBER STATUS"},
    {"BIOS", "bios", 0, SECTION_SINGLE,
     "SMANUFACTURER SMODEL SSN TYPE BMANUFACTURER BVERSION BDATE ASSETTAG MMANUFACTURER MMODEL MSN"},
    {"CONTROLLERS", "controllers", 32, SECTION_ROWS, "MANUFACTURER NAME CAPTION DESCRIPTION VERSION TYPE"},
    {"CPUS", "cpus", 262144, SECTION_ROWS,
     "MANUFACTURER TYPE SERIALNUMBER SPEED CORES L2CACHESIZE CPUARCH DATA_WIDTH CURRENT_ADDRESS_WIDTH LOGICAL_CPUS "
     "VOLTAGE CURRENT_SPEED SOCKET"},
    {"DRIVES", "drives", 512, SECTION_ROWS, "LETTER TYPE FILESYSTEM TOTAL FREE NUMFILES VOLUMN CREATEDATE"},
    {"INPUTS", "inputs", 1024, SECTION_ROWS, "TYPE MANUFACTURER CAPTION DESCRIPTION INTERFACE POINTTYPE"},
    {"JAVAINFO", "javainfo", 0, SECTION_SINGLE, "JAVANAME JAVAPATHLEVEL JAVACOUNTRY JAVACLASSPATH JAVAHOME"},
    {"JOURNALLOG", "journallog", 0, SECTION_APPENDED, "JOURNALLOG LISTENERNAME DATE STATUS ERRORCODE"},
    {"LOCAL_GROUPS", "local_groups", 0, SECTION_ROWS, "ID_GROUP NAME MEMBER"},
    {"LOCAL_USERS", "local_users", 0, SECTION_ROWS, "ID_USER GID NAME HOME SHELL LOGIN"},
    {"MEMORIES", "memories", 4, SECTION_ROWS, "CAPTION DESCRIPTION CAPACITY PURPOSE TYPE SPEED NUMSLOTS SERIALNUMBER"},
    {"MODEMS", "modems", 2048, SECTION_ROWS, "NAME MODEL DESCRIPTION TYPE"},
    {"MONITORS", "monitors", 64, SECTION_ROWS, "MANUFACTURER CAPTION DESCRIPTION TYPE SERIAL"},
    {"NETWORKS", "networks", 4096, SECTION_ROWS,
     "DESCRIPTION TYPE TYPEMIB SPEED MTU MACADDR STATUS IPADDRESS IPMASK IPGATEWAY IPSUBNET IPDHCP VIRTUALDEV"},
    {"PORTS", "ports", 128, SECTION_ROWS, "TYPE NAME CAPTION DESCRIPTION"},
    {"PRINTERS", "printers", 8192, SECTION_ROWS,
     "NAME DRIVER PORT DESCRIPTION SERVERNAME SHARENAME RESOLUTION COMMENT SHARED NETWORK"},
    {"REGISTRY", "registry", 16, SECTION_ROWS, "NAME REGVALUE"},
    {"REPOSITORY", "repository", 0, SECTION_ROWS,
     "BASEURL EXCLUDE EXCLUDED EXPIRE FILENAME MIRRORS NAME PKGS REVISION SIZE TAG UPDATED"},
    {"SIM", "sim", 524288, SECTION_ROWS, "OPERATOR OPNAME COUNTRY SERIALNUMBER DEVICEID PHONENUMBER"},
    {"SLOTS", "slots", 8, SECTION_ROWS, "NAME DESCRIPTION DESIGNATION PURPOSE STATUS PSHARE"},
    {"SOUNDS", "sounds", 16384, SECTION_ROWS, "MANUFACTURER NAME DESCRIPTION"},
    {"STORAGES", "storages", 256, SECTION_ROWS,
     "MANUFACTURER NAME MODEL DESCRIPTION TYPE DISKSIZE SERIALNUMBER FIRMWARE"},
    {"USBDEVICES", "usbdevices", 2097152, SECTION_ROWS, "DESCRIPTION INTERFACE MANUFACTURER SERIAL TYPE"},
    {"VIDEOS", "videos", 32768, SECTION_ROWS, "NAME CHIPSET MEMORY RESOLUTION"},
    {"VIRTUALMACHINES", "virtualmachines", 131072, SECTION_ROWS, "NAME STATUS SUBSYSTEM VMTYPE UUID VCPU MEMORY"},
    {"SOFTWARES", "software", 65536, SECTION_SOFTWARE,
     "NAME VERSION PUBLISHER FOLDER COMMENTS FILENAME FILESIZE SOURCE GUID LANGUAGE INSTALLDATE BITSWIDTH "
     "ARCHITECTURE"},
    {"HARDWARE", NULL, 1, SECTION_OWN,
     "NAME WORKGROUP USERDOMAIN OSNAME OSVERSION OSCOMMENTS PROCESSORT PROCESSORS PROCESSORN MEMORY SWAP IPADDR DNS "
     "DEFAULTGATEWAY LASTDATE USERID TYPE DESCRIPTION WINCOMPANY WINOWNER WINPRODID WINPRODKEY UUID ARCH CHECKSUM"},
    {"ACCOUNTINFO", NULL, 0, SECTION_OWN, "KEYNAME KEYVALUE"},
    {"IPDISCOVER/H", NULL, 0, SECTION_OWN, "I M N"},
    {"DOWNLOAD/HISTORY/PACKAGE", NULL, 0, SECTION_OWN, "ID"},
    {"SAAS", NULL, 0, SECTION_OWN, "ENTRY DATA TTL"},
};

static void join_fields(const struct section *s, char *out, size_t len)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; s->fields[i]; i++)
        at += (size_t)snprintf(out + at, len - at, "%s%s", i ? " " : "", s->fields[i]);
}

Test(sections, are_those_of_ocs)
{
    cr_expect_eq(sections_inventory_count, COUNT(facts));
    for (size_t i = 0; i < COUNT(facts); i++) {
        const struct section *s = section_find(view_of(facts[i].path));
        cr_assert_not_null(s, "%s", facts[i].path);
        char fields[1024];
        join_fields(s, fields, sizeof fields);
        cr_expect_str_eq(fields, facts[i].fields);
        cr_expect_eq(s->mask, facts[i].mask, "%s", s->path);
        cr_expect_eq(s->form, facts[i].form, "%s", s->path);
        cr_expect((!s->table && !facts[i].table) || strcmp(s->table, facts[i].table) == 0, "%s", s->path);
    }
}

Test(sections, exist_once_and_each_bit_belongs_to_one)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < sections_inventory_count; i++) {
        const struct section *s = &sections_inventory[i];
        cr_expect_eq(section_find(view_of(s->path)), s, "%s is there twice", s->path);
        cr_expect_eq(bits & s->mask, 0, "%s", s->path);
        cr_expect_eq(s->mask & (s->mask - 1), 0, "%s has more than one bit", s->path);
        bits |= s->mask;
    }
    cr_expect_eq(bits, 0x3ffffd, "every bit up to 2097152 but 2, which no section of a computer has");
}

/* Two writers that lock tables in the same order cannot wait for each other. */
Test(sections, with_a_table_come_in_the_order_of_their_tables)
{
    const char *before = "";
    cr_expect_str_eq(sections_inventory[0].path, "HARDWARE");
    cr_expect_str_eq(sections_inventory[1].path, "ACCOUNTINFO");
    for (size_t i = 2; i < sections_inventory_count; i++) {
        const struct section *s = &sections_inventory[i];
        if (!s->table || strcmp(s->table, "bios") == 0)
            continue;
        cr_expect_lt(strcmp(before, s->table), 0, "%s stands before %s", before, s->table);
        before = s->table;
    }
}

Test(sections, have_fields_that_fit_a_record_and_are_found)
{
    for (size_t i = 0; i < sections_inventory_count; i++) {
        const struct section *s = &sections_inventory[i];
        int count = 0;
        for (; s->fields[count]; count++)
            cr_expect_eq(section_field(s, view_of(s->fields[count])), count, "%s/%s", s->path, s->fields[count]);
        cr_expect(count > 0 && count <= RECORD_FIELDS_MAX, "%s", s->path);
    }
}

Test(sections, single_ones_are_those_with_one_row_for_a_device)
{
    for (size_t i = 0; i < sections_inventory_count; i++) {
        const struct section *s = &sections_inventory[i];
        cr_expect_eq(s->single, s->form == SECTION_SINGLE || strcmp(s->path, "HARDWARE") == 0, "%s", s->path);
    }
}

Test(sections, nothing_else_is_one)
{
    static const char *const names[] = {"",         "memories", "MEMORIE",  "MEMORIESX",
                                        "SOFTWARE", "ENVS",     "DOWNLOAD", "IPDISCOVER"};
    for (size_t i = 0; i < COUNT(names); i++)
        cr_expect_null(section_find(view_of(names[i])), "%s", names[i]);
    const struct section *networks = section_find(VIEW_LITERAL("NETWORKS"));
    cr_expect_eq(section_field(networks, VIEW_LITERAL("DRIVER")), -1);
    cr_expect_eq(section_field(networks, VIEW_LITERAL("speed")), -1);
}
