"""Helpers of vector stores, as the official package names them beside its resources."""

from __future__ import annotations

import time as time
from typing import Any

from ..resources.vector_stores.file_batches import AsyncFileBatches, FileBatches
from ..resources.vector_stores.files import AsyncFiles, Files

sniffio: Any
try:
    import sniffio
except ImportError:  # It says which library of tasks runs; without it that is asyncio.
    sniffio = None

create_and_poll_vector_store_file = Files.create_and_poll
upload_vector_store_file = Files.upload
upload_and_poll_vector_store_file = Files.upload_and_poll
async_create_and_poll_vector_store_file = AsyncFiles.create_and_poll
async_upload_vector_store_file = AsyncFiles.upload
async_upload_and_poll_vector_store_file = AsyncFiles.upload_and_poll
create_and_poll_vector_store_file_batch = FileBatches.create_and_poll
upload_and_poll_vector_store_file_batch = FileBatches.upload_and_poll
async_create_and_poll_vector_store_file_batch = AsyncFileBatches.create_and_poll
async_upload_and_poll_vector_store_file_batch = AsyncFileBatches.upload_and_poll
