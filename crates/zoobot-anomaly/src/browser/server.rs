//! The server of one page. Until it is stopped, it listens on this machine only, on a port that the
//! system chooses.

use super::desk::Desk;
use super::{api, guard, http};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use zoobot_base::error::{Error, Result};

/// The maximum number of simultaneous connections.
const MOST: usize = 64;

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    token: String,
    desk: Arc<Desk>,
    stopping: Arc<AtomicBool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Server {
    /// Starts serving a desk.
    pub fn start(desk: Desk) -> Result<Self> {
        let failed = || Error::io("open", "a port of 127.0.0.1");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed())?;
        let address = listener.local_addr().map_err(failed())?;
        let token = guard::token().map_err(Error::io("make", "a random number"))?;
        let server = Self {
            address,
            token: token.clone(),
            desk: Arc::new(desk),
            stopping: Arc::default(),
            threads: Mutex::default(),
        };
        let desk = Arc::clone(&server.desk);
        server.spawn("rating: learns", move || desk.learn())?;
        let (desk, stopping) = (Arc::clone(&server.desk), Arc::clone(&server.stopping));
        server.spawn("rating: listens", move || {
            listen(&listener, &desk, &stopping, address.port(), &token);
        })?;
        Ok(server)
    }

    fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
        let thread = Builder::new().name(name.to_owned()).spawn(work);
        let thread = thread.map_err(Error::io("start", "a background thread"))?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    /// The page's address. Anyone with the address can rate.
    pub fn url(&self) -> String {
        format!("http://{}/?token={}", self.address, self.token)
    }

    /// The desk that is served.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Whether the server is still running.
    pub fn is_running(&self) -> bool {
        !self.stopping.load(Ordering::SeqCst)
    }

    /// Closes the port and ends the threads.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.desk.close();
        // Wakes the listening thread; if it has ended already, nothing answers.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            // A thread that panicked has ended as well.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn listen(
    listener: &TcpListener,
    desk: &Arc<Desk>,
    stopping: &Arc<AtomicBool>,
    port: u16,
    token: &str,
) {
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        if stopping.load(Ordering::SeqCst) {
            return;
        }
        // The connection was closed at once, or too many files are open, which may pass.
        let Ok(stream) = stream else {
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        let one = Counted::new(&open);
        if one.is_too_many() {
            continue;
        }
        let (desk, token) = (Arc::clone(desk), token.to_owned());
        let talk = move || {
            let _one = one;
            http::serve(stream, |request| {
                guard::refused(request, port, &token).unwrap_or_else(|| api::answer(&desk, request))
            });
        };
        // If no thread can be started, the connection is closed and the page tries again.
        let _ = Builder::new().name("rating: answers".to_owned()).spawn(talk);
    }
}

/// Counts a connection while it is open.
struct Counted(Arc<AtomicUsize>, usize);

impl Counted {
    fn new(open: &Arc<AtomicUsize>) -> Self {
        Self(Arc::clone(open), open.fetch_add(1, Ordering::SeqCst))
    }

    fn is_too_many(&self) -> bool {
        self.1 >= MOST
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
