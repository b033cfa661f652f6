// PSF_Bridge.groovy: psfbridge's commands in a Fiji that was started by itself.
//
// Needs    Appose and Groovy, as Fiji has them; beside this file python.txt, which names the Python
//          that has psfbridge. `psfbridge install-fiji` puts both here.
// Gives    the commands "Find Beads...", "Distill PSF...", "Measure PSF...", "Deconvolve with
//          PSF..." and the Ext. functions, for menus, macros and scripts.
// Example  Plugins > PSF Bridge > Start PSF Bridge, or any command of that menu
//
// Everything that is known of the commands is known in Python: this file sends the image through
// shared memory, shows what comes back, and says what went wrong.

import ij.CommandListener
import ij.CompositeImage
import ij.Executer
import ij.IJ
import ij.ImagePlus
import ij.ImageStack
import ij.Macro
import ij.WindowManager
import ij.gui.DialogListener
import ij.gui.NonBlockingGenericDialog
import ij.gui.OvalRoi
import ij.gui.Overlay
import ij.gui.PointRoi
import ij.macro.ExtensionDescriptor
import ij.macro.Functions
import ij.macro.Interpreter
import ij.macro.MacroExtension
import ij.measure.Calibration
import ij.measure.ResultsTable
import ij.plugin.filter.Analyzer
import ij.plugin.frame.Recorder
import java.awt.Color
import java.awt.GraphicsEnvironment
import java.nio.ByteOrder
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit

/** What went wrong, in one line. */
class Fault extends Exception {
    final boolean cancelled

    Fault(String line, boolean cancelled = false) {
        super(line)
        this.cancelled = cancelled
    }
}

/** The Python process; started when it is first needed, and kept. */
class Worker {
    // What tasks need is imported before one is read: on Windows NumPy's import would hang then.
    static final String MAIN = "from psfbridge.bridge.fiji import worker; worker.main()"
    static final long PATIENCE_MS = 10000
    final String python
    private service

    Worker(String python) { this.python = python }

    /** Run a task and return its record. Reports come to `told`; Escape cancels. */
    Map ask(String expression, Map inputs = [:], Closure told = null) {
        def script = "from psfbridge.bridge.fiji import worker\n" + expression
        def task = started().task(script, inputs)
        // A task says that it is finished before its outputs are there; its listeners hear of both.
        def ended = new CountDownLatch(1)
        task.listen({ event ->
            if (task.status.isFinished())
                ended.countDown()
            else if (told != null && event.message != null)
                told(event)
        })
        task.start()
        await(task, ended)
        if (task.status.name() != "COMPLETE")
            throw lost(task)
        if (task.outputs.fault != null)
            throw new Fault(task.outputs.fault as String, task.outputs.cancelled as boolean)
        return task.outputs
    }

    /** End the process; the next task starts another. */
    synchronized void stop() {
        if (service != null)
            service.kill()
        service = null
    }

    /** Make room that both processes see: float32, uint16 or uint8, axes as NumPy has them. */
    static room(String dtype, List<Integer> shape) {
        def array = appose('NDArray'), order = appose('NDArray$Shape$Order')
        def type = appose('NDArray$DType').fromLabel(dtype)
        int[] lengths = shape.reverse()
        def axes = appose('NDArray$Shape').getConstructor(order, int[]).newInstance(order.F_ORDER, lengths)
        return array.getConstructor(type.class, axes.class).newInstance(type, axes)
    }

    static Class appose(String name) {
        try {
            return Class.forName("org.apposed.appose." + name, true, Worker.classLoader)
        } catch (ClassNotFoundException missing) {
            throw new Fault("BridgeError: this Fiji has no Appose, by which it starts Python. "
                + "Update it (Help > Update...), then start it again.")
        }
    }

    private synchronized started() {
        if (service != null && service.isAlive())
            return service
        if (!new File(python).canExecute())
            throw new Fault("BridgeError: there is no Python at ${python}. Run psfbridge install-fiji "
                + "again, with the Python that has psfbridge.")
        def kind = appose("Service")
        String[] words = [python, "-c", MAIN]
        service = kind.getConstructor(File, String[]).newInstance(new File("."), words)
        return service.start()
    }

