//! Questions that a cell asks the user: passes evcxr's request to Jupyter and the reply back.
//!
//! `zoobot_core::notebook::input` writes the prompt and reads the reply.

use serde_json::json;
use std::sync::mpsc::Receiver;

/// What can arrive while a question is open.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The user's line.
    Text(String),
    /// The user pressed the stop button.
    Interrupted,
}

/// The prompt as the cell wrote it, with percent escapes decoded.
pub fn prompt_of(escaped: &str) -> String {
    let mut parts = escaped.split('%');
    let mut prompt = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        match code {
            Some(code) => {
                prompt.push(char::from(code));
                prompt.push_str(&part[2..]);
            }
            None => prompt.extend(["%", part]),
        }
    }
    prompt
}

/// Waits for the answer; returns the reply for the cell.
pub fn wait(answers: &Receiver<Answer>) -> String {
    match answers.recv() {
        Ok(Answer::Text(text)) => json!({"answer": text}),
        Ok(Answer::Interrupted) => return interrupted(),
        Err(_) => json!({"refused": "the kernel is about to end"}),
    }
    .to_string()
}

/// Whether the stop button was pressed since the cell began; discards input that nobody asked for.
pub fn interrupted_before(answers: &Receiver<Answer>) -> bool {
    answers.try_iter().any(|answer| answer == Answer::Interrupted)
}

/// The reply for a cell that is stopped.
pub fn interrupted() -> String {
    json!({"interrupted": null}).to_string()
}

/// The reply when the front end takes no input.
pub fn refused() -> String {
    json!({"refused": "this notebook is run by a program that takes no input"}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_arrive_as_they_were_given() {
        assert_eq!(prompt_of("a%3a 50 %25%0ab"), "a: 50 %\nb");
        assert_eq!(prompt_of("100%"), "100%");
    }

    #[test]
    fn answers_come_back_in_one_line() {
        let (send, receive) = std::sync::mpsc::channel();
        send.send(Answer::Text("two\nlines".into())).unwrap();
        assert_eq!(wait(&receive), r#"{"answer":"two\nlines"}"#);
        send.send(Answer::Interrupted).unwrap();
        assert_eq!(wait(&receive), r#"{"interrupted":null}"#);
        send.send(Answer::Text("typed unasked".into())).unwrap();
        assert!(!interrupted_before(&receive));
        send.send(Answer::Interrupted).unwrap();
        assert!(interrupted_before(&receive));
    }
}
