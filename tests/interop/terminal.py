"""chronyc on a pseudo-terminal, its JSON, and its reports of any answer. terminal.py CHRONYC DEBIANS-CHRONYC FOLDER
JSON-PAGE

FOLDER has the daemons that the part `terminal` started: ours, gone (to be ended here), debian, silent. Prints "ok NAME"
or "FAIL NAME: REASON" for each test. Waits are for conditions, with a deadline.
"""
import fcntl
import json
import os
import random
import re
import select
import signal
import socket as socketlib
import struct
import subprocess
import sys
import termios
import threading
import time
import xml.dom.minidom

CHRONYC, DEBIANS, FOLDER, PAGE = sys.argv[1:5]
PATIENCE = 10  # s


def socket(name):
    return f"{FOLDER}/{name}/chronyd.sock"


class Terminal:
    """A program behind a pseudo-terminal of its own."""

    def __init__(self, *words, daemon="ours", rows=24, columns=80, stderr=None, **environment):
        self.master, slave = os.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.master)
        self.text = ""
        argv = [CHRONYC, "-h", socket(daemon), *words]
        variables = {"TERM": "xterm", "PATH": os.environ["PATH"], **environment}
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(slave, fd)
            if stderr:
                os.dup2(os.open(stderr, os.O_WRONLY | os.O_CREAT), 2)
            os.closerange(3, 100)
            os.execve(CHRONYC, argv, variables)
        os.close(slave)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys):
        os.write(self.master, keys.encode())

    def read_some(self, timeout):
        if not select.select([self.master], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:  # nobody has the other end any more
            return False
        self.text += data.decode("utf-8", "replace")
        return bool(data)

    def expect(self, pattern):
        """Drops what was printed up to the end of the match, and returns it."""
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.text, re.S)):
            if not self.read_some(0.1) and (time.monotonic() > deadline):
                raise AssertionError(f"no {pattern!r} in {self.text[-300:]!r}")
        seen, self.text = self.text[: found.end()], self.text[found.end() :]
        return seen

    def run(self, line):
        self.expect("chronyc> ")
        self.type(line)

    def end(self):
        """The exit status; the terminal must be as it was."""
        deadline = time.monotonic() + PATIENCE
        while (ended := os.waitpid(self.pid, os.WNOHANG)) == (0, 0):
            self.read_some(0.05)
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise AssertionError(f"does not end: {self.text[-300:]!r}")
        while self.read_some(0):
            pass
        after = termios.tcgetattr(self.master)
        os.close(self.master)
        assert after == self.before, "the terminal is not as it was"
        return os.waitstatus_to_exitcode(ended[1])


def run(*words, daemon="ours", stdin="", environment=None):
    return subprocess.run(
        [CHRONYC, *words[:-1], "-h", socket(daemon), *words[-1].split()] if words else [CHRONYC, "-h", socket(daemon)],
        input=stdin, capture_output=True, text=True, timeout=PATIENCE * 2, env=environment, check=False)


# ---- the line editor ----


def edits(keys, result):
    """What was typed is what the complaint of `timeout` repeats."""
    terminal = Terminal()
    terminal.run(keys + "\r")
    terminal.expect(f"Timeout {result} is too short")
    terminal.run("\x04")
    assert terminal.end() == 1


def a_person_gets_a_banner_and_a_prompt():
    terminal = Terminal()
    assert re.fullmatch("[^\n]+\r\n\r\n\r?chronyc> ", terminal.expect("chronyc> "))
    terminal.type("activity\r")
    terminal.expect("\r\n200 OK\r\n4 sources online")
    terminal.run("exit\r")
    assert terminal.end() == 0


def arrows_home_and_end_move_the_cursor():
    edits("timeout 7\x1b[D9", 97)
    edits("97\x1b[Htimeout \x1b[F\x7f", 9)
    edits("97\x1bOHtimeout \x1b[C\x1b[3~", 9)
    edits("imeout 8\x1b[1~t\x1b[4~4", 84)


