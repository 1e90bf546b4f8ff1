//! The display of a schema: its tree as text and as HTML.

use super::{Question, Schema};
use std::fmt;
use zoobot_show::notebook::text::{escape, plural};
use zoobot_show::notebook::{Bundle, Show};

impl Schema {
    /// A summary such as "decals_dr5_ortho_schema: 10 questions, 34 answers".
    pub(super) fn summary(&self) -> String {
        let questions = plural(self.questions.len(), "question");
        format!("{}: {questions}, {}", self.name, plural(self.width(), "answer"))
    }

    /// Writes a question and everything that follows its answers, prefixing each line with `margin`.
    fn write_tree(&self, out: &mut String, question: &Question, margin: &str) {
        let ends = question.answers.iter().all(|answer| self.leads_to(answer).next().is_none());
        if ends {
            let answers: Vec<&str> = question.answers.iter().map(|it| it.name.as_str()).collect();
            out.push_str(&format!("{margin}{}: {}\n", question.name, answers.join(" | ")));
            return;
        }
        out.push_str(&format!("{margin}{}\n", question.name));
        for (i, answer) in question.answers.iter().enumerate() {
            let last = i + 1 == question.answers.len();
            let (branch, below) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            out.push_str(&format!("{margin}{branch}{}\n", answer.name));
            for next in self.leads_to(answer) {
                self.write_tree(out, next, &format!("{margin}{below}"));
            }
        }
    }

    fn write_list(&self, out: &mut String, question: &Question) {
        out.push_str(&format!("<b>{}</b><ul style=\"margin:0\">", escape(&question.name)));
        for answer in &question.answers {
            out.push_str(&format!("<li>{}", escape(&answer.name)));
            for next in self.leads_to(answer) {
                out.push_str("<div>");
                self.write_list(out, next);
                out.push_str("</div>");
            }
            out.push_str("</li>");
        }
        out.push_str("</ul>");
    }
}

/// Displays the tree: answers below their question, follow-up questions below their answer.
impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tree = self.summary();
        tree.push('\n');
        for question in self.first_questions() {
            self.write_tree(&mut tree, question, "");
        }
        f.write_str(tree.trim_end())
    }
}

impl Show for Schema {
    fn show(&self) -> Bundle {
        let mut html = format!(
            "<div><div style=\"margin:2px 0 6px\">{}</div>\
             <div style=\"max-height:520px;overflow:auto;line-height:1.35\">",
            escape(&self.summary())
        );
        for question in self.first_questions() {
            self.write_list(&mut html, question);
        }
        html.push_str("</div></div>");
        Bundle::plain(self.to_string()).with("text/html", html)
    }
}
