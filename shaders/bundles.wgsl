// How a product's columns are shared out. A job file says how many bundles they make: quads of columns that are finished
// together, VECTORS of them, bundle_count() apart. An item is BUNDLES bundles.

const BUNDLES: u32 = COLUMNS / VECTORS;

alias Columns = array<vec4f, COLUMNS>;
alias Bundle = array<vec4f, VECTORS>;

fn item_count() -> u32 {
    return (bundle_count() + BUNDLES - 1u) / BUNDLES;
}

// Where column quad c of an item lies: an item at the edge repeats the last bundle.
fn column(item: u32, c: u32) -> u32 {
    return c / BUNDLES * bundle_count() + min(item * BUNDLES + c % BUNDLES, bundle_count() - 1u);
}