def control_keys_edit_the_line():
    edits("xtimeout 3\x01\x04\x05\x025\x06", 53)
    edits("garbage\x15timeout 6 foo bar\x17\x17", 6)
    edits("garbage\x01\x0btimeout 61\x08", 6)


def history_goes_back_and_forth():
    terminal = Terminal()
    terminal.run("timeout 1\r")
    terminal.run("timeout 2\r")
    terminal.run("timeout 3\x1b[A\x1b[A\x1b[B\x1b[B0\r")
    terminal.expect("Timeout 30 is too short")
    terminal.run("\x10\x10\x10\r")
    terminal.expect("Timeout 1 is too short")
    terminal.run("\x04")
    terminal.end()


def characters_of_several_bytes_are_one():
    edits("timeout 5\u00e9\u20ac\x7f\x7f", 5)
    edits("timeout \u00e95\x1b[D\x1b[D\x04", 5)


def a_line_holds_2047_bytes():
    terminal = Terminal()
    terminal.run("reset sources".ljust(2047) + "x\r")
    terminal.expect("200 OK")
    terminal.run("\x04")
    terminal.end()


def wide_lines_show_the_part_around_the_cursor():
    terminal = Terminal(columns=30)
    terminal.run("#" + "0123456789" * 9 + "\x01")
    terminal.expect("chronyc> #0123456789012345678\x1b")
    terminal.type("\x03")
    terminal.end()


def tab_completes_commands_and_their_words():
    terminal = Terminal()
    terminal.run("trac\t\r")
    terminal.expect("Reference ID")
    terminal.run("manual l\t\r")
    terminal.expect("210 n_samples")
    terminal.run("sources \tv\r")
    terminal.expect("falseticker")
    terminal.run("cmd\t")
    assert "chronyc> cmd" in terminal.expect("cmdaccheck +cmdallow +cmddeny .*chronyc> cmd\x1b")
    terminal.type("\x15\x04")
    assert terminal.end() == 0


def tab_completes_sources():
    terminal = Terminal()
    terminal.run("ntpdata 127.0.0.\t")
    terminal.expect("127.0.0.2 +127.0.0.4 +127.0.0.3 +127.0.0.5 .*chronyc> ntpdata 127.0.0.\x1b")
    terminal.type("2\t\r")
    terminal.expect("Remote address  : 127.0.0.2 ")
    terminal.run("\x04")
    assert terminal.end() == 0


def the_prompt_is_left_cleanly_on_every_way():
    for leave in "\x04", "\x03", signal.SIGTERM, signal.SIGHUP:
        terminal = Terminal()
        terminal.run("timeout")
        terminal.expect("timeout\x1b")
        if leave == "\x04":
            leave = "\x15\x04"
        if isinstance(leave, str):
            terminal.type(leave)
        else:
            os.kill(terminal.pid, leave)
        assert terminal.end() == 0, leave
        assert not [name for name in os.listdir(f"{FOLDER}/ours") if name.startswith("chronyc")]


def a_terminal_that_vanishes_ends_the_program():
    for words in [], ["top"]:
        terminal = Terminal(*words)
        terminal.expect("chronyc> " if not words else "leave")
        os.close(terminal.master)
        deadline = time.monotonic() + PATIENCE
        while os.waitpid(terminal.pid, os.WNOHANG) == (0, 0):
            assert time.monotonic() < deadline, "goes on"
            time.sleep(0.05)


def without_a_person_there_is_no_prompt():
    terminal = Terminal(stderr="/dev/null")
    terminal.type("retries 1\nactivity\n\x04")
    terminal.expect("4 sources online")
    terminal.end()
    assert "chronyc>" not in terminal.text
    assert "chronyc" not in run(stdin="activity\n").stdout


