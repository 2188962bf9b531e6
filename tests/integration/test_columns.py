"""Every column of every table that the writer writes gets every odd value: the device is stored, the rows beside it are whole, the value is
what the database itself would store without strict mode, and each adjustment is counted.

Columns come from information_schema of the database that is there, so that columns of an older or a newer schema are tested as well."""
import concurrent.futures
import csv
import os
import re
import unittest
from collections import Counter

import inventory_facts as facts
from harness import TOP, Muster, prolog, table
from odd_values import KINDS, Oracle, as_hex, columns_of, in_document, received, value_of

KEYS = {'ID', 'HARDWARE_ID', 'NAME_ID', 'PUBLISHER_ID', 'VERSION_ID'}
#: computed, or of the console: no element of HARDWARE goes there as it is
NOT_SENT = {'hardware': {'DEVICEID', 'ETIME', 'LASTDATE', 'LASTCOME', 'QUALITY', 'FIDELITY', 'USERAGENT', 'CHECKSUM', 'SSTATE', 'IPSRC',
                         'CATEGORY_ID', 'ARCHIVE'},
            'journallog': {'JOURNALLOG'},  # an element in itself: a list, of which OCS stores nothing
            'local_users': {'MEMBER'}}  # no agent sends it, OCS does not read it
NUMBERS = {'PROCESSORS', 'PROCESSORN', 'MEMORY', 'SWAP', 'TYPE'}  # of hardware: only digits count
WORDS = [('software_name', 'NAME'), ('software_publisher', 'PUBLISHER'), ('software_version', 'VERSION')]
ACCOUNT = ['fields_101 varchar(255)', 'fields_102 longtext', 'fields_103 date', 'fields_104 int', 'fields_105 decimal(10,2)',
           'fields_106 varchar(3) CHARACTER SET latin1', 'fields_107 char(4) NOT NULL', 'fields_108 varchar(9) CHARACTER SET utf8mb4']
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
with open(os.path.join(TOP, 'schema', 'facts', 'columns.csv'), newline='') as facts_file:
    OCS_COLUMNS = {(row['table'], row['column']) for row in csv.DictReader(facts_file)}
ODD = 'odd-%02d-%02d-2026-01-02-03-04-05'


def element(name, value):
    text = in_document(value)
    return b'<%s>%s</%s>' % (name.encode(), text, name.encode()) if text else b''


def document(device, content, query='INVENTORY'):
    return (DECLARATION + b'<REQUEST><DEVICEID>%s</DEVICEID><CONTENT>%s</CONTENT><QUERY>%s</QUERY></REQUEST>'
            % (device.encode(), content, query.encode()))


def hexed(text):
    return text.encode().hex().upper()


def readable(text):
    return text if text == 'NULL' else repr(bytes.fromhex(text).decode(errors='replace'))[:60]


def differences(names, wanted, got):
    """Rows that are only on one side, by the columns in which they differ from the nearest one of the other side."""
    missing = list((Counter(map(tuple, wanted)) - Counter(map(tuple, got))).elements())
    extra = list((Counter(map(tuple, got)) - Counter(map(tuple, wanted))).elements())
    out = []
    for row in missing[:5]:
        near = max((r for r in extra if r[0] == row[0]), key=lambda r: sum(a == b for a, b in zip(r, row)), default=None)
        what = 'is not there' if near is None else ', '.join(
            '%s: wanted %s, got %s' % (n, readable(a), readable(b)) for n, a, b in zip(names, row[1:], near[1:]) if a != b)
        out.append('%s: %s' % (row[0], what))
    return out or ['%s: nobody wants it' % (r,) for r in extra[:5]]


class Sent:
    """What was sent to one table: for each device the rows, each with the values in the order of `columns`."""

    def __init__(self, name, columns, places):
        self.name, self.columns, self.places, self.rows = name, columns, places, []

    def add(self, device, values):
        self.rows.append((device, values))


