"""The ImageJ commands without ImageJ: option strings, dialog fields, what each command does."""