    private void await(task, CountDownLatch ended) {
        def mine = service
        long asked = 0
        while (!ended.await(20, TimeUnit.MILLISECONDS)) {
            if (!mine.isAlive()) {
                // Appose tells a task of its process's end, unless that came before the task.
                Thread.sleep(500)
                return
            }
            if (asked == 0 && stopped()) {
                task.cancel()
                asked = System.currentTimeMillis()
            }
            if (asked > 0 && System.currentTimeMillis() - asked > PATIENCE_MS) {
                stop()
                throw new Fault("Cancelled: cancelled by Escape; nothing was changed.", true)
            }
        }
    }

    private static boolean stopped() {
        def macro = Interpreter.getInstance()
        return IJ.escapePressed() || macro != null && macro.done()
    }

    /** Why Python itself failed: the last line that it wrote. */
    private Fault lost(task) {
        def said = task.error ?: service?.errorLines()?.join("\n") ?: ""
        def lines = said.readLines().findAll { it.trim() && !(it =~ /^[\[<]/) }
        def why = lines ? lines.last().trim() : "it ended"
        return new Fault("BridgeError: the Python at ${python} cannot do this: ${why}. It needs psfbridge "
            + "and appose: pip install 'psfbridge[imagej]', then psfbridge install-fiji again.")
    }
}

/** What Python is told of an image, by the names of the methods that it asks. */
class Pixels {
    static final List DTYPES = ["uint8", "uint16", "float32"]

    static Map facts(ImagePlus imp, boolean free = true) {
        if (imp == null)
            return null
        return [
            getTitle: imp.title, getType: imp.type, open: imp.processor != null, free: free,
            getWidth: imp.width, getHeight: imp.height, getNChannels: imp.NChannels,
            getNSlices: imp.NSlices, getNFrames: imp.NFrames, getC: imp.c, getT: imp.t,
            calibration: calibration(imp.calibration), roi: roi(imp.roi),
        ]
    }

    private static Map calibration(Calibration c) {
        boolean signed = c.isSigned16Bit()
        return [
            sizes: [c.pixelDepth, c.pixelHeight, c.pixelWidth],
            units: [c.ZUnit, c.YUnit, c.XUnit], signed: signed,
            table: c.calibrated() && !signed && c.CTable != null ? c.CTable as List : null,
        ]
    }

    private static Map roi(selection) {
        if (selection instanceof PointRoi) {
            def at = selection.containedFloatPoints
            return [points: (0..<at.npoints).collect {
                [at.xpoints[it], at.ypoints[it], selection.getPointPosition(it)]
            }]
        }
        if (selection == null || !selection.isArea())
            return null
        def box = selection.bounds, mask = selection.mask
        def bytes = mask == null ? null : (mask.pixels as byte[]).encodeBase64().toString()
        return [bounds: [box.x, box.y, box.width, box.height], mask: bytes]
    }

    /** Copy channels of one frame into room that Python sees. */
    static sent(ImagePlus imp, List channels, int frame) {
        long bytes = (long) imp.bytesPerPixel * imp.width * imp.height * imp.NSlices * channels.size()
        if (bytes > Integer.MAX_VALUE)
            throw new Fault("BridgeError: ${imp.title} holds ${bytes.intdiv(1 << 20)} MiB; 2047 can be "
                + "sent to Python at once. Crop it, or use psfbridge on the command line.")
        def type = imp.type as int
        def room = Worker.room(DTYPES[type], [channels.size(), imp.NSlices, imp.height, imp.width])
        try {
            def buffer = room.buffer().order(ByteOrder.nativeOrder())
            def view = [buffer, buffer.asShortBuffer(), buffer.asFloatBuffer()][type]
            for (channel in channels)
                for (int z = 1; z <= imp.NSlices; z++)
                    view.put(plane(imp, imp.getStackIndex(channel as int, z, frame)))
            return room
        } catch (Throwable broken) {
            room.close()
            throw broken
        }
    }

