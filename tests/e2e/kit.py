"""What the end-to-end tests share: a build's lesart run as a user runs it, documents made of the
sample letter, a server, and a look at what is left behind. Python's standard library only: Meson
brings Python along."""

import ctypes
import http.client
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest
import zlib

BUILD = os.environ["LESART_BUILD"]
SOURCE = os.environ["LESART_SOURCE"]
BUILT = os.path.join(BUILD, "src/bin")
CHECK_JSON = os.path.join(BUILD, "tests/export/check-json")
SCHEMAS = os.path.join(SOURCE, "docs/schemas")
LETTER = os.path.join(SOURCE, "samples/letter.jpg")
LETTER_PDF = os.path.join(SOURCE, "samples/letter.pdf")
LETTER_XML = os.path.join(SOURCE, "samples/letter.xml")
SHARED = os.environ.get("LESART_SHARED", os.path.join(SOURCE, "../shared"))
# A build for sanitizers confines nothing, and says so.
WEAK = ["--allow-weak-sandbox"] if os.environ.get("LESART_UNCONFINED") == "true" else []
PATIENCE_S = 120  # for what takes a second: a machine may be busy

# The build's programs in a folder of their own: no models came with these, so that a test sees its
# own only.
BARE = tempfile.TemporaryDirectory(prefix="bare-", dir=os.path.join(BUILD, "tests/e2e"))
for program in os.listdir(BUILT):
    if program.startswith("lesart") and os.path.isfile(os.path.join(BUILT, program)):
        shutil.copy(os.path.join(BUILT, program), BARE.name)
LESART = os.path.join(BARE.name, "lesart")

