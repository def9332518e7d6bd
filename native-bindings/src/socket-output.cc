// See socket-output.h.
//
// An output is in one of these states (under its lock):
//
//     idle        nothing queued; `sendParts` tries the socket itself
//     armed       queued; the sender thread's epoll waits until the socket takes more (one shot)
//     serviced    the sender thread is sending, without the lock
//     warming     a thread of the read pool brings file bytes into the page cache first
//
// In all but `idle`, `sendParts` only appends to the queue. A detached output that is serviced or warming is freed by
// that thread when it comes back.
#include "socket-output.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <vector>

#include "memory-region.h"
#include "native-thread.h"
#include "segment.h"
#include "work-pool.h"

namespace millrace {
namespace {

// sendfile in one piece: large enough to be cheap, small enough not to thrash the processor's cache.
constexpr int64_t SLICE_BYTES = 512 * 1024;
// What the sender thread sends on one socket before it looks at the others.
constexpr int64_t TURN_BYTES = 2 * 1024 * 1024;
// Memory parts joined to one sendmsg.
constexpr uint32_t JOINED_PARTS_MAX = 64;
// File bytes brought into the page cache at a time, and the step at which that is waited for.
constexpr int64_t WARM_BYTES = 1024 * 1024;
constexpr int64_t WARM_STEP_BYTES = 64 * 1024;
// Whoever reads from the disk goes through the log, so the disk goes on with what follows while this is sent. The kernel
// cuts a request to what the device takes at once, on some machines 128 KiB.
constexpr int64_t AHEAD_BYTES = 4 * 1024 * 1024;
constexpr int64_t AHEAD_STEP_BYTES = 128 * 1024;
constexpr int WARM_THREADS = 4;
constexpr int EVENTS_MAX = 64;

enum class State { idle, armed, serviced, warming };

// A part that waits: a copy of memory, or a held file range.
struct Queued {
  uint8_t* memory = nullptr;
  Segment* file = nullptr;
  int64_t position = 0;
  int64_t sizeBytes = 0;
  // File bytes before this position are in the page cache, as far as one knows.
  int64_t warmUntil = 0;
};

void drop(Queued& part) {
  free(part.memory);
  if (part.file) releaseHold(part.file->handle);
  part.memory = nullptr;
  part.file = nullptr;
}

}  // namespace

struct Output {
  std::mutex mutex;
  // --- mutex ---
  double handle = 0;
  Outlet* outlet = nullptr;
  State state = State::idle;
  bool attached = false;
  // Of our own: the socket's may be closed by its owner at any time, and its number then names another connection.
  int fd = -1;
  // Whether the epoll knows it (from the first time that something is queued).
  bool watched = false;
  int error = 0;
  std::deque<Queued> queue;
  std::atomic<int64_t> queuedBytes{0};
};

struct Outlet {
  Mailbox* mailbox;
  int epoll = -1;
  int stop = -1;
  std::vector<double> outputs;
  // The environment, the sender thread and each warming thread.
  std::atomic<int> references{2};
};

namespace {

HandleTable<Output>& outputTable() {
  static auto* table = new HandleTable<Output>();
  return *table;
}

WorkPool& warmPool() {
  static auto* pool = new WorkPool("warm", WARM_THREADS);
  return *pool;
}

void releaseOutlet(Outlet* outlet) {
  if (outlet->references.fetch_sub(1) > 1) return;
  if (outlet->epoll >= 0) close(outlet->epoll);
  if (outlet->stop >= 0) close(outlet->stop);
  outlet->mailbox->release();
  delete outlet;
}

void dropQueue(Output* output) {
  for (Queued& part : output->queue) drop(part);
  std::deque<Queued>().swap(output->queue);
  output->queuedBytes.store(0);
}

// (under the lock) The output is detached and nobody works on it.
void freeOutput(Output* output) {
  dropQueue(output);
  // Closing ours would not take it out of the epoll while the socket's own is open.
  if (output->watched) epoll_ctl(output->outlet->epoll, EPOLL_CTL_DEL, output->fd, nullptr);
  close(output->fd);
  output->fd = -1;
  output->watched = false;
  output->error = 0;
  output->state = State::idle;
  outputTable().free(output->handle);
}

// (under the lock) The sender thread is called when the socket takes bytes.
int arm(Output* output) {
  epoll_event event{};
  event.events = EPOLLOUT | EPOLLONESHOT;
  event.data.u64 = static_cast<uint64_t>(output->handle);
  const int operation = output->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(output->outlet->epoll, operation, output->fd, &event) < 0) return -errno;
  output->watched = true;
  output->state = State::armed;
  return 0;
}

// Bytes taken by the socket (0: none now), or a negative errno.
int64_t sendMemory(int fd, iovec* parts, size_t count, bool more) {
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  for (;;) {
    const ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0));
    if (sent >= 0) return sent;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
    if (errno != EINTR) return -errno;
  }
}

