// Rounding to 16 bits. An adapter may turn a number of 32 bits into one of 16 as it likes, and lavapipe rounds to zero, which
// shrinks every weight. So values are rounded before, to the nearest that 16 bits can hold, ties to even; those below 2^-14
// are left to it. What is finite stays finite: the largest is 65504.

const SIGN: vec4u = vec4u(0x80000000u);
const INFINITY: vec4u = vec4u(0x7f800000u);
const LARGEST_HALF: vec4u = vec4u(0x477fe000u);
// Bits of the fraction that 16 bits have no place for.
const LOST: vec4u = vec4u(0x1fffu);

fn rounded(values: vec4f) -> vec4f {
    let bits = bitcast<vec4u>(values);
    let size = bits & ~SIGN;
    let nearest = (size + (LOST >> vec4u(1u)) + ((size >> vec4u(13u)) & vec4u(1u))) & ~LOST;
    let held = select(min(nearest, LARGEST_HALF), size, size >= INFINITY);
    return bitcast<vec4f>(select(held, size, size < vec4u(0x38800000u)) | (bits & SIGN));
}
