"""Many calls at once: as fast as the provider lets, with a journal to go on from, or as jobs of the Batch API.

.. code-block:: python

    from threadline import bulk

    requests = [{"model": "gpt-5.2", "messages": [{"role": "user", "content": f"Translate: {word}"}]} for word in words]
    for result in bulk.map(requests, concurrency=64, progress=True, journal="translations.jsonl"):
        print(result.unwrap().choices[0].message.content)

:func:`map` gives all results in the order of the requests, :func:`imap` each one as it comes, :func:`batch` the same results by the
Batch API. :func:`async_map`, :func:`async_imap` and :func:`async_batch` are their twins for an event loop.
"""

from __future__ import annotations

from ._batch import async_batch, batch
from ._requests import Result
from ._run import async_imap, async_map, imap, map

__all__ = ["Result", "async_batch", "async_imap", "async_map", "batch", "imap", "map"]
