/* The rows. Order: what the writer works on first, then tables by name, so that two writers lock tables in the same order. */
#include "common/sections/sections.h"

#include "common/base/cleanup.h"

#define FIELDS(...)                                                                                                    \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

/* clang-format off */
const struct section sections_inventory[] = {
    /* path                       table              form                     mask  single clears fields */
    {"HARDWARE",                 NULL,              SECTION_OWN,               1, true, false,
     FIELDS("NAME", "WORKGROUP", "USERDOMAIN", "OSNAME", "OSVERSION", "OSCOMMENTS", "PROCESSORT",
            "PROCESSORS", "PROCESSORN", "MEMORY", "SWAP", "IPADDR", "DNS", "DEFAULTGATEWAY",
            "LASTDATE", "USERID", "TYPE", "DESCRIPTION", "WINCOMPANY", "WINOWNER", "WINPRODID",
            "WINPRODKEY", "UUID", "ARCH", "CHECKSUM")},
    {"ACCOUNTINFO",              NULL,              SECTION_OWN,               0, false, false,
     FIELDS("KEYNAME", "KEYVALUE")},
    {"BATTERIES",                "batteries",       SECTION_ROWS,        1048576, false, false,
     FIELDS("CHEMISTRY", "CYCLES", "DESCRIPTION", "DESIGNCAPACITY", "DESIGNVOLTAGE",
            "ESTIMATEDCHARGEREMAINING", "MANUFACTURER", "NAME", "SERIALNUMBER", "STATUS")},
    {"BIOS",                     "bios",            SECTION_SINGLE,            0, true, false,
     FIELDS("SMANUFACTURER", "SMODEL", "SSN", "TYPE", "BMANUFACTURER", "BVERSION", "BDATE",
            "ASSETTAG", "MMANUFACTURER", "MMODEL", "MSN")},
    {"CONTROLLERS",              "controllers",     SECTION_ROWS,             32, false, false,
     FIELDS("MANUFACTURER", "NAME", "CAPTION", "DESCRIPTION", "VERSION", "TYPE")},
    {"CPUS",                     "cpus",            SECTION_ROWS,         262144, false, false,
     FIELDS("MANUFACTURER", "TYPE", "SERIALNUMBER", "SPEED", "CORES", "L2CACHESIZE", "CPUARCH",
            "DATA_WIDTH", "CURRENT_ADDRESS_WIDTH", "LOGICAL_CPUS", "VOLTAGE", "CURRENT_SPEED",
            "SOCKET")},
    {"DRIVES",                   "drives",          SECTION_ROWS,            512, false, false,
     FIELDS("LETTER", "TYPE", "FILESYSTEM", "TOTAL", "FREE", "NUMFILES", "VOLUMN", "CREATEDATE")},
    {"INPUTS",                   "inputs",          SECTION_ROWS,           1024, false, false,
     FIELDS("TYPE", "MANUFACTURER", "CAPTION", "DESCRIPTION", "INTERFACE", "POINTTYPE")},
    {"JAVAINFO",                 "javainfo",        SECTION_SINGLE,            0, true, false,
     FIELDS("JAVANAME", "JAVAPATHLEVEL", "JAVACOUNTRY", "JAVACLASSPATH", "JAVAHOME")},
    {"JOURNALLOG",               "journallog",      SECTION_APPENDED,          0, false, false,
     FIELDS("JOURNALLOG", "LISTENERNAME", "DATE", "STATUS", "ERRORCODE")},
    {"LOCAL_GROUPS",             "local_groups",    SECTION_ROWS,              0, false, false,
     FIELDS("ID_GROUP", "NAME", "MEMBER")},
    {"LOCAL_USERS",              "local_users",     SECTION_ROWS,              0, false, false,
     FIELDS("ID_USER", "GID", "NAME", "HOME", "SHELL", "LOGIN")},
    {"MEMORIES",                 "memories",        SECTION_ROWS,              4, false, false,
     FIELDS("CAPTION", "DESCRIPTION", "CAPACITY", "PURPOSE", "TYPE", "SPEED", "NUMSLOTS",
            "SERIALNUMBER")},
    {"MODEMS",                   "modems",          SECTION_ROWS,           2048, false, false,
     FIELDS("NAME", "MODEL", "DESCRIPTION", "TYPE")},
    {"MONITORS",                 "monitors",        SECTION_ROWS,             64, false, false,
     FIELDS("MANUFACTURER", "CAPTION", "DESCRIPTION", "TYPE", "SERIAL")},
    {"NETWORKS",                 "networks",        SECTION_ROWS,           4096, false, false,
     FIELDS("DESCRIPTION", "TYPE", "TYPEMIB", "SPEED", "MTU", "MACADDR", "STATUS", "IPADDRESS",
            "IPMASK", "IPGATEWAY", "IPSUBNET", "IPDHCP", "VIRTUALDEV")},
    {"PORTS",                    "ports",           SECTION_ROWS,            128, false, false,
     FIELDS("TYPE", "NAME", "CAPTION", "DESCRIPTION")},
    {"PRINTERS",                 "printers",        SECTION_ROWS,           8192, false, false,
     FIELDS("NAME", "DRIVER", "PORT", "DESCRIPTION", "SERVERNAME", "SHARENAME", "RESOLUTION",
            "COMMENT", "SHARED", "NETWORK")},
    {"REGISTRY",                 "registry",        SECTION_ROWS,             16, false, false,
     FIELDS("NAME", "REGVALUE")},
    {"REPOSITORY",               "repository",      SECTION_ROWS,              0, false, false,
     FIELDS("BASEURL", "EXCLUDE", "EXCLUDED", "EXPIRE", "FILENAME", "MIRRORS", "NAME", "PKGS",
            "REVISION", "SIZE", "TAG", "UPDATED")},
    {"SIM",                      "sim",             SECTION_ROWS,         524288, false, false,
     FIELDS("OPERATOR", "OPNAME", "COUNTRY", "SERIALNUMBER", "DEVICEID", "PHONENUMBER")},
    {"SLOTS",                    "slots",           SECTION_ROWS,              8, false, false,
     FIELDS("NAME", "DESCRIPTION", "DESIGNATION", "PURPOSE", "STATUS", "PSHARE")},
    {"SOFTWARES",                "software",        SECTION_SOFTWARE,      65536, false, false,
     FIELDS("NAME", "VERSION", "PUBLISHER", "FOLDER", "COMMENTS", "FILENAME", "FILESIZE", "SOURCE",
            "GUID", "LANGUAGE", "INSTALLDATE", "BITSWIDTH", "ARCHITECTURE")},
    {"SOUNDS",                   "sounds",          SECTION_ROWS,          16384, false, false,
     FIELDS("MANUFACTURER", "NAME", "DESCRIPTION")},
    {"STORAGES",                 "storages",        SECTION_ROWS,            256, false, false,
     FIELDS("MANUFACTURER", "NAME", "MODEL", "DESCRIPTION", "TYPE", "DISKSIZE", "SERIALNUMBER",
            "FIRMWARE")},
    {"USBDEVICES",               "usbdevices",      SECTION_ROWS,        2097152, false, false,
     FIELDS("DESCRIPTION", "INTERFACE", "MANUFACTURER", "SERIAL", "TYPE")},
    {"VIDEOS",                   "videos",          SECTION_ROWS,          32768, false, false,
     FIELDS("NAME", "CHIPSET", "MEMORY", "RESOLUTION")},
    {"VIRTUALMACHINES",          "virtualmachines", SECTION_ROWS,         131072, false, false,
     FIELDS("NAME", "STATUS", "SUBSYSTEM", "VMTYPE", "UUID", "VCPU", "MEMORY")},
    {"DOWNLOAD/HISTORY/PACKAGE", NULL,              SECTION_OWN,               0, false, false,
     FIELDS("ID")},
    {"IPDISCOVER/H",             NULL,              SECTION_OWN,               0, false, false,
     FIELDS("I", "M", "N")},
    {"SAAS",                     NULL,              SECTION_OWN,               0, false, false,
     FIELDS("ENTRY", "DATA", "TTL")},
};
/* clang-format on */

const size_t sections_inventory_count = COUNT(sections_inventory);
const struct section_map sections_builtin = {COUNT(sections_inventory), sections_inventory};

const struct section *section_map_find(const struct section_map *map, struct view path)
{
    for (size_t i = 0; i < map->count; i++)
        if (view_is(path, map->items[i].path))
            return &map->items[i];
    return NULL;
}

const struct section *section_find(struct view path)
{
    return section_map_find(&sections_builtin, path);
}

int section_field(const struct section *s, struct view name)
{
    for (int i = 0; s->fields[i]; i++)
        if (view_is(name, s->fields[i]))
            return i;
    return -1;
}
