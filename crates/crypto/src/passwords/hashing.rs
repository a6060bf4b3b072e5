//! What one hashing thread does.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::try_generate_salt;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use domain::Secret;
use ports::crypto::{PasswordCheck, PasswordError};
use scrypt::scrypt;
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;

/// The old hashes: N = 2¹⁴, r = 16, p = 1, which takes 32 MiB.
const SCRYPT_LOG_N: u8 = 14;
const SCRYPT_R: u32 = 16;
const SCRYPT_P: u32 = 1;
const SCRYPT_SALT_CHARS: usize = 32;
const SCRYPT_KEY_BYTES: usize = 64;

/// A stored hash that asks for more than this would let whoever wrote it use up the memory or the processor.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 16;
const LANES_MAX: u32 = 16;

/// An allocation that is larger than this goes back to the system when it is freed. glibc learns to keep smaller ones for
/// the next of their size, and what is allocated meanwhile comes to lie in them: after ten sign-ins it kept 190 MiB.
const KEPT_BY_THE_ALLOCATOR_BYTES_MAX: usize = 32 << 20;

/// What guessing one password costs. The default is the floor that OWASP gives for argon2id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashingCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for HashingCost {
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            passes: 2,
            lanes: 1,
        }
    }
}

/// A cost that argon2 is not defined for, or that no server should bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("argon2 needs 1 to 16 lanes, 1 to 16 passes and 8 KiB per lane to 256 MiB of memory")]
pub struct InvalidCost;

impl HashingCost {
    fn params(self) -> Result<Params, InvalidCost> {
        if self.memory_kib > MEMORY_KIB_MAX || self.passes > PASSES_MAX || self.lanes > LANES_MAX {
            return Err(InvalidCost);
        }
        Params::new(
            self.memory_kib,
            self.passes,
            self.lanes,
            Some(Params::DEFAULT_OUTPUT_LEN),
        )
        .map_err(|_| InvalidCost)
    }

    fn of(params: &Params) -> Self {
        Self {
            memory_kib: params.m_cost(),
            passes: params.t_cost(),
            lanes: params.p_cost(),
        }
    }

    const fn is_below(self, other: Self) -> bool {
        self.memory_kib < other.memory_kib || self.passes < other.passes
    }
}

/// Hashes and checks passwords; blocks the thread for tens of milliseconds.
#[derive(Debug, Clone)]
pub(super) struct Hashing {
    cost: HashingCost,
    argon2: Argon2<'static>,
    /// Checked where there is nothing to check: the form of a hash of the current cost, and no password's hash.
    nobody: PasswordHash,
}

impl Hashing {
    pub(super) fn new(cost: HashingCost) -> Result<Self, InvalidCost> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, cost.params()?);
        Ok(Self {
            cost,
            argon2,
            nobody: hash_of_nobody(cost)?,
        })
    }

    pub(super) fn hash(&self, password: &Secret) -> Result<String, PasswordError> {
        let busy = PasswordError::Busy;
        let salt = try_generate_salt().map_err(|_| busy)?;
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        derive(&self.argon2, &normalised(password), &salt, &mut output).map_err(|_| busy)?;
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(self.argon2.params()).map_err(|_| busy)?,
            salt: Some(Salt::new(&salt).map_err(|_| busy)?),
            hash: Some(Output::new(&output).map_err(|_| busy)?),
        };
        Ok(hash.to_string())
    }

    pub(super) fn check(
        &self,
        password: &Secret,
        stored: Option<&str>,
    ) -> Result<PasswordCheck, PasswordError> {
        let password = normalised(password);
        match stored {
            None => {
                verify(&password, &self.nobody)?;
                Ok(PasswordCheck::Mismatch)
            }
            Some(phc) if phc.starts_with('$') => self.check_phc(&password, phc),
            Some(pair) => check_scrypt(&password, pair),
        }
    }

    fn check_phc(&self, password: &str, phc: &str) -> Result<PasswordCheck, PasswordError> {
        let (hash, cost) = read_phc(phc)?;
        let current_form =
            hash.algorithm.as_str() == "argon2id" && hash.version == Some(Version::V0x13.into());
        let matches = verify(password, &hash)?;
        Ok(match (matches, current_form && !cost.is_below(self.cost)) {
            (false, _) => PasswordCheck::Mismatch,
            (true, true) => PasswordCheck::Match,
            (true, false) => PasswordCheck::MatchOutdated,
        })
    }
}

/// Compares in constant time.
fn verify(password: &str, hash: &PasswordHash) -> Result<bool, PasswordError> {
    let unreadable = PasswordError::Unreadable;
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
        return Err(unreadable);
    };
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(|_| unreadable)?;
    let version = hash.version.map(Version::try_from).transpose();
    let version = version.map_err(|_| unreadable)?.unwrap_or_default();
    let params = Params::try_from(hash).map_err(|_| unreadable)?;
    let mut actual = vec![0; expected.as_bytes().len()];
    let argon2 = Argon2::new(algorithm, version, params);
    derive(&argon2, password, salt, &mut actual).map_err(|_| unreadable)?;
    Ok(bool::from(actual.ct_eq(expected.as_bytes())))
}

