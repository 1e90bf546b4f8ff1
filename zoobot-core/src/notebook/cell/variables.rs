//! The variables kept between cells, by name.
//!
//! They live in the thread that runs the cells, so they need not be `Send`. A cell takes the ones
//! it mentions, gives back those it did not move away, and adds its new ones only when it came to
//! its end: after a panic or an error the notebook is as it was before the cell.

use super::columns;
use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;

type Variables = HashMap<String, Box<dyn Any>>;

thread_local! {
    static KEPT: RefCell<Variables> = RefCell::default();
    static NEW: RefCell<Variables> = RefCell::default();
}

/// Takes the variable `name` out; `None` when it is not there or has another type.
pub fn load<T: 'static>(name: &str) -> Option<T> {
    take(name)?.downcast().ok().map(|value| *value)
}

/// Gives back a variable of an earlier cell.
pub fn keep<T: 'static>(name: &str, value: T) {
    columns::note(name, &value, false);
    put(&KEPT, name, Box::new(value));
}

/// Keeps a variable that this cell has made, once the cell has come to its end.
pub fn keep_new<T: 'static>(name: &str, value: T) {
    columns::note(name, &value, true);
    put(&NEW, name, Box::new(value));
}

/// Adds the new variables to the kept ones, or forgets them.
pub(super) fn settle(succeeded: bool) {
    let new = NEW.with(|new| new.try_borrow_mut().map(|mut new| std::mem::take(&mut *new)));
    let Ok(new) = new else { return };
    if succeeded {
        for (name, value) in new {
            put(&KEPT, &name, value);
        }
    }
}

fn take(name: &str) -> Option<Box<dyn Any>> {
    KEPT.with(|kept| kept.try_borrow_mut().ok()?.remove(name))
}

fn put(into: &'static std::thread::LocalKey<RefCell<Variables>>, name: &str, value: Box<dyn Any>) {
    let replaced = into.with(|map| map.try_borrow_mut().ok()?.insert(name.to_owned(), value));
    // Dropped here, outside the borrow: a destructor may do anything.
    drop(replaced);
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
