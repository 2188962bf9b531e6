"""Two installations beside each other, data that is found again, an ordinary user."""
import os
import pwd
import shutil
import subprocess
import tempfile
import unittest

from harness import BIN, OPTIONS, SCHEMA, TOP, Muster, give_old_schema, inventory, run

HARDWARE = '<HARDWARE><NAME>%s</NAME></HARDWARE>'


class TestBeside(unittest.TestCase):
    def test_two_installations_do_not_meet(self):
        with Muster() as one, Muster() as two:
            self.assertNotEqual(one.http, two.http)
            one.post(inventory('one-2026-01-02-03-04-05', HARDWARE % 'one'))
            two.post(inventory('two-2026-01-02-03-04-05', HARDWARE % 'two'))
            one.drain()
            two.drain()
            names = "SELECT NAME FROM hardware WHERE DEVICEID NOT LIKE '\\_%'"
            self.assertEqual(one.sql(names), [['one']])
            self.assertEqual(two.sql(names), [['two']])

    def test_a_second_up_finds_the_data_again(self):
        with Muster() as s:
            certificate = self.read(s.certificate)
            s.post(inventory('again-2026-01-02-03-04-05', HARDWARE % 'again'))
            s.stop()
            s.start()
            self.assertEqual(s.one("SELECT NAME FROM hardware WHERE DEVICEID LIKE 'again-%'"), 'again')
            self.assertEqual(self.read(s.certificate), certificate)

    def read(self, path):
        with open(path) as f:
            return f.read()

    def test_a_folder_in_use_is_refused(self):
        with Muster() as s:
            done = s.muster('up', '--http', '0', '--https', '0', '--detach', check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(s.folder, done.stdout)

    @unittest.skipIf(os.geteuid() != 0, 'already an ordinary user: the other tests show it')
    def test_an_ordinary_user_can_run_it(self):
        folder = tempfile.mkdtemp(prefix='muster-user-')
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        programs = os.path.join(folder, 'bin')
        shutil.copytree(BIN, programs)
        data = os.path.join(folder, 'data')
        os.mkdir(data)
        nobody = pwd.getpwnam('nobody')
        os.chmod(folder, 0o755)
        if SCHEMA:
            give_old_schema(data)
        run('chown', '-R', '%d:%d' % (nobody.pw_uid, nobody.pw_gid), data)

        def as_user(*words, check=True):
            return run(os.path.join(programs, 'muster'), *words, check=check, user=nobody.pw_uid, group=nobody.pw_gid,
                       extra_groups=[], cwd=folder, env={'PATH': os.environ['PATH'], 'HOME': data,
                                                           OPTIONS: os.environ.get(OPTIONS, '')})

        as_user('up', '--data', data, '--http', '0', '--https', '0', '--detach')
        try:
            self.assertIn('gateway', as_user('status', '--data', data).stdout)
        finally:
            as_user('down', '--data', data)
        self.assertEqual(os.stat(os.path.join(data, 'db')).st_uid, nobody.pw_uid)


class TestScript(unittest.TestCase):
    def test_it_says_which_packages_are_missing(self):
        """With a package database that knows nothing, as an ordinary user without sudo."""
        folder = tempfile.mkdtemp(prefix='muster-script-')
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        shutil.copy(os.path.join(TOP, 'muster'), folder)
        shutil.copy(os.path.join(TOP, 'packages.txt'), folder)
        with open(os.path.join(folder, 'dpkg-query'), 'w') as f:
            f.write('#!/bin/sh\nexit 1\n')
        os.chmod(os.path.join(folder, 'dpkg-query'), 0o755)
        nobody = pwd.getpwnam('nobody')
        more = dict(user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[]) if os.geteuid() == 0 else {}
        with open(os.path.join(folder, 'sudo'), 'w') as f:
            f.write('#!/bin/sh\nexit 1\n')
        os.chmod(os.path.join(folder, 'sudo'), 0o755)
        done = subprocess.run([os.path.join(folder, 'muster'), 'up'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              stdin=subprocess.DEVNULL, env={'PATH': folder + ':/usr/bin:/bin'}, timeout=60, **more)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn('libh2o-evloop-dev', done.stdout)
        self.assertIn('apt-get install', done.stdout)


if __name__ == '__main__':
    unittest.main()