def a_dumb_terminal_gets_no_control_sequences():
    terminal = Terminal(TERM="dumb")
    terminal.run("activity\n")
    seen = terminal.expect("chronyc> ")
    terminal.type("\x04")
    terminal.end()
    assert "\x1b" not in seen and "200 OK" in seen


# ---- top, plot, colours ----

FRAME = "\x1b\\[H\x1b\\[J(.*?)q: leave"


def frame(terminal):
    return re.search(FRAME, terminal.expect(FRAME), re.S).group(1)


def top_shows_tracking_sources_and_their_history():
    terminal = Terminal("top", LANG="C.UTF-8")
    seen = frame(terminal)
    assert "Reference 7F00000" in seen and "History" in seen
    assert re.search("\\^\\*.*[\u2581-\u2588]{4}", seen), seen
    frame(terminal)
    terminal.type("q")
    assert terminal.end() == 0


def top_keeps_what_it_sees_of_chronys_daemon():
    terminal = Terminal("top", daemon="debian")
    for _ in range(PATIENCE):
        if re.search(r"\^\*[^\n]*s [_.,~+=#-]{2}", frame(terminal)):
            break
    else:
        raise AssertionError("no plot grows")
    terminal.type("q")
    assert terminal.end() == 0


def top_is_left_cleanly_on_every_way():
    for leave in "q", "\x03", signal.SIGTERM, signal.SIGHUP, signal.SIGINT:
        terminal = Terminal("top")
        frame(terminal)
        if isinstance(leave, str):
            terminal.type(leave)
        else:
            os.kill(terminal.pid, leave)
        assert terminal.end() == 0
        assert terminal.text.endswith("\x1b[?7h\x1b[?25h\x1b[?1049l"), terminal.text


def top_respects_the_window_and_follows_it():
    terminal = Terminal("top", rows=12, columns=60)
    seen = frame(terminal)
    assert "and 2 more" in seen and seen.count("\n") < 12, seen
    terminal.resize(40, 120)
    for _ in range(3):
        seen = frame(terminal)
    assert "more" not in seen and "\x1b[40;1H" in seen
    terminal.type("q")
    terminal.end()


def top_ends_with_the_daemon():
    terminal = Terminal("top", daemon="gone")
    frame(terminal)
    with open(f"{FOLDER}/gone.pid", encoding="ascii") as file:
        os.kill(int(file.read()), signal.SIGTERM)
    assert terminal.end() == 1
    assert "\x1b[?1049l506 Cannot talk to daemon" in terminal.text


def top_prints_lines_where_there_is_no_terminal():
    with subprocess.Popen([CHRONYC, "-h", socket("ours"), "top"], stdout=subprocess.PIPE, text=True) as top:
        for _ in range(2):
            assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d stratum 4, offset [+-]", top.stdout.readline())
        top.stdout.close()
        assert top.wait(PATIENCE) == 1  # nobody reads any more


def plot_draws_the_history():
    terminal = Terminal("-n", "plot", "127.0.0.5", rows=20)
    assert terminal.end() == 0
    lines = terminal.text.splitlines()
    assert lines[0].startswith("Clock against ") and len(lines) < 20
    assert sum("*" in line for line in lines) >= 1 and max(map(len, lines)) <= 80
    assert re.search(r"^ *-\d+ \ws *\+", terminal.text, re.M)


def plot_writes_a_picture():
    path = f"{FOLDER}/plot.svg"
    result = run("-n", f"plot 127.0.0.2 --svg {path}")
    assert result.returncode == 0 and result.stdout == "", result
    picture = xml.dom.minidom.parse(path)
    assert len(picture.getElementsByTagName("polyline")) == 2
    assert "Clock against 127.0.0.2" in picture.toxml() and " s</text>" in picture.toxml()
    result = run(f"plot --svg {FOLDER}/nowhere/plot.svg")
    assert result.returncode == 1 and "Could not write" in result.stderr
    assert run("plot 127.0.0.99").stdout == "503 No such source\n"