int64_t sendFile(int fd, int file, int64_t position, int64_t sizeBytes) {
  off_t from = position;
  for (;;) {
    const ssize_t sent = sendfile(fd, file, &from, static_cast<size_t>(std::min(sizeBytes, SLICE_BYTES)));
    if (sent > 0) return sent;
    // The file ends before what was promised to the client: it was cut meanwhile.
    if (sent == 0) return -EIO;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
    if (errno != EINTR) return -errno;
  }
}

// Waits until the bytes are in the page cache (or cannot be read; sending them will say so).
void warm(int file, int64_t position, int64_t sizeBytes) {
  for (int64_t at = position; at < position + sizeBytes + AHEAD_BYTES; at += AHEAD_STEP_BYTES)
    if (readahead(file, at, AHEAD_STEP_BYTES) < 0) break;
  uint8_t byte;
  for (int64_t at = position; at < position + sizeBytes; at += WARM_STEP_BYTES)
    (void)!pread(file, &byte, 1, at);
  (void)!pread(file, &byte, 1, position + sizeBytes - 1);
}

// (under the lock) The socket or a file failed; later sends say the same.
void fail(Output* output, int error) {
  output->error = error;
  output->state = State::idle;
  dropQueue(output);
}

// What a thread that worked on an output without the lock does when it has it again. True when it is to stop.
bool endedMeanwhile(Output* output) {
  if (output->attached) return false;
  freeOutput(output);
  return true;
}

bool warmFirst(Output* output);

// (sender thread) Sends from the queue until the socket takes no more, the turn is over, or nothing is left.
void service(double handle) {
  Output* output = outputTable().find(handle);
  if (output == nullptr) return;
  std::unique_lock lock(output->mutex);
  if (output->handle != handle || !output->attached || output->state != State::armed) return;
  output->state = State::serviced;
  Mailbox* mailbox = output->outlet->mailbox;
  const int fd = output->fd;
  for (int64_t turn = 0; !output->queue.empty();) {
    Queued& head = output->queue.front();
    const bool more = output->queue.size() > 1;
    if (head.file && head.position >= head.warmUntil && warmFirst(output)) return;
    int64_t sent;
    // The queue only grows at its end while we send, and a deque's front does not move then.
    lock.unlock();
    if (head.file) {
      sent = sendFile(fd, head.file->fd, head.position, std::min(head.sizeBytes, head.warmUntil - head.position));
    } else {
      iovec part{head.memory + head.position, static_cast<size_t>(head.sizeBytes)};
      sent = sendMemory(fd, &part, 1, more);
    }
    lock.lock();
    if (endedMeanwhile(output)) return;
    int error = sent < 0 ? static_cast<int>(sent) : 0;
    if (sent > 0) {
      head.position += sent;
      head.sizeBytes -= sent;
      output->queuedBytes -= sent;
      turn += sent;
      if (head.sizeBytes == 0) {
        drop(head);
        output->queue.pop_front();
      }
    }
    if (error == 0 && (sent == 0 || (turn >= TURN_BYTES && !output->queue.empty()))) {
      error = arm(output);
      if (error == 0) return;
    }
    if (error < 0) {
      fail(output, error);
      mailbox->post(handle, error);
      return;
    }
  }
  output->state = State::idle;
  mailbox->post(handle, 0);
}

// (under the lock) Lets the read pool bring the head's next bytes in, then goes on. False when it has no thread: who sends
// them reads them too.
bool warmFirst(Output* output) {
  Queued& head = output->queue.front();
  const int64_t sizeBytes = std::min(head.sizeBytes, WARM_BYTES);
  const int64_t position = head.position;
  output->outlet->references++;
  // The hold of the queued part keeps the file open; a pin of our own does when the queue is dropped meanwhile.
  Segment* file = head.file;
  pin(file);
  const bool isTaken = warmPool().submit([output, outlet = output->outlet, file, position, sizeBytes] {
    warm(file->fd, position, sizeBytes);
    {
      std::lock_guard lock(output->mutex);
      if (!endedMeanwhile(output)) {
        output->queue.front().warmUntil = position + sizeBytes;
        if (const int error = arm(output); error < 0) {
          const double handle = output->handle;
          fail(output, error);
          outlet->mailbox->post(handle, error);
        }
      }
    }
    unpin(file);
    releaseOutlet(outlet);
  });
  if (isTaken) {
    output->state = State::warming;
    return true;
  }
  unpin(file);
  output->outlet->references--;
  head.warmUntil = position + sizeBytes;
  return false;
}

