//! A compiled kernel, and binding by name: WGSL alone says what is bound where, and a missing, extra or misspelt name is
//! refused when the bind group is made.

use super::context::Gpu;
use super::dims::STEP_STRIDE;
use super::shaders::KernelId;
use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{AddressSpace, StorageAccess};
use wgpu::{BindGroup, BindGroupEntry, BindGroupLayout, BindingResource, Buffer, BufferBindingType, ComputePipeline};

/// One binding that an entry point uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The variable's name.
    pub name: String,
    /// `@binding` of group 0.
    pub index: u32,
    kind: BufferBindingType,
}

impl Binding {
    /// Whether it is a uniform buffer, rather than a storage buffer.
    #[cfg(test)]
    pub fn is_uniform(&self) -> bool {
        self.kind == BufferBindingType::Uniform
    }

    /// What lies behind a dynamic offset: the constants of a training step, or the place in time.
    fn dynamic(&self) -> Option<Dynamic> {
        match self.name.as_str() {
            "step" => Some(Dynamic::Step),
            "time" => Some(Dynamic::Time),
            _ => None,
        }
    }
}

/// A uniform behind a dynamic offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dynamic {
    Step,
    Time,
}

/// The bindings that `entry` uses. Panics where the module is not valid: our own shaders are.
pub fn reflect(module: &naga::Module, entry: &str) -> Vec<Binding> {
    let info = Validator::new(ValidationFlags::all(), Capabilities::all())
        .validate(module)
        .unwrap_or_else(|error| panic!("{entry}: {error:?}"));
    let index = module.entry_points.iter().position(|point| point.name == entry);
    let index = index.unwrap_or_else(|| panic!("no entry point `{entry}`"));
    let uses = info.get_entry_point(index);
    let mut bindings = Vec::new();
    for (handle, variable) in module.global_variables.iter() {
        let Some(binding) = &variable.binding else { continue };
        if uses[handle].is_empty() {
            continue;
        }
        let kind = match variable.space {
            AddressSpace::Uniform => BufferBindingType::Uniform,
            AddressSpace::Storage { access } => {
                BufferBindingType::Storage { read_only: !access.contains(StorageAccess::STORE) }
            }
            space => panic!("{entry}: a binding in {space:?}"),
        };
        let name = variable.name.clone().unwrap_or_default();
        bindings.push(Binding { name, index: binding.binding, kind });
    }
    bindings.sort_by_key(|binding| binding.index);
    bindings
}

/// A compute pipeline and what it binds.
#[derive(Debug)]
pub struct Kernel {
    id: KernelId,
    pipeline: ComputePipeline,
    layout: BindGroupLayout,
    bindings: Vec<Binding>,
}

impl Kernel {
    /// Compiles a kernel. A refusal by the driver is kept in `gpu` for its next check.
    pub fn new(gpu: &Gpu, id: KernelId) -> Self {
        let (entry, source) = (id.kind.entry(), gpu.source(id));
        let module = naga::front::wgsl::parse_str(&source)
            .unwrap_or_else(|error| panic!("{entry}: {}", error.emit_to_string(&source)));
        let bindings = reflect(&module, entry);

        let entries: Vec<wgpu::BindGroupLayoutEntry> = bindings
            .iter()
            .map(|binding| wgpu::BindGroupLayoutEntry {
                binding: binding.index,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer {
                    ty: binding.kind,
                    has_dynamic_offset: binding.dynamic().is_some(),
                    min_binding_size: None,
                },
                count: None,
            })
            .collect();
        let layout = gpu
            .device
            .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(entry), entries: &entries });
        let pipeline_layout = gpu.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(entry),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });

        let descriptor =
            wgpu::ShaderModuleDescriptor { label: Some(entry), source: wgpu::ShaderSource::Wgsl(source.into()) };
        let checks = match gpu.checked {
            true => wgpu::ShaderRuntimeChecks::checked(),
            false => wgpu::ShaderRuntimeChecks::unchecked(),
        };
        // SAFETY: the source is ours alone, every index in it is within its buffer and every loop ends; the tests run each
        // kernel with guard words behind every buffer, checked and unchecked.
        let shader = unsafe { gpu.device.create_shader_module_trusted(descriptor, checks) };
        let pipeline = gpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
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
        Kernel { id, pipeline, layout, bindings }
    }

    /// Binds buffers by name. Panics where the names are not those of the shader: the caller is ours.
    pub fn bind(&self, gpu: &Gpu, buffers: &[(&str, &Buffer)]) -> BindGroup {
        let entry = self.id.kind.entry();
        let entries: Vec<BindGroupEntry> = self
            .bindings
            .iter()
            .map(|binding| {
                let found = buffers.iter().find(|(name, _)| *name == binding.name);
                let (_, buffer) = found.unwrap_or_else(|| panic!("{entry}: nothing is bound to `{}`", binding.name));
                let resource = match binding.dynamic() {
                    Some(_) => BindingResource::Buffer(wgpu::BufferBinding {
                        buffer,
                        offset: 0,
                        size: std::num::NonZeroU64::new(STEP_STRIDE as u64),
                    }),
                    None => buffer.as_entire_binding(),
                };
                BindGroupEntry { binding: binding.index, resource }
            })
            .collect();
        if let Some((name, _)) = buffers.iter().find(|(name, _)| self.bindings.iter().all(|b| b.name != *name)) {
            panic!("{entry}: there is no binding `{name}`");
        }
        gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(entry),
            layout: &self.layout,
            entries: &entries,
        })
    }

    /// The dynamic offsets for training step `step` and place in time `time`, in the order of the bindings, and their number.
    pub fn offsets(&self, step: usize, time: usize) -> ([u32; 2], usize) {
        let mut offsets = [0; 2];
        let mut count = 0;
        for dynamic in self.bindings.iter().filter_map(Binding::dynamic) {
            let place = match dynamic {
                Dynamic::Step => step,
                Dynamic::Time => time,
            };
            offsets[count] = (place * STEP_STRIDE) as u32;
            count += 1;
        }
        (offsets, count)
    }

    /// The name of the entry point.
    pub fn entry(&self) -> &'static str {
        self.id.kind.entry()
    }

    /// The pipeline.
    pub fn pipeline(&self) -> &ComputePipeline {
        &self.pipeline
    }
}