    private static plane(ImagePlus imp, int index) {
        def stack = imp.getStack()
        def pixels = index <= stack.size() ? stack.getPixels(index) : null
        if (pixels == null)
            throw new Fault("ImageError: ${imp.title} was closed while its pixels were read.")
        return pixels
    }

    /** Return a picture as an image, not shown. */
    static ImagePlus received(Map picture, room) {
        def (channels, slices, height, width) = picture.shape
        def view = room.buffer().order(ByteOrder.nativeOrder()).asFloatBuffer()
        def planes = (0..<channels * slices).collect {
            float[] plane = new float[width * height]
            view.get(plane)
            return plane
        }
        def stack = new ImageStack(width, height)
        for (z in 0..<slices)
            for (c in 0..<channels)
                stack.addSlice(null, planes[c * slices + z])
        def imp = new ImagePlus(picture.title as String, stack)
        imp.setDimensions(channels, slices, 1)
        calibrate(imp, picture.voxel_um)
        if (channels > 1) {
            imp = new CompositeImage(imp, 1)
            imp.setOpenAsHyperStack(true)
        }
        picture.ranges.eachWithIndex { range, c ->
            if (channels > 1)
                imp.setPositionWithoutUpdate(c + 1, 1, 1)
            imp.setDisplayRange(range[0] as double, range[1] as double)
        }
        imp.setPosition(1, slices.intdiv(2) + 1, 1)
        if (picture.info)
            imp.setProperty("Info", picture.info)
        return imp
    }

    private static void calibrate(ImagePlus imp, List voxel) {
        def c = new Calibration(imp)
        c.setUnit("\u00B5m")
        c.pixelDepth = voxel[0]
        c.pixelHeight = voxel[1]
        c.pixelWidth = voxel[2]
        imp.setCalibration(c)
    }
}

/** The commands: from options to what is shown. */
class Commands {
    /** A dialog's preview and the command that follows it lock the same image: each waits here. */
    private static final Object GATHERING = new Object()
    final Worker worker
    final Map known
    Map figures = [:]

    Commands(Worker worker) {
        this.worker = worker
        this.known = worker.ask("worker.describe()")
    }

    /** Run a command on an image and show what it gives; return its figures. */
    Map run(String name, String text, ImagePlus imp) {
        IJ.showStatus("PSF Bridge: ${name}")
        try {
            return worked(name, text, imp, this.&report) { record, images ->
                show(imp, record, images)
                figures += record.figures
                return record.figures
            }
        } finally {
            IJ.showProgress(1.0d)
            IJ.showStatus("")
        }
    }

    /** Find beads with what of a dialog's values is for that; return the record. */
    Map found(Map values, ImagePlus imp) {
        def text = worker.ask("worker.find_text(values)", [values: values]).text
        return worked("Find Beads...", text, imp, null) { record, images -> record }
    }

    /** Have Python work, and hand record and images to `use`; no shared memory is left. */
    private Map worked(String name, String text, ImagePlus imp, Closure told, Closure use) {
        def rooms = [], key = UUID.randomUUID().toString()
        try {
            def call = locked(name, text, imp, rooms)
            def record = worker.ask("worker.work(task, key, call)", [key: key, call: call], told)
            return use(record, collected(key, record, rooms))
        } finally {
            rooms*.close()
        }
    }

    /** Gather while the image is locked. */
    private Map locked(String name, String text, ImagePlus imp, List rooms) {
        synchronized (GATHERING) {
            boolean free = imp == null || imp.lockSilently()
            try {
                return gathered(name, text, imp, free, rooms)
            } finally {
                if (free && imp != null)
                    imp.unlock()
            }
        }
    }

    private Map gathered(String name, String text, ImagePlus imp, boolean free, List rooms) {
        def facts = Pixels.facts(imp, free)
        def needs = worker.ask("worker.needs(name, text, facts)", [name: name, text: text, facts: facts])
        def call = [command: name, text: text, titles: WindowManager.imageTitles as List, psf: null]
        if (free)
            rooms << Pixels.sent(imp, needs.channels, needs.frame as int)
        call.image = [facts: facts, channels: needs.channels, planes: rooms ? rooms.last() : null]
        def psf = named(needs.psf)
        if (psf != null) {
            def channels = (1..psf.NChannels) as List
            rooms << Pixels.sent(psf, channels, psf.t)
            call.psf = [facts: Pixels.facts(psf), channels: channels, planes: rooms.last()]
        }
        return call
    }

