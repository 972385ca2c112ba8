"""Its being here puts tests/ on the import path: any test can `from support import ...`."""

import pytest

pytest.register_assert_rewrite("support.engine_contract")
