"""beside.py PROGRAM [SECONDS]: how long small requests take alone, and together with large ones.

One client asks one sentence after another on one connection, as a page does, once a few milliseconds; beside it another keeps one large
request at work: 20,000 sentences, the longest sentence that /explain takes, or a flood of bytes. In turn, three times each.
"""
import http.client
import multiprocessing
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

program, seconds = os.path.abspath(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 5
here = pathlib.Path(__file__).parent
folder = pathlib.Path(tempfile.mkdtemp())
subprocess.run([sys.executable, here / "make_inputs.py", folder], check=True)
sentences = (folder / "sentences.txt").read_text().split("\n")[:4000]
words = " ".join(sentences).split()
processes = multiprocessing.get_context("fork")
json_type = {"Content-Type": "application/json"}
csv_type = {"Content-Type": "text/csv"}
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
server = subprocess.Popen([program, "serve", "--model-dir", folder / "model", "--port", str(port), "--no-access-log"],
                          stderr=subprocess.DEVNULL)


def ask(connection, path, body, fields):
    connection.request("POST", path, body, fields)
    reply = connection.getresponse()
    reply.read()
    return reply.status


def connect():
    return http.client.HTTPConnection("127.0.0.1", port, timeout=120)


def ready():
    while True:
        try:
            if ask(connect(), "/invocations", '["a"]', json_type) == 200:
                return
        except OSError:
            time.sleep(0.01)


large = {
    "alone": None,
    "20,000 sentences": ("/invocations", "\n".join(sentences * 5), csv_type),
    "/explain of 511 words": ("/explain", " ".join((words * 2)[:511]), csv_type),
    "a body that never ends": "flood",
}


def keep_busy(work, stop):
    os.nice(19)  # as if it were on another machine: it must not take the server's processor
    while not stop.is_set():
        try:
            if work == "flood":
                with socket.create_connection(("127.0.0.1", port)) as s:
                    s.sendall(b"POST /invocations HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                    while not stop.is_set():
                        s.sendall(b"10000\r\n" + b"a" * 65536 + b"\r\n")
            else:
                ask(connect(), *work)
        except OSError:
            pass


def measure(work):
    # A process, as a thread would hold Python's lock and be measured too.
    stop = processes.Event()
    large_client = processes.Process(target=keep_busy, args=(work, stop), daemon=True) if work else None
    if large_client:
        large_client.start()
        time.sleep(0.5)
    times, connection, end = [], connect(), time.perf_counter() + seconds
    while time.perf_counter() < end:
        body = '["' + sentences[len(times) % len(sentences)] + '"]'
        start = time.perf_counter()
        assert ask(connection, "/invocations", body, json_type) == 200
        times.append(1000 * (time.perf_counter() - start))
        time.sleep(0.002)
    stop.set()
    if large_client:
        large_client.join()
    times.sort()
    return times[len(times) // 2], times[int(0.99 * len(times))]


try:
    ready()
    seen = {name: [] for name in large}
    for _ in range(3):
        for name, work in large.items():
            seen[name].append(measure(work))
    alone = statistics.median(p99 for _, p99 in seen["alone"])
    for name, pairs in seen.items():
        p99 = statistics.median(p for _, p in pairs)
        print(f"{name}: median {statistics.median(m for m, _ in pairs):.2f} ms, p99 {p99:.2f} ms "
              f"({min(p for _, p in pairs):.2f} to {max(p for _, p in pairs):.2f}), {p99 / alone:.1f} times alone", flush=True)
finally:
    server.terminate()
    server.wait()
