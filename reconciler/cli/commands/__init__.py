"""The table of commands, in the order in which one meets them; each is a module of this folder."""

from __future__ import annotations

from reconciler.cli.options.command import Row

COMMANDS: tuple[Row, ...] = (
    Row("init", "Write a first manifest into this folder"),
    Row("validate", "Check the manifest, without any platform"),
    Row("fmt", "Write manifest files in one layout, comments kept", group="editing."),
    Row("plan", "Show what apply would do, and change nothing"),
    Row("apply", "Make live what the manifest declares"),
    Row("show", "Print a saved plan"),
    Row("drift", "Show in what live differs from the manifest"),
    Row("watch", "Stay, and look at manifest and platform again and again", group="watching."),
    Row("list", "List the live storages"),
    Row("export", "Write live storages as a manifest"),
    Row("scan", "Read the files on storages, and keep what is there", group="recovery."),
    Row("history", "Show what earlier runs did, also those that were killed"),
    Row("snapshot", "Keep, list, check or prune backups of all storages", group="recovery."),
    Row("rebuild", "Make the storages of a snapshot again", group="recovery."),
    Row("verify", "Say whether files are still what a snapshot says", group="recovery."),
    Row("lock", "Show who holds the platform, or release it"),
    Row("doctor", "Check that the platform can be reached, read and written"),
    Row("serve", "Run a state server: a platform for a team, over HTTP", group="server."),
    Row("token", "Create, list or revoke tokens of a state server", group="server."),
    Row("schema", "Print the description of a format", group="editing."),
    Row("completion", "Print a script that completes commands and options", group="editing."),
)
