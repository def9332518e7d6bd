// Giving back memory that only the start needed. Any thread, while the others run.
#pragma once

namespace millrace {

// Free memory of the C heap goes back to the system, and pages of program code are taken out of the process: what is
// needed of them is in the page cache and comes back at the next touch, at the price of a minor fault.
void trimProcess();

}  // namespace millrace
