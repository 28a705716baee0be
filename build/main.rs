//! What the crate includes that is made: the kernels, where it has the engine that runs them.

#[cfg(feature = "gpu")]
mod kernels;

fn main() {
    println!("cargo::rerun-if-changed=build");
    #[cfg(feature = "gpu")]
    kernels::link_all();
}
