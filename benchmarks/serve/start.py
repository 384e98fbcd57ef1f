"""start.py PROGRAM: time from the start of a server to its first response, and its memory afterwards; ours and the PyTorch server.

Five starts each, one sentence asked; memory is the sum of the resident sets of all processes of a server.
"""
import http.client
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

here = pathlib.Path(__file__).parent
folder = tempfile.mkdtemp()
subprocess.run([sys.executable, here / "make_inputs.py", folder], check=True)
sentence = '["' + (pathlib.Path(folder) / "sentences.txt").read_text().split("\n")[0] + '"]'


def resident(group):
    total = 0
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        try:
            if os.getpgid(int(status.parent.name)) == group:
                total += sum(int(line.split()[1]) for line in status.read_text().split("\n") if line.startswith("VmRSS"))
        except (OSError, ProcessLookupError):
            pass
    return total / 1024


def measure(name, command, environment=None):
    times, memory = [], []
    for _ in range(5):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        start = time.perf_counter()
        server = subprocess.Popen([str(c).replace("PORT", str(port)) for c in command], cwd=here, start_new_session=True,
                                  env={**os.environ, **(environment or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                connection.request("POST", "/invocations", sentence, {"Content-Type": "application/json"})
                if connection.getresponse().status == 200:
                    break
            except OSError:
                pass
            time.sleep(0.001)
        times.append(1000 * (time.perf_counter() - start))
        memory.append(resident(server.pid))
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()
    print(f"{name}: first answer {statistics.median(times):.0f} ms ({min(times):.0f} to {max(times):.0f}), "
          f"memory {statistics.median(memory):.0f} MiB", flush=True)


program = os.path.abspath(sys.argv[1])
print(f"program: {os.path.getsize(program) / 2**20:.1f} MiB")
measure("sentiment", [program, "serve", "--model-dir", folder + "/model", "--port", "PORT", "--no-access-log"])
tuned = {"VOCAB": folder + "/words.txt", "MALLOC_TRIM_THRESHOLD_": "1000000000", "MALLOC_MMAP_THRESHOLD_": "1000000000",
         "OMP_NUM_THREADS": "1"}
measure("anchor", [sys.executable, "-m", "uvicorn", "anchor:app", "--host", "127.0.0.1", "--port", "PORT", "--workers", "2",
                   "--loop", "uvloop", "--http", "httptools", "--no-access-log"], tuned)
