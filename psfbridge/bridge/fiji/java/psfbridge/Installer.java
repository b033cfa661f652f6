package psfbridge;

import java.io.File;

/** Installs a Python with psfbridge for this plug-in alone. */
public interface Installer {
    /** Where it goes. */
    File folder();

    /** The Python that was installed before, or null. */
    File present();

    /** Install it and return its executable; needs the network. */
    File install() throws Fault;
}
