"""What rows an inventory must give, computed from the document alone: the oracle of the corpus test.

A second, independent reading of the rules (XML as XML::Simple sees it; sections and their tables): it shares no code with
the product, so that an error would have to be made twice.
"""
import re
import unicodedata
import xml.etree.ElementTree as ET

#: element -> table, for every section of the map that has rows of its own
SECTIONS = {name: name.lower() for name in '''BATTERIES CONTROLLERS CPUS DRIVES INPUTS JOURNALLOG LOCAL_GROUPS LOCAL_USERS
    MEMORIES MODEMS MONITORS NETWORKS PORTS PRINTERS REGISTRY REPOSITORY SIM SLOTS SOUNDS STORAGES USBDEVICES VIDEOS
    VIRTUALMACHINES'''.split()}
SINGLE = {'BIOS': 'bios', 'JAVAINFO': 'javainfo'}


def simple(element):
    """None (does not exist), a text, or a dict of lists, as XML::Simple makes it with blanks suppressed."""
    kids = {}
    for name, value in element.attrib.items():
        kids.setdefault(name, []).append(value)
    for child in element:
        if not isinstance(child.tag, str):
            continue
        value = simple(child)
        if value is not None:
            kids.setdefault(child.tag, []).append(value)
    if kids:
        return kids
    text = ''.join(element.itertext()) if len(element) == 0 else (element.text or '')
    return text if text.strip() else None


def fold(text):
    """Equal for what utf8mb3_general_ci takes as equal, well enough for real software names."""
    text = ''.join(c if ord(c) < 0x10000 else '?' for c in text)[:255].rstrip(' ')
    out = []
    for c in text:
        base = unicodedata.normalize('NFD', c)[0]
        out.append(base.upper() if len(base.upper()) == 1 else base)
    return ''.join(out)


def parse(data):
    return simple(ET.fromstring(data))


def expected(data):
    """(DEVICEID, table -> number of rows) of one INVENTORY document."""
    root = parse(data)
    content = (root.get('CONTENT') or [{}])[0]
    if not isinstance(content, dict):
        content = {}
    device = (root.get('DEVICEID') or content.get('DEVICEID') or [None])[0]
    rows = {table: len(content[name]) for name, table in SECTIONS.items() if name in content}
    rows.update({table: 1 for name, table in SINGLE.items() if name in content})
    names = set()
    for entry in content.get('SOFTWARES', []):
        if isinstance(entry, dict) and 'NAME' in entry:
            word = lambda f: fold(','.join(map(str, entry[f]))) if f in entry else '\0'
            names.add((word('NAME'), word('PUBLISHER'), word('VERSION')))
    if names:
        rows['software'] = len(names)
    return device, rows


def is_inventory(data):
    root = parse(data)
    device, _ = expected(data)
    return (isinstance(root, dict) and root.get('QUERY') == ['INVENTORY'] and isinstance(device, str)
            and re.fullmatch(r'.+-\d{4}(-\d\d){5}', device) is not None)
