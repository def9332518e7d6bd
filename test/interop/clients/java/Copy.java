import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ApplicationRecoverableException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** The copy job on Apache Kafka's client (see ../README.md): [-Dgroup.protocol=...] Copy BOOTSTRAP INPUT OUTPUT GROUP TRANSACTIONAL_ID */
public final class Copy {
    public static void main(String[] args) throws Exception {
        String input = args[1];
        String output = args[2];
        AtomicBoolean stopping = new AtomicBoolean();
        Thread watcher = new Thread(() -> {
            try {
                while (System.in.read() >= 0) { }
            } catch (java.io.IOException closed) { /* the same as the end */ }
            stopping.set(true);
        });
        watcher.setDaemon(true);
        watcher.start();
        Random random = new Random();
        try (var producer = new KafkaProducer<>(producing(args[0], args[4]), new StringSerializer(), new StringSerializer());
             var consumer = new KafkaConsumer<>(consuming(args[0], args[3]), new StringDeserializer(), new StringDeserializer())) {
            producer.initTransactions();
            consumer.subscribe(List.of(input));
            while (!stopping.get()) {
                var records = consumer.poll(Duration.ofMillis(100));
                if (records.isEmpty()) continue;
                try {
                    producer.beginTransaction();
                    Map<Integer, Long> balance = new HashMap<>();
                    Map<TopicPartition, OffsetAndMetadata> ends = new HashMap<>();
                    for (ConsumerRecord<String, String> record : records) {
                        long number = Long.parseLong(record.value());
                        long amount = number % 97 + 1;
                        producer.send(new ProducerRecord<>(output, record.partition(), null, number + ":" + amount));
                        balance.merge(record.partition(), amount, Long::sum);
                        ends.put(new TopicPartition(input, record.partition()), new OffsetAndMetadata(record.offset() + 1));
                    }
                    balance.forEach((partition, amount) ->
                        producer.send(new ProducerRecord<>(output, partition, null, "balance:" + -amount)));
                    producer.sendOffsetsToTransaction(ends, consumer.groupMetadata());
                    if (random.nextInt(8) == 0) {
                        producer.abortTransaction();
                        rewind(consumer);
                    } else {
                        producer.commitTransaction();
                    }
                } catch (ApplicationRecoverableException fenced) {
                    throw fenced; // its successor begins anew
                } catch (KafkaException failed) {
                    producer.abortTransaction();
                    rewind(consumer);
                }
            }
        }
    }

    private static void rewind(KafkaConsumer<String, String> consumer) {
        var committed = consumer.committed(consumer.assignment());
        for (TopicPartition partition : consumer.assignment()) {
            OffsetAndMetadata at = committed.get(partition);
            if (at == null) consumer.seekToBeginning(List.of(partition));
            else consumer.seek(partition, at.offset());
        }
    }

    private static Properties producing(String bootstrap, String transactionalId) {
        Properties config = new Properties();
        config.put("bootstrap.servers", bootstrap);
        config.put("transactional.id", transactionalId);
        config.put("transaction.timeout.ms", "20000");
        config.put("reconnect.backoff.max.ms", "100");
        config.put("linger.ms", "1");
        return config;
    }

    private static Properties consuming(String bootstrap, String group) {
        Properties config = new Properties();
        config.put("bootstrap.servers", bootstrap);
        config.put("group.id", group);
        config.put("enable.auto.commit", "false");
        config.put("auto.offset.reset", "earliest");
        config.put("isolation.level", "read_committed");
        config.put("max.poll.records", "20");
        String protocol = System.getProperty("group.protocol", "classic");
        config.put("group.protocol", protocol);
        if (protocol.equals("classic")) {
            config.put("session.timeout.ms", "2000");
            config.put("heartbeat.interval.ms", "300");
        }
        config.put("reconnect.backoff.max.ms", "100");
        return config;
    }
}
