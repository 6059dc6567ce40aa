"""The user whom the row about Basic auth asks as."""

import base64
import subprocess

NAME, PASSWORD = "ann", "a passphrase of some length"
# In the settings of a row, where the path of the file stands.
PLACE = "USERS_FILE"
FIELD = "Authorization: Basic " + base64.b64encode(f"{NAME}:{PASSWORD}".encode()).decode()

# A rule for all, and three that are looked at before it.
RULES = {"auth": {"users": PLACE, "groups": {"staff": NAME}},
         "access": {"/public/**": "public", "PUT,POST /drop/**": "public", "/office/**": "users from 10.0.0.0/8",
                    "/**": "group staff"}}


def make(binary, file):
    """Writes the file, with the program that will read it. Returns its path."""
    if not file.exists():
        done = subprocess.run([str(binary), "hash-password", "--user", NAME], input=PASSWORD + "\n", capture_output=True,
                              text=True, check=True)
        file.write_text(done.stdout)
        file.chmod(0o600)
    return str(file)
