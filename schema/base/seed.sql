-- The rows that a new database starts with (schema 7081). Safe to repeat: a row that is there stays as it is.
-- Readers of the database rely on them: the console shows the configuration, servers fall back on nothing else.

INSERT IGNORE INTO `config` (`NAME`, `IVALUE`, `TVALUE`) VALUES
  ('AUTO_DUPLICATE_LVL', 7, ''),
  ('CAS_BASEURL', 0, ''),
  ('CAS_SERVER_CA_CERT_PATH', 0, ''),
  ('DEFAULT_CATEGORY', NULL, NULL),
  ('DEPLOY', 1, ''),
  ('DOWNLOAD', 0, ''),
  ('DOWNLOAD_CYCLE_LATENCY', 60, ''),
  ('DOWNLOAD_FRAG_LATENCY', 10, ''),
  ('DOWNLOAD_GROUPS_TRACE_EVENTS', 1, ''),
  ('DOWNLOAD_PACK_DIR', 0, '/var/lib/ocsinventory-reports'),
  ('DOWNLOAD_PERIOD_LATENCY', 1, ''),
  ('DOWNLOAD_PERIOD_LENGTH', 10, ''),
  ('DOWNLOAD_SERVER_DOCROOT', 0, 'd:\\tele_ocs'),
  ('DOWNLOAD_SERVER_URI', 0, '$IP$/local'),
  ('DOWNLOAD_TIMEOUT', 30, ''),
  ('ENABLE_GROUPS', 1, ''),
  ('FREQUENCY', 0, ''),
  ('GENERATE_OCS_FILES', 0, ''),
  ('GENERATE_OCS_FILES_SNMP', 0, ''),
  ('GROUPS_CACHE_OFFSET', 43200, ''),
  ('GROUPS_CACHE_REVALIDATE', 43200, ''),
  ('GUI_REPORT_AGIN_MACH', 30, ''),
  ('GUI_REPORT_DD_MAX', 4000, ''),
  ('GUI_REPORT_DD_MINI', 500, ''),
  ('GUI_REPORT_NOT_VIEW', 3, ''),
  ('GUI_REPORT_PROC_MAX', 3000, ''),
  ('GUI_REPORT_PROC_MINI', 1000, ''),
  ('GUI_REPORT_RAM_MAX', 512, ''),
  ('GUI_REPORT_RAM_MINI', 128, ''),
  ('GUI_VERSION', 0, '7081'),
  ('INTERFACE_BIOS_DIAGRAM_VISIBILITY', 1, ''),
  ('INTERFACE_LAST_CONTACT', 15, ''),
  ('INVENTORY_CACHE_ENABLED', 1, ''),
  ('INVENTORY_CACHE_REVALIDATE', 7, ''),
  ('INVENTORY_DIFF', 1, ''),
  ('INVENTORY_FILTER_ENABLED', 0, ''),
  ('INVENTORY_FILTER_FLOOD_IP', 0, ''),
  ('INVENTORY_FILTER_FLOOD_IP_CACHE_TIME', 300, ''),
  ('INVENTORY_FILTER_ON', 0, ''),
  ('INVENTORY_ON_STARTUP', 1, '1'),
  ('INVENTORY_TRANSACTION', 1, ''),
  ('INVENTORY_WRITE_DIFF', 0, ''),
  ('IPDISCOVER', 2, ''),
  ('IPDISCOVER_BETTER_THRESHOLD', 1, ''),
  ('IPDISCOVER_IPD_DIR', 0, '/var/lib/ocsinventory-reports'),
  ('IPDISCOVER_LATENCY', 100, ''),
  ('IPDISCOVER_MAX_ALIVE', 7, ''),
  ('IPDISCOVER_NO_POSTPONE', 0, ''),
  ('IPDISCOVER_PURGE_OLD', 0, ''),
  ('IPDISCOVER_PURGE_VALIDITY_TIME', 30, ''),
  ('IPDISCOVER_USE_GROUPS', 1, ''),
  ('LOCK_REUSE_TIME', 600, ''),
  ('LOGLEVEL', 0, ''),
  ('LOG_DIR', 0, '/var/lib/ocsinventory-reports'),
  ('LOG_SCRIPT', 0, '/var/lib/ocsinventory-reports'),
  ('OCS_FILES_FORMAT', 0, 'OCS'),
  ('OCS_FILES_OVERWRITE', 0, ''),
  ('OCS_FILES_PATH', 0, '/tmp'),
  ('OCS_SERVER_ADDRESS', 0, '127.0.0.1'),
  ('PASSWORD_VERSION', 2, 'PASSWORD_BCRYPT'),
  ('PROLOG_FILTER_ON', 0, ''),
  ('PROLOG_FREQ', 24, ''),
  ('REGISTRY', 0, ''),
  ('SCAN_ARP_BANDWIDTH', 256, ''),
  ('SCAN_TYPE_IPDISCOVER', 0, 'ICMP'),
  ('SCAN_TYPE_SNMP', 0, 'ICMP'),
  ('SECURITY_AUTHENTICATION_BLOCK_IP', 0, ''),
  ('SECURITY_AUTHENTICATION_NB_ATTEMPT', 1, ''),
  ('SECURITY_AUTHENTICATION_TIME_BLOCK', 1, ''),
  ('SECURITY_PASSWORD_ENABLED', 0, ''),
  ('SECURITY_PASSWORD_FORCE_NB', 0, ''),
  ('SECURITY_PASSWORD_FORCE_SPE_CHAR', 0, ''),
  ('SECURITY_PASSWORD_FORCE_UPPER', 0, ''),
  ('SECURITY_PASSWORD_MIN_CHAR', 1, ''),
  ('SESSION_VALIDITY_TIME', 600, ''),
  ('SNMP_INVENTORY_DIFF', 1, NULL),
  ('SNMP_LINK_TAG', 0, ''),
  ('TAB_ACCOUNTAG_1', 1, 'TAG'),
  ('TAB_ACCOUNTSNMP_1', 1, 'TAG'),
  ('TRACE_DELETED', 0, ''),
  ('UPDATE', 0, ''),
  ('VULN_CVE_DELAY_TIME', 2, ''),
  ('WARN_UPDATE', 1, '1'),
  ('WOL_PORT', 0, '7,9');

