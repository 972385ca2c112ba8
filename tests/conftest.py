"""Its being here puts tests/ on the import path: any test can `from support import ...`."""

import signal

import pytest

pytest.register_assert_rewrite("support.engine_contract")

# A job in the background inherits an ignored SIGINT, and so would the processes that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
