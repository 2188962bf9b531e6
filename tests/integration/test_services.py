"""Each service as a program: help, version, wrong settings, SIGTERM under load."""
import concurrent.futures
import itertools
import os
import re
import signal
import subprocess
import threading
import unittest

from harness import BIN, OPTIONS, SCHEMA, Muster, inventory, run, wait_for

SERVICES = ['muster-gateway', 'muster-parser', 'muster-writer']
CONTENT = ('<HARDWARE><NAME>load</NAME><CHECKSUM>1</CHECKSUM></HARDWARE>' +
           ''.join('<SOFTWARES><NAME>program %d</NAME><VERSION>%d</VERSION></SOFTWARES>' % (i, i) for i in range(40)))


def program(name, *words, env=None):
    return run(os.path.join(BIN, name), *words, check=False, env=env)


class TestPrograms(unittest.TestCase):
    def test_help_lists_every_setting(self):
        for name in SERVICES:
            done = program(name, '--help')
            self.assertEqual(done.returncode, 0, name)
            self.assertIn('MUSTER_ADMIN', done.stdout, name)
            self.assertIn('default', done.stdout.lower(), name)

    def test_version(self):
        for name in SERVICES + ['muster']:
            done = program(name, '--version')
            self.assertEqual(done.returncode, 0, name)
            self.assertRegex(done.stdout, r'^muster(-\w+)? \d+\.\d+\.\d+')

    def test_unknown_setting_is_an_error_of_its_own(self):
        for name in SERVICES:
            self.check_fault(program(name, '--no-such-setting', '1'), '--no-such-setting')
            own = 'MUSTER_%s_NOSUCH' % name.split('-')[1].upper()
            self.check_fault(program(name, env=dict(os.environ, **{own: '1'})), own)

    def test_unknown_command_is_an_error(self):
        self.check_fault(program('muster', 'nosuch'), 'nosuch')
        self.check_fault(program('muster', 'up', '--nosuch'), '--nosuch')

    def check_fault(self, done, names):
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn(names, done.stdout)


class TestDatabaseAsAsked(unittest.TestCase):
    """The modes of the tests are what they say: a run with options or a schema that nobody gave to the database would prove nothing."""

    def test_sql_mode_and_schema(self):
        words = re.findall(r'--sql-mode=(\S+)', os.environ.get(OPTIONS, ''))
        with Muster() as s:
            modes = s.one('SELECT @@GLOBAL.sql_mode').split(',')
            tables = {r[0] for r in s.sql('SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA=DATABASE()')}
        for word in (words[-1].split(',') if words else ['STRICT_TRANS_TABLES']):
            self.assertIn(word, modes)
        self.assertEqual({'snmp_links', 'local_users'} & tables, {'snmp_links'} if SCHEMA == '2.8.1' else {'local_users'})
        self.assertLessEqual({'hardware', 'muster_device'}, tables)


class TestTerm(unittest.TestCase):
    """SIGTERM under load: exit status 0, and nothing that was answered 200 is missing afterwards."""

    def load(self, s, stop, answered, failed):
        for n in itertools.count():
            if stop.is_set():
                return
            device = 'load%d-%d-2026-01-02-03-04-05' % (threading.get_ident(), n)
            try:
                if s.post(inventory(device, CONTENT)).status == 200:
                    answered.append(device)
            except OSError:
                failed.append(device)

    def exit_status(self, s, service):
        """What the supervisor said about the end of the process that we stop."""
        state = next(x for x in s.state['services'] if x['service'] == service)
        os.kill(state['pid'], signal.SIGTERM)
        log = os.path.join(s.folder, 'log', 'up.log')
        pattern = '%d' % state['pid']
        return wait_for('the end of %s' % service, lambda: next(
            (l for l in open(log, errors='replace') if pattern in l and 'ended' in l), None), 60)

    def test_each_service(self):
        for service in ('writer', 'parser', 'gateway'):
            with self.subTest(service), Muster('--parsers', '2', '--writers', '2') as s:
                stop, answered, failed = threading.Event(), [], []
                with concurrent.futures.ThreadPoolExecutor(4) as pool:
                    for _ in range(4):
                        pool.submit(self.load, s, stop, answered, failed)
                    wait_for('some load', lambda: len(answered) > 50)
                    line = self.exit_status(s, service)
                    count = len(answered)
                    if service != 'gateway':
                        wait_for('load going on', lambda: len(answered) > count + 20)
                    stop.set()
                self.assertRegex(line, r'status 0\b')
                s.wait_ready()
                s.drain(120)
                stored = {r[0] for r in s.sql("SELECT DEVICEID FROM hardware WHERE NAME='load'")}
                print('%s: %d answered 200, %d interrupted, %d stored, %d missing' %
                      (service, len(answered), len(failed), len(stored), len(set(answered) - stored)))
                self.assertEqual(set(answered) - stored, set())


if __name__ == '__main__':
    unittest.main()
