// Holds memory while benchmarks run: settle --keep-bytes=N --dir=DIR. In a virtual machine the first touch of a page can
// cost more than the work that is measured, so this takes all memory but N bytes, fills the rest with page cache, prints
// one JSON line and holds everything until its standard input closes. Each line on standard input has memory that came free
// since (files deleted, programs ended) filled with page cache again; a JSON line tells when that is done. The first to be
// killed when memory is short.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "../native/json-line.h"

namespace {

constexpr size_t PAGE_BYTES = 4096, BLOCK_BYTES = 1 << 20, HELD_BYTES_MIN = 256 << 20;
// What the kernel keeps free anyway, about.
constexpr size_t FREE_BYTES_LEFT = 96 << 20;
// All hole: as large as a file of ext4 may be.
constexpr off_t FILLER_BYTES = off_t(15) << 40;

size_t memory_bytes(const char* format) {
  FILE* file = fopen("/proc/meminfo", "r");
  size_t kib = 0;
  for (char line[200]; file && fgets(line, sizeof line, file);)
    if (sscanf(line, format, &kib) == 1) break;
  if (file) fclose(file);
  return kib * 1024;
}

size_t hold(size_t bytes) {
  if (bytes < HELD_BYTES_MIN) return 0;
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) return 0;
  madvise(at, bytes, MADV_HUGEPAGE);
  for (size_t i = 0; i < bytes; i += PAGE_BYTES) static_cast<volatile char*>(at)[i] = 1;
  return bytes;
}

/** Stays open: its pages, once freed, would go back to the host and cost their first touch again. Takes no room on the disk. */
int open_filler(const std::string& directory) {
  std::string path = directory + "/settle-" + std::to_string(getpid());
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return fd;
  unlink(path.c_str());
  // Single pages: for large folios the kernel frees gigabytes at a time.
  posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
  if (ftruncate(fd, FILLER_BYTES) == 0) return fd;
  close(fd);
  return -1;
}

/** Reads what was never read of the hole: clean pages, which the kernel gives to whoever needs some. */
size_t fill_page_cache(int fd, size_t bytes) {
  std::vector<char> block(BLOCK_BYTES);
  size_t done = 0;
  while (done < bytes && read(fd, block.data(), block.size()) == ssize_t(block.size())) done += block.size();
  return done;
}

/** What earlier works left to be written is written first: it would take time from the next one. */
size_t fill_free_memory(int fd) {
  syncfs(fd);
  size_t free = memory_bytes("MemFree: %zu");
  return free > FREE_BYTES_LEFT ? fill_page_cache(fd, free - FREE_BYTES_LEFT) : 0;
}

}  // namespace

int main(int count, char** arguments) {
  size_t keep = 0;
  std::string directory = ".";
  for (int i = 1; i < count; i++) {
    if (strncmp(arguments[i], "--keep-bytes=", 13) == 0) keep = strtoull(arguments[i] + 13, nullptr, 10);
    else if (strncmp(arguments[i], "--dir=", 6) == 0) directory = arguments[i] + 6;
    else return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (FILE* file = fopen("/proc/self/oom_score_adj", "w")) {
    fputs("1000", file);
    fclose(file);
  }
  size_t available = memory_bytes("MemAvailable: %zu");
  size_t held = hold(available > keep ? available - keep : 0);
  int filler = open_filler(directory);
  size_t filled = fill_page_cache(filler, keep);
  bench::JsonLine("settled").field("available_bytes", available).field("held_bytes", held).field("filled_bytes", filled).print();
  for (char byte; read(0, &byte, 1) > 0;)
    if (byte == '\n') bench::JsonLine("settled").field("filled_bytes", fill_free_memory(filler)).print();
}
