"""Sections that the operator declares in a file, as plugins of OCS bring them: through `muster up`, parser and writer into their tables."""
import os
import tempfile
import unittest

from harness import BIN, Muster, inventory, run

FILE = '''# two plugins
section SERVICES
  table   services
  columns SVCNAME SVCSTATE
section UPTIME
  table   uptime
  rows    one
  columns TIME
'''
TABLES = ('CREATE TABLE services (ID INT NOT NULL AUTO_INCREMENT, HARDWARE_ID INT NOT NULL, SVCNAME VARCHAR(64), SVCSTATE VARCHAR(64), '
          'PRIMARY KEY (ID, HARDWARE_ID)) ENGINE=InnoDB DEFAULT CHARSET=utf8')
HARDWARE = '<HARDWARE><NAME>%s</NAME></HARDWARE>'
SERVICES = '<SERVICES><SVCNAME>%s</SVCNAME><SVCSTATE>running</SVCSTATE><PATH>nowhere</PATH></SERVICES>'


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, 'w') as f:
        f.write(text)
    return path


class TestSections(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='muster-sections-')
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_a_declared_section_is_stored_and_one_without_a_table_harms_nothing(self):
        path = write(self.folder, 'plugins.sections', FILE)
        with Muster('--sections', path, env={'MUSTER_WRITER_COLUMNS_REFRESH': '10ms'}) as s:
            s.sql(TABLES)
            first, second = 'pc-2026-01-02-03-04-05', 'pc-2026-01-02-03-04-06'
            content = HARDWARE + SERVICES % 'cron' + SERVICES % 'sshd' + '<UPTIME><TIME>1 day</TIME></UPTIME>'
            self.assertEqual(s.post(inventory(first, content % 'a')).status, 200)
            s.drain()
            s.muster('drain')
            self.assertEqual(s.one("SELECT NAME FROM hardware WHERE DEVICEID='%s'" % first), 'a')
            rows = s.sql('SELECT ID, SVCNAME, SVCSTATE FROM services ORDER BY SVCNAME')
            self.assertEqual([r[1:] for r in rows], [['cron', 'running'], ['sshd', 'running']])
            self.assertIn('section has no table', s.logs())
            content = HARDWARE + SERVICES % 'sshd' + SERVICES % 'ntpd'
            self.assertEqual(s.post(inventory(first, content % 'a')).status, 200)
            self.assertEqual(s.post(inventory(second, content % 'b')).status, 200)
            s.drain()
            after = s.sql("SELECT s.ID, SVCNAME FROM services s JOIN hardware h ON h.ID=HARDWARE_ID WHERE h.NAME='a' ORDER BY SVCNAME")
            self.assertEqual([r[1] for r in after], ['ntpd', 'sshd'])
            self.assertEqual(after[1][0], rows[1][0], 'a row that stays keeps its id')
            self.assertEqual(s.one('SELECT COUNT(*) FROM services'), '4')

    def test_a_fault_in_the_file_ends_each_program_with_status_2_and_names_the_line(self):
        path = write(self.folder, 'wrong.sections', FILE + '\ncolumn MORE\n')
        says = '%s:10: column: not a keyword' % path
        env = dict(os.environ, MUSTER_SECTIONS_FILE=path, MUSTER_DATABASE='mysql://nobody@localhost/none',
                   MUSTER_WRITER_PARSERS='ipc://%s/none' % self.folder, MUSTER_PARSER_GATEWAYS='ipc://%s/none' % self.folder,
                   MUSTER_PARSER_BIND='ipc://%s/parser' % self.folder)
        for words in (['muster-parser'], ['muster-writer'], ['muster', 'sections', path],
                      ['muster', 'up', '--data', os.path.join(self.folder, 'data')]):
            done = run(os.path.join(BIN, words[0]), *words[1:], check=False, env=env)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn(says, done.stdout)

    def test_the_checker_prints_what_a_file_says(self):
        done = run(os.path.join(BIN, 'muster'), 'sections', write(self.folder, 'plugins.sections', FILE))
        self.assertEqual(done.stdout, 'SERVICES -> services, many rows: SVCNAME SVCSTATE\nUPTIME -> uptime, one row: TIME\n')


if __name__ == '__main__':
    unittest.main()
