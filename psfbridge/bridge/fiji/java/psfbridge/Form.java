package psfbridge;

import ij.IJ;
import ij.ImagePlus;
import ij.gui.NonBlockingGenericDialog;
import ij.gui.YesNoCancelDialog;
import ij.plugin.frame.Recorder;
import java.awt.Checkbox;
import java.awt.Choice;
import java.awt.Component;
import java.awt.Font;
import java.awt.TextField;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The dialog of a command; its fields come from Python. */
final class Form {
    private static final int COLUMNS = 12;
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

    Form(Session session, String command, ImagePlus imp) throws Fault {
        this.session = session;
        this.command = command;
        this.imp = imp;
        Object[] arguments = {command, Pixels.facts(imp, true), Session.titles()};
        form = session.python.ask("rows", arguments, null);
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
                IJ.showMessage("PSF Bridge", Command.folded(fault.getMessage()));
            }
        }
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
        String group = "";
        for (Map<String, Object> row : Records.records(form, "rows")) {
            if (!Records.text(row, "group").equals(group)) {
                group = Records.text(row, "group");
                dialog.addMessage(group, new Font(Font.SANS_SERIF, Font.BOLD, 12));
            }
            fields.add(new Field(dialog, row, before));
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

    /** Show the fields that the others ask for. */
    private void adapt(NonBlockingGenericDialog dialog) {
        Map<String, String> chosen = new HashMap<>();
        fields.forEach(field -> chosen.put(field.key, field.text()));
        boolean changed = false;
        for (Field field : fields)
            changed |= field.showIf(chosen);
        if (changed && dialog.isShowing())
            dialog.pack();
    }

    private Map<String, String> values() {
        Map<String, String> values = new LinkedHashMap<>();
        for (Field field : fields)
            if (field.differs())
                values.put(field.key, field.flag ? "" : field.text());
        return values;
    }

    /** One field: a text, a list where there are choices, or a box to tick. */
    private static final class Field {
        final String key;
        final boolean flag;
        private final String standard;
        private final Map<String, Object> onlyIf;
        private final Component label;
        private final Component control;

        Field(NonBlockingGenericDialog dialog, Map<String, Object> row, Map<String, String> before) {
            key = Records.text(row, "key");
            flag = Records.flag(row, "flag");
            standard = Records.text(row, "default");
            onlyIf = Records.record(row.get("only_if"));
            String start = Records.text(row, "start").isEmpty() ? standard : Records.text(row, "start");
            String name = Records.text(row, "label");
            String[] choices = Records.texts(row, "choices");
            if (flag) {
                dialog.addCheckbox(name, before.containsKey(key));
                control = (Component) dialog.getCheckboxes().lastElement();
            } else if (choices.length > 0) {
                dialog.addChoice(name, choices, before.getOrDefault(key, start));
                control = (Component) dialog.getChoices().lastElement();
            } else {
                dialog.addStringField(name, before.getOrDefault(key, start), COLUMNS);
                control = (Component) dialog.getStringFields().lastElement();
            }
            label = flag ? control : dialog.getLabel();
        }

        String text() {
            if (flag)
                return ((Checkbox) control).getState() ? key : "";
            return (control instanceof Choice ? ((Choice) control).getSelectedItem()
                    : ((TextField) control).getText()).trim();
        }

        boolean differs() {
            return control.isVisible() && !text().isEmpty() && !text().equals(standard);
        }

        /** Show it where each of the other fields has one of the values that it is for. */
        boolean showIf(Map<String, String> chosen) {
            boolean show = onlyIf == null || onlyIf.keySet().stream()
                    .allMatch(key -> Records.list(onlyIf, key).contains(chosen.get(key)));
            boolean changes = show != control.isVisible();
            label.setVisible(show);
            control.setVisible(show);
            return changes;
        }
    }
}
