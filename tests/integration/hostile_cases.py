"""Hostile bodies of our own, by class: what each does to the answer, the database, the quarantine and the counters.

A case says how its document differs from a small valid inventory of the device of its own name. `answer` is a status. `why` is the
reason code that must be counted: of the gateway when it refuses, of the quarantine when the parser does. `stored` is 'nothing' or
'rows'; `rows` are questions to the database whose answer is known ({id} is the device's).
"""
import gzip
import zlib

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
MIB = 1 << 20


class Case:
    def __init__(self, name, body, answer=200, stored='rows', why='', quarantine='', rows=(), faults=(), device=None, headers=(),
                 pieces=None, counts=(), half_close=False, soon=60):
        self.name, self.body, self.answer, self.stored, self.why = name, body, answer, stored, why
        self.quarantine, self.rows, self.faults, self.headers = quarantine, rows, faults, headers
        self.device = device if device is not None else device_of(name)
        self.pieces = pieces  # bytes as sent, instead of a POST of the body
        self.counts = counts  # further counters that must rise
        self.answers = answer if isinstance(answer, tuple) else (answer,) if answer else ()  # any of them
        self.half_close = half_close  # the client says after its last byte that nothing more comes
        self.soon = soon  # seconds from the last byte to the end


def device_of(name):
    return 'own-%s-2026-01-02-03-04-05' % name


def sections(more=''):
    return ('<HARDWARE><NAME>host</NAME><MEMORY>512</MEMORY></HARDWARE><BIOS><SSN>serial</SSN></BIOS>'
            '<SOFTWARES><NAME>first</NAME><VERSION>1</VERSION></SOFTWARES>' + more +
            '<SOFTWARES><NAME>last</NAME><VERSION>1</VERSION></SOFTWARES>')


def document(name, more='', head=HEAD, content=None, device=None, query='<QUERY>INVENTORY</QUERY>'):
    return (head + '<REQUEST><DEVICEID>%s</DEVICEID><CONTENT>%s</CONTENT>%s</REQUEST>' %
            (device_of(name) if device is None else device, sections(more) if content is None else content, query))


def soft(name):
    return '<SOFTWARES><NAME>%s</NAME></SOFTWARES>' % name


def packed(name, *args, **kw):
    return zlib.compress(document(name, *args, **kw).encode())


def stream(head, block, times, tail, level=9):
    """A compressed text that is never held as a whole."""
    c = zlib.compressobj(level)
    out = [c.compress(head.encode())] + [c.compress(block) for _ in range(times)]
    return b''.join(out + [c.compress(tail.encode()), c.flush()])


def bomb_of_zeros(gib, end=b'\x03\x00'):
    """Compressed zeros: 64 MiB of them once, in blocks that stand for themselves and can be repeated. `end`: an empty last block."""
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = c.compress(bytes(64 * MIB)) + c.flush(zlib.Z_FULL_FLUSH)
    return b'\x78\xda' + piece * (16 * gib) + end


def big(name, block, times, inside='@@@'):
    """The document with `block` repeated where `inside` has its mark."""
    before, behind = document(name, inside).split('@@@')
    return stream(before, block, times, behind)


NAMES = "SELECT GROUP_CONCAT(n.NAME ORDER BY BINARY n.NAME SEPARATOR '|') FROM software s JOIN software_name n ON n.ID=s.NAME_ID WHERE s.HARDWARE_ID={id}"
FFFD = '\ufffd'


def names(*between):
    return [(NAMES, '|'.join(sorted(('first', 'last') + between, key=str.encode)))]


def nested(depth):
    return '<A>' * depth + 'x' + '</A>' * depth


