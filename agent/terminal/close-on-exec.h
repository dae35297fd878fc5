/*
 * Read before node-pty's own source is compiled. Its openpty(3) leaves both ends open in every program that is
 * started afterwards: one step could type on the terminal of another, and read what that one says.
 */
#include <fcntl.h>
#include <pty.h>

static int openpty_close_on_exec(int *master, int *slave, char *name, const struct termios *modes,
                                 const struct winsize *size) {
  if (openpty(master, slave, name, modes, size) == -1) return -1;
  return fcntl(*master, F_SETFD, FD_CLOEXEC) | fcntl(*slave, F_SETFD, FD_CLOEXEC);
}

#define openpty openpty_close_on_exec
