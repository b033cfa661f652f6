package psfbridge;

import ij.WindowManager;
import ij.macro.ExtensionDescriptor;
import ij.macro.Functions;
import ij.macro.Interpreter;
import ij.macro.MacroExtension;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The Ext. functions of macros, as Python describes them. */
final class Extensions implements MacroExtension {
    static final String COMMAND = "PSF Bridge Extensions";
    private static final String GET = "psfGet";
    private final Session session;

    private Extensions(Session session) {
        this.session = session;
    }

    static void register() throws Fault {
        if (Interpreter.getInstance() == null)
            throw new Fault("BridgeError: run(\"" + COMMAND + "\") works only in macros, and none is running.");
        Functions.registerExtensions(new Extensions(Session.get(false)));
    }

    @Override
    public ExtensionDescriptor[] getExtensionFunctions() {
        List<ExtensionDescriptor> functions = new ArrayList<>();
        functions.add(new ExtensionDescriptor(GET, new int[] {ARG_STRING}, this));
        session.extensions().forEach((name, one) -> functions
                .add(new ExtensionDescriptor(name, kinds(Records.record(one)), this)));
        return functions.toArray(new ExtensionDescriptor[0]);
    }

    /** The figures that come back, and last the options. */
    private static int[] kinds(Map<String, Object> one) {
        int[] kinds = new int[Records.list(one, "out").size() + 1];
        int back = (Records.flag(one, "text") ? ARG_STRING : ARG_NUMBER) | ARG_OUTPUT;
        java.util.Arrays.fill(kinds, back);
        kinds[kinds.length - 1] = ARG_STRING | ARG_OPTIONAL;
        return kinds;
    }

    @Override
    public String handleExtension(String name, Object[] values) {
        String[] answer = new String[1];
        Command.guard(() -> {
            if (name.equals(GET))
                answer[0] = figure((String) values[0]);
            else
                run(Records.record(session.extensions().get(name)), values);
        }, true);
        return answer[0];
    }

    private String figure(String name) throws Fault {
        Object[] arguments = {name, session.figures()};
        return Records.text(session.python.ask("figure", arguments, null), "text");
    }

    private void run(Map<String, Object> one, Object[] values) throws Fault {
        List<Object> out = Records.list(one, "out");
        String options = Command.withValues((String) values[out.size()]);
        Map<String, Object> figures = session.run(Records.text(one, "command"), options,
                WindowManager.getCurrentImage());
        for (int i = 0; i < out.size(); i++) {
            Object value = figures.get(out.get(i));
            ((Object[]) values[i])[0] = Records.flag(one, "text") ? String.valueOf(value)
                    : (Object) Records.number(value);
        }
    }
}
