"""A librdkafka client that has metrics to push: telemetry.py BOOTSTRAP TOPIC SECONDS. Produces until the time is over."""

import sys
import time

from confluent_kafka import Producer

bootstrap, topic, seconds = sys.argv[1:]
producer = Producer({"bootstrap.servers": bootstrap, "client.id": "librdkafka-telemetry", "enable.metrics.push": True})
end = time.monotonic() + float(seconds)
while time.monotonic() < end:
    producer.produce(topic, b"value")
    producer.poll(0.1)
producer.flush()
