package psfbridge;

import java.util.Map;

/** The Python process that does the work. */
public interface Python {
    /**
     * Call a function of psfbridge.bridge.fiji.worker and return its record.
     *
     * @param function its name
     * @param arguments lists, maps, texts, numbers, and what {@link Room#sent} returns
     * @param progress told of the stage of the work; may be null
     */
    Map<String, Object> ask(String function, Object[] arguments, Progress progress) throws Fault;

    /** Make room for an array that both processes see; axes in NumPy's order. */
    Room room(String dtype, int... shape) throws Fault;

    /** End the process; the next question starts another. */
    void stop();

    /** How far the work is. */
    interface Progress {
        void at(String stage, long done, long total);
    }
}
