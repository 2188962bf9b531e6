"""Pages of docs/ that promise something are compared with the tree. From the top of the tree; exit status 1 with a line per fault.

  docs/configuration.md   keys and defaults are those that common/ocs_config reads; each place uses its key; each test exists
  docs/limits.md          its settings exist, and a default that stands behind a single setting is that setting's
  docs/compatibility.md   each entry has a number of its own, tests that exist, and settings that exist
  docs/faults.md          the cases 1 to 106 are there once each, in their order; tests, variables, counters and reason codes exist

A test is `suite/name` of a Criterion program, or the name of a file under tests/. Classes and tests that are named behind a file of Python
must stand in one of the files of that cell.
"""
import glob
import os
import re
import sys

SHARED = os.environ.get('MUSTER_TEST_SHARED', os.path.join('..', 'shared'))


def read(path):
    with open(path, errors='replace') as f:
        return f.read()


def rows(text, columns):
    """Cells of every table row with that many columns, without heads and rules; `\\|` is no border."""
    for number, line in enumerate(text.splitlines(), 1):
        cells = [c.strip() for c in re.split(r'(?<!\\)\|', line.strip())[1:-1]]
        if len(cells) == columns and not re.fullmatch(r'[-: ]*', cells[0]):
            yield number, cells


def quoted(cell):
    return re.findall(r'`([^`]+)`', cell)


def known_tests():
    tests = set()
    for path in glob.glob('tests/**/*.c', recursive=True):
        tests |= {'%s/%s' % t for t in re.findall(r'^Test\((\w+),\s*(\w+)', read(path), re.M)}
    return tests


def faults_of_tests(where, cell, tests):
    if not quoted(cell):
        yield '%s: names no test' % where
    for test in quoted(cell):
        if test not in tests and not (os.path.isfile('tests/' + test)):
            yield '%s: there is no test %s' % (where, test)


def option_keys():
    """NAME -> (field, default) of the options that are read."""
    header = read('common/ocs_config/ocs_config.h')
    return {name: (field, default) for field, name, default in re.findall(r'\bX\((\w+), "(\w+)", "?([^")]*)"?\)', header)}


def check_configuration(tests):
    page = read('docs/configuration.md')
    keys, seen = option_keys(), {}
    for number, (key, default, _, where, test) in rows(page, 5):
        at = 'docs/configuration.md:%d: %s' % (number, key)
        if key == 'Key':
            continue
        if key not in keys:
            yield '%s: nothing reads it' % at
            continue
        seen[key] = number
        if default != keys[key][1]:
            yield '%s: the default is %s' % (at, keys[key][1])
        for path in quoted(where):
            if not os.path.isfile(path) or not re.search(r'\b%s\b' % keys[key][0], read(path)):
                yield '%s: %s does not use it' % (at, path)
        yield from faults_of_tests(at, test, tests)
    yield from ('docs/configuration.md: %s is read and has no row' % key for key in sorted(set(keys) - set(seen)))
    spec = os.path.join(SHARED, 'spec', 'config.md')
    if not os.path.isfile(spec):
        print('the list of all keys of OCS is not beside the project: not compared')
        return
    named = set(re.findall(r'\b[A-Z][A-Z_0-9]{2,}\b', page))
    text = read(spec)
    wanted = [cells[1] for _, cells in rows(text, 10)] + [w for _, cells in rows(text, 5) for w in re.findall(r'OCS_\w+', cells[1])]
    for key in wanted:
        if key not in named and re.fullmatch('[A-Z_0-9]+', key) and not key.startswith('OCS_DB_SL_S') and not key.endswith('_'):
            yield 'docs/configuration.md: %s is a key of OCS and not on the page' % key


def known_settings():
    names = set()
    for path in glob.glob('services/*/*_settings.h'):
        names |= set(re.findall(r'"(MUSTER_\w+)"', read(path)))
    return names


def setting_defaults():
    """Variable -> default, as the tables of the services have them."""
    found = {}
    for path in glob.glob('services/*/*_settings.h'):
        found.update(re.findall(r'"(MUSTER_\w+)",\s*SET_\w+,\s*"([^"]*)"', read(path)))
    return found


