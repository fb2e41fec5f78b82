// All tests that `deno task test:cli` runs: the command line, which may do all that. In one module, since each module that Deno tests by itself loads
// effect anew, which takes longer than most tests. `deno test` takes any of these files, too. A test sees to it that none is missing.
import "./cli/auth_test.ts";
import "./cli/delivery_test.ts";
import "./cli/exit_code_test.ts";
import "./cli/flags_test.ts";
import "./cli/interrupt_test.ts";
import "./cli/large_file_test.ts";
import "./cli/load_address_test.ts";
import "./cli/load_histogram_test.ts";
import "./cli/load_mails_test.ts";
import "./cli/load_stopwatch_test.ts";
import "./cli/load_summary_test.ts";
import "./cli/load_test.ts";
import "./cli/mx_test.ts";
import "./cli/options_test.ts";
import "./cli/remedy_test.ts";
import "./cli/route_test.ts";
import "./cli/secret_test.ts";
import "./cli/send_test.ts";
import "./cli/sink_discard_test.ts";
import "./cli/sink_test.ts";
import "./cli/start_up_test.ts";
import "./cli/stops_test.ts";
import "./cli/tls_test.ts";
import "./cli/transcript_test.ts";
import "./cli/usage_test.ts";
