from confluent_kafka import Consumer, KafkaException, Producer


def produce(bootstrap, topic, codec, records, acknowledged):
    producer = Producer({
        "bootstrap.servers": bootstrap, "client.id": "interop-confluent-python", "compression.type": codec,
        "linger.ms": 5, "enable.idempotence": codec == "lz4", "message.max.bytes": 5_000_000,
    })

    def reporter(index):
        def report(error, message):
            if error is not None:
                raise KafkaException(error)
            acknowledged(index, message.offset())
        return report

    for index, (partition, key, value, headers, timestamp) in enumerate(records):
        producer.produce(topic, value, key, partition, on_delivery=reporter(index), timestamp=timestamp,
                         headers=headers)
        producer.poll(0)
    if producer.flush(30) != 0:
        raise SystemExit("records were not acknowledged in 30 s")


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