def compression():
    valid = packed('zlib')
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = deflate.compress(document('raw-deflate').encode()) + deflate.flush()
    unfinished = zlib.compressobj()
    open_end = unfinished.compress(document('never-finished').encode()) + unfinished.flush(zlib.Z_SYNC_FLUSH)
    preset = zlib.compressobj(zdict=b'<REQUEST>')
    with_preset = preset.compress(document('preset').encode()) + preset.flush()
    wrong = packed('checksum')
    yield Case('zlib', valid)
    yield Case('gzip', gzip.compress(document('gzip').encode()), faults=(34,))
    yield Case('clear', document('clear').encode(), faults=(34,))
    yield Case('raw-deflate', raw, faults=(34,))
    yield Case('gzip-members', gzip.compress(document('gzip-members')[:90].encode()) +
               gzip.compress(document('gzip-members')[90:].encode()), faults=(34,))
    yield Case('never-finished', open_end, faults=(31,))
    yield Case('no-checksum', packed('no-checksum')[:-4], faults=(31, 32))
    for name, body in (('noise-behind', packed('noise-behind')), ('noise-behind-gzip', gzip.compress(document('noise-behind-gzip').encode()))):
        yield Case(name, body + b'\x00noise' * 50, counts=('muster_gateway_bodies_with_rest_total',), rows=names(), faults=(33,))
    yield Case('checksum', wrong[:-1] + bytes([wrong[-1] ^ 1]), 400, 'nothing', 'inflate_checksum', faults=(32,))
    yield Case('cut-in-half', packed('cut-in-half')[:120], 400, 'nothing', 'xml_not_closed', faults=(31,))
    yield Case('cut-gzip', gzip.compress(document('cut-gzip').encode())[:100], 400, 'nothing', 'inflate_broken', faults=(31,))
    yield Case('preset', with_preset, 400, 'nothing', 'inflate_broken', faults=(35,))
    yield Case('twice', zlib.compress(packed('twice')), 400, 'nothing', None, faults=(30,))
    yield Case('empty', b'', 400, 'nothing', 'no_body', faults=(36,))
    yield Case('one-byte', b'x', 400, 'nothing', 'body_coding', faults=(36,))
    yield Case('newline', b'\n', 400, 'nothing', None, faults=(36,))
    yield Case('noise', bytes(range(255, 0, -1)) * 20, 400, 'nothing', 'body_coding')
    yield Case('bomb', stream('', bytes(MIB), 512, ''), 413, 'nothing', 'inflate_too_big', faults=(29,))
    yield Case('bomb-of-32-gib', bomb_of_zeros(32), 413, 'nothing', 'inflate_too_big', faults=(29,))
    yield Case('bomb-of-32-gib-flushed', bomb_of_zeros(32, b''), 413, 'nothing', 'inflate_too_big', faults=(29,))
    yield Case('bomb-of-33-gib', bomb_of_zeros(33), 413, 'nothing', 'http:body_too_big', faults=(29,))
    yield Case('bomb-in-a-value', big('bomb-in-a-value', b' ' * MIB, 512), 413, 'nothing', 'inflate_too_big', faults=(29,))
    yield Case('bomb-of-elements', big('bomb-of-elements', b'<SOFTWARES/>' * 50000, 400), 413, 'nothing', 'inflate_too_big', faults=(29, 41))


def document_types(trap, bait):
    """@param trap  address where nobody may call  @param bait  file that nobody may read"""
    for name, declared, used in (
            ('file', '<!DOCTYPE REQUEST [<!ENTITY x SYSTEM "file://%s">]>' % bait, '&x;'),
            ('path', '<!DOCTYPE REQUEST [<!ENTITY x SYSTEM "%s">]>' % bait, '&x;'),
            ('ftp', '<!DOCTYPE REQUEST [<!ENTITY x SYSTEM "ftp://%s/x">]>' % trap, '&x;'),
            ('fetch', '<!DOCTYPE REQUEST SYSTEM "http://%s/x.dtd">' % trap, 'x'),
            ('parameter', '<!DOCTYPE REQUEST [<!ENTITY %% p SYSTEM "http://%s/p">%%p;]>' % trap, 'x'),
            ('laughs', '<!DOCTYPE REQUEST [<!ENTITY a "haha">' + ''.join(
                '<!ENTITY %s "%s">' % (chr(98 + i), '&%s;' % chr(97 + i) * 12) for i in range(9)) + ']>', '&j;'),
            ('quadratic', '<!DOCTYPE REQUEST [<!ENTITY q "%s">]>' % ('q' * 100000), '&q;' * 10000),
            ('bare', '<!DOCTYPE REQUEST>', 'x')):
        yield Case('doctype-' + name, packed('doctype-' + name, soft(used), head=HEAD + declared), 400, 'nothing', 'xml_doctype',
                   faults=(37, 38, 39))
    yield Case('doctype-late', packed('doctype-late', '<!DOCTYPE x>'), 400, 'nothing', 'xml_doctype', faults=(39,))
    yield Case('doctype-in-utf16', zlib.compress(b'\xff\xfe' + document('doctype-in-utf16', head='<!DOCTYPE REQUEST>').encode('utf-16-le')),
               400, 'nothing', 'xml_doctype', faults=(39, 45))
    yield Case('entity-nobody-knows', packed('entity-nobody-knows', soft('caf&eacute;')), 200, 'nothing', quarantine='xml_not_well_formed')
    yield Case('xinclude', packed('xinclude', '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="http://%s/i"/>' % trap),
               rows=names(), faults=(48,))
    yield Case('xinclude-file', packed('xinclude-file', '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="%s" parse="text"/>' % bait),
               rows=names(), faults=(37, 48))
    yield Case('prefix', packed('prefix', '<x:SOFTWARES xmlns:x="urn:x"><x:NAME>evil</x:NAME></x:SOFTWARES>'
                                '<SOFTWARES xmlns:x="urn:x"><x:NAME>evil</x:NAME><NAME>good</NAME></SOFTWARES>'), rows=names('good'), faults=(48,))
    yield Case('stylesheet', packed('stylesheet', head=HEAD + '<?xml-stylesheet href="http://%s/s"?>' % trap), rows=names(), faults=(48,))


