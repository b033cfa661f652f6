"""The commands inside a running ImageJ: listener, menus, dialogs, tables, macros."""
