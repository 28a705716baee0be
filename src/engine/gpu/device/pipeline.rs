//! A compiled kernel, and binding by name: WGSL alone says what is bound where, and a missing, extra or misspelt name
//! is refused when the bind group is made.

use super::array::Array;
use std::ops::Range;
use wgpu::{BindGroup, BindGroupEntry, BindGroupLayout, BindingType, BufferBindingType, ComputePipeline};

/// The WGSL of a kernel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// The name of the entry point.
    pub entry: &'static str,
    /// The whole module.
    pub wgsl: String,
}

/// How a kernel uses a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A uniform buffer.
    Uniform,
    /// A storage buffer that is only read.
    Read,
    /// A storage buffer that is written, and may be read.
    ReadWrite,
}

/// One binding that an entry point uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The variable's name.
    pub name: String,
    /// `@binding` of group 0.
    pub index: u32,
    /// How it is used.
    pub access: Access,
}

/// A uniform behind a dynamic offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dynamic {
    /// The constants of a training step.
    Step,
    /// Where in time a dispatch begins.
    Time,
}

impl Binding {
    fn dynamic(&self) -> Option<Dynamic> {
        match self.name.as_str() {
            "step" => Some(Dynamic::Step),
            "time" => Some(Dynamic::Time),
            _ => None,
        }
    }
}

/// The bindings of a module, all of which its entry point uses. They are read from its text: the linker writes each as
/// `@group(0) @binding(0)`, `var<uniform> dims: Dims;`, and a test compares them with naga's reflection, which a browser
/// would have to load. Panics where one is written otherwise: the modules are ours.
pub fn reflect(source: &Source) -> Vec<Binding> {
    let read = |declared: &str| -> Option<Binding> {
        let (index, variable) = declared.split_once(')')?;
        let (space, variable) = variable.trim_start().strip_prefix("var<")?.split_once('>')?;
        let (name, _) = variable.split_once(':')?;
        let access = match space {
            "uniform" => Access::Uniform,
            "storage, read" => Access::Read,
            "storage, read_write" => Access::ReadWrite,
            _ => return None,
        };
        Some(Binding { name: name.trim().to_owned(), index: index.parse().ok()?, access })
    };
    let declared = source.wgsl.split("@binding(").skip(1).map(|declared| {
        read(declared).unwrap_or_else(|| {
            let line = declared.lines().nth(1).unwrap_or(declared);
            panic!("{}: expected a binding as the linker writes it, found `{line}`", source.entry)
        })
    });
    let mut bindings: Vec<Binding> = declared.collect();
    bindings.sort_by_key(|binding| binding.index);
    bindings
}

/// A compute pipeline and what it binds.
#[derive(Debug)]
pub struct Pipeline {
    entry: &'static str,
    pipeline: ComputePipeline,
    layout: BindGroupLayout,
    bindings: Vec<Binding>,
}

impl Pipeline {
    /// Compiles a kernel, with the checks that wgpu adds to shaders it does not trust or without. A refusal by the
    /// driver goes to the device's handler of errors.
    pub fn new(device: &wgpu::Device, source: &Source, checked: bool) -> Self {
        let (entry, bindings) = (source.entry, reflect(source));
        let entries: Vec<wgpu::BindGroupLayoutEntry> = bindings
            .iter()
            .map(|binding| wgpu::BindGroupLayoutEntry {
                binding: binding.index,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: BindingType::Buffer {
                    ty: match binding.access {
                        Access::Uniform => BufferBindingType::Uniform,
                        access => BufferBindingType::Storage { read_only: access == Access::Read },
                    },
                    has_dynamic_offset: binding.dynamic().is_some(),
                    min_binding_size: None,
                },
                count: None,
            })
            .collect();
        let layout =
            device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(entry), entries: &entries });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(entry),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let wgsl = wgpu::ShaderSource::Wgsl(source.wgsl.as_str().into());
        let descriptor = wgpu::ShaderModuleDescriptor { label: Some(entry), source: wgsl };
        let checks = match checked {
            true => wgpu::ShaderRuntimeChecks::checked(),
            false => wgpu::ShaderRuntimeChecks::unchecked(),
        };
        // SAFETY: the source is ours alone, every index in it is within its buffer and every loop ends; the tests run
        // each kernel with guard words behind every buffer, checked and unchecked.
        let shader = unsafe { device.create_shader_module_trusted(descriptor, checks) };
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(entry),
            layout: Some(&pipeline_layout),
            module: &shader,
            entry_point: Some(entry),
            compilation_options: wgpu::PipelineCompilationOptions {
                // Every kernel writes workgroup memory before it reads it.
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        });
        Pipeline { entry, pipeline, layout, bindings }
    }

    /// Binds arrays by name; of uniforms behind a dynamic offset `stride` bytes at a time. Panics where the names are
    /// not those of the shader: the caller is ours.
    pub fn bind(&self, device: &wgpu::Device, arrays: &[(&str, &Array)], stride: usize) -> BindGroup {
        let entry = self.entry;
        let entries: Vec<BindGroupEntry> = self
            .bindings
            .iter()
            .map(|binding| {
                let found = arrays.iter().find(|(name, _)| *name == binding.name);
                let (_, array) = found.unwrap_or_else(|| panic!("{entry}: nothing is bound to `{}`", binding.name));
                let resource = array.binding(binding.dynamic().map(|_| stride as u64));
                BindGroupEntry { binding: binding.index, resource }
            })
            .collect();
        if let Some((name, _)) = arrays.iter().find(|(name, _)| self.bindings.iter().all(|b| b.name != *name)) {
            panic!("{entry}: there is no binding `{name}`");
        }
        device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(entry),
            layout: &self.layout,
            entries: &entries,
        })
    }

    /// The dynamic offsets of byte `step` in the steps' constants and byte `time` in the times, in the order of the
    /// bindings: those of
    /// `range` count.
    pub fn offsets(&self, step: u32, time: u32) -> ([u32; 2], Range<usize>) {
        let mut offsets = [0; 2];
        let mut count = 0;
        for dynamic in self.bindings.iter().filter_map(Binding::dynamic) {
            offsets[count] = match dynamic {
                Dynamic::Step => step,
                Dynamic::Time => time,
            };
            count += 1;
        }
        (offsets, 0..count)
    }

    /// The name of the entry point.
    pub fn entry(&self) -> &'static str {
        self.entry
    }

    /// The pipeline.
    pub fn pipeline(&self) -> &ComputePipeline {
        &self.pipeline
    }
}
