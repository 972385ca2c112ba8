"""Its being here puts tests/ on the import path: any test can `from support import ...`."""

import signal

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("support.engine_contract")

# A job in the background inherits an ignored SIGINT, and so would the processes that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Half of the usual examples: the suite runs often, and each run draws others.
settings.register_profile("often", max_examples=50)
settings.load_profile("often")
