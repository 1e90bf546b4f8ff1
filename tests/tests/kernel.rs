//! The kernel as a notebook uses it, through `jupyter_client`.
//!
//! The cases are in `tests/python/kernel_cases.py`; one run of it, started by whichever test comes
//! first, runs them all, and each test here checks its own. Without the Python environment that
//! `cargo xtask setup` creates, the tests are skipped and say so.

use serde_json::Value;
use std::collections::HashMap;
use std::process::Command;
use std::sync::OnceLock;
use zoobot_tests::{program, python, repository};

/// The result of each case, or why none was run.
fn results() -> &'static Result<HashMap<String, Value>, String> {
    static RESULTS: OnceLock<Result<HashMap<String, Value>, String>> = OnceLock::new();
    RESULTS.get_or_init(run_cases)
}

fn run_cases() -> Result<HashMap<String, Value>, String> {
    let python = python().ok_or("no Python environment")?;
    let output = Command::new(&python)
        .arg(repository().join("tests/python/kernel_cases.py"))
        .arg(program("zoobot-kernel")?)
        .output()
        .map_err(|error| format!("cannot run {}: {error}", python.display()))?;
    let lines = String::from_utf8_lossy(&output.stdout);
    let results: HashMap<String, Value> = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|result| Some((result["case"].as_str()?.to_owned(), result)))
        .collect();
    if !output.status.success() {
        return Err(format!(
            "kernel_cases.py failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(results)
}

fn check(case: &str) {
    if python().is_none() {
        zoobot_tests::skip("run cargo xtask setup");
        return;
    }
    let results = results().as_ref().unwrap_or_else(|error| panic!("{error}"));
    let result = results.get(case).unwrap_or_else(|| panic!("kernel_cases.py has no case {case}"));
    let detail = result["detail"].as_str().unwrap_or_default();
    assert_eq!(result["passed"], true, "{detail}");
    println!("{detail}");
}

macro_rules! cases {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*

        #[test]
        fn every_case_of_the_script_has_its_test_here() {
            if python().is_none() {
                zoobot_tests::skip("run cargo xtask setup");
                return;
            }
            let known = [$(stringify!($name)),*];
            let results = results().as_ref().unwrap_or_else(|error| panic!("{error}"));
            let unknown: Vec<_> =
                results.keys().filter(|case| !known.contains(&case.as_str())).collect();
            assert!(unknown.is_empty(), "cases without a test: {unknown:?}");
        }
    };
}

cases! {
    kernel_info_is_answered_before_the_library_is_warm
    shutdown_leaves_no_process_and_no_folder
    the_cells_process_ends_when_the_kernel_is_killed
    restart_begins_anew
    notebooks_do_not_disturb_each_other
    untyped_lets_of_many_types_are_kept_in_one_cell_and_used_in_the_next
    items_imports_and_lets_may_stand_in_one_cell
    the_type_of_a_let_may_depend_on_an_import_of_an_earlier_cell
    patterns_let_else_shadowing_and_mut_work
    a_moved_variable_is_gone_and_the_next_error_says_why
    references_are_refused_with_advice
    values_of_unnameable_types_are_refused_with_advice
    a_type_that_is_defined_again_takes_its_variables_with_it
    cells_can_be_run_again
    the_last_expression_shows_itself_in_the_best_way_it_has
    displays_and_streams_come_in_order_while_the_cell_runs
    a_display_is_updated_in_place
    a_figure_changes_in_place_while_its_cell_runs
    a_background_job_reports_below_its_cell_while_the_next_cells_run
    a_job_can_be_watched_from_a_later_cell_and_cancelled
    an_empty_cell_and_a_comment_are_fine
    vars_lists_the_variables_and_other_commands_are_refused
    a_question_mark_shows_the_error_with_its_causes_and_keeps_the_variables
    a_panic_shows_its_message_and_place_and_keeps_the_variables
    a_compile_error_points_at_the_cells_own_lines_and_keeps_the_variables
    frequent_errors_come_with_advice_and_keep_the_variables
    habits_from_python_are_answered_with_the_way_of_rust
    tables_print_and_random_numbers_are_there
    columns_become_figures_and_what_they_leave_out_is_said_beside_them
    after_an_error_the_cells_behind_it_are_not_run
    a_crash_is_told_in_plain_words_and_the_next_cell_works
    endless_recursion_is_a_panic_and_keeps_the_variables
    large_arrays_have_room_on_the_stack
    whole_numbers_that_overflow_are_errors
    what_a_cell_cannot_do_is_told_in_words_about_cells
    a_syntax_error_speaks_of_the_cell_alone
    a_future_runs_to_its_end_without_await
    the_time_of_an_expression_is_shown_below_its_value
    text_without_an_end_of_line_is_seen_at_once
    threads_print_and_panic_without_harm
    standard_input_is_empty_and_a_note_says_what_to_do
    a_hundred_megabytes_are_cut_with_one_note_and_the_next_cell_prints_again
    a_thousand_displays_are_cut_with_a_note
    bytes_that_are_no_text_are_replaced_and_the_variables_survive
    a_cell_can_ask_for_a_line_and_a_password
    where_no_input_is_taken_a_question_fails_by_name
    the_stop_button_ends_a_question_and_keeps_the_variables
    tab_completes_the_users_own_names_and_fields
    tab_completes_zoobot_polars_and_plotters_along_chains
    the_first_tab_is_as_full_as_the_next_however_slow_the_machine_is
    tab_offers_the_columns_of_tables_inside_of_texts
    shift_tab_shows_signature_and_documentation
    a_cell_can_ask_for_the_documentation_too
    the_examples_of_the_documentation_run_in_a_notebook
    completion_can_be_prepared_ahead
    completion_answers_while_a_cell_runs
    an_interrupt_message_stops_a_long_call_and_keeps_the_variables
    a_sigint_to_the_kernel_does_the_same
    loops_of_every_kind_stop_and_keep_the_variables
    threads_and_jobs_with_loops_of_their_own_stop
    a_call_that_cannot_be_stopped_is_left_behind_by_a_second_press
    a_second_press_before_the_note_does_nothing
    a_cell_is_stopped_while_it_is_compiled
    statics_have_one_place_for_all_cells
    statics_in_functions_and_of_threads_do_too
    a_static_begins_anew_with_its_cell_its_type_and_its_process
    an_interrupt_between_cells_does_nothing
    nbconvert_executes_a_notebook
    the_smaller_requests_are_answered
    a_console_finds_its_cells_again
    a_debugger_is_refused_and_unknown_comms_are_closed
    a_message_with_a_wrong_signature_is_ignored
    messages_come_in_the_order_that_front_ends_rely_on
    hundreds_of_cells_do_not_get_slower_and_a_kill_leaves_nothing
    many_cells_leave_no_files_behind
}
