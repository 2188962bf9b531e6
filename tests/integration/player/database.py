"""One client program of the database for the whole run: statements in, lines out. Starting a client per statement would be most of
the time of a run."""
import json
import re
import subprocess


class DatabaseFault(Exception):
    pass


def quoted(value):
    if value is None:
        return 'NULL'
    return "'" + str(value).replace('\\', '\\\\').replace("'", "''") + "'"


class Database:
    def __init__(self, socket, name):
        self.client = subprocess.Popen(
            ['mariadb', '--no-defaults', '--socket=' + socket, '--user=root', '--default-character-set=utf8mb4',
             '--skip-column-names', '--batch', '--raw', '--unbuffered', '--force', name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.answers = 0
        # the operator's rows are not always what a strict server takes
        self.ask("SET SESSION sql_mode='NO_ENGINE_SUBSTITUTION'", 'SET SESSION foreign_key_checks=0')

    def close(self):
        self.client.stdin.close()
        self.client.wait()
        self.client.stdout.close()

    def ask(self, *statements, may_fail=False):
        """Run statements; the lines of all answers."""
        self.answers += 1
        end = 'end of answer %d' % self.answers
        text = ''.join('%s;\n' % s.rstrip().rstrip(';') for s in statements) + "SELECT '%s';\n" % end
        self.client.stdin.write(text.encode())
        self.client.stdin.flush()
        lines = []
        while True:
            line = self.client.stdout.readline()
            if not line:
                raise DatabaseFault('the client ended: ' + '\n'.join(lines[-3:]))
            line = line.decode('utf-8', 'replace').rstrip('\n')
            if line == end:
                return lines
            if re.match(r'ERROR \d+', line) and not may_fail:
                raise DatabaseFault('%s\nin: %s' % (line, '; '.join(statements)[:600]))
            lines.append(line)

    def catch_up(self):
        """After a fault: pass over what the statements behind it still say."""
        self.ask('DO 0', may_fail=True)

    def rows(self, statement):
        """Rows of a statement that selects one JSON_ARRAY each."""
        return [json.loads(line, strict=False) for line in self.ask(statement)]

    def columns(self):
        """{table: [(column, type)]} as the database has them now."""
        out = {}
        for table, column, kind in self.rows(
                'SELECT JSON_ARRAY(table_name,column_name,data_type) FROM information_schema.columns '
                'WHERE table_schema=DATABASE() ORDER BY table_name,ordinal_position'):
            out.setdefault(table, []).append((column, kind))
        return out
