import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;

/**
 * Asks a broker what tests want to know often, in one process: {"op": ..., "topic" or "group": ...} per line.
 *
 * The answer is {"ok": ...} or {"error": the exception}.
 */
public final class Probe {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration CONSUME_LIMIT = Duration.ofSeconds(120);
    private final Admin admin;
    private final String bootstrap;

    private Probe(Admin admin, String bootstrap) {
        this.admin = admin;
        this.bootstrap = bootstrap;
    }

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
            Probe probe = new Probe(admin, args[0]);
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.print(JSON.writeValueAsString(probe.answer(JSON.readTree(line))) + '\n');
                out.flush();
            }
        }
    }

    private ObjectNode answer(JsonNode question) {
        ObjectNode answer = JSON.createObjectNode();
        try {
            answer.set("ok", perform(question));
        } catch (Exception e) {
            answer.put("error", String.valueOf(e.getCause() == null ? e : e.getCause()));
        }
        return answer;
    }

    private JsonNode perform(JsonNode question) throws Exception {
        return switch (question.get("op").asText()) {
            case "create" -> create(question);
            case "delete" -> delete(question.get("topic").asText());
            case "topics" -> JSON.valueToTree(admin.listTopics().names().get());
            case "ends" -> ends(question.get("topic").asText());
            case "produce" -> produce(question);
            case "consume" -> consume(question.get("topic").asText(), question.get("count").asInt());
            case "committed" -> committed(question.get("group").asText());
            default -> throw new IllegalArgumentException("unknown op");
        };
    }

    private JsonNode create(JsonNode question) throws Exception {
        NewTopic topic = new NewTopic(
            question.get("topic").asText(), Optional.of(question.get("partitions").asInt()), Optional.empty());
        Map<String, String> config = new HashMap<>();
        question.get("config").properties().forEach(e -> config.put(e.getKey(), e.getValue().asText()));
        admin.createTopics(List.of(topic.configs(config))).all().get();
        return JSON.nullNode();
    }

    private JsonNode delete(String topic) throws Exception {
        admin.deleteTopics(List.of(topic)).all().get();
        return JSON.nullNode();
    }

    /** The end offset of every partition, by partition number. */
    private JsonNode ends(String topic) throws Exception {
        Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
        admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions()
            .forEach(p -> wanted.put(new TopicPartition(topic, p.partition()), OffsetSpec.latest()));
        ObjectNode ends = JSON.createObjectNode();
        admin.listOffsets(wanted).all().get()
            .forEach((tp, info) -> ends.put(String.valueOf(tp.partition()), info.offset()));
        return ends;
    }

    /** Writes values without keys. */
    private JsonNode produce(JsonNode question) throws Exception {
        String topic = question.get("topic").asText();
        Map<String, Object> config = Map.of("bootstrap.servers", bootstrap);
        StringSerializer text = new StringSerializer();
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(config, text, text)) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (JsonNode value : question.get("values")) {
                sent.add(producer.send(new ProducerRecord<>(topic, value.asText())));
            }
            for (Future<RecordMetadata> record : sent) {
                record.get();
            }
        }
        return JSON.nullNode();
    }

    /** The first values of a topic, as many as there are within two minutes. */
    private JsonNode consume(String topic, int count) {
        ArrayNode values = JSON.createArrayNode();
        Map<String, Object> config = Map.of("bootstrap.servers", bootstrap);
        StringDeserializer text = new StringDeserializer();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(config, text, text)) {
            List<TopicPartition> partitions = new ArrayList<>();
            consumer.partitionsFor(topic).forEach(p -> partitions.add(new TopicPartition(topic, p.partition())));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long end = System.nanoTime() + CONSUME_LIMIT.toNanos();
            while (values.size() < count && System.nanoTime() < end) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                    if (values.size() < count) {
                        values.add(String.valueOf(record.value()));
                    }
                }
            }
        }
        return values;
    }

    /** The committed offsets of a group, by topic-partition. */
    private JsonNode committed(String group) throws Exception {
        ObjectNode offsets = JSON.createObjectNode();
        Map<TopicPartition, OffsetAndMetadata> committed =
            admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
        committed.forEach((tp, offset) -> {
            if (offset != null) {
                offsets.put(tp.toString(), offset.offset());
            }
        });
        return offsets;
    }
}
