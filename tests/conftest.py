"""What all tests share."""

import os

from ray_app.batch.ray_session import AFTERLIFE_S

# Read by Ray when it is imported: many sessions of Ray begin and end in one process here, and one
# request left over from an earlier one would end all tests without a word.
os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", AFTERLIFE_S)
