// Measures what this machine can do at best: limit [--dir=DIR] [--seconds=2]. One JSON line per figure.
// Figures per CPU-second are of the server's thread, and beside them of both sides together. For append the former counts,
// as a broker's figure is of its process alone; for sendfile the latter: nothing is copied on the server's side, so over
// loopback it is chance which side pays for the network, and only the sum stands still.
// Memory should be settled first (bench/measure/memory.ts).
#include <cstdlib>
#include <cstring>

#include "limits.h"

// A request and its batch are no whole number of pages, so appends begin in the middle of one.
constexpr size_t HEADERS_BYTES = 200;

int main(int count, char** arguments) {
  bench::LimitSettings settings;
  for (int i = 1; i < count; i++) {
    if (strncmp(arguments[i], "--dir=", 6) == 0) settings.directory = arguments[i] + 6;
    else if (strncmp(arguments[i], "--seconds=", 10) == 0) settings.seconds = atof(arguments[i] + 10);
    else return 2;
  }
  bench::measure_append(settings, 200, 1);
  for (size_t bytes : {size_t(16) << 10, size_t(128) << 10, size_t(1) << 20}) bench::measure_append(settings, bytes + HEADERS_BYTES, 1);
  bench::measure_append(settings, (size_t(128) << 10) + 8 * HEADERS_BYTES, 8);
  for (bool synced : {false, true}) bench::measure_woken(settings, 200, 1000, synced);
  bench::measure_woken(settings, 1 << 10, 100, false);
  for (bool synced : {false, true}) bench::measure_woken(settings, 16 << 10, 1600, synced);
  for (size_t bytes : {size_t(256) << 10, size_t(1) << 20, size_t(8) << 20}) bench::measure_sendfile(settings, bytes);
}
