//! A kernel's module: which specialization of its shader, as `build/kernels.rs` linked it, and the sizes that are constants in
//! it.

use crate::engine::gpu::device::Source;
use crate::model::CellKind;

/// Every specialization of every kernel, as plain WGSL. A key is the kernel's name and the value of each axis, `-`
/// where the kernel does not depend on it: cell, storage, operand, whether it trains. A module is the places of its
/// declarations in [`DECLARATIONS`].
static MODULES: &[(&str, &[u16])] = LINKED.1;

/// Every declaration of the modules, with the blank line behind it.
static DECLARATIONS: &[&str] = LINKED.0;

type Linked = (&'static [&'static str], &'static [(&'static str, &'static [u16])]);
const LINKED: Linked = include!(concat!(env!("OUT_DIR"), "/modules.rs"));

/// A module's text.
fn text(declarations: &[u16]) -> String {
    declarations.iter().map(|&place| DECLARATIONS[usize::from(place)]).collect()
}

/// How packed weights and the tape are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Storage {
    /// In 32 bits.
    F32,
    /// In 16 bits, where the adapter has SHADER_F16.
    HalfNative,
    /// In 16 bits, two to a word, on every adapter.
    HalfWords,
}

impl Storage {
    /// Bytes of a quad.
    pub fn quad_bytes(self) -> usize {
        match self {
            Storage::F32 => 16,
            Storage::HalfNative | Storage::HalfWords => 8,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Storage::F32 => "f32",
            Storage::HalfNative => "half_native",
            Storage::HalfWords => "half_words",
        }
    }
}

/// What a weight gradient is the gradient of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// The recurrent weights.
    Hidden,
    /// The input weights and the biases.
    Input,
    /// The head.
    Head,
}

impl Operand {
    fn name(self) -> &'static str {
        match self {
            Operand::Hidden => "hidden",
            Operand::Input => "input",
            Operand::Head => "head",
        }
    }
}

/// What the kernels of a network are specialized for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Specialization {
    /// The cell.
    pub cell: CellKind,
    /// How packed weights and the tape are stored.
    pub storage: Storage,
}

/// A kernel's module.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Module {
    /// The kernel's entry point, and the stem of its shader.
    pub entry: &'static str,
    /// Which specialization it is, as far as the kernel depends on it.
    pub specialization: Specialization,
    /// Of a weight gradient.
    pub operand: Option<Operand>,
    /// Of the fused kernel: whether it goes back too.
    pub training: bool,
    /// The constants of `shaders/parts/sizes.wesl`, `WG` first.
    pub sizes: Vec<(&'static str, u32)>,
}

impl Module {
    /// One whose workgroups have so many invocations.
    pub fn new(entry: &'static str, specialization: Specialization, invocations: u32) -> Self {
        Module { entry, specialization, operand: None, training: false, sizes: vec![("WG", invocations)] }
    }

