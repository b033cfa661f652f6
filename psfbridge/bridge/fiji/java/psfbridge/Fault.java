package psfbridge;

/** A failure, in one line for a person. */
public final class Fault extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean cancelled;

    public Fault(String line) {
        this(line, false);
    }

    public Fault(String line, boolean cancelled) {
        super(line);
        this.cancelled = cancelled;
    }

    /** The line for a person, without the kind of failure that a macro looks for. */
    String sentence() {
        return getMessage().replaceFirst("^\\w+: ", "");
    }

    /** Whether a person stopped the work. */
    public boolean isCancelled() {
        return cancelled;
    }

    /** Whether other options, or another image, may avoid it. */
    public boolean isOfOptions() {
        return getMessage().startsWith("OptionError") || getMessage().startsWith("NoBeadsError");
    }
}
