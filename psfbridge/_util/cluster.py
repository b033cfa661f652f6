"""Distribution of work to the processes of a dask cluster, with results in order.

dask and distributed are an extra, and loaded only where a cluster was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from psfbridge._util.extras import how_to_install
from psfbridge._util.threads import cores, keep_to_cores
from psfbridge.errors import OptionError
from psfbridge.progress import Progress, tracked

__all__ = ["Cluster", "mapped", "opened_cluster"]

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Cluster:
    """Processes that take work, on this machine or on many.

    Parameters
    ----------
    client : distributed.Client
        The connection to their scheduler.
    """

    client: Any

    @property
    def workers(self) -> int:
        """Number of tasks that run at the same time."""
        return max(sum(int(count) for count in self.client.nthreads().values()), 1)

    @property
    def memory_bytes(self) -> int:
        """Smallest memory per task of any worker; 0 if there are no workers yet."""
        found = self.client.scheduler_info(n_workers=-1)["workers"].values()
        return min((int(one["memory_limit"] / max(one["nthreads"], 1)) for one in found), default=0)

    def map(
        self, function: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[tuple[int, Result]]:
        """Yield the number of each item and what the function gives, in the order of their ends.

        A worker that dies is made good for by others. An item whose workers die again and again,
        for want of memory most likely, is worked on in this process.

        Parameters
        ----------
        function : callable
            Of one item; it and its results can be pickled.
        items : sequence
            What it is called with.
        """
        from distributed import KilledWorker, as_completed

        tasks = self.client.map(function, items, pure=False)
        futures = {future: number for number, future in enumerate(tasks)}
        try:
            for future in as_completed(futures, loop=self.client.loop):
                number = futures[future]
                fault = future.exception() if future.status == "error" else None
                if isinstance(fault, KilledWorker):
                    yield number, function(items[number])
                    continue
                yield number, future.result()
                future.release()
        finally:
            self.client.cancel(list(futures), force=True)


def mapped(
    cluster: Cluster | None,
    function: Callable[[Item], Result],
    items: Sequence[Item],
    progress: Progress,
    stage: str,
) -> list[Result]:
    """Return what a function gives of each item: in this process, or on a cluster.

    Parameters
    ----------
    cluster : Cluster or None
        Where; None is this process, one item after the other.
    function : callable
        Of one item.
    items : sequence
        What it is called with.
    progress : Progress
        Called after each item.
    stage : str
        What messages call the work.
    """
    if cluster is None:
        return [function(item) for item in tracked(items, progress, stage)]
    found: dict[int, Result] = {}
    progress(stage, 0, len(items))
    for number, result in cluster.map(function, items):
        found[number] = result
        progress(stage, len(found), len(items))
    return [found[number] for number in range(len(items))]


@contextmanager
def opened_cluster(scheduler: str | None, local: int | None) -> Iterator[Cluster | None]:
    """Connect to a dask scheduler or start local processes; None if neither was requested.

    Parameters
    ----------
    scheduler : str or None
        Its address, such as ``tcp://head:8786``.
    local : int or None
        So many processes of this machine, which share its cores.

    Raises
    ------
    OptionError
        If dask is not installed, or the scheduler does not answer.
    """
    if scheduler is None and local is None:
        yield None
        return
    distributed = _distributed("scheduler" if scheduler is not None else "local_cluster")
    with _connected(distributed, scheduler, local) as client:
        yield Cluster(client)


def _distributed(option: str) -> Any:
    try:
        import distributed
    except ImportError:
        raise OptionError(
            f"{{{option}}} needs dask and distributed, which are not installed.",
            option=option,
            remedy=f"Install them: {how_to_install('scale')}.",
        ) from None
    return distributed


@contextmanager
def _connected(distributed: Any, scheduler: str | None, local: int | None) -> Iterator[Any]:
    quiet = {"distributed.worker.daemon": True, "distributed.logging.distributed": "error"}
    import dask

    with dask.config.set(quiet):
        if local is None:
            try:
                client = distributed.Client(scheduler, timeout="10s", set_as_default=False)
            except (OSError, ValueError, TimeoutError) as fault:
                raise OptionError(
                    f"the scheduler {scheduler} does not respond: {fault}.",
                    option="scheduler",
                    remedy="Start it with dask scheduler, or check the address.",
                ) from None
            with client:
                yield client
            return
        share = max(cores() // local, 1)
        with (
            distributed.LocalCluster(
                n_workers=local, threads_per_worker=1, dashboard_address=None, silence_logs=50
            ) as cluster,
            distributed.Client(cluster, set_as_default=False) as client,
        ):
            client.run(keep_to_cores, share)
            yield client
