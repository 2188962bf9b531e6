/* Everything of a device but its software: a table of sections, each with a line that a device fills in. */
#include "bench/fleet_inner.h"

#include <stdio.h>

/* One row of a section, in which # is its number, $ five digits, % eight hexadecimal ones, @ and ^ parts of an address, ! a MAC address. */
static const struct {
    unsigned rows;
    const char *line;
} sections[] = {
    {1, "<BIOS>\n<ASSETTAG>A$</ASSETTAG>\n<BDATE>05/23/2021</BDATE>\n<BMANUFACTURER>Dell "
        "Inc.</BMANUFACTURER>\n<BVERSION>1.#.0"
        "</BVERSION>\n<SMANUFACTURER>Dell Inc.</SMANUFACTURER>\n<SMODEL>Latitude "
        "5420</SMODEL>\n<SSN>S%</SSN>\n<TYPE>Laptop</TYPE>"
        "\n</BIOS>\n"},
    {24, "<CONTROLLERS>\n<CAPTION>Controller #</CAPTION>\n<DESCRIPTION>PCI device of the chip set, function "
         "#</DESCRIPTION>\n"
         "<MANUFACTURER>Intel Corporation</MANUFACTURER>\n<NAME>Host bridge "
         "#</NAME>\n<TYPE>PCI</TYPE>\n<VERSION>#</VERSION>\n"
         "</CONTROLLERS>\n"},
    {2, "<CPUS>\n<CORES>4</CORES>\n<CPUARCH>x86_64</CPUARCH>\n<CURRENT_SPEED>2400</CURRENT_SPEED>\n<DATA_WIDTH>64</"
        "DATA_WIDTH>\n"
        "<L2CACHESIZE>1280</L2CACHESIZE>\n<LOGICAL_CPUS>8</LOGICAL_CPUS>\n<MANUFACTURER>GenuineIntel</"
        "MANUFACTURER>\n<SERIALNUMBER>"
        "%</SERIALNUMBER>\n<SOCKET>U3E#</SOCKET>\n<SPEED>2600</SPEED>\n<TYPE>Intel Core i5-1145G7</TYPE>\n</CPUS>\n"},
    {3, "<INPUTS>\n<CAPTION>Keyboard #</CAPTION>\n<DESCRIPTION>USB "
        "keyboard</DESCRIPTION>\n<INTERFACE>USB</INTERFACE>\n<TYPE>Keyboard"
        "</TYPE>\n</INPUTS>\n"},
    {12, "<LOCAL_USERS>\n<GID>S-1-5-32-#</GID>\n<HOME>C:\\Users\\u#</HOME>\n<ID_USER>#</ID_USER>\n<LOGIN>u$-#</LOGIN>\n"
         "<NAME>User #</NAME>\n</LOCAL_USERS>\n"},
    {14, "<LOCAL_GROUPS>\n<ID_GROUP>#</ID_GROUP>\n<MEMBER>u$-#</MEMBER>\n<NAME>Group #</NAME>\n</LOCAL_GROUPS>\n"},
    {4, "<MEMORIES>\n<CAPACITY>8192</CAPACITY>\n<CAPTION>DIMM "
        "#</CAPTION>\n<DESCRIPTION>SODIMM</DESCRIPTION>\n<NUMSLOTS>#</NUMSLOTS>"
        "\n<PURPOSE>System "
        "Memory</PURPOSE>\n<SERIALNUMBER>%</SERIALNUMBER>\n<SPEED>3200</SPEED>\n<TYPE>DDR4</TYPE>\n</MEMORIES>\n"},
    {1, "<MODEMS>\n<DESCRIPTION>LTE "
        "modem</DESCRIPTION>\n<MODEL>L#</MODEL>\n<NAME>Modem</NAME>\n<TYPE>usb</TYPE>\n</MODEMS>\n"},
    {2, "<MONITORS>\n<CAPTION>DELL U2419H</CAPTION>\n<DESCRIPTION>2021/#</DESCRIPTION>\n<MANUFACTURER>Dell "
        "Inc.</MANUFACTURER>\n<SERIAL>"
        "M%#</SERIAL>\n<TYPE>LCD</TYPE>\n</MONITORS>\n"},
    {5, "<NETWORKS>\n<DESCRIPTION>Ethernet adapter "
        "#</DESCRIPTION>\n<IPADDRESS>10.#.^.@</IPADDRESS>\n<IPDHCP>10.0.0.1</IPDHCP>\n"
        "<IPGATEWAY>10.#.^.1</IPGATEWAY>\n<IPMASK>255.255.255.0</IPMASK>\n<IPSUBNET>10.#.^.0</IPSUBNET>\n<MACADDR>"
        "!</MACADDR>\n<MTU>1500</MTU>\n<SPEED>1 Gb/s</SPEED>\n<STATUS>Up</STATUS>\n<TYPE>Ethernet</TYPE>\n"
        "<VIRTUALDEV>0</VIRTUALDEV>\n</NETWORKS>\n"},
    {12, "<PORTS>\n<CAPTION>Port #</CAPTION>\n<DESCRIPTION>USB "
         "connector</DESCRIPTION>\n<NAME>JUSB#</NAME>\n<TYPE>USB</TYPE>\n</PORTS>"
         "\n"},
    {6,
     "<PRINTERS>\n<DRIVER>Universal driver #</DRIVER>\n<NAME>Printer # of floor @</NAME>\n<NETWORK>1</NETWORK>\n<PORT>"
     "IP_10.2.0.#</PORT>\n<RESOLUTION>600x600</RESOLUTION>\n<SHARED>0</SHARED>\n</PRINTERS>\n"},
    {8, "<SLOTS>\n<DESCRIPTION>PCI Express x#</DESCRIPTION>\n<DESIGNATION>Slot "
        "#</DESIGNATION>\n<NAME>J#</NAME>\n<PURPOSE>free"
        "</PURPOSE>\n<STATUS>Available</STATUS>\n</SLOTS>\n"},
    {3, "<SOUNDS>\n<DESCRIPTION>Audio #</DESCRIPTION>\n<MANUFACTURER>Realtek</MANUFACTURER>\n<NAME>High definition "
        "audio</NAME>\n"
        "</SOUNDS>\n"},
    {2, "<STORAGES>\n<DESCRIPTION>SSD</DESCRIPTION>\n<DISKSIZE>488386</DISKSIZE>\n<FIRMWARE>1.#</"
        "FIRMWARE>\n<MANUFACTURER>Samsung"
        "</MANUFACTURER>\n<MODEL>PM9A1</MODEL>\n<NAME>\\\\.\\PHYSICALDRIVE#</NAME>\n<SERIALNUMBER>%#</"
        "SERIALNUMBER>\n<TYPE>NVMe"
        "</TYPE>\n</STORAGES>\n"},
    {50, "<USBDEVICES>\n<DESCRIPTION>USB device "
         "#</DESCRIPTION>\n<INTERFACE>3.#</INTERFACE>\n<MANUFACTURER>Generic</MANUFACTURER>\n"
         "<SERIAL>%#</SERIAL>\n<TYPE>Human interface device</TYPE>\n</USBDEVICES>\n"},
    {2, "<VIDEOS>\n<CHIPSET>Iris Xe #</CHIPSET>\n<MEMORY>1024</MEMORY>\n<NAME>Intel Iris Xe "
        "Graphics</NAME>\n<RESOLUTION>1920x1080"
        "</RESOLUTION>\n</VIDEOS>\n"},
};

