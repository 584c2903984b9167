"""Sends every kind of metric that aiodogstatsd has, and writes one JSON object per thing sent to standard output. Argument: the UDP port."""

import asyncio
import json
import sys

import aiodogstatsd


async def main() -> None:
    sent = []
    # "localhost": what that name means is the resolver's business.
    async with aiodogstatsd.Client(host="localhost", port=int(sys.argv[1]), namespace="aio", constant_tags={"client": "aiodogstatsd"}) as client:
        for i in range(300):
            for kind, method, name, value in (
                ("c", client.increment, "count", i % 3 + 1),
                ("g", client.gauge, "gauge", i / 4),
                ("h", client.histogram, "histogram", i % 17),
                ("ms", client.timing, "timing", i * 2),
                ("d", client.distribution, "distribution", i * 0.25),
            ):
                method(name, value=value, tags={"shard": i % 5})
                tags = ["client:aiodogstatsd", f"shard:{i % 5}"]
                sent.append({"type": "metric", "kind": kind, "name": f"aio.{name}", "value": value, "tags": tags})
            await asyncio.sleep(0)
    for one in sent:
        print(json.dumps(one))


asyncio.run(main())
