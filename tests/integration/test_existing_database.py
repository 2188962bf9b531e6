"""A database that OCS 2.8.1 made is taken over as it is: the schema of Debian's package, loaded into a MariaDB of our own."""
import os
import unittest

from harness import BIN, Muster, inventory, run
from private_mariadb import PrivateMariaDb, load_281

CONTENT = ('<HARDWARE><NAME>old-%s</NAME><OSNAME>Example</OSNAME><MEMORY>2048</MEMORY><CHECKSUM>262143</CHECKSUM></HARDWARE>'
           '<BIOS><SSN>serial %s</SSN></BIOS><ACCOUNTINFO><KEYNAME>TAG</KEYNAME><KEYVALUE>281</KEYVALUE></ACCOUNTINFO>'
           '<BATTERIES><NAME>battery</NAME></BATTERIES><CPUS><TYPE>cpu</TYPE><CORES>4</CORES></CPUS>'
           '<DRIVES><VOLUMN>/</VOLUMN><TOTAL>100</TOTAL></DRIVES>'
           '<SOFTWARES><NAME>shell</NAME><VERSION>1.0</VERSION></SOFTWARES><SOFTWARES><NAME>editor</NAME></SOFTWARES>')


class TestExistingDatabase(unittest.TestCase):
    def test_a_database_of_2_8_1_is_served(self):
        db = PrivateMariaDb()
        self.addCleanup(db.close)
        load_281(db, 'ocs281')
        before = set(db.client("SELECT CONCAT(table_name, '.', column_name, ' ', column_type) FROM information_schema.columns "
                               "WHERE table_schema='ocs281'").splitlines())
        url = db.url('ocs281')
        with Muster('--database', url) as s:
            reply = s.prolog('pc-2026-01-02-03-04-05')
            self.assertEqual((reply.status, '<RESPONSE>SEND</RESPONSE>' in reply.text), (200, True))
            for round_ in ('one', 'two'):
                self.assertEqual(s.post(inventory('pc-2026-01-02-03-04-05', CONTENT % (round_, round_))).status, 200)
                s.drain()
            row = db.client("SELECT h.NAME, a.TAG, b.SSN, h.MEMORY FROM hardware h JOIN accountinfo a ON a.HARDWARE_ID=h.ID "
                            "JOIN bios b ON b.HARDWARE_ID=h.ID WHERE h.DEVICEID LIKE 'pc-%'", 'ocs281')
            self.assertEqual(row, 'old-two\t281\tserial two\t2048\n')
            for name, rows in {'software': 2, 'cpus': 1, 'drives': 1, 'batteries': 1}.items():
                self.assertEqual(db.client('SELECT COUNT(*) FROM ' + name, 'ocs281'), '%d\n' % rows, name)
            state = s.muster('status', '--json').stdout
            self.assertIn('"ready": true', state.replace('"ready":true', '"ready": true'))
        after = set(db.client("SELECT CONCAT(table_name, '.', column_name, ' ', column_type) FROM information_schema.columns "
                              "WHERE table_schema='ocs281' AND table_name NOT LIKE 'muster%'").splitlines())
        self.assertEqual(after, before, 'OCS tables were changed')
        done = run(os.path.join(BIN, 'muster'), 'db', 'check', '--database', url, check=False)
        print(done.stdout)
        self.assertIn(done.returncode, (0, 1), done.stdout)


if __name__ == '__main__':
    unittest.main()
