import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * Writes with Kafka's own producer: {"topic", "partition", "from", "count", "codec", "transaction": "none",
 * "commit" or "abort"} writes the values "from", "from" + 1, ... under keys "k..." with a header "h". Every
 * seventh value is null.
 */
public final class RecordWriter {
    private static final ObjectMapper JSON = new ObjectMapper();

    private RecordWriter() { }

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            write(args[0], JSON.readTree(line));
            out.print("written\n");
            out.flush();
        }
    }

    private static void write(String bootstrap, JsonNode order) {
        String transaction = order.get("transaction").asText();
        Map<String, Object> settings = new HashMap<>(Map.of(
            "bootstrap.servers", bootstrap, "compression.type", order.get("codec").asText(), "linger.ms", "20"));
        if (!transaction.equals("none")) {
            settings.put("transactional.id", order.get("topic").asText());
        }
        try (KafkaProducer<String, String> producer =
                 new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            if (!transaction.equals("none")) {
                producer.initTransactions();
                producer.beginTransaction();
            }
            int from = order.get("from").asInt();
            for (int i = from; i < from + order.get("count").asInt(); i++) {
                ProducerRecord<String, String> record = new ProducerRecord<>(
                    order.get("topic").asText(), order.get("partition").asInt(), "k" + i,
                    i % 7 == 6 ? null : String.valueOf(i));
                record.headers().add("h", String.valueOf(i).getBytes(StandardCharsets.UTF_8));
                producer.send(record);
            }
            producer.flush();
            if (transaction.equals("commit")) {
                producer.commitTransaction();
            } else if (transaction.equals("abort")) {
                producer.abortTransaction();
            }
        }
    }
}
