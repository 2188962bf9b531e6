"""What operators and their systems do: reload, restart, scrape, forget to read the log; and a machine that runs out of descriptors.

faults.md 74, 103 to 106. Agents notice nothing of any of it, or are told to come again.
"""
import concurrent.futures
import fcntl
import http.client
import itertools
import json
import os
import re
import resource
import select
import signal
import socket
import tempfile
import threading
import time
import unittest
import zlib

import hostile_wire as wire
from crowd import CONTENT, Crowd, request
from harness import AGENT, Muster, inventory, prolog, run, table, wait_for
from hostile_cases import MIB, big
from hostile_watch import Watch
from test_access import basic, text_of

F_SETPIPE_SZ = 1031


def port_of(s, number=0):
    return int(s.gateways[number]['http'].rsplit(':', 1)[1])


def descriptors(pid):
    return len(os.listdir('/proc/%d/fd' % pid))


class Load:
    """Agents that go on until they are told to stop: each asks and sends on a connection of its own, which it uses again unless it is told
    that it ends, as agents do."""

    def __init__(self, port, name, agents=4, headers=()):
        self.port, self.name, self.headers = port, name, dict(headers)
        self.stop, self.lock, self.sent, self.failed, self.slowest = threading.Event(), threading.Lock(), [], [], 0.0
        self.threads = [threading.Thread(target=self.work, args=(n,), daemon=True) for n in range(agents)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        wait_for('some load', lambda: len(self.sent) > 20)
        return self

    def __exit__(self, *_):
        self.stop.set()
        for t in self.threads:
            t.join()

    def ask(self, c, body):
        try:
            c.request('POST', '/ocsinventory', body=zlib.compress(body.encode()), headers=dict({'User-Agent': AGENT}, **self.headers))
            reply = c.getresponse()
            reply.read()
            return reply.status
        except (OSError, http.client.HTTPException) as error:
            c.close()
            return repr(error)

    def work(self, number):
        for n in itertools.count():
            if self.stop.is_set():
                return
            device = '%s%d-%d-2026-01-02-03-04-05' % (self.name, number, n)
            began = time.monotonic()
            c = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
            answers = [self.ask(c, prolog(device)), self.ask(c, inventory(device, CONTENT % device))]
            c.close()
            with self.lock:
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.failed += [a for a in answers if a != 200]
                if answers[1] == 200:
                    self.sent.append(device)


def missing(s, sent):
    s.drain(300)
    stored = {r[0] for r in s.sql("SELECT DEVICEID FROM hardware WHERE NAME='crowd'")}
    return set(sent) - stored


class TestReload(unittest.TestCase):
    """faults.md 103."""
    STORM = 300

    def test_a_file_that_cannot_be_used_leaves_the_old_one_in_use_and_a_storm_of_sighup_harms_nobody(self):
        with tempfile.TemporaryDirectory(prefix='muster-reload-') as folder:
            users, activity = os.path.join(folder, 'users'), os.path.join(folder, 'activity.log')
            good = 'agent:%s\n' % run('openssl', 'passwd', '-6', 'geheim').stdout.strip()
            with open(users, 'w') as f:
                f.write(good)
            with Muster(env={'MUSTER_GATEWAY_USERS': users, 'MUSTER_GATEWAY_ACTIVITY_LOG': activity}) as s:
                watch, gateway = Watch(s), s.gateways[0]['pid']
                log = os.path.join(s.folder, 'log', 'gateway-1.log')
                with Load(port_of(s), 'reload', headers=basic('agent', 'geheim')) as load:
                    rows = [self.bad_file(s, log, users, text, code) for text, code in (
                        ('no colon here\n', 'users_'), ('agent:$9$unknown\n', 'users_'), (None, 'users_'))]
                    with open(users + '.new', 'w') as f:
                        f.write(good)
                    os.rename(users + '.new', users)
                    os.rename(activity, activity + '.1')
                    before = {n: descriptors(p) for n, p in watch.pids.items()}
                    for _ in range(self.STORM):
                        for pid in watch.pids.values():
                            os.kill(pid, signal.SIGHUP)
                        time.sleep(0.002)  # so that they are many and not one
                    count = len(load.sent)
                    wait_for('load after the storm', lambda: len(load.sent) > count + 50)
                wait_for('a new activity log', lambda: os.path.exists(activity))
                self.assertTrue(watch.alive(), 'a service ended')
                self.assertEqual(watch.pids['gateway-1'], gateway)
                after = {n: descriptors(p) for n, p in watch.pids.items()}
                lost = missing(s, load.sent)
            table('Reload', ['case', 'file', 'expected', 'seen'], [['103'] + r for r in rows] + [
                ['103', '%d SIGHUPs to each service' % self.STORM, '0 failed, 0 missing', '%d failed, %d missing of %d' % (len(load.failed), len(lost), len(load.sent))]])
            self.assertEqual([r for r in rows if r[1] != r[2]], [])
            self.assertEqual(load.failed, [])
            self.assertEqual(lost, set())
            for name, count in after.items():
                self.assertLessEqual(count, before[name] + 8, 'descriptors of ' + name)

    def bad_file(self, s, log, users, text, code):
        """@return a row: what, expected, seen"""
        known = text_of(log).count('a changed file is not used')
        if text is None:
            os.unlink(users)
        else:
            with open(users + '.new', 'w') as f:
                f.write(text)
            os.rename(users + '.new', users)
        os.kill(s.gateways[0]['pid'], signal.SIGHUP)
        wait_for('the complaint', lambda: text_of(log).count('a changed file is not used') > known)
        line = [l for l in text_of(log).splitlines() if 'a changed file is not used' in l][-1]
        self.assertRegex(line, r'what=users .*reason=\w+ detail=')
        seen = [s.prolog('x-2026-01-02-03-04-05', headers=basic('agent', p)).status for p in ('geheim', 'wrong')]
        return ['no file' if text is None else repr(text), 'old one in use', 'old one in use' if seen == [200, 401] else str(seen)]


class Balancer:
    """In front of the gateways, as a service of Kubernetes or a proxy: a connection goes to whoever takes it, in turn."""

    def __init__(self, ports):
        self.ports, self.turn = ports, itertools.count()
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def backend(self):
        for _ in range(500):
            try:
                return socket.create_connection(('127.0.0.1', self.ports[next(self.turn) % len(self.ports)]))
            except ConnectionRefusedError:
                continue  # it is stopping: the other one
        raise AssertionError('nobody listens')

    def serve(self, client):
        server = self.backend()
        other = {client: server, server: client}
        try:
            while other:
                for s in select.select(list(other), [], [])[0]:
                    data = s.recv(1 << 16)
                    if not data:
                        return
                    other[s].sendall(data)
        except OSError:
            pass
        finally:
            client.close()
            server.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class TestRollingRestart(unittest.TestCase):
    """faults.md 104."""
    ROUNDS = 3

    def test_two_gateways_stopped_in_turn_under_load_fail_no_request(self):
        with Muster('--gateways', '2') as s:
            pids = {g['name']: g['pid'] for g in s.gateways}
            balancer = Balancer([port_of(s, 0), port_of(s, 1)])
            log, ends = os.path.join(s.folder, 'log', 'up.log'), []
            with Load(balancer.port, 'rolling', agents=6) as load:
                for number in range(self.ROUNDS * 2):
                    name = sorted(pids)[number % 2]
                    begun, sent = time.monotonic(), len(load.sent)
                    os.kill(pids[name], signal.SIGTERM)
                    line = wait_for('the end of ' + name, lambda: next(
                        (l for l in text_of(log).splitlines() if '%d' % pids[name] in l and 'ended' in l), None), 60)
                    ends.append(['104', name, '%.1f' % (time.monotonic() - begun), re.search(r'status \d+', line).group(0)])
                    wait_for('load meanwhile', lambda: len(load.sent) > sent + 20)
                    pids.update(self.ready_again(s, name))
            balancer.close()
            lost = missing(s, load.sent)
        table('SIGTERM under load', ['case', 'gateway', 'seconds', 'ended with'], ends)
        print('%d inventories answered 200, %d requests failed, %d missing, slowest pair %.2f s' % (
            len(load.sent), len(load.failed), len(lost), load.slowest))
        self.assertEqual({e[3] for e in ends}, {'status 0'})
        self.assertEqual(load.failed, [])
        self.assertEqual(lost, set())

    def ready_again(self, s, name):
        """Started anew by the supervisor. @return name and number of its process"""
        def is_ready():
            done = s.muster('status', '--json', check=False)
            return done.returncode == 0 and {g['name']: g['pid'] for g in json.loads(done.stdout)['services'] if g['name'] == name}
        return wait_for('%s ready again' % name, is_ready, 60)


class TestLog(unittest.TestCase):
    """faults.md 105: stderr is a pipe that nobody reads."""

    def test_a_full_pipe_blocks_nobody_and_lost_lines_are_counted(self):
        folder = tempfile.mkdtemp(prefix='muster-log-')
        os.mkdir(os.path.join(folder, 'log'))
        readers = []
        for name in ('gateway-1', 'parser-1', 'writer-1'):
            path = os.path.join(folder, 'log', name + '.log')
            os.mkfifo(path)
            readers.append(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
            fcntl.fcntl(readers[-1], F_SETPIPE_SZ, 4096)
        with Muster(folder=folder, env={'MUSTER_LOG_LEVEL': 'debug'}) as s:
            dropped = lambda: s.metric('muster_log_dropped_total')
            with Load(port_of(s), 'log') as load:
                wait_for('lost lines', lambda: dropped() > 100 and len(load.sent) > 300)
            count, lost = dropped(), missing(s, load.sent)
            alive = s.muster('status', check=False).returncode
            for fd in readers:  # somebody reads again
                while select.select([fd], [], [], 0)[0] and os.read(fd, 1 << 16):
                    pass
            self.assertEqual(s.post('no XML').status, 400)
            again = wait_for('a line', lambda: select.select([readers[0]], [], [], 0)[0] and os.read(readers[0], 1 << 16))
        for fd in readers:
            os.close(fd)
        table('Nobody reads the log', ['case', '', ''], [['105', 'lines lost and counted', count], ['', 'inventories answered 200', len(load.sent)],
              ['', 'failed', len(load.failed)], ['', 'missing', len(lost)], ['', 'slowest pair of requests, s', '%.2f' % load.slowest]])
        self.assertEqual(alive, 0)
        self.assertEqual(load.failed, [])
        self.assertEqual(lost, set())
        self.assertTrue(again.endswith(b'\n') and again.startswith(b'time='), again[:200])


class TestScrapes(unittest.TestCase):
    """faults.md 106."""
    SCRAPES, DEVICES = 500, 400

    def scrape(self, admin):
        c = http.client.HTTPConnection(*admin.rsplit(':', 1), timeout=30) if ':' in admin and not admin.startswith('unix:') else UnixHTTP(admin)
        c.request('GET', '/metrics')
        reply = c.getresponse()
        text = reply.read().decode()
        c.close()
        return reply.status, text

    def series(self, admins):
        return {line.rsplit(' ', 1)[0] for a in admins for line in self.scrape(a)[1].splitlines() if not line.startswith('#')}

    def test_many_scrapes_and_many_names(self):
        with Muster() as s:
            watch = Watch(s)
            admins = [x['admin'] for x in s.state['services'] if x.get('admin')]
            self.assertEqual(len(admins), 3)
            before, calm = self.series(admins), {n: watch.high_water(p) for n, p in watch.pids.items()}
            open_before = {n: descriptors(p) for n, p in watch.pids.items()}
            with Load(port_of(s), 'scrape') as load, concurrent.futures.ThreadPoolExecutor(2) as pool:
                began = time.monotonic()
                statuses = [status for a in admins for status, _ in pool.map(lambda _: self.scrape(a), range(self.SCRAPES))]
                rate = len(statuses) / (time.monotonic() - began) / len(admins)
                for number in range(self.DEVICES):  # every label that a name could slip into
                    odd = 'n%d"}\n{x="-2026-01-02-03-04-05' % number
                    s.post(prolog(odd.replace('"', '&quot;')), agent='agent%d' % number)
                    s.post('<REQUEST><QUERY>Q%d</QUERY><DEVICEID>d</DEVICEID></REQUEST>' % number)
                    wire_path = '/ocsinventory/deploy/file%d' % number
                    s.post(None, url=s.http.replace('/ocsinventory', wire_path), method='GET', coded=True)
            s.drain()
            after = self.series(admins)
            peak = {n: watch.high_water(p) for n, p in watch.pids.items()}
            self.assertTrue(watch.alive())
            open_after = {n: descriptors(p) for n, p in watch.pids.items()}
        table('Scrapes', ['case', '', ''], [['106', 'scrapes', len(statuses)], ['', 'a second of each service', '%.0f' % rate], ['', 'series before', len(before)],
              ['', 'series afterwards', len(after)], ['', 'inventories meanwhile', len(load.sent)], ['', 'failed', len(load.failed)]] + [
                  ['', n, '%d to %d MiB' % (calm[n], peak[n])] for n in sorted(peak)])
        self.assertEqual(set(statuses), {200})
        self.assertEqual(after, before)
        self.assertLess(len(after), 400)
        self.assertEqual(load.failed, [])
        for n in peak:
            self.assertLess(peak[n] - calm[n], 40, 'MiB, ' + n)
            self.assertLessEqual(open_after[n], open_before[n] + 8, n)


class UnixHTTP(http.client.HTTPConnection):
    def __init__(self, address):
        super().__init__('localhost', timeout=30)
        self.path = address.removeprefix('unix:')

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class TestShortage(unittest.TestCase):
    """faults.md 74: no memory is left for what is large; no descriptor is left, for connections or for files of the spool."""

    def test_a_gateway_without_memory_refuses_what_is_large_and_serves_the_rest(self):
        with Muster() as s:
            watch, gateway = Watch(s), s.gateways[0]['pid']
            large = lambda number: s.post(big('large%d' % number, b' ' * MIB, 60), coded=True).status
            small = lambda number: s.post(inventory('small%d-2026-01-02-03-04-05' % number, CONTENT % number)).status
            self.assertEqual(small(0), 200)
            usual = resource.prlimit(gateway, resource.RLIMIT_AS)
            with open('/proc/%d/statm' % gateway) as f:
                used = int(f.read().split()[0]) * resource.getpagesize()
            resource.prlimit(gateway, resource.RLIMIT_AS, (used + 6 * MIB, usual[1]))
            answers = [(large(n), small(n)) for n in range(1, 6)]
            alive, counted = watch.alive(), s.metric('muster_gateway_refused_total{reason="no_memory"}')
            resource.prlimit(gateway, resource.RLIMIT_AS, usual)
            again = large(6)
            s.drain()
            stored = {r[0] for r in s.sql("SELECT DEVICEID FROM hardware WHERE DEVICEID LIKE 'own-large%' OR DEVICEID LIKE 'small%'")}
        table('No memory', ['case', '', ''], [['74', 'large and small ones', answers], ['', 'counted as no_memory', counted], ['', 'with memory again', again],
                                              ['', 'stored', len(stored)]])
        self.assertTrue(alive)
        self.assertEqual(answers, [(503, 200)] * 5)
        self.assertEqual((counted, again), (5, 200))
        self.assertEqual(stored, {'small%d-2026-01-02-03-04-05' % n for n in range(6)} | {'own-large6-2026-01-02-03-04-05'})

    def test_a_gateway_without_descriptors_refuses_and_recovers(self):
        with Muster(env={'MUSTER_GATEWAY_SEGMENT_SIZE': '1MiB', 'MUSTER_GATEWAY_BODY_MAX': '512KiB'}) as s:
            watch, gateway = Watch(s), s.gateways[0]['pid']
            usual = resource.prlimit(gateway, resource.RLIMIT_NOFILE)
            used = descriptors(gateway)
            sent, answers, held = [], [], []
            with Load(port_of(s), 'before'):
                pass
            resource.prlimit(gateway, resource.RLIMIT_NOFILE, (used + 3, usual[1]))
            try:
                for _ in range(60):  # most wait in the kernel: nobody takes them in
                    c = socket.create_connection(('127.0.0.1', port_of(s)), timeout=2)
                    held.append(c)
                for number in range(150):  # enough for several files of the spool, on a connection that there is
                    device = 'scarce%d-2026-01-02-03-04-05' % number
                    body = inventory(device, CONTENT % device + '<SLOTS><NAME>%s</NAME></SLOTS>' % os.urandom(12000).hex())
                    status = self.try_on(held, request(body))
                    answers.append(status)
                    if status == 200:
                        sent.append(device)
                    if answers[-10:].count(200) == 0 and len(answers) > 10:
                        break
            finally:
                resource.prlimit(gateway, resource.RLIMIT_NOFILE, usual)
                for c in held:
                    c.close()
            wait_for('an answer', lambda: s.prolog('after-2026-01-02-03-04-05', timeout=60).status == 200, 60)
            taken = wait_for('an upload is taken again', lambda: s.post(inventory('after-2026-01-02-03-04-05', CONTENT % 'x')).status == 200, 90)
            s.wait_ready()
            alive, lost, aside = watch.alive(), missing(s, sent), watch.quarantine()
        seen = {str(a): answers.count(a) for a in sorted(set(answers), key=str)}
        table('No descriptors', ['case', '', ''], [['74', 'answers', seen], ['', 'missing of those answered 200', len(lost)], ['', 'takes uploads again', taken]])
        self.assertTrue(alive)
        self.assertEqual(lost, set())
        self.assertEqual(aside, {}, 'what could not be opened was taken for damaged')
        self.assertLessEqual(set(answers), {200, 503, None})

    def try_on(self, held, data):
        """On the first of the connections that is still good. @return the status; None: nobody has answered"""
        while held:
            c = held[0]
            try:
                c.sendall(data)
                head = c.recv(1 << 16)
                if head:
                    if b'onnection: close' in head:
                        held.pop(0).close()
                    return int(head.split(b' ', 2)[1])
            except TimeoutError:
                return None
            except OSError:
                pass
            held.pop(0).close()
        return None


if __name__ == '__main__':
    unittest.main()
