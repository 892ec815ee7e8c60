//! The program: reads the command line, runs the command, and says in its exit code how that went.

use std::process::ExitCode;

use api::cli::{self, Cli};

/// A request is thousands of small allocations; the system's allocator took almost half of the server's time (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        // Help and version are "errors" too: clap knows where they are printed and with which exit code.
        Err(error) => error.exit(),
    };
    // The roots of the graph are parts inside each other, and an unoptimised build walks them on the stack. Only what is used of it is
    // memory.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(8 << 20).build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            return cli::report(&anyhow::Error::new(error).context("the runtime cannot start"));
        }
    };
    runtime.block_on(cli::run(cli)).unwrap_or_else(|error| cli::report(&error))
}