void runOutlet(Outlet* outlet) {
  epoll_event events[EVENTS_MAX];
  for (;;) {
    const int count = epoll_wait(outlet->epoll, events, EVENTS_MAX, -1);
    if (count < 0 && errno != EINTR) break;
    bool stopped = false;
    for (int at = 0; at < count; at++) {
      if (events[at].data.u64 == 0) stopped = true;
      else service(static_cast<double>(events[at].data.u64));
    }
    if (stopped) break;
  }
  releaseOutlet(outlet);
}

struct Part {
  uint8_t* memory = nullptr;
  Segment* file = nullptr;
  int64_t position = 0;
  int64_t sizeBytes = 0;
  bool cached = true;
};

// False when the part names no registered memory or no held file.
bool readPart(const double* from, Part& part) {
  part = Part();
  const double offset = from[2], sizeBytes = from[3];
  if (!(offset >= 0) || !(sizeBytes >= 0) || offset + sizeBytes > 9007199254740992.0) return false;
  part.sizeBytes = static_cast<int64_t>(sizeBytes);
  if (from[0] == 0) {
    part.memory = memoryAt(from[1], offset, sizeBytes);
    return part.memory != nullptr;
  }
  part.file = from[0] == 1 ? heldSegment(from[1]) : nullptr;
  part.position = static_cast<int64_t>(offset);
  part.cached = from[4] != 0;
  return part.file != nullptr;
}

void releaseFiles(const double* parts, uint32_t from, uint32_t count) {
  for (uint32_t at = from; at < count; at++)
    if (parts[at * OUTPUT_PART_STRIDE] == 1) releaseHold(parts[at * OUTPUT_PART_STRIDE + 1]);
}

// Queues a part from `done` bytes on. False when memory is out.
bool enqueue(Output* output, const Part& part, int64_t done) {
  const int64_t left = part.sizeBytes - done;
  if (left == 0) {
    if (part.file) releaseHold(part.file->handle);
    return true;
  }
  Queued queued;
  queued.sizeBytes = left;
  if (part.file) {
    queued.file = part.file;
    queued.position = part.position + done;
    queued.warmUntil = part.cached ? queued.position + left : 0;
  } else {
    queued.memory = static_cast<uint8_t*>(malloc(static_cast<size_t>(left)));
    if (queued.memory == nullptr) return false;
    memcpy(queued.memory, part.memory + done, static_cast<size_t>(left));
  }
  output->queue.push_back(queued);
  output->queuedBytes += left;
  return true;
}

struct Progress {
  uint32_t part = 0;
  // Bytes of that part that are sent.
  int64_t done = 0;
  int64_t total = 0;
};

// Sends parts directly until the socket takes no more or a file must be read first. Returns 0 or a negative errno.
int sendInline(int fd, const double* parts, uint32_t count, Progress& progress) {
  while (progress.part < count) {
    // A part may have lost its file since it was checked: to one before it that names the same hold.
    Part part;
    if (!readPart(parts + progress.part * OUTPUT_PART_STRIDE, part)) return -EINVAL;
    if (part.file) {
      if (!part.cached) return 0;
      while (progress.done < part.sizeBytes) {
        const int64_t wanted = part.sizeBytes - progress.done;
        const int64_t sent = sendFile(fd, part.file->fd, part.position + progress.done, wanted);
        if (sent <= 0) return static_cast<int>(sent);
        progress.done += sent;
        progress.total += sent;
      }
      releaseHold(part.file->handle);
      progress.part++;
      progress.done = 0;
      continue;
    }
    iovec joined[JOINED_PARTS_MAX];
    uint32_t made = 0;
    int64_t wanted = 0;
    for (; made < JOINED_PARTS_MAX && progress.part + made < count; made++) {
      Part next;
      if (!readPart(parts + (progress.part + made) * OUTPUT_PART_STRIDE, next) || next.file) break;
      const int64_t skip = made == 0 ? progress.done : 0;
      joined[made] = {next.memory + skip, static_cast<size_t>(next.sizeBytes - skip)};
      wanted += next.sizeBytes - skip;
    }
    const int64_t sent = sendMemory(fd, joined, made, progress.part + made < count);
    if (sent < 0) return static_cast<int>(sent);
    progress.total += sent;
    int64_t left = sent;
    for (uint32_t at = 0; at < made && left >= static_cast<int64_t>(joined[at].iov_len); at++) {
      left -= static_cast<int64_t>(joined[at].iov_len);
      progress.part++;
      progress.done = 0;
    }
    if (sent < wanted) {
      progress.done += left;
      return 0;
    }
  }
  return 0;
}

}  // namespace

