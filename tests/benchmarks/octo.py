"""octoDNS doing the same with as many DNS records, in a virtual environment of its own.

A record has four values (name, ttl, type, address), as most entries of our manifest have. Source
and target are both octoDNS's YamlProvider, with one zone.
"""

import subprocess
import sys
from pathlib import Path

VERSION = "1.22.0"
_CONFIG = """\
providers:
  config: {class: octodns.provider.yaml.YamlProvider, directory: config, escaped_semicolons: true}
  live: {class: octodns.provider.yaml.YamlProvider, directory: live, escaped_semicolons: true}
zones:
  example.com.: {sources: [config], targets: [live]}
"""


class OctoDns:
    """An installed octoDNS and a folder with what it works on."""

    def __init__(self, folder: Path) -> None:
        """Install octoDNS into `folder`, if it is not there yet."""
        self._programs = folder / "octodns" / "bin"
        if not (self._programs / "octodns-sync").exists():
            print(f"Installing octoDNS {VERSION} into {folder / 'octodns'} …", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", folder / "octodns"], check=True)
            pip = [self._programs / "python", "-m", "pip", "install", "--quiet"]
            subprocess.run([*pip, f"octodns=={VERSION}"], check=True)

    def write(self, folder: Path, count: int) -> None:
        """Write a configuration and a zone of `count` records; the target has none yet."""
        (folder / "config").mkdir(parents=True)
        (folder / "octodns.yaml").write_text(_CONFIG)
        with (folder / "config" / "example.com.yaml").open("w") as file:
            file.writelines(
                f"host-{i:06d}:\n  ttl: 300\n  type: A\n"
                f"  value: 10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}\n"
                for i in range(count)
            )

    def command(self, program: str) -> list[str | Path]:
        """Give a command line, to be run in the folder of `write`."""
        return [self._programs / program, "--config-file", "octodns.yaml"]
