//! How a kernel's work is laid out on an adapter: the constants and the files that a layout adds to a kernel.

use super::shaders::{PARTS, shader};
use super::texels::in_texels;
use crate::engine::Precision;

/// How four values lie in an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// As a vec4, those of 16 bits in two words.
    Quads,
    /// As a vec4, those of 16 bits too, where the adapter has SHADER_F16.
    HalfQuads,
    /// As a texel, for software adapters: `texels.rs`.
    Texels,
}

impl Format {
    /// The source of a kernel whose arrays lie so.
    pub fn lay(self, source: String, precision: Precision) -> String {
        match self {
            Format::Quads | Format::HalfQuads => source,
            Format::Texels => in_texels(&source, precision),
        }
    }
}

/// The side of a product that the lanes of a subgroup share out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Along {
    /// `shaders/lanes/rows.wgsl`: each lane has rows of its own. Weight gradients too.
    Rows,
    /// `shaders/lanes/columns.wgsl`: each lane has columns of its own.
    Columns,
}

/// The layout of a kernel's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// An item an invocation.
    Items {
        /// Of a workgroup.
        invocations: u32,
    },
    /// Some batch rows a workgroup, for a whole sequence.
    Scan {
        /// Of a workgroup.
        invocations: u32,
        /// vec4s of workgroup memory.
        shared: u32,
    },
    /// A product in the registers of a subgroup, for software adapters: `shaders/lanes`.
    Lanes {
        /// Of the subgroup, which is a workgroup.
        lanes: u32,
        /// Rows, or left quads, of a lane; of all lanes, where they lie along the columns.
        own: u32,
        /// Column quads of an item.
        columns: u32,
        /// What the lanes lie along.
        along: Along,
    },
    /// A product in workgroup memory, for GPUs: `shaders/tiles`.
    Tiles {
        /// Row quads of a workgroup.
        row_quads: u32,
        /// Its items.
        items: u32,
        /// Column quads of an item.
        columns: u32,
        /// Quads of k that lie in workgroup memory at a time.
        depth: u32,
        /// Invocations that share a tile, each for a part of k: 1, or at least 4.
        splits: u32,
    },
    /// Some rows a workgroup, for a whole training step or forward pass: `shaders/fused`.
    Fused {
        /// Of the subgroup that is a workgroup on software adapters; else the invocations of a row meet in workgroup memory.
        lanes: Option<u32>,
        /// Rows that a workgroup takes at a time.
        abreast: u32,
        /// Quads of units.
        quads: u32,
        inputs: u32,
        outputs: u32,
        /// Whether every step has an output.
        every: bool,
    },
}

impl Work {
    /// Invocations of a workgroup: the constant `WG` in WGSL.
    pub fn invocations(self) -> u32 {
        match self {
            Work::Items { invocations } | Work::Scan { invocations, .. } => invocations,
            Work::Lanes { lanes, .. } => lanes,
            Work::Tiles { row_quads, items, splits, .. } => row_quads * items * splits,
            Work::Fused { lanes, abreast, quads, .. } => lanes.unwrap_or(abreast * quads),
        }
    }

    /// vec4s of workgroup memory whose size is not the kernel's own: the constant `SH` in WGSL.
    pub fn shared(self) -> u32 {
        match self {
            Work::Items { .. } | Work::Lanes { .. } => 0,
            Work::Scan { shared, .. } => shared,
            Work::Fused { lanes: Some(_), .. } => 0,
            Work::Fused { lanes: None, .. } => self.invocations(),
            Work::Tiles { row_quads, items, columns, depth, splits } => {
                let sides = depth * 4 * (row_quads + items * columns);
                sides.max(if splits > 1 { self.invocations() * 4 } else { 0 })
            }
        }
    }