INSERT IGNORE INTO `config_ldap` (`NAME`, `IVALUE`, `TVALUE`) VALUES
  ('CONEX_LDAP_FILTER1', NULL, ''),
  ('CONEX_LDAP_FILTER1_ROLE', NULL, ''),
  ('CONEX_LDAP_FILTER2', NULL, ''),
  ('CONEX_LDAP_FILTER2_ROLE', NULL, ''),
  ('CONEX_LDAP_NB_FILTERS', 0, '2');

-- admin / admin, as the console expects it of a new installation: it makes the administrator choose another password.
INSERT IGNORE INTO `operators` (`ID`, `FIRSTNAME`, `LASTNAME`, `ACCESSLVL`, `NEW_ACCESSLVL`, `EMAIL`, `USER_GROUP`, `PASSWORD_VERSION`, `PASSWD`, `COMMENTS`) VALUES
  ('admin', 'admin', 'admin', 1, 'sadmin', NULL, NULL, 2, '8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918', 'The first administrator');

INSERT IGNORE INTO `accountinfo_config` (`ID`, `NAME_ACCOUNTINFO`, `TYPE`, `NAME`, `ID_TAB`, `COMMENT`, `SHOW_ORDER`, `ACCOUNT_TYPE`, `DEFAULT_VALUE`) VALUES
  (1, 'TAG', 0, 'TAG', 1, 'TAG', 1, 'COMPUTERS', NULL),
  (2, 'TAG', 0, 'TAG', 1, 'TAG', 1, 'SNMP', NULL);

INSERT IGNORE INTO `blacklist_macaddresses` (`ID`, `MACADDRESS`) VALUES
  (1, '00:00:00:00:00:00'),
  (2, 'FF:FF:FF:FF:FF:FF'),
  (3, '44:45:53:54:00:00'),
  (4, '44:45:53:54:00:01'),
  (5, '00:01:02:7D:9B:1C'),
  (6, '00:08:A1:46:06:35'),
  (7, '00:08:A1:66:E2:1A'),
  (8, '00:09:DD:10:37:68'),
  (9, '00:0F:EA:9A:E2:F0'),
  (10, '00:10:5A:72:71:F3'),
  (11, '00:11:11:85:08:8B'),
  (12, '10:11:11:11:11:11'),
  (13, '44:45:53:54:61:6F'),
  (14, '');

INSERT IGNORE INTO `blacklist_serials` (`ID`, `SERIAL`) VALUES
  (1, 'N/A'),
  (2, '(null string)'),
  (3, 'INVALID'),
  (4, 'SYS-1234567890'),
  (5, 'SYS-9876543210'),
  (6, 'SN-12345'),
  (7, 'SN-1234567890'),
  (8, '1111111111'),
  (9, '1111111'),
  (10, '1'),
  (11, '0123456789'),
  (12, '12345'),
  (13, '123456'),
  (14, '1234567'),
  (15, '12345678'),
  (16, '123456789'),
  (17, '1234567890'),
  (18, '123456789000'),
  (19, '12345678901234567'),
  (20, '0000000000'),
  (21, '000000000'),
  (22, '00000000'),
  (23, '0000000'),
  (24, '000000'),
  (25, 'NNNNNNN'),
  (26, 'xxxxxxxxxxx'),
  (27, 'EVAL'),
  (28, 'IATPASS'),
  (29, 'none'),
  (30, 'To Be Filled By O.E.M.'),
  (31, 'Tulip Computers'),
  (32, 'Serial Number xxxxxx'),
  (33, 'SN-123456fvgv3i0b8o5n6n7k'),
  (34, '');

