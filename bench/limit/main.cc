// Measures what this machine can do at best: limit [--dir=DIR] [--seconds=2]. One JSON line per figure.
// Figures per CPU-second are of the server's thread alone, as a broker's are of its process alone; over loopback some of
// the network's work falls to whichever side happens to run, so the figure of both sides together stands beside them.
// Memory should be settled first (bench/measure/memory.ts).
#include <cstdlib>
#include <cstring>

#include "limits.h"

int main(int count, char** arguments) {
  bench::LimitSettings settings;
  for (int i = 1; i < count; i++) {
    if (strncmp(arguments[i], "--dir=", 6) == 0) settings.directory = arguments[i] + 6;
    else if (strncmp(arguments[i], "--seconds=", 10) == 0) settings.seconds = atof(arguments[i] + 10);
    else return 2;
  }
  for (size_t bytes : {size_t(200), size_t(16) << 10, size_t(128) << 10, size_t(1) << 20}) bench::measure_append(settings, bytes);
  for (size_t bytes : {size_t(256) << 10, size_t(1) << 20, size_t(8) << 20}) bench::measure_sendfile(settings, bytes);
}
