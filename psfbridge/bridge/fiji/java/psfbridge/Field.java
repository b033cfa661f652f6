package psfbridge;

import ij.gui.NonBlockingGenericDialog;
import java.awt.Checkbox;
import java.awt.Choice;
import java.awt.Component;
import java.awt.TextField;
import java.util.Collections;
import java.util.Map;

/** One field of a dialog: a text, a list where there are choices, or a box to tick. */
final class Field {
    private static final int COLUMNS = 12;
    final String key;
    final boolean flag;
    private final String standard;
    private final Map<String, Object> onlyIf;
    private final Map<String, Object> fills;
    private final Component label;
    private final Component control;

    /**
     * @param row as Python describes it
     * @param start what it holds at first; null for its default
     */
    Field(NonBlockingGenericDialog dialog, Map<String, Object> row, String start) {
        key = Records.text(row, "key");
        flag = Records.flag(row, "flag");
        standard = Records.text(row, "default");
        onlyIf = Records.record(row.get("only_if"));
        fills = Records.record(row.get("fills"));
        String named = Records.text(row, "start");
        String first = start != null ? start : named.isEmpty() ? standard : named;
        String name = Records.text(row, "label");
        String[] choices = Records.texts(row, "choices");
        if (flag) {
            dialog.addCheckbox(name, start != null);
            control = (Component) dialog.getCheckboxes().lastElement();
        } else if (choices.length > 0) {
            dialog.addChoice(name, choices, first);
            control = (Component) dialog.getChoices().lastElement();
        } else {
            dialog.addStringField(name, first, COLUMNS);
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

    private void setText(String text) {
        if (control instanceof Choice)
            ((Choice) control).select(text);
        else if (control instanceof TextField)
            ((TextField) control).setText(text);
    }

    /** Whether a choice of this field fills others. */
    boolean fillsOthers() {
        return fills != null && !fills.isEmpty();
    }

    /** What the choice of this field writes into others, by their keys. */
    Map<String, Object> filling(String choice) {
        Map<String, Object> filled = fills == null ? null : Records.record(fills.get(choice));
        return filled == null ? Collections.emptyMap() : filled;
    }

    /** Write what a choice fills in; what an earlier choice wrote, and nobody changed, goes. */
    void refill(Map<String, Object> before, Map<String, Object> now) {
        if (now.containsKey(key))
            setText(Records.text(now, key));
        else if (before.containsKey(key) && text().equals(before.get(key)))
            setText(standard);
    }

    /** Whether it says more than its default, or than what was filled in. */
    boolean differs(Map<String, Object> filled) {
        String known = filled.containsKey(key) ? Records.text(filled, key) : standard;
        return control.isVisible() && !text().isEmpty() && !text().equals(known);
    }

    /** Show it where each of the other fields has one of the values that it is for. */
    boolean showIf(Map<String, String> chosen) {
        boolean show = onlyIf == null || onlyIf.keySet().stream()
                .allMatch(other -> Records.list(onlyIf, other).contains(chosen.get(other)));
        boolean changes = show != control.isVisible();
        label.setVisible(show);
        control.setVisible(show);
        return changes;
    }
}
