/** Inner: the numbers and texts of a record's body, shared by builder and reader. */
#ifndef MUSTER_COMMON_RECORD_ENCODING_H
#define MUSTER_COMMON_RECORD_ENCODING_H

enum {
    RECORD_OFFSET_FORMAT = 4,
    RECORD_OFFSET_KIND = 5,
    RECORD_OFFSET_FLAGS = 6,
    RECORD_OFFSET_NORMALISER = 8,
    RECORD_OFFSET_SECTIONS = 10,
    RECORD_OFFSET_RAW_LEN = 12,
    RECORD_CRC_SIZE = 4,
    RECORD_FLAG_LZ4 = 1,
    RECORD_FLAG_HTTPS = 2,
    RECORD_SECTION_FIXED = 28, /**< flags, fields, rows, section_len, hash: behind a section's name */
    RECORD_ROW_FIXED = 12,     /**< fingerprint and row_len */
    RECORD_VARINT_MAX = 5,
};

#define RECORD_MAGIC "MREC"

#endif
