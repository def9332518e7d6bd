// Waking a JavaScript thread from any other thread of the process.
#pragma once

#include <node_api.h>

namespace millrace {

// A doorbell that calls `ringing()` on the environment's thread; 0 when it cannot be made. The thread's event loop ends
// all the same when it has nothing else to wait for. (the environment's thread)
double createDoorbell(napi_env env, napi_value ringing);
// False when there is no such bell (any more). Many rings before the callback runs are one. (any)
bool ringDoorbell(double bell);
// (the environment's thread)
bool closeDoorbell(double bell);

}  // namespace millrace
