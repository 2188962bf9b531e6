"""Our SQL is common to MySQL 8.0 and MariaDB 10.5, and means the same whatever sql_mode: `check_sql.py` from the top of the tree; exit status
1 with a line per fault. It reads the string literals of C and the files of schema/; MySQL's own server is not needed.

What is common is allowed although one of the two would rather have something else: VALUES(column) in ON DUPLICATE KEY UPDATE (MySQL's row
alias is not MariaDB's), LOCK IN SHARE MODE, utf8mb3 by its full name. Text in a comment for one of them (/*M! ... */, /*! ... */) is not
looked at: it is there to differ."""
import re
import subprocess
import sys

#: pattern -> why not; upper case, blanks as one
FORBIDDEN = {
    r'\bRETURNING\b': 'MariaDB only',
    r'\b(ADD|DROP|MODIFY|CHANGE)( COLUMN| INDEX| KEY| CONSTRAINT| FOREIGN KEY)? IF (NOT )?EXISTS\b': 'MariaDB only',
    r'\bCREATE( UNIQUE)? INDEX IF NOT EXISTS\b': 'MariaDB only',
    r'\bDROP INDEX IF EXISTS\b': 'MariaDB only',
    r'\bCREATE OR REPLACE (TABLE|DATABASE|TRIGGER|USER)\b': 'MariaDB only',
    r'\bSET STATEMENT\b': 'MariaDB only',
    r'\b(NOWAIT|WAIT \d+|SKIP LOCKED)\b': 'MariaDB has no SKIP LOCKED before 10.6, MySQL no WAIT n',
    r'\bFOR UPDATE OF\b|\bFOR SHARE\b': 'MySQL only',
    r'\bAS NEW ON DUPLICATE\b|\) AS \w+ ON DUPLICATE\b': 'MySQL only',
    r'\bLIMIT ROWS EXAMINED\b': 'MariaDB only',
    r'\b(NEXT|PREVIOUS) VALUE FOR\b|\bCREATE SEQUENCE\b|\bNEXTVAL\(': 'MariaDB only',
    r'\bEXECUTE IMMEDIATE\b': 'MariaDB only',
    r'\bJSON_TABLE\(|\bLATERAL\b': 'MariaDB has none before 10.6, or none at all',
    r'\b(EXCEPT|INTERSECT)\b( ALL)? ?(SELECT|\()': 'MySQL has none before 8.0.31',
    r'\bANY_VALUE\(': 'MySQL only',
    r'\bUTF8\b(?!MB)': 'means one character set or another one by version: utf8mb3 or utf8mb4',
    r'@@TX_ISOLATION|@@TRANSACTION_ISOLATION': 'the name differs: SHOW VARIABLES takes both',
    r'\|\|': 'or, or a joining of texts, by sql_mode: use OR, CONCAT()',
    r'\bUUID\b (NOT )?NULL|\bINET6\b': 'a type of MariaDB only',
    r'\bENGINE ?= ?ARIA\b|\bPAGE_COMPRESSED\b|\bSYSTEM VERSIONING\b': 'MariaDB only',
}

#: names of ours and OCS's that MySQL 8.0 reserves: in backquotes only
RESERVED = r'(?:FROM|JOIN|INTO|UPDATE|TABLE|DESCRIBE) (GROUPS|RANK|SYSTEM|ROWS|LEAD|WINDOW|FUNCTION|EMPTY|CUBE|OF|OVER)\b'

#: a literal that is a statement or a part of one
STATEMENT = re.compile(r'\b(SELECT|INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|WHERE|FROM|JOIN|VALUES|SET|ON DUPLICATE|UNION|ORDER BY|LIMIT|'
                       r'LOCK IN|FOR UPDATE|AND|OR)\b')
LITERAL = re.compile(r'(?:"(?:[^"\\\n]|\\.)*"(?:\s|\\\n)*)+')
C_COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.S)


def files(*patterns):
    done = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard', *patterns], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.split()


def without_comments(text):
    """Comments of C away, line numbers kept; strings stay as they are."""
    keep = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)+\'|' + C_COMMENT.pattern, re.S)
    return keep.sub(lambda m: m.group(0) if m.group(0)[0] in '"\'' else '\n' * m.group(0).count('\n'), text)


