"""The line between writer and database ends at every single statement of an inventory, before it and behind it (faults.md 88).

A device is new and comes again with other rows: that is one round. In each round another statement of a
calm round is met, those of a new connection included. Whatever was met, the rows are those of a calm round.
"""
import os
import shutil
import tempfile
import unittest
import urllib.parse

from harness import BIN, SCHEMA, Muster, inventory, run, table
from private_mariadb import PrivateMariaDb, load_281
from proxy import DatabaseProxy, StatementRule

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
        words = ["SELECT @id:=ID FROM hardware WHERE DEVICEID='%s'" % device]
        for name, columns in self.columns.items():
            where = "DEVICEID='%s'" % device if name == 'muster_device' else '%s=@id' % ('ID' if name == 'hardware' else 'HARDWARE_ID')
            words.append("SELECT '%s',%s FROM %s WHERE %s ORDER BY 1,2" % (name, columns, name, where))
        words.append("SELECT 'software',n.NAME,v.VERSION FROM software s JOIN software_name n ON n.ID=s.NAME_ID JOIN software_version v ON "
                     'v.ID=s.VERSION_ID WHERE s.HARDWARE_ID=@id ORDER BY 2')
        numbers, _, rows = self.db.client(';\n'.join(words), 'ocsweb').partition('hardware')
        self.assertEqual(len(numbers.split()), 1, 'one row for the device')
        return 'hardware' + rows.replace(device.split('-')[0], '@')

    def round(self, rule, connects=False):
        """-> rows at the end. The second upload is given out when the first is stored."""
        self.count += 1
        device = 'every%d-2026-03-04-05-06-07' % self.count
        name = device.split('-')[0]
        if connects:
            self.proxy.reset(pid=self.pid)
        self.proxy.set_rules(rule)
        for disk, printer in ((7, 'old'), (8, 'new')):
            self.assertEqual(self.s.post(inventory(device, content(name, disk, printer))).status, 200)
        self.s.drain(60)
        self.proxy.set_rules()
        return self.rows(device)

    def statements(self, connects):
        """-> rows, and the statements of a calm round: those that come in each, not those that come by the clock"""
        rows, keys = set(), None
        for _ in range(3):
            rule = StatementRule(self.pid)
            rows.add(self.round(rule, connects))
            keys = [k for k in rule.keys if keys is None or k in keys]
        self.assertEqual(len(rows), 1, 'calm rounds differ')
        return rows.pop(), keys

    def test_every_statement(self):
        self.count, report, wrong = 100, [], []
        self.round(StatementRule(self.pid))  # what is read once is read
        calm, usual = self.statements(False)
        connecting = [k for k in self.statements(True)[1] if k not in usual]
        self.assertGreater(len(usual), 40, usual)
        self.assertGreater(len(connecting), 2, connecting)
        for action, said in (('cut_before', 'line cut before it'), ('cut_after', 'line cut behind it, its answer lost')):
            kinds = {}
            # what a new connection begins with changes nothing, so that its answer matters as little as the statement
            for key in usual + (connecting if action == 'cut_before' else []):
                rule = StatementRule(self.pid, key, action)
                rows = self.round(rule, key in connecting)
                kind = key[0].split()[0]
                kinds[kind] = kinds.get(kind, 0) + 1
                if rows != calm or not rule.done:
                    wrong.append((action, key, 'met' if rule.done else 'never met', rows))
            report.append([88, said, 'the rows of a calm round', '%d statements, one after the other: %s; %d wrong' % (
                sum(kinds.values()), ', '.join('%d %s' % (v, k) for k, v in sorted(kinds.items())), len(wrong))])
            self.assertEqual(kinds.get('COMMIT'), 2)
        table('Every statement of an inventory', ['no.', 'case', 'expected', 'seen'], report)
        self.assertEqual(wrong, [], calm)
        self.assertEqual(self.s.metric('muster_spool_quarantine_files'), 0)


if __name__ == '__main__':
    unittest.main()
