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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;

import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.Values;
import org.apache.kafka.connect.runtime.rest.entities.ConfigKeyInfo;
import org.apache.kafka.connect.runtime.AbstractHerder;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;

/**
 * Answers what Kafka's own converters do. A line holds an array of questions, the answer an array of answers.
 *
 * A question is an object with "do": "write" (class, config, schema, value), "read" (class, config, bytes in
 * hex or null), "writeHeader", "readHeader", "definition" (class), "parse" (text), "print" (schema, value),
 * "double" or "float" (bits in hex). An answer holds "bytes", "schema" and "value", "keys", "text", or "error"
 * (the class of the exception), "message" and "causes".
 */
public final class ConverterJudge {
    private static final ObjectMapper JSON = JsonMapper.builder()
        .enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();
    private static final String TOPIC = "topic";

    private final Map<String, Converter> converters = new HashMap<>();
    private final Map<String, HeaderConverter> headerConverters = new HashMap<>();

    private ConverterJudge() { }

    public static void main(String[] args) throws IOException {
        // The text of dates depends on it, and ours does not.
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        ConverterJudge judge = new ConverterJudge();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            ArrayNode answers = JSON.createArrayNode();
            for (JsonNode question : JSON.readTree(line))
                answers.add(judge.answer(question));
            out.print(JSON.writeValueAsString(answers) + '\n');
            out.flush();
        }
    }

    private ObjectNode answer(JsonNode question) {
        ObjectNode answer = JSON.createObjectNode();
        try {
            ask(question, answer);
        } catch (Exception | StackOverflowError e) {
            answer.removeAll();
            answer.put("error", e.getClass().getName()).put("message", ConnectForm.wellFormed(String.valueOf(e.getMessage())));
            ArrayNode causes = answer.putArray("causes");
            for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause())
                causes.add(ConnectForm.wellFormed(cause.getClass().getName() + ": " + cause.getMessage()));
        }
        return answer;
    }

    private void ask(JsonNode question, ObjectNode answer) throws Exception {
        switch (question.get("do").asText()) {
            case "write":
                Schema schema = ConnectForm.readSchema(question.get("schema"));
                Object value = ConnectForm.readValue(schema, question.get("value"));
                putBytes(answer, converter(question).fromConnectData(TOPIC, new RecordHeaders(), schema, value));
                break;
            case "read":
                put(answer, converter(question).toConnectData(TOPIC, new RecordHeaders(), bytes(question)));
                break;
            case "writeHeader":
                Schema headerSchema = ConnectForm.readSchema(question.get("schema"));
                Object header = ConnectForm.readValue(headerSchema, question.get("value"));
                putBytes(answer, headerConverter(question).fromConnectHeader(TOPIC, "h", headerSchema, header));
                break;
            case "readHeader":
                put(answer, headerConverter(question).toConnectHeader(TOPIC, "h", bytes(question)));
                break;
            case "definition":
                putDefinition(answer, create(question, HeaderConverter.class).config());
                break;
            case "parse":
                put(answer, Values.parseString(question.get("text").asText()));
                break;
            case "print":
                Schema printed = ConnectForm.readSchema(question.get("schema"));
                answer.put("text", Values.convertToString(printed, ConnectForm.readValue(printed, question.get("value"))));
                break;
            case "double":
                long bits = Long.parseUnsignedLong(question.get("bits").asText(), 16);
                answer.put("text", Double.toString(Double.longBitsToDouble(bits)));
                break;
            case "float":
                int floatBits = Integer.parseUnsignedInt(question.get("bits").asText(), 16);
                answer.put("text", Float.toString(Float.intBitsToFloat(floatBits)));
                break;
            default:
                throw new IllegalArgumentException("no such question: " + question);
        }
    }

    private Converter converter(JsonNode question) throws Exception {
        String id = question.get("class") + " " + question.get("config");
        Converter converter = converters.get(id);
        if (converter == null) {
            converter = create(question, Converter.class);
            converter.configure(config(question), false);
            converters.put(id, converter);
        }
        return converter;
    }

    private HeaderConverter headerConverter(JsonNode question) throws Exception {
        String id = question.get("class") + " " + question.get("config");
        HeaderConverter converter = headerConverters.get(id);
        if (converter == null) {
            converter = create(question, HeaderConverter.class);
            Map<String, Object> config = config(question);
            config.put("converter.type", "header");
            converter.configure(config);
            headerConverters.put(id, converter);
        }
        return converter;
    }

    private static <T> T create(JsonNode question, Class<T> kind) throws Exception {
        Class<?> type = Class.forName(question.get("class").asText());
        return kind.cast(type.getDeclaredConstructor().newInstance());
    }

    private static Map<String, Object> config(JsonNode question) {
        Map<String, Object> config = new HashMap<>();
        question.path("config").properties().forEach(entry -> config.put(entry.getKey(), entry.getValue().asText()));
        return config;
    }

    private static byte[] bytes(JsonNode question) {
        return question.hasNonNull("bytes") ? HexFormat.of().parseHex(question.get("bytes").asText()) : null;
    }

    private static void putBytes(ObjectNode answer, byte[] bytes) {
        answer.put("bytes", bytes == null ? null : HexFormat.of().formatHex(bytes));
    }

    private static void put(ObjectNode answer, SchemaAndValue read) {
        // The quirk of null for no schema and no value at all.
        answer.set("schema", ConnectForm.writeSchema(read == null ? null : read.schema()));
        answer.set("value", ConnectForm.writeValue(read == null ? null : read.value()));
    }

    private static void putDefinition(ObjectNode answer, ConfigDef definition) {
        List<ConfigKeyInfo> keys = new ArrayList<>();
        for (ConfigDef.ConfigKey key : definition.configKeys().values())
            keys.add(AbstractHerder.convertConfigKey(key));
        answer.set("keys", JSON.valueToTree(keys));
    }
}
