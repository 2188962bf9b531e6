/**
 * Rules that the operator keeps in OCS's console: categories of software, services that are looked for (inventory-to-database.md 9). Read
 * together with OCS's options; compiled again only when they changed. A rule that is no regular expression is left out, with a warning.
 *
 * Threads: one thread.
 */
#ifndef MUSTER_WRITER_OPERATOR_RULES_H
#define MUSTER_WRITER_OPERATOR_RULES_H

#include "common/db/db.h"
#include "common/ocs_config/ocs_config.h"

enum { RULES_MAX = 10000 }; /**< of each kind; what is above is not read */

struct operator_rules;

/** Without rules. @return NULL when memory is out */
struct operator_rules *operator_rules_new(void);
void operator_rules_free(struct operator_rules *r); /**< NULL is allowed */
AUTO_DEFINE(struct operator_rules, operator_rules_free)

/** Read what the tables have now; a database without these tables has no rules. @retval as db_query() */
MUST_CHECK status operator_rules_read(struct operator_rules *r, struct db *db, const struct ocs_config *options);

/** What an agent says of one program; absent is the same as empty. */
struct software_words {
    struct view name, publisher, version;
};

/** Changes whenever a program might be in another category than before; 0: there are no categories. */
uint64_t operator_rules_categories_hash(const struct operator_rules *r);
/** Category of a program: that of the last rule that matches, else the default; 0: none. @param agent  User-Agent */
uint32_t operator_rules_category(const struct operator_rules *r, struct view agent, const struct software_words *words,
                                 struct arena *arena);

/** Changes whenever the services do. */
uint64_t operator_rules_services_hash(const struct operator_rules *r);
/** Ids of the services whose rule matches an entry, from number `*next` on; false: no more. */
bool operator_rules_service(const struct operator_rules *r, struct view entry, size_t *next, uint32_t *id);

#endif
