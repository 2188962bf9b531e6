"""What of the database is compared, and how a value is made independent of ids and of the time of day: as tables."""

SECTIONS = '''batteries bios controllers cpus drives inputs javainfo journallog local_groups local_users memories modems monitors
 networks ports printers registry repository sim slots sounds storages usbdevices videos virtualmachines'''.split()

#: compared after each step, beside the tables of the SNMP types
COMPARED = SECTIONS + '''accesslog accountinfo archive conntrack deleted_equiv devices download_enable download_history
 download_servers groups groups_cache hardware hardware_osname_cache itmgmt_comments locks netmap network_devices
 prolog_conntrack registry_name_cache registry_regvalue_cache saas snmp_accountinfo software
 software_categories_link software_name software_publisher software_version'''.split()
#: the operator's own tables: emptied before a scenario, not compared
OPERATORS = '''assets_categories blacklist_subnet deploy download_available engine_mutex engine_persistent files regconfig
 saas_exp snmp_communities snmp_mibs software_categories software_category_exp software_link subnet'''.split()
#: what Muster keeps for itself about the devices that are emptied
OWN = 'muster_rows muster_device muster_session'.split()
#: tables of SNMP that are not a type's
SNMP_CORE = '''snmp_accountinfo snmp_communities snmp_configs snmp_labels snmp_mibs snmp_types
 snmp_types_conditions'''.split()
#: row 1 comes with the schema and stays
SEEDED = ('software_publisher', 'software_version')

#: not compared: who holds a lock or a session, and ids of rows (but of hardware, which name the device elsewhere)
LEFT_OUT = {('prolog_conntrack', 'PID'), ('prolog_conntrack', 'TIMESTAMP'), ('locks', 'ID')}

#: column that holds hardware.ID -> its name in the comparison, where the DEVICEID stands for it
DEVICE_COLUMNS = {'HARDWARE_ID': 'DEVICE', 'GROUP_ID': 'GROUP', 'SERVER_ID': 'SERVER'}
NOT_DEVICES = {('download_enable', 'GROUP_ID'), ('download_servers', 'GROUP_ID')}
DEVICES_TOO = {('deleted_equiv', 'DELETED'), ('deleted_equiv', 'EQUIVALENT')}

#: times that are "now" or some days before now
TIMES = {('hardware', 'LASTDATE'), ('hardware', 'LASTCOME'), ('hardware', 'ETIME'), ('netmap', 'DATE'),
         ('deleted_equiv', 'DATE'), ('itmgmt_comments', 'DATE_INSERT'), ('locks', 'SINCE'),
         ('conntrack', 'TIMESTAMP')}
SECONDS = {('groups', 'CREATE_TIME'), ('groups', 'REVALIDATE_FROM')}

PACKAGE_NAMES = "('DOWNLOAD','DOWNLOAD_FORCE','DOWNLOAD_SCHEDULE','DOWNLOAD_POSTCMD')"
WORD = '(SELECT w.{0} FROM software_{1} w WHERE w.ID=t.{0}_ID)'
CATEGORY = 'COALESCE((SELECT k.CATEGORY_NAME FROM {0} k WHERE k.ID=t.CATEGORY_ID),CAST(t.CATEGORY_ID AS CHAR))'

#: (table, column) -> expression that gives what an id stands for; the comparison has the column without _ID
EXPRESSIONS = {
    ('devices', 'IVALUE'): "IF(t.NAME IN " + PACKAGE_NAMES + ",COALESCE((SELECT CONCAT('<package ',e.FILEID,'>') FROM "
                           "download_enable e WHERE e.ID=t.IVALUE),CONCAT('<gone ',t.IVALUE)),CAST(t.IVALUE AS CHAR))",
    ('software_categories_link', 'CATEGORY_ID'): CATEGORY.format('software_categories'),
    ('hardware', 'CATEGORY_ID'): CATEGORY.format('assets_categories'),
    ('saas', 'SAAS_EXP_ID'): '(SELECT k.NAME FROM saas_exp k WHERE k.ID=t.SAAS_EXP_ID)',
}
for _table in ('software', 'software_categories_link'):
    for _word in ('NAME', 'PUBLISHER', 'VERSION'):
        EXPRESSIONS[_table, _word + '_ID'] = WORD.format(_word, _word.lower())