def plot_says_that_chronys_daemon_has_none():
    result = run("plot", daemon="debian")
    assert (result.returncode, result.stderr.count("\n"), result.stdout) == (1, 1, "")


def colours_are_for_terminals_and_for_what_is_wrong():
    def coloured(*words, **environment):
        terminal = Terminal(*words, **environment)
        terminal.end()
        # Behind the names are times, which go on.
        return [(colour, row[:12].strip()) for colour, row in re.findall("\x1b\\[(3\\d)m([^\r]*)", terminal.text)]

    rows = coloured("-n", "sources")
    assert rows == [("33", "^? 127.0.0.3"), ("31", "^x 127.0.0.5")], rows
    assert coloured("-n", "sources", NO_COLOR="") == rows
    assert coloured("sources", NO_COLOR="1") == coloured("sources", TERM="dumb") == []
    assert coloured("-c", "sources") == coloured("-j", "sources") == []
    assert "\x1b" not in run("sources").stdout


def names_cannot_act_upon_the_terminal():
    printed = run("sources").stdout
    assert "\x1b" not in printed and "127.0.0.4 " in printed, printed
    with open("/etc/hosts", encoding="ascii") as hosts:
        if "good.example" in hosts.read():
            assert "good.example " in printed, printed


def captions_have_the_lines_of_chronys():
    for command, lines in ("sources", 9), ("sourcestats", 9), ("selectdata", 8), ("authdata", 5):
        plain, explained = run(command).stdout.splitlines(), run(command + " -v").stdout.splitlines()
        assert len(explained) == len(plain) + lines, command
        assert explained[lines] == plain[0] and max(map(len, explained[:lines])) <= 79, explained
        leaders = explained[lines - 1]
        assert set(leaders) == {" ", "|"} and len(leaders) <= len(plain[0]), leaders
    assert run("-c", "sources -v").stdout.count("\n") == 4


# ---- JSON ----

COMMANDS = """tracking;sources;sources -a -v;sourcestats;selectdata;authdata;ntpdata;ntpdata 127.0.0.2;ntpdata 1.2.3.4
ntpdata nosuch.invalid;clients;clients -k;clients -p;activity;serverstats;smoothing;rtcdata;manual list;manual foo
sourcename 127.0.0.2;sourcename;waitsync 1 0 0 0.1;settime garbage;settime 12:00;reset sources;dfreq x;maxupdateskew
online;offline 1.2.3.4;burst 1;burst 1/2;local foo;local off;add server;add server 127.0.0.2 foo;delete 127.0.0.99
accheck 1.2.3.4;cmdaccheck x;allow 1/99;keygen;keygen 1 FOO;help;dns;dns -n;timeout 5;retries 99;authhash x;makestep x
selectopts;offset x;plot;plot 127.0.0.3;plot nosuch.invalid;foo;"quo\\te;\u00e9;trimrtc;reload;smoothtime""".replace("\n", ";").split(";")


def documented():
    """The members that the page knows, by name."""
    with open(PAGE, encoding="utf-8") as page:
        return set(re.findall(r"^\| `(\w+)` \|", page.read(), re.M)) | {"name", "id", "type", "key", "syntax", "meaning"}


def check_document(line, members):
    document = json.loads(line, parse_constant=lambda name: 1 / 0)
    assert list(document)[0] == "command" and {"status"} <= set(document) <= {"command", "report", "status", "error"}
    report = document.get("report", [])
    for entry in report if isinstance(report, list) else [report]:
        assert entry and set(entry) <= members, set(entry) - members
        assert all(value is None or isinstance(value, (str, int, float, bool, list)) for value in entry.values())
    return document


