//! A beat, a second after the one before, for the sweep.
//!
//! tokio looks at its timers each time it has nothing to do, which with one connection is after every request: a
//! single timer that never fires costs two percent of a small response. On Linux the beat is a file descriptor
//! instead, which costs nothing until it fires.

pub(super) use imp::Ticks;

#[cfg(target_os = "linux")]
mod imp {
    use std::io;
    use std::time::Duration;

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::AsyncReadExt;
    use tokio::net::unix::pipe::Receiver;

    /// A timer reads as the end of a pipe does: eight bytes at each beat.
    pub(in crate::server) struct Ticks {
        timer: Receiver,
        beat: Itimerspec,
    }

    impl Ticks {
        pub(in crate::server) fn every(period: Duration) -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            let beat = Itimerspec {
                it_interval: Timespec::default(),
                it_value: Timespec::try_from(period).map_err(|_| io::ErrorKind::InvalidInput)?,
            };
            let timer = Receiver::from_owned_fd_unchecked(timer)?;
            Ok(Self { timer, beat })
        }

        pub(in crate::server) async fn next(&mut self) -> io::Result<()> {
            // Set anew each time: after a beat that came late, the next one is not the sooner for it.
            timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &self.beat)?;
            self.timer.read_exact(&mut [0; 8]).await.map(drop)
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use std::io;
    use std::time::Duration;

    pub(in crate::server) struct Ticks(Duration);

    impl Ticks {
        pub(in crate::server) fn every(period: Duration) -> io::Result<Self> {
            Ok(Self(period))
        }

        pub(in crate::server) async fn next(&mut self) -> io::Result<()> {
            tokio::time::sleep(self.0).await;
            Ok(())
        }
    }
}
