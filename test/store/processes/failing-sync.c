/* Preloaded into a child: while the file named by MIG_TEST_SYNC_FAILS exists, a sync of a LevelDB log fails after its
   bytes have reached the file, as on a disk that became full at a network server. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int refused(int descriptor) {
  char link[64], path[4096];
  const char *flag = getenv("MIG_TEST_SYNC_FAILS");
  if (flag == NULL || access(flag, F_OK) != 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 4) return 0;
  path[length] = 0;
  if (strcmp(path + length - 4, ".log") != 0) return 0;
  unlink(flag);
  errno = ENOSPC;
  return 1;
}

int fdatasync(int descriptor) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  return refused(descriptor) ? -1 : real(descriptor);
}

int fsync(int descriptor) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  return refused(descriptor) ? -1 : real(descriptor);
}
