"""Contacts of one device: first contact by many at once, the same upload twice, replies in every coding."""
import concurrent.futures
import gzip
import re
import threading
import unittest
import zlib

from harness import Muster, inventory, prolog, wait_for

HARDWARE = ('<HARDWARE><NAME>%s</NAME><OSNAME>Example</OSNAME><CHECKSUM>1572863</CHECKSUM></HARDWARE>'
            '<ACCOUNTINFO><KEYNAME>TAG</KEYNAME><KEYVALUE>t1</KEYVALUE></ACCOUNTINFO>'
            '<PRINTERS><NAME>one</NAME></PRINTERS><PRINTERS><NAME>two</NAME></PRINTERS>'
            '<SOFTWARES><NAME>shell</NAME><VERSION>1.0</VERSION></SOFTWARES><SOFTWARES><NAME>editor</NAME></SOFTWARES>')


class TestContacts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Muster('--gateways', '2', '--parsers', '2', '--writers', '2')
        cls.s.start()
        cls.addClassCleanup(cls.s.__exit__)

    def test_twenty_first_contacts_at_once_make_one_computer(self):
        device = 'racer-2026-01-02-03-04-05'
        urls = ['http://%s/ocsinventory' % g['http'] for g in self.s.gateways]

        def contact(n):
            url = urls[n % len(urls)]
            first = self.s.prolog(device, url=url)
            return first.status, self.s.post(inventory(device, HARDWARE % 'racer'), url=url).status

        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(contact, range(20)))
        self.assertEqual(answers, [(200, 200)] * 20)
        self.s.drain()
        self.assertEqual(self.s.sql("SELECT COUNT(*), COUNT(DISTINCT ID) FROM hardware WHERE DEVICEID='%s'" % device), [['1', '1']])
        number = self.s.one("SELECT ID FROM hardware WHERE DEVICEID='%s'" % device)
        for name, rows in {'printers': 2, 'software': 2, 'accountinfo': 1}.items():
            self.assertEqual(self.s.one('SELECT COUNT(*) FROM %s WHERE HARDWARE_ID=%s' % (name, number)), str(rows), name)

    def post_at_once(self, documents):
        """All at the same moment, by turns to the gateways; the statuses."""
        urls = ['http://%s/ocsinventory' % g['http'] for g in self.s.gateways]
        start = threading.Barrier(len(documents))

        def post(job):
            start.wait(60)
            return self.s.post(job[1], url=urls[job[0] % len(urls)], timeout=60).status

        with concurrent.futures.ThreadPoolExecutor(len(documents)) as pool:
            return list(pool.map(post, enumerate(documents)))

    def expect_no_fault(self):
        for name in ('muster_writer_rejected_total', 'muster_parser_rejected_total'):
            self.assertEqual(self.s.metric(name), 0, name)

    def test_64_first_contacts_with_the_same_new_programs_and_8_of_one_device(self):
        """No error to an agent, one row per device and word."""
        words = ['Race tool %d' % n for n in range(40)]
        software = ''.join('<SOFTWARES><NAME>%s</NAME><VERSION>race %d.1</VERSION><PUBLISHER>Race %d</PUBLISHER></SOFTWARES>' % (w, n, n % 7)
                           for n, w in enumerate(words))
        content = '<HARDWARE><NAME>race</NAME><OSNAME>Race OS</OSNAME></HARDWARE><DRIVES><TYPE>a</TYPE></DRIVES>' + software
        devices = ['race-%d-2026-01-02-03-04-05' % n for n in range(64)] + ['race-one-2026-01-02-03-04-05'] * 8
        self.assertEqual(self.post_at_once([inventory(d, content) for d in devices]), [200] * 72)
        self.s.drain()
        one = lambda statement: int(self.s.one(statement))
        self.assertEqual(self.s.sql("SELECT COUNT(*),COUNT(DISTINCT DEVICEID) FROM hardware WHERE DEVICEID LIKE 'race-%'"), [['65', '65']])
        for name, column, count in (('software_name', 'NAME', 40), ('software_version', 'VERSION', 40), ('software_publisher', 'PUBLISHER', 7)):
            self.assertEqual(one("SELECT COUNT(*) FROM %s WHERE %s LIKE 'race%%'" % (name, column)), count, name)
        for name, count in (('software', 40), ('drives', 1), ('accountinfo', 1)):
            wrong = self.s.sql('SELECT h.DEVICEID,COUNT(t.HARDWARE_ID) FROM hardware h LEFT JOIN %s t ON t.HARDWARE_ID=h.ID '
                               "WHERE h.DEVICEID LIKE 'race-%%' GROUP BY h.ID,h.DEVICEID HAVING COUNT(t.HARDWARE_ID)<>%d" % (name, count))
            self.assertEqual(wrong, [], name)
        self.expect_no_fault()

    def test_the_same_upload_twice_writes_no_row_of_a_section(self):
        device = 'twice-2026-01-02-03-04-05'
        self.s.post(inventory(device, HARDWARE % 'twice'))
        self.s.drain()
        ids = lambda: [self.s.sql('SELECT ID FROM %s ORDER BY ID' % t) for t in ('printers', 'software', 'software_name')]
        next_ids = lambda: self.s.sql("SELECT table_name, auto_increment FROM information_schema.tables WHERE table_schema=DATABASE() "
                                      "AND table_name IN ('printers','software','software_name','software_version','hardware') ORDER BY 1")
        before, counters = ids(), next_ids()
        for _ in range(5):
            self.assertEqual(self.s.post(inventory(device, HARDWARE % 'twice')).status, 200)
        self.s.drain()
        self.assertEqual(ids(), before)
        self.assertEqual(next_ids(), counters)

    def test_tag_of_the_server_goes_back_to_the_agent(self):
        device = 'tag-2026-01-02-03-04-05'
        self.assertIn('NO_ACCOUNT_UPDATE', self.s.post(inventory(device, HARDWARE % 'tag')).text)
        self.s.drain()
        self.s.sql("UPDATE accountinfo a JOIN hardware h ON h.ID=a.HARDWARE_ID SET a.TAG='from console' WHERE h.DEVICEID='%s'" % device)
        text = self.s.post(inventory(device, HARDWARE % 'tag')).text
        self.assertIn('<RESPONSE>ACCOUNT_UPDATE</RESPONSE>', text)
        self.assertIn('<KEYVALUE>from console</KEYVALUE>', text)
        self.s.drain()
        self.assertEqual(self.s.one("SELECT TAG FROM accountinfo a JOIN hardware h ON h.ID=a.HARDWARE_ID WHERE DEVICEID='%s'" % device), 'from console')

    def test_reply_is_coded_as_the_request_was(self):
        body = prolog('coded-2026-01-02-03-04-05').encode()
        deflate = zlib.compressobj(6)
        unfinished = deflate.compress(body) + deflate.flush(zlib.Z_SYNC_FLUSH)
        for what, data, begins in (('zlib', zlib.compress(body), b'\x78\x9c'), ('unfinished zlib', unfinished, b'\x78\x9c'),
                                   ('gzip', gzip.compress(body), b'\x1f\x8b'), ('clear', body, b'<?xml')):
            reply = self.s.post(data, coded=True)
            self.assertEqual((what, reply.status), (what, 200))
            self.assertTrue(reply.raw.startswith(begins), what)
            self.assertIn('<RESPONSE>SEND</RESPONSE>', reply.text)
            self.assertEqual(reply.headers['content-length'], str(len(reply.raw)))

    def test_what_is_no_request_is_refused_and_leaves_no_trace(self):
        count = lambda: self.s.one('SELECT COUNT(*) FROM hardware')
        before = count()
        for what, body in (('no XML', 'hello'), ('cut', inventory('cut-2026-01-02-03-04-05', HARDWARE % 'x')[:300]),
                           ('bad DEVICEID', inventory('nodate', HARDWARE % 'x')), ('DOCTYPE', '<!DOCTYPE a><a/>'),
                           ('unknown QUERY', prolog('q-2026-01-02-03-04-05').replace('PROLOG', 'NOSUCH'))):
            self.assertEqual((what, self.s.post(body).status), (what, 400))
        self.s.drain()
        self.assertEqual(count(), before)

    def test_contact_is_counted_once_for_each_prolog(self):
        device = 'counted-2026-01-02-03-04-05'
        self.s.post(inventory(device, HARDWARE % 'counted'))
        self.s.drain()
        for _ in range(7):
            self.s.prolog(device)
        self.s.drain()
        self.assertEqual(self.s.one("SELECT FIDELITY FROM hardware WHERE DEVICEID='%s'" % device), '8')


if __name__ == '__main__':
    unittest.main()
