//! The server of one page. Until it is stopped, it listens on this machine only, on a port that the
//! system chooses.

use super::guard;
use super::http::{self, Request, Response};
use std::fmt::Debug;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use zoobot_base::error::{Error, Result};

/// The maximum number of simultaneous connections.
const MOST: usize = 64;

/// What a server serves: it answers the requests that [`guard`] allows.
pub trait Site: Debug + Send + Sync + 'static {
    /// Answers a request.
    fn answer(&self, request: &Request) -> Response;

    /// Works in the background until [`close`](Self::close).
    fn work(&self) {}

    /// Ends [`work`](Self::work).
    fn close(&self) {}
}

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Server<S: Site> {
    address: SocketAddr,
    token: String,
    site: Arc<S>,
    stopping: Arc<AtomicBool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl<S: Site> Server<S> {
    /// Starts serving.
    ///
    /// # Errors
    /// [`Error::Io`] when no port can be opened.
    pub fn start(site: S) -> Result<Self> {
        let failed = || Error::io("open", "a port of 127.0.0.1");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed())?;
        let address = listener.local_addr().map_err(failed())?;
        let token = guard::token().map_err(Error::io("make", "a random number"))?;
        let server = Self {
            address,
            token: token.clone(),
            site: Arc::new(site),
            stopping: Arc::default(),
            threads: Mutex::default(),
        };
        let site = Arc::clone(&server.site);
        server.spawn("page: works", move || site.work())?;
        let (site, stopping) = (Arc::clone(&server.site), Arc::clone(&server.stopping));
        server.spawn("page: listens", move || {
            listen(&listener, &site, &stopping, address.port(), &token);
        })?;
        Ok(server)
    }

    fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
        let thread = Builder::new().name(name.to_owned()).spawn(work);
        let thread = thread.map_err(Error::io("start", "a background thread"))?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    /// The page's address. Anyone with the address and an account on this machine can use the page.
    pub fn url(&self) -> String {
        format!("http://{}/?token={}", self.address, self.token)
    }

    /// What is served.
    pub fn site(&self) -> &S {
        &self.site
    }

    /// Whether the server is still running.
    pub fn is_running(&self) -> bool {
        !self.stopping.load(Ordering::SeqCst)
    }

    /// Closes the port and ends the threads.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.site.close();
        // Wakes the listening thread; if it has ended already, nothing answers.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            // A thread that panicked has ended as well.
            let _ = thread.join();
        }
    }
}

impl<S: Site> Drop for Server<S> {
    fn drop(&mut self) {
        self.stop();
    }
}

fn listen<S: Site>(
    listener: &TcpListener,
    site: &Arc<S>,
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
        let (site, token) = (Arc::clone(site), token.to_owned());
        let talk = move || {
            let _one = one;
            http::serve(stream, |request| {
                guard::refused(request, port, &token).unwrap_or_else(|| site.answer(request))
            });
        };
        // If no thread can be started, the connection is closed and the page tries again.
        let _ = Builder::new().name("page: answers".to_owned()).spawn(talk);
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
