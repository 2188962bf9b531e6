#include "common/sections/names.h"

#include "common/base/cleanup.h"
#include "common/sections/sections.h"

#include <ctype.h>
#include <strings.h>

/* OCS's tables that are no section's. accesslog is not here: it is a table for a section that nothing of OCS fills. */
static const char *const other_tables[] = {
    "accountinfo",
    "accountinfo_config",
    "archive",
    "assets_categories",
    "auth_attempt",
    "blacklist_macaddresses",
    "blacklist_serials",
    "blacklist_subnet",
    "config",
    "config_ldap",
    "conntrack",
    "cve_search",
    "cve_search_computer",
    "cve_search_correspondance",
    "cve_search_history",
    "deleted_equiv",
    "deploy",
    "devices",
    "devicetype",
    "dico_ignored",
    "dico_soft",
    "downloadwk_conf_values",
    "downloadwk_fields",
    "downloadwk_history",
    "downloadwk_pack",
    "downloadwk_statut_request",
    "downloadwk_tab_values",
    "download_affect_rules",
    "download_available",
    "download_enable",
    "download_history",
    "download_servers",
    "engine_mutex",
    "engine_persistent",
    "extensions",
    "files",
    "groups",
    "groups_cache",
    "hardware",
    "hardware_osname_cache",
    "history",
    "itmgmt_comments",
    "languages",
    "layouts",
    "locks",
    "netmap",
    "network_devices",
    "notification",
    "notification_config",
    "operators",
    "prolog_conntrack",
    "regconfig",
    "registry_name_cache",
    "registry_regvalue_cache",
    "reports_notifications",
    "saas",
    "saas_exp",
    "save_query",
    "schedule_wol",
    "softwares_name_cache",
    "software_categories",
    "software_categories_link",
    "software_category_exp",
    "software_link",
    "software_name",
    "software_publisher",
    "software_version",
    "ssl_store",
    "subnet",
    "tags",
    "temp_files",
};

/* Ours, and those of kinds of devices that SNMP finds. */
static const char *const table_prefixes[] = {"muster_", "snmp_"};

/* Elements that are no sections, or that are passed over for a reason: SOFTWARE would wipe the software (G-19). */
static const char *const other_elements[] = {"DEVICEID", "OLD_DEVICEID", "SOFTWARE", "CONTENT"};

static const char *const own_columns[] = {"HARDWARE_ID", "ID"};

bool names_match(struct view a, struct view b)
{
    return a.len == b.len && strncasecmp(a.data, b.data, a.len) == 0;
}

static bool is_listed(struct view name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (names_match(name, view_of(list[i])))
            return true;
    return false;
}

bool name_is_plain(struct view name)
{
    if (name.len == 0 || name.len > SECTIONS_NAME_MAX || isdigit((unsigned char)name.data[0]))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.data[i];
        if (c >= 0x80 || (!isalnum(c) && c != '_'))
            return false;
    }
    return true;
}

/* "DOWNLOAD" holds DOWNLOAD/HISTORY/PACKAGE: an element that holds a section cannot be one. */
static bool begins_path(struct view name, const char *path)
{
    return strncmp(path, name.data, name.len) == 0 && (path[name.len] == '\0' || path[name.len] == '/');
}

bool name_is_known_element(struct view name)
{
    for (size_t i = 0; i < sections_builtin.count; i++)
        if (begins_path(name, sections_builtin.items[i].path))
            return true;
    return is_listed(name, other_elements, COUNT(other_elements));
}

bool name_is_taken_table(struct view name)
{
    for (size_t i = 0; i < sections_builtin.count; i++)
        if (sections_builtin.items[i].table && names_match(name, view_of(sections_builtin.items[i].table)))
            return true;
    for (size_t i = 0; i < COUNT(table_prefixes); i++) {
        size_t len = strlen(table_prefixes[i]);
        if (name.len >= len && strncasecmp(name.data, table_prefixes[i], len) == 0)
            return true;
    }
    return is_listed(name, other_tables, COUNT(other_tables));
}

bool name_is_own_column(struct view name)
{
    return is_listed(name, own_columns, COUNT(own_columns));
}
