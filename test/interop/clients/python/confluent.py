from confluent_kafka import Consumer, KafkaException, Producer


def producer_of(bootstrap, codec, **more):
    return Producer({
        "bootstrap.servers": bootstrap, "client.id": "interop-confluent-python", "compression.type": codec,
        "linger.ms": 5, "message.max.bytes": 5_000_000, **more,
    })


def send(producer, topic, records, first, acknowledged):
    def reporter(index):
        def report(error, message):
            if error is not None:
                raise KafkaException(error)
            acknowledged(index, message.offset())
        return report

    for index, (partition, key, value, headers, timestamp) in enumerate(records, first):
        producer.produce(topic, value, key, partition, on_delivery=reporter(index), timestamp=timestamp,
                         headers=headers)
        producer.poll(0)
    if producer.flush(30) != 0:
        raise SystemExit("records were not acknowledged in 30 s")


def produce(bootstrap, topic, codec, records, acknowledged):
    producer = producer_of(bootstrap, codec, **{"enable.idempotence": codec == "lz4"})
    send(producer, topic, records, 0, acknowledged)


def transact(bootstrap, topic, codec, records, acknowledged):
    """Three transactions, of which the second one is aborted."""
    producer = producer_of(bootstrap, codec, **{"transactional.id": "interop-confluent-python"})
    producer.init_transactions(30)
    part = (len(records) + 2) // 3
    for first in range(0, len(records), part):
        abort = first == part
        producer.begin_transaction()
        send(producer, topic, records[first:first + part], first, (lambda *_: None) if abort else acknowledged)
        producer.abort_transaction(30) if abort else producer.commit_transaction(30)


def consume(bootstrap, group, topics, protocol, stopping, assigned, record):
    config = {"bootstrap.servers": bootstrap, "client.id": "interop-confluent-python", "group.id": group,
              "group.protocol": protocol, "auto.offset.reset": "earliest"}
    if protocol == "classic":
        config |= {"session.timeout.ms": 10_000, "heartbeat.interval.ms": 300,
                   "partition.assignment.strategy": "cooperative-sticky"}
    consumer = Consumer(config)
    mine = set()

    def show(_consumer, partitions, add):
        names = {f"{p.topic}-{p.partition}" for p in partitions}
        mine.update(names) if add else mine.difference_update(names)
        assigned(sorted(mine))

    consumer.subscribe(topics, on_assign=lambda c, p: show(c, p, True), on_revoke=lambda c, p: show(c, p, False))
    while not stopping.is_set():
        message = consumer.poll(0.1)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        record(message.topic(), message.partition(), message.offset(), message.key(), message.value(),
               message.headers(), message.timestamp()[1])
    consumer.close()
