-- Indexes that OCS's schema lacks and that statements of ours need. A database that Muster makes has them. Into a database that
-- it finds, `muster db upgrade --indexes` adds those that are missing, one after the other, without locking the table.
--
-- The form is fixed, because `muster db check` reads this file: comment lines that say what the lack costs, then one line with
-- the statement. An index is not missing when the table has any index that begins with the same columns.

-- Each inventory replaces users by HARDWARE_ID: the whole table is read and locked for it. Measured with 20,000 devices of
-- 12 users: 10 devices per second without the index, 2,350 with it.
ALTER TABLE `local_users` ADD INDEX `muster_hardware` (`HARDWARE_ID`);

-- The same for groups of users.
ALTER TABLE `local_groups` ADD INDEX `muster_hardware` (`HARDWARE_ID`);

-- The same for cloud subscriptions.
ALTER TABLE `saas` ADD INDEX `muster_hardware` (`HARDWARE_ID`);

-- Deleting or merging a device reads the whole list of vulnerabilities found.
ALTER TABLE `cve_search_computer` ADD INDEX `muster_hardware` (`HARDWARE_ID`);

-- The search for duplicates by UUID reads the whole table for each inventory: 66 ms at 100,000 devices.
ALTER TABLE `hardware` ADD INDEX `muster_uuid` (`UUID`);

-- The search for duplicates by model reads the whole table for each inventory: 58 ms at 100,000 devices.
ALTER TABLE `bios` ADD INDEX `muster_model` (`SMODEL`);
