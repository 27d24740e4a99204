import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.text.SimpleDateFormat;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;

import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.Values;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.runtime.AbstractHerder;
import org.apache.kafka.connect.runtime.rest.entities.ConfigKeyInfo;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.predicates.Predicate;

/**
 * Answers what Kafka's own transforms and predicates do. A line holds an array of questions, the answer an array of
 * answers.
 *
 * A question is an object with "do": "apply" (class, config, connector, record), "test" (class, config, record),
 * "definition" (class), "parse" (text), "format" (pattern, millis), "parseDate" (pattern, text). A record has
 * "topic", "partition", "offset", "timestamp", "keySchema", "key", "valueSchema", "value", "headers": an array of
 * [name, schema, value]. An answer holds the record, "dropped", "verdict", "keys", "text", "millis", or "error"
 * (the class of the exception) and "message"; "while" says whether configuring or applying failed.
 */
public final class TransformJudge {
    private static final ObjectMapper JSON = JsonMapper.builder()
        .enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

    private TransformJudge() { }

    public static void main(String[] args) throws IOException {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        Locale.setDefault(Locale.US);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            ArrayNode answers = JSON.createArrayNode();
            for (JsonNode question : JSON.readTree(line))
                answers.add(answer(question));
            out.print(JSON.writeValueAsString(answers) + '\n');
            out.flush();
        }
    }

    private static ObjectNode answer(JsonNode question) {
        ObjectNode answer = JSON.createObjectNode();
        answer.put("while", "configure");
        try {
            ask(question, answer);
            answer.remove("while");
        } catch (Exception | StackOverflowError e) {
            String stage = answer.get("while").asText();
            answer.removeAll();
            answer.put("while", stage).put("error", e.getClass().getName());
            answer.put("message", ConnectForm.wellFormed(String.valueOf(e.getMessage())));
        }
        return answer;
    }

    private static void ask(JsonNode question, ObjectNode answer) throws Exception {
        switch (question.get("do").asText()) {
            case "apply":
                apply(question, answer);
                break;
            case "test":
                Predicate<SinkRecord> predicate = create(question);
                predicate.configure(config(question));
                answer.put("while", "apply");
                answer.put("verdict", predicate.test(sink(question.get("record"))));
                break;
            case "definition":
                Object plugin = create(question);
                putDefinition(answer, plugin instanceof Predicate ? ((Predicate<?>) plugin).config() : ((Transformation<?>) plugin).config());
                break;
            case "parse":
                SchemaAndValue parsed = Values.parseString(question.get("text").asText());
                answer.set("schema", ConnectForm.writeSchema(parsed == null ? null : parsed.schema()));
                answer.set("value", ConnectForm.writeValue(parsed == null ? null : parsed.value()));
                break;
            case "format":
                answer.put("text", format(question).format(new Date(question.get("millis").asLong())));
                break;
            case "parseDate":
                SimpleDateFormat format = format(question);
                answer.put("while", "apply");
                answer.put("millis", format.parse(question.get("text").asText()).getTime());
                break;
            default:
                throw new IllegalArgumentException("no such question: " + question);
        }
    }

    private static SimpleDateFormat format(JsonNode question) {
        SimpleDateFormat format = new SimpleDateFormat(question.get("pattern").asText());
        format.setTimeZone(TimeZone.getTimeZone("UTC"));
        return format;
    }

    private static void apply(JsonNode question, ObjectNode answer) throws Exception {
        JsonNode record = question.get("record");
        if ("source".equals(question.path("connector").asText())) {
            Transformation<SourceRecord> transform = create(question);
            transform.configure(config(question));
            answer.put("while", "apply");
            put(answer, transform.apply(source(record)));
        } else {
            Transformation<SinkRecord> transform = create(question);
            transform.configure(config(question));
            answer.put("while", "apply");
            put(answer, transform.apply(sink(record)));
        }
    }

    @SuppressWarnings("unchecked")
    private static <T> T create(JsonNode question) throws Exception {
        return (T) Class.forName(question.get("class").asText()).getDeclaredConstructor().newInstance();
    }

    private static Map<String, Object> config(JsonNode question) {
        Map<String, Object> config = new HashMap<>();
        question.path("config").properties().forEach(entry -> config.put(entry.getKey(), entry.getValue().asText()));
        return config;
    }

    private static SinkRecord sink(JsonNode form) {
        Schema keySchema = ConnectForm.readSchema(form.get("keySchema"));
        Schema valueSchema = ConnectForm.readSchema(form.get("valueSchema"));
        Long timestamp = form.hasNonNull("timestamp") ? Long.valueOf(form.get("timestamp").asLong()) : null;
        return new SinkRecord(form.get("topic").asText(), form.path("partition").asInt(), keySchema,
            ConnectForm.readValue(keySchema, form.get("key")), valueSchema,
            ConnectForm.readValue(valueSchema, form.get("value")), form.path("offset").asLong(), timestamp,
            timestamp == null ? TimestampType.NO_TIMESTAMP_TYPE : TimestampType.CREATE_TIME, headers(form));
    }

    private static SourceRecord source(JsonNode form) {
        Schema keySchema = ConnectForm.readSchema(form.get("keySchema"));
        Schema valueSchema = ConnectForm.readSchema(form.get("valueSchema"));
        return new SourceRecord(Map.of(), Map.of(), form.get("topic").asText(),
            form.hasNonNull("partition") ? Integer.valueOf(form.get("partition").asInt()) : null, keySchema,
            ConnectForm.readValue(keySchema, form.get("key")), valueSchema,
            ConnectForm.readValue(valueSchema, form.get("value")),
            form.hasNonNull("timestamp") ? Long.valueOf(form.get("timestamp").asLong()) : null, headers(form));
    }

    private static ConnectHeaders headers(JsonNode form) {
        ConnectHeaders headers = new ConnectHeaders();
        for (JsonNode header : form.path("headers")) {
            Schema schema = ConnectForm.readSchema(header.get(1));
            headers.add(header.get(0).asText(), new SchemaAndValue(schema, ConnectForm.readValue(schema, header.get(2))));
        }
        return headers;
    }

    private static void put(ObjectNode answer, ConnectRecord<?> record) {
        if (record == null) {
            answer.put("dropped", true);
            return;
        }
        answer.put("topic", record.topic());
        answer.put("partition", record.kafkaPartition());
        answer.put("timestamp", record.timestamp());
        answer.set("keySchema", ConnectForm.writeSchema(record.keySchema()));
        answer.set("key", ConnectForm.writeValue(record.key()));
        answer.set("valueSchema", ConnectForm.writeSchema(record.valueSchema()));
        answer.set("value", ConnectForm.writeValue(record.value()));
        ArrayNode headers = answer.putArray("headers");
        for (Header header : record.headers())
            headers.addArray().add(header.key()).add(ConnectForm.writeSchema(header.schema()))
                .add(ConnectForm.writeValue(header.value()));
    }

    private static void putDefinition(ObjectNode answer, ConfigDef definition) {
        List<ConfigKeyInfo> keys = new ArrayList<>();
        for (ConfigDef.ConfigKey key : definition.configKeys().values())
            keys.add(AbstractHerder.convertConfigKey(key));
        answer.set("keys", JSON.valueToTree(keys));
    }
}
