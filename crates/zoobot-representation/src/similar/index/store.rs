//! An index on disk: a JSON header, then the graph. The vectors stay in their table.

use super::graph::Graph;
use super::recall::Recall;
use super::{Index, IndexConfig, Table};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use zoobot_base::error::{Error, Result};
use zoobot_base::files::write_whole;

/// The first bytes of the file.
const MAGIC: &[u8; 8] = b"zoobotI1";
/// The maximum length of the header.
const HEAD: u64 = 1 << 20;

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    rows: usize,
    width: usize,
    fingerprint: String,
    config: IndexConfig,
    recall: Recall,
    seconds: f64,
    degree: usize,
    entry: u32,
    /// The lengths of the graph's three tables.
    lengths: [usize; 3],
}

impl Index {
    /// The default path of a table's index: the table's path with `.index` appended.
    pub fn beside(table: impl AsRef<Path>) -> PathBuf {
        let mut name = table.as_ref().as_os_str().to_owned();
        name.push(".index");
        name.into()
    }

    /// Writes the index. The file appears whole or not at all, and can be read only with its table.
    ///
    /// # Errors
    /// When the file cannot be written, as on a full disk.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let (degree, entry, tables) = self.graph().parts();
        let head = Head {
            rows: self.table().len(),
            width: self.table().width(),
            fingerprint: self.fingerprint().to_owned(),
            config: self.config().clone(),
            recall: self.measured(),
            seconds: self.seconds(),
            degree,
            entry,
            lengths: tables.map(<[u32]>::len),
        };
        let head = serde_json::to_vec(&head)?;
        write_whole(path, |file| {
            let mut to = BufWriter::with_capacity(1 << 20, file);
            let mut write = |bytes: &[u8]| to.write_all(bytes).map_err(Error::io("write", path));
            write(MAGIC)?;
            write(&(head.len() as u64).to_le_bytes())?;
            write(&head)?;
            let mut bytes = Vec::with_capacity(1 << 18);
            for some in tables.iter().flat_map(|table| table.chunks(1 << 16)) {
                bytes.clear();
                some.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
                write(&bytes)?;
            }
            to.flush().map_err(Error::io("write", path))
        })
    }

    /// Reads an index that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// When the file cannot be read, is not an index or is damaged, or is the index of another table or
    /// of an earlier version of this one.
    pub(in crate::similar) fn read(path: &Path, table: Table) -> Result<Self> {
        let fault = |problem: &str, hint: &str| Error::Catalog {
            path: path.to_path_buf(),
            problem: problem.to_owned(),
            hint: hint.to_owned(),
        };
        let mut file = File::open(path).map_err(Error::io("read", path))?;
        let length = file.metadata().map_err(Error::io("read", path))?.len();
        let mut start = [0; 16];
        let anew = "Build it again, or name another file";
        let begun = file.read_exact(&mut start).is_ok() && start.starts_with(MAGIC);
        let long = u64::from_le_bytes(start[8..].try_into().unwrap_or_default());
        if !begun || long > HEAD || 16 + long > length {
            return Err(fault("it is not an index that this version can read", anew));
        }
        let mut head = vec![0; long as usize];
        file.read_exact(&mut head).map_err(Error::io("read", path))?;
        let head: Head = serde_json::from_slice(&head)
            .map_err(|_| fault("it is not an index that this version can read", anew))?;
        let (rows, width) = (table.rows().len(), table.rows().width());
        if (head.rows, head.width) != (rows, width) {
            let problem = format!(
                "it is the index of another table, of {} galaxies with {} features",
                head.rows, head.width
            );
            let hint =
                format!("Build the index of this table ({rows} galaxies with {width} features)");
            return Err(fault(&problem, &hint));
        }
        let fingerprint = table.fingerprint();
        if head.fingerprint != fingerprint {
            let problem = format!(
                "it is the index of another table, or of this one before it changed \
                 (fingerprint {}, the table has {fingerprint})",
                head.fingerprint
            );
            return Err(fault(&problem, "Build it again"));
        }
        let numbers: u64 = head.lengths.iter().map(|&length| length as u64).sum();
        if numbers.checked_mul(4).is_none_or(|bytes| bytes != length - 16 - long) {
            return Err(fault("it is damaged: its length does not match its header", anew));
        }
        let mut tables = [const { Vec::new() }; 3];
        for (to, length) in tables.iter_mut().zip(head.lengths) {
            *to = numbers_of(&mut file, length).map_err(Error::io("read", path))?;
        }
        let graph = Graph::from_parts(head.degree, head.entry, tables)
            .ok()
            .filter(|graph| graph.rows() == rows)
            .ok_or_else(|| fault("it is damaged: its links lead nowhere", anew))?;
        Self::of(table, fingerprint, head.config, graph, head.recall, head.seconds)
    }
}

fn numbers_of(file: &mut File, count: usize) -> std::io::Result<Vec<u32>> {
    let mut numbers = Vec::with_capacity(count);
    let mut bytes = vec![0; 1 << 20];
    while numbers.len() < count {
        let some = &mut bytes[..(4 * (count - numbers.len())).min(1 << 20)];
        file.read_exact(some)?;
        let fours = some.chunks_exact(4);
        numbers.extend(fours.map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])));
    }
    Ok(numbers)
}
