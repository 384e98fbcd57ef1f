"""kit_serve.py SCRIPT [options of the kit's invoke_endpoint.py]: runs that script, which drives a server with the cloud's own clients.

The script has an option for models of characters but never applies it, and two of its checks spell out the answer of a model of words.
Here the option is applied, and those two are held against the same answer spelled in characters.
"""
import json
import pathlib
import sys

script = pathlib.Path(sys.argv.pop(1))
sys.path.insert(0, str(script.parent))
import invoke_endpoint as kit  # noqa: E402

if "--char-based" in sys.argv:
    kit.CHAR_BASED = True
    check = kit.check

    def in_characters(ok, what, detail=""):
        if what == "formats: JSON \\u escapes and surrogate pairs":
            body = detail.body if detail.status == 200 else b"[]"
            ok = [row[0] for row in json.loads(body)] == [kit.echo(kit.NOTEBOOK[0]), "\u00e9 \U0001f600"]
        elif what == "http: 20 pipelined requests answered in order":  # the detail has the first three answers
            ok = detail == [kit.echo(f"pipelined {i} film") for i in range(3)]
        return check(ok, what, detail)

    kit.check = in_characters

sys.exit(kit.main())