# Whoever loses its parent becomes a child of this process: so nobody is left behind unseen.
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def children(pid):
    """The processes below one, as pid -> name."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                line = file.read()
        except OSError:
            continue
        name = line[line.index("(") + 1:line.rindex(")")]
        state, parent = line[line.rindex(")") + 2:].split()[:2]
        if int(parent) == pid and state != "Z":
            found[int(entry)] = name
    return found


def wait_for(what, ready, seconds=PATIENCE_S):
    """Polls until ready() gives something true, and gives that."""
    until = time.monotonic() + seconds
    while True:
        value = ready()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def hold_json(text, schema, lines=False):
    """Fails where the text is not as the schema says."""
    command = [CHECK_JSON, SCHEMAS, schema] + (["--lines"] if lines else [])
    data = text if isinstance(text, bytes) else text.encode()
    done = subprocess.run(command, input=data, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise AssertionError(done.stdout.decode() + data.decode(errors="replace")[:2000])


class Test(unittest.TestCase):
    """A test with a folder of its own that leaves neither processes nor files elsewhere."""

    maxDiff = None

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="lesart-e2e-")
        self.dir = self.folder.name
        self.tmp = os.path.join(self.dir, "tmp")
        os.mkdir(self.tmp)
        self.servers = []

    def tearDown(self):
        for server in self.servers:
            server.kill()
        wait_for("no process is left behind", lambda: not self.left_behind(), 20)
        self.assertEqual(os.listdir(self.tmp), [], "files left behind")
        self.folder.cleanup()

    def left_behind(self):
        while True:  # reap what was handed to us
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    break
            except ChildProcessError:
                break
        return children(os.getpid())

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def environment(self, more=None):
        return {"PATH": "/usr/bin:/bin", "TMPDIR": self.tmp, "LC_ALL": "C.UTF-8", **(more or {})}

    def run_lesart(self, *arguments, rc=0, stdin=None, env=None, lesart=LESART):
        """Standard output and standard error of a run that must end with rc."""
        weak = WEAK if arguments[0] in ("read", "eval", "serve") else []
        done = subprocess.run([lesart, arguments[0], *weak, *arguments[1:]], input=stdin,
                              stdin=subprocess.DEVNULL if stdin is None else None,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.dir,
                              env=self.environment(env), timeout=PATIENCE_S, check=False)
        err = done.stderr.decode()
        self.assertEqual(done.returncode, rc, f"{arguments}: {err}")
        return done.stdout.decode(), err


# ---- documents ----


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def jpeg_size(data):
    at = 2
    while True:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2:at + 4])[0]
        if 0xC0 <= marker <= 0xC2:
            height, width = struct.unpack(">HH", data[at + 5:at + 9])
            return width, height
        at += 2 + length


def pdf_of(jpeg, pages, broken=()):
    """A PDF of so many pages, each the same scan; broken: pages (from 1) that are 70 m wide."""
    width, height = jpeg_size(jpeg)
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(pages))
    image = (f"/Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/DeviceRGB"
             f"/BitsPerComponent 8/Filter/DCTDecode/Length {len(jpeg)}")
    size_pt = width * 72 / 200, height * 72 / 200
    objects = [b"<</Type/Catalog/Pages 2 0 R>>",
               f"<</Type/Pages/Count {pages}/Kids[{kids}]>>".encode(),
               f"<<{image}>>stream\n".encode() + jpeg + b"\nendstream"]
    content = f"{size_pt[0]:.2f} 0 0 {size_pt[1]:.2f} 0 0 cm /Im Do".encode()
    for i in range(pages):
        box = "0 0 200000 200000" if i + 1 in broken else f"0 0 {size_pt[0]:.2f} {size_pt[1]:.2f}"
        objects.append(f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents {5 + 2 * i} 0 R"
                       "/Resources<</XObject<</Im 3 0 R>>>>>>".encode())
        objects.append(f"<</Length {len(content)}>>stream\n".encode() + content + b"\nendstream")
    return pdf_with(objects)


def pdf_with(objects, trailer=""):
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    for offset in offsets:
        out += f"{offset:010} 00000 n \n".encode()
    out += f"trailer\n<</Root 1 0 R/Size {len(objects) + 1}{trailer}>>\nstartxref\n{start}\n".encode()
    return bytes(out + b"%%EOF\n")


def letter_pdf(pages, broken=()):
    return pdf_of(read_bytes(LETTER), pages, broken)


def png_rows(data):
    """Width, bytes a pixel and the rows of an 8-bit PNG without palette."""
    width, height, depth, colour = struct.unpack(">IIBB", data[16:26])
    assert depth == 8
    n = {0: 1, 2: 3, 6: 4}[colour]
    at, packed = 8, b""
    while at < len(data):
        length = struct.unpack(">I", data[at:at + 4])[0]
        if data[at + 4:at + 8] == b"IDAT":
            packed += data[at + 8:at + 8 + length]
        at += 12 + length
    raw = zlib.decompress(packed)
    stride = width * n
    above = bytearray(stride)
    rows = []
    for y in range(height):
        kind, row = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for x in range(stride):
            left = row[x - n] if x >= n else 0
            up = above[x]
            corner = above[x - n] if x >= n else 0
            if kind == 1:
                row[x] = row[x] + left & 255
            elif kind == 2:
                row[x] = row[x] + up & 255
            elif kind == 3:
                row[x] = row[x] + (left + up) // 2 & 255
            elif kind == 4:
                guess = left + up - corner
                best = min((left, up, corner), key=lambda v: abs(guess - v))
                row[x] = row[x] + best & 255
        rows.append(bytes(row))
        above = row
    return width, n, rows


def png_of(width, n, rows):
    def chunk(kind, body):
        return (struct.pack(">I", len(body)) + kind + body
                + struct.pack(">I", zlib.crc32(kind + body)))

    head = struct.pack(">IIBBBBB", width, len(rows), 8, {1: 0, 3: 2, 4: 6}[n], 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
            + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows), 1))
            + chunk(b"IEND", b""))


# ---- a server ----


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE_S)
        self.unix_path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.unix_path)


class Server:
    """lesart serve on a unix socket, once /health gives that status."""

    def __init__(self, test, *arguments, env=None, listen=None, status=200, lesart=LESART):
        self.dir = test.dir
        self.address = listen or "unix:" + test.path("socket")
        self.log = open(test.path("log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [lesart, "serve", *WEAK, "--listen", self.address, *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log, cwd=test.dir,
            env=test.environment(env))
        test.servers.append(self)
        wait_for("the server is ready", lambda: self.is_at(status))

    def is_at(self, status):
        if self.process.poll() is not None:
            raise AssertionError("the server ended: " + self.log_text())
        try:
            return self.get("/health")[0] == status
        except OSError:
            return False

    def connect(self):
        if self.address.startswith("unix:"):
            return UnixConnection(os.path.join(self.dir, self.address[5:]))
        host, port = self.address.rsplit(":", 1)
        return http.client.HTTPConnection(host, int(port), timeout=PATIENCE_S)

    def request(self, method, path, body=None, headers=None):
        """Status, headers and body."""
        connection = self.connect()
        try:
            try:
                connection.request(method, path, body=body, headers=headers or {})
            except BrokenPipeError:
                pass  # refused before all was sent: the answer is there all the same
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, body, headers=None):
        return self.request("POST", path, body, headers)

    def health(self):
        return json.loads(self.get("/health")[2])

    def log_text(self):
        with open(self.log.name, encoding="utf-8") as file:
            return file.read()

    def log_lines(self):
        return [json.loads(line) for line in self.log_text().splitlines()]

    def workers(self, name):
        return [pid for pid, its in children(self.process.pid).items() if its.startswith(name[:15])]

    def end(self):
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


def main():
    unittest.main(verbosity=2)
