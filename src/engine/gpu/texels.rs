//! Arrays of vec4s in textures, for software adapters: lavapipe (Mesa 22.3) reads a vec4 of a buffer lane by lane and word by word, and
//! one of a texture whole, in a quarter of the time. The kernels are written for arrays; here their accesses become loads and stores
//! of texels. What comes of it is held to be valid WGSL where it is compiled.

use crate::engine::Precision;
use naga::{Expression, GlobalVariable, Handle};
use std::ops::Range;

/// Texels of a row of a texture.
pub const WIDTH: u32 = 1024;

/// What waits until all of a workgroup see what was written to storage, which textures are not.
const BARRIER: &str = "storageBarrier();";

/// A kernel's source with every array in storage of vec4s, or of what packed weights and the tape are stored as, in a texture, row after
/// row.
pub fn in_texels(source: &str, precision: Precision) -> String {
    let declared: Vec<_> = source.lines().filter_map(Declaration::of).collect();
    let begins = accesses(source, &declared);
    let mut text = String::new();
    let called = calls(source, 0..source.len(), &begins).replace(BARRIER, &format!("{BARRIER} textureBarrier();"));
    for line in called.lines() {
        match Declaration::of(line) {
            Some(declaration) => text.push_str(&declaration.as_texture(precision)),
            None => text.push_str(line),
        }
        text.push('\n');
    }
    text.push_str(&format!("\nfn texel(at: u32) -> vec2u {{\n    return vec2u(at % {WIDTH}u, at / {WIDTH}u);\n}}\n"));
    declared.iter().for_each(|declaration| text.push_str(&declaration.functions(precision)));
    text
}

/// A line that declares an array: `BINDING var<storage, ACCESS> NAME: array<ELEMENT>;`.
struct Declaration<'a> {
    binding: &'a str,
    access: &'a str,
    name: &'a str,
    element: &'a str,
    rest: &'a str,
}

impl<'a> Declaration<'a> {
    /// That of `line`, where it declares an array of what can be a texel.
    fn of(line: &'a str) -> Option<Self> {
        let (binding, line) = line.split_once(" var<storage, ")?;
        let (access, line) = line.split_once("> ")?;
        let (name, line) = line.split_once(": array<")?;
        let (element, rest) = line.split_once(">;")?;
        matches!(element, "vec4f" | "Stored").then_some(Declaration { binding, access, name, element, rest })
    }

    /// Whether a texel is two words, and not four floats.
    fn is_halves(&self, precision: Precision) -> bool {
        self.element == "Stored" && precision == Precision::F16
    }

    fn as_texture(&self, precision: Precision) -> String {
        let Declaration { binding, access, name, rest, .. } = self;
        let format = if self.is_halves(precision) { "rg32uint" } else { "rgba32float" };
        format!("{binding} var {name}: texture_storage_2d<{format}, {access}>;{rest}")
    }

    /// How its elements are loaded, and where it can be written, stored.
    fn functions(&self, precision: Precision) -> String {
        let Declaration { name, element, .. } = self;
        let (taken, given) = if self.is_halves(precision) { (".xy", "vec4u(value, 0u, 0u)") } else { ("", "value") };
        let mut text =
            format!("fn {name}_load(at: u32) -> {element} {{\n    return textureLoad({name}, texel(at)){taken};\n}}\n");
        if self.access == "read_write" {
            text.push_str(&format!(
                "fn {name}_store(at: u32, value: {element}) {{\n    textureStore({name}, texel(at), {given});\n}}\n"
            ));
        }
        text
    }
}

/// Where the elements of such arrays are accessed: the bytes that accesses begin at, in order. Other variables may have an array's name.
fn accesses(source: &str, declared: &[Declaration]) -> Vec<usize> {
    let module =
        naga::front::wgsl::parse_str(source).unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
    let is_declared = |variable: Handle<GlobalVariable>| {
        let name = module.global_variables[variable].name.as_deref();
        declared.iter().any(|declaration| Some(declaration.name) == name)
    };
    let functions = module.functions.iter().map(|(_, function)| function);
    let functions = functions.chain(module.entry_points.iter().map(|point| &point.function));
    let mut begins = Vec::new();
    for function in functions {
        for (handle, expression) in function.expressions.iter() {
            let (Expression::Access { base, .. } | Expression::AccessIndex { base, .. }) = *expression else {
                continue;
            };
            match function.expressions[base] {
                Expression::GlobalVariable(variable) if is_declared(variable) => {
                    begins.extend(function.expressions.get_span(handle).to_range().map(|range| range.start));
                }
                _ => {}
            }
        }
    }
    begins.sort_unstable();
    begins.dedup();
    begins
}

/// The part `part` of the source, with `name[index]` and `name[index] = value;` as calls where an access begins.
fn calls(source: &str, part: Range<usize>, begins: &[usize]) -> String {
    let mut made = String::with_capacity(part.len());
    let mut done = part.start;
    while let Some(&begin) = begins.iter().find(|begin| (done..part.end).contains(begin)) {
        let open = begin + source[begin..].find('[').expect("what is accessed has an index");
        let close = open + closing(&source[open..]);
        made.push_str(&source[done..begin]);
        let name = &source[begin..open];
        let index = calls(source, open + 1..close, begins);
        let value = close + 1 + " = ".len();
        if source[close + 1..].starts_with(" = ") {
            let end = value + source[value..].find(';').expect("an assignment ends");
            made.push_str(&format!("{name}_store({index}, {});", calls(source, value..end, begins)));
            done = end + 1;
        } else {
            made.push_str(&format!("{name}_load({index})"));
            done = close + 1;
        }
    }
    made + &source[done..part.end]
}

/// Where the bracket that opens `text` is closed.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    let end = text.char_indices().find(|&(_, c)| {
        depth += i32::from(c == '[') - i32::from(c == ']');
        depth == 0
    });
    end.expect("every bracket of a kernel is closed").0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accesses_become_calls_and_all_else_stays() {
        let source = "alias Stored = vec2u;\n\
                      @group(0) @binding(1) var<storage, read_write> a: array<vec4f>;    // (N)\n\
                      @group(0) @binding(2) var<storage, read> of_a: array<Stored>;\n\
                      @group(0) @binding(3) var<storage, read> order: array<u32>;\n\
                      fn g(a: vec4u) -> u32 {\n    return a[order[1]];\n}\n\
                      fn f(at: u32) -> bool {\n\
                      \x20   storageBarrier();\n\
                      \x20   a[order[at]] = vec4f(of_a[at + 1u].xxxy) + a[0][at % 4u];\n\
                      \x20   return a[at].x == a[order[0]].y;\n}\n";
        let made = in_texels(source, Precision::F16);
        for expected in [
            "@group(0) @binding(1) var a: texture_storage_2d<rgba32float, read_write>;    // (N)\n",
            "@group(0) @binding(2) var of_a: texture_storage_2d<rg32uint, read>;\n",
            "@group(0) @binding(3) var<storage, read> order: array<u32>;\n",
            "    return a[order[1]];\n",
            "    a_store(order[at], vec4f(of_a_load(at + 1u).xxxy) + a_load(0)[at % 4u]);\n",
            "    storageBarrier(); textureBarrier();\n",
            "    return a_load(at).x == a_load(order[0]).y;\n",
            "    return textureLoad(of_a, texel(at)).xy;\n",
        ] {
            assert!(made.contains(expected), "{made}");
        }
        assert!(!made.contains("of_a_store"), "{made}");
    }
}
