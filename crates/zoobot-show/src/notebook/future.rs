//! Runs futures in cells, which cannot `.await`.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

/// The interval at which a future without wake-ups is polled, and the stop button is checked.
const LOOK: Duration = Duration::from_millis(50);

/// Runs a future to completion and returns its value, since a cell cannot `.await`. The stop button ends the
/// wait.
///
/// Futures that need a particular runtime, such as tokio's timers, do not run here.
///
/// # Example
/// ```
/// use zoobot_core::notebook::block_on;
///
/// async fn three() -> i32 {
///     3
/// }
/// assert_eq!(block_on(three()), 3);
/// assert_eq!(block_on(async { three().await + 1 }), 4);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        super::cell::stop_point(u64::MAX);
        std::thread::park_timeout(LOOK);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_future_that_another_thread_wakes_comes_to_its_end() {
        let (mut asked, mut waited) = (0, false);
        let slow = std::future::poll_fn(move |context| {
            asked += 1;
            if waited {
                return Poll::Ready(asked);
            }
            waited = true;
            let waker = context.waker().clone();
            std::thread::spawn(move || waker.wake());
            Poll::Pending
        });
        assert_eq!(block_on(slow), 2);
    }
}
