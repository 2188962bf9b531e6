"""Links with a key (CURVE) between the real services: with the installation's key everything flows, and not a word of it can be read on the
line; a parser or a writer with another key, or with none, is refused, counted, and gets nothing.
"""
import os
import subprocess
import unittest

from harness import BIN, Muster, inventory, run, table, wait_for
from proxy import TO_CLIENT, TO_SERVER, Line, Proxy

MARK = 'PlainlyReadable'


class Ear(Line):
    def forward(self, way, data, sink):
        self.proxy.heard[way] += data
        super().forward(way, data, sink)


class Tap(Proxy):
    line_class = Ear

    def __init__(self, path, target):
        self.heard = {TO_SERVER: b'', TO_CLIENT: b''}
        super().__init__(path, target)


class TestLinkKey(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = s = Muster()
        cls.key, cls.other = (os.path.join(s.folder, n) for n in ('our.key', 'other.key'))
        for path in (cls.key, cls.other):
            run(os.path.join(BIN, 'muster'), 'keys', path)
        cls.tap = Tap(('127.0.0.1', 0), os.path.join(s.folder, 'run', 'gateway-1.link'))
        s.env.update(MUSTER_LINK_KEY_FILE=cls.key, MUSTER_PARSER_GATEWAYS='tcp://127.0.0.1:%d' % cls.tap.path[1])
        s.start()
        cls.addClassCleanup(cls.tap.close)
        cls.addClassCleanup(s.__exit__)

    def send(self, name):
        body = inventory(name + '-2026-01-02-03-04-05', '<HARDWARE><NAME>%s</NAME><DESCRIPTION>%s</DESCRIPTION></HARDWARE>' % (name, MARK))
        self.assertEqual(self.s.post(body.encode(), coded=True).status, 200)

    def stored(self):
        return int(self.s.one("SELECT COUNT(*) FROM hardware WHERE DESCRIPTION='%s'" % MARK))

    def test_1_with_the_key_it_flows_and_nothing_can_be_read(self):
        self.send('member')
        self.s.drain()
        self.assertEqual(self.stored(), 1)
        self.assertGreater(sum(map(len, self.tap.heard.values())), 500)
        for way, heard in self.tap.heard.items():
            self.assertNotIn(MARK.encode(), heard, way)
            self.assertNotIn(b'MLNK', heard, way)

    def test_2_another_key_and_none_are_refused_and_counted(self):
        rows = []
        for kind, producer, env in (('parser', 'gateway', 'MUSTER_PARSER_GATEWAYS'), ('writer', 'parser', 'MUSTER_WRITER_PARSERS')):
            for what, key in (('another key', {'MUSTER_LINK_KEY_FILE': self.other}), ('no key', {})):
                before = self.s.metric('muster_link_refused_total')
                settings = dict(os.environ, **key)
                settings[env] = 'ipc://' + os.path.join(self.s.folder, 'run', producer + '-1.link')
                settings['MUSTER_ADMIN'] = 'unix:' + os.path.join(self.s.folder, 'stranger.admin')
                settings['MUSTER_PARSER_BIND'] = 'ipc://' + os.path.join(self.s.folder, 'stranger.link')
                settings['MUSTER_DATABASE'] = 'mysql://root@localhost/ocsweb?socket=' + os.path.join(self.s.folder, 'run', 'db.sock')
                log = os.path.join(self.s.folder, 'stranger.log')
                with open(log, 'w') as out:
                    stranger = subprocess.Popen([os.path.join(BIN, 'muster-' + kind)], env=settings, stdout=out, stderr=out)
                try:
                    def is_refused():
                        if stranger.poll() is not None:
                            with open(log) as f:
                                raise AssertionError('it ended: ' + f.read())
                        return self.s.metric('muster_link_refused_total') > before
                    wait_for('it is refused', is_refused)
                    for n in range(20):
                        self.send('%s%s%d' % (kind, key and 'k' or 'n', n))
                    self.s.drain()
                    self.assertIsNone(stranger.poll(), 'it ended by itself')
                finally:
                    stranger.kill()
                    stranger.wait(10)
                with open(log) as f:
                    self.assertNotIn('producer joined', f.read())
                consumers = self.s.metric('muster_link_consumers')
                rows.append(['%s with %s' % (kind, what), 'refused, counted, gets nothing', '%d refusals, %d consumers' % (
                    self.s.metric('muster_link_refused_total') - before, consumers)])
                self.assertEqual(consumers, 2)
        table('Strangers', ['case', 'expected', 'seen'], rows)
        self.assertEqual(self.stored(), 81)


if __name__ == '__main__':
    unittest.main()
