"""Checks of the tree itself. `check_tree.py CHECK BUILD_FOLDER` from the top of the tree; exit status 1 with a line per fault.

  format   clang-format has nothing to change
  headers  every header compiles alone
  borders  modules include only what they may; libraries have one owner; names and sizes of files
  reasons  docs/reasons.md has every reason code of the services, and no other
  tidy     clang-tidy (with the build folder's compile commands) has nothing to say
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys

#: include pattern -> folders that may have it (each third-party library has one owner)
OWNERS = {
    r'h2o': ['common/http'],
    r'c?zmq': ['common/link', 'tests/unit/link', 'tests/tsan/link'],
    r'libxml/': ['common/xml', 'bench/'],
    r'(mysql|mariadb|errmsg)': ['common/db'],
    r'openssl/': ['common/tls', 'common/http', 'common/auth', 'tests/', 'bench/'],
    r'crypt\.h': ['common/auth', 'tests/unit/auth'],
    r'lz4': ['common/record'],
    r'xxhash': ['common/record', 'common/upload', 'services/writer'],
    r'zlib\.h': ['common/inflate', 'tools/muster', 'tests/', 'bench/'],
    r'libdeflate': ['common/inflate', 'bench/'],
    r'curl/': ['tools/muster'],
    r'jansson': ['tools/muster', 'tests/'],
}
BAD_NAMES = re.compile(r'(^|/)(util|utils|misc|helpers?|core|lib)(\.[ch])?(/|$)')
LINES_MAX = 800


def sources(*endings):
    listed = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard'], stdout=subprocess.PIPE, text=True, check=True)
    return [p for p in listed.stdout.splitlines() if p.endswith(endings) and os.path.exists(p)]


def each(work, paths):
    """Run work(path) -> fault text or '' for all paths, two at a time."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [fault for fault in pool.map(work, paths) if fault]


def output(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')
    return done.returncode, done.stdout


def check_format(_):
    def one(path):
        code, text = output('clang-format', '--dry-run', '-Werror', path)
        return text.split('\n')[0] if code else ''
    return each(one, sources('.c', '.h'))


def check_headers(build):
    with open(os.path.join(build, 'compile_commands.json')) as f:
        flags = {w for c in json.load(f) for w in re.findall(r'-(?:I|isystem )\S+|-D\w+=?\w*', c['command'])}
    words = ' '.join(sorted(flags)).split()

    def one(path):
        code, text = output('cc', '-std=gnu17', '-Wall', '-Wextra', '-Werror', '-I.', *words, '-fsyntax-only', '-x', 'c', '-include', path, '/dev/null')
        return '%s does not compile alone:\n%s' % (path, text) if code else ''
    return each(one, [p for p in sources('.h') if not p.startswith('schema/')])


def layer_order():
    """Modules of common/ in the order of its CMakeLists.txt."""
    with open('common/CMakeLists.txt') as f:
        text = re.sub(r'#.*', '', f.read())
    return re.findall(r'add_subdirectory\((\w+)\)', text)


def faults_of_include(path, target, layers):
    """What is wrong with `#include <target>` or "target" in path."""
    folder = os.path.dirname(path)
    if path.startswith('common/') and target.startswith('services/'):
        yield 'common/ includes a service'
    if path.startswith('services/') and target.startswith('services/') and path.split('/')[1] != target.split('/')[1]:
        yield 'a service includes another service'
    if target.startswith('common/') and target.count('/') == 2:
        module, header = target.split('/')[1:]
        if not path.startswith(('common/%s/' % module, 'tests/')) and module != 'base' and header != module + '.h':
            yield 'only the public header %s/%s.h may be included from outside' % (module, module)
        if path.startswith('common/') and folder != 'common/' + module:
            here = path.split('/')[1]
            if here in layers and module in layers and layers.index(module) > layers.index(here):
                yield 'layer %s stands above %s in common/CMakeLists.txt' % (here, module)
    for pattern, owners in OWNERS.items():
        if re.match(pattern, target) and not path.startswith(tuple(owners)):
            yield 'belongs to %s only' % owners[0]


def check_borders(_):
    faults, layers = [], layer_order()
    for path in sources('.c', '.h'):
        with open(path, errors='replace') as f:
            lines = f.read().splitlines()
        if len(lines) > LINES_MAX:
            faults.append('%s: %d lines, at most %d' % (path, len(lines), LINES_MAX))
        for number, line in enumerate(lines, 1):
            found = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            for fault in faults_of_include(path, found.group(1), layers) if found else []:
                faults.append('%s:%d: %s: %s' % (path, number, found.group(1), fault))
    faults += ['%s: a name that says nothing' % p for p in sources('') if BAD_NAMES.search(p)]
    return faults


#: how a reason code stands in a source: what sets it, logs it, counts it, or passes it on to a function that does
REASONS = [r'reason_set\(\s*[^,;"]*,\s*"(\w+)"', r'LOG_TEXT\("reason",\s*"(\w+)"', r'struct reason \w+ = \{"(\w+)"',
           r'reason=\\"(\w+)\\"', r'^\s*X\((\w+), \d{3},', r'[(,?:{]\s*"((?:xml|inflate|tls|record|link|body)_\w+)"']
NO_REASONS = {'xml_', 'link_'}


def codes_in_sources():
    found = {}
    for path in sources('.c', '.h'):
        if not path.startswith(('common/', 'services/')):
            continue
        with open(path) as f:
            text = re.sub(r'//[^\n]*|/\*.*?\*/', '', f.read(), flags=re.S)
        for argument in re.findall(r'LOG_TEXT\("reason",([^;]*?)\)[,)]', text):
            for code in re.findall(r'"(\w+)"', argument):
                found.setdefault(code, path)
        for pattern in REASONS:
            for match in re.finditer(pattern, text, re.M):
                found.setdefault(match.group(1), path)
    return {code: path for code, path in found.items() if code not in NO_REASONS}


def check_reasons(_):
    with open('docs/reasons.md') as f:
        rows = [line.split('|') for line in f if re.match(r'\| `\w+` \|', line)]
    listed, used = [row[1].strip(' `') for row in rows], codes_in_sources()
    faults = ['docs/reasons.md: `%s` is missing (%s)' % (c, used[c]) for c in sorted(set(used) - set(listed))]
    faults += ['docs/reasons.md: `%s` is used nowhere' % c for c in sorted(set(listed) - set(used))]
    faults += ['docs/reasons.md: `%s` is listed twice' % c for c in sorted({c for c in listed if listed.count(c) > 1})]
    faults += ['docs/reasons.md: `%s` has an empty cell or not five' % row[1].strip(' `') for row in rows
               if len(row) != 7 or not all(cell.strip() for cell in row[1:-1])]
    return faults


def check_tidy(build):
    with open(os.path.join(build, 'compile_commands.json')) as f:
        files = sorted({os.path.relpath(c['file']) for c in json.load(f)})
    files = [p for p in files if p.startswith(('common/', 'services/', 'tools/'))]

    def one(path):
        code, text = output('clang-tidy', '--quiet', '-p', build, path)
        lines = [l for l in text.splitlines() if 'warning:' in l or 'error:' in l]
        return '\n'.join(lines[:5]) or text if code else ''
    return each(one, files)


if __name__ == '__main__':
    found = {'format': check_format, 'headers': check_headers, 'borders': check_borders, 'reasons': check_reasons, 'tidy': check_tidy}[sys.argv[1]](sys.argv[2])
    print('\n'.join(found) or 'nothing to say')
    sys.exit(1 if found else 0)
