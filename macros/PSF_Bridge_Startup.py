# PSF_Bridge_Startup.py: psfbridge's commands in a Fiji that runs in its own Python mode.
#
# Needs    Fiji's Python mode (Edit > Options > Python...), with psfbridge in its environment:
#          pip install psfbridge there.
# Gives    Plugins > PSF Bridge, and the commands in every macro, until Fiji is closed.
# Example  open it in the Script Editor, Language > Python, and run it.

#@output String host

from psfbridge import bridge

host = str(bridge.install())
