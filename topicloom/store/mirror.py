"""A project in an object store, worked on in its local mirror: what is brought to this machine, what is made current.

The mirror is an ordinary project folder, so that every stage, lock and page is the one that projects in folders have.
Around it:

- inputs are fetched where they have changed;
- a result is looked for here, then there, then computed and brought there (`topicloom.store.shared.results`);
- from finding lasting ids to entering the run, one worker of the project at a time (`shared_turn`);
- outputs are made current together (`make_current`).
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from topicloom.errors import InputError, Problem, StoreError, TopicloomError, quoted_list
from topicloom.output_files import RUN_RECORD
from topicloom.remote.address import Address, AddressError, mirrored
from topicloom.remote.objects import Found, Objects
from topicloom.settings.reading import JSON_PATTERN, YAML_NAMES, read_settings
from topicloom.settings.schema import Settings
from topicloom.store.cleaning import kept_keys
from topicloom.store.record_form import inside_the_folder, load_record
from topicloom.store.run_record import analysis_lock
from topicloom.store.shared.project import SharedProject, analysis_of
from topicloom.store.shared.room import keep_to_limit
from topicloom.store.shared.sweeping import Unneeded, sweep_store, unneeded_results
from topicloom.store.shared.trees import Listed, OvertakenError
from topicloom.store.store import Store
from topicloom.store.swap import ANALYSIS_FILES, swapped_in

logger = logging.getLogger(__name__)

_SETTINGS_FILES: Final = (".json", ".yml", ".yaml")


def brought(address: Address, *, writing: bool = False) -> Path:
    """The mirror of an analysis on this machine, brought up to date.

    Args:
        address: Of the analysis, or of a settings file in it.
        writing: Whether a run is to follow: then it is seen first that the store can be written to.

    Raises:
        AddressError: There is no such analysis, or the store cannot be used so.
        SettingsError: The settings file is wrong.
        RemoteUnavailableError: The store does not answer.
    """
    is_file = PurePosixPath(address.path).suffix in _SETTINGS_FILES
    analysis = Address(address.scheme, address.bucket, str(PurePosixPath(address.path).parent)) if is_file else address
    settings = _settings_of(analysis)
    _bring_up_to_date(settings, writing=writing)
    return address.mirror if is_file else settings.analysis_path


def brought_outputs(address: Address) -> Path:
    """The mirror of an analysis on this machine, with its outputs as the store has them current; and no inputs."""
    settings = _settings_of(address)
    pull_outputs(settings)
    return settings.analysis_path


def _settings_of(analysis: Address) -> Settings:
    """The settings of an analysis, fetched with the other small files of its folder."""
    found, _ = Objects(analysis).level()
    names = [PurePosixPath(one.name).name for one in found]
    if not any(name in YAML_NAMES or PurePosixPath(name).match(JSON_PATTERN) for name in names):
        raise AddressError(
            str(analysis),
            Problem(
                f"There is no settings file there: neither {JSON_PATTERN} nor {YAML_NAMES[0]}.",
                "Give the address of an analysis (s3://BUCKET/PREFIX/PROJECT/ANALYSIS); `topicloom move` brings a "
                "project there.",
            ),
        )
    # What a folder is called in the project is known only when its settings are read: they are fetched by themselves.
    mirror = analysis.mirror
    _fetch_settings(Objects(analysis), found, mirror)
    try:
        settings = read_settings(mirror)
    except InputError as error:
        where = mirrored(error.path)
        raise (error if where is None else AddressError(str(where), error.problems)) from error
    if mirrored(settings.project_path) is None:
        raise AddressError(
            str(analysis),
            Problem(
                f"metadata.bibliometrics_directory names {settings.root}, a folder of this machine, where a project of "
                "that name lies too.",
                "Take it out of config_analysis.yml in the store; the project lies where its address says.",
            ),
        )
    return settings


def _fetch_settings(objects: Objects, found: list[Found], mirror: Path) -> None:
    wanted = {name: one for one in found if (name := one.name) in YAML_NAMES or PurePosixPath(name).match(JSON_PATTERN)}
    mirror.mkdir(parents=True, exist_ok=True)
    for name in (*YAML_NAMES, *(path.name for path in mirror.glob(JSON_PATTERN))):
        if name not in wanted:
            (mirror / name).unlink(missing_ok=True)
    for name, one in wanted.items():
        content = objects.get(name)
        if content is not None and (not (mirror / name).is_file() or (mirror / name).read_bytes() != content.content):
            temporary = mirror / f".{one.name}.tmp"
            temporary.write_bytes(content.content)
            temporary.replace(mirror / name)


def _bring_up_to_date(settings: Settings, *, writing: bool) -> None:
    store = Store(settings.store_path)
    shared = _shared(store)
    shared.require_no_move()
    if writing:
        shared.begin_to_write()
    with store.held("remote", "Another run of this machine brings the project up to date; waiting."):
        if fetched := _pull_inputs(settings, shared):
            store.digests.note(fetched)
        with store.lock("history"):
            shared.pull_history()
        pull_outputs(settings)
        _pull_other_records(settings, shared)


def _shared(store: Store) -> SharedProject:
    if store.shared is None:
        raise ValueError(f"{store.root} is in no mirror")
    return store.shared


def _pull_inputs(settings: Settings, shared: SharedProject) -> dict[Path, str]:
    project, filtered = settings.project_path, settings.metadata.filtered_folder
    fetched: dict[Path, str] = {}
    beside, folders = shared.objects.level(filtered)
    wanted = [one for one in beside if not PurePosixPath(one.name).name.startswith(".")]
    embeddings = _embeddings_folders(settings)
    for name in embeddings:
        if any(name == folder or name.startswith(f"{folder}/") for folder in folders):
            wanted += shared.objects.listing(name)
    fetched |= shared.inputs.pull(wanted, [filtered], embeddings)
    analysis = settings.analysis_path.relative_to(project).as_posix()
    own = [one for one in shared.objects.level(analysis)[0] if _is_input(PurePosixPath(one.name).name)]
    return fetched | shared.inputs.pull(own, [analysis])


def _embeddings_folders(settings: Settings) -> list[str]:
    """Where the embeddings may lie, by names relative to the project, as `Settings.embeds_path` looks for them."""
    filtered, name = settings.metadata.filtered_folder, settings.tmo.embeds_folder
    short = [name.removeprefix(f"{filtered}{sign}") for sign in "/_" if name.startswith(f"{filtered}{sign}")]
    return list(dict.fromkeys(f"{filtered}/{one}" for one in (name, *short)))


def _is_input(name: str) -> bool:
    return not name.startswith(".") and not ANALYSIS_FILES.admit(name)


def pull_outputs(settings: Settings) -> None:
    """Bring the outputs in the mirror's analysis folder to those that the store has current, all in one swap."""
    store = Store(settings.store_path)
    shared, folder = _shared(store), settings.analysis_path
    tree = shared.outputs(settings.metadata.analysis_id)
    listed = tree.listed()
    if tree.still_seen(listed):
        return
    foreign = [name for name in listed.files if not ANALYSIS_FILES.admit(name.partition("/")[0])]
    if foreign:
        raise StoreError(
            f"{settings.label}: the store lists {quoted_list(foreign)} among its outputs, and topicloom writes "
            "none such. Nothing was fetched. Look who may write into the bucket."
        )
    shared.notes.mkdir(parents=True, exist_ok=True)
    with analysis_lock(settings, store), tempfile.TemporaryDirectory(dir=shared.notes) as fetched:
        digests = {name: _digest(store, folder / name) for name in listed.files}
        stale = {name: Path(fetched) / sha256 for name, sha256 in listed.digests.items() if digests[name] != sha256}
        sound = tree.fetch(listed, stale)
        changed = {name.partition("/")[0] for name in stale}
        present = {name.partition("/")[0] for name in sound.files}
        gone = [path.name for path in folder.glob("*") if ANALYSIS_FILES.admit(path.name) and path.name not in present]
        if changed or gone:
            with swapped_in(folder, gone=gone) as staging:
                for name in (name for name in sound.files if name.partition("/")[0] in changed):
                    (staging / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(stale.get(name, folder / name), staging / name)
        store.digests.note({folder / name: sha256 for name, sha256 in sound.digests.items()})
        tree.note(sound)


def _digest(store: Store, path: Path) -> str:
    try:
        return store.digests.digest(path) if path.is_file() else ""
    except OSError:
        return ""


def _pull_other_records(settings: Settings, shared: SharedProject) -> None:
    """Have run.json of the project's other analyses: lines of runs go by what they name."""
    own = settings.metadata.analysis_id.replace("/", "+")
    for prefix in shared.own.level("outputs")[1]:
        name = PurePosixPath(prefix).name
        tree = shared.outputs(name)
        listed = tree.listed() if name != own else Listed()
        record = settings.project_path / analysis_of(name) / RUN_RECORD
        if RUN_RECORD in listed.files and listed.etag != tree.seen().etag:
            tree.fetch(listed, {RUN_RECORD: record})
    # Their other files are not here, so nothing is noted: whoever runs them brings them whole.


@contextlib.contextmanager
def shared_turn(settings: Settings) -> Iterator[None]:
    """Within the block this worker alone ends a run of the project; where that went well, its outputs are current."""
    store = Store(settings.store_path)
    shared = _shared(store)
    with shared.lease("turn").held(
        f"{settings.label}: another worker ends a run of this project; waiting for its turn."
    ):
        with store.lock("history"):
            shared.pull_history()
        pull_outputs(settings)
        yield
        make_current(settings)


def make_inputs(settings: Settings, lacks: Callable[[Settings], str], make: Callable[[], None]) -> None:
    """Make inputs, such as embeddings, on one machine alone, for all of them.

    Args:
        settings: Of the run.
        lacks: What is lacking, in words; empty where another machine has made it meanwhile.
        make: Makes it.
    """
    store = Store(settings.store_path)
    shared = _shared(store)
    with shared.lease("inputs").held(f"{settings.label}: another worker makes what is lacking; waiting for it."):
        if fetched := _pull_inputs(settings, shared):
            store.digests.note(fetched)
        if lacks(settings):
            make()
            shared.inputs.push(settings.filtered_path)


def make_current(settings: Settings) -> None:
    """Bring what this machine alone has into the store, then make the outputs of the analysis current, all together.

    Raises:
        OvertakenError: Another worker has made others current since these were begun. Nothing is made current then.
    """
    store = Store(settings.store_path)
    shared = _shared(store)
    shared.inputs.push(settings.filtered_path)
    _share_results(settings, store, shared)
    tree = shared.outputs(settings.metadata.analysis_id)
    with analysis_lock(settings, store):
        files = outputs_of(settings, store)
        if files:
            tree.note(tree.put(files, tree.seen(), shared.note()))


def clean_shared(settings: Settings, *, dry_run: bool = False) -> list[Unneeded]:
    """Remove from the store the results that no run.json of the project refers to and that are two days old.

    Args:
        settings: Of an analysis whose mirror is up to date: it holds run.json of all analyses.
        dry_run: Only look.

    Raises:
        AddressError: A run of the project is under way.
        StoreError: A run.json cannot be read: what its analysis needs is not known, and nothing is removed.
    """
    store = Store(settings.store_path)
    shared = _shared(store)
    shared.require_no_run()
    found = unneeded_results(shared, kept_keys(store))
    if not dry_run:
        shared.own.delete([one.names[0] for one in found])  # without its manifest it is no result
        shared.own.delete([name for one in found for name in one.names[1:]])
        for one in found:
            shutil.rmtree(store.root / inside_the_folder(one.place), ignore_errors=True)
    return found


def outputs_of(settings: Settings, store: Store) -> dict[str, tuple[Path, str]]:
    """Every output in an analysis folder: where it lies, and its SHA-256."""
    folder = settings.analysis_path
    tops = [path for path in folder.glob("*") if ANALYSIS_FILES.admit(path.name)]
    paths = [inner for top in tops for inner in (top.rglob("*") if top.is_dir() else [top]) if inner.is_file()]
    return {path.relative_to(folder).as_posix(): (path, store.digests.digest(path)) for path in sorted(paths)}


def _share_results(settings: Settings, store: Store, shared: SharedProject) -> None:
    """Bring results that the run rests on into the store, where it did not answer when they were computed."""
    record, _ = load_record(settings.analysis_path / RUN_RECORD)
    named = {stage: note["key"] for stage, note in record.get("stages", {}).items()}
    named |= (record.get("pictures") or {}).get("keys", {})
    waiting = [store.place(stage, key) for stage, key in named.items()]
    for folder in waiting:
        manifest = store.manifest_of(folder.parent.name, folder.name)
        waiting += [store.place(stage, key) for stage, key in manifest.get("parts", {}).items()]
        if manifest and not shared.results.is_committed(folder) and not shared.results.commit(folder):
            shared.results.adopt(folder)


@contextlib.contextmanager
def shared_run(settings: Settings) -> Iterator[None]:
    """Within the block a run goes on; where it ended well, what it has drawn is made current.

    Where another run has been made current meanwhile, its outputs stand.
    """
    shared = _shared(Store(settings.store_path))
    with shared.run():
        yield
        try:
            make_current(settings)
        except OvertakenError:
            logger.warning("Another run of %s was made current meanwhile; its files stand.", settings.label)


def tidy(settings: Settings) -> None:
    """When a run is over: sweep the store of what killed runs have left, and bring the mirrors below their limit."""
    try:
        sweep_store(_shared(Store(settings.store_path)))
    except TopicloomError as error:  # the run is current; who may not remove anything leaves it to others
        logger.warning("What killed runs have left in the store stays there: %s", error)
    keep_to_limit()
