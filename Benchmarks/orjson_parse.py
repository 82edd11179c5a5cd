#!/usr/bin/env python3
"""Parses the frames of a recording with orjson and nothing else, three times; prints frames a second.

    python3 orjson_parse.py recording.ndjson.gz
"""
import gzip
import sys
import time

import orjson

with gzip.open(sys.argv[1], "rb") as lines:
    frames = [orjson.loads(line)["raw"].encode() for line in lines]
for _ in range(3):
    start = time.perf_counter()
    for frame in frames:
        orjson.loads(frame)
    print(int(len(frames) / (time.perf_counter() - start)))
