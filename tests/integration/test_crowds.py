"""Very many at once: idle connections above the cap, every agent after an outage, the same upload twice at a time.

Numbers are small by default; MUSTER_TEST_IDLE=50000 and MUSTER_TEST_CROWD=100000 are those of the acceptance (limit of open files: 20000).
"""
import concurrent.futures
import os
import select
import signal
import socket
import struct
import time
import unittest
import zlib

import hostile_wire as wire
from crowd import ADDRESSES, CONTENT, Crowd
from harness import Muster, inventory, table, wait_for
from hostile_watch import Watch
from slow_clients import allow_files

IDLE = int(os.environ.get('MUSTER_TEST_IDLE', '1600'))
CROWD = int(os.environ.get('MUSTER_TEST_CROWD', '2000'))


def port_of(s):
    return int(s.http.split(':')[2].split('/')[0])


class TestIdle(unittest.TestCase):
    """faults.md 19: connections on which nothing happens are the first to go, the oldest of them first."""

    def drop_closed(self, poll, connections):
        """Those that the server has ended. @return their numbers, in the order in which we see it"""
        gone = []
        for fd, _ in poll.poll(0):
            number, s = connections.pop(fd)
            poll.unregister(fd)
            s.close()
            gone.append(number)
        return gone

    def test_the_oldest_idle_ones_make_room_for_new_ones(self):
        cap = IDLE // 8 if IDLE < 40000 else 10000
        if not allow_files(cap + 4000):
            self.skipTest('no room for %d connections' % cap)
        with Muster(env={'MUSTER_GATEWAY_CONNECTIONS_MAX': str(cap), 'MUSTER_GATEWAY_IDLE_TIME': '600s'}) as s:
            watch, poll, connections, gone, waits = Watch(s), select.epoll(), {}, [], []
            calm = watch.high_water(watch.pids['gateway-1'])
            busy = socket.create_connection(('127.0.0.1', port_of(s)))
            busy.sendall(wire.head_of('POST', '/ocsinventory', [('Host', 'x'), ('Content-Length', 1 << 20)]))
            fed = time.monotonic()
            for number in range(IDLE):
                c = socket.socket()
                c.bind((ADDRESSES[number % len(ADDRESSES)], 0))
                c.settimeout(60)
                c.connect(('127.0.0.1', port_of(s)))
                connections[c.fileno()] = number, c
                poll.register(c.fileno(), select.EPOLLIN | select.EPOLLRDHUP)
                gone += self.drop_closed(poll, connections)
                if number % (IDLE // 8) == 0:
                    began = time.monotonic()
                    self.assertEqual(s.prolog('honest%d-2026-01-02-03-04-05' % number, timeout=60).status, 200)
                    waits.append(time.monotonic() - began)
                if time.monotonic() - fed > 0.5:
                    fed = time.monotonic()
                    busy.sendall(b'x' * 4000)
            self.assertEqual(s.prolog('last-2026-01-02-03-04-05', timeout=60).status, 200)
            wait_for('the last ones taken in', lambda: gone.extend(self.drop_closed(poll, connections)) or len(connections) <= cap)
            self.assertFalse(select.select([busy], [], [], 0)[0], 'one that sends was closed')
            room, peak = s.metric('muster_http_closed_total{reason="room"}'), watch.high_water(watch.pids['gateway-1'])
            left = sorted(number for number, _ in connections.values())
            slack = IDLE - cap - left[0]  # how far beyond its turn the oldest survivor has come
            table('Idle connections', ['case', '', ''], [
                ['19', 'connections', IDLE], ['', 'cap', cap], ['', 'closed to make room', room], ['', 'still there', len(left)],
                ['', 'the oldest of them is number', left[0]], ['', 'honest clients served meanwhile', len(waits) + 1],
                ['', 'the slowest of them, s', '%.2f' % max(waits)], ['', 'gateway, MiB', '%d to %d' % (calm, peak)]])
            for number, c in connections.values():
                c.close()
            busy.close()
            self.assertTrue(watch.alive())
        self.assertGreaterEqual(room, len(gone))
        self.assertLess(slack, cap // 4 + 50, 'a connection was kept although others were younger')
        self.assertGreater(len(left), cap * 3 // 4, 'more were closed than had to be')
        self.assertLess(peak - calm, 8 + cap * 20 // 1024, 'a connection may cost 20 KiB')
        self.assertEqual(sorted(gone), sorted(set(range(IDLE)) - set(left)))


class TestWave(unittest.TestCase):
    """faults.md 101: all agents at once, while the database is away, and when it comes back."""
    LIMITS = {'MUSTER_GATEWAY_BODIES_MAX': '64MiB', 'MUSTER_GATEWAY_SPOOL_QUEUE': '32MiB', 'MUSTER_WRITER_RETRY_FOR': '4s',
              'MUSTER_GATEWAY_CONFIG_REFRESH': '1s'}
    #: MiB; see docs/limits.md. The gateway's own bound would be 800: no body here is larger than a few KiB
    BOUNDS = {'gateway': 96 + CROWD * 90 // (1 << 20), 'parser': 64 + 96, 'writer': 64 + 160}

    def test_after_an_outage(self):
        env = dict(self.LIMITS, MUSTER_GATEWAY_LAG_UPLOADS=str(CROWD // 10))
        with Muster(env=env) as s:
            s.sql("INSERT INTO config (NAME, IVALUE) VALUES ('PROLOG_FREQ', 24) ON DUPLICATE KEY UPDATE IVALUE=24")
            wait_for('the option', lambda: '<PROLOG_FREQ>24<' in s.prolog('first-2026-01-02-03-04-05').text)
            watch = Watch(s)
            database = next(x['pid'] for x in s.state['services'] if x['service'] == 'mariadb')
            calm = {n: watch.high_water(p) for n, p in watch.pids.items()}
            os.kill(database, signal.SIGSTOP)
            try:
                began = time.monotonic()
                crowd = Crowd(port_of(s), CROWD, 2000)
                crowd.start()
                crowd.run(until=lambda: crowd.answered > CROWD)
                writer = watch.pids['writer-1']
                os.kill(writer, signal.SIGSTOP)  # so that the spool is still deep while they come again
            finally:
                os.kill(database, signal.SIGCONT)
            try:
                crowd.run()
                seconds = time.monotonic() - began
                wait_for('the gateway sees the lag', lambda: s.metric('muster_gateway_lagging') == 1)
                # Again: who asks is told to come later, each at another time.
                again = Crowd(port_of(s), min(CROWD, 2000), 200, queries=('PROLOG',))
                again.start()
                again.run()
            finally:
                os.kill(writer, signal.SIGCONT)
            s.drain(1200)
            drained = time.monotonic() - began
            peak = {n: watch.high_water(p) for n, p in watch.pids.items()}
            alive = watch.alive()
            stored = int(s.one("SELECT COUNT(DISTINCT DEVICEID) FROM hardware WHERE NAME='crowd'"))
            rows = int(s.one("SELECT COUNT(*) FROM hardware WHERE NAME='crowd'"))
            usual = s.prolog('last-2026-01-02-03-04-05').text
        told = sum(again.frequencies.values())
        early = sum(n for hours, n in again.frequencies.items() if hours < 24)
        table('All at once', ['case', '', ''], [
            ['101', 'agents', CROWD], ['', 'answers other than 200', crowd.refused() or 'none'], ['', 'connections broken', len(crowd.broken)],
            ['', 'slowest answer, s', '%.2f' % crowd.slowest], ['', 'all answered after, s', '%.1f' % seconds],
            ['', 'all in the database after, s', '%.1f' % drained], ['', 'devices stored', stored],
            ['', 'asked again while lagging', told], ['', 'of them told a time of their own', early],
            ['', 'hours that were told', len(again.frequencies)], ['', 'most at one hour', max(again.frequencies.values())]] + [
                ['', '%s, MiB' % n, '%d to %d, bound %d' % (calm[n], peak[n], self.BOUNDS[watch.kinds[n]])] for n in sorted(peak)])
        self.assertTrue(alive, 'a service ended')
        self.assertEqual(crowd.refused(), {})
        self.assertEqual(crowd.broken, [])
        self.assertEqual(again.refused(), {})
        self.assertEqual((stored, rows), (CROWD, CROWD))
        for n in peak:
            self.assertLess(peak[n], self.BOUNDS[watch.kinds[n]], n)
        self.assertGreater(len(again.frequencies), 18)
        self.assertLess(max(n for h, n in again.frequencies.items() if h < 24), told / 24 * 3, 'an echo at one hour')
        self.assertIn('<PROLOG_FREQ>24<', usual)


class TestSameUpload(unittest.TestCase):
    """faults.md 26 and 27: nobody heard the answer, or two heard one."""

    @classmethod
    def setUpClass(cls):
        cls.s = Muster()
        cls.s.start()

    @classmethod
    def tearDownClass(cls):
        cls.s.__exit__()

    def check_once(self, devices):
        """Each is there once, with its rows."""
        self.s.drain()
        counts = ', '.join('(SELECT COUNT(*) FROM %s WHERE HARDWARE_ID=h.ID)' % t for t in ('bios', 'software', 'accountinfo'))
        rows = self.s.sql("SELECT DEVICEID, %s FROM hardware h WHERE DEVICEID LIKE '%s%%' ORDER BY DEVICEID" % (counts, devices[0][:5]))
        self.assertEqual(rows, [[d, '1', '30', '1'] for d in sorted(devices)])

    def test_a_client_that_resets_behind_its_last_byte_and_comes_again(self):
        seen = []
        for number in range(30):
            device = 'reset%d-2026-01-02-03-04-05' % number
            body = zlib.compress(inventory(device, CONTENT % device).encode())
            c = socket.create_connection(('127.0.0.1', port_of(self.s)))
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            c.sendall(wire.post(body))
            if number % 3:  # so that some are reset before the request was read, some while it waits for the disk
                time.sleep(0.0005 * number)
            c.close()
            if number % 10 == 1:
                self.s.drain()
            self.assertEqual(self.s.post(body, coded=True).status, 200)
            seen.append(device)
        self.check_once(seen)

    def test_the_same_upload_on_two_connections_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for number in range(20):
                device = 'twice%d-2026-01-02-03-04-05' % number
                body = zlib.compress(inventory(device, CONTENT % device).encode())
                replies = list(pool.map(lambda b: self.s.post(b, coded=True).status, [body] * 2))
                self.assertEqual(replies, [200, 200])
        self.check_once(['twice%d-2026-01-02-03-04-05' % number for number in range(20)])


if __name__ == '__main__':
    unittest.main()
