# SPDX-License-Identifier: MIT
"""control_plane_test.py PROGRAM: `sentiment cloud` against moto's server, with boto3 and the SageMaker SDK as the other side.

What the program sends is compared, field by field, with what the SDK's generic Estimator sends for the same wishes; what it made is
read back by boto3; deleting leaves nothing behind. Moto ends each job at once, checks no role, no name and no signature, and has no
StopTrainingJob: cloud_test.cpp shows these. Loopback only. Prints `N passed, N failed`.
"""
import http.client, http.server, io, json, logging, os, re, subprocess, sys, tarfile, tempfile, threading, time, urllib.parse

REGION, ACCOUNT = "eu-west-3", "123456789012"
ACCESS, SECRET, TOKEN = "AKIDCONTROLPLANE", "an/obvious+secret/that/no/line/may/show", "a-token-that-no-line-may-show"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/films:1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Trainer"

home = tempfile.mkdtemp(prefix="control_plane.")
for name in [n for n in os.environ if n.startswith("AWS_") or n.lower().endswith("_proxy")]:
    del os.environ[name]
os.environ.update(HOME=home, AWS_EC2_METADATA_DISABLED="true", AWS_ACCESS_KEY_ID=ACCESS, AWS_SECRET_ACCESS_KEY=SECRET,
                  AWS_SESSION_TOKEN=TOKEN, AWS_REGION=REGION, AWS_DEFAULT_REGION=REGION, LSTMLIB_OFFLINE="1",
                  LSTMLIB_DATASET_ROOT=home + "/cache", SAGEMAKER_SUPPRESS_V2_WARNING="1", SENTIMENT_RETRY_PAUSE_MS="10")
try:
    from moto.server import ThreadedMotoServer
    import boto3, sagemaker
    import sagemaker.telemetry.telemetry_logging as telemetry
    from sagemaker.estimator import Estimator
except ImportError as error:
    print("skipped:", error)
    sys.exit(77)
for name in ("werkzeug", "sagemaker", "sagemaker.config", "botocore"):
    logging.getLogger(name).setLevel(logging.ERROR)
telemetry._requests_helper = lambda *a, **k: None  # it would call home

passed = failed = 0


