"""The load of the crash rounds, on librdkafka: crash.py load|read|commits BOOTSTRAP TOPIC...

load runs until its input ends, through any number of broker crashes: an idempotent producer ("i"), two plain ones ("a",
"b", which may repeat a record), one that writes keys to a compacted topic ("k", some of them tombstones), a transactional
one ("t", three records a transaction in a topic of its own, and one with a key in the compacted topic) and a member of a
group that commits. A record's value is "producer:number"; one with a key has its number in a header. It prints one line of
JSON for each thing that the broker has acknowledged. read prints all records of a topic, commits what the group has
committed.
"""

import json
import logging
import sys
import threading
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition

PARTITIONS = 4
KEYS = 40
TRANSACTIONAL_KEYS = 12
lock = threading.Lock()
stopping = threading.Event()
quiet = logging.getLogger("quiet")
quiet.addHandler(logging.NullHandler())
quiet.propagate = False


def show(**event):
    with lock:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()


def client(bootstrap, **more):
    # With its default, "rebootstrap", librdkafka 2.16 may wait for ever for a broker handle that a transaction still holds.
    return {"bootstrap.servers": bootstrap, "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 100,
            "metadata.recovery.strategy": "none", "log_level": 0, "logger": quiet, **more}


def produce(bootstrap, topic, name, idempotent):
    producer = Producer(client(bootstrap, **{"enable.idempotence": idempotent, "acks": "all", "linger.ms": 2,
                                             "message.timeout.ms": 120_000, "retry.backoff.ms": 20}))
    number = 0

    def reporter(number):
        def report(error, message):
            # A plain producer may give up on a record in doubt; nothing was promised then.
            if error is None:
                show(by=name, n=number, p=message.partition(), o=message.offset())
            elif idempotent:
                show(fatal=f"{name}:{number}: {error}")
        return report

    while not stopping.is_set():
        for _ in range(20):
            producer.produce(topic, f"{name}:{number}".encode(), partition=number % PARTITIONS,
                             on_delivery=reporter(number))
            number += 1
        producer.poll(0)
        time.sleep(0.04)
        while len(producer) > 2000 and not stopping.is_set():
            producer.poll(0.05)
    producer.flush(60)


def write_keys(bootstrap, topic):
    """Keys again and again, now and then a tombstone; it never gives up, so that the last one written of each key is known."""
    producer = Producer(client(bootstrap, **{"enable.idempotence": True, "linger.ms": 2, "message.timeout.ms": 300_000,
                                             "retry.backoff.ms": 20}))

    def reporter(key, number, gone):
        def report(error, message):
            if error is None:
                show(key=key, n=number, p=message.partition(), o=message.offset(), gone=gone)
            else:
                show(fatal=f"key {key}, {number}: {error}")
        return report

    number = 0
    while not stopping.is_set():
        for _ in range(10):
            key, gone = f"k{number * 7 % KEYS}", number // KEYS % 5 == 4
            producer.produce(topic, None if gone else f"k:{number}".encode() * 10, key, partition=number * 7 % PARTITIONS,
                             headers=[("n", str(number).encode())], on_delivery=reporter(key, number, gone))
            number += 1
        producer.poll(0)
        time.sleep(0.03)
        while len(producer) > 2000 and not stopping.is_set():
            producer.poll(0.05)
    if producer.flush(60) > 0:
        show(fatal="some keys were not accepted in time")


