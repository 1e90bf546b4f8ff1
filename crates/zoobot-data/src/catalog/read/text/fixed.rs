//! Tables of fixed columns, where empty cells are only spaces: cells are told apart by places where hardly any
//! line has anything.

use std::fmt::Write;
use std::ops::Range;

/// The most characters of a line that are looked at.
const WIDEST: usize = 4096;

/// The table with tabs between its cells, if its columns can be told apart only by their places; `None` for other text.
/// Names that occur twice get a number.
pub fn with_tabs(text: &str) -> Option<String> {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let header = lines().next()?;
    let other = |c: char| matches!(c, ',' | ';' | '\t' | '|' | '"');
    if header.starts_with('#') || header.contains(other) {
        return None;
    }
    let words = header.split_whitespace().count();
    // Values that all lines have can be told apart by the spaces between them.
    if words < 3
        || lines().nth(1).is_none()
        || lines().all(|it| it.split_whitespace().count() == words)
    {
        return None;
    }
    // How many lines have something at a place; what the header has counts as all.
    let (mut taken, mut count): (Vec<usize>, usize) = (Vec::new(), 0);
    for (number, line) in lines().enumerate() {
        if line.contains('\t') || line.len() > WIDEST {
            return None;
        }
        count += 1;
        for (place, c) in line.chars().enumerate() {
            if place >= taken.len() {
                taken.push(0);
            }
            let weight = if number == 0 { usize::MAX / 2 } else { 1 };
            taken[place] += if c.is_whitespace() { 0 } else { weight };
        }
    }
    // A line in a hundred may be out of place.
    let few = count / 100;
    let mut columns: Vec<Range<usize>> = Vec::new();
    for (place, _) in taken.iter().enumerate().filter(|(_, taken)| **taken > few) {
        match columns.last_mut().filter(|last| last.end == place) {
            Some(last) => last.end += 1,
            None => columns.push(place..place + 1),
        }
    }
    // What has no name belongs to the column before it.
    let first = cells(header, &columns);
    let named: Vec<usize> = (0..columns.len()).filter(|&at| !first[at].is_empty()).collect();
    let until = |next: Option<&usize>| next.map_or(columns.len(), |next| *next) - 1;
    let columns: Vec<Range<usize>> = (named.iter().enumerate())
        .map(|(at, &column)| columns[column].start..columns[until(named.get(at + 1))].end)
        .collect();
    let mut names = cells(header, &columns);
    if columns.len() < 3 || named.first() != Some(&0) {
        return None;
    }
    for place in 1..names.len() {
        let mut number = 2;
        let name = names[place].clone();
        while names[..place].contains(&names[place]) {
            names[place] = format!("{name}_{number}");
            number += 1;
        }
    }
    let mut out = names.join("\t");
    out.push('\n');
    let mut header_seen = false;
    for line in text.lines() {
        if line.trim().is_empty() {
            out.push('\n');
        } else if std::mem::replace(&mut header_seen, true) {
            let cells: Vec<String> = cells(line, &columns).iter().map(|it| quoted(it)).collect();
            let _ = writeln!(out, "{}", cells.join("\t"));
        }
    }
    Some(out)
}

/// The words of a line, each in the column that it shares most places with, or is nearest to.
fn cells(line: &str, columns: &[Range<usize>]) -> Vec<String> {
    let mut cells = vec![String::new(); columns.len()];
    let letters: Vec<char> = line.chars().collect();
    let mut place = 0;
    while place < letters.len() {
        if letters[place].is_whitespace() {
            place += 1;
            continue;
        }
        let length = letters[place..].iter().take_while(|c| !c.is_whitespace()).count();
        let word = place..place + length;
        place += length;
        // Shared places count as below zero.
        let away = |column: &Range<usize>| {
            let shared = word.end.min(column.end) as i64 - word.start.max(column.start) as i64;
            -shared
        };
        let nearest = (0..columns.len()).min_by_key(|&at| away(&columns[at]));
        if let Some(cell) = nearest.and_then(|at| cells.get_mut(at)) {
            if !cell.is_empty() {
                cell.push(' ');
            }
            cell.extend(&letters[word]);
        }
    }
    cells
}

fn quoted(cell: &str) -> String {
    match cell.starts_with(['"', '#']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_cut_where_no_line_has_anything() {
        let text = "name z1     obj z2   obj\nJ1   0.0387 S\n\nJ2   0.0272 E   0.29 W, F\nJ3                    #1\n";
        let read = with_tabs(text).unwrap();
        let wanted = "name\tz1\tobj\tz2\tobj_2\nJ1\t0.0387\tS\t\t\n\nJ2\t0.0272\tE\t0.29\tW, F\nJ3\t\t\t\t\"#1\"\n";
        assert_eq!(read, wanted);
    }

    #[test]
    fn other_text_is_left_alone() {
        for text in ["a b c\n1 2 3\n4 5 6\n", "a,b c d\n1\n", "one two three\n", "a\tb c d\n1\t2\n"]
        {
            assert_eq!(with_tabs(text), None, "{text}");
        }
    }
}
