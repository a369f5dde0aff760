"""Written by `portcullis plugin build`: the policy, and what it raises told to the gateway. What is written as `error` stands in the refusal."""

from componentize_py_types import Err
from wit_world.imports import log

import policy


def tell(error):
    place = error.__traceback__
    while place.tb_next:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename.rpartition('/')[2]}:{place.tb_lineno}"
    what = error.value if isinstance(error, Err) else error
    log.write(log.Level.ERROR, f"{type(error).__name__}: {what} ({where})")


def told(work, fails=False):
    def call(*given):
        try:
            return work(*given)
        except Exception as error:
            # A function that may fail answers with an error of the interface's own.
            if not (fails and isinstance(error, Err)):
                tell(error)
            raise

    return call