def too_much():
    yield Case('depth-60', packed('depth-60', '<UNKNOWN>%s</UNKNOWN>' % nested(60)), rows=names(), faults=(40,))
    yield Case('depth-65', packed('depth-65', '<UNKNOWN>%s</UNKNOWN>' % nested(65)), 413, 'nothing', 'xml_depth', faults=(40,))
    yield Case('depth-100000', packed('depth-100000', nested(100000)), 413, 'nothing', 'xml_depth', faults=(40,))
    yield Case('elements', big('elements', b'<A/>' * 100000, 60), 413, 'nothing', 'xml_elements', faults=(41,))
    yield Case('names', packed('names', ''.join('<N%d/>' % i for i in range(40000))), 200, 'nothing', quarantine='xml_names', faults=(43,))
    yield Case('attributes', packed('attributes', '<A %s/>' % ' '.join('a%d="1"' % i for i in range(100000))), 413, 'nothing',
               'xml_tag_too_long', faults=(43,))
    yield Case('attribute-10mb', packed('attribute-10mb', '<A b="%s"/>' % ('x' * 10 * MIB)), 413, 'nothing', 'xml_tag_too_long', faults=(42,))
    yield Case('name-1mb', packed('name-1mb', '<%s/>' % ('N' * MIB)), 413, 'nothing', 'xml_tag_too_long', faults=(43,))
    yield Case('value-3mb', packed('value-3mb', soft('v' * 3 * MIB)), rows=[(
        "SELECT MAX(CHAR_LENGTH(n.NAME)) FROM software s JOIN software_name n ON n.ID=s.NAME_ID WHERE s.HARDWARE_ID={id}", '255')], faults=(42, 58))
    yield Case('value-60mb', big('value-60mb', b'x' * MIB, 60), rows=names(), faults=(42,))
    yield Case('value-of-a-field-60mb', big('value-of-a-field-60mb', b'x' * MIB, 60, soft('@@@')), 200, 'nothing',
               quarantine='value_too_big', faults=(42,))
    yield Case('rows-300000', big('rows-300000', b'<SLOTS><NAME>s</NAME></SLOTS>' * 1000, 300), 200, 'nothing', quarantine='rows', faults=(55,))
    # names and versions are few, so that it is the rows that cost
    yield Case('rows-200000', packed('rows-200000', ''.join('<SOFTWARES><NAME>s%d</NAME><VERSION>%d</VERSION></SOFTWARES>' % divmod(i, 450) for i in range(200000))), rows=[
        ('SELECT COUNT(*) FROM software WHERE HARDWARE_ID={id}', '200002')], faults=(55,))
    yield Case('rows-10000', packed('rows-10000', ''.join('<NETWORKS><DESCRIPTION>veth%d</DESCRIPTION></NETWORKS>' % i for i in range(10000))),
               rows=[('SELECT COUNT(*) FROM networks WHERE HARDWARE_ID={id}', '10000')], faults=(55,))
    yield Case('unknown-500', packed('unknown-500', ''.join('<PLUGIN%d><A>1</A></PLUGIN%d>' % (i, i) for i in range(500))), rows=names(),
               counts=('muster_parser_unknown_elements_total',), faults=(54,))
    yield Case('device-100k', packed('device-100k', device='d' * 100000 + '-2026-01-02-03-04-05'), 400, 'nothing', 'deviceid_bad',
               device='d' * 255, faults=(51,))