def json_is_valid_in_every_state():
    members = documented()
    for where in ["-h", socket("ours")], ["-h", socket("debian")], ["-h", socket("silent")], \
            ["-h", "127.0.0.1", "-p", "21323"], ["-h", "127.0.0.1", "-p", "9"], ["-h", "/nonexistent"]:
        for command in COMMANDS:
            for options in (["-j"], ["-j", "-N", "-e"]):
                result = subprocess.run([CHRONYC, *options, *where, *command.split()], capture_output=True, text=True,
                                        timeout=PATIENCE, check=False)
                try:
                    assert result.stderr == "" and result.stdout.count("\n") == 1, result
                    document = check_document(result.stdout, members)
                    assert ("error" in document) == (result.returncode != 0), document
                except Exception as error:
                    raise AssertionError(f"{where} {command}: {error!r} {result.stdout[:200]}") from error


def json_has_the_statuses_of_the_lines():
    for command, status, error in (("tracking", 200, None), ("accheck 1.2.3.4", 209, None), ("foo", None, "Unrecognized command"),
                                   ("delete 9.9.9.9", 503, "No such source"), ("timeout 5", None, "Timeout 5 is too short")):
        document = json.loads(run("-j", command).stdout)
        assert (document["status"], document.get("error")) == (status, error), document
    udp = subprocess.run([CHRONYC, "-j", "-h", "127.0.0.1", "-p", "21323", "online"], capture_output=True, text=True, check=False)
    assert json.loads(udp.stdout) == {"command": "online", "status": 501, "error": "Not authorised"}


def json_agrees_with_csv():
    csv = run("-c", "sources").stdout.splitlines()
    report = json.loads(run("-j", "sources").stdout)["report"]
    assert [line.split(",")[2] for line in csv] == [entry["ip_addr"] for entry in report]
    assert {entry["ip_addr"]: entry["state"] for entry in report}["127.0.0.5"] == "falseticker"
    assert {entry["ip_addr"]: entry["reachability"] for entry in report}["127.0.0.3"] == 0


def several_commands_are_a_line_each():
    result = run("-j", "-m", "activity foo tracking")
    assert [json.loads(line)["command"] for line in result.stdout.splitlines()] == ["activity", "foo"]
    result = subprocess.run(
        [CHRONYC, "-j", "-h", socket("ours")], input="activity\n\n# comment\nfoo\ntracking\n", capture_output=True, text=True,
        check=False)
    assert [json.loads(line)["command"] for line in result.stdout.splitlines()] == ["activity", "foo", "tracking"]