/// Argon2, in memory that the system gets back.
fn derive(argon2: &Argon2<'_>, password: &str, salt: &[u8], output: &mut [u8]) -> argon2::Result<()> {
    let blocks = argon2.params().block_count();
    // Pages that nobody touches cost nothing.
    let mut memory = Vec::with_capacity(blocks.max(KEPT_BY_THE_ALLOCATOR_BYTES_MAX / Block::SIZE + 1));
    memory.resize(blocks, Block::new());
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, output, memory)
}

/// Whether [`Hashing::check`] can check a hash.
pub(super) fn is_known(stored: &str) -> bool {
    if stored.starts_with('$') {
        read_phc(stored).is_ok_and(|(hash, _)| hash.algorithm.as_str().starts_with("argon2"))
    } else {
        read_scrypt(stored).is_ok()
    }
}

/// A hash, and what it asks of whoever checks it.
fn read_phc(phc: &str) -> Result<(PasswordHash, HashingCost), PasswordError> {
    let hash = PasswordHash::new(phc).map_err(|_| PasswordError::Unreadable)?;
    let params = Params::try_from(&hash).map_err(|_| PasswordError::Unreadable)?;
    let cost = HashingCost::of(&params);
    cost.params().map_err(|_| PasswordError::Unreadable)?;
    Ok((hash, cost))
}

/// Salt and key of `<32 hex digits, used as the text they are>:<128 hex digits>`.
fn read_scrypt(stored: &str) -> Result<(&str, [u8; SCRYPT_KEY_BYTES]), PasswordError> {
    let unreadable = PasswordError::Unreadable;
    let (salt, key) = stored.split_once(':').ok_or(unreadable)?;
    if salt.len() != SCRYPT_SALT_CHARS || !salt.bytes().all(|it| it.is_ascii_hexdigit()) {
        return Err(unreadable);
    }
    let mut expected = [0; SCRYPT_KEY_BYTES];
    hex::decode_to_slice(key, &mut expected).map_err(|_| unreadable)?;
    Ok((salt, expected))
}

fn hash_of_nobody(cost: HashingCost) -> Result<PasswordHash, InvalidCost> {
    let HashingCost {
        memory_kib,
        passes,
        lanes,
    } = cost;
    let salt = STANDARD_NO_PAD.encode([0; argon2::RECOMMENDED_SALT_LEN]);
    let output = STANDARD_NO_PAD.encode([0; Params::DEFAULT_OUTPUT_LEN]);
    let phc = format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${output}");
    PasswordHash::new(&phc).map_err(|_| InvalidCost)
}

fn normalised(password: &Secret) -> String {
    password.reveal().nfkc().collect()
}

