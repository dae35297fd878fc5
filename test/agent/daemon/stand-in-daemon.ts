/** The daemon on a stand-in host, which argv[2] describes as JSON; argv[3] are its options. */
import { fail } from "../../../agent/cli/errors.ts";
import { runDaemon } from "../../../agent/daemon/daemon.ts";
import type { DaemonOptions } from "../../../agent/daemon/start.ts";
import type { Host } from "../../../agent/host.ts";

const [host = "", options = ""] = process.argv.slice(2);
const failure = await runDaemon(JSON.parse(options) as DaemonOptions, JSON.parse(host) as Host);
if (failure === null) process.exit(0);
fail(failure, { json: false });
