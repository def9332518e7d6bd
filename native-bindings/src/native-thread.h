// Threads of the engine. Any thread.
#pragma once

#include <functional>

namespace millrace {

// Starts a thread that ends with `run`. Signals are for the JavaScript threads, and the system's tools show the name (15
// characters; it must stay). False when the system refuses one, for its bounds of processes or memory.
[[nodiscard]] bool startThread(const char* name, std::function<void()> run);

}  // namespace millrace
