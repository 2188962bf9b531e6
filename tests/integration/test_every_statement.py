"""The line between writer and database ends at every single statement of an inventory, before it and behind it (faults.md 88).

A device is new, comes again with other rows and comes again unchanged: that is one round. In each round another statement is met,
the first, the second, and so on until there are no more. Whatever was met, the rows are those of a calm round.
"""
import os
import shutil
import tempfile
import unittest
import urllib.parse

from harness import BIN, SCHEMA, Muster, inventory, run, table
from private_mariadb import PrivateMariaDb, load_281
from proxy import DatabaseProxy, NthRule

ROUNDS_MAX = 200
TABLES = ('hardware', 'bios', 'accountinfo', 'drives', 'printers', 'networks', 'muster_device')
#: ids, times, and what holds ids
NOT_COMPARED = {'ID', 'HARDWARE_ID', 'LASTDATE', 'LASTCOME', 'INVENTORY_HI', 'INVENTORY_LO', 'CONTACT_HI', 'CONTACT_LO', 'SECTIONS'}


def content(device, disk, printer):
    return ('<HARDWARE><NAME>%s</NAME><MEMORY>%d</MEMORY></HARDWARE><BIOS><SSN>ssn %s</SSN></BIOS><DRIVES><VOLUMN>/</VOLUMN><TOTAL>%d</TOTAL></DRIVES>'
            '<PRINTERS><NAME>%s</NAME></PRINTERS><NETWORKS><MACADDR>02:00:00:00:00:01</MACADDR></NETWORKS><SOFTWARES><NAME>program %s %d</NAME>'
            '<VERSION>%d</VERSION></SOFTWARES><SOFTWARES><NAME>common</NAME></SOFTWARES><ACCOUNTINFO><KEYNAME>TAG</KEYNAME><KEYVALUE>here</KEYVALUE>'
            '</ACCOUNTINFO>' % (device, disk, device, disk, printer, device, disk, disk))


class TestEveryStatement(unittest.TestCase):
    def setUp(self):
        self.db = PrivateMariaDb()
        self.addCleanup(self.db.close)
        folder = tempfile.mkdtemp(prefix='muster-statements-')
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        if SCHEMA:
            load_281(self.db, 'ocsweb')
        run(os.path.join(BIN, 'muster'), 'db', 'create', '--database', self.url(self.db.socket))
        self.db.client("UPDATE config SET IVALUE=0 WHERE NAME='AUTO_DUPLICATE_LVL'", 'ocsweb')
        self.proxy = DatabaseProxy(os.path.join(folder, 'db'), self.db.socket)
        self.addCleanup(self.proxy.close)
        # what runs by itself would be counted, too
        self.s = Muster('--database', self.url(self.proxy.path), env={'MUSTER_WRITER_JOBS_PERIOD': '1h', 'MUSTER_WRITER_COLUMNS_REFRESH': '1h'})
        self.s.start()
        self.addCleanup(self.s.__exit__)
        self.pid = next(x['pid'] for x in self.s.state['services'] if x['service'] == 'writer')
        self.columns = {t: self.compared(t) for t in TABLES}

    @staticmethod
    def url(path):
        return 'mysql://root@localhost/ocsweb?socket=' + urllib.parse.quote(path, safe='')

    def compared(self, name):
        found = self.db.client("SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA='ocsweb' AND TABLE_NAME='%s' ORDER BY COLUMN_NAME" % name)
        return ','.join('`%s`' % c for c in found.split() if c not in NOT_COMPARED)

    def rows(self, device):
        """All that is stored of a device, its own name as @."""
        number = self.db.client("SELECT ID FROM hardware WHERE DEVICEID='%s'" % device, 'ocsweb').split()
        self.assertEqual(len(number), 1, 'one row for the device')
        out = []
        for name, columns in self.columns.items():
            where = "DEVICEID='%s'" % device if name == 'muster_device' else '%s=%s' % ('ID' if name == 'hardware' else 'HARDWARE_ID', number[0])
            out.append(name + ' ' + self.db.client('SELECT %s FROM %s WHERE %s ORDER BY 1' % (columns, name, where), 'ocsweb'))
        out.append('software ' + self.db.client(
            'SELECT n.NAME,v.VERSION FROM software s JOIN software_name n ON n.ID=s.NAME_ID JOIN software_version v ON v.ID=s.VERSION_ID WHERE '
            's.HARDWARE_ID=%s ORDER BY 1' % number[0], 'ocsweb'))
        return '\n'.join(out).replace(device.split('-')[0], '@')

    def round(self, rule):
        """-> rows at the end"""
        self.count += 1
        device = 'every%03d-2026-03-04-05-06-07' % self.count
        name = device.split('-')[0]
        self.proxy.set_rules(rule)
        for disk, printer in ((7, 'old'), (8, 'new'), (8, 'new')):
            self.assertEqual(self.s.post(inventory(device, content(name, disk, printer))).status, 200)
            self.s.drain(60)
        self.proxy.set_rules()
        return self.rows(device)

    def test_every_statement(self):
        self.count = 0
        self.round(NthRule(self.pid, None))  # what is read once is read
        rule = NthRule(self.pid, None)
        calm, report, wrong = self.round(rule), [], []
        self.assertGreater(rule.seen, 20, 'these are no three transactions')
        for action, said in (('cut_before', 'line cut before it'), ('cut_after', 'line cut behind it, its answer lost')):
            kinds = {}
            for n in range(1, ROUNDS_MAX):
                rule = NthRule(self.pid, n, action)
                rows = self.round(rule)
                if not rule.done:
                    break
                kind = rule.met.split()[0]
                kinds[kind] = kinds.get(kind, 0) + 1
                if rows != calm:
                    wrong.append((action, n, rule.met[:100], rows))
            self.assertFalse(rule.done, 'it never ends')
            report.append([88, said, 'the rows of a calm round', '%d statements, one after the other: %s; %d other rows' % (
                n - 1, ', '.join('%d %s' % (v, k) for k, v in sorted(kinds.items())), len(wrong))])
            self.assertGreater(kinds.get('COMMIT', 0), 1)
            self.assertGreater(n, 20)
        table('Every statement of an inventory', ['no.', 'case', 'expected', 'seen'], report)
        self.assertEqual(wrong, [], calm)
        self.assertEqual(self.s.metric('muster_spool_quarantine_files'), 0)


if __name__ == '__main__':
    unittest.main()