static void add_filled(struct buffer *xml, const char *line, uint64_t key, unsigned n)
{
    for (size_t len; *line; line += len) {
        len = strcspn(line, "#$%@^!");
        buffer_add(xml, line, len);
        switch (line[len]) {
        case '\0': return;
        case '#': buffer_format(xml, "%u", n); break;
        case '$': buffer_format(xml, "%05u", (unsigned)(key % 100000)); break;
        case '%': buffer_format(xml, "%08X", (unsigned)(key >> 32)); break;
        case '@': buffer_format(xml, "%u", (unsigned)(2 + key % 250)); break;
        case '^': buffer_format(xml, "%u", (unsigned)(key / 250 % 256)); break;
        default:
            buffer_format(xml, "02:%02x:%02x:%02x:%02x:%02x", n, (unsigned)(key >> 24) & 255,
                          (unsigned)(key >> 16) & 255, (unsigned)(key >> 8) & 255, (unsigned)key & 255);
        }
        len++;
    }
}

static void add_sections(uint64_t key, struct buffer *xml)
{
    for (size_t s = 0; s < COUNT(sections); s++)
        for (unsigned n = 1; n <= sections[s].rows; n++)
            add_filled(xml, sections[s].line, key, n);
}

static void add_drives(const struct fleet_moment *m, struct buffer *xml)
{
    for (unsigned n = 0; n < 3; n++)
        buffer_format(xml,
                      "<DRIVES>\n<FILESYSTEM>NTFS</FILESYSTEM>\n<FREE>%u</FREE>\n<LETTER>%c:/</LETTER>\n<NUMFILES>0</"
                      "NUMFILES>\n<TOTAL>488386"
                      "</TOTAL>\n<TYPE>Hard Drive</TYPE>\n<VOLUMN>disk%u</VOLUMN>\n</DRIVES>\n",
                      10000 + m->device % 90000 + (n ? 0 : m->round), 'C' + n, n);
}

