"""Programs that want out. Each says ESCAPED when it has got what it wanted.

They are told of the world in the first argument: where the secret lies, who listens where, whom to
harm; and how many seconds they have to wait for whoever stops them. All of it is harmless.
"""

SECRET = "AKIA-PLANTED-0123456789"

BEGIN = """
import json, os, sys
world = json.loads(sys.argv[1])
SECRET = "AKIA-" + "PLANTED-0123456789"
OUT = "ESC" + "APED"
"""

READING = {
    "its environment": """
if SECRET in json.dumps(dict(os.environ)):
    print(OUT)
""",
    "environments of others": """
for name in os.listdir("/proc"):
    if name.isdigit():
        try:
            text = open(f"/proc/{name}/environ", "rb").read()
        except OSError:
            continue
        if SECRET.encode() in text:
            print(OUT)
""",
    "a file with credentials": """
print(open(world["secret"]).read(), OUT)
""",
    "a file through a link": """
os.symlink(world["secret"], "link")
print(open("link").read(), OUT)
""",
    "a file through another name": """
os.link(world["secret"], "name")
print(open("name").read(), OUT)
""",
    "names in a folder": """
print(os.listdir(world["outside"]), OUT)
""",
    "memory of another process": """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(16, world["victim"], None, None) == 0:
    print(OUT)
""",
    "a file through NumPy": """
import numpy
print(numpy.loadtxt(world["secret"], dtype=str, delimiter="|"), OUT)
""",
    "a file through a shell": """
if SECRET in os.popen(f"cat {world['secret']}").read():
    print(OUT)
""",
}

WRITING = {
    "a new file": """
open(world["outside"] + "/new", "w").write("x")
print(OUT)
""",
    "over a file": """
open(world["victim_file"], "w").write("x")
print(OUT)
""",
    "a file cut off": """
os.truncate(world["victim_file"], 0)
print(OUT)
""",
    "a file removed": """
os.unlink(world["victim_file"])
print(OUT)
""",
    "a file moved away": """
os.rename(world["victim_file"], "mine")
print(OUT)
""",
    "a file locked away by its mode": """
os.chmod(world["victim_file"], 0o604)
print(OUT if os.stat(world["victim_file"]).st_mode & 0o777 == 0o604 else "")
""",
    "the time of a file": """
os.utime(world["victim_file"], (1, 1))
print(OUT if os.stat(world["victim_file"]).st_mtime == 1 else "")
""",
    "a file through NumPy": """
import numpy
numpy.savetxt(world["outside"] + "/new", [1.0])
print(OUT)
""",
    "into the interpreter": """
open(world["packages"] + "/planted.pth", "w").write("")
print(OUT)
""",
}

TALKING = {
    "TCP": """
import socket
with socket.create_connection(("127.0.0.1", world["tcp"]), timeout=3) as talk:
    talk.sendall(b"out")
print(OUT)
""",
    "UDP": """
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"out", ("127.0.0.1", world["udp"]))
print(OUT)
""",
    "a Unix socket": """
import socket
talk = socket.socket(socket.AF_UNIX)
talk.connect(world["unix"])
talk.sendall(b"out")
print(OUT)
""",
    "an abstract Unix socket": """
import socket
talk = socket.socket(socket.AF_UNIX)
talk.connect("\\0" + world["abstract"])
talk.sendall(b"out")
print(OUT)
""",
    "a datagram from a pair": """
import socket
talk, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
talk.connect(world["datagram"])
talk.send(b"out")
print(OUT)
""",
}

HARMING = {
    "a signal": """
import signal
os.kill(world["victim"], signal.SIGTERM)
print(OUT)
""",
    "the limits of another process": """
import resource
resource.prlimit(world["victim"], resource.RLIMIT_CPU, (1, 1))
print(OUT)
""",
    "shared memory": """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.shmget(world["memory"], 4096, 0) >= 0:
    print(OUT)
""",
}

MANIM = """
from manim import LEFT, Circle, Code, Create, Scene, Text, config
from manim.utils import file_ops
config.update({"quality": "low_quality", "media_dir": "media", "progress_bar": "none"})

class Honest(Scene):
    def construct(self):
        self.play(Create(Circle()), run_time=0.2)
        self.add(Text("drawn").shift(LEFT))
        self.wait(0.2)

Honest().render()
print("DRAWN")
try:
    class Thief(Scene):
        def construct(self):
            self.add(Code(code_file=world["secret"], language="text"))
    Thief().render()
    print(OUT, "by Code")
except OSError as error:
    print(error)
file_ops.os.system(f"cat {world['secret']} >stolen")
if SECRET in open("stolen").read():
    print(OUT, "by a shell")
"""

DAEMON = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        import time
        for _ in range(400):
            open("beat", "a").write("x")
            time.sleep(0.05)
    os._exit(0)
import time
while not os.path.exists("beat"):
    time.sleep(0.01)
print(OUT)
"""

FORKS = """
import time
made = 0
try:
    for made in range(60):
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
except OSError:
    print("stopped at", made)
else:
    print(OUT)
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if world["clean"]:
    os.killpg(0, signal.SIGTERM)
"""

THREADS = """
import threading, time
event = threading.Event()
try:
    for made in range(60):
        threading.Thread(target=event.wait, daemon=True).start()
except RuntimeError:
    print("stopped at", made)
else:
    print(OUT)
event.set()
"""

MEMORY = """
held = bytearray(600_000_000)
print(OUT)
"""

MEMORY_OF_MANY = """
import time
for _ in range(8):
    if os.fork() == 0:
        held = bytearray(b"x") * 60_000_000
        time.sleep(world['patience'])
        os._exit(0)
for _ in range(8):
    os.wait()
print(OUT)
"""

MEMORY_IN_FILES = """
held = os.memfd_create("held")
os.write(held, b"x" * 1_000_000)
print(OUT)
"""

LARGE_FILE = """
with open("large", "wb") as file:
    for _ in range(40):
        file.write(b"x" * 1_000_000)
print(OUT)
"""

MANY_FILES = """
import time
for number in range(40):
    with open(f"part{number}", "wb") as file:
        file.write(b"x" * 1_000_000)
time.sleep(world['patience'])
print(OUT)
"""

NAMELESS_FILES = """
import time
held = []
for number in range(40):
    held.append(open("part", "wb"))
    os.unlink("part")
    held[-1].write(b"x" * 1_000_000)
    held[-1].flush()
time.sleep(world['patience'])
print(OUT)
"""

DEEP_FOLDERS = """
import time
for _ in range(3000):
    os.mkdir("d")
    os.chdir("d")
time.sleep(world['patience'])
print(OUT)
"""

BUSY = """
import time
until = time.process_time() + 1.1 + world['patience']
while time.process_time() < until:
    pass
print(OUT)
"""

BUSY_TOGETHER = """
import time
for _ in range(3):
    if os.fork() == 0:
        until = time.process_time() + 0.8 + world['patience']
        while time.process_time() < until:
            pass
        os._exit(0)
for _ in range(3):
    os.wait()
print(OUT)
"""

ASLEEP = """
import time
time.sleep(1.1 + world['patience'])
print(OUT)
"""

TALKATIVE = """
import time
for _ in range(12):
    print("x" * 1_000_000, flush=True)
time.sleep(world['patience'])
print(OUT)
"""

TRAPS = """
os.mkdir("media")
os.symlink(world["secret"], "film.mp4")
os.symlink(world["outside"], "media/frames")
os.link(world["secret"], "second.mp4")
os.mkfifo("third.mp4")
print(OUT)
"""