def statements_of_c(text):
    """(line, statement) of string literals that look like SQL; literals that stand beside each other are one."""
    text = without_comments(text)
    for found in LITERAL.finditer(text):
        parts = re.findall(r'"((?:[^"\\\n]|\\.)*)"', found.group(0))
        joined = ''.join(parts).replace('\\"', '"').replace('\\n', ' ').replace('\\\\', '\\')
        if STATEMENT.search(joined):
            yield text.count('\n', 0, found.start()) + 1, joined


def statements_of_sql(text):
    text = re.sub(r'--[^\n]*', '', text)
    line = 1
    for statement in text.split(';'):
        yield line + len(statement) - len(statement.lstrip('\n')), statement
        line += statement.count('\n')


def faults_of(statement):
    plain = re.sub(r'/\*M?!.*?\*/', ' ', statement, flags=re.S)
    outside = re.sub(r"'(?:[^'\\]|\\.|'')*'", "''", plain)  # texts of SQL are data
    text = re.sub(r'\s+', ' ', outside).upper()
    for pattern, why in FORBIDDEN.items():
        found = re.search(pattern, text)
        if found:
            yield '%s: %s' % (found.group(0), why)
    found = re.search(RESERVED, text)
    if found:
        yield '%s: reserved by MySQL 8.0, use backquotes' % found.group(1)
    if re.search(r'(=|IN ?\(|VALUES ?\(|,) ?"', outside):
        yield 'a text in double quotes is a name with ANSI_QUOTES'


def check(path):
    with open(path, errors='replace') as f:
        text = f.read()
    found = statements_of_sql(text) if path.endswith('.sql') else statements_of_c(text)
    return ['%s:%d: %s' % (path, line, fault) for line, statement in found for fault in faults_of(statement)]


#: the check must be able to fail: one statement for each kind of fault, and some that are good
BAD = ['INSERT INTO a VALUES (1) RETURNING ID', 'ALTER TABLE a ADD COLUMN IF NOT EXISTS b int', 'CREATE INDEX IF NOT EXISTS i ON a (b)',
       'SELECT 1 FROM a FOR UPDATE NOWAIT', 'SELECT 1 FROM a FOR UPDATE SKIP LOCKED', 'INSERT INTO a (b) VALUES (1) AS new ON DUPLICATE KEY UPDATE b=new.b',
       'SELECT ID FROM groups', 'SELECT a||b FROM c', 'SELECT 1 FROM a WHERE b="text"', 'SELECT @@tx_isolation', 'CREATE TABLE a (b text) CHARSET=utf8',
       'SET STATEMENT max_statement_time=1 FOR SELECT 1']
GOOD = ['INSERT INTO a (b) VALUES (1) ON DUPLICATE KEY UPDATE b=VALUES(b)', "SELECT ID FROM `groups` WHERE a='x || RETURNING'", 'SELECT 1 FROM a LOCK IN SHARE MODE',
        '/*M!100101 SET STATEMENT max_statement_time=10 FOR */ SELECT 1', 'CREATE TABLE IF NOT EXISTS a (b text) CHARSET=utf8mb3', 'SELECT GROUP_CONCAT(a) FROM groups_cache']


def main():
    faults = ['not found in: ' + s for s in BAD if not list(faults_of(s))] + ['found in: %s' % s for s in GOOD if list(faults_of(s))]
    # tables of metrics and settings have explanations, no SQL
    paths = [p for p in files('common/*.c', 'services/*.c', 'tools/*.c', 'common/*.h', 'services/*.h', 'schema/*.sql')
             if not p.endswith(('_metrics.h', '_settings.h'))]
    count = 0
    for path in paths:
        faults += check(path)
        with open(path, errors='replace') as f:
            text = f.read()
        count += sum(1 for _ in (statements_of_sql(text) if path.endswith('.sql') else statements_of_c(text)))
    print('%d files, %d texts of SQL' % (len(paths), count))
    print('\n'.join(faults) or 'nothing to say')
    return 1 if faults or count < 300 else 0


if __name__ == '__main__':
    sys.exit(main())
