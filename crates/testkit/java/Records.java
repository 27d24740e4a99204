import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;

/**
 * Writes and reads records byte for byte: {"op": "write", "topic", "records": [{"partition", "timestamp", "key",
 * "value", "headers": [[name, value], ...]}]} and {"op": "read", "topic", "count"}, which waits for so many records
 * and answers all there are, by partition and offset. Each char of a text stands for one byte; null is null.
 */
public final class Records {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long READ_LIMIT_MS = 80_000;

    private Records() { }

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            ObjectNode answer = JSON.createObjectNode();
            try {
                JsonNode order = JSON.readTree(line);
                answer.set("ok", order.get("op").asText().equals("write")
                    ? write(args[0], order) : read(args[0], order));
            } catch (Exception e) {
                answer.put("error", String.valueOf(e));
            }
            out.print(JSON.writeValueAsString(answer) + '\n');
            out.flush();
        }
    }

    private static JsonNode write(String bootstrap, JsonNode order) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "linger.ms", "20");
        try (KafkaProducer<byte[], byte[]> producer =
                 new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            List<Future<?>> sent = new ArrayList<>();
            for (JsonNode record : order.get("records")) {
                JsonNode partition = record.get("partition");
                JsonNode timestamp = record.get("timestamp");
                ProducerRecord<byte[], byte[]> out = new ProducerRecord<>(
                    order.get("topic").asText(),
                    partition == null ? null : partition.asInt(),
                    timestamp == null ? null : timestamp.asLong(),
                    bytes(record.get("key")), bytes(record.get("value")));
                if (record.has("headers")) {
                    record.get("headers").forEach(h -> out.headers().add(h.get(0).asText(), bytes(h.get(1))));
                }
                sent.add(producer.send(out));
            }
            for (Future<?> future : sent) {
                future.get();
            }
        }
        return JSON.nullNode();
    }

    private static JsonNode read(String bootstrap, JsonNode order) {
        String topic = order.get("topic").asText();
        int count = order.get("count").asInt();
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "auto.offset.reset", "earliest",
            "allow.auto.create.topics", "false");
        long deadline = System.currentTimeMillis() + READ_LIMIT_MS;
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer =
                 new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = new ArrayList<>();
            while (partitions.isEmpty()) {
                if (System.currentTimeMillis() > deadline) {
                    throw new IllegalStateException("there is no topic " + topic);
                }
                List<org.apache.kafka.common.PartitionInfo> found = consumer.partitionsFor(topic);
                found.forEach(p -> partitions.add(new TopicPartition(topic, p.partition())));
            }
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            while (records.size() < count || behind(consumer, partitions)) {
                if (System.currentTimeMillis() > deadline) {
                    throw new IllegalStateException(topic + " has " + records.size() + " of " + count + " records");
                }
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
        }
        records.sort(Comparator.comparingInt((ConsumerRecord<byte[], byte[]> r) -> r.partition())
            .thenComparingLong(ConsumerRecord::offset));
        ArrayNode answer = JSON.createArrayNode();
        records.forEach(record -> answer.add(form(record)));
        return answer;
    }

    private static boolean behind(KafkaConsumer<byte[], byte[]> consumer, List<TopicPartition> partitions) {
        Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
        return partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p));
    }

    private static ObjectNode form(ConsumerRecord<byte[], byte[]> record) {
        ObjectNode form = JSON.createObjectNode();
        form.put("timestamp", record.timestamp());
        form.put("key", text(record.key()));
        form.put("value", text(record.value()));
        ArrayNode headers = form.putArray("headers");
        for (Header header : record.headers()) {
            headers.addArray().add(header.key()).add(text(header.value()));
        }
        return form;
    }

    private static byte[] bytes(JsonNode text) {
        return text == null || text.isNull() ? null : text.asText().getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String text(byte[] bytes) {
        return bytes == null ? null : new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
