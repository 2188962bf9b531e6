/**
 * The index of a segment, `<number>.idx`: what a start needs to know of its records, so that it reads one small file instead of
 * the headers that are spread over the whole segment. It is only a short cut: without it, or when it does not fit, the segment
 * itself is read (scan.h).
 *
 *   index := head entry* crc          numbers are big-endian
 *
 *   offset  size  head
 *        0     4  magic "MSPX"
 *        4     4  format 1
 *        8     8  number        of the segment
 *       16     8  nonce         of this use of the segment
 *       24     8  size          of the segment's file, bytes
 *       32     8  end           offset behind its last record
 *       40    16  newest        the greatest upload id in it
 *       56     4  count         of entries
 *       60     4  crc           CRC-32C of bytes 0..59
 *
 *   offset  size  entry, one for each record, in the order of the records
 *        0     4  place         offset / 8 of the record
 *        4     4  payload_len   bytes
 *        8    16  upload id
 *       24     8  device hash
 *       32     4  payload_crc   CRC-32C of the payload
 *       36     1  kind          enum upload_kind
 *       37     1  flags         bit 0: taken back from quarantine; the others: 0
 *       38     2  reserved      0
 *
 *   crc: 4 bytes, CRC-32C of everything before
 *
 * Written: by the keeper, of a segment into which no more records will come and in which something lives, when all of its records
 *   were synced (once more: those that a killed process left behind) and none of its bytes is damaged; under a temporary name,
 *   `<number>.tmp`, which is renamed after a sync. When that fails nothing is lost but time at the next start.
 * Removed: before its segment is removed or used again; and when the cap would be exceeded otherwise: indexes give way, and
 *   are made again when there is room. At a start those that fit no segment are removed.
 * Believed: when number, nonce and size are those of the segment, all checksums fit, and the places are in order, inside the
 *   segment and do not overlap. Payloads are verified when they are given out, with the header that is in the segment.
 * Memory: as much as a scan of the segment takes, bounded by the records that fit it.
 * Format changes: raise `format`; what is not known is removed and made anew.
 *
 * Threads: pure but for the files.
 */
#ifndef MUSTER_GATEWAY_SPOOL_SEGMENT_INDEX_H
#define MUSTER_GATEWAY_SPOOL_SEGMENT_INDEX_H

#include "services/gateway/spool/scan.h"

/** Bytes of an index of so many records. */
int64_t segment_index_size(size_t count);

/**
 * Write the index of a segment. All that is in `scan` must be on stable storage.
 *
 * @param folder  descriptor of the folder of segments
 * @retval ST_NO_SPACE  @retval ST_IO  @retval ST_NO_MEMORY
 */
MUST_CHECK status segment_index_write(const struct spool_calls *calls, int folder, const struct segment_head *head,
                                      const struct scan *scan);

/**
 * The records of a segment from its index.
 *
 * @param head  number, nonce and size of the segment as it was found
 * @param out   on ST_OK: as scan_segment() gives it, without gaps; `batch` of the records is 0
 * @retval ST_NOT_FOUND  there is none  @retval ST_MALFORMED  not an index, damaged, or not of this use of this segment
 * @retval ST_IO  @retval ST_NO_MEMORY
 */
MUST_CHECK status segment_index_read(const struct spool_calls *calls, int folder, const struct segment_head *head,
                                     struct scan *out);

/** Remove it. @return 0, or -1 and errno */
int segment_index_remove(const struct spool_calls *calls, int folder, uint64_t number);

#endif
