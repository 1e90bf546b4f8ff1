//! The last message of a process that is ended by a signal: the kind of fault.
//!
//! When the stack of a thread is used up, nothing can be reported: there is no room to run this.

use super::MARK;
use std::sync::OnceLock;

/// The messages, prepared in advance.
struct Words {
    overflow: String,
    null: String,
    memory: String,
    instruction: String,
    arithmetic: String,
}

static WORDS: OnceLock<Words> = OnceLock::new();

/// A fault within this distance of the stack pointer counts as a stack overflow.
const NEAR: usize = 1 << 20;
/// Nothing is mapped below this address.
const FIRST_PAGES: usize = 1 << 16;

/// Reports the kind of fault before the process ends.
pub fn install() {
    let words = |what: &str| format!("{MARK}{{\"kind\":\"crash\",\"what\":\"{what}\"}}\n");
    let _ = WORDS.set(Words {
        overflow: words("overflow"),
        null: words("null"),
        memory: words("memory"),
        instruction: words("instruction"),
        arithmetic: words("arithmetic"),
    });
    for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE] {
        let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) = last;
        // SAFETY: the handler only reads prepared data, writes it, and lets the signal end the
        // process.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handler as *const () as libc::sighandler_t;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigaction(signal, &raw const action, std::ptr::null_mut());
        }
    }
}

extern "C" fn last(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the system gives valid pointers. `write` and `signal` are async-signal-safe.
    unsafe {
        if let Some(words) = WORDS.get() {
            let text = match signal {
                libc::SIGILL => &words.instruction,
                libc::SIGFPE => &words.arithmetic,
                _ => {
                    let address = (*info).si_addr() as usize;
                    match stack_pointer(context) {
                        Some(stack) if address.abs_diff(stack) < NEAR => &words.overflow,
                        _ if address < FIRST_PAGES => &words.null,
                        _ => &words.memory,
                    }
                }
            };
            libc::write(libc::STDOUT_FILENO, text.as_ptr().cast(), text.len());
        }
        // The instruction is run again on return, and now ends the process.
        libc::signal(signal, libc::SIG_DFL);
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
unsafe fn stack_pointer(context: *mut libc::c_void) -> Option<usize> {
    // SAFETY: the system passes the context of the signal.
    let registers = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    usize::try_from(registers[usize::try_from(libc::REG_RSP).ok()?]).ok()
}

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
unsafe fn stack_pointer(context: *mut libc::c_void) -> Option<usize> {
    // SAFETY: the system passes the context of the signal.
    usize::try_from(unsafe { (*context.cast::<libc::ucontext_t>()).uc_mcontext.sp }).ok()
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
unsafe fn stack_pointer(_: *mut libc::c_void) -> Option<usize> {
    None
}
