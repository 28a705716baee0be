//! A compiled kernel, and binding by name: WGSL alone says what is bound where, and a missing, extra or misspelt name is
//! refused when the bind group is made.

use super::array::Array;
use super::context::Gpu;
use super::dims::STEP_STRIDE;
use super::shaders::KernelId;
use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{AddressSpace, ImageClass, StorageAccess, StorageFormat, TypeInner};
use wgpu::{
    BindGroup, BindGroupEntry, BindGroupLayout, BindingType, BufferBindingType, ComputePipeline, StorageTextureAccess,
    TextureFormat, TextureViewDimension,
};

/// One binding that an entry point uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The variable's name.
    pub name: String,
    /// `@binding` of group 0.
    pub index: u32,
    kind: BindingType,
}

impl Binding {
    /// Whether it is a storage buffer, rather than a uniform buffer or a texture.
    #[cfg(test)]
    pub fn is_storage_buffer(&self) -> bool {
        matches!(self.kind, BindingType::Buffer { ty: BufferBindingType::Storage { .. }, .. })
    }

    /// What lies behind a dynamic offset: the constants of a training step, or the place in time.
    fn dynamic(&self) -> Option<Dynamic> {
        Dynamic::of(&self.name)
    }
}

/// A uniform behind a dynamic offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dynamic {
    Step,
    Time,
}

impl Dynamic {
    fn of(name: &str) -> Option<Self> {
        match name {
            "step" => Some(Dynamic::Step),
            "time" => Some(Dynamic::Time),
            _ => None,
        }
    }
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
        let name = variable.name.clone().unwrap_or_default();
        let kind = match (variable.space, &module.types[variable.ty].inner) {
            (AddressSpace::Uniform, _) => buffer(BufferBindingType::Uniform, &name),
            (AddressSpace::Storage { access }, _) => {
                buffer(BufferBindingType::Storage { read_only: only(access) }, &name)
            }
            (_, &TypeInner::Image { class: ImageClass::Storage { format, access }, .. }) => texels(format, access),
            (space, _) => panic!("{entry}: a binding in {space:?}"),
        };
        bindings.push(Binding { name, index: binding.binding, kind });
    }
    bindings.sort_by_key(|binding| binding.index);
    bindings
}

/// Whether what is accessed so is read alone.
fn only(access: StorageAccess) -> bool {
    !access.contains(StorageAccess::STORE)
}

fn buffer(ty: BufferBindingType, name: &str) -> BindingType {
    BindingType::Buffer { ty, has_dynamic_offset: Dynamic::of(name).is_some(), min_binding_size: None }
}

fn texels(format: StorageFormat, access: StorageAccess) -> BindingType {
    let format = match format {
        StorageFormat::Rgba32Float => TextureFormat::Rgba32Float,
        StorageFormat::Rg32Uint => TextureFormat::Rg32Uint,
        format => panic!("no kernel has texels in {format:?}"),
    };
    let access = if only(access) { StorageTextureAccess::ReadOnly } else { StorageTextureAccess::ReadWrite };
    BindingType::StorageTexture { access, format, view_dimension: TextureViewDimension::D2 }
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
                ty: binding.kind,
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

    /// Binds arrays by name. Panics where the names are not those of the shader: the caller is ours.
    pub fn bind(&self, gpu: &Gpu, arrays: &[(&str, &Array)]) -> BindGroup {
        let entry = self.id.kind.entry();
        let entries: Vec<BindGroupEntry> = self
            .bindings
            .iter()
            .map(|binding| {
                let found = arrays.iter().find(|(name, _)| *name == binding.name);
                let (_, array) = found.unwrap_or_else(|| panic!("{entry}: nothing is bound to `{}`", binding.name));
                let resource = array.binding(binding.dynamic().map(|_| STEP_STRIDE as u64));
                BindGroupEntry { binding: binding.index, resource }
            })
            .collect();
        if let Some((name, _)) = arrays.iter().find(|(name, _)| self.bindings.iter().all(|b| b.name != *name)) {
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
