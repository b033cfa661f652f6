"""The command line, run in this process."""

from psfbridge.cli import main


def run(capsys, *arguments):
    """Exit status, stdout and stderr of one command."""
    capsys.readouterr()
    try:
        status = main([str(argument) for argument in arguments])
    except SystemExit as end:
        status = int(end.code or 0)
    out, err = capsys.readouterr()
    return status, out, err


def refused(capsys, *arguments):
    """The one line of a command that fails, and its exit status."""
    status, out, err = run(capsys, *arguments)
    assert status != 0
    assert out == ""
    assert err.count("\n") == 1, err
    assert "Traceback" not in err
    return status, err
