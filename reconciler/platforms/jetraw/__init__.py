"""The real platform, through the vendor's SDK; or any module that looks like `jetraw.storages`."""
