// Sending responses on sockets that JavaScript owns: memory and ranges of segment files, in order, without copying file
// bytes into the process. What a socket does not take at once is queued, and a sender thread goes on with it.
//
// Threads: an Outlet and its outputs belong to one environment's thread. Its sender thread works on those outputs that
// have a queue; who works on an output is decided under that output's lock.
#pragma once

#include <cstdint>

#include "mailbox.h"

namespace millrace {

// kind | memory: its id; file: its handle | offset or position | bytes | file: 1 when in the page cache
constexpr uint32_t OUTPUT_PART_STRIDE = 5;

constexpr int64_t WRONG_OUTPUT = INT64_MIN;
constexpr int64_t WRONG_PART = INT64_MIN + 1;

struct Outlet;

// `mailbox` is told (output, 0) when an output's queue has been sent, (output, -errno) when the socket or a file failed.
// nullptr when no thread can be made.
Outlet* openOutlet(Mailbox* mailbox);
// Detaches all its outputs and ends its thread.
void closeOutlet(Outlet* outlet);

// The handle of an output on a duplicate of a socket's descriptor, or a negative errno.
double attachOutput(Outlet* outlet, int fd);
// Bytes sent at once (all: nothing is queued), a negative errno when the socket fails, or one of WRONG_*. The holds of
// the files are given back when their bytes are sent, or when they will not be sent any more.
int64_t sendParts(double output, const double* parts, uint32_t count);
// WRONG_OUTPUT, or bytes that are queued.
int64_t pendingBytes(double output);
// The peer is told that nothing follows what was sent; to be called when nothing is queued. 0 or a negative errno.
int64_t endOutput(double output);
int64_t detachOutput(double output);
// Congestion control `reno` for a socket, which every kernel has: what is sent on loopback hardly ever waits for a timer then
// (decisions/0008). Without an effect where that is refused.
void unpaceSocket(int fd);
// Of an attached output, or -1. Open until it is detached.
int descriptorOf(double output);

}  // namespace millrace
