//! The committed inputs: small enough to be looked through, and to be run by every `cargo test`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::Target;

/// The most files of one target; `tests/fuzz/tests/corpus.rs` holds to it.
const MOST_FILES: usize = 60;

/// The most bytes of one target, all files together.
const MOST_BYTES: u64 = 100 * 1024;

/// The targets: each has a folder of inputs.
pub fn targets(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("tests/fuzz/corpus");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Keeps the inputs that have a name, and of all others the one that reaches most that is not reached yet, and so on,
/// within the bounds.
///
/// Counted is only what is reached, not how often: libFuzzer itself would keep thousands.
pub fn minimise(target: &Target) -> Result<String> {
    let (merged, control) = (target.finds.with_extension("merged"), target.finds.with_extension("control"));
    fs::create_dir_all(&merged)?;
    fs::remove_file(&control).or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
    let mut command = target.command();
    command.args(["-set_cover_merge=1", "-use_counters=0"]).arg(format!("-merge_control_file={}", control.display()));
    command.arg(&merged).arg(&target.corpus).arg(&target.finds);
    if !target.logged(command)? {
        bail!("the corpus could not be merged: see {}", target.log.display());
    }
    fs::remove_dir_all(&merged)?;
    let (named, mut found): (Vec<Input>, Vec<Input>) = inputs(&fs::read_to_string(&control)?)?.into_iter().partition(|input| !is_found(&input.file));
    let mut reached: HashSet<u64> = named.iter().flat_map(|input| input.reaches.iter().copied()).collect();
    let (mut count, mut bytes) = (named.len(), named.iter().map(|input| input.bytes).sum::<u64>());
    let mut kept = BTreeMap::new();
    let mut taken = reached.clone();
    while count < MOST_FILES {
        // What is left of each is what nothing kept so far reaches.
        found.iter_mut().for_each(|input| input.reaches.retain(|place| !taken.contains(place)));
        found.retain(|input| bytes + input.bytes <= MOST_BYTES && !input.reaches.is_empty());
        let Some(best) = found.iter().max_by_key(|input| (input.reaches.len(), Reverse(input.bytes))) else { break };
        (count, bytes) = (count + 1, bytes + best.bytes);
        taken.clone_from(&best.reaches);
        reached.extend(&best.reaches);
        kept.insert(best.file.file_name().unwrap_or_default().to_owned(), fs::read(&best.file)?);
    }
    for file in files(&target.corpus)?.iter().filter(|file| is_found(file)) {
        fs::remove_file(file)?;
    }
    kept.iter().try_for_each(|(name, input)| fs::write(target.corpus.join(name), input))?;
    Ok(format!("{}: {count} inputs with {bytes} bytes reach {} edges", target.corpus.display(), reached.len()))
}

/// An input, and what it reaches.
struct Input {
    file: PathBuf,
    bytes: u64,
    reaches: HashSet<u64>,
}

/// By libFuzzer's own record of a merge (`FuzzerMerge.cpp`): how many files, how many of them were there before, their
/// names, and then for each a line that it was begun and one of what it reached.
fn inputs(record: &str) -> Result<Vec<Input>> {
    let mut lines = record.lines();
    let count: usize = lines.next().and_then(|line| line.parse().ok()).context("the record of the merge has no beginning")?;
    let names: Vec<&str> = lines.by_ref().skip(1).take(count).collect();
    let mut inputs = Vec::new();
    for line in lines.filter_map(|line| line.strip_prefix("FT ")) {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        let place = numbers.next().context("the record of the merge is cut off")??;
        let file = PathBuf::from(names.get(usize::try_from(place)?).context("the record of the merge names no such file")?);
        inputs.push(Input { bytes: fs::metadata(&file)?.len(), file, reaches: numbers.collect::<Result<_, _>>()? });
    }
    Ok(inputs)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// Whether libFuzzer gave it its name, a SHA-1 in hexadecimal; what a person named is never taken away.
fn is_found(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.len() == 40 && name.to_string_lossy().bytes().all(|byte| byte.is_ascii_hexdigit()))
}
