//! On macOS a module for an interpreter is linked with flags of its own.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