    private static ImagePlus named(title) {
        def images = (WindowManager.IDList ?: []).collect { WindowManager.getImage(it as int) }
        return images.reverse().find { title && it.title == title && it.type in [0, 1, 2] }
    }

    private void report(event) {
        IJ.showStatus("PSF Bridge: ${event.message}...")
        IJ.showProgress((event.current / Math.max(event.maximum, 1L)) as double)
    }

    private List collected(String key, Map record, List rooms) {
        def own = record.pictures.collect { Worker.room("float32", it.shape) }
        rooms.addAll(own)
        worker.ask("worker.collect(key, rooms)", [key: key, rooms: own])
        return [record.pictures, own].transpose().collect { Pixels.received(it[0], it[1]) }
    }

    private void show(ImagePlus imp, Map record, List images) {
        if (record.found) {
            mark(imp, record)
            table("Beads of ${imp.title}", record.table)
        }
        if (record.measured)
            measured(imp.title, record.measured)
        images*.show()
        record.log.each { IJ.log(it) }
    }

    static void mark(ImagePlus imp, Map record) {
        if (imp.processor == null) {
            IJ.log("${imp.title} was closed during the work: its beads are in the table only.")
            return
        }
        def overlay = imp.overlay ?: new Overlay()
        for (int i = overlay.size() - 1; i >= 0; i--)
            if ((overlay.get(i).name ?: "").startsWith(record.mark_name))
                overlay.remove(i)
        double r = record.mark_radius
        record.marks.each { overlay.add(circle(imp, it, r)) }
        imp.setOverlay(overlay.size() ? overlay : null)
    }

    private static circle(ImagePlus imp, Map at, double r) {
        // Index 0 is the centre of the first voxel; ImageJ's 0.0 is that voxel's corner.
        def roi = new OvalRoi(at.x + 0.5d - r, at.y + 0.5d - r, 2 * r, 2 * r)
        roi.setName(at.name)
        roi.setStrokeColor(new Color(*at.colour))
        int z = at.z + 1
        if (imp.isHyperStack())
            roi.setPosition(imp.isComposite() ? 0 : at.channel as int, z, at.frame as int)
        else if (imp.stackSize > 1)
            roi.setPosition(imp.getStackIndex(at.channel as int, z, at.frame as int))
        return roi
    }

    private static void table(String title, List rows) {
        def table = new ResultsTable()
        rows.each { row -> table.addRow(); row.each { name, value -> add(table, name, value) } }
        // Without a window there is no table but Results.
        if (GraphicsEnvironment.isHeadless())
            Analyzer.setResultsTable(table)
        table.show(title)
    }

    private static void measured(String title, Map row) {
        def table = ResultsTable.getResultsTable()
        if (table.columnExists("status"))
            table.reset()
        table.addRow()
        table.addLabel(title)
        row.each { name, value -> add(table, name, value) }
        table.show("Results")
    }

    private static void add(ResultsTable table, String name, value) {
        if (value instanceof String)
            table.addValue(name, value)
        else
            table.addValue(name, value == null ? Double.NaN : value as double)
    }
}

/** The beads shown on the image while a dialog is open; only the latest request counts. */
class Preview {
    final Commands commands
    final ImagePlus imp
    private final Overlay before
    private int latest = 0

    Preview(Commands commands, ImagePlus imp) {
        this.commands = commands
        this.imp = imp
        this.before = imp.overlay?.duplicate()
    }

    /** Show the beads with these values; null takes them away. */
    synchronized void show(Map values) {
        int number = ++latest
        if (values == null)
            imp.setOverlay(before)
        else
            Thread.start("PSF Bridge preview") { find(number, values) }
    }

