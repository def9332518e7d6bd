"""The copy job on librdkafka, and the two programs around any client's copy job (see ../README.md):

  copy_job.py copy BOOTSTRAP INPUT OUTPUT GROUP TRANSACTIONAL_ID   until its input ends
  copy_job.py feed BOOTSTRAP TOPIC RATE                            until its input ends: numbers, about RATE a second
  copy_job.py read BOOTSTRAP TOPIC                                 until its input ends: what a reader of committed records sees
"""

import json
import logging
import random
import sys
import threading
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition

PARTITIONS = 2
TRANSACTION_RECORDS_MAX = 20
TRANSACTION_TIMEOUT_MS = 20_000
lock = threading.Lock()
stopping = threading.Event()
quiet = logging.getLogger("quiet")
quiet.addHandler(logging.NullHandler())
quiet.propagate = False


def show(**event):
    with lock:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()


def stop_at_end_of_input():
    def watch():
        sys.stdin.read()
        stopping.set()
    threading.Thread(target=watch, daemon=True).start()


def client(bootstrap, **more):
    # With its default, "rebootstrap", librdkafka 2.16 may wait for ever for a broker handle that a transaction still holds.
    return {"bootstrap.servers": bootstrap, "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 100,
            "metadata.recovery.strategy": "none", "log_level": 0, "logger": quiet, **more}


def copied(value):
    """What is written for an input record: its number, and an amount that the transaction's balance takes back."""
    number = int(value)
    return f"{number}:{number % 97 + 1}".encode(), number % 97 + 1


def copy(bootstrap, source, target, group, transactional_id):
    producer = Producer(client(bootstrap, **{"transactional.id": transactional_id, "linger.ms": 1,
                                             "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS}))
    consumer = Consumer(client(bootstrap, **{"group.id": group, "auto.offset.reset": "earliest",
                                             "enable.auto.commit": False, "isolation.level": "read_committed",
                                             "session.timeout.ms": 2000, "heartbeat.interval.ms": 300}))
    producer.init_transactions(60)
    consumer.subscribe([source])

    def rewind():
        assignment = consumer.assignment()
        for at in consumer.committed(assignment, 30):
            consumer.seek(TopicPartition(at.topic, at.partition, at.offset if at.offset >= 0 else OFFSET_BEGINNING))

    while not stopping.is_set():
        messages = [one for one in consumer.consume(TRANSACTION_RECORDS_MAX, 0.1) if not one.error()]
        if not messages:
            continue
        try:
            producer.begin_transaction()
            balance, ends = {}, {}
            for message in messages:
                value, amount = copied(message.value())
                partition = message.partition()
                producer.produce(target, value, partition=partition)
                balance[partition] = balance.get(partition, 0) + amount
                ends[partition] = message.offset() + 1
            for partition, amount in balance.items():
                producer.produce(target, f"balance:{-amount}".encode(), partition=partition)
            offsets = [TopicPartition(source, partition, end) for partition, end in ends.items()]
            producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata(), 30)
            if random.randrange(8) == 0:
                producer.abort_transaction(30)
                rewind()
            else:
                producer.commit_transaction(30)
        except KafkaException as exception:
            if not exception.args[0].txn_requires_abort():
                raise  # its successor begins anew
            producer.abort_transaction(30)
            rewind()
    consumer.close()


def feed(bootstrap, topic, rate):
    """Each number once: an idempotent producer that never gives up."""
    producer = Producer(client(bootstrap, **{"enable.idempotence": True, "linger.ms": 5,
                                             "message.timeout.ms": 300_000, "retry.backoff.ms": 20}))

    def report(error, message):
        if error is not None:
            show(fatal=f"{message.value().decode()} was not accepted: {error}")

    number = 0
    while not stopping.is_set():
        for _ in range(max(1, int(rate) // 50)):
            producer.produce(topic, str(number).encode(), partition=number % PARTITIONS, on_delivery=report)
            number += 1
        producer.poll(0)
        time.sleep(0.02)
    if producer.flush(60) > 0:
        show(fatal="some were not accepted in time")
    show(fed=number)


def read(bootstrap, topic):
    """Prints each committed record, and between them where the last stable offset is just now."""
    consumer = Consumer(client(bootstrap, **{"group.id": "copy-reader", "isolation.level": "read_committed",
                                             "enable.auto.commit": False, "fetch.wait.max.ms": 50}))
    partitions = [TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in range(PARTITIONS)]
    consumer.assign(partitions)
    while not stopping.is_set():
        for message in consumer.consume(500, 0.05):
            if not message.error():
                show(p=message.partition(), o=message.offset(), v=message.value().decode())
        for partition in partitions:
            try:
                _, stable = consumer.get_watermark_offsets(TopicPartition(topic, partition.partition), 2)
                show(p=partition.partition, stable=stable)
            except KafkaException:
                pass  # the broker is away just now
    consumer.close()


stop_at_end_of_input()
{"copy": copy, "feed": feed, "read": read}[sys.argv[1]](*sys.argv[2:])
