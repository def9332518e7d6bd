"""The two programs around a word count:

  words.py feed BOOTSTRAP TOPIC RATE    until its input ends: lines of words, about RATE a second; then how often each was sent
  words.py read BOOTSTRAP TOPIC         until its input ends: each committed count, in the order of its partition
"""

import collections
import json
import logging
import random
import struct
import sys
import threading
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

PARTITIONS = 2
WORDS = [f"word{number}" for number in range(40)]
stopping = threading.Event()
quiet = logging.getLogger("quiet")
quiet.addHandler(logging.NullHandler())
quiet.propagate = False


def show(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def client(bootstrap, **more):
    return {"bootstrap.servers": bootstrap, "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 100,
            "metadata.recovery.strategy": "none", "log_level": 0, "logger": quiet, **more}


def feed(bootstrap, topic, rate):
    producer = Producer(client(bootstrap, **{"enable.idempotence": True, "linger.ms": 5,
                                             "message.timeout.ms": 300_000, "retry.backoff.ms": 20}))
    counts = collections.Counter()

    def report(error, message):
        if error is not None:
            show(fatal=str(error))

    number = 0
    while not stopping.is_set():
        for _ in range(max(1, int(rate) // 20)):
            words = random.choices(WORDS, k=3)
            counts.update(words)
            producer.produce(topic, " ".join(words).encode(), partition=number % PARTITIONS, on_delivery=report)
            number += 1
        producer.poll(0)
        time.sleep(0.05)
    if producer.flush(60) > 0:
        show(fatal="some were not accepted in time")
    show(lines=number, counts=counts)


def read(bootstrap, topic):
    consumer = Consumer(client(bootstrap, **{"group.id": "words-reader", "isolation.level": "read_committed",
                                             "enable.auto.commit": False, "fetch.wait.max.ms": 50}))
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in range(PARTITIONS)])
    while not stopping.is_set():
        for message in consumer.consume(500, 0.05):
            if not message.error():
                show(word=message.key().decode(), count=struct.unpack(">q", message.value())[0])
    consumer.close()


def watch():
    sys.stdin.read()
    stopping.set()


threading.Thread(target=watch, daemon=True).start()
{"feed": feed, "read": read}[sys.argv[1]](*sys.argv[2:])