class TestColumns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Muster(env={'MUSTER_WRITER_CONFIG_REFRESH': '10ms', 'MUSTER_GATEWAY_CONFIG_REFRESH': '10ms'})
        cls.s.start()
        cls.addClassCleanup(cls.s.__exit__)
        cls.oracle = Oracle(cls.s)
        cls.tables = {r[0] for r in cls.s.sql('SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA=DATABASE()')}
        cls.s.sql("UPDATE config SET IVALUE=0 WHERE NAME IN ('AUTO_DUPLICATE_LVL','IPDISCOVER')")
        for name in ('SNMP', 'DOWNLOAD', 'INVENTORY_SAAS_ENABLED', 'INVENTORY_CACHE_ENABLED'):
            cls.s.sql("INSERT INTO config (NAME,IVALUE) VALUES ('%s',1) ON DUPLICATE KEY UPDATE IVALUE=1" % name)
        for column in ACCOUNT:
            cls.s.sql('ALTER TABLE accountinfo ADD ' + column)
        cls.report = []

    @classmethod
    def tearDownClass(cls):
        heads = ['table', 'columns', 'values', 'stored as expected', 'adjusted']
        table('Odd values', heads, cls.report)
        print('%d tables, %s columns, %s values, %s stored as expected, %s adjusted' % (
            len(cls.report), *[sum(r[i] for r in cls.report) for i in range(1, 5)]))

    # ---- helpers ----

    def columns(self, name):
        """Of a table; columns that OCS 2.12.5 has no more are nobody's."""
        return [c for c in columns_of(self.s, name) if c.name not in KEYS and c.name not in NOT_SENT.get(name, ())
                and ((name, c.name) in OCS_COLUMNS or c.name.startswith('fields_'))]

    def send(self, bodies):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(set(pool.map(lambda b: self.s.post(b, timeout=60).status, bodies)), {200})
        self.s.drain()

    def check(self, sent, found, rule=None):
        """Compare what stands in the database with the oracle; returns how many values had to be adjusted.
        `found`: (device, hexadecimal texts) of all rows. `rule(column, text)`: what becomes of a text before it meets its column."""
        rule = rule or (lambda column, text: text)
        want = self.oracle.stored(sent.places, [[rule(c, v) for c, v in zip(sent.columns, values)] for _, values in sent.rows])
        wanted = [[device] + row for (device, _), row in zip(sent.rows, want)]
        self.assertEqual(differences([c.name for c in sent.columns], wanted, found), [], sent.name)
        changed = sum(1 for (_, values), row in zip(sent.rows, want) for v, stored in zip(values, row) if v and hexed(v) != stored)
        values = sum(1 for _, values in sent.rows for v in values if v is not None)
        self.report.append([sent.name, len(sent.columns), values, values, changed])
        return changed

    # ---- tests ----

    def test_sections_with_rows(self):
        """One device for each kind of value; in each section one row for each column that has it, good rows around it."""
        sections = [(element_name, name) for element_name, name in facts.SECTIONS.items() if name in self.tables]
        self.assertGreater(len(sections), 15)
        all_sent = {name: Sent(name, self.columns(name), [(name, c.name) for c in self.columns(name)]) for _, name in sections}
        bodies = []
        for number, kind in enumerate(KINDS):
            device, content = ODD % (number, 0), [b'<HARDWARE><NAME>odd</NAME></HARDWARE>']
            for element_name, name in sections:
                columns = all_sent[name].columns
                for odd in [None] + columns + [None]:
                    values = [value_of(kind, c.length) if c is odd else c.good(len(content)) for c in columns]
                    content.append(element(element_name, b'%s') % b''.join(element(c.name, v) for c, v in zip(columns, values)))
                    all_sent[name].add(device, [received(v) for v in values])
            bodies.append(document(device, b''.join(content)))
        before = self.s.metric('muster_writer_values_adjusted_total')
        self.send(bodies)
        adjusted = 0
        for name, sent in all_sent.items():
            found = self.s.sql("SELECT h.DEVICEID,%s FROM %s t JOIN hardware h ON h.ID=t.HARDWARE_ID WHERE h.DEVICEID LIKE 'odd-%%-00-2%%'" % (
                ','.join(as_hex('t.`%s`' % c.name) for c in sent.columns), name))
            adjusted += self.check(sent, found)
        self.assertEqual(self.s.metric('muster_writer_values_adjusted_total') - before, adjusted)

    def test_one_row_of_a_device(self):
        """hardware, accountinfo, bios, javainfo: a device for each column and kind of value."""
        places = {'HARDWARE': 'hardware', 'BIOS': 'bios', 'JAVAINFO': 'javainfo', 'ACCOUNTINFO': 'accountinfo'}
        places = {e: name for e, name in places.items() if name in self.tables}
        all_sent = {name: Sent(name, self.columns(name), [(name, c.name) for c in self.columns(name)]) for name in places.values()}
        bodies, width = [], max(len(sent.columns) for sent in all_sent.values())
        for number, kind in enumerate(KINDS):
            for odd in range(width):
                device, content = ODD % (number, odd + 1), [b'<NETWORKS><TYPE>x</TYPE></NETWORKS>']  # no IPADDR without one
                for element_name, name in places.items():
                    columns = all_sent[name].columns
                    values = [value_of(kind, c.length) if i == odd else c.good(odd) for i, c in enumerate(columns)]
                    pairs = list(zip(columns, values))
                    if name == 'accountinfo':
                        content += [element(element_name, b'%s') % (element('KEYNAME', c.name) + element('KEYVALUE', v)) for c, v in pairs]
                    else:
                        content.append(element(element_name, b'%s') % b''.join(element(c.name, v) for c, v in pairs))
                    all_sent[name].add(device, [received(v) for v in values])
                bodies.append(document(device, b''.join(content)))
        before = self.s.metric('muster_writer_values_adjusted_total')
        self.send(bodies)

        def of_hardware(column, text):
            if column.name in NUMBERS:
                return text if text.isascii() and text.isdigit() else '0'
            return text or None

        rules = {'hardware': of_hardware, 'accountinfo': lambda column, text: text or (None if column.nullable else '')}
        adjusted = 0
        for name, sent in all_sent.items():
            key = 'ID' if name == 'hardware' else 'HARDWARE_ID'
            found = self.s.sql("SELECT h.DEVICEID,%s FROM %s t JOIN hardware h ON h.ID=t.%s WHERE h.DEVICEID LIKE 'odd-%%' "
                               "AND SUBSTRING(h.DEVICEID,8,2) BETWEEN '01' AND '89'" % (','.join(as_hex('t.`%s`' % c.name) for c in sent.columns), name, key))
            adjusted += self.check(sent, found, rules.get(name))
        self.assertEqual(self.s.metric('muster_writer_values_adjusted_total') - before, adjusted)

    def test_software_and_its_words(self):
        columns = self.columns('software')
        words = [columns_of(self.s, t)[[c.name for c in columns_of(self.s, t)].index(n)] for t, n in WORDS]
        sent = Sent('software', words + columns, WORDS + [('software', c.name) for c in columns])
        bodies = []
        for number, kind in enumerate(KINDS):
            device, content = ODD % (number, 90), [b'<HARDWARE><NAME>odd</NAME></HARDWARE>']
            for odd in [None] + sent.columns + [None]:
                values = [value_of(kind, c.length) if c is odd else c.good(len(content)) for c in sent.columns]
                content.append(element('SOFTWARES', b'%s') % b''.join(element(c.name, v) for c, v in zip(sent.columns, values)))
                if values[0]:
                    sent.add(device, [received(v) for v in values])
            bodies.append(document(device, b''.join(content)))
        before = self.s.metric('muster_writer_values_adjusted_total')
        self.send(bodies)

        def rule(column, text):
            if column in words:
                return text or 'Unavailable'
            if column.name == 'INSTALLDATE' and not re.match(r'\d{4}/\d\d/\d\d', text):
                return '1970-01-01'
            return text

        shown = [as_hex("%s.`%s`" % (t, c)) for t, c in WORDS] + [as_hex(
            "IF(software.INSTALLDATE=DATE(h.LASTCOME),'1970-01-01 00:00:00',software.INSTALLDATE)" if c.name == 'INSTALLDATE' else 'software.`%s`' % c.name)
            for c in columns]
        found = self.s.sql('SELECT h.DEVICEID,%s FROM software JOIN hardware h ON h.ID=HARDWARE_ID %s WHERE h.DEVICEID LIKE \'odd-%%-90-%%\'' % (
            ','.join(shown), ' '.join('JOIN %s ON %s.ID=%s_ID' % (t, t, c) for t, c in WORDS)))
        adjusted = self.check(sent, found, rule)
        self.assertEqual(self.s.metric('muster_writer_values_adjusted_total') - before, adjusted)

    def test_devices_found_over_snmp(self):
        """A type whose columns an administrator has changed; a row for each column and kind of value."""
        self.s.sql('CREATE TABLE snmp_odd (ID int AUTO_INCREMENT PRIMARY KEY, LASTDATE datetime, Mark varchar(40) UNIQUE, Words varchar(255), '
                   'Much text, Number int, Big bigint, Day date, Share decimal(5,2), Old varchar(20) CHARACTER SET latin1) DEFAULT CHARSET=utf8mb3')
        self.s.script("SET sql_mode=''; INSERT INTO snmp_types (ID,TYPE_NAME,TABLE_TYPE_NAME) VALUES (90,'Odd','snmp_odd')")
        columns = [c for c in columns_of(self.s, 'snmp_odd') if c.name not in ('ID', 'LASTDATE', 'Mark')]
        for number, name in enumerate(['Mark'] + [c.name for c in columns], 90):
            self.s.sql("INSERT INTO snmp_labels (ID,LABEL_NAME) VALUES (%d,'%s')" % (number, name))
            self.s.sql("INSERT INTO snmp_configs (TYPE_ID,LABEL_ID,OID,RECONCILIATION) VALUES (90,%d,'1',%s)" % (number, "'Yes'" if name == 'Mark' else 'NULL'))
        sent, content = Sent('snmp_odd', columns, [('snmp_odd', c.name) for c in columns]), []
        for number, kind in enumerate(KINDS):
            for odd in [None] + columns:
                mark, values = 'm%d' % len(content), [value_of(kind, c.length) if c is odd else c.good(number) for c in columns]
                content.append(element('snmp_odd', b'%s') % (element('Mark', mark) + b''.join(element(c.name, v) for c, v in zip(columns, values))))
                sent.add(mark, [received(v) for v in values])
        before = self.s.metric('muster_writer_values_adjusted_total')
        self.send([document('snmp-2026-01-02-03-04-05', b'<HARDWARE><NAME>a</NAME></HARDWARE>')])
        self.send([document('snmp-2026-01-02-03-04-05', b''.join(content), 'SNMP')])
        found = self.s.sql('SELECT Mark,%s FROM snmp_odd' % ','.join(as_hex('`%s`' % c.name) for c in columns))
        adjusted = self.check(sent, found, lambda column, text: text or None)
        self.assertEqual(self.s.metric('muster_writer_values_adjusted_total') - before, adjusted)

    def register(self, group):
        """A device for each kind of value, known to the server: (number, kind, device, id)."""
        devices = [(number, kind, ODD.replace('odd', group) % (number, 0)) for number, kind in enumerate(KINDS)]
        self.send([document(d, b'<HARDWARE><NAME>a</NAME></HARDWARE>') for _, _, d in devices])
        return [(n, k, d, self.s.one("SELECT ID FROM hardware WHERE DEVICEID='%s'" % d)) for n, k, d in devices]

    def test_results_of_deployments(self):
        """devices.TVALUE; and codes of packages that nobody has, which are looked up."""
        column, = [c for c in columns_of(self.s, 'devices') if c.name == 'TVALUE']
        sent, bodies = Sent('devices', [column], [('devices', 'TVALUE')]), []
        for number, kind, device, hardware in self.register('result'):
            self.s.sql("INSERT INTO download_enable (ID,FILEID,INFO_LOC,PACK_LOC) VALUES (%d,'17%d','a','b')" % (900 + number, number))
            self.s.sql("INSERT INTO devices (HARDWARE_ID,NAME,IVALUE,TVALUE) VALUES (%s,'DOWNLOAD',%d,'NOTIFIED')" % (hardware, 900 + number))
            bodies.append(self.result(device, '17%d' % number, value_of(kind, column.length)))
            sent.add(device, [received(value_of(kind, column.length))])
        before = self.s.metric('muster_writer_values_adjusted_total')
        self.send(bodies)
        found = self.s.sql("SELECT h.DEVICEID,%s FROM devices d JOIN hardware h ON h.ID=d.HARDWARE_ID WHERE h.DEVICEID LIKE 'result-%%'" % as_hex('TVALUE'))
        adjusted = self.check(sent, found, lambda column, text: text or 'UNKNOWN_CODE')
        self.send([self.result(sent.rows[0][0], value_of(kind, 255), 'SUCCESS') for kind in KINDS])
        self.assertEqual(self.s.metric('muster_writer_values_adjusted_total') - before, adjusted)
        self.assertEqual(self.s.metric('muster_writer_rejected_total'), 0)

    def result(self, device, package, code):
        return (DECLARATION + b'<REQUEST><DEVICEID>%s</DEVICEID><QUERY>DOWNLOAD</QUERY>' % device.encode() + element('ID', package) + element('ERR', code) + b'</REQUEST>')

    def test_addresses_that_changed(self):
        """NOTIFY: networks and hardware.IPADDR."""
        names = {'IP': 'IPADDRESS', 'MASK': 'IPMASK', 'GW': 'IPGATEWAY', 'DHCP': 'IPDHCP', 'SUBNET': 'IPSUBNET'}
        columns = {c.name: c for c in columns_of(self.s, 'networks')}
        sent, bodies = Sent('networks (NOTIFY)', [columns[n] for n in names.values()], [('networks', n) for n in names.values()]), []
        devices = self.register('notify')
        self.send([document(d, b'<NETWORKS><MACADDR>02:00:00:00:00:01</MACADDR><IPADDRESS>1.2.3.4</IPADDRESS></NETWORKS>') for _, _, d, _ in devices])
        for number, kind, device, _ in devices:
            values = [value_of(kind, columns[n].length) or 'x' for n in names.values()]
            iface = element('MAC', '02:00:00:00:00:01') + b''.join(element(e, v) for e, v in zip(names, values))
            bodies.append(DECLARATION + b'<REQUEST><DEVICEID>%s</DEVICEID><QUERY>NOTIFY</QUERY><TYPE>IP</TYPE><CONTENT></CONTENT>%s</REQUEST>' % (
                device.encode(), element('HARDWARE', b'%s') % element('IPADDR', values[0]) + element('IFACE', b'%s') % iface))
            sent.add(device, [received(v) for v in values])
        before = self.s.metric('muster_writer_values_adjusted_total')
        self.send(bodies)
        found = self.s.sql("SELECT h.DEVICEID,%s FROM networks n JOIN hardware h ON h.ID=n.HARDWARE_ID WHERE h.DEVICEID LIKE 'notify-%%'" % (
            ','.join(as_hex('n.' + n) for n in names.values())))
        adjusted = self.check(sent, found)
        main = Sent('hardware (NOTIFY)', [columns['IPADDRESS']], [('hardware', 'IPADDR')])
        main.rows = [(device, values[:1]) for device, values in sent.rows]
        adjusted += self.check(main, self.s.sql("SELECT DEVICEID,%s FROM hardware WHERE DEVICEID LIKE 'notify-%%'" % as_hex('IPADDR')))
        self.assertEqual(self.s.metric('muster_writer_values_adjusted_total') - before, adjusted)

    def test_hosts_found_in_a_subnet(self):
        """netmap: what elected devices report."""
        self.s.sql("UPDATE config SET IVALUE=1 WHERE NAME='IPDISCOVER'")
        self.addCleanup(self.s.sql, "UPDATE config SET IVALUE=0 WHERE NAME='IPDISCOVER'")
        columns = {c.name: c for c in columns_of(self.s, 'netmap')}
        names = ['IP', 'MAC', 'MASK', 'NETID', 'NAME']
        sent, bodies, networks = Sent('netmap', [columns[n] for n in names], [('netmap', n) for n in names]), [], Sent('networks', [], [])
        for number, kind, device, hardware in self.register('scan'):
            subnet, mac = '10.9.%d.0' % number, '02:00:00:00:%02d:' % number
            self.s.sql("INSERT INTO devices (HARDWARE_ID,NAME,IVALUE,TVALUE) VALUES (%s,'IPDISCOVER',1,'%s')" % (hardware, subnet))
            mask = value_of(kind, columns['MASK'].length)
            odd_mac = mac + '03 ' + received(value_of(kind, columns['MAC'].length))
            hosts = [('10.9.%d.1' % number, mac + '01', 'good'), ('10.9.%d.2' % number, mac + '02', value_of(kind, columns['NAME'].length)),
                     ('10.9.%d.3' % number, odd_mac, 'good')]
            content = element('NETWORKS', b'%s') % (element('IPMASK', mask) + element('IPSUBNET', subnet))
            content += element('IPDISCOVER', b'%s') % b''.join(element('H', b'%s') % (element('I', i) + element('M', m) + element('N', n)) for i, m, n in hosts)
            bodies.append(document(device, content))
            networks.add(device, [received(mask)])
            for i, m, n in hosts:
                sent.add(subnet, [i, m, received(mask), subnet, received(n)])
        networks.columns, networks.places = [columns['MASK']], [('networks', 'IPMASK')]
        before = self.s.metric('muster_writer_values_adjusted_total')
        self.send(bodies)
        found = self.s.sql('SELECT NETID,%s FROM netmap' % ','.join(map(as_hex, names)))
        adjusted = self.check(sent, found, lambda column, text: text or ('' if column.name != 'NAME' else None))
        adjusted += self.check(networks, self.s.sql("SELECT h.DEVICEID,%s FROM networks n JOIN hardware h ON h.ID=n.HARDWARE_ID WHERE h.DEVICEID LIKE 'scan-%%'" %
                                                    as_hex('n.IPMASK')))
        self.assertEqual(self.s.metric('muster_writer_values_adjusted_total') - before, adjusted)

    def test_services_and_packages(self):
        """saas and download_history."""
        if 'saas' not in self.tables:
            self.skipTest('the schema has no table saas')
        self.s.sql("INSERT INTO saas_exp (NAME,DNS_EXP) VALUES ('all','^.+')")
        columns = [c for c in columns_of(self.s, 'saas') if c.name in ('ENTRY', 'DATA', 'TTL')]
        sent, bodies = Sent('saas', columns, [('saas', c.name) for c in columns]), []
        packages = Sent('download_history', [c for c in columns_of(self.s, 'download_history') if c.name == 'PKG_ID'], [('download_history', 'PKG_ID')])
        for number, kind in enumerate(KINDS):
            device, content = ODD.replace('odd', 'saas') % (number, 0), [b'<HARDWARE><NAME>a</NAME></HARDWARE>']
            for i, odd in enumerate([None] + columns):
                values = [value_of(kind, c.length) if c is odd else c.good(i + 1) for c in columns]
                content.append(element('SAAS', b'%s') % b''.join(element(c.name, v) for c, v in zip(columns, values)))
                if values[0]:
                    sent.add(device, [received(v) for v in values])
            listed = [p for p in ('7%d' % number, value_of(kind, 255)) if p]
            packs = b''.join(element('PACKAGE', b'%s') % element('ID', p) for p in listed)
            content.append(element('DOWNLOAD', b'%s') % (element('HISTORY', b'%s') % packs))
            for package in listed:
                packages.add(device, [received(package)])
            bodies.append(document(device, b''.join(content)))
        before = self.s.metric('muster_writer_values_adjusted_total')
        self.send(bodies)
        found = self.s.sql("SELECT h.DEVICEID,%s FROM saas n JOIN hardware h ON h.ID=n.HARDWARE_ID WHERE h.DEVICEID LIKE 'saas-%%'" % (
            ','.join(as_hex('n.' + c.name) for c in columns)))
        adjusted = self.check(sent, found)
        adjusted += self.check(packages, self.s.sql("SELECT h.DEVICEID,%s FROM download_history n JOIN hardware h ON h.ID=n.HARDWARE_ID "
                                                    "WHERE h.DEVICEID LIKE 'saas-%%'" % as_hex('PKG_ID')))
        self.assertEqual(self.s.metric('muster_writer_values_adjusted_total') - before, adjusted)
        # with differences only packages count that can be installed: here none can
        self.s.sql("INSERT INTO config (NAME,IVALUE) VALUES ('INVENTORY_WRITE_DIFF',1) ON DUPLICATE KEY UPDATE IVALUE=1")
        self.send([body.replace(b'saas-', b'diff-') for body in bodies])
        self.assertEqual(self.s.one("SELECT COUNT(*) FROM hardware WHERE DEVICEID LIKE 'diff-%'"), str(len(KINDS)))
        self.assertEqual(self.s.one("SELECT COUNT(*) FROM download_history n JOIN hardware h ON h.ID=n.HARDWARE_ID WHERE h.DEVICEID LIKE 'diff-%'"), '0')
        self.assertEqual(self.s.metric('muster_writer_rejected_total'), 0)

    def test_names_of_devices_and_agents(self):
        """DEVICEID and USERAGENT: kept as far as their columns go, and found again."""
        name, date = '\U0001f600\u00e4', '-2026-01-02-03-04-05'
        body = document(name + date, b'<HARDWARE><NAME>named</NAME></HARDWARE>')
        for _ in range(2):
            self.assertEqual(self.s.post(body, agent='OCS-NG_unified_unix_agent_v2.10.0' + 'x' * 60).status, 200)
            self.assertEqual(self.s.post(prolog(name + date)).status, 200)
            self.s.drain()
        self.assertEqual(self.s.sql("SELECT HEX(DEVICEID),FIDELITY FROM hardware WHERE NAME='named'"), [[('?\u00e4' + date).encode().hex().upper(), '3']])

    def test_words_of_the_console(self):
        """Caches of words have what the tables have."""
        caches = [('registry_name_cache', 'NAME', 'registry'), ('registry_regvalue_cache', 'REGVALUE', 'registry'), ('hardware_osname_cache', 'OSNAME', 'hardware')]
        bodies = []
        for number, kind in enumerate(KINDS):
            value = value_of(kind, 255)
            bodies.append(document(ODD.replace('odd', 'words') % (number, 0), element('HARDWARE', b'%s') % element('OSNAME', value) + element(
                'REGISTRY', b'%s') % (element('NAME', value) + element('REGVALUE', value) + element('X', 'x'))))
        self.send(bodies)
        for cache, column, source in caches:
            missing = self.s.one("SELECT COUNT(*) FROM %s s JOIN hardware h ON h.ID=s.%s WHERE h.DEVICEID LIKE 'words-%%' AND s.%s<>'' AND NOT EXISTS "
                                 "(SELECT 1 FROM %s c WHERE c.%s IN (s.%s,LEFT(s.%s,255)))" % (
                                     source, 'ID' if source == 'hardware' else 'HARDWARE_ID', column, cache, column, column, column))
            self.assertEqual(missing, '0', cache)
        self.assertEqual(self.s.metric('muster_writer_rejected_total'), 0)


if __name__ == '__main__':
    unittest.main()
