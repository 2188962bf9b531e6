#include "common/ocs_config/ocs_config.h"

#include <criterion/criterion.h>

Test(ocs_config, defaults_are_those_of_an_installation)
{
    struct ocs_config c;
    memset(&c, 0x5A, sizeof c);
    ocs_config_defaults(&c);
    cr_expect_eq(c.prolog_freq, 24);
    cr_expect_eq(c.frequency, 0);
    cr_expect_eq(c.download_frag_latency, 10);
    cr_expect_eq(c.groups_cache_offset, 43200);
    cr_expect_str_eq(c.scan_type_ipdiscover, "ICMP");
    cr_expect_str_eq(c.ocs_files_path, "/tmp");
    cr_expect(!c.frequency_is_null && !c.from_database);
}

Test(ocs_config, no_option_is_listed_twice)
{
    static const char *const names[] = {
#define X(field, name, dflt) name,
        OCS_CONFIG_NUMBERS(X) OCS_CONFIG_TEXTS(X)
#undef X
    };
    for (size_t i = 0; i < COUNT(names); i++)
        for (size_t k = i + 1; k < COUNT(names); k++)
            cr_expect_str_neq(names[i], names[k]);
}
