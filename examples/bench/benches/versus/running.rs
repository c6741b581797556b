//! A contender that runs, in a process of its own.

use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

/// Ends when it is dropped.
pub(crate) struct Running {
    child: Child,
    port: u16,
    program: PathBuf,
}

impl Running {
    /// Starts a contender, by a program that starts it, and waits until it accepts connections.
    ///
    /// It is this program, in a new copy each time: where the system happens to have put the pages of a file stays the
    /// same from start to start, and makes some percent too.
    pub(crate) fn start(contender: &str, through: &[&str]) -> io::Result<Self> {
        static COPIES: AtomicU32 = AtomicU32::new(0);
        let number = COPIES.fetch_add(1, Relaxed);
        let name = format!("koa-bench-{}-{number}", std::process::id());
        let this = std::env::current_exe()?;
        let program = this.with_file_name(name);
        std::fs::copy(this, &program)?;
        let mut words = through.iter().map(OsStr::new).chain([program.as_os_str()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        let port = free_port()?;
        let spawned = command
            .args(words)
            .env("CONTENDER", contender)
            .env("PORT", port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = spawned.inspect_err(|_| {
            let _ = std::fs::remove_file(&program);
        })?;
        let mut running = Self {
            child,
            port,
            program,
        };
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = running.child.try_wait()? {
                let message = format!("{contender} does not serve: {status}");
                return Err(io::Error::other(message));
            }
            std::thread::yield_now();
        }
        Ok(running)
    }

    /// Where it listens, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(&mut self) -> io::Result<()> {
        self.child.wait().map(drop)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.program);
    }
}

fn free_port() -> io::Result<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.port())
}
