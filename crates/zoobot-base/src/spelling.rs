//! Suggestions for misspelt names.

use strsim::levenshtein;

/// "Did you mean …?" with the nearest names, or a list of the first few.
pub fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    if let Some(best) = nearest(name, &known) {
        return format!("Did you mean {best:?}?");
    }
    if let [only] = known[..] {
        return format!("There is only {only:?}");
    }
    let some: Vec<String> = known.iter().take(8).map(|name| format!("{name:?}")).collect();
    let more = if known.len() > some.len() { ", ..." } else { "" };
    format!("There are {} names: {}{more}", known.len(), some.join(", "))
}

/// The known name that is nearest in spelling, if any is near enough.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let distances = known.iter().map(|&it| (levenshtein(&wanted, &it.to_lowercase()), it));
    let close = distances.filter(|&(distance, _)| distance <= 1 + name.chars().count() / 4);
    close.min().map(|(_, name)| name)
}