static void add_hardware(uint64_t key, const struct fleet_moment *m, struct buffer *xml)
{
    buffer_format(xml,
                  "<HARDWARE>\n<CHECKSUM>1</CHECKSUM>\n<DEFAULTGATEWAY>10.1.0.1</DEFAULTGATEWAY>\n<DESCRIPTION>up %u "
                  "hours</DESCRIPTION>\n"
                  "<DNS>10.0.0.53</DNS>\n<ETIME>%u</ETIME>\n<IPADDR>10.1.%u.%u</IPADDR>\n<LASTLOGGEDUSER>u%05u</"
                  "LASTLOGGEDUSER>\n<MEMORY>16384"
                  "</MEMORY>\n<NAME>BENCH-W%07u</NAME>\n<OSNAME>Microsoft Windows 11 "
                  "Pro</OSNAME>\n<OSVERSION>10.0.22631</OSVERSION>\n"
                  "<PROCESSORN>8</PROCESSORN>\n<PROCESSORS>2600</PROCESSORS>\n<PROCESSORT>Intel Core "
                  "i5-1145G7</PROCESSORT>\n<SWAP>4096</SWAP>"
                  "\n<USERID>u%05u</USERID>\n<UUID>%08X-0000-4000-A000-%012llX</"
                  "UUID>\n<WINPRODID>00330-%05u-00000-AA%03u</WINPRODID>\n"
                  "<WORKGROUP>CORP</WORKGROUP>\n</HARDWARE>\n",
                  m->contact, 5 + m->contact % 40, (unsigned)(key / 250 % 256), (unsigned)(2 + key % 250),
                  (unsigned)(key % 80000), m->device, (unsigned)(key % 80000), m->device,
                  (unsigned long long)(key & 0xffffffffffffU), m->device % 100000, m->device % 1000);
}

void fleet_inventory(const struct fleet *f, const struct fleet_moment *m, struct buffer *xml)
{
    uint64_t key = fleet_key(f, m->device);
    char deviceid[64];
    fleet_deviceid(f, m->device, deviceid);
    buffer_format(
        xml,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<REQUEST>\n<CONTENT>\n<ACCESSLOG>\n<LOGDATE>2025-06-%02u "
        "%02u:00:00</LOGDATE>\n"
        "<USERID>N/A</USERID>\n</ACCESSLOG>\n<ACCOUNTINFO>\n<KEYNAME>TAG</KEYNAME>\n<KEYVALUE>BENCH</KEYVALUE>\n</"
        "ACCOUNTINFO>\n",
        1 + m->contact % 28, m->contact % 24);
    add_hardware(key, m, xml);
    add_drives(m, xml);
    add_sections(key, xml);
    fleet_software(f, m, xml);
    buffer_format(xml, "</CONTENT>\n<DEVICEID>%s</DEVICEID>\n<QUERY>INVENTORY</QUERY>\n</REQUEST>\n", deviceid);
}

void fleet_prolog(const struct fleet *f, unsigned device, struct buffer *xml)
{
    char deviceid[64];
    fleet_deviceid(f, device, deviceid);
    buffer_format(
        xml,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<REQUEST>\n  <DEVICEID>%s</DEVICEID>\n  <QUERY>PROLOG</QUERY>\n"
        "</REQUEST>\n",
        deviceid);
}
