package psfbridge;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Typed access to the records that Python returns. */
final class Records {
    private Records() {}

    static String text(Map<String, Object> record, String key) {
        Object value = record.get(key);
        return value == null ? "" : value.toString();
    }

    static boolean flag(Map<String, Object> record, String key) {
        return Boolean.TRUE.equals(record.get(key));
    }

    static int whole(Map<String, Object> record, String key) {
        return ((Number) record.get(key)).intValue();
    }

    /** A number; NaN where Python has none. */
    static double number(Object value) {
        return value instanceof Number ? ((Number) value).doubleValue() : Double.NaN;
    }

    static double number(Map<String, Object> record, String key) {
        return number(record.get(key));
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> record(Object value) {
        return (Map<String, Object>) value;
    }

    /** The records of a list. */
    static List<Map<String, Object>> records(Map<String, Object> record, String key) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (Object each : list(record, key))
            all.add(record(each));
        return all;
    }

    @SuppressWarnings("unchecked")
    static List<Object> list(Map<String, Object> record, String key) {
        return (List<Object>) record.get(key);
    }

    static String[] texts(Map<String, Object> record, String key) {
        return list(record, key).stream().map(String::valueOf).toArray(String[]::new);
    }

    static int[] wholes(Map<String, Object> record, String key) {
        return list(record, key).stream().mapToInt(each -> ((Number) each).intValue()).toArray();
    }

    static double[] numbers(Object list) {
        return ((List<?>) list).stream().mapToDouble(Records::number).toArray();
    }
}