def encodings():
    utf16 = document('utf16', soft('caf\xe9'), head='<?xml version="1.0" encoding="UTF-16"?>')
    yield Case('utf16', zlib.compress(b'\xff\xfe' + utf16.encode('utf-16-le')), rows=names('caf\xe9'), faults=(45,))
    yield Case('utf16-be', zlib.compress(b'\xfe\xff' + utf16.replace('utf16', 'utf16-be').encode('utf-16-be')), rows=names('caf\xe9'), faults=(45,))
    yield Case('utf8-mark', zlib.compress(b'\xef\xbb\xbf' + document('utf8-mark', soft('caf\xe9')).encode()), rows=names('caf\xe9'), faults=(45,))
    latin = document('latin1', soft('caf\xe9'), head='<?xml version="1.0" encoding="ISO-8859-1"?>')
    yield Case('latin1', zlib.compress(latin.encode('latin-1')), rows=names('caf\xe9'), faults=(45,))
    cp = document('cp1252', soft('\u20ac'), head='<?xml version="1.0" encoding="windows-1252"?>')
    yield Case('cp1252', zlib.compress(cp.encode('cp1252')), rows=names('\u20ac'), faults=(45,))
    yield Case('utf8-says-latin1', packed('utf8-says-latin1', soft('caf\xe9'), head='<?xml version="1.0" encoding="ISO-8859-1"?>'),
               rows=names('caf\xc3\xa9'), faults=(45,))
    for name, end in (('utf16-le-bare', 'utf-16-le'), ('utf16-be-bare', 'utf-16-be')):
        yield Case(name, zlib.compress(utf16.replace('utf16', name).encode(end)), 400, 'nothing', None, faults=(45,))
    yield Case('klingon', packed('klingon', head='<?xml version="1.0" encoding="klingon"?>'), 400, 'nothing', 'xml_encoding', faults=(45,))
    yield Case('says-utf16', packed('says-utf16', head='<?xml version="1.0" encoding="UTF-16"?>'), 400, 'nothing', None, faults=(45,))
    lie = ('muster_parser_repairs_total{kind="bytes"}',)
    for name, raw, want in (('lie-latin1', b'caf\xe9', 'caf' + FFFD), ('lie-overlong', b'a\xc0\xafb', 'a' + FFFD + 'b'),
                            ('lie-surrogate', b'a\xed\xa0\x80b', 'a' + FFFD + 'b'), ('lie-cut', b'a\xf0\x9f', 'a' + FFFD),
                            ('lie-five', b'a\xf8\x88\x80\x80\x80b', 'a' + FFFD * 3 + 'b')):
        yield Case(name, zlib.compress(document(name, soft('@@@')).encode().replace(b'@@@', raw)), rows=names(want), counts=lie, faults=(44,))
    silent = document('nothing-said', soft('@@@'), head='').encode().replace(b'@@@', b'caf\xe9')
    yield Case('nothing-said', zlib.compress(silent), rows=names('caf\xe9'), counts=lie, faults=(44,))


def characters():
    gone = ('muster_parser_repairs_total{kind="forbidden"}',)
    for name, raw in (('nul', b'a\x00b'), ('controls', b'a\x01\x08\x0b\x0c\x1b\x1fb'), ('references', b'a&#0;&#x1F;&#xFFFF;&#xD800;b'),
                      ('non-characters', b'a\xef\xbf\xbe\xef\xbf\xbfb')):
        yield Case('char-' + name, zlib.compress(document('char-' + name, soft('@@@')).encode().replace(b'@@@', raw)), rows=names('ab'),
                   counts=gone, faults=(46,))
    yield Case('char-cut-too', zlib.compress(document('char-cut-too', soft('a\x01b')).encode()[:-40]), 400, 'nothing', 'xml_not_closed', faults=(46, 49))
    yield Case('char-and-mismatch', packed('char-and-mismatch', soft('a\x01b') + '<A><B></A></B>'), 400, 'nothing', 'xml_not_closed',
               faults=(46, 49))
    yield Case('emoji', packed('emoji', soft('a\U0001f600b')), rows=names('a?b'), faults=(58,))
    yield Case('cdata', packed('cdata', soft('<![CDATA[a & b]]>')), rows=names('a & b'), faults=(47,))
    yield Case('comment-inside', packed('comment-inside', soft('al<!-- x -->pha<?pi y?>bet')), rows=names('alphabet'), faults=(47,))