    private void find(int number, Map values) {
        try {
            def record = commands.found(values, imp)
            synchronized (this) {
                if (number == latest)
                    Commands.mark(imp, record)
            }
            IJ.showStatus(record.log.first())
        } catch (Exception fault) {
            IJ.showStatus(fault.message)
        }
    }
}

/** The dialog of a command: its rows come from Python, its labels are the keys of the macro. */
class Form {
    static String asked(Commands commands, String name, ImagePlus imp) {
        def titles = WindowManager.imageTitles as List
        def inputs = [name: name, facts: Pixels.facts(imp), titles: titles]
        def form = commands.worker.ask("worker.rows(name, facts, titles)", inputs)
        if (!form.rows)
            return ""
        def dialog = filled(name, form.rows)
        def preview = form.preview ? new Preview(commands, imp) : null
        if (preview != null)
            offer(preview, dialog, form.rows)
        dialog.showDialog()
        preview?.show(null)
        if (dialog.wasCanceled())
            return null
        def chosen = values(dialog, form.rows)
        record(name, chosen)
        return commands.worker.ask("worker.option_text(values)", [values: chosen]).text
    }

    private static filled(String name, List rows) {
        def dialog = new NonBlockingGenericDialog(name.replace("...", ""))
        for (row in rows) {
            def start = row.start ?: row["default"]
            if (row.flag)
                dialog.addCheckbox(row.label, false)
            else if (row.choices)
                dialog.addChoice(row.label, row.choices as String[], start)
            else
                dialog.addStringField(row.label, start, 12)
        }
        return dialog
    }

    private static void offer(Preview preview, dialog, List rows) {
        dialog.addCheckbox("Preview_beads", false)
        def box = dialog.checkboxes.lastElement()
        dialog.addDialogListener({ changed, event ->
            preview.show(box.state ? values(dialog, rows) : null)
            return true
        } as DialogListener)
    }

    /** Return what differs from the defaults. */
    private static Map values(dialog, List rows) {
        def texts = (dialog.stringFields ?: []).iterator()
        def lists = (dialog.choices ?: []).iterator()
        def boxes = (dialog.checkboxes ?: []).iterator()
        def values = [:]
        for (row in rows) {
            if (row.flag) {
                if (boxes.next().state)
                    values[row.key] = ""
                continue
            }
            def text = (row.choices ? lists.next().selectedItem : texts.next().text).trim()
            if (text && text != row["default"])
                values[row.key] = text
        }
        return values
    }

    private static void record(String name, Map values) {
        if (!Recorder.record)
            return
        Recorder.setCommand(name)
        values.each { key, text -> text ? Recorder.recordOption(key, text) : Recorder.recordOption(key) }
        Recorder.saveCommand()
    }
}

/** Sees every command of ImageJ before ImageJ looks it up. */
class Bridge implements CommandListener, MacroExtension {
    static final String KEY = "psfbridge.fiji"
    static final String EXTENSIONS = "PSF Bridge Extensions"
    static final List NAMES = ["Find Beads...", "Distill PSF...", "Measure PSF...", "Deconvolve with PSF..."]
    final Worker worker
    private Commands ready

    Bridge(Worker worker) { this.worker = worker }

    private synchronized Commands commands() {
        if (ready == null)
            ready = new Commands(worker)
        return ready
    }

    String commandExecuting(String name) {
        if (name != EXTENSIONS && !(name in NAMES))
            return name
        if (name == EXTENSIONS)
            guarded { register() }
        else if (Thread.currentThread().name.startsWith("Run\$_"))
            guarded { commands().run(name, withValues(Macro.options), WindowManager.currentImage) }
        else
            fromMenu(name)
        return null
    }

    /** Ask, and work on a thread of its own: ImageJ runs no other command until this returns. */
    void fromMenu(String name) {
        if (IJ.getInstance() == null)
            throw new RuntimeException("BridgeError: ${name} opens a dialog, and there is no window. In "
                + "a macro write run(\"Start PSF Bridge\"); first.")
        def imp = WindowManager.currentImage
        Thread.start("PSF Bridge") {
            guarded(false) {
                def text = Form.asked(commands(), name, imp)
                if (text != null)
                    commands().run(name, text, imp)
            }
        }
    }

