// Ends this Node process when the process that started it goes away.
//
// Loaded by `node --require`. The parent holds the other end of standard input and never writes to it; the end
// of that pipe is the one sign of the parent's death that no signal, not even SIGKILL, can prevent.
"use strict";

process.stdin.on("end", () => process.kill(process.pid, "SIGTERM"));
process.stdin.resume();
process.stdin.unref();
