package psfbridge;

import ij.IJ;
import ij.ImagePlus;
import ij.gui.NonBlockingGenericDialog;
import ij.gui.YesNoCancelDialog;
import ij.plugin.frame.Recorder;
import java.awt.Checkbox;
import java.awt.Font;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The dialog of a command; its fields come from Python. */
final class Form {
    private static final String PREVIEW = "Preview of the beads";
    /** What was last chosen, by command. */
    private static final Map<String, Map<String, String>> BEFORE = new HashMap<>();
    /** What was asked and need not be asked again. */
    private static final Set<String> CONFIRMED = new HashSet<>();
    private final Session session;
    private final String command;
    private final ImagePlus imp;
    private final Map<String, Object> form;
    private final List<Field> fields = new ArrayList<>();
    /** What the chosen preset wrote into the fields, by key. */
    private Map<String, Object> filled = Collections.emptyMap();

    Form(Session session, String command, ImagePlus imp) throws Fault {
        this.session = session;
        this.command = command;
        this.imp = imp;
        Object[] arguments = {command, Pixels.facts(imp, true), Session.titles()};
        form = session.python.ask("rows", arguments, null);
        Outcome.keep(imp, form, "properties");
    }

    /** Ask until the options can be used, or the person cancels; then run the command. */
    void askAndRun() throws Fault {
        Map<String, String> values = BEFORE.getOrDefault(command, new HashMap<>());
        while (true) {
            values = Records.list(form, "rows").isEmpty() ? values : ask(values);
            if (values == null)
                return;
            BEFORE.put(command, values);
            if (!confirmed(values))
                continue;
            try {
                run(values);
                return;
            } catch (Fault fault) {
                if (!fault.isOfOptions() || Records.list(form, "rows").isEmpty())
                    throw fault;
                IJ.showMessage("PSF Bridge", Command.folded(inWords(fault.sentence())));
            }
        }
    }

    /** What is said of a failure, with options called as the dialog calls them. */
    private String inWords(String line) throws Fault {
        Object[] arguments = {command, line};
        return Records.text(session.python.ask("words", arguments, null), "text");
    }

    /** Ask once about what was left as it was and had better be given. */
    private boolean confirmed(Map<String, String> values) {
        for (Map<String, Object> row : Records.records(form, "rows")) {
            String question = Records.text(row, "confirm");
            if (question.isEmpty() || values.containsKey(Records.text(row, "key"))
                    || !CONFIRMED.add(question))
                continue;
            String lines = Command.folded(question);
            if (!new YesNoCancelDialog(IJ.getInstance(), "PSF Bridge", lines).yesPressed())
                return false;
        }
        return true;
    }

    private void run(Map<String, String> values) throws Fault {
        Object[] arguments = {command, values};
        String options = Records.text(session.python.ask("check", arguments, null), "text");
        session.run(command, options, imp, true);
        if (Recorder.record)
            values.forEach(Form::record);
    }

    private static void record(String key, String value) {
        if (value.isEmpty())
            Recorder.recordOption(key);
        else
            Recorder.recordOption(key, value);
    }

    /** Return what differs from the defaults, or null after Cancel. */
    private Map<String, String> ask(Map<String, String> before) {
        NonBlockingGenericDialog dialog = new NonBlockingGenericDialog(command.replace("...", ""));
        fields.clear();
        filled = Collections.emptyMap();
        String group = "";
        for (Map<String, Object> row : Records.records(form, "rows")) {
            if (!Records.text(row, "group").equals(group)) {
                group = Records.text(row, "group");
                dialog.addMessage(group, new Font(Font.SANS_SERIF, Font.BOLD, 12));
            }
            add(new Field(dialog, row, start(row, before)), before);
        }
        Preview preview = Records.flag(form, "preview") ? offer(dialog) : null;
        dialog.addDialogListener((changed, event) -> {
            adapt(dialog);
            return true;
        });
        dialog.addMessage(Records.text(form, "footer"));
        dialog.addHelp(Records.text(form, "help"));
        adapt(dialog);
        dialog.showDialog();
        if (preview != null)
            preview.show(null);
        return dialog.wasCanceled() ? null : values();
    }

    /** What a field holds at first: what was chosen before, or what the preset fills in. */
    private String start(Map<String, Object> row, Map<String, String> before) {
        String key = Records.text(row, "key");
        if (!before.containsKey(key) && filled.containsKey(key))
            return Records.text(filled, key);
        return before.get(key);
    }

    private void add(Field field, Map<String, String> before) {
        fields.add(field);
        if (field.fillsOthers())
            filled = field.filling(before.getOrDefault(field.key, ""));
    }

    private Preview offer(NonBlockingGenericDialog dialog) {
        Preview preview = new Preview(session, imp);
        dialog.addCheckbox(PREVIEW, false);
        Checkbox box = (Checkbox) dialog.getCheckboxes().lastElement();
        dialog.addDialogListener((changed, event) -> {
            preview.show(box.getState() ? values() : null);
            return true;
        });
        return preview;
    }

    /** Fill in what the preset holds, and show the fields that the others ask for. */
    private void adapt(NonBlockingGenericDialog dialog) {
        fields.stream().filter(Field::fillsOthers).forEach(this::fill);
        Map<String, String> chosen = new HashMap<>();
        fields.forEach(field -> chosen.put(field.key, field.text()));
        boolean changed = false;
        for (Field field : fields)
            changed |= field.showIf(chosen);
        if (changed && dialog.isShowing())
            dialog.pack();
    }

    private void fill(Field preset) {
        Map<String, Object> before = filled;
        filled = preset.filling(preset.text());
        // What is written here makes ImageJ ask for this again: then nothing has changed.
        if (!filled.equals(before))
            fields.forEach(field -> field.refill(before, filled));
    }

    private Map<String, String> values() {
        Map<String, String> values = new LinkedHashMap<>();
        for (Field field : fields)
            if (field.differs(filled))
                values.put(field.key, field.flag ? "" : field.text());
        return values;
    }
}
