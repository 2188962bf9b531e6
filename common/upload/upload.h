/**
 * What the pipeline calls an upload: its identity, its kind, where it came from, and its envelope (the few fields
 * that the gateway must know before it accepts anything).
 *
 * It is not the inventory: that is read by the parser (common/xml) and travels as a record (common/record).
 *
 * Threads: everything here is pure; an envelope's views point into the text it was read from.
 */
#ifndef MUSTER_COMMON_UPLOAD_UPLOAD_H
#define MUSTER_COMMON_UPLOAD_UPLOAD_H

#include "common/base/bytes.h"
#include "common/base/status.h"

/** Unique, and sorted by the time of acceptance: (microseconds since 1970 UTC, gateway id and sequence). */
struct upload_id {
    uint64_t hi; /**< microseconds since 1970 when it was received; per gateway never the same or smaller twice */
    uint64_t lo; /**< gateway id (upper 16 bits), sequence of that gateway (lower 48 bits) */
};

enum { UPLOAD_ID_TEXT = 34 }; /**< 16 hex digits, '-', 16 hex digits, NUL */

/** <0, 0, >0 as a is older than, the same as, newer than b. */
int upload_id_compare(struct upload_id a, struct upload_id b);
/** Text for log lines and file names, into `out[UPLOAD_ID_TEXT]`; returns `out`. */
const char *upload_id_text(struct upload_id id, char *out);
MUST_CHECK status upload_id_parse(const char *text, struct upload_id *out);

/** What kind of message it is; the numbers are on disk and on the wire, never re-use one. */
enum upload_kind {
    UPLOAD_INVENTORY = 1, /**< XML as received (any coding) */
    UPLOAD_CONTACT = 2,   /**< a PROLOG was answered: a record (common/record), made by the gateway */
    UPLOAD_SNMP = 3,      /**< XML as received */
    UPLOAD_DOWNLOAD = 4,  /**< result of a deployment; XML as received */
    UPLOAD_NOTIFY = 5,    /**< change of address; XML as received */
    UPLOAD_KIND_END
};

/** "inventory", "contact", ...; "unknown" for any other number. */
const char *upload_kind_name(enum upload_kind kind);
/** A set of kinds, as consumers announce it. */
#define UPLOAD_MASK(kind) (1u << (kind))

/** An address as the listener (or a trusted proxy) gave it. */
struct upload_address {
    uint8_t bytes[16];
    uint8_t len; /**< 4, 16, or 0 when unknown */
};

enum { UPLOAD_ADDRESS_TEXT = 46 };
/** IPv4 dotted or IPv6 text (RFC 5952; IPv4-mapped addresses as IPv4) into `out[UPLOAD_ADDRESS_TEXT]`; "" when unknown. */
const char *upload_address_text(const struct upload_address *address, char *out);
MUST_CHECK status upload_address_parse(const char *text, struct upload_address *out);

/** Everything about an upload but its body. */
struct upload_head {
    struct upload_id id;
    enum upload_kind kind;
    struct upload_address from;
    bool https;
    uint64_t device_hash; /**< upload_device_hash(): uploads with the same value are handed out one after the other */
    struct view agent;    /**< User-Agent, cleaned (protocol.md 1.2); at most UPLOAD_AGENT_MAX bytes */
};

enum { UPLOAD_AGENT_MAX = 255, UPLOAD_DEVICEID_MAX = 255 };

/**
 * A head in bytes, followed by the body: how an upload rests in the spool and travels to the parser.
 *
 *   offset  size  big-endian
 *        0     1  format 1
 *        1     1  kind
 *        2     1  flags: bit 0: received over HTTPS; bit 1: a User-Agent was sent
 *        3     1  address length: 0, 4 or 16
 *        4    16  address, zero-filled
 *       20     8  upload id, hi
 *       28     8  upload id, lo
 *       36     8  device hash
 *       44     2  agent length, at most UPLOAD_AGENT_MAX
 *       46     2  reserved, 0
 *       48     n  agent, then the body
 */
enum { UPLOAD_HEAD_SIZE = 48, UPLOAD_HEAD_MAX = UPLOAD_HEAD_SIZE + UPLOAD_AGENT_MAX };
/** @return bytes written to `out` (UPLOAD_HEAD_MAX are enough); an agent above UPLOAD_AGENT_MAX is cut */
size_t upload_head_encode(const struct upload_head *head, uint8_t *out);
/** @param body  on ST_OK: what follows the head (a view of `in`, like head->agent)  @retval ST_MALFORMED */
MUST_CHECK status upload_head_decode(const void *in, size_t len, struct upload_head *head, struct view *body);

/** Hash of a DEVICEID, equal for spellings that differ in ASCII case only. */
uint64_t upload_device_hash(struct view deviceid);

/** The User-Agent as OCS cleans it: control bytes out, the whole "Invalid_agent" if it contains one of < > " ' ;
 *  Writes at most UPLOAD_AGENT_MAX bytes (cut between characters) and returns their number. */
size_t upload_clean_agent(struct view header, char out[UPLOAD_AGENT_MAX]);

/** One KEYNAME/KEYVALUE pair of ACCOUNTINFO. */
struct upload_account {
    struct view name, value; /**< absent when the element is missing or blank */
};

enum { UPLOAD_ACCOUNTS_MAX = 64 };

/**
 * What the gateway reads of a request before it accepts it. Views point into the text or into `scratch`.
 *
 * A value is absent when its element is missing or has nothing but blanks; it is empty, which equals nothing that anybody expects,
 * when the element is there but no text: it has attributes or elements of its own, or it is there twice. Attributes of an element
 * are the same as elements in it (protocol.md 1.5).
 */
struct upload_envelope {
    struct view query;    /**< decoded text of QUERY; absent when missing */
    struct view deviceid; /**< decoded text of DEVICEID (root, else CONTENT/DEVICEID); absent when missing */
    bool query_repeated;
    struct upload_account accounts[UPLOAD_ACCOUNTS_MAX]; /**< CONTENT/ACCOUNTINFO in order, the first ones */
    size_t account_count;
    struct view platform, agent, dmi, ipdiscover; /**< QUERY UPDATE only: children of the root */
};

/**
 * Scan a whole document for its envelope in one pass, without building anything: checks that tags nest and close, that
 * there is one root, that no DOCTYPE, no over-long tag and no deeper nesting than the limits occurs (64 levels, 4096 bytes a tag,
 * 5,000,000 elements). It does not check characters and entities everywhere: that is the parser's part, which repairs them.
 *
 * @param text, len  UTF-8 or another superset of ASCII (UTF-16 must have been converted before)
 * @param scratch    memory for decoded values, at least 64 KiB; views in `out` may point into it
 * @param why        set on failure: xml_empty, xml_encoding (UTF-16), xml_doctype, xml_not_closed, xml_depth, xml_tag_too_long,
 *                   xml_elements, xml_no_root, xml_after_root; and for the values above xml_entity and
 *                   xml_value_too_long
 * @retval ST_MALFORMED  as `why` says   @retval ST_TOO_BIG  depth, tag length, number of elements, `scratch` is full
 */
MUST_CHECK status upload_envelope_read(const char *text, size_t len, char *scratch, size_t scratch_len,
                                       struct upload_envelope *out, struct reason *why);

/** Whether a DEVICEID has the form that OCS insists on (protocol.md 1.7): text, then -YYYY-MM-DD-hh-mm-ss. */
bool upload_deviceid_is_valid(struct view deviceid);

#endif