Outlet* openOutlet(Mailbox* mailbox) {
  auto* outlet = new (std::nothrow) Outlet{};
  if (outlet == nullptr) return nullptr;
  outlet->mailbox = mailbox;
  mailbox->retain();
  outlet->epoll = epoll_create1(EPOLL_CLOEXEC);
  outlet->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = 0;
  if (outlet->epoll >= 0 && outlet->stop >= 0 && epoll_ctl(outlet->epoll, EPOLL_CTL_ADD, outlet->stop, &event) == 0 &&
      startThread("send", [outlet] { runOutlet(outlet); }))
    return outlet;
  outlet->references.store(1);
  releaseOutlet(outlet);
  return nullptr;
}

void closeOutlet(Outlet* outlet) {
  const std::vector<double> outputs = std::move(outlet->outputs);
  outlet->outputs.clear();
  for (const double output : outputs) detachOutput(output);
  const uint64_t one = 1;
  (void)!write(outlet->stop, &one, sizeof one);
  releaseOutlet(outlet);
}

double attachOutput(Outlet* outlet, int fd) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return -errno;
  // sendfile has no flag of its own for this.
  if (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return -errno;
  const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return -errno;
  double handle;
  Output* output = outputTable().allocate(&handle);
  if (output == nullptr) {
    close(own);
    return -ENOMEM;
  }
  {
    std::lock_guard lock(output->mutex);
    output->handle = handle;
    output->outlet = outlet;
    output->attached = true;
    output->fd = own;
  }
  outlet->outputs.push_back(handle);
  return handle;
}

int64_t sendParts(double handle, const double* parts, uint32_t count) {
  Output* output = outputTable().find(handle);
  if (output == nullptr) return WRONG_OUTPUT;
  Part part;
  for (uint32_t at = 0; at < count; at++)
    if (!readPart(parts + at * OUTPUT_PART_STRIDE, part)) return WRONG_PART;
  std::lock_guard lock(output->mutex);
  if (output->handle != handle || !output->attached) return WRONG_OUTPUT;
  int error = output->error;
  Progress progress;
  if (error == 0 && output->state == State::idle) error = sendInline(output->fd, parts, count, progress);
  bool queuedAll = true;
  uint32_t queued = progress.part;
  for (; error == 0 && queued < count && queuedAll; queued++) {
    if (!readPart(parts + queued * OUTPUT_PART_STRIDE, part)) {
      error = -EINVAL;
      break;
    }
    queuedAll = enqueue(output, part, queued == progress.part ? progress.done : 0);
  }
  if (!queuedAll) {
    error = -ENOMEM;
    queued--;
  }
  if (error == 0 && output->state == State::idle && !output->queue.empty()) error = arm(output);
  if (error == 0) return progress.total;
  releaseFiles(parts, queued, count);
  // A thread that is at work finds the failure by itself or is told by `attached`.
  output->error = error;
  if (output->state == State::idle) dropQueue(output);
  return error;
}

int64_t pendingBytes(double handle) {
  Output* output = outputTable().find(handle);
  return output == nullptr ? WRONG_OUTPUT : output->queuedBytes.load(std::memory_order_relaxed);
}

int64_t endOutput(double handle) {
  Output* output = outputTable().find(handle);
  if (output == nullptr) return WRONG_OUTPUT;
  std::lock_guard lock(output->mutex);
  if (output->handle != handle || !output->attached) return WRONG_OUTPUT;
  return shutdown(output->fd, SHUT_WR) < 0 ? -errno : 0;
}

int64_t detachOutput(double handle) {
  Output* output = outputTable().find(handle);
  if (output == nullptr) return WRONG_OUTPUT;
  std::lock_guard lock(output->mutex);
  if (output->handle != handle || !output->attached) return WRONG_OUTPUT;
  output->attached = false;
  std::erase(output->outlet->outputs, handle);
  if (output->state == State::idle || output->state == State::armed) freeOutput(output);
  return 0;
}

void unpaceSocket(int fd) {
  constexpr char RENO[] = "reno";
  (void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, RENO, sizeof RENO - 1);
}

int descriptorOf(double handle) {
  Output* output = outputTable().find(handle);
  if (output == nullptr) return -1;
  std::lock_guard lock(output->mutex);
  return output->handle == handle && output->attached ? output->fd : -1;
}

}  // namespace millrace
