"""The line between writer and database ends at every single statement of an inventory, before it and behind it (faults.md 88).

A device is new and comes again with other rows: that is one round. In each round another statement of a
calm round is met, those of a new connection included. Whatever was met, the rows are those of a calm round.
"""
import os
import shutil
import socket
import tempfile
import unittest
import urllib.parse

from harness import BIN, SCHEMA, Muster, inventory, run, table, wait_for
from private_mariadb import PrivateMariaDb, load_281
from proxy import DatabaseProxy, StatementRule

TABLES = ('hardware', 'bios', 'accountinfo', 'drives', 'printers', 'networks', 'muster_device')
MARK = '== a device'
#: ids, times, and what holds ids
NOT_COMPARED = {'ID', 'HARDWARE_ID', 'LASTDATE', 'LASTCOME', 'INVENTORY_HI', 'INVENTORY_LO', 'CONTACT_HI', 'CONTACT_LO', 'SECTIONS'}


#: so many rows go as an array
PROGRAMS = 70


def content(device, disk, printer):
    many = ''.join('<SOFTWARES><NAME>one of many %d</NAME><VERSION>%d</VERSION></SOFTWARES>' % (n, disk) for n in range(PROGRAMS))
    return ('<HARDWARE><NAME>%s</NAME><MEMORY>%d</MEMORY></HARDWARE><BIOS><SSN>ssn %s</SSN></BIOS><DRIVES><VOLUMN>/</VOLUMN><TOTAL>%d</TOTAL></DRIVES>'
            '<PRINTERS><NAME>%s</NAME></PRINTERS><NETWORKS><MACADDR>02:00:00:00:00:01</MACADDR></NETWORKS><SOFTWARES><NAME>program %s %d</NAME>'
            '<VERSION>%d</VERSION></SOFTWARES><SOFTWARES><NAME>common</NAME></SOFTWARES><ACCOUNTINFO><KEYNAME>TAG</KEYNAME><KEYVALUE>here</KEYVALUE>'
            '</ACCOUNTINFO>' % (device, disk, device, disk, printer, device, disk, disk)) + many


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

    def questions(self, device):
        """For all that is stored of a device."""
        yield "SET @id=(SELECT ID FROM hardware WHERE DEVICEID='%s')" % device  # an error if there are two
        yield "SELECT '%s'" % MARK
        for name, columns in self.columns.items():
            where = "DEVICEID='%s'" % device if name == 'muster_device' else '%s=@id' % ('ID' if name == 'hardware' else 'HARDWARE_ID')
            yield "SELECT '%s',%s FROM %s WHERE %s ORDER BY 1,2" % (name, columns, name, where)
        yield ("SELECT 'software',n.NAME,v.VERSION FROM software s JOIN software_name n ON n.ID=s.NAME_ID JOIN software_version v ON v.ID=s.VERSION_ID "
               'WHERE s.HARDWARE_ID=@id ORDER BY 2')

    def stored(self, devices):
        """What is stored of each, its own name as @; all at once, for a client's start costs more than its questions."""
        text = self.db.client(';\n'.join(q for d in devices for q in self.questions(d)), 'ocsweb')
        return [rows.replace(d.split('-')[0], '@') for rows, d in zip(text.split(MARK)[1:], devices, strict=True)]

    def pending(self):
        """Uploads that are not yet in the database."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(os.path.join(self.s.folder, 'run', 'gateway-1.admin'))
            s.sendall(b'GET /metrics HTTP/1.0\r\nHost: admin\r\n\r\n')
            page = b''.join(iter(lambda: s.recv(65536), b'')).decode()
        return int(page.split('\nmuster_spool_pending ')[1].split()[0])

    def round(self, rule, connects=False):
        """-> the device. Its second upload is given out when the first is stored."""
        self.count += 1
        device = 'every%d-2026-03-04-05-06-07' % self.count
        name = device.split('-')[0]
        if connects:
            self.proxy.reset(pid=self.pid)
        self.proxy.set_rules(rule)
        for disk, printer in ((7, 'old'), (8, 'new')):
            self.assertEqual(self.s.post(inventory(device, content(name, disk, printer))).status, 200)
        wait_for('both are stored', lambda: self.pending() == 0, 60)
        self.proxy.set_rules()
        return device

    def statements(self, connects):
        """-> devices, and the statements of a calm round: those that come in each, not those that come by the clock"""
        devices, keys = [], None
        for _ in range(3):
            rule = StatementRule(self.pid)
            devices.append(self.round(rule, connects))
            keys = [k for k in rule.keys if keys is None or k in keys]
        return devices, keys

    def cut_at(self, keys, action, connecting):
        """-> what went wrong, and how many statements of which kind"""
        never, kinds = [], {}
        for key in keys:
            rule = StatementRule(self.pid, key, action)
            self.met.append((action, key, self.round(rule, key in connecting)))
            kind = key[0].split()[0]
            kinds[kind] = kinds.get(kind, 0) + 1
            if not rule.done:
                never.append((action, key))
        self.assertEqual(never, [], 'never met')
        self.assertEqual(kinds.get('COMMIT'), 2)
        return '%d statements, one after the other: %s' % (len(keys), ', '.join('%d %s' % (v, k) for k, v in sorted(kinds.items())))

    def test_every_statement(self):
        self.count, self.met = 100, []
        self.round(StatementRule(self.pid))  # what is read once is read
        calm, usual = self.statements(False)
        more, statements = self.statements(True)
        connecting = [k for k in statements if k not in usual]
        self.assertGreater(len(usual), 40, usual)
        self.assertGreater(len(connecting), 2, connecting)
        self.assertIn('ARRAY', {form.split()[0] for form, _ in usual})
        self.assertIn('PREPARE', {form.split()[0] for form, _ in connecting})
        # what a new connection begins with changes nothing, so that its answer matters as little as the statement
        before = self.cut_at(usual + connecting, 'cut_before', connecting)
        behind = self.cut_at(usual, 'cut_after', ())
        rows = self.stored(calm + more + [device for _, _, device in self.met])
        wrong = [met + (got,) for met, got in zip(self.met, rows[6:]) if got != rows[0]]
        table('Every statement of an inventory', ['no.', 'case', 'expected', 'seen'], [
            [88, 'line cut before it', 'the rows of a calm round', before],
            [88, 'line cut behind it, its answer lost', 'the rows of a calm round', '%s; in all %d others' % (behind, len(wrong))]])
        self.assertEqual(set(rows[:6]), {rows[0]}, 'calm rounds differ')
        self.assertIn('program @ 8', rows[0])
        self.assertEqual(wrong, [], rows[0])
        self.assertEqual(self.s.metric('muster_spool_quarantine_files'), 0)


if __name__ == '__main__':
    unittest.main()