def check_limits():
    defaults = setting_defaults()
    page = read('docs/limits.md')
    for name in sorted(set(re.findall(r'MUSTER_\w+', page)) - set(defaults)):
        yield 'docs/limits.md: there is no setting %s' % name
    for columns, setting, default in ((5, 1, 2), (3, 1, 2)):
        for number, cells in rows(page, columns):
            names = re.findall(r'MUSTER_\w+', cells[setting])
            if len(names) == 1 and names[0] in defaults and not re.match(re.escape(defaults[names[0]]) + r'\b', cells[default]):
                yield 'docs/limits.md:%d: the default of %s is %s' % (number, names[0], defaults[names[0]])


def check_compatibility(tests):
    page, settings, seen = read('docs/compatibility.md'), known_settings(), set()
    for number, (entry, _, _, _, test, setting) in rows(page, 6):
        at = 'docs/compatibility.md:%d: %s' % (number, entry)
        if entry == 'Entry':
            continue
        if not re.fullmatch(r'(G|M)-\d+', entry) or entry in seen:
            yield '%s: not a number of its own' % at
        seen.add(entry)
        yield from faults_of_tests(at, test, tests)
        for name in re.findall(r'MUSTER_\w+', setting):
            if name not in settings:
                yield '%s: there is no setting %s' % (at, name)
    if not seen:
        yield 'docs/compatibility.md: no entries'
    spec = os.path.join(SHARED, 'spec', 'gotchas.md')
    if not os.path.isfile(spec):
        print('the list of entries is not beside the project: not compared')
        return
    named = set(re.findall(r'\bG-\d+\b', page))
    for entry in re.findall(r'^### (G-\d+)', read(spec), re.M):
        if entry not in named:
            yield 'docs/compatibility.md: %s is not there' % entry


CASES = 106
NOT_SHOWN = {98}  # no test can: the page says why


def faults_of_parts(where, cell):
    """`file` (TestClass, test_method): each is in one of the files."""
    text = ''.join(read('tests/' + t) for t in quoted(cell) if t.endswith('.py') and os.path.isfile('tests/' + t))
    for name in re.findall(r'\b(?:Test[A-Z]|test_)\w+', re.sub(r'`[^`]*`', '', cell)):
        if not re.search(r'^ *(class|def) %s\b' % name, text, re.M):
            yield '%s: there is no %s' % (where, name)


def faults_of_names(page):
    """Variables, counters and reason codes that a page speaks of."""
    sources = ''.join(read(p) for folder in ('common', 'services') for p in glob.glob(folder + '/**/*.[ch]', recursive=True))
    codes = set(re.findall(r'^\| `(\w+)` \|', read('docs/reasons.md'), re.M))
    tests = ''.join(read(p) for p in glob.glob('tests/integration/*.py'))
    for name in sorted(set(re.findall(r'\bMUSTER_\w+', page))):
        if name not in (tests if name.startswith('MUSTER_TEST_') else known_settings()):
            yield 'docs/faults.md: there is no variable %s' % name
    for name in sorted(set(re.findall(r'`(muster_\w+)', page))):
        if name not in sources:
            yield 'docs/faults.md: there is no counter %s' % name
    for number, cells in rows(page, 4):
        for code in re.findall(r'`([a-z_]+)`', cells[2]) + re.findall(r'reason="(\w+)"', cells[2]):
            if not code.startswith('muster_') and code not in codes and code != 'locks':
                yield 'docs/faults.md:%d: there is no reason code %s' % (number, code)


def check_faults(tests):
    page, seen = read('docs/faults.md'), []
    for number, (case, _, _, test) in rows(page, 4):
        at = 'docs/faults.md:%d: %s' % (number, case)
        if case in ('No.', 'Library'):
            continue
        if case.isdigit():
            seen.append(int(case))
        if not case.isdigit() or int(case) not in NOT_SHOWN:
            yield from faults_of_tests(at, test, tests)
            yield from faults_of_parts(at, test)
    if seen != list(range(1, CASES + 1)):
        wrong = [n for n in range(1, CASES + 1) if seen.count(n) != 1]
        yield 'docs/faults.md: not 1 to %d, once each and in their order: %s' % (CASES, ', '.join(map(str, wrong)) or 'the order')
    yield from faults_of_names(page)


if __name__ == '__main__':
    known = known_tests()
    found = list(check_configuration(known)) + list(check_limits()) + list(check_compatibility(known)) + list(check_faults(known))
    print('\n'.join(found) or 'nothing to say')
    sys.exit(1 if found else 0)
