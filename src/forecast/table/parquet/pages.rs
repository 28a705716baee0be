//! What a file's pages claim, checked before memory is allocated for it.

use super::deltas::{self, integer};
use crate::memory;
use ::parquet::basic::Encoding;
use ::parquet::column::page::{Page, PageMetadata, PageReader};
use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::reader::{ChunkReader, Length};
use ::parquet::schema::types::ColumnDescriptor;
use bytes::Bytes;
use bytes::buf::{Buf, Reader};

/// Bytes of a page from which on memory is checked: pages have 1 MiB, mostly.
const LARGE: usize = 16 << 20;
/// Most texts of a page behind their lengths, for which memory is allocated at once.
const TEXTS: u64 = 1 << 24;

/// The bytes of a file.
pub struct Chunks {
    bytes: Bytes,
}

impl Chunks {
    /// Those of a file in memory.
    pub fn of(bytes: Vec<u8>) -> Self {
        Chunks { bytes: bytes.into() }
    }

    fn from(&self, start: u64) -> Result<Bytes> {
        let start = usize::try_from(start)?;
        if start > self.bytes.len() {
            return Err(ParquetError::EOF(format!("a part begins at byte {start}, of {}", self.bytes.len())));
        }
        Ok(self.bytes.slice(start..))
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
}

impl ChunkReader for Chunks {
    type T = Reader<Bytes>;

    /// Pages are read from here on, so that their headers are seen.
    fn get_read(&self, start: u64) -> Result<Self::T> {
        let bytes = self.from(start)?;
        if let Some(size) = unpacked(&bytes).filter(|&size| size > LARGE) {
            let checked = memory::check("a page of the table", size, "write it with smaller pages");
            checked.map_err(|error| ParquetError::External(Box::new(error)))?;
        }
        Ok(bytes.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let bytes = self.from(start)?;
        if length > bytes.len() {
            return Err(ParquetError::EOF(format!(
                "expected {length} bytes from byte {start} on, found {}",
                bytes.len()
            )));
        }
        Ok(bytes.slice(..length))
    }
}

/// The size of a page once it is unpacked, from its header, which begins with two integers: its type, and this.
fn unpacked(header: &[u8]) -> Option<usize> {
    const INTEGER: u8 = 0x15; // the next field, a 32-bit integer
    let mut rest = header.strip_prefix(&[INTEGER])?;
    integer(&mut rest)?;
    rest = rest.strip_prefix(&[INTEGER])?;
    usize::try_from(integer(&mut rest)? >> 1).ok() // the lowest bit is the sign
}

/// The pages of a column that has one value a row, or none; as far as what they claim fits their bytes.
pub struct Pages {
    pages: Box<dyn PageReader>,
    /// Whether a row may have no value.
    optional: bool,
}

impl Pages {
    /// Those that `pages` reads of a column.
    pub fn of(pages: Box<dyn PageReader>, column: &ColumnDescriptor) -> Self {
        Pages { pages, optional: column.max_def_level() > 0 }
    }

    /// Whether what is allocated for a page's values is not beyond its bytes.
    fn fits(&self, page: &Page) -> bool {
        let (bytes, levels, values, encoding) = match page {
            Page::DictionaryPage { buf, num_values, .. } => return *num_values as usize <= buf.len(),
            Page::DataPage { def_level_encoding, .. } if self.optional && *def_level_encoding != Encoding::RLE => {
                return false;
            }
            Page::DataPage { buf, num_values, encoding, .. } => {
                let length = buf.first_chunk().filter(|_| self.optional);
                let levels = length.map_or(0, |length| 4 + u64::from(u32::from_le_bytes(*length)));
                (buf, levels, *num_values, *encoding)
            }
            Page::DataPageV2 { buf, num_values, encoding, def_levels_byte_len, rep_levels_byte_len, .. } => {
                let levels = u64::from(*def_levels_byte_len) + u64::from(*rep_levels_byte_len);
                (buf, levels, *num_values, *encoding)
            }
        };
        let most = TEXTS.min(values.into());
        let lengths = |bytes| deltas::skip(bytes).filter(|&(count, _)| count <= most).map(|(_, rest)| rest);
        let Some(bytes) = usize::try_from(levels).ok().and_then(|levels| bytes.get(levels..)) else { return false };
        match encoding {
            Encoding::DELTA_LENGTH_BYTE_ARRAY => lengths(bytes).is_some(),
            Encoding::DELTA_BYTE_ARRAY => lengths(bytes).and_then(lengths).is_some(),
            _ => true,
        }
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        if page.as_ref().is_some_and(|page| !self.fits(page)) {
            return Err(ParquetError::General("a page is not what its header says".to_owned()));
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }
}
