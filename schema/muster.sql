-- Muster's own tables. OCS's tables keep OCS's meaning; what Muster must remember stands here.
-- Safe to repeat. Nothing here has a default that could differ between MariaDB and MySQL.

-- One row per DEVICEID that Muster has seen an INVENTORY of: the lock of the device (SELECT ... FOR UPDATE), the newest upload
-- that was applied, and the hashes of its sections.
CREATE TABLE IF NOT EXISTS muster_device (
  DEVICEID     varchar(255) CHARACTER SET utf8mb3 NOT NULL,
  HARDWARE_ID  int NULL,
  INVENTORY_HI bigint unsigned NOT NULL DEFAULT 0,  -- id of the newest INVENTORY applied
  INVENTORY_LO bigint unsigned NOT NULL DEFAULT 0,
  CONTACT_HI   bigint unsigned NOT NULL DEFAULT 0,  -- id of the newest other upload applied
  CONTACT_LO   bigint unsigned NOT NULL DEFAULT 0,
  NORMALISER   smallint unsigned NOT NULL DEFAULT 0,
  FLAGS        int unsigned NOT NULL DEFAULT 0,     -- bit 0: trust no fingerprint, read and compare everything once
  SECTIONS     blob NULL,                           -- packed: docs/formats/state.md
  PRIMARY KEY (DEVICEID),
  KEY HARDWARE_ID (HARDWARE_ID)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Fingerprints of the rows of one section of one device.
CREATE TABLE IF NOT EXISTS muster_rows (
  HARDWARE_ID  int NOT NULL,
  SECTION      bigint unsigned NOT NULL,            -- XXH3-64 of the section's name
  PACKED_ROWS  mediumblob NOT NULL,                 -- packed: docs/formats/state.md
  PRIMARY KEY (HARDWARE_ID, SECTION)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- With INVENTORY_SESSION_ONLY: devices that were told to send. Written by the gateways, so that each knows what another one answered; a
-- row goes with the INVENTORY that was sent.
CREATE TABLE IF NOT EXISTS muster_session (
  DEVICEID     varchar(255) CHARACTER SET utf8mb3 NOT NULL,
  STARTED      bigint NOT NULL,                     -- seconds since 1970, clock of the database
  PRIMARY KEY (DEVICEID),
  KEY STARTED (STARTED)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- With the gateway's setting pin: the key of the certificate that a device showed first, SHA-256 in hex digits. A row goes by hand:
-- `muster pin clear DEVICEID`.
CREATE TABLE IF NOT EXISTS muster_pin (
  DEVICEID     varchar(255) CHARACTER SET utf8mb3 NOT NULL,
  KEY_SHA256   char(64) CHARACTER SET latin1 NOT NULL,
  PINNED       datetime NOT NULL,                   -- UTC
  PRIMARY KEY (DEVICEID)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Which migrations were applied.
CREATE TABLE IF NOT EXISTS muster_schema (
  VERSION      int NOT NULL,
  NAME         varchar(190) NOT NULL,
  APPLIED      datetime NOT NULL,
  PRIMARY KEY (VERSION)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
