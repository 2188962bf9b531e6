/**
 * Spool segment: one file of fixed size, `<number in 16 hex digits>.seg`. Records are written front to back, what was
 * written is never changed; acknowledgements are written back to front from the end of the file.
 *
 *   segment := head record* rest ack*
 *   record  := header payload pad          payload: an upload's head and body (upload.h); pad: zeros to a multiple of 8
 *
 *   offset  size  head of a segment (big-endian)
 *        0     4  magic "MSPL"
 *        4     4  format 1
 *        8     8  number        as in the file's name
 *       16     8  nonce         random, another one for each use of the file
 *       24     8  size          of the file, bytes
 *       32     8  made          microseconds since 1970; no upload id in an earlier segment is greater
 *       40     2  gateway id
 *       42    18  reserved      0
 *       60     4  crc           CRC-32C of bytes 0..59
 *
 *   offset  size  header of a record
 *        0     4  magic "UPLD"
 *        4     4  payload_len   bytes
 *        8    16  upload id     greater than those of all records before, unless bit 0 of flags is set
 *       24     8  segment       number of the segment
 *       32     8  nonce         of the segment
 *       40     8  device hash
 *       48     4  batch         offset / 8 of the first record that was written with the same write; everything in front
 *                               of it was on stable storage before
 *       52     1  kind          enum upload_kind
 *       53     1  flags         bit 0: taken back from quarantine, with the id that it had; the others: 0
 *       54     2  reserved      0
 *       56     4  payload_crc   CRC-32C of the payload
 *       60     4  header_crc    CRC-32C of bytes 0..59
 *
 *   offset  size  acknowledgement; number i stands 8 * (i + 1) bytes before the end of the file
 *        0     4  offset / 8 of the record that need not be offered again
 *        4     4  crc           CRC-32C of the nonce (8 bytes) and bytes 0..3
 *
 * Used again: a segment whose uploads are all acknowledged is renamed to `.free` and later gets a new head, number and
 *   nonce: blocks that were written before are synced twice as fast as new ones. The nonce tells the records of this use
 *   from those of earlier ones, and from bytes that an agent sends to look like a record.
 * Durability: a reply is sent only after fdatasync() of the bytes of its record returned without error. If it fails the
 *   segment is closed for ever (the kernel may have dropped the pages) and the upload is answered 503.
 * Space: the file is reserved in full when it is made, and each record reserves the 8 bytes of its acknowledgement, so an
 *   acknowledgement can never fail because the disk is full. It is written without a sync: one that is lost means that
 *   the upload is offered once more, which is harmless.
 *   At a start, into a segment that is found no more records will come: the whole blocks (4 KiB) behind the last record and in
 *   front of the room of its acknowledgements become a hole, if they are at least 1/16 of the file; they read as zeros, which
 *   are no record. Not where damaged bytes are behind the last record. The cap counts the rest. Such a file is not used again;
 *   and since a crash may hide the hole, the room of every file that is used again is reserved once more.
 * Recovery (recovery.h): read on while header_crc and payload_crc fit. What does not is skipped to the next record that
 *   fits; it was torn by a crash, and nobody was told that it was stored, unless a later record's `batch` proves that it
 *   had been synced, or it looks like a record of this use: then it is damage (or, in the last group, torn: nobody can tell), kept
 *   in quarantine and counted.
 * Format changes: raise `format`, keep the reader of the old one until no such segment can exist; a newer format than
 *   known is left alone and reported with the file's name.
 * Tested by: cutting a segment at every byte; flipping bits of heads, headers and bodies; records of earlier uses;
 *   ending the process at every system call; ENOSPC and EIO (tests/unit/spool).
 *
 * Threads: pure.
 */
#ifndef MUSTER_GATEWAY_SPOOL_SEGMENT_H
#define MUSTER_GATEWAY_SPOOL_SEGMENT_H

#include "common/upload/upload.h"

enum {
    SEGMENT_FORMAT = 1,
    SEGMENT_HEAD = 64,
    RECORD_HEAD = 64,
    RECORD_ALIGN = 8,
    ACK_SIZE = 8,
    SEGMENT_NAME = 32, /**< 16 hex digits, a suffix, NUL */
};

/** Numbers are given upwards from the greatest that is found: none that stands in a folder by mistake may make them begin anew, and so
 *  meet files that are there. */
#define SEGMENT_NUMBER_MAX (UINT64_MAX >> 4)

struct segment_head {
    uint64_t number, nonce;
    int64_t size, made_us;
    uint16_t gateway_id;
};

struct record {
    struct upload_id id;
    uint64_t device_hash;
    enum upload_kind kind;
    uint32_t payload_len, payload_crc;
    uint32_t batch; /**< offset / 8 */
    bool is_again;  /**< taken back from quarantine: its id may be older than those before it */
};

void segment_head_encode(const struct segment_head *head, uint8_t out[SEGMENT_HEAD]);
/** @retval ST_MALFORMED  no magic, wrong checksum  @retval ST_REFUSED  another format */
MUST_CHECK status segment_head_decode(const uint8_t in[SEGMENT_HEAD], struct segment_head *out);

void record_encode(const struct record *r, uint64_t number, uint64_t nonce, uint8_t out[RECORD_HEAD]);
/** @retval ST_MALFORMED  not a record of this use of this segment */
MUST_CHECK status record_decode(const uint8_t in[RECORD_HEAD], uint64_t number, uint64_t nonce, struct record *out);
/** Whether bytes that record_decode() refused look like a record of this use that was damaged afterwards. */
bool record_is_damaged(const uint8_t in[RECORD_HEAD], uint64_t number, uint64_t nonce);
/** Number and nonce that a record claims; only its checksum was verified. For segments whose head is damaged. */
MUST_CHECK status record_origin(const uint8_t in[RECORD_HEAD], uint64_t *number, uint64_t *nonce);

/** Bytes of a record with this payload, pad included. */
static inline int64_t record_size(size_t payload_len)
{
    return RECORD_HEAD + (int64_t)((payload_len + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN);
}

void ack_encode(uint32_t place, uint64_t nonce, uint8_t out[ACK_SIZE]);
MUST_CHECK status ack_decode(const uint8_t in[ACK_SIZE], uint64_t nonce, uint32_t *place);

/** "<number>.<suffix>" into `out[SEGMENT_NAME]`; returns `out`. */
const char *segment_name(uint64_t number, const char *suffix, char *out);
/** @return whether `name` is a number of ours and ".<suffix>" */
bool segment_name_parse(const char *name, const char *suffix, uint64_t *number);

#endif