def shapes():
    yield Case('bare-ampersand', packed('bare-ampersand', soft('R&D')), 200, 'nothing', quarantine='xml_not_well_formed', faults=(49,))
    yield Case('mismatched', zlib.compress(document('mismatched').replace('</BIOS>', '</BIO5>').encode()), 400, 'nothing', 'xml_not_closed',
               faults=(49,))
    yield Case('cut', zlib.compress(document('cut').encode()[:-60]), 400, 'nothing', 'xml_not_closed', faults=(49,))
    yield Case('two-roots', zlib.compress((document('two-roots') * 2).encode().replace(HEAD.encode(), b'')), 400, 'nothing', 'xml_after_root', faults=(49,))
    yield Case('behind-root', zlib.compress((document('behind-root') + 'words').encode()), 400, 'nothing', 'xml_after_root', faults=(49,))
    yield Case('path', zlib.compress(b'/etc/passwd'), 400, 'nothing', None)
    yield Case('query-none', packed('query-none', query=''), 400, 'nothing', 'query_missing', faults=(50,))
    yield Case('query-odd', packed('query-odd', query='<QUERY>../x</QUERY>'), 400, 'nothing', 'query_unknown', faults=(50,))
    yield Case('query-twice', packed('query-twice', query='<QUERY>PROLOG</QUERY><QUERY>INVENTORY</QUERY>'), 400, 'nothing', 'query_unknown', faults=(50,))
    yield Case('device-none', packed('device-none', device=''), 400, 'nothing', 'deviceid_bad', faults=(51,))
    yield Case('device-odd', packed('device-odd', device='host'), 400, 'nothing', 'deviceid_bad', device='host', faults=(51,))
    yield Case('device-sql', packed('device-sql', device="x'); DROP TABLE hardware; -- -2026-01-02-03-04-05"), rows=names(),
               device="x'); DROP TABLE hardware; -- -2026-01-02-03-04-05", faults=(51, 59))
    yield Case('device-lines', packed('device-lines', device='a\nlevel=error\nx-2026-01-02-03-04-05'), 400, 'nothing', 'deviceid_bad', faults=(51,))
    other = '<DEVICEID>other-2026-01-02-03-04-05</DEVICEID>'
    yield Case('device-two', packed('device-two', query=other + '<QUERY>INVENTORY</QUERY>'), 400, 'nothing', 'deviceid_bad', faults=(52,))
    yield Case('device-inside', packed('device-inside', other), rows=names(), faults=(52,))
    yield Case('hardware-twice', packed('hardware-twice', '<HARDWARE><NAME>second</NAME></HARDWARE>'),
               rows=[('SELECT NAME FROM hardware WHERE ID={id}', 'host')], counts=('muster_parser_unknown_elements_total',), faults=(53,))
    yield Case('bios-twice', packed('bios-twice', '<BIOS><SSN>second</SSN></BIOS>'),
               rows=[('SELECT SSN FROM bios WHERE HARDWARE_ID={id}', 'serial')], counts=('muster_parser_unknown_elements_total',), faults=(53,))
    tag = '<ACCOUNTINFO><KEYNAME>TAG</KEYNAME><KEYVALUE>%s</KEYVALUE></ACCOUNTINFO>'
    yield Case('account-twice', packed('account-twice', tag % 'one' + tag % 'two'),  # pairs of name and value, one after the other
               rows=[('SELECT TAG FROM accountinfo WHERE HARDWARE_ID={id}', 'two')], faults=(53,))
    yield Case('own-ids', packed('own-ids', '<DRIVES><ID>1</ID><HARDWARE_ID>1</HARDWARE_ID><TYPE>/</TYPE></DRIVES>'),
               rows=[("SELECT COUNT(*) FROM drives WHERE HARDWARE_ID={id} AND TYPE='/'", '1')])
    yield Case('tables', packed('tables', '<OPERATORS><ID>evil</ID></OPERATORS><CONFIG><NAME>LOGLEVEL</NAME><IVALUE>9</IVALUE></CONFIG>'), rows=names())


TEXTS = ["x'); DELETE FROM hardware; --", '\\', 'end\\', '%00', "\\' OR 1=1", '0x27', '%n%s%x', '=cmd()', 'if(1,sleep(9),0)', '${jndi:ldap://127.0.0.1:18099/a}', '`id`']