fn check_scrypt(password: &str, stored: &str) -> Result<PasswordCheck, PasswordError> {
    let unreadable = PasswordError::Unreadable;
    let (salt, expected) = read_scrypt(stored)?;
    let params = scrypt::Params::new(SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P).map_err(|_| unreadable)?;
    let mut actual = [0; SCRYPT_KEY_BYTES];
    scrypt(password.as_bytes(), salt.as_bytes(), &params, &mut actual).map_err(|_| unreadable)?;
    Ok(if bool::from(actual.ct_eq(&expected)) {
        PasswordCheck::MatchOutdated
    } else {
        PasswordCheck::Mismatch
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustix::time::{ClockId, clock_gettime};

    use super::*;

    const PASSWORD: &str = "correct horse battery staple";
    /// `hashlib.scrypt` of Python, the salt as text.
    const SCRYPT: &str = "000102030405060708090a0b0c0d0e0f:7034425e783148ac6ce2c4521177f6fc8ba611950b64145053bf3c4fbf26457865bbf1ea8164754187636d431114bca7374e96cf91409d23fbc0b086580d2442";
    /// The same salt with a password that normalisation changes.
    const SCRYPT_UNICODE: &str = "000102030405060708090a0b0c0d0e0f:665938ec9b1fd2561772a23d6e272286fcb073021314600a53a4a779a61f22f62b38def00e0f361cab2c0387c7889601c11b8422e681e96efced9d829913f349";
    /// `Argon2id` of the Python package `cryptography`.
    const ARGON2: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$gYJZtjEAJqjg26xdLmknq8/bB7MiWPrE9hsYuA+SkIU";
    const ARGON2_WEAK: &str =
        "$argon2id$v=19$m=8192,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$mu73UxPlhfSSwzxeEtgumtJTt914Yy1Tfomc1O3deJw";

    /// What this process has in memory, in KiB.
    #[cfg(target_os = "linux")]
    fn resident() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_memory_of_a_checked_password_goes_back_to_the_system() {
        let hashing = Hashing::new(HashingCost::default()).unwrap();
        let before = resident();
        let mut meanwhile = Vec::new();
        for round in 0..6 {
            hashing.check(&Secret::new(PASSWORD), None).unwrap();
            meanwhile.push(vec![round; 10_000]);
        }
        assert!(resident() < before + 10_000, "{} KiB after {before}", resident());
    }

    fn check(password: &str, stored: &str) -> Result<PasswordCheck, PasswordError> {
        Hashing::new(HashingCost::default())
            .unwrap()
            .check(&Secret::new(password), Some(stored))
    }

    #[test]
    fn hashes_of_other_programs_match() {
        assert_eq!(check(PASSWORD, ARGON2), Ok(PasswordCheck::Match));
        assert_eq!(check(PASSWORD, ARGON2_WEAK), Ok(PasswordCheck::MatchOutdated));
        assert_eq!(check(PASSWORD, SCRYPT), Ok(PasswordCheck::MatchOutdated));
        for spelling in ["ﬁancé e\u{301} Ⅳ", "fiancé é IV"] {
            assert_eq!(check(spelling, SCRYPT_UNICODE), Ok(PasswordCheck::MatchOutdated));
        }
    }

    #[test]
    fn a_wrong_password_never_matches() {
        for stored in [ARGON2, ARGON2_WEAK, SCRYPT] {
            assert_eq!(
                check("correct horse battery stable", stored),
                Ok(PasswordCheck::Mismatch)
            );
            assert_eq!(check("", stored), Ok(PasswordCheck::Mismatch));
        }
    }

    #[test]
    fn what_is_no_hash_is_unreadable_and_never_a_match() {
        let long_memory = ARGON2.replace("m=19456", "m=4194304");
        let many_passes = ARGON2.replace("t=2", "t=4000000");
        let odd = [
            "",
            ":",
            "$",
            "plain text",
            "$2b$12$abcdefghijklmnopqrstuv",
            &SCRYPT[1..],
            &SCRYPT[..SCRYPT.len() - 1],
            &SCRYPT.replace(':', ";"),
            &SCRYPT.replace("0001", "zzzz"),
            &long_memory,
            &many_passes,
        ];
        for stored in odd {
            assert_eq!(
                check(PASSWORD, stored),
                Err(PasswordError::Unreadable),
                "{stored}"
            );
        }
        // Cut before the hash there is nothing to compare with.
        let no_output = &ARGON2[..ARGON2.rfind('$').unwrap()];
        assert_ne!(check(PASSWORD, no_output), Ok(PasswordCheck::Match));
    }

    #[test]
    fn a_hash_is_known_if_it_can_be_checked() {
        for known in [SCRYPT, SCRYPT_UNICODE, ARGON2, ARGON2_WEAK] {
            assert!(is_known(known) && check(PASSWORD, known).is_ok(), "{known}");
        }
        for unknown in [
            "",
            &SCRYPT[..SCRYPT.len() - 2],
            "$2b$12$KIXQ5Z8Y7r1vU0m6kq0wEuJm0b9v1o2V3n4q5s6t7u8v9w0x1y2z3",
            "$argon2id$v=19$m=99999999,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$gYJZtjEAJqjg26xdLmknq8",
        ] {
            assert!(!is_known(unknown), "{unknown}");
        }
    }

    #[test]
    fn a_hash_keeps_its_password_across_normalisation() {
        let hashing = Hashing::new(HashingCost {
            memory_kib: 64,
            passes: 1,
            lanes: 1,
        })
        .unwrap();
        let hash = hashing.hash(&Secret::new("e\u{301}clair")).unwrap();
        assert_eq!(
            hashing.check(&Secret::new("éclair"), Some(&hash)),
            Ok(PasswordCheck::Match)
        );
    }

    /// What this thread has taken.
    fn processor_time() -> Duration {
        clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
    }

    #[test]
    fn nobodys_password_is_never_right_and_takes_as_long_as_somebodys() {
        let hashing = Hashing::new(HashingCost::default()).unwrap();
        let password = Secret::new(PASSWORD);
        // Processor time, because a busy machine takes turns with it, and of each the least of some that alternate.
        let cost = |stored: Option<&str>| {
            let begin = processor_time();
            assert!(hashing.check(&password, stored).is_ok());
            processor_time().saturating_sub(begin)
        };
        let (somebody, nobody) = (0..7)
            .map(|_| (cost(Some(ARGON2)), cost(None)))
            .reduce(|least, next| (least.0.min(next.0), least.1.min(next.1)))
            .unwrap();
        let ratio = nobody.as_secs_f64() / somebody.as_secs_f64();
        assert!((0.5..2.0).contains(&ratio), "{nobody:?} of {somebody:?}");
        assert_eq!(hashing.check(&password, None), Ok(PasswordCheck::Mismatch));
    }

    #[test]
    fn a_cost_that_argon2_does_not_know_is_refused() {
        let good = HashingCost::default();
        for cost in [
            HashingCost {
                memory_kib: 7,
                ..good
            },
            HashingCost {
                memory_kib: u32::MAX,
                ..good
            },
            HashingCost { passes: 0, ..good },
            HashingCost { lanes: 0, ..good },
        ] {
            assert_eq!(Hashing::new(cost).err(), Some(InvalidCost), "{cost:?}");
        }
    }
}
