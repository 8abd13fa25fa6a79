#![doc = include_str!("../README.md")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, fs, thread};

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

/// Bytes that an input has at most, so that most of the time goes into many inputs.
const LONGEST: usize = 64 << 10;

/// What readers stumble over: ends, beginnings, and numbers at the edges.
const WORDS: [&[u8]; 28] = [
    b"\0",
    b"\r\n",
    b"\n",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"true",
    b"-1",
    b"0",
    b"1e400",
    b"18446744073709551616",
    b"-9223372036854775809",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xf0\x9f\x98\x80",
    b"%00",
    b"://",
    b"@",
    b"[::ffff:127.0.0.1]",
    b"=",
];

/// The corpus of a target, and then its mutations until the time is over.
pub struct Inputs {
    folder: PathBuf,
    corpus: Vec<Vec<u8>>,
    given: usize,
    drawn: ChaCha8Rng,
    seed: u64,
    ends: Instant,
    current: Vec<u8>,
}

/// Inputs for a target, which is a folder of the corpus with at least one file in it.
pub fn inputs(target: &str) -> Inputs {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("the corpus {} cannot be read: {error}", folder.display()))
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.sort();
    let corpus: Vec<_> = files.iter().filter_map(|file| fs::read(file).ok()).collect();
    assert!(!corpus.is_empty(), "the corpus {} is empty", folder.display());
    let number = |name: &str| env::var(name).ok().and_then(|value| value.parse().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seed = number("FUZZ_SEED").unwrap_or(now.as_secs() ^ u64::from(now.subsec_nanos()));
    Inputs {
        folder,
        corpus,
        given: 0,
        drawn: ChaCha8Rng::seed_from_u64(seed),
        seed,
        ends: Instant::now() + Duration::from_secs(number("FUZZ_SECONDS").unwrap_or(1)),
        current: Vec::new(),
    }
}

impl Iterator for Inputs {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let input = match self.corpus.get(self.given) {
            Some(kept) => kept.clone(),
            None if Instant::now() < self.ends => self.mutated(),
            None => return None,
        };
        self.given += 1;
        self.current.clone_from(&input);
        Some(input)
    }
}

impl Inputs {
    /// How many inputs there were so far.
    pub fn given(&self) -> usize {
        self.given
    }

    fn below(&mut self, bound: usize) -> usize {
        self.drawn.random_range(0..bound.max(1))
    }

    /// One of the corpus, changed once to eight times.
    fn mutated(&mut self) -> Vec<u8> {
        let nth = self.below(self.corpus.len());
        let mut input = self.corpus[nth].clone();
        for _ in 0..=self.below(8) {
            self.mutate(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn mutate(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let until = at + self.below(input.len() - at + 1).min(64);
        match self.below(8) {
            0 => {
                let bit = 1 << self.below(8);
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= bit;
                }
            }
            1 => {
                let any = u8::try_from(self.below(256)).unwrap_or_default();
                input.insert(at, any);
            }
            2 => input.truncate(at),
            3 => {
                input.drain(at..until);
            }
            4 => {
                let piece = input[at..until].to_vec();
                let times = 1 + self.below(20);
                input.splice(at..at, piece.repeat(times));
            }
            5 => {
                let other = self.below(self.corpus.len());
                let other = &self.corpus[other];
                let from = self.drawn.random_range(0..=other.len());
                let piece = other[from..].to_vec();
                input.splice(at..until, piece);
            }
            _ => {
                let word = WORDS[self.below(WORDS.len())];
                input.splice(at..at, word.iter().copied());
            }
        }
    }
}

impl Drop for Inputs {
    /// Keeps the input that a test panicked over.
    fn drop(&mut self) {
        if !thread::panicking() || self.given == 0 {
            return;
        }
        let digest = Sha256::digest(&self.current);
        let name = digest.iter().take(6).fold(0_u64, |name, byte| name << 8 | u64::from(*byte));
        let file = self.folder.join(format!("found-{name:012x}"));
        // A test that fails tells this in its output; it must not fail for another reason.
        let kept = fs::write(&file, &self.current);
        #[allow(clippy::print_stderr)]
        {
            eprintln!("input {} of seed {} is kept as {}: {kept:?}", self.given, self.seed, file.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpus_comes_first_and_a_seed_gives_the_same_mutations() {
        let mut some = inputs("json");
        some.drawn = ChaCha8Rng::seed_from_u64(1);
        let kept = some.corpus.len();
        let first: Vec<_> = some.by_ref().take(kept + 50).collect();
        assert_eq!(first[..kept], some.corpus[..]);
        let mut again = inputs("json");
        again.drawn = ChaCha8Rng::seed_from_u64(1);
        assert_eq!(again.take(kept + 50).collect::<Vec<_>>(), first);
        assert!(first[kept..].iter().any(|input| !some.corpus.contains(input)), "something was changed");
    }

    #[test]
    fn an_input_that_a_test_panics_over_is_kept() {
        let folder = env::temp_dir().join(format!("fuzzing-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let kept = folder.clone();
        let panicked = thread::spawn(move || {
            let mut some = inputs("json");
            some.folder = kept;
            let input = some.next().expect("an input");
            panic!("the test fails on purpose over {} bytes", input.len());
        });
        assert!(panicked.join().is_err());
        let files: Vec<_> = fs::read_dir(&folder).expect("the folder").collect();
        assert_eq!(files.len(), 1);
        fs::remove_dir_all(&folder).expect("removed");
    }
}
