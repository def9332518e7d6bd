// Waking a JavaScript thread from any other thread of the process.
#pragma once

#include <node_api.h>

namespace millrace {

// A doorbell that calls `ringing()` on the environment's thread; 0 when it cannot be made. `keepAlive`: its event loop
// does not end while the bell hangs. (the environment's thread)
double createDoorbell(napi_env env, napi_value ringing, bool keepAlive);
// False when there is no such bell (any more). Many rings before the callback runs are one. (any)
bool ringDoorbell(double bell);
// (the environment's thread)
bool closeDoorbell(double bell);

}  // namespace millrace
