// See file-lock.h. A lock of the open file, not of the process: the process's own would end when any other descriptor of the
// file is closed. The two kinds exclude each other.
#include "file-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

namespace millrace {

int lockFile(const char* path) {
  const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return -errno;
  struct flock whole{};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (fcntl(fd, F_OFD_SETLK, &whole) == 0) return fd;
  const int error = errno == EACCES ? EAGAIN : errno;
  close(fd);
  return -error;
}

}  // namespace millrace
