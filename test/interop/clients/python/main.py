"""The Python clients behind one command line (see ../README.md): main.py LIBRARY produce|transact|consume ARGS..."""

import base64
import importlib
import json
import os
import sys
import threading


def unpack(text):
    return None if text is None else base64.b64decode(text)


def pack(value):
    return None if value is None else base64.b64encode(value).decode()


lock = threading.Lock()


def show(**event):
    with lock:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()


def show_record(topic, partition, offset, key, value, headers, timestamp):
    show(e="record", topic=topic, p=partition, o=offset, k=pack(key), v=pack(value), t=timestamp,
         h=[[name, pack(header)] for name, header in headers or []])


def main():
    library = importlib.import_module(sys.argv[1])
    if sys.argv[2] in ("produce", "transact"):
        bootstrap, topic, codec = sys.argv[3:]
        records = []
        for line in sys.stdin:
            r = json.loads(line)
            headers = [(name, unpack(header)) for name, header in r["h"]]
            records.append((r["p"], unpack(r["k"]), unpack(r["v"]), headers, r["t"]))
        getattr(library, sys.argv[2])(bootstrap, topic, codec, records, lambda index, offset: show(i=index, o=offset))
        return
    bootstrap, group, *topics = sys.argv[3:]
    stopping = threading.Event()

    def await_end():
        sys.stdin.read()
        stopping.set()

    threading.Thread(target=await_end, daemon=True).start()
    library.consume(bootstrap, group, topics, os.environ.get("GROUP_PROTOCOL", "classic"), stopping,
                    lambda partitions: show(e="assigned", partitions=partitions), show_record)


main()