    /** Return options with the values of the macro's variables (key=&name). */
    private static String withValues(String text) {
        return (text ?: "").replaceAll(/=&(\w+)/) { all, name ->
            def value = Interpreter.getInstance()?.getVariableAsString(name)
            value == null ? all : value.contains(" ") ? "=[" + value + "]" : "=" + value
        }
    }

    private void register() {
        if (Interpreter.getInstance() == null)
            throw new Fault("BridgeError: run(\"${EXTENSIONS}\") is for macros; none is running.")
        commands()
        Functions.registerExtensions(this)
    }

    ExtensionDescriptor[] getExtensionFunctions() {
        def functions = [ExtensionDescriptor.newDescriptor("psfGet", this, ARG_STRING)]
        commands().known.extensions.each { name, one ->
            int out = (one.text ? ARG_STRING : ARG_NUMBER) | ARG_OUTPUT
            int[] kinds = one.out.collect { out } + [ARG_STRING | ARG_OPTIONAL]
            functions << new ExtensionDescriptor(name, kinds, this)
        }
        return functions as ExtensionDescriptor[]
    }

    String handleExtension(String name, Object[] values) {
        String answer = null
        guarded {
            if (name == "psfGet")
                answer = figure(values[0] as String)
            else
                extend(commands().known.extensions[name], values)
        }
        return answer
    }

    private String figure(String name) {
        def inputs = [name: name, figures: commands().figures]
        return worker.ask("worker.figure(name, figures)", inputs).text
    }

    private void extend(Map one, Object[] values) {
        def text = values[one.out.size()] as String
        def figures = commands().run(one.command, withValues(text), WindowManager.currentImage)
        one.out.eachWithIndex { name, i ->
            def value = figures[name]
            values[i][0] = one.text ? value as String : (value == null ? Double.NaN : value as Double)
        }
    }

    private void guarded(boolean inMacro = true, Closure work) {
        try {
            work()
        } catch (Fault fault) {
            stop(fault, inMacro)
        } catch (OutOfMemoryError full) {
            stop(new Fault("BridgeError: Java is out of memory. Close images, or give it more: Edit > "
                + "Options > Memory & Threads..."), inMacro)
        } catch (Exception broken) {
            // A macro is stopped by an exception of ImageJ.
            if ((broken.message ?: "").contains(Macro.MACRO_CANCELED))
                throw broken
            def why = org.codehaus.groovy.runtime.StackTraceUtils.extractRootCause(broken)
            stop(new Fault("BridgeError: ${why.class.simpleName}: ${why.message}"), inMacro)
        }
    }

    /** Say one line; a macro stops there. */
    private static void stop(Fault fault, boolean inMacro) {
        def macro = inMacro ? Interpreter.getInstance() : null
        def window = IJ.getInstance() != null
        def line = window ? folded(fault.message) : fault.message
        if (fault.cancelled) {
            IJ.resetEscape()
            IJ.showStatus(fault.message)
        }
        if (macro != null) {
            if (!macro.done())
                macro.abort(line)
        } else if (window) {
            if (!fault.cancelled)
                IJ.showMessage("PSF Bridge", line)
        } else
            throw new RuntimeException(line)
    }

    private static String folded(String line) {
        return line.replaceAll(/(.{1,90})(\s+|$)/, '$1\n').trim()
    }

    /** Put the commands into this ImageJ; again changes nothing. */
    static start(File folder) {
        def here = IJ.getProperty(KEY)
        if (here != null)
            return here
        def named = new File(folder, "python.txt")
        def bridge = new Bridge(new Worker(named.file ? named.getText("UTF-8").trim() : "python"))
        IJ.setProperty(KEY, bridge)
        Executer.addCommandListener(bridge)
        return bridge
    }

    /** Take the commands out again, and end Python. */
    void end() {
        Executer.removeCommandListener(this)
        IJ.setProperty(KEY, null)
        worker.stop()
    }
}

Bridge.start(new File(folder as String))
