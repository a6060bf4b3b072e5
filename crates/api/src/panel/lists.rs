//! Lists in forms: `orders[]=1&orders[]=2`, or with places as in `orders[0]=1&orders[1]=2`.

use std::collections::BTreeMap;

use super::fields::COMMENTS;

/// More members than any list has that fits into a body.
const MEMBERS_MAX: usize = 10_000;

/// The list that a name is about, and the place in it if it names one.
pub fn member(name: &str) -> Option<(&str, Option<u64>)> {
    let (list, place) = name.strip_suffix(']')?.rsplit_once('[')?;
    if place.is_empty() {
        return Some((list, None));
    }
    let is_number = place.bytes().all(|byte| byte.is_ascii_digit());
    let place = place.parse().ok().filter(|_| is_number)?;
    Some((list, Some(place)))
}

/// What stands between the values of a list. Comments hold commas of their own.
pub fn between(list: &str) -> &'static str {
    if list == COMMENTS { "\n" } else { "," }
}

/// Why a list does not take another member.
#[derive(Debug, PartialEq, Eq)]
pub enum Misplaced {
    /// It has too many.
    Full,
    /// The place is taken.
    Taken,
}

/// Lists whose members say their places.
#[derive(Default)]
pub struct Lists(BTreeMap<String, BTreeMap<u64, String>>);

impl Lists {
    /// Adds a member, in whatever order they come.
    pub fn put(&mut self, list: &str, place: u64, value: String) -> Result<(), Misplaced> {
        let members = self.0.entry(list.to_owned()).or_default();
        if members.len() >= MEMBERS_MAX {
            return Err(Misplaced::Full);
        }
        match members.insert(place, value) {
            None => Ok(()),
            Some(_) => Err(Misplaced::Taken),
        }
    }

    /// Each list with its members in the order of their places.
    pub fn joined(self) -> impl Iterator<Item = (String, String)> {
        self.0.into_iter().map(|(list, members)| {
            let members: Vec<String> = members.into_values().collect();
            let joined = members.join(between(&list));
            (list, joined)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_member_only_with_a_place_or_none_in_brackets() {
        assert_eq!(member("orders[]"), Some(("orders", None)));
        assert_eq!(member("orders[0]"), Some(("orders", Some(0))));
        assert_eq!(member("orders[17]"), Some(("orders", Some(17))));
        for name in [
            "orders",
            "orders[a]",
            "orders[+1]",
            "orders[-1]",
            "orders[1]x",
            "orders]",
            "orders[99999999999999999999]",
        ] {
            assert_eq!(member(name), None, "{name}");
        }
    }

    #[test]
    fn a_list_is_bounded() {
        let mut lists = Lists::default();
        let mut put = |place| lists.put("orders", place, "1".to_owned());
        for place in 0..10_000 {
            assert_eq!(put(place), Ok(()));
        }
        assert_eq!(put(10_000), Err(Misplaced::Full));
        assert_eq!(lists.joined().count(), 1);
    }
}
