-- The tables of OCS Inventory NG's database, schema 7081 (console 2.12.4, servers 2.12.4 and 2.12.5), for a database that
-- Muster makes itself. Facts: schema/facts/*.csv; a test compares a fresh database with them.
--
-- Safe to repeat, for MySQL 8.0+ and MariaDB 10.5+:
-- * no display width but tinyint(1), and no name of a utf8mb3 collation: the two servers, and their versions, do not agree on
--   those. BINARY behind a character set means its _bin collation on both.
-- * every name in backquotes: `groups` is a reserved word of MySQL 8.
-- * engines are named: four tables live in memory only, as the readers of this database expect.

-- MariaDB 11.5 gave utf8mb3 another default collation; the one that OCS compares with is general_ci.
/*M!110200 SET SESSION character_set_collations = '' */;

CREATE TABLE IF NOT EXISTS `accesslog` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID` int NOT NULL,
  `USERID`      varchar(255) NULL,
  `LOGDATE`     datetime NULL,
  `PROCESSES`   text NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`),
  KEY `USERID` (`USERID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `accountinfo` (
  `HARDWARE_ID` int NOT NULL,
  `TAG`         varchar(255) NULL DEFAULT 'NA',
  PRIMARY KEY (`HARDWARE_ID`),
  KEY `TAG` (`TAG`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `accountinfo_config` (
  `ID`               int NOT NULL AUTO_INCREMENT,
  `NAME_ACCOUNTINFO` varchar(255) NULL,
  `TYPE`             int NULL,
  `NAME`             varchar(255) NULL,
  `ID_TAB`           int NULL,
  `COMMENT`          varchar(255) NULL,
  `SHOW_ORDER`       int NOT NULL,
  `ACCOUNT_TYPE`     varchar(255) NULL,
  `DEFAULT_VALUE`    varchar(255) NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `assets_categories` (
  `ID`            int NOT NULL AUTO_INCREMENT,
  `CATEGORY_NAME` varchar(255) NOT NULL,
  `CATEGORY_DESC` varchar(255) NOT NULL,
  `SQL_QUERY`     text NOT NULL,
  `SQL_ARGS`      text NOT NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `auth_attempt` (
  `ID`              int NOT NULL AUTO_INCREMENT,
  `DATETIMEATTEMPT` datetime NOT NULL,
  `LOGIN`           varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  `IP`              varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  `SUCCESS`         int NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `batteries` (
  `ID`                       int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID`              int NOT NULL,
  `CHEMISTRY`                varchar(20) NULL,
  `CYCLES`                   int NULL,
  `DESCRIPTION`              varchar(10) NULL DEFAULT 'N/A',
  `DESIGNCAPACITY`           varchar(10) NULL,
  `DESIGNVOLTAGE`            varchar(20) NULL,
  `ESTIMATEDCHARGEREMAINING` varchar(255) NULL,
  `MANUFACTURER`             varchar(255) NULL,
  `NAME`                     varchar(255) NULL,
  `SERIALNUMBER`             varchar(255) NULL,
  `STATUS`                   varchar(255) NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`),
  KEY `MANUFACTURER` (`MANUFACTURER`),
  KEY `NAME` (`NAME`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `bios` (
  `HARDWARE_ID`   int NOT NULL,
  `SMANUFACTURER` varchar(255) NULL,
  `SMODEL`        varchar(255) NULL,
  `SSN`           varchar(255) NULL,
  `TYPE`          varchar(255) NULL,
  `BMANUFACTURER` varchar(255) NULL,
  `BVERSION`      varchar(255) NULL,
  `BDATE`         varchar(255) NULL,
  `ASSETTAG`      varchar(255) NULL,
  `MMANUFACTURER` varchar(255) NULL,
  `MMODEL`        varchar(255) NULL,
  `MSN`           varchar(255) NULL,
  PRIMARY KEY (`HARDWARE_ID`),
  KEY `ASSETTAG` (`ASSETTAG`),
  KEY `SSN` (`SSN`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `blacklist_macaddresses` (
  `ID`         int NOT NULL AUTO_INCREMENT,
  `MACADDRESS` varchar(255) NOT NULL DEFAULT '',
  PRIMARY KEY (`ID`),
  UNIQUE KEY `MACADDRESS` (`MACADDRESS`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `blacklist_serials` (
  `ID`     int NOT NULL AUTO_INCREMENT,
  `SERIAL` varchar(255) NOT NULL DEFAULT '',
  PRIMARY KEY (`ID`),
  UNIQUE KEY `SERIAL` (`SERIAL`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `blacklist_subnet` (
  `ID`     int NOT NULL AUTO_INCREMENT,
  `SUBNET` varchar(20) NOT NULL DEFAULT '',
  `MASK`   varchar(20) NOT NULL DEFAULT '',
  PRIMARY KEY (`ID`),
  UNIQUE KEY `SUBNET` (`SUBNET`, `MASK`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `config` (
  `NAME`     varchar(50) NOT NULL,
  `IVALUE`   int NULL,
  `TVALUE`   varchar(255) NULL,
  `COMMENTS` text NULL,
  PRIMARY KEY (`NAME`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `config_ldap` (
  `NAME`     varchar(50) NOT NULL,
  `IVALUE`   int NULL,
  `TVALUE`   text NULL,
  `COMMENTS` text NULL,
  PRIMARY KEY (`NAME`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `conntrack` (
  `IP`        varchar(255) NOT NULL DEFAULT '',
  `TIMESTAMP` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (`IP`) USING HASH
) ENGINE=MEMORY DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `controllers` (
  `ID`           int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID`  int NOT NULL,
  `MANUFACTURER` varchar(255) NULL,
  `NAME`         varchar(255) NULL,
  `CAPTION`      varchar(255) NULL,
  `DESCRIPTION`  varchar(255) NULL,
  `VERSION`      varchar(255) NULL,
  `TYPE`         varchar(255) NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `cpus` (
  `ID`                    int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID`           int NOT NULL,
  `MANUFACTURER`          varchar(255) NULL,
  `TYPE`                  varchar(255) NULL,
  `SERIALNUMBER`          varchar(255) NULL,
  `SPEED`                 varchar(255) NULL,
  `CORES`                 int NULL,
  `L2CACHESIZE`           varchar(255) NULL,
  `CPUARCH`               varchar(255) NULL,
  `DATA_WIDTH`            int NULL,
  `CURRENT_ADDRESS_WIDTH` int NULL,
  `LOGICAL_CPUS`          int NULL,
  `VOLTAGE`               varchar(255) NULL,
  `CURRENT_SPEED`         varchar(255) NULL,
  `SOCKET`                varchar(255) NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `cve_search` (
  `ID`           int NOT NULL AUTO_INCREMENT,
  `PUBLISHER_ID` int NOT NULL,
  `NAME_ID`      int NOT NULL,
  `VERSION_ID`   int NOT NULL,
  `CVSS`         double(4,2) NOT NULL,
  `CVE`          varchar(255) NULL,
  `LINK`         varchar(255) NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `cve_search_computer` (
  `ID`            int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID`   int NOT NULL,
  `HARDWARE_NAME` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  `PUBLISHER`     varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  `VERSION`       varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  `SOFTWARE_NAME` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  `CVSS`          varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  `CVE`           varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  `LINK`          varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `cve_search_correspondance` (
  `ID`             int NOT NULL AUTO_INCREMENT,
  `NAME_REG`       varchar(255) NOT NULL,
  `PUBLISH_RESULT` varchar(255) NULL,
  `NAME_RESULT`    varchar(255) NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `cve_search_history` (
  `ID`           int NOT NULL AUTO_INCREMENT,
  `FLAG_DATE`    datetime NOT NULL,
  `CVE_NB`       int NULL DEFAULT 0,
  `PUBLISHER_ID` int NOT NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `deleted_equiv` (
  `ID`         int NOT NULL AUTO_INCREMENT,
  `DATE`       timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  `DELETED`    varchar(255) NOT NULL,
  `EQUIVALENT` varchar(255) NULL,
  PRIMARY KEY (`ID`),
  KEY `DELETED` (`DELETED`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `deploy` (
  `NAME`    varchar(255) NOT NULL,
  `CONTENT` longblob NOT NULL,
  PRIMARY KEY (`NAME`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `devices` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID` int NOT NULL,
  `NAME`        varchar(50) NOT NULL,
  `IVALUE`      int NULL,
  `TVALUE`      text NULL,
  `COMMENTS`    text NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`),
  KEY `IVALUE` (`IVALUE`),
  KEY `NAME` (`NAME`),
  KEY `TVALUE` (`TVALUE`(255))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `devicetype` (
  `ID`   int NOT NULL AUTO_INCREMENT,
  `NAME` varchar(255) NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `dico_ignored` (
  `EXTRACTED` varchar(255) NOT NULL,
  PRIMARY KEY (`EXTRACTED`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `dico_soft` (
  `EXTRACTED` varchar(255) NOT NULL,
  `FORMATTED` varchar(255) NOT NULL,
  PRIMARY KEY (`EXTRACTED`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `downloadwk_conf_values` (
  `FIELD`         int NULL,
  `VALUE`         varchar(100) NULL,
  `ID`            int NOT NULL AUTO_INCREMENT,
  `DEFAULT_FIELD` int NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `downloadwk_fields` (
  `TAB`            varchar(100) NULL,
  `FIELD`          varchar(100) NULL,
  `TYPE`           int NULL,
  `LBL`            varchar(100) NULL,
  `MUST_COMPLETED` int NULL,
  `ID`             int NOT NULL AUTO_INCREMENT,
  `VALUE`          varchar(255) NULL,
  `DEFAULT_FIELD`  int NULL,
  `RESTRICTED`     int NULL,
  `LINK_STATUS`    int NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `downloadwk_history` (
  `ID`     int NOT NULL AUTO_INCREMENT,
  `ID_DDE` int NULL,
  `AUTHOR` varchar(255) NULL,
  `DATE`   date NULL,
  `ACTION` longtext NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `downloadwk_pack` (
  `ID`         int NOT NULL AUTO_INCREMENT,
  `LOGIN_USER` varchar(255) NULL,
  `GROUP_USER` varchar(255) NULL,
  `Q_DATE`     int NULL,
  `fields_1`   varchar(255) NULL,
  `fields_2`   varchar(255) NULL,
  `fields_3`   varchar(255) NULL,
  `fields_4`   varchar(255) NULL,
  `fields_5`   varchar(255) NULL,
  `fields_6`   varchar(255) NULL,
  `fields_7`   varchar(255) NULL,
  `fields_8`   varchar(255) NULL,
  `fields_9`   varchar(255) NULL,
  `fields_10`  varchar(255) NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `downloadwk_statut_request` (
  `ID`    int NOT NULL AUTO_INCREMENT,
  `NAME`  varchar(20) NULL,
  `LBL`   varchar(255) NULL,
  `ACTIF` int NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `downloadwk_tab_values` (
  `FIELD`         varchar(100) NULL,
  `VALUE`         varchar(100) NULL,
  `LBL`           varchar(100) NULL,
  `ID`            int NOT NULL AUTO_INCREMENT,
  `DEFAULT_FIELD` int NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `download_affect_rules` (
  `ID`         int NOT NULL AUTO_INCREMENT,
  `RULE`       int NOT NULL,
  `PRIORITY`   int NOT NULL,
  `CFIELD`     varchar(20) NOT NULL,
  `OP`         varchar(20) NOT NULL,
  `COMPTO`     varchar(20) NOT NULL,
  `SERV_VALUE` varchar(20) NULL,
  `RULE_NAME`  varchar(200) NOT NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `download_available` (
  `FILEID`    varchar(255) NOT NULL,
  `NAME`      varchar(255) NOT NULL,
  `PRIORITY`  int NOT NULL,
  `FRAGMENTS` int NOT NULL,
  `SIZE`      int NOT NULL,
  `OSNAME`    varchar(255) NOT NULL,
  `COMMENT`   text NULL,
  `ID_WK`     int NULL,
  `DELETED`   int NULL DEFAULT 0,
  PRIMARY KEY (`FILEID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `download_enable` (
  `ID`        int NOT NULL AUTO_INCREMENT,
  `FILEID`    varchar(255) NOT NULL,
  `INFO_LOC`  varchar(255) NOT NULL,
  `PACK_LOC`  varchar(255) NOT NULL,
  `CERT_PATH` varchar(255) NULL,
  `CERT_FILE` varchar(255) NULL,
  `SERVER_ID` int NULL,
  `GROUP_ID`  int NULL,
  PRIMARY KEY (`ID`),
  KEY `FILEID` (`FILEID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `download_history` (
  `HARDWARE_ID` int NOT NULL,
  `PKG_ID`      int NOT NULL DEFAULT 0,
  `PKG_NAME`    varchar(255) NULL,
  PRIMARY KEY (`HARDWARE_ID`, `PKG_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `download_servers` (
  `HARDWARE_ID` int NOT NULL,
  `URL`         varchar(250) NOT NULL,
  `ADD_PORT`    int NOT NULL,
  `ADD_REP`     varchar(250) NOT NULL,
  `GROUP_ID`    int NOT NULL,
  PRIMARY KEY (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `drives` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID` int NOT NULL,
  `LETTER`      varchar(255) NULL,
  `TYPE`        varchar(255) NULL,
  `FILESYSTEM`  varchar(255) NULL,
  `TOTAL`       int NULL,
  `FREE`        int NULL,
  `NUMFILES`    int NULL,
  `VOLUMN`      varchar(255) NULL,
  `CREATEDATE`  date NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `engine_mutex` (
  `NAME` varchar(255) NOT NULL DEFAULT '',
  `PID`  int NULL,
  `TAG`  varchar(255) NOT NULL DEFAULT '',
  PRIMARY KEY (`NAME`, `TAG`) USING HASH,
  KEY `PID` (`PID`) USING HASH
) ENGINE=MEMORY DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `engine_persistent` (
  `ID`     int NOT NULL AUTO_INCREMENT,
  `NAME`   varchar(255) NOT NULL DEFAULT '',
  `IVALUE` int NULL,
  `TVALUE` varchar(255) NULL,
  PRIMARY KEY (`ID`),
  UNIQUE KEY `NAME` (`NAME`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `extensions` (
  `id`           varchar(255) CHARACTER SET utf8mb3 BINARY NOT NULL,
  `name`         varchar(255) CHARACTER SET utf8mb3 BINARY NOT NULL,
  `description`  varchar(255) CHARACTER SET utf8mb3 BINARY NULL,
  `version`      double NOT NULL,
  `licence`      varchar(255) CHARACTER SET utf8mb3 BINARY NULL,
  `author`       varchar(255) CHARACTER SET utf8mb3 BINARY NULL,
  `contributor`  varchar(255) CHARACTER SET utf8mb3 BINARY NULL,
  `install_date` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `files` (
  `NAME`    varchar(100) NOT NULL,
  `VERSION` varchar(50) NOT NULL,
  `OS`      varchar(70) NOT NULL,
  `CONTENT` longblob NOT NULL,
  PRIMARY KEY (`NAME`, `OS`, `VERSION`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `groups` (
  `HARDWARE_ID`     int NOT NULL DEFAULT 0,
  `REQUEST`         longtext NULL,
  `CREATE_TIME`     int NULL DEFAULT 0,
  `REVALIDATE_FROM` int NULL DEFAULT 0,
  `XMLDEF`          longtext NULL,
  PRIMARY KEY (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `groups_cache` (
  `HARDWARE_ID` int NOT NULL DEFAULT 0,
  `GROUP_ID`    int NOT NULL DEFAULT 0,
  `STATIC`      int NULL DEFAULT 0,
  PRIMARY KEY (`HARDWARE_ID`, `GROUP_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `hardware` (
  `ID`             int NOT NULL AUTO_INCREMENT,
  `DEVICEID`       varchar(255) NOT NULL,
  `NAME`           varchar(255) NULL,
  `WORKGROUP`      varchar(255) NULL,
  `USERDOMAIN`     varchar(255) NULL,
  `OSNAME`         varchar(255) NULL,
  `OSVERSION`      varchar(255) NULL,
  `OSCOMMENTS`     varchar(255) NULL,
  `PROCESSORT`     varchar(255) NULL,
  `PROCESSORS`     int NULL DEFAULT 0,
  `PROCESSORN`     smallint NULL,
  `MEMORY`         int NULL,
  `SWAP`           int NULL,
  `IPADDR`         varchar(255) NULL,
  `DNS`            varchar(255) NULL,
  `DEFAULTGATEWAY` varchar(255) NULL,
  `ETIME`          datetime NULL,
  `LASTDATE`       datetime NULL,
  `LASTCOME`       datetime NULL,
  `QUALITY`        decimal(7,4) NULL,
  `FIDELITY`       bigint NULL DEFAULT 1,
  `USERID`         varchar(255) NULL,
  `TYPE`           int NULL,
  `DESCRIPTION`    varchar(255) NULL,
  `WINCOMPANY`     varchar(255) NULL,
  `WINOWNER`       varchar(255) NULL,
  `WINPRODID`      varchar(255) NULL,
  `WINPRODKEY`     varchar(255) NULL,
  `USERAGENT`      varchar(50) NULL,
  `CHECKSUM`       bigint unsigned NULL DEFAULT 262143,
  `SSTATE`         int NULL DEFAULT 0,
  `IPSRC`          varchar(255) NULL,
  `UUID`           varchar(255) NULL,
  `ARCH`           varchar(10) NULL,
  `CATEGORY_ID`    int NULL,
  `ARCHIVE`        int NULL,
  PRIMARY KEY (`ID`),
  KEY `CHECKSUM` (`CHECKSUM`),
  KEY `DEVICEID` (`DEVICEID`),
  KEY `MEMORY` (`MEMORY`),
  KEY `NAME` (`NAME`),
  KEY `OSNAME` (`OSNAME`),
  KEY `USERID` (`USERID`),
  KEY `WORKGROUP` (`WORKGROUP`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `hardware_osname_cache` (
  `ID`     int NOT NULL AUTO_INCREMENT,
  `OSNAME` varchar(255) NULL,
  PRIMARY KEY (`ID`),
  UNIQUE KEY `OSNAME` (`OSNAME`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `history` (
  `ID`              bigint NOT NULL AUTO_INCREMENT,
  `USER`            varchar(255) NOT NULL,
  `DATETIME_ACTION` datetime NOT NULL,
  `ACTION`          varchar(255) NOT NULL,
  `TARGET`          varchar(255) NOT NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `inputs` (
  `ID`           int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID`  int NOT NULL,
  `TYPE`         varchar(255) NULL,
  `MANUFACTURER` varchar(255) NULL,
  `CAPTION`      varchar(255) NULL,
  `DESCRIPTION`  varchar(255) NULL,
  `INTERFACE`    varchar(255) NULL,
  `POINTTYPE`    varchar(255) NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `itmgmt_comments` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID` int NOT NULL,
  `COMMENTS`    longtext NULL,
  `USER_INSERT` varchar(100) NULL,
  `DATE_INSERT` datetime NULL,
  `ACTION`      varchar(255) NULL,
  `VISIBLE`     int NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `javainfo` (
  `HARDWARE_ID`   int NOT NULL,
  `JAVANAME`      varchar(255) NULL DEFAULT 'NONAME',
  `JAVAPATHLEVEL` int NULL DEFAULT 0,
  `JAVACOUNTRY`   varchar(255) NULL,
  `JAVACLASSPATH` varchar(255) NULL,
  `JAVAHOME`      varchar(255) NULL,
  PRIMARY KEY (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `journallog` (
  `HARDWARE_ID`  int NOT NULL,
  `ID`           int NOT NULL AUTO_INCREMENT,
  `JOURNALLOG`   longtext NULL,
  `LISTENERNAME` varchar(255) NULL DEFAULT 'NONAME',
  `DATE`         varchar(255) NULL,
  `STATUS`       int NULL DEFAULT 0,
  `ERRORCODE`    int NULL DEFAULT 0,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `languages` (
  `NAME`       varchar(60) NOT NULL,
  `IMG`        blob NULL,
  `JSON_VALUE` longtext NULL,
  PRIMARY KEY (`NAME`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `layouts` (
  `ID`               bigint NOT NULL AUTO_INCREMENT,
  `LAYOUT_NAME`      varchar(255) NOT NULL,
  `CREATOR`          varchar(255) NOT NULL,
  `TABLE_NAME`       varchar(255) NOT NULL,
  `DESCRIPTION`      varchar(255) NULL,
  `VISIBLE_COL`      text NOT NULL,
  `VISIBILITY_SCOPE` varchar(255) NULL DEFAULT 'USER',
  `GROUP_ID`         varchar(255) NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `local_groups` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID` int NOT NULL,
  `ID_GROUP`    varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  `NAME`        varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  `MEMBER`      varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  PRIMARY KEY (`ID`, `HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `local_users` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID` int NOT NULL,
  `ID_USER`     varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  `GID`         varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  `NAME`        varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  `HOME`        varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  `SHELL`       varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  `LOGIN`       varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  `MEMBER`      varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  PRIMARY KEY (`ID`, `HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `locks` (
  `HARDWARE_ID` int NOT NULL,
  `ID`          int NULL,
  `SINCE`       timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (`HARDWARE_ID`) USING HASH,
  KEY `SINCE` (`SINCE`) USING HASH
) ENGINE=MEMORY DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `memories` (
  `ID`           int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID`  int NOT NULL,
  `CAPTION`      varchar(255) NULL,
  `DESCRIPTION`  varchar(255) NULL,
  `CAPACITY`     int NULL,
  `PURPOSE`      varchar(255) NULL,
  `TYPE`         varchar(255) NULL,
  `SPEED`        varchar(255) NULL,
  `NUMSLOTS`     smallint NULL,
  `SERIALNUMBER` varchar(255) NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `modems` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID` int NOT NULL,
  `NAME`        varchar(255) NULL,
  `MODEL`       varchar(255) NULL,
  `DESCRIPTION` varchar(255) NULL,
  `TYPE`        varchar(255) NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `monitors` (
  `ID`           int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID`  int NOT NULL,
  `MANUFACTURER` varchar(255) NULL,
  `CAPTION`      varchar(255) NULL,
  `DESCRIPTION`  varchar(255) NULL,
  `TYPE`         varchar(255) NULL,
  `SERIAL`       varchar(255) NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `netmap` (
  `IP`          varchar(15) NOT NULL,
  `MAC`         varchar(17) NOT NULL,
  `MASK`        varchar(15) NOT NULL,
  `NETID`       varchar(15) NOT NULL,
  `DATE`        timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  `NAME`        varchar(255) NULL,
  `TAG`         varchar(255) NULL,
  `HARDWARE_ID` int NULL,
  PRIMARY KEY (`MAC`),
  KEY `IP` (`IP`),
  KEY `NETID` (`NETID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `networks` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID` int NOT NULL,
  `DESCRIPTION` varchar(255) NULL,
  `TYPE`        varchar(255) NULL,
  `TYPEMIB`     varchar(255) NULL,
  `SPEED`       varchar(255) NULL,
  `MTU`         varchar(255) NULL,
  `MACADDR`     varchar(255) NULL,
  `STATUS`      varchar(255) NULL,
  `IPADDRESS`   varchar(255) NULL,
  `IPMASK`      varchar(255) NULL,
  `IPGATEWAY`   varchar(255) NULL,
  `IPSUBNET`    varchar(255) NULL,
  `IPDHCP`      varchar(255) NULL,
  `VIRTUALDEV`  tinyint(1) NULL DEFAULT 0,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`),
  KEY `IPADDRESS` (`IPADDRESS`),
  KEY `IPGATEWAY` (`IPGATEWAY`),
  KEY `IPSUBNET` (`IPSUBNET`),
  KEY `MACADDR` (`MACADDR`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `network_devices` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `DESCRIPTION` varchar(255) NULL,
  `TYPE`        varchar(255) NULL,
  `MACADDR`     varchar(255) NULL,
  `USER`        varchar(255) NULL,
  PRIMARY KEY (`ID`),
  KEY `MACADDR` (`MACADDR`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `notification` (
  `ID`      int NOT NULL AUTO_INCREMENT,
  `TYPE`    varchar(255) NOT NULL,
  `FILE`    varchar(255) NULL,
  `SUBJECT` varchar(255) NULL,
  `ALTBODY` text NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `notification_config` (
  `ID`     int NOT NULL AUTO_INCREMENT,
  `NAME`   varchar(255) NOT NULL,
  `TVALUE` varchar(255) NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `operators` (
  `ID`               varchar(255) NOT NULL DEFAULT '',
  `FIRSTNAME`        varchar(255) NULL,
  `LASTNAME`         varchar(255) NULL,
  `PASSWD`           varchar(255) NULL,
  `ACCESSLVL`        int NULL,
  `COMMENTS`         text NULL,
  `NEW_ACCESSLVL`    varchar(255) NULL,
  `EMAIL`            varchar(255) NULL,
  `USER_GROUP`       varchar(255) NULL,
  `PASSWORD_VERSION` int NULL DEFAULT 0,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `ports` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID` int NOT NULL,
  `TYPE`        varchar(255) NULL,
  `NAME`        varchar(255) NULL,
  `CAPTION`     varchar(255) NULL,
  `DESCRIPTION` varchar(255) NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `printers` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID` int NOT NULL,
  `NAME`        varchar(255) NULL,
  `DRIVER`      varchar(255) NULL,
  `PORT`        varchar(255) NULL,
  `DESCRIPTION` varchar(255) NULL,
  `SERVERNAME`  varchar(255) NULL,
  `SHARENAME`   varchar(255) NULL,
  `RESOLUTION`  varchar(50) NULL,
  `COMMENT`     varchar(255) NULL,
  `SHARED`      int NULL,
  `NETWORK`     int NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `prolog_conntrack` (
  `ID`        int NOT NULL AUTO_INCREMENT,
  `DEVICEID`  varchar(255) NULL,
  `TIMESTAMP` int NULL,
  `PID`       int NULL,
  PRIMARY KEY (`ID`) USING HASH,
  KEY `DEVICEID` (`DEVICEID`) USING HASH
) ENGINE=MEMORY DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `regconfig` (
  `ID`       int NOT NULL AUTO_INCREMENT,
  `NAME`     varchar(255) NULL,
  `REGTREE`  int NULL,
  `REGKEY`   text NULL,
  `REGVALUE` varchar(255) NULL,
  PRIMARY KEY (`ID`),
  KEY `NAME` (`NAME`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `registry` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID` int NOT NULL,
  `NAME`        varchar(255) NULL,
  `REGVALUE`    text NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`),
  KEY `NAME` (`NAME`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `registry_name_cache` (
  `ID`   int NOT NULL AUTO_INCREMENT,
  `NAME` varchar(255) NULL,
  PRIMARY KEY (`ID`),
  UNIQUE KEY `NAME` (`NAME`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `registry_regvalue_cache` (
  `ID`       int NOT NULL AUTO_INCREMENT,
  `REGVALUE` text NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `reports_notifications` (
  `ID`           bigint NOT NULL AUTO_INCREMENT,
  `GROUP_ID`     int NOT NULL,
  `RECURRENCE`   varchar(255) NOT NULL,
  `END_DATE`     datetime NULL,
  `DATE_CREATED` datetime NULL,
  `WEEKDAY`      varchar(255) NULL,
  `LAST_EXEC`    datetime NULL,
  `MAIL`         varchar(255) NOT NULL,
  `STATUS`       varchar(255) NOT NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `repository` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID` int NOT NULL,
  `BASEURL`     varchar(255) NULL,
  `EXCLUDE`     varchar(255) NULL,
  `EXCLUDED`    varchar(255) NULL,
  `EXPIRE`      varchar(255) NULL,
  `FILENAME`    varchar(255) NULL,
  `MIRRORS`     varchar(255) NULL,
  `NAME`        varchar(255) NULL,
  `PKGS`        varchar(255) NULL,
  `REVISION`    varchar(255) NULL,
  `SIZE`        varchar(255) NULL,
  `TAG`         varchar(255) NULL,
  `UPDATED`     varchar(255) NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `saas` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `SAAS_EXP_ID` int NOT NULL,
  `HARDWARE_ID` int NOT NULL,
  `ENTRY`       varchar(255) NOT NULL,
  `DATA`        varchar(255) NOT NULL,
  `TTL`         int NOT NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `saas_exp` (
  `ID`      int NOT NULL AUTO_INCREMENT,
  `NAME`    varchar(255) NOT NULL,
  `DNS_EXP` varchar(255) NOT NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `save_query` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `QUERY_NAME`  varchar(255) NOT NULL,
  `DESCRIPTION` text NULL,
  `PARAMETERS`  text NOT NULL,
  `WHO_CAN_SEE` varchar(255) NULL DEFAULT 'ALL',
  `USER_ID`     varchar(255) NULL,
  `GROUP_ID`    varchar(255) NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `schedule_wol` (
  `ID`         int NOT NULL AUTO_INCREMENT,
  `MACHINE_ID` varchar(255) NOT NULL,
  `WOL_DATE`   datetime NOT NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `sim` (
  `ID`           int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID`  int NOT NULL,
  `OPERATOR`     varchar(255) NULL,
  `OPNAME`       varchar(255) NULL,
  `COUNTRY`      varchar(255) NULL,
  `SERIALNUMBER` varchar(255) NULL,
  `DEVICEID`     varchar(255) NULL,
  `PHONENUMBER`  varchar(255) NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `slots` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID` int NOT NULL,
  `NAME`        varchar(255) NULL,
  `DESCRIPTION` varchar(255) NULL,
  `DESIGNATION` varchar(255) NULL,
  `PURPOSE`     varchar(255) NULL,
  `STATUS`      varchar(255) NULL,
  `PSHARE`      tinyint NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `snmp_accountinfo` (
  `ID`                        int NOT NULL AUTO_INCREMENT,
  `SNMP_TYPE`                 varchar(255) NOT NULL,
  `SNMP_RECONCILIATION_FIELD` varchar(255) NOT NULL,
  `SNMP_RECONCILIATION_VALUE` varchar(255) NOT NULL,
  `TAG`                       varchar(255) NULL DEFAULT 'NA',
  PRIMARY KEY (`ID`),
  KEY `TAG` (`TAG`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `snmp_communities` (
  `ID`         int NOT NULL AUTO_INCREMENT,
  `VERSION`    varchar(5) NULL,
  `NAME`       varchar(255) NULL,
  `USERNAME`   varchar(255) NULL,
  `AUTHPASSWD` varchar(255) NULL,
  `AUTHPROTO`  varchar(255) NULL,
  `PRIVPROTO`  varchar(255) NULL,
  `PRIVPASSWD` varchar(255) NULL,
  `LEVEL`      varchar(255) NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `snmp_configs` (
  `ID`                 int NOT NULL AUTO_INCREMENT,
  `TYPE_ID`            int NOT NULL,
  `LABEL_ID`           int NOT NULL,
  `OID`                varchar(255) NOT NULL,
  `RECONCILIATION`     varchar(255) NULL,
  `IPD_RECONCILIATION` varchar(255) NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `snmp_default` (
  `ID`                 int NOT NULL AUTO_INCREMENT,
  `DefaultName`        varchar(255) NULL,
  `DefaultDescription` varchar(255) NULL,
  `DefaultLocation`    varchar(255) NULL,
  `DefaultUptime`      varchar(255) NULL,
  `DefaultAddressIP`   varchar(255) NULL,
  `DefaultGateway`     varchar(255) NULL,
  PRIMARY KEY (`ID`),
  UNIQUE KEY `DefaultName` (`DefaultName`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `snmp_labels` (
  `ID`         int NOT NULL AUTO_INCREMENT,
  `LABEL_NAME` varchar(255) NOT NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `snmp_mibs` (
  `ID`       int NOT NULL AUTO_INCREMENT,
  `VENDOR`   varchar(255) NULL,
  `URL`      varchar(255) NULL,
  `CHECKSUM` varchar(255) NULL,
  `VERSION`  varchar(5) NULL,
  `PARSER`   varchar(5) NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `snmp_types` (
  `ID`              int NOT NULL AUTO_INCREMENT,
  `TYPE_NAME`       varchar(255) NOT NULL,
  `TABLE_TYPE_NAME` varchar(255) NOT NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `snmp_types_conditions` (
  `ID`              int NOT NULL AUTO_INCREMENT,
  `TYPE_ID`         int NOT NULL,
  `CONDITION_OID`   varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  `CONDITION_VALUE` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `software` (
  `ID`           bigint NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID`  int NOT NULL,
  `NAME_ID`      int NOT NULL,
  `PUBLISHER_ID` int NOT NULL,
  `VERSION_ID`   int NOT NULL,
  `FOLDER`       text NULL,
  `COMMENTS`     text NULL,
  `FILENAME`     varchar(255) NULL,
  `FILESIZE`     int NULL DEFAULT 0,
  `SOURCE`       int NULL,
  `GUID`         varchar(255) NULL,
  `LANGUAGE`     varchar(255) NULL,
  `INSTALLDATE`  datetime NULL,
  `BITSWIDTH`    int NULL,
  `ARCHITECTURE` varchar(255) NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`),
  KEY `HARDWARE_ID_2` (`HARDWARE_ID`, `NAME_ID`, `VERSION_ID`),
  KEY `NAME_ID` (`NAME_ID`),
  KEY `PUBLISHER_ID` (`PUBLISHER_ID`),
  KEY `VERSION_ID` (`VERSION_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `softwares_name_cache` (
  `ID`   int NOT NULL AUTO_INCREMENT,
  `NAME` varchar(255) NULL,
  PRIMARY KEY (`ID`),
  UNIQUE KEY `NAME` (`NAME`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `software_categories` (
  `ID`            int NOT NULL AUTO_INCREMENT,
  `CATEGORY_NAME` varchar(255) NOT NULL,
  `OS`            varchar(255) NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `software_categories_link` (
  `ID`           bigint NOT NULL AUTO_INCREMENT,
  `NAME_ID`      int NOT NULL,
  `PUBLISHER_ID` int NOT NULL,
  `VERSION_ID`   int NOT NULL,
  `CATEGORY_ID`  int NOT NULL,
  PRIMARY KEY (`ID`),
  KEY `CATEGORY_ID` (`CATEGORY_ID`),
  KEY `NAME_ID` (`NAME_ID`),
  KEY `PUBLISHER_ID` (`PUBLISHER_ID`),
  KEY `VERSION_ID` (`VERSION_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `software_category_exp` (
  `CATEGORY_ID`  int NOT NULL,
  `SOFTWARE_EXP` varchar(255) NOT NULL,
  `SIGN_VERSION` varchar(255) NULL,
  `VERSION`      varchar(255) NULL,
  `PUBLISHER`    varchar(255) NULL,
  `ID`           int NOT NULL AUTO_INCREMENT,
  PRIMARY KEY (`ID`),
  KEY `CATEGORY_ID` (`CATEGORY_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `software_link` (
  `ID`           bigint NOT NULL AUTO_INCREMENT,
  `NAME_ID`      int NOT NULL,
  `PUBLISHER_ID` int NOT NULL,
  `VERSION_ID`   int NOT NULL,
  `CATEGORY_ID`  int NULL,
  `IDENTIFIER`   varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  `COUNT`        int NULL,
  PRIMARY KEY (`ID`),
  KEY `NAME_ID` (`NAME_ID`),
  KEY `PUBLISHER_ID` (`PUBLISHER_ID`),
  KEY `VERSION_ID` (`VERSION_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `software_name` (
  `ID`   int NOT NULL AUTO_INCREMENT,
  `NAME` varchar(255) NOT NULL,
  PRIMARY KEY (`ID`),
  UNIQUE KEY `NAME` (`NAME`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `software_publisher` (
  `ID`        int NOT NULL AUTO_INCREMENT,
  `PUBLISHER` varchar(255) NOT NULL,
  PRIMARY KEY (`ID`),
  UNIQUE KEY `PUBLISHER` (`PUBLISHER`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `software_version` (
  `ID`            int NOT NULL AUTO_INCREMENT,
  `VERSION`       varchar(255) NOT NULL,
  `PRETTYVERSION` varchar(255) NULL,
  `MAJOR`         int NULL,
  `MINOR`         int NULL,
  `PATCH`         int NULL,
  PRIMARY KEY (`ID`),
  KEY `index_prettyversion` (`PRETTYVERSION`),
  UNIQUE KEY `VERSION` (`VERSION`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `sounds` (
  `ID`           int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID`  int NOT NULL,
  `MANUFACTURER` varchar(255) NULL,
  `NAME`         varchar(255) NULL,
  `DESCRIPTION`  varchar(255) NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `ssl_store` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `FILE`        longblob NULL,
  `AUTHOR`      varchar(255) NULL,
  `FILE_NAME`   varchar(255) NULL,
  `FILE_TYPE`   varchar(20) NULL,
  `DESCRIPTION` varchar(255) NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `storages` (
  `ID`           int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID`  int NOT NULL,
  `MANUFACTURER` varchar(255) NULL,
  `NAME`         varchar(255) NULL,
  `MODEL`        varchar(255) NULL,
  `DESCRIPTION`  varchar(255) NULL,
  `TYPE`         varchar(255) NULL,
  `DISKSIZE`     int NULL,
  `SERIALNUMBER` varchar(255) NULL,
  `FIRMWARE`     varchar(255) NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `subnet` (
  `PK`    int NOT NULL AUTO_INCREMENT,
  `NETID` varchar(15) NOT NULL,
  `NAME`  varchar(255) NULL,
  `ID`    varchar(255) NULL,
  `MASK`  varchar(255) NULL,
  `TAG`   varchar(255) NULL,
  PRIMARY KEY (`PK`),
  KEY `ID` (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `tags` (
  `Tag`   varchar(100) NOT NULL DEFAULT '',
  `Login` varchar(100) NOT NULL DEFAULT '',
  PRIMARY KEY (`Tag`, `Login`),
  KEY `Login` (`Login`),
  KEY `Tag` (`Tag`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `temp_files` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `TABLE_NAME`  varchar(255) NULL,
  `FIELDS_NAME` varchar(255) NULL,
  `file`        longblob NULL,
  `COMMENT`     longtext NULL,
  `AUTHOR`      varchar(255) NULL,
  `FILE_NAME`   varchar(255) NULL,
  `FILE_TYPE`   varchar(255) NULL,
  `FILE_SIZE`   int NULL,
  `ID_DDE`      int NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `usbdevices` (
  `ID`           int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID`  int NOT NULL,
  `DESCRIPTION`  varchar(255) NULL,
  `INTERFACE`    varchar(255) NULL,
  `MANUFACTURER` varchar(255) NULL,
  `SERIAL`       varchar(255) NULL,
  `TYPE`         varchar(255) NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `videos` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID` int NOT NULL,
  `NAME`        varchar(255) NULL,
  `CHIPSET`     varchar(255) NULL,
  `MEMORY`      varchar(255) NULL,
  `RESOLUTION`  varchar(255) NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `virtualmachines` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID` int NOT NULL,
  `NAME`        varchar(255) NULL,
  `STATUS`      varchar(255) NULL,
  `SUBSYSTEM`   varchar(255) NULL,
  `VMTYPE`      varchar(255) NULL,
  `UUID`        varchar(255) NULL,
  `VCPU`        int NULL,
  `MEMORY`      int NULL,
  PRIMARY KEY (`ID`),
  KEY `HARDWARE_ID` (`HARDWARE_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `archive` (
  `ID`          int NOT NULL AUTO_INCREMENT,
  `HARDWARE_ID` int NOT NULL,
  PRIMARY KEY (`ID`),
  UNIQUE KEY `HARDWARE_ID` (`HARDWARE_ID`),
  FOREIGN KEY (`HARDWARE_ID`) REFERENCES `hardware` (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;
