"""Every inventory of the corpus (and our own fixtures) ends in the database, with as many rows as its document says."""
import glob
import os
import unittest

import inventory_facts as facts
from harness import HERE, SHARED, Muster, have_shared, table

#: 67 of the documents are inventories that a server takes (corpus/inventories/index.csv)
CORPUS_INVENTORIES = 67


def documents():
    paths = sorted(glob.glob(os.path.join(HERE, 'fixtures', '*.xml')))
    if have_shared():
        paths += sorted(glob.glob(os.path.join(SHARED, 'corpus', 'inventories', '*.xml')))
    for path in paths:
        with open(path, 'rb') as f:
            data = f.read()
        try:
            taken = facts.is_inventory(data)
        except facts.ET.ParseError:
            taken = False
        yield os.path.basename(path), data, taken


class TestCorpus(unittest.TestCase):
    def test_rows_are_those_of_the_document(self):
        tables = sorted(list(facts.SECTIONS.values()) + list(facts.SINGLE.values()) + ['software'])
        report, wrong, taken_count, seen = [], [], 0, set()
        with Muster() as s:
            s.sql("UPDATE config SET IVALUE=0 WHERE NAME='AUTO_DUPLICATE_LVL'")
            tables = s.present(tables)
            for name, data, taken in documents():
                status = s.post(data).status
                if not taken:
                    self.assertIn(status, (200, 400), name)
                    continue
                self.assertEqual((name, status), (name, 200))
                s.drain()
                device, rows = facts.expected(data)
                number = s.one("SELECT ID FROM hardware WHERE DEVICEID='%s'" % device)
                union = ' UNION ALL '.join("SELECT '%s', COUNT(*) FROM %s WHERE HARDWARE_ID=%s" % (t, t, number) for t in tables)
                found = {t: int(n) for t, n in s.sql(union)}
                # a section that a later upload of the device does not carry keeps its rows
                compare = [t for t in tables if t in rows or device not in seen]
                if device in seen:
                    compare = [t for t in compare if t != 'journallog']
                want = {t: rows.get(t, 0) for t in compare}
                got = {t: found[t] for t in compare}
                report.append([name, sum(t in rows for t in tables), sum(want.values()), sum(got.values()),
                               'equal' if want == got else 'DIFFERENT'])
                wrong += ['%s %s: expected %d, found %d' % (name, t, want[t], got[t]) for t in compare if want[t] != got[t]]
                seen.add(device)
                taken_count += 1
            states = s.muster('status', check=False).stdout
        table('Rows of each inventory', ['file', 'sections', 'expected', 'found', ''], report)
        print('%d inventories, %d rows expected, %d found' % (taken_count, sum(r[2] for r in report), sum(r[3] for r in report)))
        self.assertEqual(wrong, [], states)
        self.assertGreaterEqual(taken_count, CORPUS_INVENTORIES if have_shared() else 3)


if __name__ == '__main__':
    unittest.main()
