"""payloads.py SOCKET OWN: asks a chronyd for every report in every form that chrony's of 2022 has, about sources that
are there, that are not resolved and that do not exist, and prints the answers byte by byte. OWN: a path for our socket."""
import socket
import struct
import sys

HEADER = 28
IPV4, IPV6, ID = 1, 2, 3
TRACKING = 33

daemon = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
daemon.bind(sys.argv[2])
daemon.connect(sys.argv[1])
daemon.settimeout(10)


def ask(name, command, length, payload=b""):
    request = struct.pack(">4B2H3I", 6, 1, 0, 0, command, 0, 0x01020304, 0, 0) + payload
    daemon.send(request.ljust(length, b"\0"))
    answer = daemon.recv(2048)
    if command == TRACKING:  # with -x only ours looks at the frequency that the kernel's clock is set to
        answer = answer[:80] + b"\0\0\0\0" + answer[84:]
    print(name, "command", command, "answer", answer[:HEADER].hex())
    for at in range(HEADER, len(answer), 16):
        print("%6d %s" % (at, answer[at : at + 16].hex(" ", 4)))


def address(family, data):
    return data.ljust(16, b"\0") + struct.pack(">HH", family, 0)


addresses = {
    "nobody": address(0, b""),
    "127.0.0.3": address(IPV4, socket.inet_aton("127.0.0.3")),
    "127.0.0.6": address(IPV4, socket.inet_aton("127.0.0.6")),
    "192.0.2.1": address(IPV4, socket.inet_aton("192.0.2.1")),
    "::1": address(IPV6, socket.inet_pton(socket.AF_INET6, "::1")),
    "ID#1": address(ID, struct.pack(">I", 1)),
    "ID#2": address(ID, struct.pack(">I", 2)),
    "ID#99": address(ID, struct.pack(">I", 99)),
    "family 7": address(7, b"\1\2\3\4"),
}
for name, command, length in (
    ("number of sources", 14, 32),
    ("tracking", 33, 104),
    ("manual list", 41, 416),
    ("activity", 44, 48),
    ("smoothing", 51, 52),
    ("server statistics", 54, 72),
    ("clock chip", 35, 56),
):
    ask(name, command, length)
for index in (0, 1, 2, 3, 4, 5, 6, 0xFFFFFFFF):
    for command, length in ((15, 76), (34, 84), (69, 76)):
        ask("source %d" % index, command, length, struct.pack(">I", index))
for name, value in addresses.items():
    for command, length in ((57, 152), (65, 284), (67, 52), (25, 40), (26, 40)):
        ask(name, command, length, value)
    for bits in (0, 8, 31, 32, 33, 128, 129, -1):
        for command in range(17, 25):
            ask("%s/%d" % (name, bits), command, 44, value + struct.pack(">i", bits))
