# SPDX-License-Identifier: MIT
"""credentials_test.py: compares the expectations of credentials_cases.json with botocore itself.

Where the program takes keys, botocore takes the same; where it asks a server for a role or a container's keys, botocore would ask for
the same with the same keys or token; where it refuses, botocore does what the case says: fails, finds none, or takes keys in a way that
the program does not go. No server is asked. Prints `N passed, N failed`.
"""
import json, os, pathlib, sys, tempfile

try:
    import botocore.session
except ImportError as error:
    print("skipped:", error)
    sys.exit(77)

SERVER = "http://127.0.0.1:9"  # where nobody listens
for name in [n for n in os.environ if n.startswith("AWS_") or n == "BOTO_CONFIG"]:
    del os.environ[name]
before = dict(os.environ)


def answer(case):
    """What botocore does: a dict as a case has it, or a word."""
    session = botocore.session.Session(profile=case.get("profile"))
    try:
        found = session.get_credentials()
        method = found.method if found else "none"
    except Exception as error:
        # The container's service is asked at once, and is not there; its address was taken.
        if getattr(error, "kwargs", {}).get("provider") == "container-role":
            return {"container": error_header.get("Authorization", "")}
        return "error"
    if method in ("env", "shared-credentials-file", "config-file"):
        try:
            keys = found.get_frozen_credentials()
        except Exception:
            return "error"
        told = {"keys": [keys.access_key, keys.secret_key, keys.token or ""]}
        if case.get("region"):
            told["region"] = session.get_config_variable("region")
        return told
    if method == "assume-role" and "refused" not in case:
        fetcher = found._refresh_using.__self__
        source = fetcher._source_credentials
        return {"role": fetcher._role_arn, "by": source.access_key if type(source).__name__ == "Credentials" else "GIVEN"}
    if method == "assume-role-with-web-identity":
        fetcher = found._refresh_using.__self__
        return {"role": fetcher._role_arn, "token": fetcher._web_identity_token_loader()}
    return method


error_header = {}


def asked_of_container(self, url, headers=None):
    self._validate_allowed_url(url)
    error_header.clear()
    error_header.update(headers or {})
    if expects_role:
        return {"AccessKeyId": "GIVEN", "SecretAccessKey": "s", "Token": "t", "Expiration": "2120-01-01T00:00:00Z"}
    raise botocore.utils.MetadataRetrievalError(error_msg="nobody is asked")


botocore.utils.ContainerMetadataFetcher.retrieve_full_uri = asked_of_container
passed = failed = 0
for case in json.load(open(pathlib.Path(__file__).with_name("credentials_cases.json"))):
    with tempfile.TemporaryDirectory() as home:
        os.environ.clear()
        os.environ.update(before, HOME=home, AWS_EC2_METADATA_DISABLED="true")
        put = lambda text: text.replace("{server}", SERVER).replace("{home}", home)
        os.environ.update({name: put(value) for name, value in case.get("env", {}).items()})
        files = dict(case.get("files", {}))
        for file in ("credentials", "config"):
            if file in case:
                files[".aws/" + file] = "\n".join(case[file]) + "\n"
        for file, text in files.items():
            path = pathlib.Path(home, file)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(put(text).encode())
        expects_role = "role" in case
        got = answer(case)
    if "refused" in case:
        fine = case["botocore"] == ("keys" if isinstance(got, dict) and "keys" in got else got)
    else:
        if "botocore_region" in case:  # known to differ: boto3 does not read AWS_REGION
            case["region"] = case["botocore_region"]
        fine = got == {key: case[key] for key in ("keys", "role", "by", "token", "container", "region") if key in case}
    passed, failed = passed + fine, failed + (not fine)
    if not fine:
        print("FAIL", case["case"], "--", got)
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