    /// Workgroups of a product of `rows` rows by `items` items; each kind of row and item fills up its last workgroup.
    pub fn workgroups(self, rows: usize, items: usize) -> usize {
        match self {
            Work::Lanes { lanes, own, along: Along::Rows, .. } => items * rows.div_ceil((lanes * own) as usize),
            Work::Lanes { lanes, own, along: Along::Columns, .. } => {
                items.div_ceil(lanes as usize) * rows.div_ceil(own as usize)
            }
            Work::Tiles { row_quads, items: side, .. } => {
                items.div_ceil(side as usize) * rows.div_ceil(4 * row_quads as usize)
            }
            _ => unreachable!("{self:?} is not the layout of a product"),
        }
    }

    /// Column quads of an item of a product.
    pub fn columns(self) -> usize {
        match self {
            Work::Lanes { columns, .. } | Work::Tiles { columns, .. } => columns as usize,
            _ => unreachable!("{self:?} is not the layout of a product"),
        }
    }

    /// Its constants.
    pub fn constants(self) -> String {
        let mut text = format!(
            "const WG: u32 = {}u;\nconst SH: u32 = {}u;\nconst PARTS: u32 = {PARTS}u;\n",
            self.invocations(),
            self.shared()
        );
        let own = match self {
            Work::Items { .. } | Work::Scan { .. } => vec![],
            Work::Lanes { own, columns, .. } => vec![("OWN", own), ("COLUMNS", columns)],
            Work::Tiles { row_quads, items, columns, depth, splits } => vec![
                ("ROW_QUADS", row_quads),
                ("ITEMS", items),
                ("COLUMNS", columns),
                ("DEPTH", depth),
                ("SPLITS", splits),
            ],
            Work::Fused { abreast, quads, inputs, outputs, .. } => {
                vec![("ABREAST", abreast), ("HQ", quads), ("INPUTS", inputs), ("OUTPUTS", outputs)]
            }
        };
        if let Work::Fused { every, .. } = self {
            text.push_str(&format!("const EVERY: bool = {every};\n"));
        }
        own.iter().for_each(|(name, value)| text.push_str(&format!("const {name}: u32 = {value}u;\n")));
        text
    }

    /// What it adds to a product of rows by a matrix.
    pub fn product_files(self) -> Vec<&'static str> {
        match self {
            Work::Lanes { lanes, along, .. } => {
                let layout = match along {
                    Along::Rows => shader!("lanes/rows"),
                    Along::Columns => shader!("lanes/columns"),
                };
                vec![shader!("lanes/product"), layout, shader!("bundles"), spread(lanes)]
            }
            _ => vec![shader!("tiles/product"), shader!("tiles/rows"), shader!("bundles")],
        }
    }

    /// What it adds to the fused kernels.
    pub fn fused_files(self) -> Vec<&'static str> {
        let own = match self {
            Work::Fused { lanes: Some(lanes), .. } => {
                vec![shader!("fused/held"), shader!("fused/lanes"), spread(lanes)]
            }
            _ => vec![shader!("fused/streamed"), shader!("fused/memory")],
        };
        [own, vec![shader!("fused/weights")]].concat()
    }

    /// What it adds to the one with a way back.
    pub fn fused_gradient_files(self) -> Vec<&'static str> {
        match self {
            Work::Fused { lanes: Some(_), .. } => vec![shader!("fused/held_gradient")],
            _ => vec![shader!("fused/streamed_gradient")],
        }
    }

    /// What it adds to an operand of a weight gradient.
    pub fn outer_files(self) -> Vec<&'static str> {
        match self {
            Work::Lanes { lanes, .. } => vec![shader!("lanes/weight_gradient"), spread(lanes)],
            _ => vec![shader!("tiles/weight_gradient"), shader!("tiles/product"), shader!("bundles")],
        }
    }
}

/// Subgroup sizes that there is a `shaders/lanes/spread_*.wgsl` for.
pub const LANES: [u32; 3] = [4, 8, 16];

fn spread(lanes: u32) -> &'static str {
    match lanes {
        4 => shader!("lanes/spread_4"),
        8 => shader!("lanes/spread_8"),
        _ => shader!("lanes/spread_16"),
    }
}
