//! The comparison with many volunteers, as JSON and as text.

use serde_json::{Map, Value, json};
use zoobot_core::predict::{BinnedComparison, QuestionComparison, VoteComparison};

/// A comparison as JSON; each value is an object of `value`, `low` and `high`.
pub fn figures(comparison: &VoteComparison) -> Value {
    json!({
        "galaxies": comparison.galaxies(),
        "mean_absolute_deviation": comparison.mean_absolute_deviation(),
        "noise_floor": comparison.noise_floor(),
        "questions": comparison.questions().iter().map(question).collect::<Vec<_>>(),
    })
}

fn question(it: &QuestionComparison) -> Value {
    let r: Map<String, Value> = it.r.iter().map(|(answer, r)| (answer.clone(), json!(r))).collect();
    json!({
        "question": it.question,
        "galaxies": it.galaxies,
        "answer": it.r.first().map(|(answer, _)| answer),
        "r": r,
        "mean_r": it.mean_r,
        "mean_absolute_deviation": it.mean_absolute_deviation,
        "noise_floor": it.noise_floor,
        "accuracy": it.accuracy,
        "agreed_galaxies": it.agreed_galaxies,
        "agreed_accuracy": it.agreed_accuracy,
        "votes_in_50pc": it.votes_in_50pc,
        "votes_in_90pc": it.votes_in_90pc,
        "pit": it.pit,
        "pit_distance": it.pit_distance,
        "worth_volunteers": it.worth_volunteers,
    })
}

/// Adds the comparisons in bins of a column.
pub fn with_bins(mut all: Value, binned: &BinnedComparison) -> Value {
    let bins = binned.bins().iter().map(|bin| {
        let mut it = figures(&bin.comparison);
        it["low"] = json!(bin.low);
        it["high"] = json!(bin.high);
        it
    });
    all["by"] = json!({"column": binned.column(), "bins": bins.collect::<Vec<_>>()});
    all
}

/// The lines of the table; none without a comparison.
pub fn text(protocol: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    if protocol.is_null() {
        return lines;
    }
    lines.push(String::new());
    lines.extend(table(protocol, "question"));
    let by = &protocol["by"];
    let column = by["column"].as_str().unwrap_or_default();
    for bin in list(&by["bins"]) {
        let (low, high) = (number(&bin["low"]), number(&bin["high"]));
        lines.push(String::new());
        lines.extend(table(bin, &format!("{column} {low:.4} to {high:.4}")));
    }
    lines
}

/// The table of the questions, with a heading, and the mean deviation in the last row.
fn table(comparison: &Value, heading: &str) -> Vec<String> {
    let mut lines = vec![format!(
        "{heading:26} {:>8} {:>6} {:>9} {:>5} {:>8} {:>15} {:>7} {:>7} {:>5} {:>20}",
        "galaxies",
        "r",
        "deviation",
        "noise",
        "accuracy",
        "where agreed",
        "in 50 %",
        "in 90 %",
        "PIT",
        "worth volunteers",
    )];
    for it in list(&comparison["questions"]) {
        let agreed = &it["agreed_galaxies"];
        let answer = it["answer"].as_str().unwrap_or_default();
        let right = match agreed.as_u64() {
            Some(1..) => format!("{} of {agreed}", percent(&it["agreed_accuracy"])),
            _ => "-".to_owned(),
        };
        lines.push(format!(
            "{:26} {:>8} {:>6} {:>9} {:>5} {:>8} {right:>15} {:>7} {:>7} {:>5} {:>20}",
            it["question"].as_str().unwrap_or_default(),
            it["galaxies"].as_u64().unwrap_or_default(),
            fixed(&it["r"][answer]),
            fixed(&it["mean_absolute_deviation"]),
            fixed(&it["noise_floor"]),
            percent(&it["accuracy"]),
            percent(&it["votes_in_50pc"]),
            percent(&it["votes_in_90pc"]),
            fixed(&it["pit_distance"]),
            worth(&it["worth_volunteers"]),
        ));
    }
    lines.push(format!(
        "{:26} {:>8} {:>6} {:>9} {:>5}",
        "all questions",
        comparison["galaxies"].as_u64().unwrap_or_default(),
        "",
        fixed(&comparison["mean_absolute_deviation"]),
        fixed(&comparison["noise_floor"]),
    ));
    lines
}

/// A number of volunteers with its interval. It has no upper end, or no value, where the model is at least as
/// good as the votes can tell.
fn worth(estimate: &Value) -> String {
    let at = |end: &str| estimate[end].as_f64().map(|it| format!("{it:.1}"));
    match (at("value"), at("low"), at("high")) {
        (Some(value), Some(low), Some(high)) => format!("{value} ({low} to {high})"),
        (Some(value), Some(low), None) => format!("{value} ({low} or more)"),
        (None, Some(low), None) => format!("{low} or more"),
        _ => "-".to_owned(),
    }
}

fn fixed(estimate: &Value) -> String {
    estimate["value"].as_f64().map_or("-".to_owned(), |it| format!("{it:.3}"))
}

fn percent(estimate: &Value) -> String {
    estimate["value"].as_f64().map_or("-".to_owned(), |it| format!("{:.1} %", 100.0 * it))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}
