"""The last steps of a child process on its way to becoming PostgreSQL. Run as a script.

    python -I -S embedded_exec.py PARENT_PID IDENTITY FOLDER COMMAND [ARGUMENT ...]

It takes on IDENTITY, asks the kernel to be told when its parent dies, enters FOLDER and replaces
itself with COMMAND. A script of its own, because forking a process that has threads and running
Python before the exec can deadlock; only the standard library, because it runs before anything
is installed on the path.

IDENTITY is one of:

    same        stay who we are (any user but root: PostgreSQL refuses to run as root)
    namespace   root: enter a user namespace in which we are 65534 and nobody else exists. Outside
                of it the files stay root's, so a folder under /root (0700) works, no system user
                is made and no permission is changed.
    UID:GID     root: become that user for good. The folders above FOLDER must let it pass.
"""

import ctypes
import os
import signal
import sys

# Exit codes that the launcher tells apart; PostgreSQL itself uses 0 to 3.
NO_NAMESPACE = 97
NO_ENTRY = 98
NO_COMMAND = 99

NOBODY = 65534
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_ARGUMENTS_MIN = 5


def enter_namespace() -> None:
    """Make root 65534 in a namespace of its own. Raise OSError where the kernel forbids it."""
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    # The kernel takes a group map from a process without privileges outside only after this.
    maps = {"setgroups": "deny", "uid_map": f"{NOBODY} {uid} 1", "gid_map": f"{NOBODY} {gid} 1"}
    for name, text in maps.items():
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 (start-up time)
            file.write(text)


def drop_to(uid: int, gid: int) -> None:
    """Become `uid` and `gid` with no other group and no way back."""
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def die_with(parent_pid: int) -> None:
    """Ask for SIGINT, PostgreSQL's fast shutdown, when the thread that started us ends.

    Fast and not immediate (SIGQUIT): it aborts what was open, writes a checkpoint, and the next
    start needs no recovery; its length is bounded by shared_buffers. SIGTERM would wait for
    clients. To be called after the change of identity, which clears the request; the exec of a
    program without set-user-id keeps it.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
    if os.getppid() != parent_pid:  # it died before we asked: nobody will tell us
        sys.exit(0)


def main(arguments: list[str]) -> None:
    assert len(arguments) >= _ARGUMENTS_MIN, arguments
    parent_pid, identity, folder, command = int(arguments[1]), *arguments[2:5]
    if identity == "namespace":
        try:
            enter_namespace()
        except OSError as error:
            sys.stderr.write(f"no user namespace: {error}\n")
            sys.exit(NO_NAMESPACE)
    elif identity != "same":
        uid, gid = identity.split(":")
        drop_to(int(uid), int(gid))
    die_with(parent_pid)
    try:
        os.chdir(folder)
    except OSError as error:
        sys.stderr.write(f"user {os.geteuid()} may not enter {folder}: {error.strerror}\n")
        sys.exit(NO_ENTRY)
    try:
        os.execv(command, arguments[4:])
    except OSError as error:
        sys.stderr.write(f"user {os.geteuid()} may not run {command}: {error.strerror}\n")
        sys.exit(NO_COMMAND)


if __name__ == "__main__":
    main(sys.argv)
