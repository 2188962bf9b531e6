"""An upload that is sent twice changes times only: the row images of the second time say so, and no AUTO_INCREMENT moves.

For every inventory of the fixtures, and of the corpus when it stands beside the project."""
import unittest

import inventory_facts as facts
from harness import Muster, inventory, table, wait_for
from row_images import OPTIONS, Images, parse
from test_corpus import documents

#: what may be written a second time: times of hardware, and which upload was the last one (our own table)
ALLOWED = {'hardware': {'LASTDATE', 'LASTCOME'}, 'muster_device': {'INVENTORY_HI', 'INVENTORY_LO'}}
#: and for a PROLOG
ALLOWED_PROLOG = {'hardware': {'LASTCOME', 'FIDELITY', 'QUALITY'}, 'muster_device': {'CONTACT_HI', 'CONTACT_LO'}}
#: OCS adds to it with every inventory, and so do we
GROWS = 'journallog'


def foreign(summary, allowed, grows=()):
    """Writes of `summary` that are not allowed."""
    out = []
    for key, count in summary.items():
        kind, name, *columns = key.split()
        grown = kind == 'INSERT' and name in grows
        if not grown and (kind != 'UPDATE' or not set(columns) <= allowed.get(name, set())):
            out.append('%s: %d' % (key, count))
    return out


def layers(found):
    """Lists of documents of different devices: the second one of a device comes in the next list."""
    out = []
    for name, data in found:
        device = facts.expected(data)[0].upper()
        place = next((layer for layer in out if device not in layer), None)
        if place is None:
            out.append(place := {})
        place[device] = (name, data)
    return [list(layer.values()) for layer in out]


class TestRowImages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Muster(env={'MUSTER_TEST_DATABASE_OPTIONS': OPTIONS})
        cls.s.start()
        cls.addClassCleanup(cls.s.__exit__)
        cls.s.sql("UPDATE config SET IVALUE=0 WHERE NAME='AUTO_DUPLICATE_LVL'")
        cls.images = Images(cls.s)

    def counters(self, but=()):
        rows = self.s.sql('SELECT TABLE_NAME, AUTO_INCREMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA=DATABASE() '
                          'AND AUTO_INCREMENT IS NOT NULL ORDER BY 1')
        return [r for r in rows if r[0] not in but]

    def send(self, texts, prologs=()):
        for text in texts:
            self.assertEqual(self.s.post(text).status, 200)
        for device in prologs:
            self.assertEqual(self.s.prolog(device).status, 200)
        self.s.drain()

    def another_second(self):
        """LASTDATE has seconds: what is applied again within the same one is not seen."""
        last = self.s.one("SELECT MAX(LASTDATE) FROM hardware")
        wait_for('another second', lambda: self.s.one("SELECT NOW() > '%s'" % last) == '1')

    def test_an_inventory_sent_twice_changes_times_only(self):
        report, wrong, sent = [], [], 0
        found = [(name, data) for name, data, taken in documents() if taken]
        for number, layer in enumerate(layers(found), 1):
            texts = [data for _, data in layer]
            grows = [GROWS] if any(GROWS in facts.expected(data)[1] for data in texts) else []
            self.send(texts)
            self.another_second()
            before = self.counters(grows)
            self.images.start()
            self.send(texts)
            summary = self.images.summary()
            wrong += foreign(summary, ALLOWED, grows)
            self.assertEqual(self.counters(grows), before, 'AUTO_INCREMENT moved')
            updates = sum(n for key, n in summary.items() if key.startswith('UPDATE hardware '))
            self.assertEqual(updates, len(texts), 'each was applied again: %s' % summary)
            report += [[number, len(texts), key, n] for key, n in sorted(summary.items())]
            sent += len(texts)
        table('Row images of the second time', ['round', 'inventories', 'write', 'rows'], report)
        print('%d inventories sent twice, %d writes that should not be' % (sent, len(wrong)))
        self.assertEqual(wrong, [])
        self.assertEqual(sent, len(found))

    def test_a_contact_changes_times_and_quality_only(self):
        devices = ['contact-%d-2026-01-02-03-04-05' % n for n in range(10)]
        self.send([inventory(d, '<HARDWARE><NAME>%s</NAME></HARDWARE>' % d) for d in devices], devices)
        before = self.counters()
        self.images.start()
        self.send([], devices)
        summary = self.images.summary()
        self.assertEqual(foreign(summary, ALLOWED_PROLOG), [])
        self.assertEqual(self.counters(), before)
        self.assertTrue(any('FIDELITY' in key for key in summary), summary)

    def test_a_change_is_seen(self):
        """What this file looks at is really written there: a change of one row shows as one row, and nothing else."""
        device, content = 'seen-2026-01-02-03-04-05', '<HARDWARE><NAME>seen</NAME></HARDWARE><DRIVES><FREE>%d</FREE></DRIVES><DRIVES><FREE>7</FREE></DRIVES>'
        self.send([inventory(device, content % 1)])
        before = self.counters()
        self.images.start()
        self.send([inventory(device, content % 2)])
        summary = self.images.summary()
        self.assertEqual([summary.get('INSERT drives'), summary.get('DELETE drives')], [1, 1], summary)
        self.assertNotEqual(self.counters(), before)
        self.assertEqual(len(foreign(summary, ALLOWED)) >= 2, True)


class TestParse(unittest.TestCase):
    def test_an_update(self):
        change, = parse("# at 5\n### UPDATE `a`.`b`\n### WHERE\n###   @1=1\n###   @2='x\ny'\n### SET\n###   @1=1\n###   @2='z'\n")
        self.assertEqual((change.kind, change.table, change.columns()), ('UPDATE', 'b', {2}))


if __name__ == '__main__':
    unittest.main()