class Liar(threading.Thread):
    """A daemon whose answers are random behind their headers, in the forms that both generations of clients know."""

    REPLIES = {11: 17, 14: 2, 15: 3, 33: 5, 34: 6, 35: 7, 41: 18, 44: 12, 51: 13, 54: 24, 57: 16, 65: 19, 67: 20, 68: 21,
               69: 23, 0x4342: 0x4342}
    TIMES = {33: [28], 35: [0], 57: [60], 41: [4 + 24 * i for i in range(16)]}  # where they are
    FAMILIES = {15: [16], 33: [20], 34: [20], 69: [20], 57: [16, 36]}
    COUNTS = {14: [4], 41: [17], 68: [20, 20, 9], 51: [4]}  # the first words, below these numbers

    def __init__(self):
        super().__init__(daemon=True)
        self.random = random.Random()
        self.socket = socketlib.socket(socketlib.AF_INET, socketlib.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.where = ["-h", "127.0.0.1", "-p", str(self.socket.getsockname()[1])]
        self.start()

    def body(self, command):
        pick, body = self.random, bytearray(self.random.randbytes(496))
        for i in range(0, 496, 4):
            if pick.random() < 0.4:  # what means something
                struct.pack_into(">I", body, i, pick.choice([0, 1, 2, 3, 4, 5, 6, 7, 100, 2**32 - 1, pick.randrange(5000)]))
        for offset in self.FAMILIES.get(command, []):
            struct.pack_into(">HH", body, offset, pick.randrange(4), 0)
        for offset in self.TIMES.get(command, []):
            struct.pack_into(">III", body, offset, 0, pick.randrange(2**32), pick.randrange(10**9))
        for i, limit in enumerate(self.COUNTS.get(command, [])):
            struct.pack_into(">I", body, 4 * i, pick.randrange(limit))
        if command == 69:
            body[24] = pick.randrange(33, 127)
        return body

    def run(self):
        while True:
            request, sender = self.socket.recvfrom(2048)
            command, sequence = struct.unpack_from(">4xHxx4s", request)
            status = self.random.choice([0] * 20 + list(range(25)))
            header = struct.pack(">BBHHHHHHH4s8s", 6, 2, 0, command, self.REPLIES[command], status, 0, 0, 0, sequence, bytes(8))
            self.socket.sendto(header + self.body(command), sender)


REPORTS = ["tracking", "sources -a", "sourcestats -a", "selectdata -a", "authdata -a", "ntpdata", "ntpdata 1.2.3.4", "activity",
           "clients", "clients -k", "serverstats", "smoothing", "rtcdata", "manual list", "settime 12:00", "sourcename 1.2.3.4"]


def reports_are_printed_as_debians_client_prints_them():
    liar = Liar()
    for seed in range(6):
        for command in REPORTS:
            for options in ["-n"], ["-c"], ["-n", "-N"]:
                printed = []
                for program in DEBIANS, CHRONYC:
                    liar.random.seed(f"{seed} {command}")
                    result = subprocess.run([program, *options, *liar.where, *command.split()], capture_output=True,
                                            timeout=PATIENCE, check=False)
                    printed.append((result.stdout, result.stderr, result.returncode))
                assert printed[0] == printed[1], (seed, options, command, printed)


def json_is_valid_whatever_the_daemon_says():
    members = documented()
    liar = Liar()
    liar.random.seed(5)
    for command in [*REPORTS, "plot ID#1"]:
        for _ in range(20):
            result = subprocess.run([CHRONYC, "-j", *liar.where, *command.split()], capture_output=True, text=True,
                                    timeout=PATIENCE, check=False)
            assert result.stderr == "" and result.stdout.count("\n") == 1, result
            check_document(result.stdout, members)


TESTS = [
    a_person_gets_a_banner_and_a_prompt, arrows_home_and_end_move_the_cursor, control_keys_edit_the_line,
    history_goes_back_and_forth, characters_of_several_bytes_are_one, wide_lines_show_the_part_around_the_cursor,
    tab_completes_commands_and_their_words, tab_completes_sources, the_prompt_is_left_cleanly_on_every_way,
    a_terminal_that_vanishes_ends_the_program, without_a_person_there_is_no_prompt, a_dumb_terminal_gets_no_control_sequences,
    top_shows_tracking_sources_and_their_history, top_keeps_what_it_sees_of_chronys_daemon, top_is_left_cleanly_on_every_way,
    top_respects_the_window_and_follows_it, top_prints_lines_where_there_is_no_terminal, plot_draws_the_history,
    plot_writes_a_picture, plot_says_that_chronys_daemon_has_none, colours_are_for_terminals_and_for_what_is_wrong,
    captions_have_the_lines_of_chronys, names_cannot_act_upon_the_terminal,
    json_has_the_statuses_of_the_lines, json_agrees_with_csv, several_commands_are_a_line_each, top_ends_with_the_daemon,
    json_is_valid_in_every_state, json_is_valid_whatever_the_daemon_says,
    reports_are_printed_as_debians_client_prints_them, a_line_holds_2047_bytes,
]

for test in TESTS:
    name = test.__name__.replace("_", " ")
    try:
        test()
        print("ok", name, flush=True)
    except Exception as error:  # the next test says more
        print(f"FAIL {name}: {error!r}"[:600].replace("\n", " "), flush=True)
