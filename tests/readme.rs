//! The README shows what the repository holds.

const README: &str = include_str!("../README.md");

#[test]
fn its_library_example_is_the_example_that_is_built() {
    let example = include_str!("../examples/simple_rnn.rs");
    let code = example.split_once("\n\n").expect("a heading stands above the code").1;
    assert!(README.contains(code), "README.md and examples/simple_rnn.rs differ");
}
