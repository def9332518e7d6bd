import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.ArrayList;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Apache Kafka's own client behind the suite's command line (see ../README.md): Client produce|consume|share ARGS... */
public final class Client {
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "produce" -> produce(args[1], args[2], args[3], false);
            case "transact" -> produce(args[1], args[2], args[3], true);
            case "consume" -> consume(args[1], args[2], List.of(args).subList(3, args.length));
            case "share" -> share(args[1], args[2], List.of(args).subList(3, args.length));
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    private static synchronized void show(ObjectNode event) {
        System.out.println(event);
    }

    private static byte[] unpack(JsonNode node) throws Exception {
        return node.isNull() ? null : node.binaryValue();
    }

    private static void produce(String bootstrap, String topic, String codec, boolean transact) throws Exception {
        Properties config = new Properties();
        config.put("bootstrap.servers", bootstrap);
        config.put("client.id", "interop-java");
        config.put("compression.type", codec);
        config.put("linger.ms", "5");
        config.put("acks", "all");
        config.put("max.request.size", "5000000");
        if (transact) config.put("transactional.id", "interop-java");
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (var producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
             var input = new BufferedReader(new InputStreamReader(System.in))) {
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                JsonNode r = JSON.readTree(line);
                List<Header> headers = new ArrayList<>();
                for (JsonNode h : r.get("h")) headers.add(new RecordHeader(h.get(0).textValue(), unpack(h.get(1))));
                records.add(new ProducerRecord<>(topic, r.get("p").intValue(), r.get("t").longValue(),
                    unpack(r.get("k")), unpack(r.get("v")), headers));
            }
            if (transact) producer.initTransactions();
            // Three transactions, of which the second one is aborted; without transactions, all at once.
            int part = transact ? (records.size() + 2) / 3 : records.size();
            for (int from = 0; from < records.size(); from += part) {
                boolean abort = transact && from == part;
                if (transact) producer.beginTransaction();
                for (var r : records.subList(from, Math.min(from + part, records.size()))) sent.add(producer.send(r));
                producer.flush();
                if (abort) producer.abortTransaction();
                else if (transact) producer.commitTransaction();
                for (int index = from; !abort && index < sent.size(); index++) {
                    show(JSON.createObjectNode().put("i", index).put("o", sent.get(index).get().offset()));
                }
            }
        }
    }

    private static void showRecord(ConsumerRecord<byte[], byte[]> r) {
        ObjectNode event = JSON.createObjectNode().put("e", "record").put("topic", r.topic()).put("p", r.partition())
            .put("o", r.offset()).put("k", r.key()).put("v", r.value()).put("t", r.timestamp());
        var headers = event.putArray("h");
        for (Header header : r.headers()) headers.addArray().add(header.key()).add(header.value());
        show(event);
    }

    private static AtomicBoolean stopAtEndOfInput() {
        AtomicBoolean stopping = new AtomicBoolean();
        Thread watcher = new Thread(() -> {
            try {
                while (System.in.read() >= 0) { }
            } catch (java.io.IOException closed) { /* the same as the end */ }
            stopping.set(true);
        });
        watcher.setDaemon(true);
        watcher.start();
        return stopping;
    }

    private static Properties consumerConfig(String bootstrap, String group) {
        Properties config = new Properties();
        config.put("bootstrap.servers", bootstrap);
        config.put("client.id", "interop-java");
        config.put("group.id", group);
        return config;
    }

    private static void consume(String bootstrap, String group, Collection<String> topics) {
        String protocol = System.getenv().getOrDefault("GROUP_PROTOCOL", "classic");
        Properties config = consumerConfig(bootstrap, group);
        config.put("auto.offset.reset", "earliest");
        config.put("isolation.level", "read_committed");
        config.put("group.protocol", protocol);
        if (protocol.equals("classic")) {
            config.put("session.timeout.ms", "10000");
            config.put("heartbeat.interval.ms", "300");
        }
        TreeSet<String> mine = new TreeSet<>();
        AtomicBoolean stopping = stopAtEndOfInput();
        try (var consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(topics, new ConsumerRebalanceListener() {
                private void tell() {
                    ObjectNode event = JSON.createObjectNode().put("e", "assigned");
                    var names = event.putArray("partitions");
                    mine.forEach(names::add);
                    show(event);
                }

                @Override
                public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                    partitions.forEach(partition -> mine.add(partition.toString()));
                    tell();
                }

                @Override
                public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                    partitions.forEach(partition -> mine.remove(partition.toString()));
                    tell();
                }
            });
            while (!stopping.get()) consumer.poll(Duration.ofMillis(100)).forEach(Client::showRecord);
        }
    }

    /** A share group: every record is acknowledged as it is read (implicit acknowledgement at the next poll). */
    private static void share(String bootstrap, String group, Collection<String> topics) {
        AtomicBoolean stopping = stopAtEndOfInput();
        Properties config = consumerConfig(bootstrap, group);
        try (var consumer = new KafkaShareConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(topics);
            show(JSON.createObjectNode().put("e", "subscribed"));
            while (!stopping.get()) {
                consumer.poll(Duration.ofMillis(100)).forEach(Client::showRecord);
                consumer.commitSync();
            }
        }
    }
}