    /// The same with more constants.
    pub fn with(mut self, sizes: &[(&'static str, u32)]) -> Self {
        self.sizes.extend(sizes);
        self
    }

    /// Invocations of a workgroup.
    pub fn invocations(&self) -> u32 {
        self.sizes[0].1
    }

    /// The whole module. Panics where there is none such: the caller is ours.
    pub fn source(&self) -> Source {
        let Specialization { cell, storage } = self.specialization;
        let training = if self.training { "training" } else { "inference" };
        let values = [self.entry, cell.name(), storage.name(), self.operand.map_or("", Operand::name), training];
        let is_this = |key: &str| key.split(' ').zip(values).all(|(of_key, value)| of_key == "-" || of_key == value);
        let found = MODULES.iter().find(|(key, _)| is_this(key));
        let (_, declarations) = found.unwrap_or_else(|| panic!("no module is linked for {values:?}"));
        let mut wgsl = text(declarations);
        for &(name, value) in &self.sizes {
            set_constant(&mut wgsl, name, value);
        }
        Source { entry: self.entry, wgsl }
    }
}

/// Gives a constant of `sizes.wesl` its value.
fn set_constant(wgsl: &mut String, name: &str, value: u32) {
    let (declared, value) = match name {
        "EVERY" => (format!("const {name}: bool = "), (value == 1).to_string()),
        _ => (format!("const {name}: u32 = "), format!("{value}u")),
    };
    let at = wgsl.find(&declared).unwrap_or_else(|| panic!("the module has no constant `{name}`")) + declared.len();
    let end = at + wgsl[at..].find(';').expect("a declaration ends");
    wgsl.replace_range(at..end, &value);
}

/// Every linked module with its key.
#[cfg(test)]
pub fn all_modules() -> impl Iterator<Item = (&'static str, Source)> {
    MODULES.iter().map(|&(key, declarations)| {
        let entry = key.split(' ').next().expect("a key has words");
        (key, Source { entry, wgsl: text(declarations) })
    })
}

/// The modules of a kernel, one after another.
#[cfg(test)]
pub fn linked(entry: &str) -> String {
    MODULES
        .iter()
        .filter(|(key, _)| key.split(' ').next() == Some(entry))
        .map(|(_, declarations)| text(declarations))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::gpu::device::{Access, Binding, reflect};
    use naga::valid::{Capabilities, ValidationFlags, Validator};
    use naga::{AddressSpace, StorageAccess};
    use std::collections::HashSet;

    /// The bindings that the entry point of a valid module uses.
    fn reflect_by_naga(Source { entry, wgsl }: &Source) -> Vec<Binding> {
        let refused = |error: String| -> ! { panic!("{entry}: {error}") };
        let module = naga::front::wgsl::parse_str(wgsl).unwrap_or_else(|error| refused(error.emit_to_string(wgsl)));
        let info = Validator::new(ValidationFlags::all(), Capabilities::all())
            .validate(&module)
            .unwrap_or_else(|error| refused(error.emit_to_string(wgsl)));
        let index = module.entry_points.iter().position(|point| point.name == *entry).expect("it has its entry point");
        let uses = info.get_entry_point(index);
        let used = module.global_variables.iter().filter(|(handle, _)| !uses[*handle].is_empty());
        let mut bindings: Vec<Binding> = used
            .filter_map(|(_, variable)| {
                let access = match variable.space {
                    AddressSpace::Uniform => Access::Uniform,
                    AddressSpace::Storage { access } if access.contains(StorageAccess::STORE) => Access::ReadWrite,
                    AddressSpace::Storage { .. } => Access::Read,
                    _ => return None,
                };
                let index = variable.binding.as_ref()?.binding;
                Some(Binding { name: variable.name.clone().unwrap_or_default(), index, access })
            })
            .collect();
        bindings.sort_by_key(|binding| binding.index);
        bindings
    }

    #[test]
    fn every_module_is_valid_wgsl_within_webgpus_default_limits() {
        let mut distinct = HashSet::new();
        let mut kernels = HashSet::new();
        for (key, source) in all_modules() {
            let bindings = reflect(&source);
            assert_eq!(bindings, reflect_by_naga(&source), "{key}");
            let storage = bindings.iter().filter(|binding| binding.access != Access::Uniform).count();
            assert!(storage <= 8, "{key} binds {storage} storage buffers, a browser may allow 8");
            kernels.insert(source.entry);
            distinct.insert(source.wgsl);
        }
        println!("{} kernels, {} distinct modules", kernels.len(), distinct.len());
        assert!(kernels.len() <= 18, "{}", kernels.len());
        assert!(distinct.len() <= 140, "{}", distinct.len());
    }

    /// The cells' constants are those of their Rust twins.
    #[test]
    fn cells_have_the_shapes_of_their_twins() {
        for cell in CellKind::ALL {
            let specialization = Specialization { cell, storage: Storage::F32 };
            let Source { wgsl, .. } = Module::new("fused_update", specialization, 256).source();
            let facts = cell.facts();
            let list =
                |map: [usize; 4]| map[..facts.gates].iter().map(|s| format!("{s}u")).collect::<Vec<_>>().join(", ");
            for expected in [
                format!("const GATES: u32 = {}u;", facts.gates),
                format!("const INPUT_SLOT = array<u32, GATES>({});", list(facts.input_slot)),
                format!("const HIDDEN_SLOT = array<u32, GATES>({});", list(facts.hidden_slot)),
            ] {
                assert!(wgsl.contains(&expected), "{}: {expected}", cell.name());
            }
            let Source { wgsl, .. } = Module::new("scan_forward", specialization, 64).source();
            for expected in
                [format!("const SLOTS: u32 = {}u;", facts.slots), format!("const STATES: u32 = {}u;", facts.states)]
            {
                assert!(wgsl.contains(&expected), "{}: {expected}", cell.name());
            }
        }
    }
}
