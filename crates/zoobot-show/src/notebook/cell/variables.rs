//! The variables kept between cells, by name.
//!
//! A cell takes the variables that it mentions, gives back those that it did not move, and adds its new ones
//! only if it succeeds: after a panic or an error the notebook is in the state before the cell.

use super::columns;
use std::any::Any;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A variable. It need not be `Send`.
struct Kept(Box<dyn Any>);

// SAFETY: only the thread that runs the cells touches the values. If another thread replaces it, the old one
// never runs code of a cell again (see `stop`).
unsafe impl Send for Kept {}

type Variables = HashMap<String, Kept>;

static KEPT: Mutex<Option<Variables>> = Mutex::new(None);
static NEW: Mutex<Option<Variables>> = Mutex::new(None);

/// Takes the variable `name` out; `None` if it does not exist or has another type.
pub fn load<T: 'static>(name: &str) -> Option<T> {
    let kept = of(&KEPT).get_or_insert_default().remove(name)?;
    kept.0.downcast().ok().map(|value| *value)
}

/// Gives back a variable of an earlier cell.
pub fn keep<T: 'static>(name: &str, value: T) {
    columns::note(name, &value, false);
    put(&KEPT, name, Kept(Box::new(value)));
}

/// Keeps a variable that this cell created, provided that the cell succeeds.
pub fn keep_new<T: 'static>(name: &str, value: T) {
    columns::note(name, &value, true);
    put(&NEW, name, Kept(Box::new(value)));
}

/// Adds the new variables to the kept ones, or discards them.
pub(super) fn settle(succeeded: bool) {
    let new = of(&NEW).take().unwrap_or_default();
    if succeeded {
        for (name, value) in new {
            put(&KEPT, &name, value);
        }
    }
}

/// Forgets the new variables of a cell that was left behind, without running destructors.
pub(super) fn forget_new() {
    std::mem::forget(of(&NEW).take());
}

fn put(into: &'static Mutex<Option<Variables>>, name: &str, value: Kept) {
    // Comes before the variables are touched, and before `value` could be dropped.
    super::stop::rest_if_left();
    let replaced = of(into).get_or_insert_default().insert(name.to_owned(), value);
    // Dropped here, outside the lock: a destructor may run any code.
    drop(replaced);
}

fn of(variables: &'static Mutex<Option<Variables>>) -> MutexGuard<'static, Option<Variables>> {
    variables.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_variables_replace_old_ones_only_when_the_cell_came_to_its_end() {
        keep("x", 1_i32);
        keep_new("x", String::from("new"));
        settle(false);
        assert_eq!(load::<i32>("x"), Some(1));
        keep("x", 1_i32);
        keep_new("x", String::from("new"));
        settle(true);
        assert_eq!(load::<String>("x").as_deref(), Some("new"));
    }

    #[test]
    fn a_variable_is_not_handed_out_as_another_type_or_twice() {
        keep("y", 2_u8);
        assert_eq!(load::<u16>("y"), None);
        keep("z", 3_u8);
        assert_eq!(load::<u8>("z"), Some(3));
        assert_eq!(load::<u8>("z"), None);
    }
}