def values():
    escaped = [t.replace('&', '&amp;').replace('<', '&lt;') for t in TEXTS]
    hexes = "SELECT GROUP_CONCAT(HEX(n.NAME) ORDER BY BINARY n.NAME) FROM software s JOIN software_name n ON n.ID=s.NAME_ID WHERE s.HARDWARE_ID={id}"
    yield Case('texts', packed('texts', ''.join(map(soft, escaped))), faults=(59, 60, 61),
               rows=[(hexes, ','.join(sorted(t.encode().hex().upper() for t in ['first', 'last'] + TEXTS)))])
    yield Case('markup', packed('markup', soft('&lt;script&gt;alert(1)&lt;/script&gt;')), rows=names('<script>alert(1)</script>'), faults=(60,))
    for i, (sent, want) in enumerate((('-1', '-1'), ('2147483648', '2147483647'), ('99999999999999999999', '2147483647'), ('12 GB', '12'),
                                      ('abc', '0'), (' 7 ', '7'), ('0x1F', '0'), ('12.6', '13'), ('1000000000', '1000000000'),
                                      ('9223372036854775808', '2147483647'), ('', '0'), ('\u0664\u0662', '0'))):
        name = 'number-%d' % i
        yield Case(name, packed(name, '<STORAGES><NAME>s</NAME><DISKSIZE>%s</DISKSIZE></STORAGES>' % sent),
                   rows=[("SELECT COALESCE(DISKSIZE,'NULL') FROM storages WHERE HARDWARE_ID={id}", want)], faults=(56,))
    none = '0000-00-00'  # what a server that is not strict makes of it (test_columns.py asks one)
    for i, (sent, want) in enumerate((('0000-00-00', none), ('31/02/2024', none), ('2024/0312', none), ('N/A', none), ('1600-01-01', '1600-01-01'),
                                      ('99999-01-01', none), ('20240312', '2024-03-12'), ('1710201600', '2017-10-20'), ('9999-12-31', '9999-12-31'), ('', none))):
        name = 'date-%d' % i
        yield Case(name, packed(name, '<DRIVES><TYPE>/</TYPE><CREATEDATE>%s</CREATEDATE></DRIVES>' % sent),
                   rows=[("SELECT COALESCE(CREATEDATE,'NULL') FROM drives WHERE HARDWARE_ID={id}", want)], faults=(57,))
    many = '/'.join(['999.1.1.1'] * 90)
    ips = ['::1', '999.1.1.1', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff%eth0', '10.0.0.1/' * 9 + '10.0.0.1', many]
    yield Case('addresses', packed('addresses', '<HARDWARE><IPADDR>%s</IPADDR></HARDWARE>' % many + ''.join(
        '<NETWORKS><DESCRIPTION>n%d</DESCRIPTION><IPADDRESS>%s</IPADDRESS></NETWORKS>' % (i, ip) for i, ip in enumerate(ips))),
        rows=[("SELECT GROUP_CONCAT(IPADDRESS ORDER BY DESCRIPTION SEPARATOR ' ') FROM networks WHERE HARDWARE_ID={id}", ' '.join(ip[:255] for ip in ips))],
        counts=('muster_writer_values_adjusted_total',), faults=(62,))
    macs = ['zz', '00:11:22:aa:bb:cc', '00-11-22-AA-BB-CC', '00:00:00:00:00:00', '00:11:22:ff:fe:33:44:55', '00:11:22:33:44:55/66:77:88:99:aa:bb', 'm' * 400]
    yield Case('macs', packed('macs', ''.join('<NETWORKS><DESCRIPTION>n%d</DESCRIPTION><MACADDR>%s</MACADDR></NETWORKS>' % x for x in enumerate(macs))),
               rows=[("SELECT GROUP_CONCAT(MACADDR ORDER BY DESCRIPTION SEPARATOR ' ') FROM networks WHERE HARDWARE_ID={id}", ' '.join(m[:255] for m in macs))],
               counts=('muster_writer_values_adjusted_total',), faults=(63,))
    yield Case('long-value', packed('long-value', '<SLOTS><NAME>%s</NAME></SLOTS>' % ('v' * 70000)), counts=('muster_writer_values_adjusted_total',),
               rows=[('SELECT CHAR_LENGTH(NAME) FROM slots WHERE HARDWARE_ID={id}', '255')], faults=(58,))
    yield Case('wide', packed('wide', soft('\u6f22' * 300)), faults=(58,), rows=[(
        "SELECT MAX(CHAR_LENGTH(n.NAME)) FROM software s JOIN software_name n ON n.ID=s.NAME_ID WHERE s.HARDWARE_ID={id}", '255')])


def all_bodies(trap, bait):
    for case in document_types(trap, bait):
        yield 'document_types', case
    for group in (compression, too_much, encodings, characters, shapes, values):
        for case in group():
            yield group.__name__, case
