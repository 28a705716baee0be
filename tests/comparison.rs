//! The comparison that the other tests rely on fails where it should.

mod common;

use common::assert_close;

#[test]
fn equal_values_and_values_within_either_tolerance_pass() {
    assert_close("equal", &[0.0, -1.5], &[0.0, -1.5], 0.0, 0.0);
    assert_close("absolute", &[1e-13, 1.0], &[0.0, 1.0], 1e-12, 0.0);
    assert_close("relative", &[1e6 + 1e-7], &[1e6], 1e-12, 1e-12);
    assert_close("f32 against f64", &[0.1f32], &[0.1f64], 1e-8, 0.0);
}

#[test]
#[should_panic(expected = "h_n[1]: found 2.5e0, expected 2e0")]
fn a_difference_fails_and_names_the_place() {
    assert_close("h_n", &[1.0, 2.5, 3.0], &[1.0, 2.0, 3.0], 0.4, 0.1);
}

#[test]
#[should_panic(expected = "2 of 3 values miss; the worst is y[2]: found 9e0, expected 3e0")]
fn the_worst_is_named_too() {
    assert_close("y", &[1.0, 2.5, 9.0], &[1.0, 2.0, 3.0], 0.4, 0.1);
}

#[test]
#[should_panic(expected = "y[0]: found NaN")]
fn a_nan_found_fails() {
    assert_close("y", &[f64::NAN], &[0.0], 1e9, 1e9);
}

#[test]
#[should_panic(expected = "expected NaN")]
fn a_nan_expected_fails() {
    assert_close("y", &[0.0], &[f64::NAN], 1e9, 1e9);
}

#[test]
#[should_panic(expected = "found inf")]
fn an_infinity_found_fails() {
    assert_close("y", &[f32::INFINITY], &[f32::MAX], 1e9, 1e9);
}

#[test]
#[should_panic(expected = "y[0]: found 0e0, expected inf")]
fn an_infinity_expected_fails() {
    assert_close("y", &[0.0], &[f64::INFINITY], 1.0, 1.0);
}

#[test]
#[should_panic(expected = "y: values found (left) and expected (right)")]
fn another_length_fails() {
    assert_close("y", &[0.0], &[0.0, 0.0], 1.0, 1.0);
}

#[test]
#[should_panic(expected = "y: nothing to compare")]
fn nothing_to_compare_fails() {
    assert_close::<f64, f64>("y", &[], &[], 1.0, 1.0);
}
