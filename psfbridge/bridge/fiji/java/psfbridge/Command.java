package psfbridge;

import ij.IJ;
import ij.ImagePlus;
import ij.Macro;
import ij.WindowManager;
import ij.macro.Interpreter;
import ij.plugin.PlugIn;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A command of PSF Bridge, as ImageJ runs it from menus, macros and scripts. */
public final class Command implements PlugIn {
    /** Once needed to start the commands; accepted, so that old macros run. */
    private static final String START = "Start PSF Bridge";
    private static final Pattern VARIABLE = Pattern.compile("=&(\\w+)");
    private static final Pattern LINE = Pattern.compile("(.{1,90})(\\s+|$)");

    @Override
    public void run(String name) {
        boolean macro = inMacro();
        ImagePlus imp = WindowManager.getCurrentImage();
        if (name.equals(START))
            start(macro);
        else if (name.equals(Extensions.COMMAND))
            guard(Extensions::register, macro);
        else if (macro)
            guard(() -> Session.get(false).run(name, withValues(Macro.getOptions()), imp), true);
        else
            guard(() -> new Form(Session.get(true), name, imp).askAndRun(), false);
    }

    private static void start(boolean macro) {
        if (!macro)
            IJ.showMessage("PSF Bridge", "Nothing needs to be started: choose a command.");
    }

    /** Whether this thread runs a macro or a script, and not a person's click. */
    private static boolean inMacro() {
        return Thread.currentThread().getName().startsWith("Run$_") || IJ.getInstance() == null;
    }

    /** Return options with the values of the macro's variables (key=&amp;name). */
    static String withValues(String options) {
        Interpreter macro = Interpreter.getInstance();
        Matcher found = VARIABLE.matcher(options == null ? "" : options);
        StringBuffer text = new StringBuffer();
        while (found.find()) {
            String value = macro == null ? null : macro.getVariableAsString(found.group(1));
            String instead = value == null ? found.group().substring(1)
                    : value.contains(" ") ? "[" + value + "]" : value;
            found.appendReplacement(text, Matcher.quoteReplacement("=" + instead));
        }
        return found.appendTail(text).toString();
    }

    /** Do something, and tell a failure in one line; a macro stops there. */
    static void guard(Work work, boolean macro) {
        try {
            work.run();
        } catch (Fault fault) {
            tell(fault, macro);
        } catch (OutOfMemoryError full) {
            tell(new Fault("BridgeError: Java is out of memory. Close images, or allow more memory: Edit > "
                    + "Options > Memory & Threads..."), macro);
        } catch (RuntimeException broken) {
            // A macro is stopped by an exception of ImageJ.
            if (Macro.MACRO_CANCELED.equals(broken.getMessage()))
                throw broken;
            tell(new Fault("BridgeError: internal error in psfbridge: " + broken + " at "
                    + broken.getStackTrace()[0] + ". Please report it."), macro);
        }
    }

    private static void tell(Fault fault, boolean macro) {
        if (fault.isCancelled()) {
            IJ.resetEscape();
            IJ.showStatus(fault.getMessage());
        }
        if (macro)
            stop(fault.getMessage());
        else if (!fault.isCancelled())
            IJ.showMessage("PSF Bridge", folded(fault.sentence()));
    }

    /** Stop the macro, or the script, that called. */
    private static void stop(String line) {
        Interpreter macro = Interpreter.getInstance();
        if (macro == null) {
            // ImageJ prints what a plug-in throws and lets a script go on; this stops it.
            IJ.log(line);
            Macro.abort();
            throw new RuntimeException(Macro.MACRO_CANCELED);
        }
        if (!macro.done())
            macro.abort(IJ.getInstance() == null ? line : folded(line));
    }

    /** ImageJ's dialogs are as wide as the longest line. */
    static String folded(String line) {
        return LINE.matcher(line).replaceAll("$1\n").trim();
    }

    /** Something that may fail. */
    interface Work {
        void run() throws Fault;
    }
}
