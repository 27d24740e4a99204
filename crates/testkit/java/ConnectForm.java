import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Date;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;

/**
 * Schemas and values of Kafka Connect as JSON that loses nothing.
 *
 * A value is null or an array of a tag and its content: ["i8","5"], ["i16",..], ["i32",..], ["i64",..],
 * ["f32","bits in hex"], ["f64","bits in hex"], ["bool",true], ["str","text"], ["bytes","hex"],
 * ["dec","unscaled",scale], ["date","milliseconds"], ["list",[..]], ["map",[[key,value],..]], ["struct",[..]].
 */
final class ConnectForm {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private ConnectForm() { }

    static Schema readSchema(JsonNode form) {
        if (form == null || form.isNull())
            return null;
        SchemaBuilder builder = start(form);
        if (form.path("optional").asBoolean())
            builder.optional();
        if (form.hasNonNull("name"))
            builder.name(form.get("name").asText());
        if (form.hasNonNull("version"))
            builder.version(form.get("version").asInt());
        if (form.hasNonNull("doc"))
            builder.doc(form.get("doc").asText());
        for (JsonNode parameter : form.path("parameters"))
            builder.parameter(parameter.get(0).asText(), parameter.get(1).asText());
        if (form.hasNonNull("default"))
            builder.defaultValue(readValue(builder, form.get("default")));
        return builder.build();
    }

    private static SchemaBuilder start(JsonNode form) {
        Schema.Type type = Schema.Type.valueOf(form.get("type").asText());
        switch (type) {
            case ARRAY:
                return SchemaBuilder.array(readSchema(form.get("value")));
            case MAP:
                return SchemaBuilder.map(readSchema(form.get("key")), readSchema(form.get("value")));
            case STRUCT:
                SchemaBuilder struct = SchemaBuilder.struct();
                for (JsonNode field : form.get("fields"))
                    struct.field(field.get("name").asText(), readSchema(field.get("schema")));
                return struct;
            default:
                return new SchemaBuilder(type);
        }
    }

    static Object readValue(Schema schema, JsonNode form) {
        if (form == null || form.isNull())
            return null;
        JsonNode content = form.get(1);
        switch (form.get(0).asText()) {
            case "i8":
                return Byte.valueOf(content.asText());
            case "i16":
                return Short.valueOf(content.asText());
            case "i32":
                return Integer.valueOf(content.asText());
            case "i64":
                return Long.valueOf(content.asText());
            case "f32":
                return Float.intBitsToFloat(Integer.parseUnsignedInt(content.asText(), 16));
            case "f64":
                return Double.longBitsToDouble(Long.parseUnsignedLong(content.asText(), 16));
            case "bool":
                return content.asBoolean();
            case "str":
                return content.asText();
            case "bytes":
                return HexFormat.of().parseHex(content.asText());
            case "dec":
                return new BigDecimal(new BigInteger(content.asText()), form.get(2).asInt());
            case "date":
                return new Date(Long.parseLong(content.asText()));
            case "list":
                return readList(schema, content);
            case "map":
                return readMap(schema, content);
            case "struct":
                return readStruct(schema, content);
            default:
                throw new IllegalArgumentException("no such tag: " + form);
        }
    }

    private static List<Object> readList(Schema schema, JsonNode content) {
        List<Object> list = new ArrayList<>();
        for (JsonNode element : content)
            list.add(readValue(schema == null ? null : schema.valueSchema(), element));
        return list;
    }

    private static Map<Object, Object> readMap(Schema schema, JsonNode content) {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (JsonNode entry : content) {
            Object key = readValue(schema == null ? null : schema.keySchema(), entry.get(0));
            map.put(key, readValue(schema == null ? null : schema.valueSchema(), entry.get(1)));
        }
        return map;
    }

    private static Struct readStruct(Schema schema, JsonNode content) {
        Struct struct = new Struct(schema.schema());
        for (Field field : schema.fields()) {
            Object value = readValue(field.schema(), content.get(field.index()));
            if (value != null)
                struct.put(field, value);
        }
        return struct;
    }

    static JsonNode writeSchema(Schema schema) {
        if (schema == null)
            return NODES.nullNode();
        ObjectNode form = NODES.objectNode().put("type", schema.type().name());
        form.put("optional", schema.isOptional());
        if (schema.name() != null)
            form.put("name", wellFormed(schema.name()));
        if (schema.version() != null)
            form.put("version", schema.version());
        if (schema.doc() != null)
            form.put("doc", wellFormed(schema.doc()));
        if (schema.parameters() != null) {
            ArrayNode parameters = form.putArray("parameters");
            schema.parameters().forEach((key, value) -> parameters.addArray().add(wellFormed(key)).add(wellFormed(value)));
        }
        if (schema.defaultValue() != null)
            form.set("default", writeValue(schema.defaultValue()));
        if (schema.type() == Schema.Type.MAP)
            form.set("key", writeSchema(schema.keySchema()));
        if (schema.type() == Schema.Type.MAP || schema.type() == Schema.Type.ARRAY)
            form.set("value", writeSchema(schema.valueSchema()));
        if (schema.type() == Schema.Type.STRUCT) {
            ArrayNode fields = form.putArray("fields");
            for (Field field : schema.fields())
                fields.addObject().put("name", wellFormed(field.name())).set("schema", writeSchema(field.schema()));
        }
        return form;
    }

    static JsonNode writeValue(Object value) {
        if (value == null)
            return NODES.nullNode();
        ArrayNode form = NODES.arrayNode();
        if (value instanceof Byte)
            return form.add("i8").add(value.toString());
        if (value instanceof Short)
            return form.add("i16").add(value.toString());
        if (value instanceof Integer)
            return form.add("i32").add(value.toString());
        if (value instanceof Long)
            return form.add("i64").add(value.toString());
        if (value instanceof Float)
            return form.add("f32").add(Integer.toHexString(Float.floatToRawIntBits((Float) value)));
        if (value instanceof Double)
            return form.add("f64").add(Long.toHexString(Double.doubleToRawLongBits((Double) value)));
        if (value instanceof Boolean)
            return form.add("bool").add((Boolean) value);
        if (value instanceof String)
            return form.add("str").add(wellFormed((String) value));
        if (value instanceof byte[])
            return form.add("bytes").add(HexFormat.of().formatHex((byte[]) value));
        if (value instanceof ByteBuffer)
            return form.add("bytes").add(HexFormat.of().formatHex(((ByteBuffer) value).array()));
        if (value instanceof BigDecimal)
            return form.add("dec").add(((BigDecimal) value).unscaledValue().toString()).add(((BigDecimal) value).scale());
        if (value instanceof Date)
            return form.add("date").add(Long.toString(((Date) value).getTime()));
        return writeCollection(value, form);
    }

    private static JsonNode writeCollection(Object value, ArrayNode form) {
        if (value instanceof List) {
            ArrayNode content = form.add("list").addArray();
            ((List<?>) value).forEach(element -> content.add(writeValue(element)));
        } else if (value instanceof Map) {
            ArrayNode content = form.add("map").addArray();
            ((Map<?, ?>) value).forEach((key, entry) -> content.addArray().add(writeValue(key)).add(writeValue(entry)));
        } else if (value instanceof Struct) {
            ArrayNode content = form.add("struct").addArray();
            for (Field field : ((Struct) value).schema().fields())
                content.add(writeValue(((Struct) value).getWithoutDefault(field.name())));
        } else {
            throw new IllegalArgumentException("no form for " + value.getClass());
        }
        return form;
    }

    /** A surrogate without its other half becomes a question mark, as wherever Java writes UTF-8. */
    static String wellFormed(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }
}