INSERT IGNORE INTO `software_publisher` (`ID`, `PUBLISHER`) VALUES
  (1, 'Unavailable');

INSERT IGNORE INTO `software_version` (`ID`, `VERSION`, `PRETTYVERSION`, `MAJOR`, `MINOR`, `PATCH`) VALUES
  (1, 'Unavailable', 'Unavailable', 0, 0, 0);

INSERT IGNORE INTO `snmp_types` (`ID`, `TYPE_NAME`, `TABLE_TYPE_NAME`) VALUES
  (1, 'Default', 'snmp_default');

INSERT IGNORE INTO `snmp_types_conditions` (`ID`, `TYPE_ID`, `CONDITION_OID`, `CONDITION_VALUE`) VALUES
  (1, 1, '1.3.6.1.2.1.1.1.0', NULL);

INSERT IGNORE INTO `snmp_labels` (`ID`, `LABEL_NAME`) VALUES
  (1, 'DefaultDescription'),
  (2, 'DefaultName'),
  (3, 'DefaultUptime'),
  (4, 'DefaultLocation'),
  (5, 'DefaultAddressIP'),
  (6, 'DefaultGateway');

INSERT IGNORE INTO `snmp_configs` (`ID`, `TYPE_ID`, `LABEL_ID`, `OID`, `RECONCILIATION`, `IPD_RECONCILIATION`) VALUES
  (1, 1, 2, '1.3.6.1.2.1.1.5.0', 'Yes', NULL),
  (2, 1, 1, '1.3.6.1.2.1.1.1.0', NULL, NULL),
  (3, 1, 4, '1.3.6.1.2.1.1.6.0', NULL, NULL),
  (4, 1, 3, '1.3.6.1.2.1.1.3.0', NULL, NULL),
  (5, 1, 5, '1.3.6.1.2.1.4.20.1.1', NULL, NULL),
  (6, 1, 6, '1.3.6.1.2.1.4.20.1.3', NULL, NULL);

INSERT IGNORE INTO `notification` (`ID`, `TYPE`, `FILE`, `SUBJECT`, `ALTBODY`) VALUES
  (1, 'SELECTED', 'DEFAULT', NULL, NULL),
  (2, 'DEFAULT', 'templates/OCS_template.html', 'Notification OCSInventory', 'Default report inventory'),
  (3, 'PERSO', NULL, NULL, NULL);

INSERT IGNORE INTO `downloadwk_tab_values` (`ID`, `FIELD`, `VALUE`, `LBL`, `DEFAULT_FIELD`) VALUES
  (1, 'TAB', 'INFO_DEM', '1033', 1),
  (2, 'TAB', 'INFO_PAQUET', '1034', 1),
  (3, 'TAB', 'INFO_CONF', '1035', 1),
  (4, 'TAB', 'INFO_VALID', '1036', 1),
  (5, 'TAB', 'INFO_HISTO', '1052', 1);

INSERT IGNORE INTO `downloadwk_statut_request` (`ID`, `NAME`, `LBL`, `ACTIF`) VALUES
  (1, 'NIV0', 'DELETE', 0),
  (2, 'NIV1', 'WAITING FOR INCLUSION', 0),
  (3, 'NIV2', 'ACKNOWLEDGEMENT', 0),
  (4, 'NIV3', 'REFUSAL', 0),
  (5, 'NIV4', 'NEED TO CHANGE', 0),
  (6, 'NIV5', 'CREATE PACKAGE', 0),
  (7, 'NIV6', 'LOCAL TEST', 0),
  (8, 'NIV7', 'PERIMETER LIMITED DEPLOYMENT', 0),
  (9, 'NIV8', 'DURING DEPLOYMENT', 0);

INSERT IGNORE INTO `downloadwk_fields` (`ID`, `TAB`, `FIELD`, `TYPE`, `LBL`, `MUST_COMPLETED`, `VALUE`, `DEFAULT_FIELD`, `RESTRICTED`, `LINK_STATUS`) VALUES
  (1, '1', 'USER', 3, '1038', 1, 'loggeduser', 1, 0, 0),
  (2, '2', 'NAME_TELEDEPLOY', 0, '1037', 1, '', 1, 0, 0),
  (3, '2', 'INFO_PACK', 0, '53', 1, '', 1, 0, 0),
  (4, '3', 'PRIORITY', 2, '1039', 1, '', 1, 0, 0),
  (5, '3', 'NOTIF_USER', 2, '1040', 1, '', 1, 0, 0),
  (6, '3', 'REPORT_USER', 2, '1041', 1, '', 1, 0, 0),
  (7, '3', 'REBOOT', 2, '1042', 1, '', 1, 0, 0),
  (8, '4', 'VALID_INSTALL', 6, '1043', 1, '', 1, 0, 0),
  (9, '4', 'STATUS', 2, '1046', 0, '2', 1, 1, 0),
  (10, '5', 'LIST_HISTO', 10, '1052', 0, 'select AUTHOR, DATE, ACTION from downloadwk_history', 1, 0, 0);
