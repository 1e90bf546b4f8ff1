//! The JSON in the cells of an export.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// A value of an annotation.
#[derive(Debug, PartialEq)]
pub enum Value<'a> {
    /// The volunteer skipped the question.
    Null,
    Text(Cow<'a, str>),
    /// The place of an answer.
    Index(u64),
    List(Vec<Value<'a>>),
    Entry(Box<Entry<'a>>),
    /// What is no answer to a question, such as a number with a fraction.
    Other,
}

/// An object: the annotation of a task, or an answer with its place or label.
#[derive(Debug, Default, PartialEq)]
pub struct Entry<'a> {
    pub task: Option<Cow<'a, str>>,
    pub task_label: Option<Cow<'a, str>>,
    pub label: Option<Cow<'a, str>>,
    pub value: Option<Value<'a>>,
}

impl<'a> Value<'a> {
    /// The text, of an object its label or value.
    fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    Task,
    TaskLabel,
    Label,
    Value,
    #[serde(other)]
    Other,
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Value<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("annotations")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value<'de>, E> {
        Ok(Value::Index(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value<'de>, A::Error> {
        let mut all = Vec::new();
        while let Some(value) = list.next_element()? {
            all.push(value);
        }
        Ok(Value::List(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        let mut entry = Entry::default();
        while let Some(key) = map.next_key()? {
            match key {
                Key::Task => entry.task = map.next_value::<Value>()?.into_text(),
                Key::TaskLabel => entry.task_label = map.next_value::<Value>()?.into_text(),
                Key::Label => entry.label = map.next_value::<Value>()?.into_text(),
                Key::Value => entry.value = Some(map.next_value()?),
                Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Value::Entry(Box::new(entry)))
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Values)
    }
}

/// The times in the metadata of a classification.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Times {
    #[serde(default)]
    started_at: serde_json::Value,
    #[serde(default)]
    finished_at: serde_json::Value,
}

impl Times {
    /// The seconds between start and end; `None` if one of both is not told.
    pub fn seconds(&self) -> Option<f64> {
        let at = |value: &serde_json::Value| value.as_str().and_then(seconds_of);
        Some(at(&self.finished_at)? - at(&self.started_at)?)
    }
}

/// The seconds since 1970 of a time such as `2019-03-01T12:34:56.789Z` or `2019-03-01 12:34:56 UTC`.
pub fn seconds_of(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches("UTC").trim_end().trim_end_matches('Z');
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "0:0:0"));
    let mut date = date.splitn(3, '-').map(|it| it.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.splitn(3, ':').map(|it| it.parse::<f64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let in_range = (1970..10_000).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0.0..24.0).contains(&hour)
        && (0.0..60.0).contains(&minute)
        && (0.0..61.0).contains(&second);
    // Days since 1970 of the proleptic Gregorian calendar, with years that begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days =
        365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719_469;
    in_range.then_some(days as f64 * 86_400.0 + hour * 3600.0 + minute * 60.0 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_of_every_kind_are_read() {
        let text = r#"[{"task":"T0","task_label":"A \"b\"","value":"Smooth"},{"task":"T1","value":null},
            {"task":"T2","value":["x",{"value":2}]},{"task":"T3","value":3,"taskType":"single"},
            {"task":"T4","value":[{"x":1.5,"y":-2,"tool":true}]}]"#;
        let Value::List(all) = serde_json::from_str::<Value>(text).unwrap() else { panic!() };
        let entry = |place: usize| match &all[place] {
            Value::Entry(entry) => entry,
            other => panic!("{other:?}"),
        };
        assert_eq!(entry(0).task_label.as_deref(), Some("A \"b\""));
        assert_eq!(entry(0).value, Some(Value::Text("Smooth".into())));
        assert_eq!(entry(1).value, Some(Value::Null));
        let Some(Value::List(two)) = &entry(2).value else { panic!() };
        assert!(matches!(&two[1], Value::Entry(it) if it.value == Some(Value::Index(2))));
        assert_eq!(entry(3).value, Some(Value::Index(3)));
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        // date -u -d '2024-02-29 12:00:01' +%s
        assert_eq!(seconds_of("2024-02-29T12:00:01.250Z"), Some(1_709_208_001.25));
        assert_eq!(seconds_of("2024-02-29 12:00:01 UTC"), Some(1_709_208_001.0));
        assert_eq!(seconds_of("1970-01-01"), Some(0.0));
        for wrong in ["", "yesterday", "2024-13-01", "2024-02-29 25:00:00", "Tue Mar 1 2016"] {
            assert_eq!(seconds_of(wrong), None, "{wrong}");
        }
        let times = |text: &str| serde_json::from_str::<Times>(text).unwrap().seconds();
        let both = r#"{"started_at":"2019-03-01T23:59:58.5Z","finished_at":"2019-03-02T00:00:01Z","x":[1]}"#;
        assert_eq!(times(both), Some(2.5));
        assert_eq!(times(r#"{"finished_at":null}"#), None);
    }
}