def transact(bootstrap, topic, compacted):
    """A crash may leave its producer for good in doubt of one transaction; a fresh one follows it then."""
    def fresh():
        made = Producer(client(bootstrap, **{"transactional.id": "crash", "linger.ms": 2, "retry.backoff.ms": 20,
                                             "transaction.timeout.ms": 20_000}))
        made.init_transactions(60)
        return made

    producer = fresh()
    number = 0
    while not stopping.is_set():
        number += 1
        try:
            producer.begin_transaction()
            for part in range(3):
                producer.produce(topic, f"t:{number}".encode(), partition=(number + part) % PARTITIONS)
            key = number % TRANSACTIONAL_KEYS
            producer.produce(compacted, f"t:{number}".encode(), f"t{key}", partition=key % PARTITIONS,
                             headers=[("n", str(number).encode())])
            if number % 5 == 0:
                producer.abort_transaction(60)
                show(aborted=number)
            else:
                producer.commit_transaction(60)
                show(committed=number)
        except KafkaException as exception:
            error = exception.args[0]
            try:
                if error.txn_requires_abort():
                    producer.abort_transaction(60)
                elif error.retriable():
                    producer.commit_transaction(60)
                    show(committed=number)
                else:
                    producer = fresh()
            except KafkaException:
                producer = fresh()
        time.sleep(0.005)
    fresh()  # which waits until the last transaction has all its markers


def commit(bootstrap, topic):
    # One commit at a time: librdkafka sends one again that a crash has cut off, and it must not come after a later one.
    open_commit = threading.Event()

    def committed(error, partitions):
        open_commit.clear()
        for done in partitions if error is None else []:
            if done.error is None and done.offset >= 0:
                show(p=done.partition, commit=done.offset)

    consumer = Consumer(client(bootstrap, **{"group.id": "crash", "auto.offset.reset": "earliest",
                                             "enable.auto.commit": False, "session.timeout.ms": 10_000,
                                             "heartbeat.interval.ms": 300, "on_commit": committed}))
    consumer.subscribe([topic])
    read = 0
    while not stopping.is_set():
        message = consumer.poll(0.05)
        if message is None or message.error():
            continue
        read += 1
        if read >= 50 and not open_commit.is_set():
            read = 0
            open_commit.set()
            try:
                consumer.commit(asynchronous=True)
            except KafkaException:
                open_commit.clear()  # it is not a member now; it will be again
    consumer.close()


def load(bootstrap, topic):
    threads = [threading.Thread(target=produce, args=(bootstrap, topic, "i", True)),
               threading.Thread(target=produce, args=(bootstrap, topic, "a", False)),
               threading.Thread(target=produce, args=(bootstrap, topic, "b", False)),
               threading.Thread(target=write_keys, args=(bootstrap, f"{topic}-compacted")),
               threading.Thread(target=transact, args=(bootstrap, f"{topic}-transactions", f"{topic}-compacted")),
               threading.Thread(target=commit, args=(bootstrap, topic))]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stopping.set()
    for thread in threads:
        thread.join()


def read(bootstrap, topic, isolation):
    consumer = Consumer(client(bootstrap, **{"group.id": "crash-reader", "isolation.level": isolation,
                                             "enable.auto.commit": False, "enable.partition.eof": True}))
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in range(PARTITIONS)])
    ended = set()
    while len(ended) < PARTITIONS:
        message = consumer.poll(30)
        if message is None:
            raise SystemExit(f"nothing more came, and the end of {PARTITIONS - len(ended)} partitions neither")
        if message.error():
            if message.error().code() != KafkaError._PARTITION_EOF:
                raise KafkaException(message.error())
            ended.add(message.partition())
            continue
        if message.key() is not None:
            show(key=message.key().decode(), n=int(dict(message.headers())["n"]), p=message.partition(), o=message.offset(),
                 gone=message.value() is None)
            continue
        name, number = message.value().decode().split(":")
        show(by=name, n=int(number), p=message.partition(), o=message.offset())
    consumer.close()


def commits(bootstrap, topic):
    """What the group has committed."""
    consumer = Consumer(client(bootstrap, **{"group.id": "crash"}))
    for found in consumer.committed([TopicPartition(topic, partition) for partition in range(PARTITIONS)], 30):
        if found.error is not None:
            raise SystemExit(str(found.error))
        show(p=found.partition, commit=found.offset)
    consumer.close()


{"load": load, "read": read, "commits": commits}[sys.argv[1]](*sys.argv[2:])
