"""The Java virtual machine: finding it, starting it, talking to it."""
