"""ImageJ commands, independent of ImageJ: option strings, dialog fields and actions."""