def check(ok, what, detail=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print(("ok   " if ok else "FAIL ") + what + (f"  [{str(detail)[:1500]}]" if not ok else ""), flush=True)
    return ok


class Recorder(http.server.BaseHTTPRequestHandler):
    """Passes requests on to moto and keeps those of the control plane; answers invocations itself, as the container would."""
    protocol_version = "HTTP/1.1"
    port, calls, on_job = 0, [], None

    def log_message(self, *_):
        pass

    def any(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        operation = self.headers.get("x-amz-target", "").rpartition(".")[2]
        if operation:
            Recorder.calls.append((operation, json.loads(body)))
        path = urllib.parse.unquote(self.path)
        if path.endswith("/invocations"):
            rows = [[s.lower(), int("warm" in s.lower()), 0.75] for s in json.loads(body)]
            status, headers, data = 200, [("Content-Type", "application/json")], json.dumps(rows).encode()
        else:
            c = http.client.HTTPConnection("127.0.0.1", Recorder.port, timeout=60)
            c.request(self.command, self.path, body, dict(self.headers))
            r = c.getresponse()
            status, headers, data = r.status, r.getheaders(), r.read()
            if operation == "CreateTrainingJob" and Recorder.on_job:
                Recorder.on_job(json.loads(body))
        self.send_response_only(status)
        for k, v in headers:
            if k.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(k, v)
        length = dict((k.lower(), v) for k, v in headers).get("content-length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = any


output = []


def run(*words, text="", env=None):
    p = subprocess.run([os.path.abspath(sys.argv[1]), *words], input=text.encode(), capture_output=True, timeout=120, cwd=home,
                       env={**os.environ, **(env or {})})
    out, err = p.stdout.decode(), p.stderr.decode()
    output.append(out + err)
    return p.returncode, out, err


def calls(*operations):
    return [request for operation, request in Recorder.calls if operation in operations]


def archive(files):
    b = io.BytesIO()
    with tarfile.open(fileobj=b, mode="w:gz") as t:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return b.getvalue()


def main():
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    while getattr(moto, "_server", None) is None:
        time.sleep(0.02)
    Recorder.port = moto._server.server_port
    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    proxy.daemon_threads = True
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{proxy.server_port}"
    os.environ["AWS_ENDPOINT_URL"] = url
    sm, s3, logs = (boto3.client(name, endpoint_url=url) for name in ("sagemaker", "s3", "logs"))
    runtime = boto3.client("sagemaker-runtime", endpoint_url=url)
    session = sagemaker.Session(boto_session=boto3.Session(), sagemaker_client=sm, sagemaker_runtime_client=runtime)
    session._default_bucket = f"sagemaker-{REGION}-{ACCOUNT}"

    # ---- fit, beside the SDK's Estimator -----------------------------------------------------------------------
    channels = {"train": "s3://data/p/train", "test": "s3://data/p/test", "vocab": "s3://data/p/vocab"}
    wishes = {
        "plain": (dict(instance_count=1, instance_type="ml.c5.xlarge"), ["--role", ROLE]),
        "with everything": (
            dict(instance_count=2, instance_type="ml.p3.2xlarge", volume_size=50, output_path="s3://results/here", max_run=3600,
                 hyperparameters={"epochs": 10, "model-type": "rnn", "dropout": 0.4}, use_spot_instances=True, max_wait=7200,
                 checkpoint_s3_uri="s3://results/checkpoints", environment={"A": "b=c"}),
            ["--role", "Trainer", "--instance-count", "2", "--instance-type", "ml.p3.2xlarge", "--volume-size", "50", "--output-path",
             "s3://results/here", "--max-run", "3600", "--hyperparameter", "epochs=10", "--hyperparameter", "model-type=rnn",
             "--hyperparameter", "dropout=0.4", "--spot", "--max-wait", "7200", "--checkpoint-path", "s3://results/checkpoints",
             "--environment", "A=b=c"]),
    }
    ours = {}
    for title, (of_sdk, of_ours) in wishes.items():
        Recorder.calls.clear()
        estimator = Estimator(image_uri=IMAGE, role=ROLE, sagemaker_session=session, **of_sdk)
        estimator.fit(channels, wait=False)
        theirs = calls("CreateTrainingJob")
        Recorder.calls.clear()
        words = [w for c, uri in channels.items() for w in ("--channel", f"{c}={uri}")]
        code, out, err = run("cloud", "fit", "--image", IMAGE, *words, *of_ours, "--json", "--poll-seconds", "0.05")
        if not check(code == 0, f"fit, {title}: status 0", err):
            continue
        made = json.loads(out)
        mine = calls("CreateTrainingJob")
        names = [r.pop("TrainingJobName") for r in theirs + mine]
        check(len(mine) == 1 and mine == theirs, f"fit, {title}: the request is the SDK's", (mine, theirs))
        stamped = [re.fullmatch(r"(.+)-\d{4}(-\d\d){5}-\d{3}", n) for n in names]
        check(names[1] == made["job"] and all(stamped) and stamped[0][1] == stamped[1][1] == "films",
              f"fit, {title}: the job is named as the SDK does", names)
        back = [sm.describe_training_job(TrainingJobName=n) for n in names]
        for b in back:
            for field in ("TrainingJobName", "TrainingJobArn", "CreationTime", "LastModifiedTime", "TrainingStartTime", "TrainingEndTime",
                          "SecondaryStatusTransitions", "FinalMetricDataList", "ResponseMetadata", "ModelArtifacts"):
                b.pop(field, None)
        check(back[0] == back[1], f"fit, {title}: boto3 reads back the same fields of both", back)
        top = mine[0]["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        check(made["status"] == "Completed" and made["output"] == f"{top}/{names[1]}/output/output.tar.gz"
              and made["model"] == f"{top}/{names[1]}/output/model.tar.gz",
              f"fit, {title}: says how it ended and where the results are", made)
        ours[title] = (made["job"], estimator)
    job, estimator = ours["with everything"]
    check(f"sagemaker-{REGION}-{ACCOUNT}" in [b["Name"] for b in s3.list_buckets()["Buckets"]],
          "fit: the account's bucket was made for the results of the plain one")
    code, out, _ = run("cloud", "status", job)
    check(code == 0 and "Completed" in out and job in out, "status: of a job", out)
    code, _, err = run("cloud", "status", "nobody")
    check(code == 1 and "no training job and no endpoint nobody" in err and err.count("\n") == 1, "status: of nothing", err)

    # ---- logs --------------------------------------------------------------------------------------------------
    code, out, err = run("cloud", "logs", job)
    check(code == 0 and not out and "no log lines yet" in err, "logs: none yet", err)
    logs.create_log_group(logGroupName="/aws/sagemaker/TrainingJobs")
    now = int(time.time() * 1000)
    for host in ("algo-1", "algo-2"):
        stream = f"{job}/{host}-1700000000"
        logs.create_log_stream(logGroupName="/aws/sagemaker/TrainingJobs", logStreamName=stream)
        logs.put_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamName=stream,
                            logEvents=[{"timestamp": now + i, "message": f"epoch {i} of {host} \x1b[2J"} for i in range(150)])
    code, out, err = run("cloud", "logs", job)
    want = [f"{host}  epoch {i} of {host}  [2J" for host in ("algo-1", "algo-2") for i in range(150)]
    check(code == 0 and out.splitlines() == want, "logs: all lines of both hosts, in order, with nothing that acts on a terminal",
          (err, out[:300]))
    code, out, err = run("cloud", "logs", job, "--follow", "--poll-seconds", "0.05")
    check(code == 0 and out.splitlines() == want, "logs --follow: ends with the job", err)

    # ---- deploy, beside the SDK --------------------------------------------------------------------------------
    Recorder.calls.clear()
    estimator.deploy(initial_instance_count=2, instance_type="ml.m5.large", wait=False)
    made_by = ("CreateModel", "CreateEndpointConfig", "CreateEndpoint")
    theirs = calls(*made_by)
    Recorder.calls.clear()
    code, out, err = run("cloud", "deploy", "--job", job, "--instance-count", "2", "--json", "--poll-seconds", "0.05")
    check(code == 0, "deploy: status 0", err)
    made, mine = json.loads(out), calls(*made_by)

    def nameless(requests, endpoint, of_job):
        return json.loads(json.dumps(requests).replace(endpoint, "NAME").replace(of_job, "JOB"))

    check(nameless(mine, made["endpoint"], job) == nameless(theirs, theirs[2]["EndpointName"], estimator.latest_training_job.name),
          "deploy: the requests are the SDK's", (mine, theirs))
    name = made["endpoint"]
    got = sm.describe_endpoint(EndpointName=name)
    config = sm.describe_endpoint_config(EndpointConfigName=got["EndpointConfigName"])["ProductionVariants"]
    model = sm.describe_model(ModelName=config[0]["ModelName"])
    check(got["EndpointStatus"] == "InService" and config[0]["InitialInstanceCount"] == 2 and model["ExecutionRoleArn"] == ROLE
          and model["PrimaryContainer"]["ModelDataUrl"] == sm.describe_training_job(TrainingJobName=job)["ModelArtifacts"]["S3ModelArtifacts"],
          "deploy: boto3 reads it back", (got, config, model))
    code, out, _ = run("cloud", "status", name, "--json")
    check(code == 0 and json.loads(out)["status"] == "InService", "status: of an endpoint", out)

    # ---- predict, delete ---------------------------------------------------------------------------------------
    code, out, err = run("cloud", "predict", "--endpoint", name, "--batch-size", "2", text="A warm film\nA cold \u00e9t\u00e9\r\n\n")
    check(code == 0 and out == "1\t0.75\ta warm film\n0\t0.75\ta cold \u00e9t\u00e9\n0\t0.75\t\n", "predict: a line for each sentence", (out, err))
    code, out, err = run("cloud", "delete", name, "--json", "--poll-seconds", "0.05")
    check(code == 0 and len(json.loads(out)["deleted"]) == 3, "delete: says what it deleted", (out, err))

    def left(kind):
        of = {"Endpoints": sm.list_endpoints, "EndpointConfigs": sm.list_endpoint_configs, "Models": sm.list_models}[kind]
        return [list(x.values())[0] for x in of()[kind] if theirs[2]["EndpointName"] not in str(x)]

    kinds = ("Endpoints", "EndpointConfigs", "Models")
    check(not any(left(k) for k in kinds), "delete: nothing is left of it", [left(k) for k in kinds])
    code, _, err = run("cloud", "delete", name)
    check(code == 1 and "there is no endpoint" in err, "delete: the second time there is nothing", err)

    # ---- run ---------------------------------------------------------------------------------------------------
    def finish(request):  # what the container would have left
        bucket, _, prefix = request["OutputDataConfig"]["S3OutputPath"][5:].partition("/")
        key = "/".join(p for p in (prefix.strip("/"), request["TrainingJobName"], "output") if p)
        s3.put_object(Bucket=bucket, Key=key + "/output.tar.gz", Body=archive({"log": b"[]", "loss.png": b"p", "accuracy.png": b"q"}))
        s3.put_object(Bucket=bucket, Key=key + "/model.tar.gz", Body=archive({"args.json": b"{}"}))

    Recorder.on_job = finish
    words = ("cloud", "run", "--image", IMAGE, "--role", "Trainer", "--dataset", "films", "--poll-seconds", "0.05")
    code, out, err = run(*words, "--hyperparameter", "epochs=1", "--out", "whole", "--json")
    check(code == 0, "run: status 0", err)
    told = json.loads(out)
    check(len(told["training_lines"]) == 20 and len(told["predictions"]) == 3 and len(told["test_predictions"]) > 10
          and len(told["deleted"]) == 3 and told["predictions"][0]["prediction"] == 1, "run: tells each step", told)
    check(all(os.path.isfile(os.path.join(home, p)) for p in told["plots"]) and len(told["plots"]) == 2, "run: the plots are here", told["plots"])
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=f"sagemaker-{REGION}-{ACCOUNT}")["Contents"]]
    check({f"notebook/chainer_sentiment/{k}" for k in ("train/train.npz", "test/test.npz", "vocab/vocab.npy")} <= set(keys), "run: the data is in S3", keys)
    check(not any(left(k) for k in kinds), "run: no endpoint, configuration or model is left", [left(k) for k in kinds])
    code, _, err = run(*words, "--out", "whole")
    check(code == 1 and "whole" in err and err.count("\n") == 1, "run: an earlier result is not overwritten", err)
    code, out, err = run(*words, "--out", "lines", "--quiet")
    check(code == 0 and "Three sentences:" in out and "\t0.75\t" in out and not err, "run: lines for people", (out[:500], err))

    # ---- credentials -------------------------------------------------------------------------------------------
    code, _, err = run("cloud", "status", job, "--verbose")
    check(code == 0 and "POST http://127.0.0.1" in err and "DescribeTrainingJob" in err, "--verbose: a line for each request", err)
    for missing in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        code, _, err = run("cloud", "status", job, "--verbose", env={missing: ""})
        check(code == 1 and "credentials" in err and err.count("\n") == 1, f"without {missing}: one line", err)
    shown = [s for s in (ACCESS, SECRET, TOKEN) if any(s in text for text in output)]
    check(not shown, "no credential in anything that was printed", shown)

    proxy.shutdown()
    moto.stop()
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
