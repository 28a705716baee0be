//! Links the kernels: every shader in `shaders/` with what it imports, by WESL (<https://wesl-lang.dev>), once for
//! every specialization that there is. What comes of it is plain WGSL, in a table that
//! `src/engine/gpu/kernels/module.rs` includes. The modules share most of their declarations, so that the table has each
//! declaration once: a twentieth of the text, which a browser has to load.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};
use wesl::{CompileOptions, Feature, ManglerKind, ModulePath, VirtualResolver, Wesl};

/// A choice that makes another module: each value has a name, the conditions that hold for it in `@if`, and the file
/// that stands for the axis's own module.
struct Axis {
    /// What a kernel that depends on it imports, or names in `@if`.
    mentions: &'static [&'static str],
    values: &'static [Value],
}

/// A value's name, the conditions that hold for it, and the module that its file stands for.
type Value = (&'static str, &'static [&'static str], Option<Alias>);

/// A module of `package`, and the path of the file that stands for it.
type Alias = (&'static str, &'static str);

/// A specialization: its key in the table, the conditions that hold, the files that stand for modules.
type Specialization = (String, Vec<&'static str>, Vec<Alias>);

const AXES: [Axis; 4] = [
    // The cell: `package::cell` is its file.
    Axis {
        mentions: &["package::cell"],
        values: &[
            ("rnn_tanh", &["rnn_tanh"], Some(("cell", "cells/rnn"))),
            ("rnn_relu", &["rnn_relu"], Some(("cell", "cells/rnn"))),
            ("lstm", &[], Some(("cell", "cells/lstm"))),
            ("gru", &[], Some(("cell", "cells/gru"))),
        ],
    },
    // How packed weights and the tape are stored.
    Axis {
        mentions: &["half_native", "half_words"],
        values: &[("f32", &[], None), ("half_native", &["half_native"], None), ("half_words", &["half_words"], None)],
    },
    // What a weight gradient is the gradient of: `package::operand` is its file.
    Axis {
        mentions: &["package::operand"],
        values: &[
            ("hidden", &[], Some(("operand", "operands/hidden"))),
            ("input", &[], Some(("operand", "operands/input"))),
            ("head", &[], Some(("operand", "operands/head"))),
        ],
    },
    // Whether the fused kernel goes back too.
    Axis { mentions: &["training"], values: &[("inference", &[], None), ("training", &["training"], None)] },
];

/// Links them all.
pub fn link_all() {
    println!("cargo::rerun-if-changed=shaders");
    let shaders = Path::new("shaders");
    let mut files = BTreeMap::new();
    read(shaders, shaders, &mut files);
    let kernels: Vec<&String> = files.keys().filter(|path| !path.contains('/')).collect();

    let mut modules = String::new();
    let (mut declarations, mut places) = (Vec::new(), HashMap::new());
    for kernel in kernels {
        let mentioned = mentions(kernel, &files);
        let mut specializations: Vec<Specialization> = vec![(kernel.clone(), vec![], vec![])];
        for axis in &AXES {
            if !axis.mentions.iter().any(|word| mentioned.contains(*word)) {
                specializations.iter_mut().for_each(|(key, ..)| key.push_str(" -"));
                continue;
            }
            specializations = specializations
                .iter()
                .flat_map(|(key, conditions, aliases)| {
                    axis.values.iter().map(move |(name, holds, alias)| {
                        let conditions = [conditions.as_slice(), holds].concat();
                        let aliases = aliases.iter().copied().chain(*alias).collect();
                        (format!("{key} {name}"), conditions, aliases)
                    })
                })
                .collect();
        }
        for (key, conditions, aliases) in specializations {
            let source = link(kernel, &files, &conditions, &aliases);
            let parts = source.split_inclusive("\n\n").map(|declaration| {
                *places.entry(declaration.to_owned()).or_insert_with(|| {
                    declarations.push(declaration.to_owned());
                    u16::try_from(declarations.len() - 1).expect("there are far fewer declarations")
                })
            });
            let parts: Vec<u16> = parts.collect();
            writeln!(modules, "    ({key:?}, &{parts:?}),").expect("a string takes what is written");
        }
    }
    let table = format!("(&{declarations:#?}, &[\n{modules}])\n");
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it")).join("modules.rs");
    fs::write(out, table).expect("the table of modules is written");
}

/// The shaders below `folder`, by their path from `root` without its ending.
fn read(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("shaders/ is a folder") {
        let path = entry.expect("an entry of shaders/").path();
        if path.is_dir() {
            read(root, &path, files);
        } else if path.extension().is_some_and(|ending| ending == "wesl") {
            let name = path.strip_prefix(root).expect("it lies below").with_extension("");
            let name = name.to_str().expect("shaders have plain names").replace('\\', "/");
            files.insert(name, fs::read_to_string(&path).expect("a shader is read"));
        }
    }
}

/// Which of the words of [`AXES`] a kernel mentions, or what it imports. A cell's and an operand's files are not looked
/// into: every kernel that imports them has the axis anyway.
fn mentions<'a>(kernel: &str, files: &BTreeMap<String, String>) -> BTreeSet<&'a str> {
    let (mut found, mut seen, mut open) = (BTreeSet::new(), BTreeSet::new(), vec![kernel.to_owned()]);
    while let Some(path) = open.pop() {
        let Some(text) = files.get(&path).filter(|_| seen.insert(path.clone())) else { continue };
        let code = || text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for axis in &AXES {
            let words = axis.mentions.iter().filter(|word| {
                code().any(|line| (line.contains("import ") || line.contains("@if(")) && line.contains(**word))
            });
            found.extend(words);
        }
        // `import package::a::b::{..}` or `import package::a::b::item`: the file is one of the two.
        for line in code().filter_map(|line| line.strip_prefix("import package::")) {
            let path = line.split([';', '{']).next().unwrap_or("").trim_end_matches("::").replace("::", "/");
            open.extend(path.rsplit_once('/').map(|(folder, _)| folder.to_owned()));
            open.push(path);
        }
        if found.contains("package::operand") {
            open.extend(files.keys().filter(|path| path.starts_with("operands/")).cloned());
        }
    }
    found
}

/// A kernel as plain WGSL. `package::kernel` is its own file, so that what it imports can ask for what it binds.
fn link(kernel: &str, files: &BTreeMap<String, String>, conditions: &[&str], aliases: &[Alias]) -> String {
    let mut resolver = VirtualResolver::new();
    let module =
        |path: &str| format!("package::{}", path.replace('/', "::")).parse::<ModulePath>().expect("a module's path");
    for (path, text) in files {
        resolver.add_module(module(path), text.as_str().into());
    }
    for (alias, path) in aliases.iter().copied().chain([("kernel", kernel)]) {
        resolver.add_module(module(alias), files[path].as_str().into());
    }
    let mut options = CompileOptions {
        imports: true,
        condcomp: true,
        strip: true,
        lower: false,
        validate: true,
        ..Default::default()
    };
    for &condition in AXES.iter().flat_map(|axis| axis.values).flat_map(|(_, conditions, _)| *conditions) {
        options.features.flags.insert(condition.to_owned(), Feature::from(conditions.contains(&condition)));
    }
    let mut compiler = Wesl::new_barebones().set_custom_resolver(resolver);
    compiler.set_options(options).set_mangler(ManglerKind::None);
    match compiler.compile(&module("kernel")) {
        Ok(linked) => linked.to_string(),
        Err(error) => panic!("shaders/{kernel}.wesl: {error}"),
    }
}
